"""Proper policies: the stochastic shortest path problem, in which only what surely ends counts."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from rlcalc.graph.end_components import end_components
from rlcalc.labels import Labels
from rlcalc.mdp import MDP
from rlcalc.numerics.arrays import Flags, Ints, gather_ranges
from rlcalc.result import Result
from rlcalc.solvers.dispatch import EXACT, find_solution
from rlcalc.solvers.problem import Solution
from rlcalc.solvers.questions import certainty
from rlcalc.solvers.questions.answers import by_pair
from rlcalc.solvers.questions.submodel import graph_of, submodel, total_reward
from rlcalc.solvers.setup import SolveSetup


def answer(setup: SolveSetup) -> Result:
    """Return the largest total reward of the policies that end with probability 1.

    Where none does, the value is −∞. Elsewhere the pairs that lead there are left out. The states
    among which one can go round for nothing become one state, which has to be left.

    Source: Bertsekas & Tsitsiklis (1991); de Alfaro (1999).
    """
    graph, mdp = graph_of(setup), setup.mdp
    model = mdp.expected
    finite = certainty.surely_by_some_policy(graph, graph.terminal)
    if setup.policy:
        solution = total_reward(setup, finite[model.pair_state], mdp.reward)
    else:
        solution = _best(setup, submodel(mdp, certainty.pairs_staying(model, finite), mdp.reward))
    value = solution.value = np.where(finite, solution.value, -np.inf)
    ahead = model.probability * value[model.next_state]
    solution.action_value = model.reward + np.add.reduceat(ahead, model.outcome_start[:-1])
    solution.bound += model.rounding(np.where(finite, value, 0.0), 1.0)
    name = "policies that end" if setup.policy is None else f"the policy {setup.policy.name}"
    facts = {"question": "proper"}
    return by_pair(setup, solution, f"V, Q and A of {name}", facts, infinite=True)


def _best(setup: SolveSetup, mdp: MDP) -> Solution:
    if not mdp.n_pairs:
        return Solution(np.zeros(0), np.zeros(mdp.n_states), 0.0, "graph", 0)
    small, stands = without_free_rounds(mdp)
    solution = find_solution(replace(setup, mdp=small, gamma=1.0))
    solution.value = solution.value[stands]
    return solution


def without_free_rounds(mdp: MDP) -> tuple[MDP, Ints]:
    """Return the model whose zero-reward end components are single states that must be left.

    Returns:
        the model; [S] the state of it that stands for each state.
    """
    exact = len(mdp.next_state) <= EXACT
    free: Flags = np.asarray((mdp.exact if exact else mdp.expected).reward == 0, dtype=bool)
    components = end_components(mdp.expected, free)
    alone = components.number < 0
    group = np.where(alone, components.count + np.arange(mdp.n_states), components.number)
    first, stands = np.unique(group, return_index=True, return_inverse=True)[1:]
    kept = np.flatnonzero(~components.stays)
    state = stands[mdp.expected.pair_state[kept]]
    order = np.argsort(state, kind="stable")
    outcome_start, outcome = gather_ranges(mdp.outcome_start, kept[order])
    small = replace(
        mdp,
        pair_start=np.searchsorted(state[order], np.arange(len(first) + 1)),
        action=mdp.action[kept[order]],
        outcome_start=outcome_start,
        next_state=stands[mdp.next_state[outcome]].astype(np.int32),
        probability=mdp.probability[outcome],
        reward=mdp.reward[outcome],
        states=Labels(map(str, mdp.states.named(first))),
        start=None,
        policy=None,
        cells=None,
    )
    return small, stands
