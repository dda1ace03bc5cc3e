"""Monte Carlo: V, Q and A of the policy that was followed, as means of gains, with error bars.

Every piece of the data is summarised by itself, summaries merge in order, and the merged one is
finished into a Result. Nothing else is kept, so data may be larger than memory.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from rlcalc.errors import InputError, UsageError
from rlcalc.estimators.gain import begin, discounted_loop, discounted_sum
from rlcalc.estimators.truncation import (
    Prepared,
    Truncation,
    facts,
    n_trajectories,
    prepare,
    warnings,
)
from rlcalc.kernel import Kernel, compile_beside, kernel
from rlcalc.moments import CoMoments, Moments, difference_error, half_width, total_by
from rlcalc.result import Column, Result
from rlcalc.trajectories import Codes, Experience, Flags, Floats, Ints, Trajectories

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
    summary = _merged(iter(engine(work, _compiling_if_large(pieces, experience))))
    if summary is None or not len(summary.states.key):
        read = 0 if summary is None else n_trajectories(summary.ends)
        raise InputError(
            "no step is left to estimate from",
            where=f"{read:,} trajectories were read",
            fix="use another --truncated policy" if read else "",
        )
    return finish(summary, experience, discount, visit, of, truncation, confidence)


LARGE = 16_000_000
"""Steps from which loops are compiled: up to here importing the compiler costs what it saves."""


def _compiling_if_large(
    pieces: Iterator[Trajectories], experience: Experience
) -> Iterator[Trajectories]:
    steps = 0
    for piece in pieces:
        steps += piece.n_steps
        if max(steps, experience.n_expected) >= LARGE:
            ints, codes, one = np.array([0, 1]), np.zeros(1, dtype=np.int32), np.ones(1)
            examples: dict[Kernel[..., Any], tuple[Any, ...]] = {
                visit_sums: (one, ints, codes, codes, 1, 1, True),
                discounted_loop: (one, ints, 0.5, one),
            }
            compile_beside(examples)
        yield piece


def _merged(summaries: Iterator[Summary]) -> Summary | None:
    merged = next(summaries, None)
    for summary in summaries:
        merged = summary if merged is None else merged.merge(summary)
    return merged


def summarise(piece: Trajectories, gamma: float, visit: Visit, truncation: Truncation) -> Summary:
    """Return what one piece of trajectories leaves behind."""
    prepared = prepare(piece, truncation)
    batch = prepared.trajectories
    gain = discounted_sum(prepared.reward, batch.start, gamma, prepared.tail)
    usable = prepared.usable_step()
    if not usable.all():
        batch, gain = _only(batch, prepared, usable), gain[usable]
    n_pairs = len(batch.states) * len(batch.actions)
    if visit_sums.compiled and n_pairs <= MOST_PAIRS:
        moments = by_loop(visit_sums.compiled, batch, gain, visit)
    else:
        moments = by_sorting(batch, gain, visit)
    return Summary(
        *moments,
        beginning=_moments_of(gain[batch.start[:-1]]),
        ends=prepared.ends,
        n_steps=piece.n_steps,
    )


PieceMoments = tuple[Moments, Moments, CoMoments, Ints, Ints]
"""The first five fields of a summary."""


def by_sorting(batch: Trajectories, gain: Floats, visit: Visit) -> PieceMoments:
    """Return the moments of a piece with numpy.

    Steps are ordered by state with a sort that keeps their order in time, so that the visits of one
    trajectory to one state stand together, as a cluster. The clusters of pairs lie within them:
    most clusters are one step, and only the others are looked at again.
    """
    n = len(gain)
    state, state_key = dense(batch.state, len(batch.states))
    action, action_key = dense(batch.action, len(batch.actions))
    pair, place = dense(state * len(action_key) + action, len(state_key) * len(action_key))
    state_of_place = place // len(action_key)
    pair_key = (state_key[state_of_place] << ACTION_BITS) | action_key[place % len(action_key)]
    visits = np.bincount(pair)
    state_centre = total_by(state, gain, len(state_key)) / np.bincount(state)
    pair_centre = total_by(pair, gain, len(pair_key)) / visits

    order = stable_order(state, len(state_key))
    s, p, g = state[order], pair[order], gain[order]
    trajectory = batch.trajectory.astype(np.int32)[order]
    begins = np.ones(n, dtype=bool)
    np.not_equal(s[1:], s[:-1], out=begins[1:])
    begins[1:] |= trajectory[1:] != trajectory[:-1]
    cluster = np.cumsum(begins) - 1
    pair_begins, pair_cluster = _within(begins, cluster, p)
    s_first, p_first = np.flatnonzero(begins), np.flatnonzero(pair_begins)
    owner, pair_owner, partner = s[s_first], p[p_first], cluster[p_first]
    size = pair_size = sizes = None
    if visit == "first":
        total, pair_total = g[s_first] - state_centre[owner], g[p_first] - pair_centre[pair_owner]
    else:
        total = total_by(cluster, g - state_centre[s], len(owner))
        pair_total = total_by(pair_cluster, g - pair_centre[p], len(pair_owner))
        size, pair_size = np.bincount(cluster), np.bincount(pair_cluster)
        sizes = size[partner], pair_size
    centres = state_centre[state_of_place], pair_centre
    return (
        Moments.of(state_key, owner, state_centre, total, size),
        Moments.of(pair_key, pair_owner, pair_centre, pair_total, pair_size),
        CoMoments.of(pair_key, pair_owner, centres, (total[partner], pair_total), sizes),
        visits,
        order[np.searchsorted(s, np.arange(len(state_key)))],
    )


def _within(begins: Flags, cluster: Ints, pair: Ints) -> tuple[Flags, Ints]:
    """Return where the clusters of pairs begin, and which one each step is in."""
    pair_begins = begins.copy()
    alone = begins.copy()
    alone[:-1] &= begins[1:]
    together = np.flatnonzero(~alone)
    if not len(together):
        return pair_begins, cluster
    group, _ = dense(cluster[together] * (int(pair.max()) + 1) + pair[together], 1 << 62)
    new = np.ones(len(together), dtype=bool)
    by_group = stable_order(group, len(together) + 1)
    new[1:] = np.diff(group[by_group]) != 0
    first = by_group[new]  # the first step of each group, in order of the groups
    pair_begins[together] = False
    pair_begins[together[first]] = True
    pair_cluster = np.cumsum(pair_begins) - 1
    pair_cluster[together] = pair_cluster[together[first]][group]
    return pair_begins, pair_cluster


MOST_PAIRS = 1 << 16
"""State-action pairs for which the loop keeps a row each; with more, pieces are sorted."""

Table = NDArray[np.float64]  # [K, fields]


@kernel
def visit_sums(  # noqa: C901
    gain: Floats,
    start: Ints,
    state: Codes,
    action: Codes,
    n_states: int,
    n_actions: int,
    first: bool,
) -> tuple[Table, Table, Ints]:
    """Sum up the visits of every trajectory to every state s and pair (s, a), around their means.

    With x = Σ (G_t − centre) and k = 1 + ... over the visits of one trajectory to s that count,
    and y, m the same for (s, a), each row of v ends as

        centre, n, Σ k, Σ x, Σ x², Σ x k, Σ k²

    and each row of q, after the same of y and m, as

        ..., Σ k, Σ x, Σ x y, Σ x m, Σ y k, Σ k m, visits, Σ x², Σ x k, Σ k²

    Source: `Moments.around_centre` and `CoMoments.around_centres` say what becomes of them.
    """
    n_pairs = n_states * n_actions
    v, q = np.zeros((n_states, 7)), np.zeros((n_pairs, 17))
    met = np.full(n_states, -1)
    for t in range(len(gain)):
        s = state[t]
        p = s * n_actions + action[t]
        v[s, 0] += gain[t]
        v[s, 1] += 1.0
        q[p, 0] += gain[t]
        q[p, 13] += 1.0
        if met[s] < 0:
            met[s] = t
    for s in range(n_states):
        if v[s, 1] > 0.0:
            v[s, 0] /= v[s, 1]
            v[s, 1] = 0.0
    for p in range(n_pairs):
        if q[p, 13] > 0.0:
            q[p, 0] /= q[p, 13]
    x, k, seen_s = np.zeros(n_states), np.zeros(n_states), np.full(n_states, -1)
    y, m, seen_p = np.zeros(n_pairs), np.zeros(n_pairs), np.full(n_pairs, -1)
    visited_s, visited_p = np.zeros(n_states, np.int64), np.zeros(n_pairs, np.int64)
    for e in range(len(start) - 1):
        here_s = here_p = 0
        for t in range(start[e], start[e + 1]):
            s = state[t]
            p = s * n_actions + action[t]
            if seen_s[s] != e:
                seen_s[s] = e
                visited_s[here_s] = s
                here_s += 1
                x[s] = gain[t] - v[s, 0]
                k[s] = 1.0
            elif not first:
                x[s] += gain[t] - v[s, 0]
                k[s] += 1.0
            if seen_p[p] != e:
                seen_p[p] = e
                visited_p[here_p] = p
                here_p += 1
                y[p] = gain[t] - q[p, 0]
                m[p] = 1.0
            elif not first:
                y[p] += gain[t] - q[p, 0]
                m[p] += 1.0
        for i in range(here_s):
            s = visited_s[i]
            v[s, 1] += 1.0
            v[s, 2] += k[s]
            v[s, 3] += x[s]
            v[s, 4] += x[s] * x[s]
            v[s, 5] += x[s] * k[s]
            v[s, 6] += k[s] * k[s]
        for i in range(here_p):
            p = visited_p[i]
            s = p // n_actions
            q[p, 1] += 1.0
            q[p, 2] += m[p]
            q[p, 3] += y[p]
            q[p, 4] += y[p] * y[p]
            q[p, 5] += y[p] * m[p]
            q[p, 6] += m[p] * m[p]
            q[p, 7] += k[s]
            q[p, 8] += x[s]
            q[p, 9] += x[s] * y[p]
            q[p, 10] += x[s] * m[p]
            q[p, 11] += y[p] * k[s]
            q[p, 12] += k[s] * m[p]
            q[p, 14] += x[s] * x[s]
            q[p, 15] += x[s] * k[s]
            q[p, 16] += k[s] * k[s]
    return v, q, met


def by_loop(
    loop: Callable[..., tuple[Table, Table, Ints]], batch: Trajectories, gain: Floats, visit: Visit
) -> PieceMoments:
    """Return the moments of a piece with `visit_sums`, the same bits as `by_sorting` gives."""
    n_states, n_actions = len(batch.states), len(batch.actions)
    v, q, met = loop(
        gain, batch.start, batch.state, batch.action, n_states, n_actions, visit == "first"
    )
    state_key, place = np.flatnonzero(v[:, 1]), np.flatnonzero(q[:, 1])
    state_of_place = place // n_actions
    pair_key = (state_of_place << ACTION_BITS) | (place % n_actions)
    centres = v[state_of_place, 0], q[place, 0]
    v, q = np.ascontiguousarray(v[state_key].T), np.ascontiguousarray(q[place].T)
    own = q[14], q[15], q[16]
    both = CoMoments.around_centres(
        pair_key, centres, (q[7], q[2]), (q[8], q[3]), q[9], (q[10], q[11]), q[12], own
    )
    visits = q[13].astype(np.int64)
    return (
        Moments.around_centre(state_key, *v),
        Moments.around_centre(pair_key, *q[:7]),
        both,
        visits,
        met[state_key],
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
        return column | count | _interval("v", moments, confidence)
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
    q, v = _interval("q", pairs, confidence), _interval("v", state, confidence)
    advantage = replace(pairs, mean=pairs.mean - state.mean)
    error, degrees = difference_error(pairs, state, summary.both.take(rows))
    a = _interval("a", advantage, confidence, error, degrees)
    return column | {"all": pi | q | v_count | v | a, "q": q, "a": a}[of]


def _interval(
    name: str,
    moments: Moments,
    confidence: float,
    error: Floats | None = None,
    degrees: Floats | None = None,
) -> dict[str, Column]:
    se = moments.standard_error() if error is None else error
    free: Floats = (moments.clusters - 1).astype(np.float64) if degrees is None else degrees
    reach = half_width(confidence, se, moments, free)
    return {
        name: Column(moments.mean, "value", f"{name.upper()}\u0302"),
        f"{name}_se": Column(se, "error"),
        f"{name}_low": Column(moments.mean - reach, "bound"),
        f"{name}_high": Column(moments.mean + reach, "bound"),
    }
