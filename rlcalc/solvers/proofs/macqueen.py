"""MacQueen bounds: the error of values, rounding included, from one more backup."""

from __future__ import annotations

from fractions import Fraction

from rlcalc.expected_mdp import UNIT_ROUNDOFF, ExpectedMDP
from rlcalc.numerics.arrays import Floats
from rlcalc.numerics.fractions import fraction
from rlcalc.solvers.problem import ProvenValues


def span_bound(model: ExpectedMDP, value: Floats, gamma: float, tol: float) -> ProvenValues:
    """Return one more backup of some values, with MacQueen's bounds around it.

        Tv + γ/(1−γ) min(Tv − v)  ≤  V  ≤  Tv + γ/(1−γ) max(Tv − v),   γ < 1

    since with c = max(Tv − v)/(1−γ), T(v + c) ≤ v + c, and T is monotone. Terminal states belong
    to the minimum and the maximum, with 0. An error of at most e in each entry of Tv widens the
    bounds by e/(1−γ) on either side. If Tv is not near enough to the middle of the bounds, the
    middle is backed up in its stead: T brings it no farther from V.

    Args:
        model: whose optimal value V is; one pair a state makes it a policy's.
        value: [S] any values; 0 in terminal states.
        gamma: below 1.
        tol: the requested bound.

    Source: MacQueen (1966); Puterman (1994), theorem 6.6.3 and proposition 6.6.5.
    """
    q = model.action_value(value, gamma)
    backed = model.best(q)
    change = backed - value
    least, most = change.min(), change.max()
    exact_gamma = fraction(gamma) if model.exact else gamma
    far = 1 / (1 - exact_gamma)
    noise = model.noise(value, backed)
    loose = 0 if model.exact else 8 * UNIT_ROUNDOFF * far  # how far off `far` may be, relatively
    middle = exact_gamma * far * (least + most) / 2
    error = far * (1 + loose) * (model.rounding(value, gamma) + noise) + noise
    bound = far * (1 + loose) * exact_gamma * max(most, -least) + error
    half = far * (1 + loose) * exact_gamma * (most - least) / 2 + loose * abs(middle) + error
    if bound <= tol or half > 0.9 * bound:
        return ProvenValues(backed, rounded_up(bound), q)
    backed[~model.terminal] += middle
    q = model.action_value(backed, gamma)
    error = model.rounding(backed, gamma) + model.noise(backed)
    return ProvenValues(model.best(q), rounded_up(exact_gamma * half + error), q)


def rounded_up(number: float | Fraction) -> float:
    """Return a float that is not below a number which a few roundings have made."""
    return float(number) * (1 + 16 * UNIT_ROUNDOFF)


def span_half_width(change_least: float, change_most: float, gamma: float) -> float:
    """Return the half width of MacQueen's bounds without rounding: when sweeps may stop."""
    return gamma / (1 - gamma) * (change_most - change_least) / 2
