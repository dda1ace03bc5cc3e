"""Total reward, gamma = 1: whether there is an answer, and one whose bound is proven.

A policy that never ends has a total reward only if it earns nothing in the long run. So the sets of
states in which one can stay for nothing are made one state each, which may also stop; in what is
left, a policy that never ends loses without limit (then the best policies end, and can be found),
or earns without limit (then there is no answer).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from rlcalc.errors import InputError, listed
from rlcalc.expected import Expected
from rlcalc.solvers import linear
from rlcalc.solvers.bounds import Proven, up
from rlcalc.solvers.components import (
    EndComponents,
    Predecessors,
    distances,
    end_components,
)
from rlcalc.solvers.problem import Iteration
from rlcalc.trajectories import Flags, Floats, Ints

Names = Callable[[Ints], list[object]]


@dataclass(frozen=True)
class Stopping:
    """A model in which one may stop wherever one could stay for nothing."""

    model: Expected
    state: Ints  # [S of the first model] the state that stands for each
    first: Ints  # [S] a state of the first model for each of this one's


def with_stops(model: Expected) -> Stopping:
    """Return the model in which each set of states where staying is free is one state.

    Its value in the state that stands for a set is the value of each of the set's states: one can
    go from any of them to any other for nothing. It gets one more pair, to stop for nothing.
    """
    free = np.abs(model.reward) <= model.rounding(np.zeros(1), 1.0)
    still = end_components(model, free)
    n_states = model.n_states
    if still.count == 0:
        return Stopping(model, np.arange(n_states), np.arange(n_states))
    kept_state = _representatives(still)
    number = np.cumsum(kept_state) - 1
    leader = np.full(still.count, -1)
    members = np.flatnonzero(still.number >= 0)
    leader[still.number[members[::-1]]] = members[::-1]
    stands = number.copy()
    stands[members] = number[leader[still.number[members]]]
    stopped = int(kept_state.sum())  # the one more state, in which all is over
    kept = np.flatnonzero(~still.stays)
    length = np.diff(model.outcome_start)[kept]
    outcome = np.arange(length.sum()) + np.repeat(
        model.outcome_start[kept] - (np.cumsum(length) - length), length
    )
    state = np.concatenate([stands[model.pair_state[kept]], number[leader]])
    order = np.argsort(state, kind="stable")
    lengths = np.concatenate([length, np.ones(still.count, dtype=np.int64)])
    begins = np.cumsum(lengths) - lengths
    rows = np.arange(lengths.sum()) + np.repeat(
        begins[order] - (np.cumsum(lengths[order]) - lengths[order]), lengths[order]
    )
    one = np.ones(still.count, dtype=model.reward.dtype)
    next_state = np.concatenate([stands[model.next_state[outcome]], np.full(still.count, stopped)])
    probability = np.concatenate([model.probability[outcome], one])
    reward = np.concatenate([model.reward[kept], one - one])
    quotient = Expected(
        pair_start=np.searchsorted(state[order], np.arange(stopped + 2)),
        outcome_start=np.concatenate([[0], np.cumsum(lengths[order])]),
        next_state=next_state[rows].astype(np.int32),
        probability=probability[rows],
        reward=reward[order],
        largest_reward=model.largest_reward,
    )
    return Stopping(quotient, stands, np.append(np.flatnonzero(kept_state), -1))


def _representatives(components: EndComponents) -> Flags:
    """Return which states stay: those in no set, and the first of each set."""
    alone: Flags = components.number < 0
    first = np.unique(components.number, return_index=True)[1]
    alone[first] = True
    return alone


def solve(
    model: Expected,
    names: Names,
    max_iterations: int,
    value: Floats | None = None,
    trace: list[Iteration] | None = None,
) -> tuple[Proven, int]:
    """Return the largest total reward from each state, proven, and how often it was improved.

    Policies are improved for rewards that are higher by an ε above all rounding at every step:
    then what is found, u = v + ε w with v = r + P v and w = 1 + P w, is not less than what any
    action gives, u ≥ r + P u. That proves V ≤ u, and that no policy earns without limit. From
    below, V ≥ v − δ w with δ min(w − P w) ≥ |r + P v − v|.

    Args:
        model: with one pair a state, or several to choose from.
        names: from numbers of states to their names, for errors.
        max_iterations: of policy improvement.
        value: [S] values near the answer, to begin with their greedy policy.
        trace: takes a row an iteration.

    Raises:
        InputError: there is no answer: some states never end, or a cycle earns for ever.

    Source: Bertsekas & Tsitsiklis (1991) for the conditions; de Alfaro (1997) for the stops.
    """
    stopping = with_stops(model)
    small = stopping.model

    def named(states: Ints) -> list[object]:
        return names(stopping.first[states])

    chosen = ending_policy(small, named)
    if value is not None:
        guess = np.zeros(small.n_states, dtype=value.dtype)
        guess[stopping.state] = value
        greedy = small.greedy(small.action_value(guess, 1.0))
        if not len(never_ending(small.only(greedy))):
            chosen = greedy
    before = np.zeros(small.n_states)
    for iteration in range(1, max_iterations + 1):
        proof = _Proof.of(small, chosen)
        if trace is not None:
            change = float(np.abs(proof.value - before).max())
            trace.append(Iteration(iteration, change, proof.bound))
        before = proof.value
        better = proof.better
        if proof.bound < np.inf or not len(better):
            break
        improved = chosen.copy()
        improved[better] = proof.greedy[better]
        lost = never_ending(small.only(improved))
        if len(lost):
            raise _earns_for_ever(small.only(improved), lost, named)
        chosen = improved
    return Proven(proof.value[stopping.state], proof.bound), iteration


@dataclass(frozen=True)
class _Proof:
    """What one policy shows about the best: its value, a bound, and what would be better."""

    value: Floats  # [S]
    bound: float  # infinite if another policy may be better
    better: Ints  # states in which another pair is better
    greedy: Ints  # [S]

    @classmethod
    def of(cls, model: Expected, chosen: Ints) -> _Proof:
        """Return what a policy that ends shows."""
        chain = model.only(chosen)
        inner = ~model.terminal
        one = np.ones(chain.n_pairs, dtype=chain.reward.dtype)
        both = linear.system(chain, 1.0, np.stack([chain.reward, one], axis=1))
        v, w = both[:, 0], both[:, 1]
        error = model.rounding(v, 1.0) + model.noise(v)
        left = np.abs(chain.best(chain.action_value(v, 1.0)) - v).max() + error
        sure = (w[inner] + chain.reward - chain.action_value(w, 1.0)).min()  # w − P w
        sure -= chain.rounding(w, 1.0) + chain.noise(w)
        epsilon = 4 * left
        upper = v + epsilon * w
        q = model.action_value(upper, 1.0)
        most = model.best(q)
        margin = model.rounding(upper, 1.0) + model.noise(upper)
        gained = most[inner] - q[chosen[inner]]
        better = np.flatnonzero(inner)[gained > margin / 4]
        bound = np.inf
        if sure > 0 and (upper - most >= margin)[inner].all():
            bound = up(max(epsilon, left / sure) * w.max()) + model.noise(v)
        return cls(v, bound, better, model.greedy(q))


def ending_policy(model: Expected, names: Names) -> Ints:
    """Return a policy that ends from every state: each action may lead one step nearer to an end.

    Raises:
        InputError: from some states nothing leads to an end.
    """
    steps = distances(model, Predecessors.of(model), model.terminal)
    lost = np.flatnonzero(steps < 0)
    if len(lost):
        only = "only " if model.terminal.any() else ""
        raise InputError(
            "the total reward (gamma = 1) has no answer: "
            + (
                f"{len(lost):,} states never end, and their rewards never stop"
                if len(lost) > 1
                else "a state never ends, and its rewards never stop"
            ),
            listed(names(lost), total=len(lost)),
            f"they lead {only}to each other; say --gamma 0.99, --horizon N or --criterion average",
        )
    nearest = np.minimum.reduceat(steps[model.next_state], model.outcome_start[:-1])
    nearer = np.flatnonzero(nearest == steps[model.pair_state] - 1)
    chosen = np.full(model.n_states, -1, dtype=np.int64)
    chosen[model.pair_state[nearer[::-1]]] = nearer[::-1]
    return chosen


def never_ending(chain: Expected) -> Ints:
    """Return the states of a chain that lead to no end."""
    return np.flatnonzero(distances(chain, Predecessors.of(chain), chain.terminal) < 0)


def _earns_for_ever(chain: Expected, lost: Ints, names: Names) -> InputError:
    """Say in which cycle the best policy stays: it is better than any that ends."""
    cycle = end_components(chain, np.ones(chain.n_pairs, dtype=bool))
    members = np.flatnonzero(cycle.number == cycle.number[lost[cycle.number[lost] >= 0][0]])
    return InputError(
        "the total reward (gamma = 1) has no answer: a cycle earns for ever, or its rewards "
        "cancel without end",
        listed(names(members), total=len(members)),
        "say --gamma 0.99, --horizon N or --criterion average",
    )
