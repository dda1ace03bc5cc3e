"""Submodels: a model with some of its pairs and other rewards, and its proven values."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from rlcalc.expected_mdp import ExpectedMDP
from rlcalc.mdp import MDP
from rlcalc.numerics.arrays import Flags, Floats, gather_ranges
from rlcalc.policy import Policy
from rlcalc.solvers.dispatch import find_solution
from rlcalc.solvers.problem import Solution
from rlcalc.solvers.setup import SolveSetup


def submodel(mdp: MDP, kept: Flags, reward: Floats) -> MDP:
    """Return a model with some of its pairs; states that lose all of them become terminal.

    Args:
        mdp: the model.
        kept: [K] which pairs.
        reward: [N] r of every outcome of `mdp`.
    """
    outcome_start, outcome = gather_ranges(mdp.outcome_start, np.flatnonzero(kept))
    return replace(
        mdp,
        pair_start=np.concatenate([[0], np.cumsum(kept)])[mdp.pair_start],
        action=mdp.action[kept],
        outcome_start=outcome_start,
        next_state=mdp.next_state[outcome],
        probability=mdp.probability[outcome],
        reward=reward[outcome],
        policy=None,
    )


def total_reward(setup: SolveSetup, kept: Flags, reward: Floats) -> Solution:
    """Return the largest total reward of a submodel, or the policy's, with its bound."""
    small = submodel(setup.mdp, kept, reward)
    if not kept.any():
        return Solution(np.zeros(0), np.zeros(small.n_states), 0.0, "graph", 0)
    policy = setup.policy and Policy(setup.policy.weight[kept], setup.policy.name)
    return find_solution(replace(setup, mdp=small, gamma=1.0, policy=policy))


def graph_of(setup: SolveSetup) -> ExpectedMDP:
    """Return the model whose graph decides what is certain: under a policy, the induced one."""
    return setup.model(exact=False)


def without_actions(model: ExpectedMDP, states: Flags) -> ExpectedMDP:
    """Return a model in which some states are terminal."""
    return model.keep(~states[model.pair_state])
