"""Monte Carlo: V, Q and A of the policy that was followed, as means of gains, with error bars.

Every piece of the data is summarised by itself, summaries merge in order, and the merged one is
finished into a Result. Nothing else is kept, so data may be larger than memory.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from rlcalc.errors import InputError, UsageError
from rlcalc.estimators.gain import begin, discounted_sum
from rlcalc.estimators.truncation import (
    Prepared,
    Truncation,
    facts,
    n_trajectories,
    prepare,
    warnings,
)
from rlcalc.moments import CoMoments, Moments, difference_error, student_t, total_by
from rlcalc.result import Column, Result
from rlcalc.trajectories import Experience, Flags, Floats, Ints, Trajectories

Visit = Literal["first", "every"]
Of = Literal["all", "v", "q", "a"]
Engine = Callable[
    [Callable[[Trajectories], "Summary"], Iterable[Trajectories]], Iterable["Summary"]
]

ACTION_BITS = 32
"""A pair's key is the state's number in the high bits and the action's number in the low ones."""


@dataclass(frozen=True)
class Summary:
    """What some trajectories leave behind: it adds up, and the answer is made of nothing else."""

    states: Moments  # of the gain from each state
    pairs: Moments  # of the gain from each state-action pair
    both: CoMoments  # of a pair's gain with its state's gain, over the pair's trajectories
    visits: Ints  # [pairs] steps, whether or not their gains count as a visit
    order: Ints  # [states] the first step, counted from the first piece, that is in the state
    beginning: Moments  # of the gain from the start, under the one key 0
    ends: Counter[str]
    n_steps: int

    def merge(self, later: Summary) -> Summary:
        """Return the summary of these trajectories and of later ones."""
        states, pairs = self.states.merge(later.states), self.pairs.merge(later.pairs)
        return Summary(
            states=states,
            pairs=pairs,
            both=self.both.merge(later.both),
            visits=_placed(self.visits, self.pairs.key, pairs.key)
            + _placed(later.visits, later.pairs.key, pairs.key),
            order=np.minimum(
                _placed(self.order, self.states.key, states.key, FAR),
                _placed(later.order + self.n_steps, later.states.key, states.key, FAR),
            ),
            beginning=self.beginning.merge(later.beginning),
            ends=Counter({k: self.ends[k] + later.ends[k] for k in self.ends | later.ends}),
            n_steps=self.n_steps + later.n_steps,
        )


FAR = np.iinfo(np.int64).max // 2


def _placed(values: Ints, key: Ints, into: Ints, empty: int = 0) -> Ints:
    if len(key) == len(into):
        return values
    placed = np.full(len(into), empty, dtype=np.int64)
    placed[np.searchsorted(into, key)] = values
    return placed


def estimate(
    experience: Experience,
    gamma: float | None = None,
    visit: Visit = "first",
    of: Of = "all",
    truncated: str = "keep",
    confidence: float = 0.95,
    engine: Engine = map,
) -> Result:
    """Return Monte Carlo estimates of V, Q and A of the policy that was followed.

        V̂(s)   = mean of G_t over the visits to s        Q̂(s,a) = the same over the visits to (s,a)
        Â(s,a) = Q̂(s,a) − V̂(s)                           π̂(a|s) = N(s,a) / N(s), over all steps

    First visit: of each trajectory the first time that it is in s (takes a in s) counts; gains
    are then independent, the error is s/√n. Every visit: all times count; visits of one trajectory
    are not independent, so the error is that of a ratio of sums over trajectories. The error of Â
    holds the covariance of Q̂ and V̂. Intervals are Student's t with n − 1 degrees of freedom, n the
    number of trajectories with a visit; one trajectory has no error bar.

    Args:
        experience: trajectories, read once, piece by piece.
        gamma: 0..1 a step; default what the source says, else 1.
        visit: `first` or `every`.
        of: `v`, `q`, `a`, or `all` of them.
        truncated: `keep`, `drop`, `bootstrap` or `cut[:tolerance]`, see `truncation`.
        confidence: of the intervals, between 0 and 1.
        engine: runs the summary of each piece and gives the answers back in order.

    Returns:
        One row a state-action pair (a state for `of="v"`), in order of first appearance; values
        in reward units.

    Raises:
        UsageError: an option that is not one of the above.
        InputError: gamma is not in 0..1, no step is left, or what the reader found.

    Source: Sutton & Barto (2018), section 5.1 and exercise 5.5; Cochran (1977), eq. 6.13.
    """
    if visit not in ("first", "every") or of not in ("all", "v", "q", "a"):
        raise UsageError(f"visit {visit}, of {of}", fix="visit first|every, of all|v|q|a")
    if not 0 < confidence < 1:
        raise UsageError(f"confidence is {confidence:g}", fix="give a number between 0 and 1")
    pieces, discount, truncation = begin(experience, gamma, truncated)
    work = partial(summarise, gamma=discount, visit=visit, truncation=truncation)
    summary = _merged(iter(engine(work, pieces)))
    if summary is None or not len(summary.states.key):
        raise InputError(
            "no step is left to estimate from",
            where=f"{0 if summary is None else n_trajectories(summary.ends):,} trajectories were read",
            fix="" if summary is None else "use another --truncated policy",
        )
    return finish(summary, experience, discount, visit, of, truncation, confidence)


def _merged(summaries: Iterator[Summary]) -> Summary | None:
    merged = next(summaries, None)
    for summary in summaries:
        merged = summary if merged is None else merged.merge(summary)
    return merged


def summarise(piece: Trajectories, gamma: float, visit: Visit, truncation: Truncation) -> Summary:
    """Return what one piece of trajectories leaves behind.

    Steps are ordered by state, and by state and action, with a sort that keeps their order in
    time. A cluster is a run of one key in one trajectory; its first step is the first visit.
    """
    prepared = prepare(piece, truncation)
    batch = prepared.trajectories
    gain = discounted_sum(prepared.reward, batch.start, gamma, prepared.tail)
    usable = prepared.usable_step()
    if not usable.all():
        batch, gain = _only(batch, prepared, usable), gain[usable]
    trajectory = batch.trajectory.astype(np.int32)
    state, state_key = dense(batch.state, len(batch.states))
    action, action_key = dense(batch.action, len(batch.actions))
    pair, place = dense(state * len(action_key) + action, len(state_key) * len(action_key))
    pair_key = state_key[place // len(action_key)] << ACTION_BITS
    pair_key |= action_key[place % len(action_key)]
    states = Clusters.of(state, len(state_key), trajectory, gain, visit)
    pairs = Clusters.of(pair, len(pair_key), trajectory, gain, visit)
    partner = states.cluster_of_step()[pairs.first_step]
    starts = batch.start[:-1]
    first_met = states.first_step[np.searchsorted(states.owner, np.arange(len(state_key)))]
    return Summary(
        states=Moments.of(state_key, states.owner, states.centre, states.total, states.size),
        pairs=Moments.of(pair_key, pairs.owner, pairs.centre, pairs.total, pairs.size),
        both=CoMoments.of(
            pair_key,
            pairs.owner,
            (states.centre[place // len(action_key)], pairs.centre),
            (states.total[partner], pairs.total),
            None
            if pairs.size is None or states.size is None
            else (states.size[partner], pairs.size),
        ),
        visits=np.bincount(pair, minlength=len(pair_key)),
        order=first_met,
        beginning=_moments_of(gain[starts]),
        ends=prepared.ends,
        n_steps=piece.n_steps,
    )


def _moments_of(values: Floats) -> Moments:
    one = np.zeros(min(1, len(values)), dtype=np.int64)
    owner = np.zeros(len(values), dtype=np.int64)
    centre = np.full(len(one), values.mean() if len(values) else 0.0)
    size = np.ones(len(values), dtype=np.int64)
    return Moments.of(one, owner, centre, values - centre.sum(), size)


def _only(batch: Trajectories, prepared: Prepared, usable: Flags) -> Trajectories:
    """The batch without the steps whose gains do not count, and without trajectories left empty."""
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


@dataclass(frozen=True)
class Clusters:
    """T steps in C clusters: the visits of one trajectory to one of K keys, in order of the keys."""

    order: Ints  # [T] the steps by key, and within a key in time
    begins: Flags  # [T] whether a cluster begins there, in that order
    owner: Ints  # [C] the key of each cluster
    first_step: Ints  # [C] the step of its first visit
    centre: Floats  # [K] the mean gain over all visits
    total: Floats  # [C] Σ (gain − centre) over the visits that count
    size: Ints | None  # [C] how many visits count; None: one each

    @classmethod
    def of(
        cls, key: Ints, n_keys: int, trajectory: NDArray[np.int32], gain: Floats, visit: Visit
    ) -> Clusters:
        """Return the clusters of steps whose keys are below n_keys and whose trajectories rise."""
        order = stable_order(key, n_keys)
        ordered, owner_trajectory = key[order], trajectory[order]
        begins = np.ones(len(key), dtype=bool)
        np.not_equal(ordered[1:], ordered[:-1], out=begins[1:])
        begins[1:] |= owner_trajectory[1:] != owner_trajectory[:-1]
        first_step, owner = order[begins], ordered[begins]
        centre = total_by(key, gain, n_keys) / np.bincount(key, minlength=n_keys)
        if visit == "first":
            return cls(
                order, begins, owner, first_step, centre, gain[first_step] - centre[owner], None
            )
        cluster = np.cumsum(begins) - 1
        total = total_by(cluster, gain[order] - centre[ordered], len(owner))
        return cls(order, begins, owner, first_step, centre, total, np.bincount(cluster))

    def cluster_of_step(self) -> Ints:
        """Return [T] the cluster of each step, in the steps' own order."""
        cluster = np.empty(len(self.order), dtype=np.int64)
        cluster[self.order] = np.cumsum(self.begins) - 1
        return cluster


def dense(code: Ints | NDArray[np.int32], n: int) -> tuple[Ints, Ints]:
    """Return the same codes counted from 0 without gaps, and the codes that the new ones stand for.

    Args:
        code: [T] at least 0 and below `n`.
        n: how many codes there could be.
    """
    if n <= 4 * len(code) + 64:
        used = np.bincount(code, minlength=n) > 0
        if used.all():
            return code.astype(np.int64), np.arange(n)
        key = np.flatnonzero(used)
        return (np.cumsum(used) - 1)[code], key
    order = stable_order(code, n)
    ordered = code[order]
    new = np.ones(len(code), dtype=bool)
    np.not_equal(ordered[1:], ordered[:-1], out=new[1:])
    number = np.empty(len(code), dtype=np.int64)
    number[order] = np.cumsum(new) - 1
    return number, ordered[new].astype(np.int64)


def stable_order(key: Ints | NDArray[np.int32], n: int) -> Ints:
    """Return the order that sorts keys below `n` and leaves equal ones as they are.

    By 16 bits at a time, the lowest first: those numpy sorts by radix, five times as fast as it
    sorts whole numbers.
    """
    order: Ints = np.argsort(key.astype(np.uint16), kind="stable")
    shift = 16
    while n - 1 >> shift:
        digit = (key >> shift).astype(np.uint16)
        order = order[np.argsort(digit[order], kind="stable")]
        shift += 16
    return order


def finish(
    summary: Summary,
    experience: Experience,
    gamma: float,
    visit: Visit,
    of: Of,
    truncation: Truncation,
    confidence: float,
) -> Result:
    """Return the answer that a summary holds; arguments as in `estimate`."""
    letters = {"all": "V, Q and A", "v": "V", "q": "Q", "a": "A"}[of]
    beginning = summary.beginning
    error = float(beginning.standard_error()[0])
    return Result(
        command="estimate",
        title=f"{letters}, {visit}-visit Monte Carlo",
        columns=_columns(summary, experience, of, confidence),
        facts={
            "method": f"{visit}-visit Monte Carlo",
            "gamma": gamma,
            "confidence": confidence,
            "trajectories": n_trajectories(summary.ends),
            "steps": summary.n_steps,
            "states": len(summary.states.key),
            "pairs": len(summary.pairs.key),
            "start_value": float(beginning.mean[0]),
            "start_value_se": None if np.isnan(error) else error,
            **facts(summary.ends, truncation),
            "left_out": dict(experience.left_out),
        },
        notes=[*experience.notes, *warnings(summary.ends, truncation)],
    )


def _columns(
    summary: Summary, experience: Experience, of: Of, confidence: float
) -> dict[str, Column]:
    states, actions = experience.states.names(), experience.actions.names()
    if of == "v":
        moments = summary.states.take(np.argsort(summary.order, kind="stable"))
        column = {"state": Column([states[s] for s in moments.key.tolist()], "key")}
        count = {"v_n": Column(moments.count, "count", "n")}
        return column | count | _interval("v", moments, moments.standard_error(), confidence)
    state_of = np.searchsorted(summary.states.key, summary.pairs.key >> ACTION_BITS)
    action_of = summary.pairs.key & ((1 << ACTION_BITS) - 1)
    rows = np.lexsort([action_of, summary.order[state_of]])
    pairs, state = summary.pairs.take(rows), summary.states.take(state_of[rows])
    visits, state_visits = summary.visits, np.bincount(state_of, summary.visits)
    column = {
        "state": Column([states[s] for s in state.key.tolist()], "key"),
        "action": Column([actions[a] for a in action_of[rows].tolist()], "key"),
        "n": Column(pairs.count, "count"),
    }
    pi = {"pi": Column((visits / state_visits[state_of])[rows], symbol="π̂")}
    v_count = {"v_n": Column(state.count, "count", "n(s)")}
    q = _interval("q", pairs, pairs.standard_error(), confidence)
    v = _interval("v", state, state.standard_error(), confidence)
    advantage = replace(pairs, mean=pairs.mean - state.mean)
    error = difference_error(pairs, state, summary.both.take(rows))
    a = _interval("a", advantage, error, confidence)
    return column | {"all": pi | q | v_count | v | a, "q": q, "a": a}[of]


def _interval(name: str, moments: Moments, error: Floats, confidence: float) -> dict[str, Column]:
    reach = student_t(confidence, moments.clusters - 1) * error
    return {
        name: Column(moments.mean, "value", f"{name.upper()}\u0302"),
        f"{name}_se": Column(error, "error"),
        f"{name}_low": Column(moments.mean - reach, "bound"),
        f"{name}_high": Column(moments.mean + reach, "bound"),
    }
