"""Backward sums over trajectories laid end to end, each step with its own decay."""

from __future__ import annotations

from itertools import accumulate

import numpy as np

from rlcalc.numerics.arrays import Floats, Ints
from rlcalc.numerics.kernel import kernel

TOGETHER = 24
"""With at least this many trajectories still running, numpy steps through them side by side."""

COMPILED = 1 << 23
"""From so many steps on, loading a compiler costs less than it saves."""


def decayed_sum(
    values: Floats, decay: Floats | float, start: Ints, tail: Floats | None = None
) -> Floats:
    """Return the decayed sum from every step to the end of its trajectory.

        X_t = x_t + d_t X_{t+1},   X_{n+1} = tail

    Exactly this recursion, rounding included: any cut into whole trajectories gives the same bits.

    Args:
        values: [T] x_t.
        decay: [T] d_t, or one number for all steps.
        start: [E + 1] offsets of the trajectories.
        tail: [E] what follows each last step; default 0.

    Returns:
        [T] in the unit of the values.

    Source: Sutton & Barto (2018), eq. 3.9 for d = γ, and 12.9 for d = γλ.
    """
    ahead = np.zeros(len(start) - 1) if tail is None else tail
    if len(values) >= COMPILED:
        decays = np.broadcast_to(np.asarray(decay, np.float64), values.shape)
        answer: Floats = _backward(values, decays, start, ahead)
        return answer
    return side_by_side(values, decay, start, ahead)


@kernel
def _backward(values: Floats, decay: Floats, start: Ints, tail: Floats) -> Floats:
    """Return X_t = x_t + d_t X_{t+1}, step by step."""
    sums = np.empty(len(values))
    for e in range(len(start) - 1):
        ahead = tail[e]
        for t in range(start[e + 1] - 1, start[e] - 1, -1):
            ahead = values[t] + decay[t] * ahead
            sums[t] = ahead
    return sums


@np.errstate(over="ignore", invalid="ignore")  # callers refuse sums that are not finite
def side_by_side(values: Floats, decay: Floats | float, start: Ints, tail: Floats) -> Floats:
    """Return the decayed sums, arguments and answer as in `decayed_sum`.

    Trajectories run backwards side by side, one numpy step a time step, and the rest of a few long
    ones runs in plain Python.
    """
    sums = np.empty(len(values))
    length = np.diff(start)
    by_length = np.argsort(-length, kind="stable")
    lengths = length[by_length]
    longest = int(lengths[0]) if len(lengths) else 0
    running = len(lengths) - np.searchsorted(lengths[::-1], np.arange(longest), side="right")
    at = start[1:][by_length] - 1
    ahead = tail[by_length]
    each = decay if isinstance(decay, np.ndarray) else None
    steps = 0
    while steps < longest and running[steps] >= min(TOGETHER, len(lengths)) > 1:
        n = running[steps]
        at = at[:n]
        factor = decay if each is None else each.take(at)
        ahead = values.take(at) + factor * ahead[:n]
        sums[at] = ahead
        at = at - 1
        steps += 1
    for e in range(int(running[steps]) if steps < longest else 0):
        first, last = int(start[by_length[e]]), int(at[e]) + 1
        back = values[first:last][::-1].tolist()
        if each is None:
            rest = accumulate(back, lambda x, v: v + decay * x, initial=float(ahead[e]))
        else:
            pairs = zip(back, each[first:last][::-1].tolist(), strict=True)
            rest = accumulate(pairs, lambda x, p: p[0] + p[1] * x, initial=float(ahead[e]))
        next(rest)
        sums[first:last] = np.fromiter(rest, np.float64, last - first)[::-1]
    return sums
