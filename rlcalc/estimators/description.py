"""What some experience is: how much of it, how long, how it ends, and what is wrong with it."""

from __future__ import annotations

from collections import Counter

import numpy as np

from rlcalc.result import Column, Fact, Result
from rlcalc.trajectories import Experience


def describe(experience: Experience) -> Result:
    """Return what a source holds, and every fault that was found in it.

    The median length is the lower one of the two in the middle.

    Args:
        experience: read to its end.

    Returns:
        One row a fault: what, where, fix. Everything else is in the facts.

    Raises:
        InputError: the first fault, unless the experience collects them.
    """
    lengths: Counter[int] = Counter()
    ends: Counter[str] = Counter()
    optional: Counter[str] = Counter()
    low, high = np.inf, -np.inf
    for batch in experience:
        lengths.update(batch.length.tolist())
        ends["terminated"] += int(batch.terminated.sum())
        ends["truncated"] += int((batch.truncated & ~batch.terminated).sum())
        ends["unknown"] += len(batch) - int((batch.terminated | batch.truncated).sum())
        low, high = min(low, batch.reward.min()), max(high, batch.reward.max())
        for name in ("value", "log_prob", "behaviour_prob"):
            optional[name] += 0 if getattr(batch, name) is None else batch.n_steps
    n, steps = lengths.total(), sum(length * times for length, times in lengths.items())
    faults = [*(experience.faults or [])]
    faults += [experience.disagreement] if experience.disagreement else []
    facts: dict[str, Fact] = {
        "format": ", ".join(experience.kinds),
        "rows": experience.n_rows,
        "trajectories": n,
        "steps": steps,
        "length_min": min(lengths, default=None),
        "length_median": _median(lengths),
        "length_max": max(lengths, default=None),
        "states": len(experience.states),
        "actions": len(experience.actions),
        "reward_min": float(low) if n else None,
        "reward_max": float(high) if n else None,
        **{end: ends[end] for end in ("terminated", "truncated", "unknown")},
        "gamma": experience.gamma,
        "also_given": ", ".join(name for name, times in optional.items() if times == steps and n),
        "left_out": dict(experience.left_out),
        "faults": len(faults),
    }
    return Result(
        command="check",
        title="Trajectories" if not faults else f"{len(faults):,} fault{'s' * (len(faults) != 1)}",
        columns={
            "what": Column([fault.what for fault in faults], "text"),
            "where": Column([fault.where for fault in faults], "text"),
            "fix": Column([fault.fix for fault in faults], "text"),
        },
        facts=facts,
        notes=experience.notes,
        facts_first=True,
    )


def _median(lengths: Counter[int]) -> int | None:
    before = 0
    for length in sorted(lengths):
        before += lengths[length]
        if 2 * before >= lengths.total():
            return length
    return None
