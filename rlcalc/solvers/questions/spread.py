"""Spread: mean, variance and standard deviation of a policy's gain from each state."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from rlcalc.errors import InputError, shown
from rlcalc.expected_mdp import UNIT_ROUNDOFF
from rlcalc.numerics.arrays import Floats, Ints
from rlcalc.result import Column, Fact, Result
from rlcalc.solvers.dispatch import find_solution
from rlcalc.solvers.methods import linear
from rlcalc.solvers.questions import chains
from rlcalc.solvers.questions.submodel import without_actions
from rlcalc.solvers.setup import SolveSetup


def answer(setup: SolveSetup) -> Result:
    """Return the mean, the variance and the standard deviation of the gain, a row a state.

        Var(s) = E_π[(r + γ V(s') − V(s))²] + γ² Σ_s' P_π(s'|s) Var(s')

    This is V⁽²⁾ − V² with V⁽²⁾ = E_π[r² + 2 γ r V(s')] + γ² P_π V⁽²⁾, without its cancellation. The
    reward of each outcome counts, not its mean.

    Raises:
        InputError: with gamma 1, a policy that goes on for ever has no finite return.

    Source: Sobel (1982), The variance of discounted Markov decision processes.
    """
    mdp, model, gamma = setup.mdp, setup.mdp.expected, setup.gamma
    policy, _ = chains.chosen_policy(setup)
    solution = find_solution(replace(setup, policy=policy))
    value, value_bound = solution.value, solution.bound
    outcome_weight = np.repeat(policy.weight, np.diff(mdp.outcome_start))
    state = np.repeat(model.pair_state, np.diff(mdp.outcome_start))
    surprise = mdp.reward + gamma * value[mdp.next_state] - value[state]
    squared = outcome_weight * mdp.probability * surprise**2
    local = np.bincount(state, weights=squared, minlength=mdp.n_states)
    chain = model.induced_by(policy.weight)
    stays = chains.endless(chain, gamma)
    if (stays[state] & (outcome_weight > 0) & (mdp.reward != 0)).any():
        raise InputError(
            "the return (gamma = 1) has no distribution: the policy collects rewards for ever",
            fix="use --gamma 0.99",
        )
    chain = without_actions(chain, stays)
    inner = np.flatnonzero(~chain.terminal)
    variance, bound = np.zeros(mdp.n_states), 0.0
    if len(inner):
        cost = local[inner].astype(np.float64)
        solved = linear.solve_system(chain, gamma**2, cost[:, None])[:, 0]
        variance = np.maximum(solved, 0.0)
        ahead = chain.probability * variance[chain.next_state]
        backed = cost + gamma**2 * np.add.reduceat(ahead, chain.outcome_start[:-1])
        residual = float(np.abs(backed - variance[inner]).max())
        size = float(np.abs(surprise).max(initial=0.0))
        largest = mdp.expected.largest_reward + 2 * float(np.abs(value).max(initial=0.0))
        off = (1 + gamma) * value_bound + 4 * UNIT_ROUNDOFF * largest
        widest = int(np.bincount(state, minlength=1).max())
        rounding = (3 * widest + 12) * UNIT_ROUNDOFF * (size**2 + float(variance.max()))
        error = residual + off * (2 * size + off) + rounding
        bound = error * chains.most_discounted_steps(chain, gamma**2)
    deviation = np.sqrt(variance)
    with np.errstate(divide="ignore", invalid="ignore"):
        apart = np.where(variance > 0, bound / deviation, np.inf)
        sd_bound = float(np.minimum(apart, np.sqrt(variance + bound)).max(initial=0.0))
    rows: Ints = np.arange(mdp.n_states, dtype=np.int64)
    if setup.request.states is not None:
        rows = np.unique(np.array(list(setup.request.states), dtype=np.int64))
    columns = {
        "state": Column(mdp.states.named(rows), "key"),
        "mean": Column(value[rows], symbol="E G"),
        "variance": Column(variance[rows], symbol="Var G"),
        "sd": Column(deviation[rows], symbol="sd G"),
    }
    facts: dict[str, Fact] = {
        "question": "return",
        **_start_facts(mdp.start, value, variance),
        "bound": value_bound,
        "variance_bound": bound,
        "sd_bound": sd_bound,
        "gamma": gamma,
        "policy": policy.name,
        "iterations": solution.iterations,
        "states": mdp.n_states,
    }
    title = f"Spread of the gain of the policy {policy.name}"
    title += f": {shown(mdp.name)}" if mdp.name else ""
    return Result("solve", title, columns, facts, list(mdp.notes))


def _start_facts(start: Floats | None, value: Floats, variance: Floats) -> dict[str, Fact]:
    """Return the mean and the variance of the gain from a random start.

    Var G = E Var(s) + E (V(s) − E V)².
    """
    if start is None:
        return {"start_value": None, "start_variance": None}
    mean = float(start @ value)
    return {
        "start_value": mean,
        "start_variance": float(start @ variance + start @ (value - mean) ** 2),
    }
