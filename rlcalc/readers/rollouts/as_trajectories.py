"""Rollouts as one-step trajectories: the state is the prompt, the action the response.

Where a format holds the turns of an agent, each of them is a step: see `as_turns`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from rlcalc.errors import InputError
from rlcalc.readers.read_request import ReadRequest
from rlcalc.readers.rollouts.as_turns import trajectories_of_turns
from rlcalc.readers.rollouts.columns import BEGINNING
from rlcalc.readers.rollouts.load import load
from rlcalc.readers.rollouts.request import NoRollouts, RolloutRequest
from rlcalc.rollouts import Rollouts
from rlcalc.trajectories import Experience, Trajectories

UNSCORED = "rollouts without a reward"


def read(
    sources: Sequence[str], form: str, experience: Experience, request: ReadRequest
) -> Trajectories:
    """Return the scored rollouts of a trainer's dump, one trajectory each.

    V̂ is then the mean reward of a group, Q̂ that of a response, Â = r − μ, as `dr-grpo` has it.

    Raises:
        InputError: the dump is not as it should be.
    """
    where, max_size = request.where, request.max_size
    how = RolloutRequest(where=where, max_size=max_size, texts=True, beginnings=True, turns=True)
    try:
        rollouts = load(sources, how)
    except NoRollouts as error:
        fault = error.faults[0]
        fix = "give each line a number by the name reward; rlcalc group --reward reads other names"
        raise InputError(fault.what, fault.where, fix) from error
    for note in rollouts.notes:
        experience.note(note)
    scored = np.flatnonzero(np.isfinite(rollouts.reward))
    if len(scored) < len(rollouts):
        experience.left_out[UNSCORED] += len(rollouts) - len(scored)
    experience.n_rows += len(rollouts)
    over = np.ones(len(scored), dtype=bool)
    cut = ~over if rollouts.truncated is None else rollouts.truncated[scored]
    if n_cut := int(cut.sum()):
        what = "responses" if rollouts.turns is None else "runs"
        experience.note(
            f"{n_cut:,} of {len(scored):,} {what} were cut at a limit: nothing follows and "
            "their reward is whole, so they count as terminated whatever --truncated is"
        )
    groups = _groups(rollouts)
    if rollouts.turns is not None:
        experience.note(
            f"rollouts of {form}, a step each turn of the agent: the state is the task and the "
            "number of the turn, the action the tools that it calls; rlcalc group shows more"
        )
        return trajectories_of_turns(rollouts, groups, scored, cut, experience)
    experience.note(
        f"rollouts of {form}, read as one-step trajectories: the state is the group, the action "
        "the response; rlcalc group shows more of them"
    )
    responses = _responses(rollouts)
    group_of = np.repeat(np.arange(rollouts.n_groups), rollouts.size)
    return Trajectories(
        start=np.arange(len(scored) + 1),
        state=experience.states.encode(groups[g] for g in group_of[scored].tolist()),
        action=experience.actions.encode(responses[i] for i in scored.tolist()),
        reward=rollouts.reward[scored],
        terminated=over,
        truncated=cut,
        states=experience.states,
        actions=experience.actions,
    )


def _groups(rollouts: Rollouts) -> list[str]:
    """Return the name of each group, with its step where names come again."""
    names = [str(name) for name in rollouts.group]
    if len(set(names)) == len(names):
        return names
    steps = [rollouts.step[b] for b in rollouts.step_of_group.tolist()]
    return [f"{step}/{name}" for step, name in zip(steps, names, strict=True)]


def _responses(rollouts: Rollouts) -> list[str]:
    """Return a name of each response, the same for the same text; without texts its number.

    Of a long text only the beginning is kept, and its hash tells it apart.
    """
    numbers = (np.arange(len(rollouts)) - np.repeat(rollouts.start[:-1], rollouts.size)).tolist()
    begins, same = rollouts.beginning, rollouts.response
    if begins is None or same is None:
        return [str(number) for number in numbers]
    return [
        str(number) if text is None else text if len(text) < BEGINNING else f"{text}… {hashed:016x}"
        for number, text, hashed in zip(numbers, begins, same.tolist(), strict=True)
    ]
