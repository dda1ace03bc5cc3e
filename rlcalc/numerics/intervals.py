"""Confidence intervals of means: exact for two values, corrected for skewness for others."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from rlcalc.numerics.arrays import Flags, Floats, Ints
from rlcalc.numerics.moments import Moments

CONFIDENCE = 0.95
"""The confidence of intervals where it is not asked for."""

FEW = 15
"""With fewer clusters, data that are skew do not look so."""

SKEW = 0.25
"""The skewness of a mean above which its interval may miss more often than it says (simulated)."""

NEEDS = ("", "a second {unit}", "values that differ", f"{FEW} {{units}}", "more {units} (skew)")
"""What an interval needs before it can be trusted; with the second and third there is none."""

MANY = 20
"""So many data have shown which values they take."""


@dataclass(frozen=True)
class Intervals:
    """K confidence intervals, and what each needs before it can be trusted."""

    low: Floats  # [K] NaN where there is none
    high: Floats  # [K]
    needs: Ints  # [K] places in `NEEDS`


def intervals_of_means(
    moments: Moments,
    confidence: float,
    values: tuple[Floats, Floats] | None = None,
) -> Intervals:
    """Return confidence intervals of means of clusters.

    Where the data of a key are known to take two values only, the interval is Clopper and
    Pearson's of the share of the higher one: it covers at least its confidence, also where one of
    the values has not been seen. Elsewhere it is `skew_interval` around the mean (of clusters of
    several visits: around the ratio less its bias), and there is none where all data are equal.

    Args:
        moments: [K] of the clusters.
        confidence: between 0 and 1.
        values: [K] the lower and [K] the higher of the two values; NaN where there may be others.

    Source: Clopper & Pearson (1934); Cochran (1977), section 6.15, for the bias of a ratio.
    """
    n = moments.clusters.astype(np.float64)
    single = (moments.count == moments.clusters) | (moments.least == moments.greatest)
    with np.errstate(divide="ignore", invalid="ignore"):
        bias = -moments.lean * n / ((n - 1) * moments.count.astype(np.float64) ** 2)
    centre = np.where(single | (n < 2), moments.mean, moments.mean - bias)
    error, free = moments.standard_error(), n - 1
    found = skew_interval(confidence, moments, centre, error, free, moments.skewness())
    if values is None:
        return found
    low, high = values
    two = single & (n > 1) & (low < high)
    if not two.any():
        return found
    share = (moments.mean[two] - low[two]) / (high - low)[two]
    limits = share_interval(np.rint(share * n[two]), n[two], confidence)
    for into, limit in zip((found.low, found.high), limits, strict=True):
        into[two] = low[two] + (high - low)[two] * limit
    found.needs[two] = 0
    return found


def skew_interval(
    confidence: float,
    moments: Moments,
    centre: Floats,
    error: Floats,
    degrees: Floats,
    skewness: Floats,
) -> Intervals:
    """Return Student's interval, made as wide as Hall's interval for skew data on each side.

        [c − e max(t, T(t)), c − e min(−t, T(−t))],      T(x) = (3/a) (∛(1 + a(x − a/6)) − 1)

    T undoes Hall's transformation of the t statistic, x = T + a T²/3 + a² T³/27 + a/6, which is
    free of the skewness a of the mean. Hall's limits alone lose coverage where a few outliers
    make a symmetric sample look skew, Student's where the data are skew.

    e is the error times (m/(m−1)) / (n/(n−1)), and t has min(degrees, m − 1) degrees of freedom,
    with Kish's effective number of clusters m = (Σ k_e)² / Σ k_e²: a few large clusters hold less
    information than many equal ones. The factor turns the error into the jackknife's
    √( (n−1)/n Σ (r_e/(1−h))² ) / Σk, with the leverage of every cluster h = 1/m, its mean by size.
    Where every k_e is 1, m = n and e is the standard error.

    Args:
        confidence: between 0 and 1.
        moments: [K] the clusters that the estimates come from.
        centre: [K] the estimates.
        error: [K] their standard errors.
        degrees: [K] degrees of freedom that the errors have, at the most.
        skewness: [K] a, the skewness of each estimate (that of the data over √n).

    Source: Hall (1992), On the removal of skewness by transformation; Kish (1965), Survey
    Sampling, section 11.7; Bell & McCaffrey (2002).
    """
    n = moments.clusters.astype(np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        effective = moments.count.astype(np.float64) ** 2 / moments.size_squares
        wider = np.where(n > 1, effective / (effective - 1) * (n - 1) / n, np.nan)
    free = np.floor(np.minimum(degrees, effective - 1) + 1e-9)
    t = student_t(confidence, np.where(n > 1, np.maximum(free, 1), 0).astype(np.int64))
    spread = np.where(error > 0, error, np.nan) * wider
    is_skew = np.abs(skewness) > 1e-6
    a = np.where(is_skew, skewness, 1.0)
    upper, lower = (
        np.where(is_skew, 3 / a * (np.cbrt(1 + a * (x - a / 6)) - 1), x) for x in (t, -t)
    )
    needs = np.select([n < 2, ~(error > 0), n < FEW, np.abs(skewness) > SKEW], [1, 2, 3, 4], 0)
    low, high = centre - spread * np.maximum(t, upper), centre - spread * np.minimum(-t, lower)
    return Intervals(low, high, needs.astype(np.int64))


def two_values(moments: Moments) -> Flags:
    """Return [K] whether the clusters of a key, one visit each, have at most two values.

    Of numbers in [l, h] with the mean m, Σ(x − m)² ≤ n (m − l)(h − m), and equality holds where
    every one of them is l or h.

    Source: Bhatia & Davis (2000), A better bound on the variance.
    """
    most = moments.clusters * (moments.mean - moments.least) * (moments.greatest - moments.mean)
    scale = moments.clusters * np.maximum(np.abs(moments.least), np.abs(moments.greatest)) ** 2
    single = (moments.count == moments.clusters) | (moments.least == moments.greatest)
    is_two: Flags = (most - moments.squares <= 1e-12 * scale) & single
    return is_two


def known_values(moments: Moments) -> tuple[Floats, Floats]:
    """Return [K] the lower and [K] the higher of the two values that the data of each key have.

    They are NaN where there may be others: a few numbers often have two values by chance, so there
    must be 20 data, unless the values are 0 and 1.
    """
    least, greatest = moments.least, moments.greatest
    seen = (moments.clusters >= MANY) | ((least == 0) & (greatest == 1))
    two = two_values(moments) & (least < greatest) & seen
    return np.where(two, least, np.nan), np.where(two, greatest, np.nan)


def share_interval(successes: Floats, n: Floats, confidence: float) -> tuple[Floats, Floats]:
    """Return Clopper and Pearson's interval of a share: it covers at least its confidence.

        P(X ≥ x; low) = α/2 = P(X ≤ x; high),  X binomial;   low = 0 if x = 0, high = 1 if x = n

    Args:
        successes: [K] x.
        n: [K] trials.
        confidence: 1 − α.

    Returns:
        [K] low and [K] high.

    Source: Clopper & Pearson (1934).
    """
    pairs, place = np.unique(np.stack([successes, n], axis=1), axis=0, return_inverse=True)
    x, of = pairs.T
    both = np.concatenate([x, of - x]), np.concatenate([of, of])
    low, above = np.split(_binomial_limit(*both, (1 - confidence) / 2), 2)
    place = place.reshape(-1)
    return low[place], 1 - above[place]


def _binomial_limit(x: Floats, n: Floats, tail: float) -> Floats:
    """Return [K] p with P(X ≥ x) = tail, X binomial(n, p); 0 where x = 0.

    Newton's method for log P(B ≤ p), which is concave, from Wilson's limit with the correction for
    continuity. With more than 1,000 of both kinds that limit itself is right to 0.1 % of the width.
    """
    a, b = np.maximum(x, 1.0), n - np.maximum(x, 1.0) + 1
    z = _normal_quantile(1 - 2 * tail)
    middle, half = 2 * a + z * z - 1, z * np.sqrt(z * z - 2 - 1 / n + 4 * a * b / n)
    p = np.clip((middle - half) / (2 * (n + z * z)), 1e-300, 1 - 1e-16)
    rest = np.minimum(a, b) <= 1000
    a, b, root = a[rest], b[rest], p[rest]
    log_beta = np.array(
        [math.lgamma(i) + math.lgamma(j) - math.lgamma(i + j) for i, j in zip(a, b, strict=True)]
    )
    for _ in range(60):
        log_density = a * np.log(root) + b * np.log1p(-root) - log_beta  # times p (1 − p)
        chance = _beta_probability(a, b, root, log_density)
        step = np.log(chance / tail) * chance / np.exp(log_density) * (1 - root)
        root, before = root * np.exp(-np.clip(step, -1, 1)), root
        root = np.minimum(root, (1 + before) / 2)
        if np.all(np.abs(root - before) <= 1e-12 * root):
            break
    p[rest] = root
    return np.where(x > 0, p, 0.0)


def _beta_probability(a: Floats, b: Floats, p: Floats, log_density: Floats) -> Floats:
    """Return [K] P(B ≤ p) of a beta(a, b), by its continued fraction (DLMF 8.17.22)."""
    mirrored = p > (a + 1) / (a + b + 2)  # where it would converge slowly
    i, j, x = np.where(mirrored, b, a), np.where(mirrored, a, b), np.where(mirrored, 1 - p, p)
    numerator, denominator = np.ones(len(x)), 1 / (1 - (i + j) * x / (i + 1))
    fraction = denominator
    for m in range(1, 100_000):
        before, k = fraction, i + 2 * m
        for term in (m * (j - m) * x / ((k - 1) * k), -(i + m) * (i + j + m) * x / (k * (k + 1))):
            denominator = 1 / (1 + term * denominator)
            numerator = 1 + term / numerator
            fraction = fraction * denominator * numerator
        if np.all(np.abs(fraction - before) <= 1e-14 * fraction):
            break
    chance: Floats = np.exp(log_density) * fraction / i
    return np.where(mirrored, 1 - chance, chance)


def facts_of_needs(needs: Mapping[str, Ints]) -> dict[str, int]:
    """Return how many rows lack an interval for want of spread, and have one that is doubtful."""
    codes = np.stack(list(needs.values()))
    return {
        "rows_without_interval": int((codes == 2).any(axis=0).sum()),
        "rows_doubtful": int((codes > 2).any(axis=0).sum()),
    }


def note_of_needs(
    needs: Mapping[str, Ints], confidence: float, data: str, units: str = "trajectories"
) -> list[str]:
    """Return a note on rows without an interval, and on those whose interval may not hold.

    Args:
        needs: [K] places in `NEEDS` for each of some columns, by their names.
        confidence: of the intervals.
        data: what the intervals are of, in the plural.
        units: what the clusters are called.
    """
    none, doubtful = facts_of_needs(needs).values()
    rows = len(next(iter(needs.values())))
    parts = []
    if none:
        parts.append(f"{none:,} of {rows:,} rows have no interval, as all {data} are equal")
    if doubtful:
        parts.append(
            f"{doubtful:,} of {rows:,} rows have intervals that may cover less than "
            f"{100 * confidence:g} %, with fewer than {FEW} {units} or skew {data}"
        )
    return [f"{'; '.join(parts)} (column needs)"] if parts else []


def needs_of(
    needs: Mapping[str, Ints], unit: str = "trajectory", several: str = "trajectories"
) -> list[str | None]:
    """Return what the intervals of each row need, such as `q a: more trajectories (skew)`.

    Args:
        needs: [K] places in `NEEDS` for each of some columns, by their names.
        unit: what a cluster is called.
        several: what several are called.

    Returns:
        [K] None where nothing is needed.
    """
    total = sum(number * len(NEEDS) ** place for place, number in enumerate(needs.values()))
    codes, place = np.unique(np.asarray(total), return_inverse=True)
    texts = np.empty(len(codes), dtype=object)
    for row, code in enumerate(codes.tolist()):
        names: dict[str, list[str]] = {}
        for name in needs:
            code, number = divmod(code, len(NEEDS))
            names.setdefault(NEEDS[number], []).append(name)
        names.pop("", None)
        parts = (f"{' '.join(n)}: {need}" for need, n in names.items())
        texts[row] = "; ".join(parts).format(unit=unit, units=several) or None
    answer: list[str | None] = texts[place.reshape(-1)].tolist()
    return answer


def student_t(confidence: float, degrees: Ints) -> Floats:
    """Return the half width of an interval in standard errors: x with P(|t| ≤ x) = confidence.

    Up to 200 degrees of freedom Newton's method on the finite series of the distribution
    (Abramowitz & Stegun 26.7.3 and 26.7.4), above it the expansion around the normal quantile
    (26.7.5). Correct to 11 digits at the usual confidences, to 8 at 0.999999.

    Args:
        confidence: between 0 and 1, both excluded.
        degrees: [K] degrees of freedom; fewer than 1 gives NaN.

    Returns:
        [K] quantiles.
    """
    known, place = np.unique(degrees, return_inverse=True)
    quantile = np.array([_student_t(confidence, int(degree)) for degree in known], np.float64)
    return np.asarray(quantile[place.reshape(-1)], np.float64)


def _student_t(confidence: float, degree: int) -> float:
    if degree < 1:
        return math.nan
    z = _normal_quantile(confidence)
    x = _cornish_fisher(z, degree)
    if degree > 200:
        return x
    if degree <= 2:  # closed forms; the expansion would start too far away
        angle = math.pi * confidence / 2
        return math.tan(angle) if degree == 1 else confidence * math.sqrt(2 / (1 - confidence**2))
    log_density = math.lgamma((degree + 1) / 2) - math.lgamma(degree / 2)
    for _ in range(100):
        inside, slope = _t_probability(x, degree), -(degree + 1) / 2 * math.log1p(x * x / degree)
        density = 2 * math.exp(log_density + slope) / math.sqrt(degree * math.pi)
        step = (inside - confidence) / density
        x = max(x - step, x / 2)  # convex beyond the answer: never below zero
        if abs(step) <= 1e-14 * x:
            break
    return x


def _normal_quantile(confidence: float) -> float:
    """Return z with P(|N(0, 1)| ≤ z) = confidence; Newton's method rises to it from 0."""
    z = 0.0
    for _ in range(200):
        missing = math.erfc(z / math.sqrt(2)) - (1 - confidence)
        step = missing / (math.sqrt(2 / math.pi) * math.exp(-z * z / 2))
        z += step
        if abs(step) <= 1e-15 * z:
            break
    return z


def _cornish_fisher(z: float, v: float) -> float:
    terms = (
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
        (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92160,
    )
    return z + sum(term / v**power for power, term in enumerate(terms, start=1))


def _t_probability(x: float, degree: int) -> float:
    """P(|t| ≤ x) as a finite sum over powers of cos² θ, where tan θ = x/√ν."""
    angle = math.atan(x / math.sqrt(degree))
    cos2, sin = math.cos(angle) ** 2, math.sin(angle)
    odd = degree % 2
    term = math.cos(angle) if odd else 1.0
    total = 0.0
    for power in range(degree // 2):
        total += term
        term *= cos2 * (2 * power + 1 + odd) / (2 * power + 2 + odd)
    return 2 / math.pi * (angle + sin * total) if odd else sin * total


def standard_errors_apart(mean: float, error: float, exact: float | None) -> float | None:
    """Return the distance between an estimate and the exact value, in standard errors.

    Numbers that differ by no more than rounding, with an error of 0, are 0 standard errors apart.
    """
    if exact is None or not np.isfinite(error):
        return None
    distance = abs(mean - exact)
    if distance <= 1e-9 * max(1.0, abs(exact)):
        return 0.0 if error == 0 else distance / error
    return distance / error if error > 0 else None
