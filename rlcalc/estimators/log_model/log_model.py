"""The log as a model: its states, pairs and outcomes, each outcome with its steps and rewards."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np

from rlcalc.charts import Chart
from rlcalc.estimators.certainty_equivalence import numbered
from rlcalc.estimators.log_model.step_counts import CountedSteps, StepCounts
from rlcalc.estimators.request import Engine
from rlcalc.estimators.transitions import END, CountedModel, CountedTransitions, KnownSteps
from rlcalc.expected_mdp import ExpectedMDP
from rlcalc.labels import Labels
from rlcalc.numerics.arrays import Floats, Ints
from rlcalc.numerics.merge import merged
from rlcalc.result import Column, Fact
from rlcalc.trajectories import Trajectories

STATE, ACTION, NEXT = 0, 1, 2
"""The places of the first codes of counted steps."""
ENDED_IN = -3
"""The code of an end in state x is ENDED_IN − x."""
END_NAME = "end"


class Rows(NamedTuple):
    """The rows of an answer, with what is to be said of them."""

    title: str
    columns: dict[str, Column]
    facts: Mapping[str, Fact] = MappingProxyType({})
    notes: Sequence[str] = ()
    charts: Callable[[], Sequence[Chart]] | None = None  # None: the parts of the variance


def codes_of(steps: KnownSteps, piece: Trajectories) -> tuple[Ints, Ints, Ints]:
    """Return [T] state, action and next state of the known steps; an end has the state's name."""
    batch = steps.trajectories
    following = steps.next_state.astype(np.int64)
    if piece.last_state is not None:
        kept = steps.number
        last = np.where(
            piece.truncated[kept] & ~piece.terminated[kept], END, piece.last_state[kept]
        )
        step = batch.start[1:] - 1
        named = (following[step] == END) & (last >= 0)
        following[step[named]] = ENDED_IN - last[named].astype(np.int64)
    return batch.state.astype(np.int64), batch.action.astype(np.int64), following


def count_steps(
    numbered_piece: tuple[int, Trajectories], counted: CountedTransitions
) -> StepCounts:
    """Return the counts of (state, action, next state) in a piece."""
    _, piece = numbered_piece
    steps = counted.known_steps(piece)
    return StepCounts((CountedSteps.of(codes_of(steps, piece), steps.trajectories.reward),))


def with_ends(steps: CountedSteps, model: CountedModel, states: Labels) -> CountedSteps:
    """Return counts whose ends are states from which no step is known, or END.

    An end in a state that goes on elsewhere cannot have its name: that state has another value. A
    state whose name is that of an end is this end.
    """
    following = steps.codes[NEXT].copy()
    ended = following <= ENDED_IN
    following[ended] = ENDED_IN - following[ended]
    goes_on = np.zeros(len(states) + 1, dtype=bool)
    goes_on[model.state] = True
    following[ended & goes_on[following]] = END
    if END_NAME in states and not goes_on[states.code(END_NAME)]:
        following[following == END] = states.code(END_NAME)
    codes = (*steps.codes[:NEXT], following, *steps.codes[NEXT + 1 :])
    renamed = CountedSteps(codes, steps.count, steps.mean, steps.squares)
    return renamed.grouped(*range(len(codes)))


@dataclass(frozen=True)
class LogModel:
    """A counted model whose N outcomes, state by state and action by action, have rewards."""

    counted: CountedTransitions
    outcomes: CountedSteps  # [N] by state, action and next state

    @classmethod
    def of(cls, counted: CountedTransitions, engine: Engine) -> LogModel:
        """Count the outcomes of each pair, by one more pass over the data."""
        parts: Iterable[Any] = engine(
            partial(count_steps, counted=counted), numbered(counted.passes.pieces())
        )
        total = merged(parts)
        assert total is not None
        experience = counted.passes.experience
        return cls(counted, with_ends(total.total, counted.model, experience.states))

    @cached_property
    def pair(self) -> Ints:
        """[N] the number of the pair of each outcome."""
        state, action, _ = self.outcomes.codes
        return self.counted.model.pair_of(state, action)

    @cached_property
    def outcome_start(self) -> Ints:
        """[K + 1] the outcomes of each pair."""
        return np.searchsorted(self.pair, np.arange(len(self.counted.model.pair) + 1))

    @cached_property
    def next_state(self) -> Ints:
        """[N] the number of the next state in the model; S for every end."""
        model = self.counted.model
        place = np.searchsorted(model.state, self.outcomes.codes[NEXT])
        known = np.append(model.state, -1)[place] == self.outcomes.codes[NEXT]
        return np.where(known, place, len(model.state))

    @cached_property
    def probability(self) -> Floats:
        """[N] P̂(s'|s,a) = N(s,a,s') / N(s,a)."""
        return self.outcomes.count / self.counted.model.count[self.pair]

    @cached_property
    def expected(self) -> ExpectedMDP:
        """The model with expected rewards, whose outcomes are these."""
        return replace(
            self.counted.model.expected,
            outcome_start=self.outcome_start,
            next_state=self.next_state.astype(np.int32),
            probability=self.probability,
        )

    @cached_property
    def rows(self) -> Ints:
        """[N] the outcomes in order of the first appearance of their states; ends come last."""
        state, action, following = self.outcomes.codes
        order = self.counted.summary.order[self.counted.model.number_of(state)]
        ends = self.next_state == len(self.counted.model.state)
        return np.lexsort((following, ends, action, order))

    @cached_property
    def pair_rows(self) -> Ints:
        """[K] the pairs in order of the first appearance of their states."""
        rows = self.pair[self.rows]
        return rows[np.sort(np.unique(rows, return_index=True)[1])]
