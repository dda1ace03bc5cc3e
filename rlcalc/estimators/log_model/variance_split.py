"""The variance of the gain, split into what the policy, the environment and the start add to it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from rlcalc.estimators.request import System
from rlcalc.expected_mdp import ExpectedMDP
from rlcalc.numerics.arrays import Floats, Ints

PARTS = ("policy", "environment", "start")
NEGLIGIBLE = 2.0**-80
"""A part of the variance that is not more than this share of max Q² is rounding, so it is 0."""


@dataclass(frozen=True)
class Randomness:
    """A model under a policy, with the rewards of its outcomes: what a split is computed from."""

    model: ExpectedMDP
    reward: Floats  # [N] mean reward of each outcome
    variance: Floats  # [N] variance of the reward of each outcome
    policy: Floats  # [K] π(a|s)
    start: Floats  # [S]
    gamma: float


@dataclass(frozen=True)
class VarianceSplit:
    """The parts of the variance, and the values that they come from."""

    value: Floats  # [S] V
    action_value: Floats  # [K] Q
    advantage: Floats  # [K] A
    local: Floats  # [S, 2] Σ_a π A² and Σ_a π Var(r + γV'|s,a)
    ahead: Floats  # [S, 2] the discounted sum of both from each state
    start_value: float
    parts: Floats  # [3] as in `PARTS`, in reward² units

    def facts(self) -> Iterator[tuple[str, float]]:
        """Yield the whole variance and its parts, by name."""
        yield "variance_of_gain", float(self.parts.sum())
        for name, part in zip(PARTS, self.parts.tolist(), strict=True):
            yield f"variance_{name}", part


def split_variance(
    world: Randomness, value: Floats, chain: ExpectedMDP, system: System
) -> VarianceSplit:
    """Return the parts of the variance of the gain from the start.

        Var G = Σ_s d(s) Σ_a π(a|s) A(s,a)²                              policy
              + Σ_s d(s) Σ_a π(a|s) Var(r + γ V(s') | s, a)              environment
              + Var V(s_0)                                               start

    d(s) = Σ_t γ^{2t} P(s_t = s). What is learnt at each step, of the action and of what follows it,
    is a martingale difference: these are not correlated, so their variances add up.

    Args:
        world: the model, the policy and the start.
        value: [S] V of the policy.
        chain: the chain that the policy induces, in which states without an end are terminal.
        system: solves linear systems.

    Source: Sobel (1982) for the sum; the martingale of the gain for its parts.
    """
    model, gamma = world.model, world.gamma
    first = model.outcome_start[:-1]
    target = world.reward + gamma * value[model.next_state]
    action_value = _sums(model.probability * target, first)
    pair = np.repeat(np.arange(model.n_pairs), np.diff(model.outcome_start))
    apart = model.probability * ((target - action_value[pair]) ** 2 + world.variance)
    spread = _sums(apart, first)
    advantage = action_value - value[model.pair_state]
    local = np.stack(
        [model.mean(advantage**2, world.policy), model.mean(spread, world.policy)], axis=1
    )
    ahead = system(chain, gamma**2, local[~chain.terminal], False)
    start_value = float(world.start @ value)
    parts = np.append(world.start @ ahead, world.start @ (value - start_value) ** 2)
    largest = float(np.abs(action_value).max(initial=0.0))
    parts = np.where(parts <= NEGLIGIBLE * largest**2, 0.0, parts)
    return VarianceSplit(value, action_value, advantage, local, ahead, start_value, parts)


def _sums(values: Floats, first: Ints) -> Floats:
    return np.add.reduceat(values, first) if len(first) else values[:0]
