"""The questions that a log answers about its states, each a set of tables with its tests."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rlcalc.estimators.log_model.contexts import PREVIOUS, TIME, later_half
from rlcalc.estimators.log_model.log_model import ACTION, NEXT, STATE
from rlcalc.estimators.log_model.permutations import TestSums, sums_of_tables
from rlcalc.estimators.log_model.step_counts import CountedSteps
from rlcalc.estimators.log_model.tables import NormalTables, Tables, tables_of
from rlcalc.numerics.arrays import Ints, differs_from_previous

QUESTIONS = {
    "next_state": "does the next state depend on the state before?",
    "reward": "does the reward depend on the state before?",
    "time": "does the next state depend on the time?",
    "policy": "does the action depend on the state before?",
}
"""What is tested, by the name that it has in the rows."""


@dataclass(frozen=True)
class Answer:
    """The tests of one question: one a pair, or a state for the policy; and that of their sum."""

    question: str
    state: Ints  # [N]
    action: Ints | None  # [N]; None: the tests are of states
    tests: TestSums

    @property
    def known(self) -> Ints:
        """The tests that there are."""
        return np.flatnonzero(self.tests.dof > 0)


def _groups(*codes: Ints) -> Ints:
    """Return [N] the number of the group of each row, whose codes are the same; rows are sorted."""
    new = np.zeros(len(codes[0]), dtype=bool)
    for code in codes:
        new |= differs_from_previous(code)
    return np.cumsum(new) - 1


def answer_next_state(previous: CountedSteps, draws: int, rng: np.random.Generator) -> Answer:
    """Return whether s' depends on the state before, given (s, a)."""
    steps = previous.grouped(STATE, ACTION, PREVIOUS, NEXT)
    state, action, before, following = steps.codes
    return _of_names("next_state", steps, state, action, before, following, draws, rng)


def answer_time(time: CountedSteps, draws: int, rng: np.random.Generator) -> Answer:
    """Return whether s' is another in the later half of the steps of (s, a)."""
    clock = time.grouped(STATE, ACTION, TIME)
    cut = later_half(_groups(*clock.codes[:2]), clock.codes[2], clock.count)
    steps = time.grouped(STATE, ACTION, TIME, NEXT)
    state, action, when, following = steps.codes
    late = (when >= cut[_groups(state, action)]).astype(np.int64)
    return _of_names("time", steps, state, action, late, following, draws, rng)


def answer_policy(previous: CountedSteps, draws: int, rng: np.random.Generator) -> Answer:
    """Return whether a depends on the state before, given s."""
    steps = previous.grouped(STATE, PREVIOUS, ACTION)
    state, before, action = steps.codes
    return _of_names("policy", steps, state, None, before, action, draws, rng)


def _of_names(
    question: str,
    steps: CountedSteps,
    state: Ints,
    action: Ints | None,
    row: Ints,
    column: Ints,
    draws: int,
    rng: np.random.Generator,
) -> Answer:
    group = _groups(state) if action is None else _groups(state, action)
    first = np.flatnonzero(differs_from_previous(group))
    several = list(tables_of(group, row, column, steps.count))
    tests = sums_of_tables(several, np.arange(len(first)), len(first), draws, rng)
    return Answer(question, state[first], None if action is None else action[first], tests)


def answer_reward(
    previous: CountedSteps, with_rewards: bool, draws: int, rng: np.random.Generator
) -> Answer:
    """Return whether r depends on the state before, given (s, a, s').

    The statistic is Σ_s' (n − 1) η², where η² is the share of the rewards' squares that is between
    the states before. Rewards are permuted inside (s, a, s'); where they are too many to be counted
    one by one, they are drawn as if they were normal.

    Source: Kruskal & Wallis (1952) for the statistic, there of ranks.
    """
    codes = previous.codes
    pair, stratum = _groups(*codes[:NEXT]), _groups(*codes[: NEXT + 1])
    first = np.flatnonzero(differs_from_previous(pair))
    owner = pair[differs_from_previous(stratum)]
    several: list[Tables | NormalTables]
    if with_rewards:
        before, value = codes[PREVIOUS], previous.mean
        several = list(tables_of(stratum, before, before, previous.count, value))
    else:
        several = [_normal_tables(previous)]
    tests = sums_of_tables(several, owner, len(first), draws, rng)
    return Answer("reward", codes[STATE][first], codes[ACTION][first], tests)


def _normal_tables(previous: CountedSteps) -> NormalTables:
    """Return the tables of (s, a, s') with several states before, and rewards that differ."""
    steps = previous.grouped(STATE, ACTION, NEXT, PREVIOUS)
    whole = previous.grouped(STATE, ACTION, NEXT)
    of_row = _groups(*steps.codes[: NEXT + 1])
    within, rows = np.bincount(of_row, steps.squares), np.bincount(of_row)
    known = np.flatnonzero((rows > 1) & (whole.count > rows) & (whole.squares > 0))
    share = 1 - np.minimum(within[known] / whole.squares[known], 1.0)
    return NormalTables(known, whole.count[known], rows[known] - 1, share)
