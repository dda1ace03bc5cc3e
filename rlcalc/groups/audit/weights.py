"""Weights: what each of several reward functions counts for, solved from a trainer's advantages."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from rlcalc.groups.advantages.compute import advantages
from rlcalc.groups.advantages.convention import Convention
from rlcalc.groups.audit.fitting import Comparison, Fit, best_fit
from rlcalc.numerics.arrays import Floats
from rlcalc.rollouts import Rollouts

SHARE = 0.9
"""Weights are taken if they explain this share of the advantages that are not 0."""


def with_solved_weights(
    comparison: Comparison, conventions: Sequence[Convention], before: Fit
) -> tuple[Comparison, Fit, list[Fit]] | None:
    """Return the best fit with weights that explain the advantages; None if there are none.

    Args:
        comparison: the trainer's advantages, of rollouts with several reward functions.
        conventions: to try, the plainest first.
        before: the best fit with the weights as they are.
    """
    for weights in _solutions(comparison):
        rollouts = replace(comparison.rollouts, weights=weights)
        weighted = Comparison(replace(comparison.groups, rollouts=rollouts), comparison.rounding)
        answer = best_fit(weighted, conventions)
        solved, best, _ = answer
        if best.n_nonzero > max(SHARE * solved.n_nonzero, before.n_nonzero, len(weights)):
            return answer
    return None


def _solutions(comparison: Comparison) -> Iterator[dict[str, float]]:
    """Yield weights of one direction, in the scales that they may have.

    They are such that r − μ or RLOO gives the advantages; or the largest, the first, the smallest
    or the sum is 1; or ε is 1e-4.
    """
    names = list(comparison.rollouts.rewards)
    direction = solve_weights(comparison)
    if direction is None:
        return
    weights = dict(zip(names, direction.tolist(), strict=True))
    rollouts = replace(comparison.rollouts, weights=weights)
    for estimator in ("dr-grpo", "rloo"):
        scale = _scale(comparison, rollouts, Convention(estimator))
        if scale is not None:
            yield {name: _short(scale * weight) for name, weight in weights.items()}
    size = np.abs(direction)
    scales = [1.0, 1 / size[0], 1 / size.min(), 1 / size.sum()] if size.min() > 1e-3 else [1.0]
    for scale in dict.fromkeys([*scales, *_scale_of_epsilon(comparison, rollouts)]):
        yield {name: _short(float(scale) * weight) for name, weight in weights.items()}


def solve_weights(comparison: Comparison) -> Floats | None:
    """Return the weights, the largest of which is 1; None if the advantages do not tell them.

    Inside a group most conventions give a multiple of Σ_k w_k (r_ki − μ_k), whatever divides. So w
    is the vector of least w' M w, which is 0 if the weights are exact:

        M = Σ_g C_g' (I − a a') C_g,     C_g the centred rewards, a = A_g / |A_g|

    Args:
        comparison: the trainer's advantages.
    """
    scored, target = (
        comparison.rollouts.scored,
        comparison.target[comparison.rollouts.scored.rollout],
    )
    known = np.isfinite(target)
    columns = []
    for column in scored.rewards.values():
        column = np.nan_to_num(column)
        columns.append(column - scored.each(scored.total(column) / scored.size))
    size = np.sqrt(scored.total(np.where(known, target, 0.0) ** 2))
    whole = scored.each((size > 0) & (scored.count(known) == scored.size))
    centred = np.where(whole, np.array(columns), 0.0)  # [functions, M]
    along = np.where(whole, target, 0.0) / scored.each(np.where(size > 0, size, 1.0))
    part = np.array([scored.total(column * along) for column in centred])
    scale = np.sqrt((centred**2).sum(axis=1))
    if not (scale > 0).all():
        return None  # a function that never differs inside a group may have any weight
    rest = (centred @ centred.T - part @ part.T) / np.outer(scale, scale)
    values, vectors = np.linalg.eigh(rest)
    if not values[0] < 1e-3 * values[1]:
        return None
    weights = vectors[:, 0] / scale
    weights *= np.sign(weights @ part.sum(axis=1)) / np.abs(weights).max()
    return weights if np.isfinite(weights).all() else None


def _scale(comparison: Comparison, rollouts: Rollouts, how: Convention) -> float | None:
    """Return the number by which the weights of largest 1 are multiplied to give the advantages."""
    advantage = advantages(rollouts, how)
    known = comparison.compared & np.isfinite(comparison.target) & np.isfinite(advantage)
    squares = float(advantage[known] @ advantage[known])
    return float(advantage[known] @ comparison.target[known]) / squares if squares > 0 else None


def _scale_of_epsilon(comparison: Comparison, rollouts: Rollouts) -> list[float]:
    """Return the scale s in which ε is 1e-4: sd(r)/sd(A) − σ = ε/s in every group."""
    scored = rollouts.scored
    target = np.nan_to_num(comparison.target[scored.rollout])
    left = target - scored.each(scored.total(target) / scored.size)
    deviation = np.sqrt(scored.total(left * left) / np.maximum(scored.size - 1, 1))
    sigma = scored.deviation(1)
    known = (deviation > 0) & (sigma > 0)
    if not known.any():
        return []
    rest = float(np.median(sigma[known] / deviation[known] - sigma[known]))
    return [float(f"{1e-4 / rest:.2g}")] if 1e-6 < rest < 1e-2 else []


def _short(weight: float) -> float:
    """Return a number of at most three digits where the weight is as near as float32 tells."""
    for digits in (1, 2, 3):
        near = float(f"{weight:.{digits}g}")
        if abs(near - weight) <= 2e-5 * max(abs(weight), 1e-3):
            return near
    return 0.0 if abs(weight) < 1e-6 else float(f"{weight:.7g}")
