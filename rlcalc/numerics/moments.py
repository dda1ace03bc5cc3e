"""Moments that merge: count, mean and variance of clustered data, from one pass over each part.

The data of a key come in clusters: the visits of one trajectory belong together, different
trajectories are independent. Cluster e has k_e visits with the sum T_e, and the mean of the key is
the ratio m = Σ T_e / Σ k_e. With one visit a cluster (k_e = 1) all of this is the ordinary mean
and variance. Sources: Chan, Golub & LeVeque (1979) for merging; Cochran (1977), eq. 6.13, for the
variance of a ratio.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from rlcalc.numerics.arrays import Floats, Ints, segment_sums
from rlcalc.numerics.merge import MergeableTable

ROUNDING = 2.0**-49
"""Values whose relative spread is not more than this, 8 roundings of float64, are equal."""
CUBES_OVERFLOW = np.errstate(over="ignore", invalid="ignore")
"""Above 1e100 the cubes are no numbers; `skewness` is then 0, and all else holds."""
Sized = tuple[Floats, Floats | None]
"""[C] sums of clusters, and the number of visits of each; None: one each."""


@dataclass(frozen=True)
class Moments(MergeableTable):
    """Means of K keys over clusters, and the sums that their standard errors need."""

    MEANS = (("count", "mean"),)

    clusters: Ints  # [K] n: clusters (trajectories) in which the key occurs
    count: Ints  # [K] Σ k_e: visits
    mean: Floats  # [K] m = Σ T_e / Σ k_e
    squares: Floats  # [K] Σ (T_e − m k_e)²
    lean: Floats  # [K] Σ (T_e − m k_e) k_e
    size_squares: Floats  # [K] Σ k_e²
    cubes: Floats  # [K] Σ (T_e − m k_e)³
    squares_by_size: Floats  # [K] Σ (T_e − m k_e)² k_e
    lean_by_size: Floats  # [K] Σ (T_e − m k_e) k_e²
    size_cubes: Floats  # [K] Σ k_e³
    least: Floats  # [K] min T_e / k_e
    greatest: Floats  # [K] max T_e / k_e

    @classmethod
    @CUBES_OVERFLOW
    def of(cls, key: Ints, edge: Ints, total: Floats, size: Floats | None = None) -> Moments:
        """Return the moments of C clusters of K keys, each of which has at least one cluster.

        Args:
            key: [K] ascending.
            edge: [K + 1] where each key's clusters begin.
            total: [C] T_e.
            size: [C] k_e; default 1 each.
        """
        clusters = np.diff(edge)
        count = clusters if size is None else segment_sums(size, edge).astype(np.int64)
        mean = segment_sums(total, edge) / count
        left = cluster_residual(total, size, mean, clusters)
        square = left * left
        lean, sizes = segment_sums(left, edge), clusters.astype(np.float64)
        squares, each = segment_sums(square, edge), total
        sums = {
            "squares": squares,
            "lean": lean,
            "size_squares": sizes,
            "cubes": segment_sums(square * left, edge),
            "squares_by_size": squares,
            "lean_by_size": lean,
            "size_cubes": sizes,
        }
        if size is not None:
            size_square, each = size * size, total / size
            sums |= {
                "lean": segment_sums(left * size, edge),
                "size_squares": segment_sums(size_square, edge),
                "squares_by_size": segment_sums(square * size, edge),
                "lean_by_size": segment_sums(left * size_square, edge),
                "size_cubes": segment_sums(size_square * size, edge),
            }
        least, greatest = (
            extreme.reduceat(each, edge[:-1]) if len(key) else each[:0]
            for extreme in (np.minimum, np.maximum)
        )
        return cls(key, clusters, count, mean, least=least, greatest=greatest, **sums)

    @CUBES_OVERFLOW
    def around(self, *means: Floats) -> Self:
        """Return the same sums around another number m + d.

        Σ (r − dk)² = Σ r² − 2d Σ rk + d² Σ k²                          with r = T − mk
        Σ (r − dk)³ = Σ r³ − 3d Σ r²k + 3d² Σ rk² − d³ Σ k³
        """
        (mean,) = means
        d = mean - self.mean
        squares = self.squares - 2 * d * self.lean + d * d * self.size_squares
        lean = self.lean - d * self.size_squares
        squares_by_size, lean_by_size = squares, lean
        if not self.of_single_visits:
            squares_by_size = (
                self.squares_by_size - 2 * d * self.lean_by_size + d * d * self.size_cubes
            )
            lean_by_size = self.lean_by_size - d * self.size_cubes
        return replace(
            self,
            mean=mean,
            squares=squares,
            lean=lean,
            cubes=self.cubes
            - 3 * d * (self.squares_by_size - d * self.lean_by_size)
            - d**3 * self.size_cubes,
            squares_by_size=squares_by_size,
            lean_by_size=lean_by_size,
        )

    @property
    def of_single_visits(self) -> bool:
        """Whether it is known that each cluster is one visit: columns by size are those without."""
        return (
            self.squares_by_size is self.squares
            and self.lean_by_size is self.lean
            and self.size_cubes is self.size_squares
        )

    def skewness(self) -> Floats:
        """Return the skewness of each mean, that of the clusters over the root of their number.

            √(n(n−1))/(n−2) · Σ (T_e − m k_e)³ / (Σ (T_e − m k_e)²)^{3/2}        (G₁/√n)

        Returns:
            [K] without unit; 0 where there are fewer than three clusters or no spread.

        Source: Joanes & Gill (1998), the adjusted Fisher-Pearson coefficient G₁.
        """
        n = self.clusters.astype(np.float64)
        with np.errstate(divide="ignore", invalid="ignore"):
            skew = np.sqrt(n * (n - 1)) / (n - 2) * self.cubes / self.squares / self.squares**0.5
        known = (n > 2) & (self.standard_error() > 0)
        return np.where(known & np.isfinite(skew), skew, 0.0)

    def standard_error(self) -> Floats:
        """Return the standard error of each mean; NaN where there is one cluster only.

            se = √( n/(n−1) · Σ (T_e − m k_e)² ) / Σ k_e        (s/√n where every k_e = 1)

        A spread that is not more than the rounding of equal means is 0.

        Returns:
            [K] in the unit of the data.

        Source: Cochran (1977), Sampling Techniques, eq. 6.13, without the correction for finite
        populations.
        """
        with np.errstate(divide="ignore", invalid="ignore"):
            corrected = np.maximum(self.squares, 0.0) * (self.clusters / (self.clusters - 1.0))
        error: Floats = np.where(self.clusters > 1, np.sqrt(corrected), np.nan) / self.count
        rounding = error * np.sqrt(self.clusters) <= ROUNDING * np.abs(self.mean)
        return np.where(rounding, 0.0, error)


@dataclass(frozen=True)
class CoMoments(MergeableTable):
    """Sums over clusters that two ratios x and y share, for K keys: they give the covariance.

    Cluster e has the sums X_e, Y_e and the sizes k_e (of x) and l_e (of y).
    """

    MEANS = (("x_count", "x_mean"), ("y_count", "y_mean"))

    x_count: Ints  # [K] Σ k_e
    y_count: Ints  # [K] Σ l_e
    x_mean: Floats  # [K] p = Σ X_e / Σ k_e, over the clusters of this key
    y_mean: Floats  # [K] q = Σ Y_e / Σ l_e
    products: Floats  # [K] Σ (X_e − p k_e)(Y_e − q l_e)
    y_lean: Floats  # [K] Σ (Y_e − q l_e) k_e
    x_lean: Floats  # [K] Σ (X_e − p k_e) l_e
    sizes: Floats  # [K] Σ k_e l_e
    x_squares: Floats  # [K] Σ (X_e − p k_e)²
    x_own_lean: Floats  # [K] Σ (X_e − p k_e) k_e
    x_size_squares: Floats  # [K] Σ k_e²

    @classmethod
    def of(cls, key: Ints, edge: Ints, x: Sized, y: Sized) -> CoMoments:
        """Return the co-moments of C clusters that belong to K keys, as in `Moments.of`.

        Args:
            key: [K] ascending.
            edge: [K + 1] where each key's clusters begin.
            x: [C] X_e and [C] k_e, or None where those are 1 each.
            y: [C] Y_e and [C] l_e, or None.
        """
        clusters = np.diff(edge)
        (x_total, k), (y_total, m) = x, y
        x_count = clusters if k is None else segment_sums(k, edge).astype(np.int64)
        y_count = clusters if m is None else segment_sums(m, edge).astype(np.int64)
        x_mean = segment_sums(x_total, edge) / x_count
        y_mean = segment_sums(y_total, edge) / y_count
        x_left = cluster_residual(x_total, k, x_mean, clusters)
        y_left = cluster_residual(y_total, m, y_mean, clusters)
        ones = clusters.astype(np.float64)
        x_sum = segment_sums(x_left, edge)
        return cls(
            key=key,
            x_count=x_count,
            y_count=y_count,
            x_mean=x_mean,
            y_mean=y_mean,
            products=segment_sums(x_left * y_left, edge),
            y_lean=segment_sums(y_left if k is None else y_left * k, edge),
            x_lean=x_sum if m is None else segment_sums(x_left * m, edge),
            sizes=ones if k is None or m is None else segment_sums(k * m, edge),
            x_squares=segment_sums(x_left * x_left, edge),
            x_own_lean=x_sum if k is None else segment_sums(x_left * k, edge),
            x_size_squares=ones if k is None else segment_sums(k * k, edge),
        )

    def around(self, *means: Floats) -> Self:
        """Return the same sums around other means of x and of y.

        Where x and y are the same clusters, `products` stays equal to `x_squares` to the last bit.
        """
        x_mean, y_mean = means
        d, e = x_mean - self.x_mean, y_mean - self.y_mean
        x_lean = self.x_lean - d * self.sizes
        x_own_lean = x_lean
        if self.x_own_lean is not self.x_lean or self.x_size_squares is not self.sizes:
            x_own_lean = self.x_own_lean - d * self.x_size_squares
        return replace(
            self,
            x_mean=x_mean,
            y_mean=y_mean,
            products=self.products - (d * self.y_lean + e * self.x_lean) + d * e * self.sizes,
            y_lean=self.y_lean - e * self.sizes,
            x_lean=x_lean,
            x_squares=self.x_squares - 2 * d * self.x_own_lean + d * d * self.x_size_squares,
            x_own_lean=x_own_lean,
        )


def difference_error(y: Moments, x: Moments, both: CoMoments) -> tuple[Floats, Floats]:
    """Return the standard error of q − p, where y is estimated from some of the clusters of x.

    Cluster e moves the difference by ψ_e = (Y_e − q l_e)/Σl − (X_e − p k_e)/Σk, where p is the mean
    of x over all its clusters. The n clusters that have a y and the n' that have none are two
    samples:

        se² = n/(n−1) Σ_with ψ² + n'/(n'−1) Σ_without ψ²          (one cluster without: 2 ψ²)

    and the degrees of freedom are Welch and Satterthwaite's for two such samples.

    Args:
        y: [K] moments of the finer keys.
        x: [K] moments of the coarser key that each belongs to.
        both: [K] co-moments over the clusters of y.

    Returns:
        [K] errors, NaN where y has one cluster; [K] degrees of freedom.

    Source: Cochran (1977), section 6.19, for the linearisation; Satterthwaite (1946).
    """
    k, m = x.count.astype(np.float64), y.count.astype(np.float64)
    shared = both.around(x.mean, both.y_mean)
    inside = y.squares / m**2 + shared.x_squares / k**2 - 2 * shared.products / (k * m)
    outside = (x.squares - shared.x_squares) / k**2
    n, others = y.clusters, x.clusters - y.clusters
    inside = np.maximum(inside, 0.0) * n / np.maximum(n - 1, 1)
    outside = np.maximum(outside, 0.0) * np.where(others > 1, others / np.maximum(others - 1, 1), 2)
    variance = inside + outside
    squares = inside**2 / np.maximum(n - 1, 1) + outside**2 / np.maximum(others - 1, 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        degrees = np.where(squares > 0, variance**2 / squares, n - 1.0)
    return np.where(n > 1, np.sqrt(variance), np.nan), degrees


def cluster_residual(total: Floats, size: Floats | None, mean: Floats, clusters: Ints) -> Floats:
    """Return [C] the residual of each cluster's total: T_e − m k_e, with the mean m of its key."""
    means = np.repeat(mean, clusters)
    return total - means if size is None else total - means * size


def clustered_moments(total: Floats, count: Floats, cluster: Ints) -> Moments:
    """Return the moments of clustered values, under the key 0; no row where there is no value.

    Args:
        total: [K] sums of values.
        count: [K] how many values.
        cluster: [K] the cluster that each belongs to.
    """
    totals: Floats = np.bincount(cluster, weights=total).astype(np.float64)
    counts: Floats = np.bincount(cluster, weights=count).astype(np.float64)
    known = counts > 0
    some = np.zeros(int(known.any()), np.int64)
    edge = np.array([0, int(known.sum())])[: len(some) + 1]
    single = bool((counts[known] == 1).all())
    return Moments.of(some, edge, totals[known], None if single else counts[known])
