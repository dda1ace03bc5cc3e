"""Pass@k training: advantages for the best of k rollouts, sampled and in closed form."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from rlcalc.errors import UsageError
from rlcalc.groups.advantages.convention import Convention
from rlcalc.groups.advantages.normalise import divisor, quotient
from rlcalc.groups.groups import Groups
from rlcalc.groups.pass_at_k import all_wrong_chance, is_success
from rlcalc.numerics.arrays import Floats
from rlcalc.rollouts import ScoredRollouts


def pass_k(scored: ScoredRollouts, how: Convention) -> Floats:
    """Return the lead of a group's best reward over its second best, and 0 for all others.

        A_best = (r_best − r_second) / (σ + ε);      a tie for the best: 0

    Args:
        scored: the rollouts.
        how: ε, ddof and scale; a group of one has no second.

    Returns:
        [M] without a unit; in reward units with scale `none`.

    Source: Walder & Karkhanis (2025), arXiv 2503.19595, as in verl's `grpo_passk`.
    """
    high = scored.each(scored.high)
    best = scored.reward == high
    alone = scored.each(scored.count(best) == 1) & best & ~scored.single
    below = np.where(best, -np.inf, scored.reward)
    second = np.maximum.reduceat(below, scored.start[:-1])
    lead = np.zeros(len(scored))
    lead[alone] = (high - scored.each(second))[alone]
    if how.scale != "none":
        lead = quotient(lead, divisor(scored, how))
    return np.where(scored.single, np.nan, lead) if how.single == "none" else lead


def pass_k_analytic(scored: ScoredRollouts, how: Convention) -> Floats:
    """Return the expected advantage in a random group of k, of which one must be right.

        R̄ = 1 − C(n₋,k)/C(G,k),     σ = √(R̄(1 − R̄))
        A₊ = (1 − R̄)/σ,             A₋ = (1 − R̄ − C(n₋ − 1,k − 1)/C(G − 1,k − 1))/σ

    where n₋ of the G are wrong. 0 where σ = 0; no advantage in groups smaller than k.

    Args:
        scored: the rollouts.
        how: k, and the smallest reward that counts as success.

    Returns:
        [M] without a unit; NaN where G < k.

    Raises:
        UsageError: k is not a whole number from 1.

    Source: Chen et al. (2025), Pass@k Training, arXiv 2508.10751.
    """
    k = how.k
    if k < 1:
        raise UsageError(f"-k {k} is not at least 1", fix="use a whole number such as -k 4")
    right = is_success(scored.reward, how.success)
    size = scored.size
    wrong = size - scored.count(right)
    none = all_wrong_chance(size, wrong, k)  # C(n₋,k)/C(G,k); NaN where G < k
    deviation = np.sqrt((1 - none) * none)
    same = all_wrong_chance(size - 1, np.maximum(wrong - 1, 0), k - 1)
    fine = (size >= k) & (deviation > 0)
    by = np.where(fine, deviation, np.inf)
    better = np.where(fine, none, 0.0) / by
    worse = np.where(fine, none - same, 0.0) / by
    answer: Floats = np.where(right, scored.each(better), scored.each(worse))
    return np.where(scored.each(size >= k), answer, np.nan)


def pass_k_warnings(groups: Groups, conventions: Iterable[Convention]) -> list[str]:
    """Return a warning for each k of pass-k-analytic that some groups are too small for."""
    warnings = []
    for k in {how.k for how in conventions if how.estimator == "pass-k-analytic"}:
        n = int(((groups.n_scored < k) & (groups.n_scored > 0)).sum())
        if n:
            warnings.append(
                f"{n:,} of {len(groups.n_scored):,} groups have fewer than k = {k} rollouts with a "
                "reward, and pass-k-analytic gives them no advantage; choose another k with -k"
            )
    return warnings
