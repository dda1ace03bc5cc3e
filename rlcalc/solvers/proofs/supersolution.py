"""Super-solutions: a proof of the total reward in floats.

If u > r + P u for every pair, then V ≤ u. The values v of an optimal policy fulfil this up to a
residual by rounding. Where an episode is long, the residual counts once for each step. So values
are sums of two floats, and the residual is computed from differences of neighbours, which rounding
changes little. The largest sum of residuals that actions can collect until the end is w, a total
reward of its own, and u = v + w.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from rlcalc.expected_mdp import ExpectedMDP
from rlcalc.graph.reachability import never_ending
from rlcalc.numerics.arrays import Floats, Ints
from rlcalc.solvers.methods import linear
from rlcalc.solvers.methods.automatic import solve_automatically
from rlcalc.solvers.methods.bellman_sweeps import Arrays
from rlcalc.solvers.methods.graph_shape import spreads_fast
from rlcalc.solvers.problem import Problem
from rlcalc.solvers.proofs.double_double import SMALLEST_RESIDUAL, TwoFloats, residual
from rlcalc.solvers.proofs.flat_regions import prove_by_regions
from rlcalc.solvers.proofs.macqueen import rounded_up

MOST_SWEEPS = 100_000
MOST_POLICIES = 50
ROUGHLY = 0.25
"""The largest residual of w, relative to the least reward collected at a step."""
FINER = 100.0
"""The factor by which the next attempt reduces the residual."""
NEARLY = 4.0
"""A bound up to 4 times the requested one is still computed and reported."""
DIRECT = 50_000
"""States up to which a policy's equations are factorised where sweeps make no progress."""


def prove(
    model: ExpectedMDP, value: Floats, goal: float, jobs: int | None = None
) -> tuple[Floats, float]:
    """Return values near some others, and their proven distance from the largest total reward.

    It is infinite where nothing is proven. Residuals are tried first, then, in a model that is not
    large, the quotient by its flat regions.

    Args:
        model: in which a policy that never ends loses without limit (see `graph.mec_quotient`).
        value: [S] whose best policy ends.
        goal: the requested bound.
        jobs: threads.
    """
    values, bound = prove_by_residuals(model, value, goal, jobs)
    if bound <= goal or model.n_states > DIRECT:
        return values, bound
    other, near = prove_by_regions(model, values, goal, prove_by_residuals)
    return (other, near) if near < bound else (values, bound)


def prove_by_residuals(
    model: ExpectedMDP, value: Floats, goal: float, jobs: int | None = None
) -> tuple[Floats, float]:
    """Return values near some others, and their proven distance from the largest total reward.

    It is infinite where nothing is proven.

        g(s,a) = r + Σ_s' P(s'|s,a) (v(s') − v(s)),    |fl(g) − g| ≤ m(s,a)
        w(s) > max_a [ g(s,a) + 4 m(s,a) + Σ_s' P(s'|s,a) w(s') ]

    Then V ≤ v + w, and V ≥ v − w if a policy that ends has nearly no g. Both are checked for the
    computed v and w, whatever method computed them. A smaller residual g gives a smaller w.

    Args:
        model: in which a policy that never ends loses without limit (see `graph.mec_quotient`).
        value: [S] whose best policy ends.
        goal: the requested bound.
        jobs: threads.
    """
    values = TwoFloats(value, np.zeros_like(value))
    steps = _steps_to_end(model, value, jobs)
    epsilon = goal / (2 * max(1.0, float(steps.max(initial=0.0))))
    if model.reward.max(initial=-np.inf) >= 0:  # one may go round for longer where that is free
        epsilon /= FINER**2
    least = SMALLEST_RESIDUAL * max(float(np.abs(value).max(initial=0.0)), model.largest_reward)
    proven, bound = value, np.inf
    while epsilon > least:
        values = _reduce_residual(model, values, epsilon / 4, jobs)
        gained, margin = residual(model, values)
        if not float((np.abs(model.best(gained)) - model.best(margin)).max()) <= epsilon / 4:
            break
        collected = replace(model, reward=gained + 4 * margin + epsilon, largest_reward=epsilon)
        w = _solve_total_reward(collected, epsilon * ROUGHLY, epsilon * steps, NEARLY * goal, jobs)
        if w.max() <= NEARLY * goal and _is_supersolution(model, values, w, model.greedy(gained)):
            proven, bound = values.high, rounded_up(float((w + np.abs(values.low)).max())) + least
        if bound <= goal:
            break
        steps = w / epsilon
        epsilon /= FINER
    return proven if bound < np.inf else values.high, bound


def _is_supersolution(model: ExpectedMDP, values: TwoFloats, w: Floats, chosen: Ints) -> bool:
    """Return whether v + w is above all backups, and v − w below those of a policy that ends."""
    gained, margin = residual(model, values.plus(w))
    if not (gained + margin < 0).all():
        return False
    gained, margin = residual(model, values.plus(-w))
    pair = chosen[chosen >= 0]
    reached = bool((gained[pair] - margin[pair] >= 0).all())
    return reached and not len(never_ending(model.only(chosen)))


def _reduce_residual(
    model: ExpectedMDP, values: TwoFloats, goal: float, jobs: int | None
) -> TwoFloats:
    """Return values with a residual of at most `goal`, or as small as rounding allows."""
    before = np.inf
    while True:
        gained, margin = residual(model, values)
        best = np.abs(model.best(gained))
        remaining = float((best - model.best(margin)).max())
        if remaining <= goal or not remaining < before / 2:
            return values
        before = remaining
        missing = replace(model, reward=gained, largest_reward=float(best.max()))
        zero = np.zeros(model.n_states)
        values = values.plus(_solve_total_reward(missing, 0.9 * goal, zero, np.inf, jobs))


def _solve_total_reward(
    model: ExpectedMDP, goal: float, near: Floats, limit: float, jobs: int | None
) -> Floats:
    """Return the largest total reward up to `goal` in each backup; a rough one above the limit."""
    if model.n_states <= linear.DENSE:
        value = _policy_iteration(model, goal, limit, linear.solve_system)
        if np.isfinite(value).all():
            return value
    problem = Problem(model, 1.0, goal, MOST_SWEEPS, near, jobs)
    value = solve_automatically(problem, 0, limit)[0].value
    change = np.abs(model.best(model.action_value(value, 1.0)) - value).max()
    if change <= goal or value.max() > limit or model.n_states > DIRECT:
        return value
    if spreads_fast(Arrays.of(model)):  # factors would fill up
        return value
    return _policy_iteration(model, goal, limit, linear.solve_by_factors)


def _policy_iteration(
    model: ExpectedMDP, goal: float, limit: float, solve: Callable[..., Floats]
) -> Floats:
    """Return the same by policy iteration with factorised equations."""
    chosen, inner = model.greedy(model.reward), ~model.terminal
    for _ in range(MOST_POLICIES):
        chain = model.only(chosen)
        value = solve(chain, 1.0, chain.reward[:, None])[:, 0]
        if not value.max() <= limit:
            break
        q = model.action_value(value, 1.0)
        better = inner & (model.best(q) - value > goal)
        if not better.any():
            break
        chosen = np.where(better, model.greedy(q), chosen)
    return value


def _steps_to_end(model: ExpectedMDP, value: Floats, jobs: int | None) -> Floats:
    """Return the approximate number of steps until the best policy ends."""
    most = float(model.reward.max(initial=-np.inf))
    if most < 0:  # so each step costs that at least
        return value / most
    chain = model.only(model.greedy(model.action_value(value, 1.0)))
    one = replace(chain, reward=np.ones(chain.n_pairs), largest_reward=1.0)
    if one.n_states <= linear.DENSE:
        steps = linear.solve_system(one, 1.0, one.reward[:, None])[:, 0]
        if np.isfinite(steps).all() and steps.min(initial=0.0) >= 0:
            return steps
    return solve_automatically(Problem(one, 1.0, ROUGHLY, MOST_SWEEPS, None, jobs), 0)[0].value
