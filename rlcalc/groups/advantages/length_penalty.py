"""Length penalties: rewards that also depend on the length, computed before any estimator runs."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from rlcalc.errors import UsageError, meant, shown
from rlcalc.groups.pass_at_k import is_success
from rlcalc.numerics.arrays import Floats
from rlcalc.rollouts import Rollouts, ScoredRollouts

PENALTIES = ("kimi", "efficiency", "overlong:MAX:BUFFER")


def penalised(rollouts: Rollouts, penalty: str | None, success: float) -> Rollouts:
    """Return the rollouts with penalised rewards, or as they are if there is no penalty.

    Args:
        rollouts: with lengths.
        penalty: as `penalty_function` takes it; None: no penalty.
        success: the smallest reward that counts as success.

    Raises:
        UsageError: there is no such penalty.
        InputError: a length is unknown.
    """
    if penalty is None:
        return rollouts
    scored = rollouts.scored
    reward = np.full(len(rollouts), np.nan)
    reward[scored.rollout] = penalty_function(penalty, success)(scored)
    return rollouts.with_rewards({"reward": reward})


def penalty_function(penalty: str, success: float) -> Callable[[ScoredRollouts], Floats]:
    """Return the function that penalises rewards.

    Args:
        penalty: `kimi`, `efficiency` or `overlong:MAX:BUFFER`.
        success: the smallest reward that counts as success.

    Raises:
        UsageError: there is no such penalty.
    """
    name, _, rest = penalty.partition(":")
    if penalty == "kimi":
        return partial(kimi, success=success)
    if penalty == "efficiency":
        return efficiency
    if name == "overlong":
        longest, buffer = _numbers(rest, penalty)
        return partial(overlong, longest=longest, buffer=buffer)
    raise UsageError(
        f"there is no length penalty {shown(penalty)}",
        fix=meant(name, ("kimi", "efficiency", "overlong")) + f"use one of {', '.join(PENALTIES)}",
    )


def kimi(scored: ScoredRollouts, success: float) -> Floats:
    """Return rewards with a bonus for short right rollouts and a penalty for long ones.

        λ_i = ½ − (L_i − L_min)/(L_max − L_min);      r_i + λ_i if right, else r_i + min(0, λ_i)

    and λ_i = 0 in a group whose rollouts are equally long. Wrong rollouts never gain.

    Args:
        scored: the rollouts, with lengths.
        success: the smallest reward that counts as success.

    Returns:
        [M] in reward units.

    Source: Kimi k1.5 (2025), arXiv 2501.12599, section 2.3.3.
    """
    length = scored.lengths("the length penalty")
    low = scored.each(np.minimum.reduceat(length, scored.start[:-1]))
    high = scored.each(np.maximum.reduceat(length, scored.start[:-1]))
    bonus = np.where(high > low, 0.5 - (length - low) / np.where(high > low, high - low, 1), 0.0)
    right = is_success(scored.reward, success)
    return scored.reward + np.where(right, bonus, np.minimum(0.0, bonus))


def efficiency(scored: ScoredRollouts) -> Floats:
    """Return rewards where the best of a group grow, up to double, the shorter they are.

        r_i (1 + min(1, max(0, 1 − L_i/L̄))) for those with the group's highest reward, if above 0

    where L̄ is the mean length of the rollouts with that reward.

    Args:
        scored: the rollouts, with lengths.

    Returns:
        [M] in reward units.

    Source: prime-rl's length penalty over tokens.
    """
    length = scored.lengths("the length penalty")
    best = (scored.reward == scored.each(scored.high)).astype(np.float64)
    mean = scored.total(length * best) / scored.total(best)
    shaped = (mean > 0) & (scored.high > 0)
    share = 1 - length / scored.each(np.where(shaped, mean, np.inf))
    bonus = np.where(scored.each(shaped), np.clip(share, 0.0, 1.0), 0.0)
    shaped_reward: Floats = scored.reward * (1 + bonus * best)
    return shaped_reward


def overlong(scored: ScoredRollouts, longest: float, buffer: float) -> Floats:
    """Return rewards with a penalty that grows to 1 over the last tokens before the limit.

        r_i − min(1, max(0, (L_i − (L_max − buffer)) / buffer))

    Args:
        scored: the rollouts, with lengths.
        longest: L_max in tokens.
        buffer: tokens before it over which the penalty grows.

    Returns:
        [M] in reward units.

    Source: DAPO (2025), arXiv 2503.14476, eq. 13.
    """
    length = scored.lengths("the length penalty")
    return scored.reward - np.clip((length - (longest - buffer)) / buffer, 0.0, 1.0)


def _numbers(text: str, penalty: str) -> tuple[float, float]:
    try:
        longest, buffer = map(float, text.split(":"))
        if not 0 < buffer <= longest:
            raise ValueError
    except ValueError as error:
        raise UsageError(
            f"--length-penalty {shown(penalty)} is not overlong:MAX:BUFFER with 0 < BUFFER <= MAX",
            fix="give both numbers of tokens, such as overlong:4096:512",
        ) from error
    return longest, buffer
