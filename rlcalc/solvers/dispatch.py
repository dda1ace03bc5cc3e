"""Dispatch: the requested method finds values, and a proof bounds their error."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from importlib import import_module

import numpy as np

from rlcalc.expected_mdp import UNIT_ROUNDOFF, ExpectedMDP
from rlcalc.graph import mec_quotient
from rlcalc.graph.reachability import policy_reaching_end
from rlcalc.result import Fact
from rlcalc.solvers.methods import (
    METHODS,
    linear,
    modified_policy_iteration_numpy,
    total_reward,
    value_iteration,
)
from rlcalc.solvers.methods.total_reward import Gather
from rlcalc.solvers.problem import (
    AverageGain,
    Iterate,
    Iteration,
    Method,
    Problem,
    ProvenValues,
    Solution,
    Trace,
)
from rlcalc.solvers.proofs.macqueen import span_bound
from rlcalc.solvers.setup import SolveSetup

TINY, EXACT = 1 << 9, 1 << 13
"""Outcomes up to which values are refined and proven in fractions: at once, and where floats do not
prove enough."""

COMPILED = 1 << 20
"""Outcomes from which on compiled loops pay, whatever the number of states."""

MOST_IMPROVEMENTS = 20
"""Policies that are evaluated in fractions until one is proven to be the best."""


def find_solution(setup: SolveSetup) -> Solution:
    """Return the values of the policy, or of the best one, with their bound.

    Raises:
        InputError: there is no answer.
    """
    request, gamma = setup.request, setup.gamma
    if request.criterion == "average":
        return _average(setup)
    iterative = request.bellman or request.method not in ("auto", "policy-iteration", "linear")
    n_outcomes = len(setup.mdp.next_state)
    may_be_exact = (gamma == 1 or not iterative) and n_outcomes <= EXACT
    exact = may_be_exact and n_outcomes <= TINY
    solve = _total if gamma == 1 else _discounted
    trace: list[Iteration] = Trace()
    proven, iterations, method = solve(setup, setup.model(exact=exact), trace)
    if may_be_exact and not proven.bound <= setup.target_bound:
        again: list[Iteration] = []
        other = solve(setup, setup.model(exact=not exact), again)
        if other[0].bound < proven.bound:
            (proven, iterations, method), trace, exact = other, again, not exact
    q, value = proven.action_value, proven.value
    model = setup.mdp.exact if exact else setup.mdp.expected
    if setup.policy is not None:
        q = model.action_value(value, gamma)
    bound = proven.bound + model.rounding(value, gamma)
    if exact:
        q, value = q.astype(np.float64), value.astype(np.float64)
        largest = max(float(np.abs(q).max(initial=0)), float(np.abs(value).max(initial=0)))
        bound += 2 * UNIT_ROUNDOFF * largest
    return Solution(q, value, bound, method, iterations, trace)


def _discounted(
    setup: SolveSetup, model: ExpectedMDP, trace: list[Iteration]
) -> tuple[ProvenValues, int, str]:
    gamma, tol = setup.gamma, setup.target_bound
    rough = setup.model(exact=False) if model.exact else model
    iterate, method = _iterate(setup, _problem(setup, rough, 0.9 * tol, trace))
    value = iterate.value
    if not np.isfinite(value).all():
        zero = np.zeros(model.n_states)
        return ProvenValues(zero, np.inf, model.reward), iterate.iterations, method
    if not model.exact:
        return span_bound(model, value, gamma, tol), iterate.iterations, method
    chosen = rough.greedy(rough.action_value(value, gamma))
    for _ in range(MOST_IMPROVEMENTS):  # one is enough unless floats took another for the best
        chain = model.only(chosen)
        value = linear.solve_system(chain, gamma, chain.reward[:, None])[:, 0]
        if not np.isfinite(value.astype(np.float64)).all():
            value = iterate.value
        proven = span_bound(model, value, gamma, tol)
        better = model.greedy(model.action_value(value, gamma))
        if proven.bound <= tol or np.array_equal(better, chosen):
            break
        chosen = better
    return proven, iterate.iterations, method


def _problem(setup: SolveSetup, model: ExpectedMDP, tol: float, trace: list[Iteration]) -> Problem:
    request = setup.request
    return Problem(model, setup.gamma, tol, request.max_iterations, jobs=request.jobs, trace=trace)


def _iterate(setup: SolveSetup, problem: Problem) -> tuple[Iterate, str]:
    """Return the values that the requested method finds, and the method's name."""
    request = setup.request
    if request.bellman:
        whole = replace(problem, model=setup.mdp.expected)
        kind = request.bellman.upper()
        iterate = value_iteration.iterate_values(whole, request.bellman, setup.weight)
        return iterate, f"value-iteration {kind[0]}←{kind[1]}"
    if request.method == "auto":
        if problem.model.n_states <= linear.DENSE and problem.model.n_outcomes <= COMPILED:
            return dispatch_small_model(problem)
        from rlcalc.solvers.methods.automatic import solve_automatically

        return solve_automatically(problem)
    return load_method(request.method)(problem), request.method


def dispatch_small_model(problem: Problem) -> tuple[Iterate, str]:
    """Solve a small model without a compiler: by sweeps if it mixes, else directly.

    With gamma = 1 a direct method ends what sweeps have begun, for the proof needs its precision.
    """
    if problem.model.n_outcomes > TINY:
        method = "modified-policy-iteration"
        swept = modified_policy_iteration_numpy.solve(problem)
        if swept is None and problem.gamma == 1:
            begin = np.zeros(problem.model.n_states) if problem.value is None else problem.value
            swept = Iterate(begin, 0)
        if swept is None:
            method = "value-iteration"
            swept = value_iteration.solve(replace(problem, max_iterations=FEW_SWEEPS))
        if problem.gamma < 1 and problem.trace[-1].bound <= problem.tol:
            return swept, method
        problem.trace.clear()
        problem = replace(problem, value=swept.value)
    method = "linear" if problem.is_policy else "policy-iteration"
    return load_method(method)(problem), method


FEW_SWEEPS = 100


def load_method(method: str) -> Method:
    """Return the function that solves by a method."""
    solve: Method = import_module(f"rlcalc.solvers.methods.{METHODS[method]}").solve
    return solve


def _total(
    setup: SolveSetup, model: ExpectedMDP, trace: list[Iteration]
) -> tuple[ProvenValues, int, str]:
    request, names, tol = setup.request, setup.mdp.states.first_texts, setup.target_bound
    problem = _problem(setup, model, tol, trace)

    def find_in(part: Problem, gather: Gather) -> tuple[Iterate, str]:
        iterate, method = _iterate(setup, part)
        if request.bellman:
            iterate = replace(iterate, value=gather(iterate.value))
        return iterate, method

    if not model.exact:
        return total_reward.solve_in_floats(problem, names, find_in)
    direct = request.method in ("auto", "policy-iteration")
    direct |= request.method == "linear" and setup.policy is not None  # else the linear program
    if request.bellman or not direct:
        quotient = mec_quotient.quotient_of(setup.model(exact=False))
        policy_reaching_end(quotient.model, names)  # there is one, or an error
        iterate, method = find_in(
            replace(problem, model=quotient.model, tol=tol / 10), quotient.gather
        )
        is_finite = np.isfinite(iterate.value).all()
        begin = quotient.spread(iterate.value) if is_finite else None
        problem = replace(problem, value=begin, max_iterations=1000, trace=Trace())
        return total_reward.solve(problem, names)[0], iterate.iterations, method
    method = "policy-iteration" if setup.policy is None else "linear"
    proven, iterations = total_reward.solve(problem, names)
    return proven, iterations, method


def _average(setup: SolveSetup) -> Solution:
    from rlcalc.solvers.methods import average_reward, multichain_average

    may_be_exact = len(setup.mdp.next_state) <= EXACT
    exact = (lambda: setup.model(exact=True)) if may_be_exact else None

    def best_total(made: Callable[[ExpectedMDP], ExpectedMDP], largest: float) -> ProvenValues:
        tol = min(setup.target_bound, setup.request.accepted_bound(largest or 1.0)) / 2
        finer = replace(setup, request=replace(setup.request, tol=tol, relative=False))
        proven = _total(finer, made(setup.model(exact=False)), Trace())[0]
        if not proven.bound <= tol and exact is not None:
            other = _total(finer, made(exact()), Trace())[0]
            proven = other if other.bound < proven.bound else proven
        return proven

    trace: list[Iteration] = Trace()
    problem = _problem(setup, setup.model(exact=False), setup.target_bound, trace)
    average = average_reward.solve(problem, exact)
    if average is None:
        trace.clear()
        average = multichain_average.solve(problem, best_total, exact)
    model, weight = setup.mdp.expected, setup.weight
    pair_gain = multichain_average.pair_gain(model, average.gain)
    q = model.action_value(average.bias, 1.0) - pair_gain
    if weight is not None:
        value = model.mean(q, weight)
    elif average.weight is None:
        value = model.best(q)
    else:
        value = np.zeros(model.n_states)
        value[~model.terminal] = q[average.chosen[~model.terminal]]
    best = average.weight if weight is None else None
    gains = AverageGain(average.gain, pair_gain, best)
    start, same = setup.mdp.start, np.ptp(average.gain) == 0
    facts: dict[str, Fact] = {
        "gain": float(average.gain[0]) if same else None,
        "start_gain": None if start is None else float(start @ average.gain),
        "bias_bound": average.bias_bound,
    }
    bound, iterations = average.bound, average.iterations
    return Solution(q, value, bound, "policy-iteration", iterations, trace, facts, gains)
