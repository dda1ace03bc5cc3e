"""Episodes: the gain of each trajectory's first step, its sum of rewards, its length and end."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rlcalc.estimators.gain import discounted_sum, k_step_sum, refuse_large_gains, require_k
from rlcalc.estimators.truncation import pieces_with_truncation
from rlcalc.labels import Labels
from rlcalc.numerics.arrays import Floats, Ints
from rlcalc.result import Column, Result
from rlcalc.trajectories import Experience

ENDS = np.array(["unknown", "truncated", "terminated"])
"""How a trajectory ended; terminated wins where both flags are set."""


def episodes(
    experience: Experience,
    gamma: float | None = None,
    k: int | None = None,
    truncated: str = "keep",
) -> Result:
    """Return one row a trajectory, in the order of the source; a piece at a time is in memory.

        gain = G_1 = Σ_t γ^{t-1} r_t,      reward_sum = Σ_t r_t,      length = n

    Args:
        experience: trajectories.
        gamma: and `k`, `truncated`, as in `rlcalc.estimators.gain.gain`.
        k: the number of rewards that the gain sums; default all.
        truncated: the policy for truncated trajectories; it does not change reward_sum and length.

    Returns:
        Columns trajectory, gain, reward_sum, length, and end: terminated, truncated or unknown.

    Raises:
        UsageError: and InputError, as in `rlcalc.estimators.gain.gain`.

    Source: Sutton & Barto (2018), eq. 3.8.
    """
    require_k(k, truncated)
    names: list[object] = []
    gains: list[Floats] = []
    sums: list[Floats] = []
    lengths: list[Ints] = []
    end_codes: list[Ints] = []
    first_rows: list[Ints] = []
    ends: Counter[str] = Counter()
    before, n_steps = 0, 0
    named = False
    pieces, discount, truncation = pieces_with_truncation(experience, gamma, truncated)
    for piece in pieces:
        prepared = truncation.apply(piece)
        batch = prepared.trajectories
        first = batch.start[:-1]
        if k is None:
            gain = discounted_sum(prepared.reward, batch.start, discount, prepared.tail)
        else:
            gain = k_step_sum(prepared.reward, batch.start, discount, k)
        refuse_large_gains(float(np.finfo(np.float64).max), gain)
        gains.append(np.where(prepared.usable > 0, gain[first], np.nan))
        sums.append(discounted_sum(batch.reward, batch.start, 1.0)[first])
        lengths.append(batch.length)
        end_codes.append(np.where(batch.terminated, 2, np.where(batch.truncated, 1, 0)))
        first_rows += [] if batch.row is None else [batch.row[first]]
        named = batch.name is not None
        numbers = (np.flatnonzero(prepared.kept) + before).tolist()
        names += numbers if batch.name is None else batch.name
        before += len(piece)
        n_steps += batch.n_steps
        ends += prepared.ends
    experience.require_one_gamma(gamma, discount)
    labels = Labels()
    known = labels.named(labels.encode(map(str, names))) if named else np.array(names, np.int64)
    row = np.concatenate(first_rows) if first_rows else np.arange(len(known))
    order = np.argsort(row, kind="stable")

    def in_order(parts: list[NDArray[Any]]) -> NDArray[Any]:
        return np.concatenate(parts)[order] if parts else np.empty(0)

    return Result(
        command="gain",
        title="Episodes" if k is None else f"Episodes, {k}-step gain",
        columns={
            "trajectory": Column(known[order], "key"),
            "gain": Column(in_order(gains), symbol="G" if k is None else f"G({k})"),
            "reward_sum": Column(in_order(sums), symbol="Σr"),
            "length": Column(in_order(lengths), "count"),
            "end": Column(ENDS[in_order(end_codes).astype(np.int64)].tolist(), "text"),
        },
        facts={
            "method": "discounted sum" if k is None else "k-step discounted sum",
            "gamma": discount,
            "k": k,
            "trajectories": len(known),
            "steps": n_steps,
            **truncation.facts(ends),
            "left_out": dict(experience.left_out),
            "oddities": dict(experience.oddities),
        },
        notes=[*experience.notes, *(truncation.warnings(ends) if k is None else [])],
    )
