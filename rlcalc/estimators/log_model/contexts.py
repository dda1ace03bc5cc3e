"""Contexts: steps counted by what came before them, and by their time, for tests of the states."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np

from rlcalc.estimators.certainty_equivalence import numbered
from rlcalc.estimators.log_model.log_model import LogModel, codes_of, with_ends
from rlcalc.estimators.log_model.step_counts import CountedSteps, StepCounts
from rlcalc.estimators.request import Engine
from rlcalc.estimators.transitions import CountedTransitions
from rlcalc.numerics.arrays import Ints
from rlcalc.numerics.merge import merged
from rlcalc.trajectories import Trajectories

PREVIOUS, VALUE = 3, 4
"""The places of the state before and of the reward in the codes by what came before."""
TIME = 3
"""The place of the time in the codes by time."""
FIRST = -1
"""What stands for the state before the first step."""
MOST_REWARDS = 256
"""Different rewards of a piece up to which each is counted by itself."""


@dataclass(frozen=True)
class Contexts:
    """Steps by state, action and next state, with the state before, or with the time."""

    previous: StepCounts  # and the state before, and the bits of the reward
    time: StepCounts  # and ⌊log₂(t + 1)⌋
    with_rewards: bool  # whether each reward is counted by itself; else its bits are 0

    def merge(self, later: Contexts) -> Contexts:
        """Return the counts of both; without single rewards where one of them has none."""
        one, two = self, later
        if one.with_rewards != two.with_rewards:
            one, two = one.without_rewards(), two.without_rewards()
        return Contexts(
            one.previous.merge(two.previous), one.time.merge(two.time), one.with_rewards
        )

    def without_rewards(self) -> Contexts:
        """Return the same counts, in which the rewards are not told apart."""
        runs = [run.grouped(*range(VALUE)) for run in self.previous.runs]
        bare = [
            CountedSteps((*run.codes, np.zeros_like(run.count)), run.count, run.mean, run.squares)
            for run in runs
        ]
        return Contexts(StepCounts(tuple(bare)), self.time, with_rewards=False)


def count_contexts(
    piece_number: tuple[int, Trajectories], counted: CountedTransitions, *, certain: bool
) -> Contexts:
    """Return the counts of one piece.

    Args:
        piece_number: the piece, after a number.
        counted: which of its steps are known.
        certain: whether every outcome has one reward.
    """
    _, piece = piece_number
    steps = counted.known_steps(piece)
    batch = steps.trajectories
    codes, reward = codes_of(steps, piece), batch.reward + 0.0  # −0 and 0 have the same bits then
    previous = np.empty_like(codes[0])
    previous[1:] = codes[0][:-1]
    previous[batch.start[:-1]] = FIRST
    few = not certain and len(np.unique(reward)) <= MOST_REWARDS
    bits = reward.view(np.int64) if few else np.zeros_like(previous)
    _, exponent = np.frexp(batch.time_since_start + 1.0)
    return Contexts(
        StepCounts((CountedSteps.of((*codes, previous, bits), reward),)),
        StepCounts((CountedSteps.of((*codes, exponent.astype(np.int64) - 1), reward),)),
        few,
    )


def contexts_of(model: LogModel, engine: Engine) -> tuple[CountedSteps, CountedSteps, bool]:
    """Return the counts by the state before and by the time, by one pass over the data.

    Rewards are counted one by one unless they are too many, or all certain.
    """
    counted = model.counted
    certain = not model.outcomes.squares.any()
    work = partial(count_contexts, counted=counted, certain=certain)
    total = merged(engine(work, numbered(counted.passes.pieces())))
    assert total is not None
    states, counts = counted.passes.experience.states, counted.model
    previous, time = (with_ends(c.total, counts, states) for c in (total.previous, total.time))
    return previous, time, total.with_rewards


def later_half(group: Ints, time: Ints, count: Ints) -> Ints:
    """Return [groups] the first time of the later half of each group's steps.

    Args:
        group: [N] from 0, rising.
        time: [N] rising in each group.
        count: [N] steps.

    Returns:
        The time before which about half of the steps lie; NEVER where there is one time only.
    """
    first = np.flatnonzero(np.diff(group, prepend=-1))
    before = np.cumsum(count) - count
    before = before - before[first][group]
    size = np.add.reduceat(count, first)[group]
    apart = np.abs(2 * before - size)
    apart[first] = NEVER  # a cut there leaves no step early
    best = np.lexsort((apart, group))[first]
    return np.where(apart[best] == NEVER, NEVER, time[best])


NEVER = np.iinfo(np.int64).max
