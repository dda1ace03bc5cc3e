"""Where one may stop: states in which staying is free made one, and policies that end.

With these stops, a policy that never ends either loses or earns without limit.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from rlcalc.errors import InputError, listed
from rlcalc.expected_mdp import ExpectedMDP
from rlcalc.graph.end_components import EndComponents, Predecessors, distances, end_components
from rlcalc.numerics.arrays import Flags, Floats, Ints, gather_ranges

Names = Callable[[Ints], list[object]]
"""From numbers of states to the names of the first few."""


@dataclass(frozen=True)
class MecQuotient:
    """A model in which one may stop wherever one could stay for nothing."""

    model: ExpectedMDP
    state: Ints  # [S of the first model] the state that stands for each
    first: Ints  # [S] a state of the first model for each of this one's

    def spread(self, value: Floats) -> Floats:
        """Return values of the first model's states from those of this one's."""
        whole: Floats = value[self.state]
        return whole

    def gather(self, value: Floats) -> Floats:
        """Return values of this model's states from those of the first one's."""
        small = np.zeros(self.model.n_states, dtype=value.dtype)
        small[self.state] = value
        return small


def quotient_of(model: ExpectedMDP) -> MecQuotient:
    """Return the model in which each set of states where staying is free is one state.

    Its value in the state that stands for a set is the value of each of the set's states: one can
    go from any of them to any other for nothing. It gets one more pair, to stop for nothing.
    """
    free = model.reward == 0
    still = end_components(model, free)
    n_states = model.n_states
    if still.count == 0:
        return MecQuotient(model, np.arange(n_states), np.arange(n_states))
    kept_state = _representatives(still)
    number = np.cumsum(kept_state) - 1
    leader = np.full(still.count, -1)
    members = np.flatnonzero(still.number >= 0)
    leader[still.number[members[::-1]]] = members[::-1]
    stands = number.copy()
    stands[members] = number[leader[still.number[members]]]
    stopped = int(kept_state.sum())  # the one more state, in which all is over
    kept = np.flatnonzero(~still.stays)
    outcome_start, outcome = gather_ranges(model.outcome_start, kept)
    state = np.concatenate([stands[model.pair_state[kept]], number[leader]])
    order = np.argsort(state, kind="stable")
    with_stop = np.append(outcome_start, outcome_start[-1] + 1 + np.arange(still.count))
    sorted_start, rows = gather_ranges(with_stop, order)
    one = np.ones(still.count, dtype=model.reward.dtype)
    next_state = np.concatenate([stands[model.next_state[outcome]], np.full(still.count, stopped)])
    probability = np.concatenate([model.probability[outcome], one])
    reward = np.concatenate([model.reward[kept], one - one])
    quotient = ExpectedMDP(
        pair_start=np.searchsorted(state[order], np.arange(stopped + 2)),
        outcome_start=sorted_start,
        next_state=next_state[rows].astype(np.int32),
        probability=probability[rows],
        reward=reward[order],
        largest_reward=model.largest_reward,
        same_sign=model.same_sign,
    )
    return MecQuotient(quotient, stands, np.append(np.flatnonzero(kept_state), -1))


def _representatives(components: EndComponents) -> Flags:
    """Return which states stay: those in no set, and the first of each set."""
    alone: Flags = components.number < 0
    first = np.unique(components.number, return_index=True)[1]
    alone[first] = True
    return alone


def ending_policy(model: ExpectedMDP, names: Names) -> Ints:
    """Return a policy that ends from every state: each action leads nearer as surely as any can.

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
    ahead = steps[model.next_state]
    behind = np.repeat(steps[model.pair_state], np.diff(model.outcome_start))
    likely = np.add.reduceat(model.probability * (ahead < behind), model.outcome_start[:-1])
    return model.greedy(likely)


def never_ending(chain: ExpectedMDP) -> Ints:
    """Return the states of a chain that lead to no end."""
    return np.flatnonzero(distances(chain, Predecessors.of(chain), chain.terminal) < 0)
