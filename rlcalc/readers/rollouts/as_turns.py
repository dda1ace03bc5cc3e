"""Runs of agents as trajectories: a turn of the agent is a step, and the reward comes at the end.

The state is the task and the number of the turn, as what was said before it seldom comes again; the
action is the name of the tools that the turn calls.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from rlcalc.labels import Labels
from rlcalc.numerics.arrays import Codes, Flags, Floats, Ints
from rlcalc.readers.rollouts.turns import ABSENT
from rlcalc.rollouts import Rollouts
from rlcalc.trajectories import Experience, Trajectories


def trajectories_of_turns(
    rollouts: Rollouts,
    groups: Sequence[str],
    scored: Ints,
    cut: Flags,
    experience: Experience,
) -> Trajectories:
    """Return runs as trajectories with a step a turn; one without turns on record has one step.

    Args:
        rollouts: with turns.
        groups: [K] the name of each task.
        scored: the rollouts that have a reward.
        cut: whether each of these ended at a limit.
        experience: takes the labels and notes.
    """
    turns = pl.Series(rollouts.turns, dtype=pl.List(pl.String)).gather(scored)
    absent = (turns.list.len().fill_null(0) == 0).to_numpy()
    if n_absent := int(absent.sum()):
        experience.note(
            f"{n_absent:,} of {len(scored):,} runs have no turns on record: each is one step, with "
            f"the action '{ABSENT}'"
        )
        one = pl.Series([[ABSENT]], dtype=pl.List(pl.String))
        turns = turns.zip_with(pl.Series(~absent), one.new_from_index(0, len(turns)))
    length = turns.list.len().to_numpy().astype(np.int64)
    start = np.concatenate([[0], np.cumsum(length)])
    group_of = np.repeat(np.arange(rollouts.n_groups), rollouts.size)[scored]
    turn = np.arange(start[-1]) - np.repeat(start[:-1], length)
    return Trajectories(
        start=start,
        state=_states(np.repeat(group_of, length), turn, groups, experience.states),
        action=_actions(turns.explode(), experience.actions),
        reward=_rewards(rollouts, scored, start, absent),
        terminated=np.ones(len(scored), dtype=bool),
        truncated=cut,
        states=experience.states,
        actions=experience.actions,
        name=_names(rollouts, scored),
    )


def _states(group: Ints, turn: Ints, groups: Sequence[str], labels: Labels) -> Codes:
    """[T] the numbers of the states TASK/TURN, counted from 1."""
    most = int(turn.max(initial=0)) + 1
    keys, code = np.unique(group * most + turn, return_inverse=True)
    names = [f"{groups[key // most]}/{key % most + 1}" for key in keys.tolist()]
    codes: Codes = labels.encode(names)[code.reshape(-1)]
    return codes


def _actions(names: pl.Series, labels: Labels) -> Codes:
    """[T] the numbers of the actions."""
    known = names.unique(maintain_order=True)
    number = pl.DataFrame({"name": known, "code": labels.encode(known.to_list())})
    codes = names.to_frame("name").join(number, on="name", how="left", maintain_order="left")
    return codes["code"].to_numpy().astype(np.int32)


def _rewards(rollouts: Rollouts, scored: Ints, start: Ints, absent: Flags) -> Floats:
    """[T] the rewards of the turns; that of a run comes with its last one if none is given."""
    reward = np.zeros(start[-1])
    reward[start[1:] - 1] = rollouts.reward[scored]
    if rollouts.turn_rewards is None:
        return reward
    given = pl.Series(rollouts.turn_rewards, dtype=pl.List(pl.Float64)).gather(scored)
    for place in np.flatnonzero(given.is_not_null().to_numpy() & ~absent).tolist():
        reward[start[place] : start[place + 1]] = given[place].to_numpy()
    return reward


def _names(rollouts: Rollouts, scored: Ints) -> list[str] | None:
    """Return what the source calls each run; None: it does not."""
    if rollouts.named is None:
        return None
    return pl.Series(rollouts.named, dtype=pl.String).gather(scored).to_list()
