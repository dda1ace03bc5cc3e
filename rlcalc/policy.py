"""Policy: π(a|s) on the state-action pairs of a model."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from rlcalc.expected_mdp import LARGE, ExpectedMDP
from rlcalc.numerics.arrays import Flags, Floats, Ints
from rlcalc.numerics.kernel import kernel


@dataclass(frozen=True)
class Policy:
    """π(a|s) for each state-action pair of a model, and a name."""

    weight: Floats  # [K] those of a state sum to 1
    name: str

    @classmethod
    def uniform(cls, model: ExpectedMDP) -> Policy:
        """Return the policy that takes every action of a state alike: π(a|s) = 1 / |A(s)|."""
        return cls(shares_of_state(model, np.ones(model.n_pairs)), "uniform")

    @classmethod
    def greedy(cls, model: ExpectedMDP, action_value: Floats, tolerance: float = 0.0) -> Policy:
        """Return the policy that takes the best actions of a state alike.

        Args:
            model: whose pairs they are.
            action_value: [K] Q(s,a).
            tolerance: actions whose Q is less than this below the best count as the best.
        """
        if model.n_pairs > LARGE:
            weight = np.full(model.n_pairs, np.nan)
            share_among_best(model.pair_start, action_value, tolerance, weight)
            return cls(weight, "optimal")
        highest = model.best(action_value)[model.pair_state]
        return cls(shares_of_state(model, action_value >= highest - tolerance), "optimal")

    @classmethod
    def epsilon(
        cls, model: ExpectedMDP, action_value: Floats, epsilon: float, tolerance: float = 0.0
    ) -> Policy:
        """Return the ε-greedy policy: with probability ε any action, else one of the best.

            π(a|s) = ε / |A(s)| + (1 − ε) π*(a|s)

        Args:
            model: whose pairs they are.
            action_value: [K] Q(s,a).
            epsilon: ε.
            tolerance: as in `greedy`.

        Source: Sutton & Barto (2018), section 5.4.
        """
        any_action = cls.uniform(model).weight
        best_action = cls.greedy(model, action_value, tolerance).weight
        return cls(epsilon * any_action + (1 - epsilon) * best_action, f"epsilon:{epsilon:g}")

    @classmethod
    def softmax(cls, model: ExpectedMDP, action_value: Floats, temperature: float) -> Policy:
        """Return the policy that prefers actions by their values: π(a|s) ∝ exp(Q(s,a)/τ)."""
        below = action_value - model.best(action_value)[model.pair_state]
        weight = shares_of_state(model, np.exp(below / temperature))
        return cls(weight, f"softmax:{temperature:g}")


PolicyRule = Callable[[ExpectedMDP, Floats, float], Policy]
"""How a policy follows from the best Q: (model, Q, difference below which actions tie) → π."""


def shares_of_state(model: ExpectedMDP, amount: Floats | Flags) -> Floats:
    """Return each pair's share of the total of its state."""
    amounts = amount.astype(np.float64)
    total = model.mean(amounts, np.ones(model.n_pairs))
    return amounts / total[model.pair_state]


@kernel
def share_among_best(
    pair_start: Ints, action_value: Floats, tolerance: float, weight: Floats
) -> None:
    """π(a|s) ← 1/n for the n actions with Q(s,a) ≥ max_a' Q(s,a') − tolerance, else 0."""
    for s in range(len(pair_start) - 1):
        best, n = -np.inf, 0
        for k in range(pair_start[s], pair_start[s + 1]):
            best = np.maximum(best, action_value[k])
        for k in range(pair_start[s], pair_start[s + 1]):
            n += action_value[k] >= best - tolerance
        for k in range(pair_start[s], pair_start[s + 1]):
            if n:  # else a Q is not a number, and neither is π
                weight[k] = (action_value[k] >= best - tolerance) / n
