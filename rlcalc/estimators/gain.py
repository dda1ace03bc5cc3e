"""The gain: the discounted sum of the rewards that follow a step, to the end or k steps long."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

from rlcalc.errors import InputError, UsageError
from rlcalc.estimators.traces import decayed_sum
from rlcalc.estimators.truncation import pieces_with_truncation
from rlcalc.numerics.arrays import Floats, Ints
from rlcalc.result import Column, Result
from rlcalc.trajectories import (
    LARGEST_GAIN,
    Experience,
    Trajectories,
    concatenate,
    names_of_steps,
)

if TYPE_CHECKING:
    from rlcalc.charts import Chart


def discounted_sum(reward: Floats, start: Ints, gamma: float, tail: Floats | None = None) -> Floats:
    """Return the gain of every step, to the end of its trajectory.

        G_t = r_t + γ G_{t+1},   G_{n+1} = tail          (so G_t = Σ_i γ^i r_{t+i} + γ^{n+1−t} tail)

    Exactly this recursion, rounding included.

    Args:
        reward: [T] r_t.
        start: [E + 1] offsets of the trajectories.
        gamma: 0..1 a step.
        tail: [E] the gain after the last step; default 0.

    Returns:
        [T] in reward units.

    Source: Sutton & Barto (2018), eq. 3.9.
    """
    return decayed_sum(reward, gamma, start, tail)


LARGEST = LARGEST_GAIN
"""The largest gain that estimates accept: squares of larger ones overflow."""


def refuse_large_gains(largest: float, gain: Floats) -> None:
    """Refuse gains that are too large.

    Raises:
        InputError: the size of a gain is above `largest`, or a gain is not a number.
    """
    most = max(float(gain.max(initial=0.0)), -float(gain.min(initial=0.0)))
    if not most <= largest:
        raise InputError(
            f"a gain is {most:g}, which is larger than the limit of {largest:.3g}",
            "the rewards, or gamma",
            "divide all rewards by the same large number",
        )


@np.errstate(over="ignore", invalid="ignore")
def k_step_sum(reward: Floats, start: Ints, gamma: float, k: int) -> Floats:
    """Return the k-step gain of every step, within its trajectory.

        G_t^(k) = Σ_{i<k} γ^i r_{t+i}

    Built from windows that double: W_{m+n}(t) = W_m(t) + γ^m W_n(t+m), so nothing cancels and k
    costs log k passes. The windows depend on k alone, so any cut of the data gives the same bits.

    Args:
        reward: [T] r_t.
        start: [E + 1] offsets of the trajectories.
        gamma: 0..1 a step.
        k: at least 1; at the length of the longest trajectory or above, the gain itself.

    Returns:
        [T] in reward units.

    Source: Sutton & Barto (2018), section 7.1, without the bootstrap.
    """
    length = np.diff(start)
    left = np.repeat(start[1:], length) - np.arange(len(reward))  # steps to the end, this included
    longest, rest = int(length.max(initial=1)), k
    gain, reached = np.zeros(len(reward)), 0
    window, width = reward, 1
    while True:
        covers_all = width >= longest  # wider windows are the same, and a second one adds nothing
        if rest & 1 or covers_all:
            gain = gain + gamma**reached * _ahead(window, reached, left)
            reached += width
        rest >>= 1
        if not rest or covers_all:
            return gain
        window = window + gamma**width * _ahead(window, width, left)
        width *= 2


def _ahead(values: Floats, steps: int, left: Ints) -> Floats:
    """Return values[t + steps], and 0 where that is in another trajectory."""
    moved = np.zeros(len(values))
    moved[: max(len(values) - steps, 0)] = values[steps:]
    return np.where(left > steps, moved, 0.0)


def require_k(k: int | None, truncated: str) -> None:
    """Refuse a number of rewards that cannot be, or beside a policy for truncated trajectories.

    Raises:
        UsageError: it is below 1, or both are there.
    """
    if k is not None and k < 1:
        raise UsageError(f"k is {k}, which is below 1", fix="use a whole number such as -k 5")
    if k is not None and truncated != "keep":
        raise UsageError(
            f"-k and --truncated {truncated} exclude each other: k-step gains have no missing tail",
            fix="leave out -k or --truncated",
        )


def gain(
    experience: Experience,
    gamma: float | None = None,
    k: int | None = None,
    truncated: str = "keep",
) -> Result:
    """Return the gain of every step, one row a step, in the order of the source.

        G_t = r_t + γ r_{t+1} + γ² r_{t+2} + ...        or, with k, the first k terms of it

    Args:
        experience: trajectories; all of them are kept in memory, as the result is.
        gamma: 0..1 a step; default the discount factor of the source, else 1.
        k: the number of rewards to sum; default all that follow.
        truncated: the policy for truncated trajectories, see `truncation`.

    Returns:
        Columns trajectory, t, state, action, reward, gain.

    Raises:
        UsageError: k is below 1, or the policy for truncated trajectories is unknown.
        InputError: gamma is not in 0..1, a value to bootstrap from is missing, a gain overflows, or
            the data are wrong.

    Source: Sutton & Barto (2018), eq. 3.8.
    """
    require_k(k, truncated)
    parts: list[Trajectories] = []
    gains: list[Floats] = []
    numbers: list[int] = []
    ends: Counter[str] = Counter()
    before = 0
    pieces, discount, truncation = pieces_with_truncation(experience, gamma, truncated)
    for piece in pieces:
        prepared = truncation.apply(piece)
        batch = prepared.trajectories
        if k is None:
            values = discounted_sum(prepared.reward, batch.start, discount, prepared.tail)
        else:
            values = k_step_sum(prepared.reward, batch.start, discount, k)
        refuse_large_gains(float(np.finfo(np.float64).max), values)
        parts.append(batch)
        gains.append(np.where(prepared.usable_step(), values, np.nan))
        numbers += (np.flatnonzero(prepared.kept) + before).tolist()
        before += len(piece)
        ends += prepared.ends
    experience.require_one_gamma(gamma, discount)
    whole = concatenate(parts) if parts else experience.whole()
    order = whole.source_order
    time = whole.time_since_start if whole.time is None else whole.time
    gain_of_row = np.concatenate([*gains, np.empty(0)])[order]
    symbol = "G" if k is None else f"G({k})"

    def charts() -> list[Chart]:
        from rlcalc.estimators.charts import time_chart

        return time_chart(time[order], gain_of_row, "gain", symbol, "Gain by time")

    return Result(
        command="gain",
        title="Gain" if k is None else f"{k}-step gain",
        columns={
            "trajectory": Column(names_of_steps(whole, numbers)[order], "key"),
            "t": Column(time[order], "key"),
            "state": Column(experience.states.named(whole.state[order]), "key"),
            "action": Column(experience.actions.named(whole.action[order]), "key"),
            "reward": Column(whole.reward[order], symbol="r"),
            "gain": Column(gain_of_row, symbol=symbol),
        },
        facts={
            "method": "discounted sum" if k is None else "k-step discounted sum",
            "gamma": discount,
            "k": k,
            "trajectories": len(whole),
            "steps": whole.n_steps,
            **truncation.facts(ends),
            "left_out": dict(experience.left_out),
            "oddities": dict(experience.oddities),
        },
        notes=[*experience.notes, *(truncation.warnings(ends) if k is None else [])],
        charts=charts,
    )
