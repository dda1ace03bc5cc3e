"""Certainty equivalence: V, Q and A of the model that the data show, solved as if it were true.

Two passes: the first counts transitions, which give the values; the second sums the influence of
each trajectory on them, which gives their errors.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from rlcalc.estimators.request import EstimateRequest, System, Tools
from rlcalc.estimators.transitions import CountedTransitions
from rlcalc.estimators.truncation import n_trajectories
from rlcalc.estimators.value_table import Estimates, value_columns
from rlcalc.expected_mdp import ExpectedMDP
from rlcalc.numerics.arrays import Floats, Ints, compact_codes, weighted_counts
from rlcalc.numerics.intervals import half_width
from rlcalc.numerics.moments import Moments
from rlcalc.result import Fact, Result
from rlcalc.trajectories import Trajectories

MOST_INFLUENCES = 1 << 23
"""Influences of trajectories, or of groups of them, that are kept: 64 MB."""
GROUPS, FEW_STATES = 64, 1500
"""Groups of trajectories where one each would be too many, as above so many states, where each is
a system to solve: the error is then known to 9 %."""
NO_SPREAD = 2.0**-40
"""An error that is not more than this share of the values is their rounding, so it is 0."""


@dataclass(frozen=True)
class ModelValues:
    """V, Q and A of the model that the data show."""

    value: Floats  # [S]
    action_value: Floats  # [K]
    advantage: Floats  # [K]
    start_value: float

    @classmethod
    def of(cls, counted: CountedTransitions, system: System) -> ModelValues:
        """Return the solution of (N − γC) V = R, and Q and A = Q − V from the same counts.

        Raises:
            InputError: gamma is 1, and some states never lead to an end.
        """
        model, gamma = counted.model, counted.gamma
        model.require_values(gamma, counted.passes.experience.states)
        chain = model.chain
        value = system(chain, gamma, chain.reward[:, None], False)[:, 0]
        action_value = model.expected.action_value(value, gamma)
        return cls(
            value=value[:-1],
            action_value=action_value,
            advantage=action_value - value[model.expected.pair_state],
            start_value=float(model.start @ value[:-1]),
        )


@dataclass(frozen=True)
class Influence:
    """How far trajectories, one each or in G groups, moved the estimates; each row sums to 0."""

    n: int  # the trajectories, or the groups
    value: Floats  # [S, G]
    action_value: Floats | None  # [K, G]
    start_value: Floats  # [G]
    own_value: Floats  # [S] Σ_e of the squares of the part that comes from the state's own steps
    own_action_value: Floats | None  # [K] the same of the pair's own steps
    groups: int  # G, or 0: one a trajectory

    def error(self, influence: Floats, size: float) -> Floats:
        """Return √(n/(n−1) Σ_e IF_e²), 0 where it is the rounding of values of some size."""
        squares = np.square(influence).sum(axis=-1)
        error = np.sqrt(squares * (self.n / (self.n - 1))) if self.n > 1 else squares * np.nan
        return np.where(error <= NO_SPREAD * size, 0.0, error)


def solved(counted: CountedTransitions, of: str, tools: Tools) -> tuple[ModelValues, Influence]:
    """Return the values of the model that the data show, and how far each trajectory moved them.

    Args:
        counted: the experience, whose transitions are counted; it keeps the answer.
        of: `v`: V alone, else Q and A too.
        tools: the engine, and what solves linear systems.

    Raises:
        InputError: gamma is 1, and some states never lead to an end.
    """
    if "ce" not in counted.solutions:
        values = ModelValues.of(counted, tools.system)
        influence = influence_of(counted, values, of, tools.engine, tools.system)
        counted.solutions["ce"] = values, influence
    values, influence = counted.solutions["ce"]
    return values, influence


def estimate(
    counted: CountedTransitions, request: EstimateRequest, method: str, tools: Tools
) -> Result:
    """Return V, Q and A of the model that the data show, with errors.

        (N − γC) V = R        Q(s,a) = r̂(s,a) + γ Σ_s' P̂(s'|s,a) V(s')        A = Q − V

    N(s) counts the steps from s, C(s,s') those from s to s', R(s) sums their rewards. The same
    numbers solve tabular LSTD, and are the fixed point of batch TD(0). The error follows from how
    far each trajectory e moved the values:

        IF_e = (N − γC)⁻¹ Σ_{t in e} φ_t δ_t        δ_t = r_t + γ V(s_{t+1}) − V(s_t)
        se²  = E/(E−1) Σ_e IF_e²                    start value: Σ_s d(s) IF_e(s) + (V(s_0) − J)/E

    Where one influence a trajectory would not fit into memory, groups of trajectories take their
    place (the fact `error_groups`). Intervals are Student's t, with Kish's effective number of
    trajectories (`intervals.half_width`). All of it holds if the states are Markov.

    Args:
        counted: the experience, whose transitions are counted.
        request: the quantities, and the confidence of the intervals.
        method: `ce` or `lstd`, which are the same.
        tools: the engine, and what solves linear systems.

    Returns:
        One row a state-action pair (a state for `of="v"`), in order of first appearance; values
        in reward units; `n` counts steps.

    Raises:
        InputError: gamma is 1, and some states never lead to an end.

    Source: Bradtke & Barto (1996); Sutton & Barto (2018), section 6.3; Newey (1994) and Huber
    (1981), chapter 1, for influence.
    """
    values, influence = solved(counted, request.of, tools)
    summary, model = counted.summary, counted.model
    start_error = float(influence.error(influence.start_value, abs(values.start_value)))
    groups: dict[str, Fact] = {"error_groups": influence.groups} if influence.groups else {}
    return Result(
        command="estimate",
        title=f"{request.letters}, certainty equivalence",
        columns=value_columns(counted, request.of, _estimates(counted, values, influence, request)),
        facts={
            "method": METHOD,
            "gamma": counted.gamma,
            "confidence": request.confidence,
            "trajectories": n_trajectories(summary.ends),
            "steps": summary.n_steps,
            "states": len(model.state),
            "pairs": len(model.pair),
            "start_value": values.start_value,
            "start_value_se": None if np.isnan(start_error) else start_error,
            **groups,
            **counted.facts,
            "left_out": dict(counted.passes.experience.left_out),
            "oddities": dict(counted.passes.experience.oddities),
        },
        notes=[*counted.passes.experience.notes, *counted.notes],
    )


METHOD = "certainty equivalence (tabular LSTD is the same)"


def _estimates(
    counted: CountedTransitions, values: ModelValues, influence: Influence, request: EstimateRequest
) -> dict[str, Estimates]:
    state_of = counted.model.expected.pair_state
    size = float(np.abs(values.action_value).max())

    def known(value: Floats, moved: Floats, own: Floats, visits: Moments) -> Estimates:
        error = np.where(visits.clusters > 1, influence.error(moved, size), np.nan)
        moments, degrees = _effective(influence.n, visits, own, np.square(moved).sum(axis=-1))
        reach = half_width(request.confidence, error, moments, degrees)
        return Estimates(value, error, value - reach, value + reach)

    states, pairs = counted.summary.states, counted.summary.pairs
    estimates = {"v": known(values.value, influence.value, influence.own_value, states)}
    moved, own = influence.action_value, influence.own_action_value
    if moved is not None and own is not None:
        estimates["q"] = known(values.action_value, moved, own, pairs)
        moved = moved - influence.value[state_of]
        estimates["a"] = known(values.advantage, moved, own, pairs)
    return estimates


def _effective(n: int, visits: Moments, own: Floats, squares: Floats) -> tuple[Moments, Floats]:
    """Return moments of n trajectories, as unequal as those that an error comes from; degrees.

    A share of the variance comes from the own steps of a state or pair, which lie in m effective
    trajectories (Kish), the rest from the states that follow, which lie in more of them, but not in
    all: half of the rest counts as own. With this share w, 1/ν = w/(m−1) + (1−w)/(n−1), and ν + 1
    trajectories of one size have as many degrees of freedom. Simulated with 50 trajectories on four
    worlds, w = 1 covered up to 99 %, the own steps alone down to 91 %.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        w = np.where(squares > 0, 0.5 + np.minimum(own / squares, 1.0) / 2, 1.0)
        m = visits.count.astype(np.float64) ** 2 / visits.size_squares
        degrees = np.nan_to_num(1 / (w / (m - 1) + (1 - w) / (n - 1)))
    sizes = visits.count.astype(np.float64) ** 2 / (degrees + 1)
    clusters = np.full(len(own), n, dtype=np.int64)
    return replace(visits, clusters=clusters, size_squares=sizes), degrees


def influence_of(
    counted: CountedTransitions, values: ModelValues, of: str, engine: Any, system: System
) -> Influence:
    """Return how far trajectories moved V, and unless `of` is v Q too, by a pass over the data."""
    model, gamma = counted.model, counted.gamma
    n_states, n_pairs = len(model.state), 0 if of == "v" else len(model.pair)
    total = n_trajectories(counted.summary.ends)
    most = MOST_INFLUENCES // (n_states + n_pairs) if n_states <= FEW_STATES else GROUPS
    groups = min(total, most)
    work = partial(residual_sums, counted=counted, values=values, of=of, groups=groups)
    residual = np.zeros((groups, n_states + n_pairs))
    start, n_used = np.zeros(groups), 0
    for one in engine(work, numbered(counted.passes.pieces())):
        residual.reshape(-1)[one.place] += one.total
        start += one.start
        n_used += one.n_trajectories
    moved = residual[:, :n_states] / model.state_count
    value = _solved_by_columns(partial(system, model.chain, gamma), moved, engine)
    action_value = own = None
    if n_pairs:
        of_pairs = residual[:, n_states:] / model.count
        own = np.square(of_pairs).sum(axis=0)
        action_value = of_pairs.T + gamma * _expected_next(model.expected, value)
    exact = groups == total
    return Influence(
        n=n_used if exact else groups,
        value=value[:-1],
        action_value=action_value,
        start_value=model.start @ value[:-1] + start / n_used,
        own_value=np.square(moved).sum(axis=0),
        own_action_value=own,
        groups=0 if exact else groups,
    )


def _solved_by_columns(solve: Any, moved: Floats, engine: Any) -> Floats:
    """Return [S + 1, G] the solutions of G systems; large ones are solved beside each other."""
    if moved.shape[1] <= FEW_STATES:
        return np.asarray(solve(np.ascontiguousarray(moved.T), True))
    parts = np.array_split(moved, min(len(moved), PARTS))
    return np.hstack(list(engine(lambda part: solve(np.ascontiguousarray(part.T), True), parts)))


PARTS = 16
"""Parts of the systems that threads take: not so many, as each prepares its matrix anew."""


def _expected_next(model: ExpectedMDP, value: Floats) -> Floats:
    """Return [K, G] Σ_s' P(s'|s,a) v(s') of several values [S + 1, G]."""
    ahead = np.empty((model.n_pairs, value.shape[1]))
    block = max(1, MOST_INFLUENCES // model.n_outcomes)
    for first in range(0, value.shape[1], block):
        columns = slice(first, first + block)
        weighted = model.probability[:, None] * value[model.next_state, columns]
        ahead[:, columns] = np.add.reduceat(weighted, model.outcome_start[:-1], axis=0)
    return ahead


def numbered(pieces: Iterable[Trajectories]) -> Iterator[tuple[int, Trajectories]]:
    """Yield each piece with the number of trajectories before it."""
    before = 0
    for piece in pieces:
        yield before, piece
        before += len(piece)


@dataclass(frozen=True)
class ResidualSums:
    """Sums over some trajectories, by group, of what the values leave unexplained."""

    place: Ints  # [N] group · (S + K) + the number of a state, or S + that of a pair
    total: Floats  # [N] Σ_t δ_t in the state; Σ_t (r_t + γV(s_{t+1}) − Q(s,a)) of the pair
    start: Floats  # [G] Σ_e V(s_0) − J
    n_trajectories: int  # those that were used


def residual_sums(
    piece_number: tuple[int, Trajectories],
    counted: CountedTransitions,
    values: ModelValues,
    of: str,
    groups: int,
) -> ResidualSums:
    """Return the sums of one piece, which comes with the number of trajectories before it."""
    before, piece = piece_number
    steps = counted.known_steps(piece)
    model, batch = counted.model, steps.trajectories
    group = (before + steps.number) % groups
    width = len(model.state) + (0 if of == "v" else len(model.pair))
    row = np.repeat(group * width, batch.length)
    state = model.number_of(batch.state)
    following = np.append(values.value, 0.0)[model.number_of(steps.next_state)]
    target = batch.reward + counted.gamma * following
    place, residual = row + state, target - values.value[state]
    if of != "v":
        pair = model.pair_of(batch.state, batch.action)
        place = np.concatenate([place, row + len(model.state) + pair])
        residual = np.concatenate([residual, target - values.action_value[pair]])
    number, known = compact_codes(place, groups * width)
    first = values.value[state[batch.start[:-1]]] - values.start_value
    return ResidualSums(
        place=known,
        total=weighted_counts(number, residual, len(known)),
        start=weighted_counts(group, first, groups),
        n_trajectories=len(batch),
    )
