"""Confidence intervals of means: Student's t, with fewer effective clusters where sizes differ."""

from __future__ import annotations

import math

import numpy as np

from rlcalc.numerics.arrays import Floats, Ints
from rlcalc.numerics.moments import Moments


def half_width(confidence: float, error: Floats, moments: Moments, degrees: Floats) -> Floats:
    """Return the half width of the confidence interval of a mean.

        t(ν) · se · (m/(m−1)) / (n/(n−1)),      m = (Σ k_e)² / Σ k_e²,      ν = min(degrees, m − 1)

    m is Kish's effective number of clusters: a few large clusters hold less information than many
    equal ones. The factor turns se into the jackknife's error √( (n−1)/n Σ (r_e/(1−h))² ) / Σk,
    with the leverage of every cluster h = 1/m, its mean by size. Where every k_e is 1, m = n and
    this is t(n−1) · se.

    Args:
        confidence: between 0 and 1.
        error: [K] standard errors.
        moments: [K] the clusters they come from.
        degrees: [K] degrees of freedom that the errors have, at the most.

    Returns:
        [K] in the unit of the data.

    Source: Kish (1965), Survey Sampling, section 11.7; Bell & McCaffrey (2002).
    """
    n = moments.clusters.astype(np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        effective = moments.count.astype(np.float64) ** 2 / moments.size_squares
        wider = effective / (effective - 1) * (n - 1) / n
    free = np.floor(np.minimum(degrees, effective - 1) + 1e-9)
    whole = np.where(n > 1, np.maximum(free, 1), 0).astype(np.int64)
    return student_t(confidence, whole) * error * np.where(n > 1, wider, np.nan)


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
