"""Estimates of V, Q and A from shards: `rlcalc estimate`, by Monte Carlo."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from rlcalc.estimators.monte_carlo import (
    ValueRequest,
    ValueSummary,
    answer_of_summary,
    summarise_trajectories,
)
from rlcalc.estimators.precision import with_precision
from rlcalc.estimators.truncation import Truncation
from rlcalc.estimators.visits import ACTION_BITS
from rlcalc.numerics.arrays import Ints
from rlcalc.partials import Shard
from rlcalc.result import Result
from rlcalc.shards.steps import StepQuestion, order_of_row
from rlcalc.trajectories import Experience, Trajectories


@dataclass(frozen=True)
class ShardValues:
    """A summary of values, whose states are ordered by their first row in all shards."""

    values: ValueSummary

    def merge(self, later: ShardValues) -> ShardValues:
        """Return the summary of these shards and of later ones."""
        order = later.values.order - self.values.n_steps  # which `merge` adds
        return ShardValues(self.values.merge(replace(later.values, order=order)))

    def recoded(self, states: Ints | None, actions: Ints | None) -> ShardValues:
        """Return the same summary by other codes of states and actions."""
        if states is None and actions is None:
            return self
        values = self.values
        state = _coded(values.states.key, states)
        pair = _coded(values.pairs.key >> ACTION_BITS, states) << ACTION_BITS
        pair |= _coded(values.pairs.key & ((1 << ACTION_BITS) - 1), actions)
        by_state, by_pair = np.argsort(state, kind="stable"), np.argsort(pair, kind="stable")
        return ShardValues(
            replace(
                values,
                states=replace(values.states, key=state).take(by_state),
                order=values.order[by_state],
                pairs=replace(values.pairs, key=pair).take(by_pair),
                both=replace(values.both, key=pair).take(by_pair),
                visits=values.visits[by_pair],
            )
        )

    def shifted(self, shards: int) -> ShardValues:
        """Return the same of shards whose numbers are higher by so many."""
        order = self.values.order + order_of_row(shards, 0)
        return ShardValues(replace(self.values, order=order))


def _coded(code: Ints, codes: Ints | None) -> Ints:
    return code if codes is None else codes[code]


@dataclass(frozen=True)
class EstimateQuestion(StepQuestion[ShardValues]):
    """What V, Q and A are; the arguments are those of `monte_carlo.estimate`."""

    gamma: float | None
    how: ValueRequest
    truncated: str
    precision: float | None = None

    @property
    def discount(self) -> float | None:
        """The discount factor that was asked for."""
        return self.gamma

    def summarise(self, piece: Trajectories, gamma: float) -> ShardValues:
        """Return the sums over some trajectories."""
        truncation = Truncation.parse(self.truncated, gamma)
        values = summarise_trajectories(
            piece, gamma, self.how.visit, truncation, with_pairs=self.how.of != "v"
        )
        return ShardValues(values)

    def placed(self, summary: ShardValues, shard: Shard, rows_before: int) -> ShardValues:
        """Return sums whose states are ordered by their first row in all shards."""
        order = summary.values.order + order_of_row(shard.number, rows_before)
        return ShardValues(replace(summary.values, order=order))

    def placed_by_rows(self, summary: ShardValues, rows: Ints) -> ShardValues:
        """Return sums whose states are ordered by the place of their first row."""
        return ShardValues(replace(summary.values, order=rows[summary.values.order]))

    def answer(self, summary: ShardValues | None, experience: Experience, gamma: float) -> Result:
        """Return the estimates."""
        truncation = Truncation.parse(self.truncated, gamma)
        values = None if summary is None else summary.values
        result = answer_of_summary(values, experience, self.how, gamma, truncation)
        return with_precision(result, self.precision)
