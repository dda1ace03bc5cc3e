"""Moments: mean and variance of a policy's gain from each state, with proven bounds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from rlcalc.errors import InputError
from rlcalc.expected_mdp import UNIT_ROUNDOFF
from rlcalc.mdp import MDP
from rlcalc.numerics.arrays import Flags, Floats
from rlcalc.policy import Policy
from rlcalc.solvers.methods import finite_horizon, linear
from rlcalc.solvers.problem import Solution
from rlcalc.solvers.questions import chains
from rlcalc.solvers.questions.submodel import without_actions
from rlcalc.solvers.setup import SolveSetup


@dataclass(frozen=True)
class Moments:
    """Mean and variance of the gain from each state, under a policy."""

    weight: Floats  # [K] π(a|s) of the first step
    mean: Floats  # [S]
    mean_bound: float
    variance: Floats  # [S]
    variance_bound: float
    sd_bound: float


def without_end(setup: SolveSetup, policy: Policy, solution: Solution) -> Moments:
    """Return the moments of the gain of all steps.

        Var(s) = E_π[(r + γ V(s') − V(s))²] + γ² Σ_s' P_π(s'|s) Var(s')

    This is V⁽²⁾ − V² with V⁽²⁾ = E_π[r² + 2 γ r V(s')] + γ² P_π V⁽²⁾, without its cancellation.

    Raises:
        InputError: with gamma 1, a policy that collects rewards for ever has no finite return.

    Source: Sobel (1982), The variance of discounted Markov decision processes.
    """
    mdp, gamma, value = setup.mdp, setup.gamma, solution.value
    chain = mdp.expected.induced_by(policy.weight)
    stays = chains.endless(chain, gamma)
    refuse_endless_rewards(mdp, policy.weight, stays)
    local, local_error = local_variance(mdp, policy.weight, gamma, value, value, solution.bound)
    chain = without_actions(chain, stays)
    certain = chain.terminal
    variance, bound = np.zeros(mdp.n_states), 0.0
    if not certain.all():
        cost = local[~certain]
        solved = linear.solve_system(chain, gamma**2, cost[:, None])[:, 0]
        variance = np.maximum(solved, 0.0)
        ahead = chain.probability * variance[chain.next_state]
        backed = cost + gamma**2 * np.add.reduceat(ahead, chain.outcome_start[:-1])
        residual = float(np.abs(backed - variance[~certain]).max())
        error = residual + local_error + _rounding(mdp, float(variance.max()))
        bound = error * chains.most_discounted_steps(chain, gamma**2)
    sd_bound = _bound_of_root(variance[~certain], bound)
    return Moments(policy.weight, value, solution.bound, variance, bound, sd_bound)


def by_steps_to_go(setup: SolveSetup, horizon: int) -> Iterator[Moments]:
    """Yield the moments of the gain of 1, 2, ..., `horizon` steps.

        Var_n(s) = E_π[(r + γ V_{n−1}(s') − V_n(s))²] + γ² Σ_s' P_π(s'|s) Var_{n−1}(s')

    Without a policy it is the best one, which depends on the number of steps to go.
    """
    mdp, model, gamma = setup.mdp, setup.mdp.expected, setup.gamma
    mean, variance = np.zeros(mdp.n_states), np.zeros(mdp.n_states)
    mean_bound = variance_bound = 0.0
    for layer in finite_horizon.solve(model, setup.weight, gamma, horizon):
        weight = setup.weight
        if weight is None:
            weight = Policy.greedy(model, layer.action_value, 2 * layer.bound).weight
        ahead, off = mean, mean_bound
        size = model.largest_reward + gamma * float(np.abs(ahead).max(initial=0.0))
        mean_bound = gamma * off + _rounding(mdp, size)
        mean = model.mean(model.action_value(ahead, gamma), weight)
        local, error = local_variance(mdp, weight, gamma, mean, ahead, max(off, mean_bound))
        chain = model.induced_by(weight)
        later = np.zeros(mdp.n_states)
        if chain.n_pairs:
            moved = chain.probability * variance[chain.next_state]
            later[~chain.terminal] = np.add.reduceat(moved, chain.outcome_start[:-1])
        variance = local + gamma**2 * later
        error += _rounding(mdp, float(variance.max(initial=0.0)))
        variance_bound = gamma**2 * variance_bound + error
        sd_bound = _bound_of_root(variance[~chain.terminal], variance_bound)
        yield Moments(weight, mean, mean_bound, variance, variance_bound, sd_bound)


def local_variance(
    mdp: MDP, weight: Floats, gamma: float, mean: Floats, ahead: Floats, mean_bound: float
) -> tuple[Floats, float]:
    """Return [S] E_π[(r + γ V'(s') − V(s))²], and a bound on its error.

    Args:
        mdp: the model, in which the reward of each outcome counts, not its mean.
        weight: [K] π(a|s).
        gamma: 0..1.
        mean: [S] V.
        ahead: [S] V', of the steps that follow.
        mean_bound: on the errors of both.
    """
    state = np.repeat(mdp.expected.pair_state, np.diff(mdp.outcome_start))
    chance = np.repeat(weight, np.diff(mdp.outcome_start)) * mdp.probability
    surprise = np.where(chance > 0, mdp.reward + gamma * ahead[mdp.next_state] - mean[state], 0.0)
    local = np.bincount(state, chance * surprise**2, mdp.n_states).astype(np.float64)
    size = float(np.abs(surprise).max(initial=0.0))
    largest = mdp.expected.largest_reward + sum(
        float(np.abs(v).max(initial=0.0)) for v in (mean, ahead)
    )
    off = (1 + gamma) * mean_bound + 4 * UNIT_ROUNDOFF * largest
    return local, off * (2 * size + off) + _rounding(mdp, size**2)


def refuse_endless_rewards(mdp: MDP, weight: Floats, stays: Flags) -> None:
    """Refuse a policy that collects rewards in states that are visited for ever.

    Raises:
        InputError: it does.
    """
    length = np.diff(mdp.outcome_start)
    taken = np.repeat(weight > 0, length) & (mdp.probability > 0) & (mdp.reward != 0)
    if (taken & np.repeat(stays[mdp.expected.pair_state], length)).any():
        raise InputError(
            "the return (gamma = 1) has no distribution: the policy collects rewards for ever",
            fix="use --gamma 0.99, or --horizon N",
        )


def start_facts(
    start: Floats | None, moments: Moments
) -> tuple[dict[str, float | None], dict[str, float | None]]:
    """Return mean and variance of the gain from a random start, and a bound on the variance.

    Var G = E Var(s) + E (V(s) − E V)².
    """
    if start is None:
        return {"start_value": None, "start_variance": None}, {}
    mean = float(start @ moments.mean)
    apart = np.where(start > 0, moments.mean - mean, 0.0)
    variance = float(start @ moments.variance + start @ apart**2)
    largest = float(np.abs(moments.mean).max(initial=0.0))
    roundings = (2 * len(start) + 8) * UNIT_ROUNDOFF
    off = 2 * moments.mean_bound + roundings * largest
    bound = moments.variance_bound + off * (2 * float(start @ np.abs(apart)) + off)
    bound += roundings * variance
    return (
        {"start_value": mean, "start_variance": variance},
        {"start_variance_bound": bound},
    )


def _rounding(mdp: MDP, size: float) -> float:
    """Return a bound on the rounding of Σ π p x of such a size, chances included."""
    widest = int(np.diff(mdp.outcome_start[mdp.pair_start]).max(initial=0))
    return (3 * widest + 12) * UNIT_ROUNDOFF * size


def _bound_of_root(variance: Floats, bound: float) -> float:
    """Return a bound on the error of √variance, where variances may be off by a bound.

    |√x − √y| ≤ |x − y| / √x, and ≤ √(x + |x − y|).
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        apart = np.where(variance > 0, bound / np.sqrt(variance), np.inf)
    return float(np.minimum(apart, np.sqrt(variance + bound)).max(initial=0.0))
