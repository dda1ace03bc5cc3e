"""The answer: a method finds values, a proof says how near they are."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from importlib import import_module

import numpy as np

from rlcalc.expected_mdp import LARGE, UNIT_ROUNDOFF, ExpectedMDP
from rlcalc.graph import mec_quotient
from rlcalc.graph.mec_quotient import Names
from rlcalc.mdp import MDP
from rlcalc.numerics.arrays import Floats, Ints
from rlcalc.policy import Policy
from rlcalc.result import Fact
from rlcalc.solvers.methods import (
    linear,
    modified_policy_iteration_numpy,
    total_reward,
    value_iteration,
)
from rlcalc.solvers.methods.total_reward import Gather
from rlcalc.solvers.problem import Iterate, Iteration, Method, Problem
from rlcalc.solvers.proofs.macqueen import Proven, span_bound
from rlcalc.solvers.request import SolveRequest

EXACT = 1 << 13
"""Outcomes up to which what a direct method finds is refined and proven in fractions."""

MOST_IMPROVEMENTS = 20
"""Policies that are evaluated in fractions until one is proven to be the best."""


@dataclass
class Solution:
    """Values with their bound, and how they were found."""

    action_value: Floats  # [K]
    value: Floats  # [S]
    bound: float
    method: str
    iterations: int
    trace: list[Iteration] = field(default_factory=list)
    facts: dict[str, Fact] = field(default_factory=dict)


def find_solution(mdp: MDP, request: SolveRequest, gamma: float, policy: Policy | None) -> Solution:
    """Return the values of a policy, or of the best one for None, with their bound.

    Raises:
        InputError: there is no answer.
    """
    if request.criterion == "average":
        model = mdp.expected
        decided = model if policy is None else model.induced_by(policy.weight)
        return _average(mdp, request, decided, policy)
    trace: list[Iteration] = []
    iterative = request.bellman or request.method not in ("auto", "policy-iteration", "linear")
    refine = (gamma == 1 or not iterative) and len(mdp.next_state) <= EXACT
    model = mdp.exact if refine else mdp.expected
    decided = model if policy is None else model.induced_by(policy.weight)
    work = _total if gamma == 1 else _discounted
    proven, iterations, method = work(mdp, request, decided, gamma, policy, trace)
    q, value = proven.action_value, proven.value
    if policy is not None:
        q = model.action_value(value, gamma)
    bound = proven.bound + model.rounding(value, gamma)
    if refine:
        q, value = q.astype(np.float64), value.astype(np.float64)
        largest = max(float(np.abs(q).max(initial=0)), float(np.abs(value).max(initial=0)))
        bound += 2 * UNIT_ROUNDOFF * largest
    return Solution(q, value, bound, method, iterations, trace)


def _discounted(
    mdp: MDP,
    request: SolveRequest,
    decided: ExpectedMDP,
    gamma: float,
    policy: Policy | None,
    trace: list[Iteration],
) -> tuple[Proven, int, str]:
    tol = request.aim(mdp.expected)
    rough = _in_floats(mdp, decided, policy)
    problem = Problem(
        rough,
        gamma,
        0.9 * tol,
        request.max_iterations,
        jobs=request.jobs,
        trace=trace,
    )
    found, method = _iterated(mdp, request, problem, policy)
    value = found.value
    if not np.isfinite(value).all():
        nothing = np.zeros(decided.n_states)
        return Proven(nothing, np.inf, decided.reward), found.iterations, method
    if not decided.exact:
        return span_bound(decided, value, gamma, tol), found.iterations, method
    chosen = rough.greedy(rough.action_value(value, gamma))
    for _ in range(MOST_IMPROVEMENTS):  # one is enough unless floats took another for the best
        chain = decided.only(chosen)
        value = linear.system(chain, gamma, chain.reward[:, None])[:, 0]
        if not np.isfinite(value.astype(np.float64)).all():
            value = found.value
        proven = span_bound(decided, value, gamma, tol)
        better = decided.greedy(decided.action_value(value, gamma))
        if proven.bound <= tol or np.array_equal(better, chosen):
            break
        chosen = better
    return proven, found.iterations, method


def _in_floats(mdp: MDP, decided: ExpectedMDP, policy: Policy | None) -> ExpectedMDP:
    """Return the model in which the policy has decided, in floats: what a method works on."""
    if not decided.exact:
        return decided
    return mdp.expected if policy is None else mdp.expected.induced_by(policy.weight)


def _iterated(
    mdp: MDP, request: SolveRequest, problem: Problem, policy: Policy | None
) -> tuple[Iterate, str]:
    """Return what the method that was asked for finds, and the name of the method."""
    if request.bellman:
        whole = replace(problem, model=mdp.expected)
        weight = None if policy is None else policy.weight
        found = value_iteration.iterate(whole, request.bellman, weight)
        kind = request.bellman.upper()
        return found, f"value-iteration {kind[0]}←{kind[1]}"
    if request.method == "auto":
        if problem.model.n_states <= linear.DENSE and problem.gamma < 1:
            return solve_small(problem)
        from rlcalc.solvers.methods import automatic

        return automatic.solve(problem)
    return method_of(request.method)(problem), request.method


def solve_small(problem: Problem) -> tuple[Iterate, str]:
    """Solve a small model without a compiler: by a few sweeps if it mixes, else directly."""
    if problem.model.n_outcomes > EXACT:
        method = "modified-policy-iteration"
        swept = (
            modified_policy_iteration_numpy.solve(problem)
            if problem.model.n_outcomes <= LARGE
            else None
        )
        if swept is None:
            method = "value-iteration"
            swept = value_iteration.solve(replace(problem, max_iterations=FEW_SWEEPS))
        if problem.trace[-1].bound <= problem.tol:
            return swept, method
        problem.trace.clear()
        problem = replace(problem, value=swept.value)
    method = "linear" if problem.is_policy else "policy-iteration"
    return method_of(method)(problem), method


FEW_SWEEPS = 100


def method_of(method: str) -> Method:
    """Return the function that is a method."""
    solve: Method = import_module(f"rlcalc.solvers.methods.{method.replace('-', '_')}").solve
    return solve


def _total(
    mdp: MDP,
    request: SolveRequest,
    decided: ExpectedMDP,
    gamma: float,
    policy: Policy | None,
    trace: list[Iteration],
) -> tuple[Proven, int, str]:
    names = state_names(mdp)
    tol = request.aim(decided)
    problem = Problem(decided, gamma, tol, request.max_iterations, jobs=request.jobs, trace=trace)

    def find_in(part: Problem, gather: Gather) -> tuple[Iterate, str]:
        found, method = _iterated(mdp, request, part, policy)
        return (replace(found, value=gather(found.value)) if request.bellman else found), method

    if not decided.exact:
        return total_reward.solve_in_floats(decided, names, problem, find_in)
    if request.bellman or request.method not in ("auto", "linear", "policy-iteration"):
        rough = _in_floats(mdp, decided, policy)
        stopping = mec_quotient.quotient_of(rough)
        mec_quotient.ending_policy(stopping.model, names)  # there is one, or an error
        found, method = find_in(
            replace(problem, model=stopping.model, tol=tol / 10), stopping.gather
        )
        fine = stopping.spread(found.value) if np.isfinite(found.value).all() else None
        return total_reward.solve(decided, names, 1000, [], fine)[0], found.iterations, method
    method = "policy-iteration" if policy is None else "linear"
    proven, iterations = total_reward.solve(decided, names, request.max_iterations, trace)
    return proven, iterations, method


def _average(
    mdp: MDP, request: SolveRequest, decided: ExpectedMDP, policy: Policy | None
) -> Solution:
    trace: list[Iteration] = []
    from rlcalc.solvers.methods import average_reward

    found = average_reward.solve(
        decided, state_names(mdp), request.aim(decided), request.max_iterations, trace
    )
    model = mdp.expected
    q = model.action_value(found.bias, 1.0) - found.gain
    value = model.best(q) if policy is None else model.mean(q, policy.weight)
    facts: dict[str, Fact] = {"gain": found.gain, "bias_bound": found.bias_bound}
    return Solution(q, value, found.bound, "policy-iteration", found.iterations, trace, facts)


def state_names(mdp: MDP) -> Names:
    """Return what tells the names of states by their numbers."""

    def names(states: Ints) -> list[object]:
        texts = mdp.states.texts
        return [texts[state] for state in states[:8]]

    return names
