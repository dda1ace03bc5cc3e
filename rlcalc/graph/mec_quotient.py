"""The quotient of a model by its zero-reward end components.

Each zero-reward end component becomes one state with an action that stops. In the quotient a
policy that never ends either loses or earns without limit.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from rlcalc.expected_mdp import ExpectedMDP
from rlcalc.graph.end_components import EndComponents, end_components
from rlcalc.numerics.arrays import Flags, Floats, Ints, gather_ranges


@dataclass(frozen=True)
class MecQuotient:
    """A model whose zero-reward end components are single states, which may stop."""

    model: ExpectedMDP
    state: Ints  # [S of the first model] the state that stands for each
    first: Ints  # [S] a state of the first model for each of this one's
    pair: Ints  # [K] the pair of the first model; −1 − c: to stop in component c

    def spread(self, value: Floats) -> Floats:
        """Return values of the first model's states from those of this one's."""
        return value[self.state]

    def gather(self, value: Floats) -> Floats:
        """Return values of this model's states from those of the first one's."""
        small = np.zeros(self.model.n_states, dtype=value.dtype)
        small[self.state] = value
        return small


def quotient_of(model: ExpectedMDP) -> MecQuotient:
    """Return the model in which each zero-reward end component is one state.

    Its value in the state that stands for a set is the value of each of the set's states: one can
    go from any of them to any other for nothing. It gets one more pair, to stop for nothing.
    """
    free_components = end_components(model, model.reward == 0)
    nothing = np.zeros(free_components.count, dtype=model.reward.dtype)
    return merge_components(model, free_components, nothing)


def merge_components(
    model: ExpectedMDP, components: EndComponents, stop_reward: Floats
) -> MecQuotient:
    """Return the model in which each end component is one state, with one more pair to stop.

    Args:
        model: whose pairs within a component are left out.
        components: of the model.
        stop_reward: [count] the reward of stopping in each of them.
    """
    n_states = model.n_states
    if components.count == 0:
        every_state, every_pair = np.arange(n_states), np.arange(model.n_pairs)
        return MecQuotient(model, every_state, every_state, every_pair)
    remains = _representatives(components)
    number = np.cumsum(remains) - 1
    leader = np.full(components.count, -1)
    members = np.flatnonzero(components.number >= 0)
    leader[components.number[members[::-1]]] = members[::-1]
    stands = number.copy()
    stands[members] = number[leader[components.number[members]]]
    stopped = int(remains.sum())  # the one more state, in which all is over
    kept = np.flatnonzero(~components.stays)
    outcome_start, outcome = gather_ranges(model.outcome_start, kept)
    state = np.concatenate([stands[model.pair_state[kept]], number[leader]])
    order = np.argsort(state, kind="stable")
    with_stop = np.append(outcome_start, outcome_start[-1] + 1 + np.arange(components.count))
    sorted_start, rows = gather_ranges(with_stop, order)
    one = np.ones(components.count, dtype=model.reward.dtype)
    next_state = np.concatenate(
        [stands[model.next_state[outcome]], np.full(components.count, stopped)]
    )
    probability = np.concatenate([model.probability[outcome], one])
    reward = np.concatenate([model.reward[kept], stop_reward])
    quotient = replace(
        model,
        pair_start=np.searchsorted(state[order], np.arange(stopped + 2)),
        outcome_start=sorted_start,
        next_state=next_state[rows].astype(np.int32),
        probability=probability[rows],
        reward=reward[order],
    )
    pair = np.concatenate([kept, -1 - np.arange(components.count)])[order]
    return MecQuotient(quotient, stands, np.append(np.flatnonzero(remains), -1), pair)


def _representatives(components: EndComponents) -> Flags:
    """Return the states of the quotient: those in no set, and the first of each set."""
    alone: Flags = components.number < 0
    first = np.unique(components.number, return_index=True)[1]
    alone[first] = True
    return alone
