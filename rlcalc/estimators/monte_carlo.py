"""Monte Carlo: V, Q and A of the policy behind the data, as means of gains, with error bars.

Every piece of the data is summarised by itself, summaries merge in order, and the merged one is
finished into a Result. Nothing else is kept, so data may be larger than memory.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from rlcalc.errors import InputError
from rlcalc.estimators.gain import LARGEST, discounted_sum, refuse_large_gains
from rlcalc.estimators.observation_bins import note_of_single_states
from rlcalc.estimators.request import Of, require_known
from rlcalc.estimators.truncation import (
    Truncation,
    UsableTrajectories,
    n_trajectories,
    pieces_with_truncation,
)
from rlcalc.estimators.value_columns import pair_columns, state_columns
from rlcalc.estimators.value_intervals import values_of_all, values_of_gains
from rlcalc.estimators.visits import Visit, state_visits, visits_of
from rlcalc.numerics.arrays import Flags, Floats, Ints
from rlcalc.numerics.intervals import (
    Intervals,
    facts_of_needs,
    intervals_of_means,
    needs_of,
    note_of_needs,
)
from rlcalc.numerics.key_union import KeyUnion
from rlcalc.numerics.merge import merged
from rlcalc.numerics.moments import CoMoments, Moments
from rlcalc.result import Column, Fact, Result
from rlcalc.trajectories import Experience, Trajectories

Engine = Callable[
    [Callable[[Trajectories], "ValueSummary"], Iterable[Trajectories]], Iterable["ValueSummary"]
]


@dataclass(frozen=True)
class ValueSummary:
    """The sums over some trajectories from which all estimates are computed; summaries merge."""

    states: Moments  # of the gain from each state
    pairs: Moments  # of the gain from each state-action pair
    both: CoMoments  # of a pair's gain with its state's gain, over the pair's trajectories
    visits: Ints  # [pairs] steps, whether or not their gains count as a visit
    order: Ints  # [states] the first step, counted from the first piece, that is in the state
    start_value: Moments  # of the gain from the start, under the one key 0
    ends: Counter[str]
    n_steps: int

    def merge(self, later: ValueSummary) -> ValueSummary:
        """Return the summary of these trajectories and of later ones."""
        states = KeyUnion.of(self.states.key, later.states.key)
        pairs = KeyUnion.of(self.pairs.key, later.pairs.key)
        return ValueSummary(
            states=self.states.merge(later.states, states),
            pairs=self.pairs.merge(later.pairs, pairs),
            both=self.both.merge(later.both, pairs),
            visits=pairs.sums(self.visits, later.visits),
            order=states.least(self.order, later.order + self.n_steps),
            start_value=self.start_value.merge(later.start_value),
            ends=Counter({k: self.ends[k] + later.ends[k] for k in self.ends | later.ends}),
            n_steps=self.n_steps + later.n_steps,
        )


def estimate(
    experience: Experience,
    gamma: float | None = None,
    visit: Visit = "first",
    of: Of = "all",
    truncated: str = "keep",
    confidence: float = 0.95,
    engine: Engine = map,
) -> Result:
    """Return Monte Carlo estimates of V, Q and A of the policy behind the data.

        V̂(s)   = mean of G_t over the visits to s        Q̂(s,a) = the same over the visits to (s,a)
        Â(s,a) = Q̂(s,a) − V̂(s)                           π̂(a|s) = N(s,a) / N(s), over all steps

    First visit: of each trajectory the first time that it is in s (takes a in s) counts; gains
    are then independent, the error is s/√n. Every visit: all times count; visits of one trajectory
    are not independent, so the error is that of a ratio of sums over trajectories. The error of Â
    holds the covariance of Q̂ and V̂ (`moments.difference_error`). Intervals are those
    of `intervals.intervals_of_means`; a state or pair in one trajectory only has no error bar.

    Args:
        experience: trajectories, read once, piece by piece.
        gamma: 0..1 a step; default the discount factor of the source, else 1.
        visit: `first` or `every`.
        of: `v`, `q`, `a`, or `all` of them.
        truncated: `keep`, `drop`, `bootstrap` or `cut[:tolerance]`, see `truncation`.
        confidence: of the intervals, between 0 and 1.
        engine: runs `summarise_trajectories` on each piece and returns the summaries in order.

    Returns:
        One row a state-action pair (a state for `of="v"`), in order of first appearance; values
        in reward units.

    Raises:
        UsageError: an option has a value that is not listed above.
        InputError: gamma is not in 0..1, no step is left, gains are above 1e150, or the data are
            wrong.

    Source: Sutton & Barto (2018), section 5.1 and exercise 5.5; Cochran (1977), eq. 6.13.
    """
    require_known(visit, of, confidence)
    pieces, discount, truncation = pieces_with_truncation(experience, gamma, truncated)
    work = partial(
        summarise_trajectories,
        gamma=discount,
        visit=visit,
        truncation=truncation,
        with_pairs=of != "v",
    )
    summary = merged(engine(work, pieces))
    experience.require_one_gamma(gamma, discount)
    how = ValueRequest(visit, of, confidence)
    return answer_of_summary(summary, experience, how, discount, truncation)


@dataclass(frozen=True)
class ValueRequest:
    """Which values to estimate, and how."""

    visit: Visit
    of: Of
    confidence: float


def answer_of_summary(
    summary: ValueSummary | None,
    experience: Experience,
    how: ValueRequest,
    gamma: float,
    truncation: Truncation,
) -> Result:
    """Return the estimates that a summary of all trajectories gives; see `estimate`.

    Raises:
        InputError: no step is left.
    """
    summary = require_steps(summary)
    letters = {"all": "V, Q and A", "v": "V", "q": "Q", "a": "A"}[how.of]
    columns, needs = _columns(summary, experience, how.of, how.confidence)
    facts = facts_of_summary(summary, experience, how.visit, gamma, how.confidence)
    return Result(
        command="estimate",
        title=f"{letters}, {how.visit}-visit Monte Carlo",
        columns=columns,
        facts={
            **facts,
            **facts_of_needs(needs),
            **truncation.facts(summary.ends),
            "left_out": dict(experience.left_out),
            "oddities": dict(experience.oddities),
        },
        notes=[
            *experience.notes,
            *truncation.warnings(summary.ends),
            *note_of_needs(needs, how.confidence, "gains"),
            *note_of_single_states(summary.states.count),
        ],
    )


def require_steps(summary: ValueSummary | None) -> ValueSummary:
    """Return a summary in which there is something.

    Raises:
        InputError: no step is left.
    """
    if summary is None or not len(summary.states.key):
        read = 0 if summary is None else n_trajectories(summary.ends)
        raise InputError(
            "no step is left to estimate from",
            where=f"{read:,} trajectories were read",
            fix="use another --truncated policy" if read else "",
        )
    return summary


def facts_of_summary(
    summary: ValueSummary, experience: Experience, visit: Visit, gamma: float, confidence: float
) -> dict[str, Fact]:
    """Return the facts about the method, the sizes and the value of the start."""
    start_value = summary.start_value
    values = values_of_gains(start_value, values_of_all(summary.states, summary.start_value))
    start = intervals_of_means(start_value, confidence, values)
    return {
        "method": f"{visit}-visit Monte Carlo",
        "gamma": gamma,
        "confidence": confidence,
        "trajectories": n_trajectories(summary.ends),
        "steps": summary.n_steps,
        "states": len(summary.states.key),
        **({"pairs": len(summary.pairs.key)} if len(summary.pairs.key) else {}),
        "start_value": float(start_value.mean[0]),
        "start_value_se": float(start_value.standard_error()[0]),
        "start_value_low": float(start.low[0]),
        "start_value_high": float(start.high[0]),
        "start_value_needs": needs_of({"start value": start.needs})[0],
    }


def state_estimates(summary: ValueSummary, confidence: float) -> tuple[Moments, Intervals]:
    """Return the moments of each state, in order of first appearance, and its interval."""
    everywhere = values_of_all(summary.states, summary.start_value)
    moments = summary.states.take(np.argsort(summary.order, kind="stable"))
    values = values_of_gains(moments, everywhere)
    return moments, intervals_of_means(moments, confidence, values)


def summarise_trajectories(
    piece: Trajectories,
    gamma: float,
    visit: Visit,
    truncation: Truncation,
    *,
    with_pairs: bool = True,
) -> ValueSummary:
    """Return the summary of one piece of trajectories.

    Args:
        piece: of the data.
        gamma: 0..1 a step.
        visit: which visits count.
        truncation: what becomes of truncated trajectories.
        with_pairs: False: of states alone, in half the time; there are then no pairs.
    """
    prepared = truncation.apply(piece)
    batch = prepared.trajectories
    gain = discounted_sum(prepared.reward, batch.start, gamma, prepared.tail)
    refuse_large_gains(LARGEST, gain)
    usable = prepared.usable_step()
    if not usable.all():
        batch, gain = _only(batch, prepared, usable), gain[usable]
    any_key = np.zeros(min(1, len(batch)), dtype=np.int64)
    edge = np.array([0, len(batch)])[: len(any_key) + 1]
    return ValueSummary(
        **_visit_sums(batch, gain, visit, with_pairs=with_pairs),
        start_value=Moments.of(any_key, edge, gain[batch.start[:-1]]),
        ends=prepared.ends,
        n_steps=piece.n_steps,
    )


def _visit_sums(
    batch: Trajectories, gain: Floats, visit: Visit, *, with_pairs: bool
) -> dict[str, Any]:
    """Return the sums over visits, as fields of a summary."""
    if not with_pairs:
        key, states, first_step = state_visits(batch, gain, visit)
        none, edge, nothing = np.empty(0, np.int64), np.zeros(1, np.int64), np.empty(0)
        return {
            "states": Moments.of(key, states.edge, states.total, states.size),
            "pairs": Moments.of(none, edge, nothing),
            "both": CoMoments.of(none, edge, (nothing, None), (nothing, None)),
            "visits": none,
            "order": first_step,
        }
    visits = visits_of(batch, gain, visit)
    states, pairs, partner = visits.states, visits.pairs, visits.partner
    x = states.total.take(partner), None if states.size is None else states.size.take(partner)
    return {
        "states": Moments.of(visits.state_key, states.edge, states.total, states.size),
        "pairs": Moments.of(visits.pair_key, pairs.edge, pairs.total, pairs.size),
        "both": CoMoments.of(visits.pair_key, pairs.edge, x, (pairs.total, pairs.size)),
        "visits": visits.steps,
        "order": visits.first_step,
    }


def _only(batch: Trajectories, prepared: UsableTrajectories, usable: Flags) -> Trajectories:
    """Return the batch without steps whose gains do not count, and without empty trajectories."""
    left = prepared.usable[prepared.usable > 0]
    step = np.flatnonzero(usable)
    return Trajectories(
        start=np.concatenate([[0], np.cumsum(left)]).astype(np.int64),
        state=batch.state[step],
        action=batch.action[step],
        reward=batch.reward[step],
        terminated=batch.terminated[prepared.usable > 0],
        truncated=batch.truncated[prepared.usable > 0],
        states=batch.states,
        actions=batch.actions,
    )


def _columns(
    summary: ValueSummary, experience: Experience, of: Of, confidence: float
) -> tuple[dict[str, Column], dict[str, Ints]]:
    """Return the columns, and what the intervals of each value need, as places in `NEEDS`."""
    everywhere = values_of_all(summary.states, summary.start_value)
    names = experience.states, experience.actions
    if of == "v":
        return state_columns(summary.states, summary.order, everywhere, names[0], confidence)
    sums = summary.states, summary.pairs, summary.both
    return pair_columns(sums, summary.order, summary.visits, everywhere, names, of, confidence)
