"""The questions that a log answers about its states, each a set of tables with its tests."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rlcalc.estimators.log_model.contexts import PREVIOUS, TIME, VALUE, later_half
from rlcalc.estimators.log_model.log_model import ACTION, NEXT, STATE
from rlcalc.estimators.log_model.permutations import (
    TableAnswers,
    Tables,
    drawn_sums,
    p_of_tables,
    share_reached,
    tables_of,
)
from rlcalc.estimators.log_model.step_counts import CountedSteps
from rlcalc.numerics.arrays import Floats, Ints, differs_from_previous

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
    n: Ints  # [N] steps
    statistic: Floats  # [N] G², or n η² of rewards; NaN where nothing can be tested
    dof: Ints  # [N]
    p: Floats  # [N]
    size: Floats  # [N] of a statistic, so that effect² = Pearson's X² or n η² by it
    squares: Floats  # [N] X², or n η²
    total_p: float  # of the sum of the statistics; NaN where nothing can be tested

    @property
    def known(self) -> Ints:
        """The tests that there are."""
        return np.flatnonzero(np.isfinite(self.p))


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
    n = len(first)
    several = list(tables_of(group, row, column, steps.count))
    answers = p_of_tables(several, n, draws, rng)
    dof, size, squares = np.zeros(n, dtype=np.int64), np.zeros(n), np.zeros(n)
    for tables in several:
        _, rows, columns = tables.count.shape
        dof[tables.number] = tables.dof
        size[tables.number] = tables.count.sum(axis=(1, 2)) * (min(rows, columns) - 1)
        squares[tables.number] = tables.pearson()
    return Answer(
        question,
        state[first],
        None if action is None else action[first],
        np.add.reduceat(steps.count, first),
        answers.statistic,
        dof,
        answers.p,
        size,
        squares,
        answers.total_p,
    )


def answer_reward(
    previous: CountedSteps, with_rewards: bool, draws: int, rng: np.random.Generator
) -> Answer:
    """Return whether r depends on the state before, given (s, a, s').

    The statistic is n η² with η² = Σ SS_between / Σ SS over the next states s': of the rewards'
    squares, the share between the states before. Rewards are permuted inside (s, a, s'); where they
    are too many to be counted one by one, p is that of the F distribution.
    """
    codes = previous.codes
    stratum = _groups(codes[STATE], codes[ACTION], codes[NEXT])
    pair = _groups(codes[STATE], codes[ACTION])
    first = np.flatnonzero(differs_from_previous(pair))
    owner = pair[np.flatnonzero(differs_from_previous(stratum))]
    k = len(first)
    if with_rewards:
        several = list(
            tables_of(stratum, codes[PREVIOUS], codes[VALUE], previous.count, previous.mean)
        )
        answers, dof, n = _permuted_rewards(several, owner, k, draws, rng)
    else:
        answers, dof, n = _by_f_distribution(previous, stratum, owner, k, draws, rng)
    return Answer(
        "reward",
        codes[STATE][first],
        codes[ACTION][first],
        n.astype(np.int64),
        answers.statistic,
        dof,
        answers.p,
        n,
        answers.statistic,
        answers.total_p,
    )


def _permuted_rewards(
    several: list[Tables], owner: Ints, k: int, draws: int, rng: np.random.Generator
) -> tuple[TableAnswers, Ints, Floats]:
    between, squares, n = np.zeros(k), np.zeros(k), np.zeros(k)
    dof = np.zeros(k, dtype=np.int64)
    for tables in several:
        assert tables.score is not None
        of_pair = owner[tables.number]
        np.add.at(between, of_pair, tables.statistic())
        apart = (tables.count.sum(axis=1) * tables.score**2).sum(axis=1)
        np.add.at(squares, of_pair, apart)
        np.add.at(n, of_pair, tables.count.sum(axis=(1, 2)))
        np.add.at(dof, of_pair, tables.dof)
    testable = np.flatnonzero(squares > 0)
    scale = np.zeros(k)
    scale[testable] = n[testable] / squares[testable]
    p, total = np.full(k, np.nan), np.zeros(draws)
    for pairs, drawn in drawn_sums(several, owner, testable, draws, rng):
        reached = (drawn >= between[pairs, None] * (1 - 1e-9)).sum(axis=1)
        p[pairs] = (1 + reached) / (1 + draws)
        total += scale[pairs] @ drawn
    statistic = np.where(squares > 0, between * scale, np.nan)
    total_p = share_reached(total, float(statistic[testable].sum())) if len(testable) else np.nan
    return TableAnswers(statistic, p, total_p), dof, n


def _by_f_distribution(
    previous: CountedSteps,
    stratum: Ints,
    owner: Ints,
    k: int,
    draws: int,
    rng: np.random.Generator,
) -> tuple[TableAnswers, Ints, Floats]:
    """F = (SS_between / dof) / (SS_within / (n − groups)), from moments by the state before."""
    from scipy.special import betainc

    steps = previous.grouped(STATE, ACTION, NEXT, PREVIOUS)
    whole = previous.grouped(STATE, ACTION, NEXT)
    of_row = _groups(*steps.codes[:3])
    within, rows = np.bincount(of_row, steps.squares), np.bincount(of_row)
    several = (rows > 1) & (whole.squares > 0)
    within_pair = np.bincount(owner, np.where(several, within, 0.0), k)
    squares = np.bincount(owner, np.where(several, whole.squares, 0.0), k)
    n = np.bincount(owner, np.where(several, whole.count, 0), k).astype(np.float64)
    dof = np.bincount(owner, np.where(several, rows - 1, 0), k).astype(np.int64)
    left = n - dof - np.bincount(owner, several, k)
    known = (squares > 0) & (left > 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.clip(within_pair / squares, 0.0, 1.0)
        p = np.where(known, betainc(left / 2, dof / 2, share), np.nan)
        statistic = np.where(known, n * (1 - share), np.nan)
    total = np.zeros(draws)
    for d, rest, size in zip(dof[known], left[known], n[known], strict=True):
        total += size * rng.beta(d / 2, rest / 2, draws)
    total_p = share_reached(total, float(statistic[known].sum())) if known.any() else np.nan
    return TableAnswers(statistic, p, total_p), dof, n
