"""Decoders: temperature, top-k and top-p change the probabilities of a policy."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from rlcalc.expected_mdp import ExpectedMDP
from rlcalc.numerics.arrays import Floats, Ints
from rlcalc.policy import Policy

Decoder = Callable[[Floats, Ints, float], Floats]


def temperature(weight: Floats, first: Ints, tau: float) -> Floats:
    """Return the policy with its odds changed: π'(a|s) ∝ π(a|s)^(1/τ); τ → 0 is greedy.

    Args:
        weight: [K] π(a|s), state by state.
        first: [S] where each state begins; none is without actions.
        tau: τ.
    """
    most = np.repeat(np.maximum.reduceat(weight, first), _action_counts(weight, first))
    with np.errstate(divide="ignore", over="ignore"):  # −∞ is an action that is never taken
        below = (np.log(weight) - np.log(most)) / tau
    return _normalised(np.exp(below), first)


def top_p(weight: Floats, first: Ints, p: float) -> Floats:
    """Return the nucleus: the fewest, most probable actions that together have at least p.

    Equally probable actions are taken in their order. Arguments as in `temperature`.

    Source: Holtzman et al. (2020), The Curious Case of Neural Text Degeneration.
    """
    order = _descending_order(weight, first)
    ranked = weight[order]
    before = np.cumsum(ranked) - ranked
    before -= np.repeat(before[first], _action_counts(weight, first))
    return _restricted(weight, first, order[before < p - 1e-9])  # p up to rounding


def top_k(weight: Floats, first: Ints, k: float) -> Floats:
    """Return the policy of the k most probable actions, the first on ties."""
    rank = np.arange(len(weight)) - np.repeat(first, _action_counts(weight, first))
    return _restricted(weight, first, _descending_order(weight, first)[rank < k])


def _action_counts(weight: Floats, first: Ints) -> Ints:
    return np.diff(first, append=len(weight))


def _descending_order(weight: Floats, first: Ints) -> Ints:
    """Return the actions, those of each state from the most probable to the least."""
    state = np.repeat(np.arange(len(first)), _action_counts(weight, first))
    return np.lexsort((np.arange(len(weight)), -weight, state))


def _restricted(weight: Floats, first: Ints, chosen: Ints) -> Floats:
    kept = np.zeros(len(weight))
    kept[chosen] = weight[chosen]
    return _normalised(kept, first)


def _normalised(amount: Floats, first: Ints) -> Floats:
    shares: Floats = amount / np.repeat(
        np.add.reduceat(amount, first), _action_counts(amount, first)
    )
    return shares


DECODERS: dict[str, Decoder] = {"temperature": temperature, "top-p": top_p, "top-k": top_k}
"""The functions that change a policy, by their names."""

Steps = Sequence[tuple[str, float]]
"""Decoders with their numbers, in the order of their work."""


def apply_decoders(weight: Floats, first: Ints, steps: Steps) -> Floats:
    """Return the weights after all decoders in turn; arguments as in `temperature`."""
    for step, number in steps:
        weight = DECODERS[step](weight, first, number)
    return weight


def decoded_policy(model: ExpectedMDP, policy: Policy, steps: Steps) -> Policy:
    """Return a policy of a model after all decoders in turn."""
    first = model.pair_start[:-1][~model.terminal]
    name = ",".join([policy.name, *(f"{step}:{number:g}" for step, number in steps)])
    return Policy(apply_decoders(policy.weight, first, steps), name)
