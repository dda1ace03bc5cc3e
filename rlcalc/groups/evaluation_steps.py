"""Evaluations among the steps of a training: groups of another size, of other prompts."""

from __future__ import annotations

import numpy as np

from rlcalc.errors import listed
from rlcalc.numerics.arrays import Ints
from rlcalc.rollouts import Rollouts

TOGETHER = ("trl",)
"""Trainers that write the rollouts of training and evaluation under one name a step."""


def evaluation_warnings(rollouts: Rollouts) -> list[str]:
    """Return a warning if the groups of one size look like an evaluation beside the training.

    An evaluation asks for the same prompts every time. Where that does not tell, it is the rarer.
    """
    if rollouts.facts.get("format") not in TOGETHER or len(rollouts.step) < 2:
        return []
    sizes = np.flatnonzero(np.bincount(rollouts.size))
    if len(sizes) != 2:
        return []
    groups = {int(size): np.flatnonzero(rollouts.size == size) for size in sizes}
    prompts = {size: _prompts_by_step(rollouts, of) for size, of in groups.items()}
    sets = {size: {frozenset(p) for p in steps.values()} for size, steps in prompts.items()}
    small, large = groups
    if sets[small] & sets[large]:
        return []
    repeats = {size: len(sets[size]) == 1 < len(steps) for size, steps in prompts.items()}
    rarer = min(groups, key=lambda size: len(prompts[size]))
    evaluated = next((s for s in groups if repeats[s] and not repeats[small + large - s]), rarer)
    trained = small + large - evaluated
    steps = listed([rollouts.step[b] for b in prompts[evaluated]], most=8)
    if set(prompts[small]) & set(prompts[large]):
        return [
            f"the groups of {evaluated} (at {steps}) have other prompts than those of {trained}: "
            "they look like an evaluation at the steps of the training"
        ]
    n = len(prompts[evaluated])
    return [
        f"{'step' if n == 1 else 'the steps'} {steps} {'has' if n == 1 else 'have'} other prompts, "
        f"in groups of {evaluated} and not of {trained}: this looks like an evaluation that "
        "overwrote the rollouts of training, as TRL writes both under one name"
    ]


def _prompts_by_step(rollouts: Rollouts, groups: Ints) -> dict[int, set[int]]:
    steps: dict[int, set[int]] = {}
    of = rollouts.step_of_group[groups].tolist()
    for step, prompt in zip(of, rollouts.prompt[groups].tolist(), strict=True):
        steps.setdefault(step, set()).add(prompt)
    return steps
