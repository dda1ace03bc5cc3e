"""From a model and a question to the answer: a method finds it, a bound proves it, facts tell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from importlib import import_module
from typing import Literal

import numpy as np

from rlcalc.errors import InputError, NotConverged, UsageError, nearest, shown
from rlcalc.expected import UNIT_ROUNDOFF, Expected
from rlcalc.mdp import MDP
from rlcalc.policy import Policy
from rlcalc.result import Column, Fact, Result
from rlcalc.solvers import linear, stops, total_reward, value_iteration
from rlcalc.solvers.bounds import Proven, span_bound
from rlcalc.solvers.components import reachable
from rlcalc.solvers.problem import Found, Iteration, Method, Problem
from rlcalc.solvers.stops import Names
from rlcalc.trajectories import Flags, Floats, Ints

METHODS = (
    "value-iteration",
    "gauss-seidel",
    "policy-iteration",
    "modified-policy-iteration",
    "linear",
    "krylov",
)


@dataclass(frozen=True)
class Question:
    """What is asked of a model."""

    policy: str | Policy = "optimal"  # optimal, uniform, spec, epsilon:ε, softmax:τ
    gamma: float | None = None  # None: what the model says, else 1
    horizon: int | None = None
    criterion: Literal["reward", "average"] = "reward"
    method: str = "auto"
    bellman: value_iteration.Recursion | None = None
    tol: float = 1e-6
    max_iterations: int = 1_000_000
    states: Sequence[int] | None = None  # only the rows of these
    trace: bool = False  # the rows are the iterations
    jobs: int | None = None


@dataclass
class Answer:
    """Values with their bound, and how they were found."""

    action_value: Floats  # [K]
    value: Floats  # [S]
    bound: float
    method: str
    iterations: int
    trace: list[Iteration] = field(default_factory=list)
    facts: dict[str, Fact] = field(default_factory=dict)


def solve(mdp: MDP, question: Question) -> Result:
    """Return V, Q, A and π of a policy, the best one unless another is asked for.

    Rows are state-action pairs: π(a|s), Q(s,a), V(s), A(s,a) = Q(s,a) − V(s). `bound` is a number B
    with |v − V| ≤ B in every state, rounding included; as much holds for q.

    Args:
        mdp: the model.
        question: what is asked of it.

    Raises:
        InputError: the answer does not exist, or the model lacks what the question needs.
        UsageError: the question contradicts itself.
    """
    gamma = _settled(mdp, question)
    model = mdp.expected
    if question.horizon is not None:
        return _by_steps_to_go(mdp, question, gamma)
    policy = policy_asked(mdp, question, gamma)
    answer = _answer(mdp, question, gamma, policy)
    weight, name = _followed(mdp, answer, gamma, policy)
    if question.trace:
        return _traced(mdp, answer, gamma, name)
    rows = rows_of(mdp, question.states)
    facts = _facts(mdp, answer, gamma, name, weight)
    states, actions = pair_names(mdp)
    columns = {
        "state": Column(states[rows], "key"),
        "action": Column(actions[rows], "key"),
        "pi": Column(weight[rows], symbol="π"),
        "q": Column(answer.action_value[rows], symbol="Q"),
        "v": Column(answer.value[model.pair_state[rows]], symbol="V"),
        "a": Column((answer.action_value - answer.value[model.pair_state])[rows], symbol="A"),
    }
    return Result(
        "solve", _title(mdp, name, question), columns, facts, _notes(mdp, answer, question)
    )


def require_bound(result: Result, tol: float) -> None:
    """Refuse an answer whose proven bound is above the one that is wanted.

    Raises:
        NotConverged: with the answer in `result`.
    """
    bound = result.facts["bound"]
    if isinstance(bound, float) and bound <= tol:
        return
    reached = f"{bound:.3g}" if isinstance(bound, float) and np.isfinite(bound) else "nothing"
    error = NotConverged(
        f"wanted |v − V| ≤ {tol:g}; proven is {reached}, after {result.facts['iterations']} "
        "iterations",
        fix=f"the values are as printed; --tol {bound:.1g} accepts them, or allow more "
        "--max-iterations, or try another --method",
    )
    error.result = result
    raise error


def _settled(mdp: MDP, question: Question) -> float:
    gamma = question.gamma if question.gamma is not None else mdp.gamma
    gamma = 1.0 if gamma is None else gamma
    if not 0 <= gamma <= 1:
        raise InputError(
            f"gamma is {gamma:g}, expected 0..1", fix="a discount factor is 0.9 or 0.99, say"
        )
    if question.method != "auto" and question.method not in METHODS:
        near = nearest(question.method, METHODS)
        raise UsageError(
            f"there is no method {shown(question.method)}",
            fix=(f"did you mean {near}? " if near else "") + f"one of auto, {', '.join(METHODS)}",
        )
    if question.bellman and question.method not in ("auto", "value-iteration"):
        raise UsageError(
            f"--bellman is value iteration, and --method says {question.method}",
            fix="leave one out",
        )
    if question.criterion == "average" and question.horizon is not None:
        raise UsageError("--criterion average has no horizon", fix="leave one out")
    if not question.tol > 0:
        raise UsageError(f"--tol is {question.tol:g}, expected a number above 0")
    return gamma


def policy_asked(mdp: MDP, question: Question, gamma: float) -> Policy | None:
    """Return the policy that is to be evaluated; None is the best one.

    Raises:
        UsageError: no such policy.
        InputError: the model comes without a policy.
    """
    asked = question.policy
    if isinstance(asked, Policy):
        return asked
    kind, _, number = asked.partition(":")
    if asked == "optimal":
        return None
    if asked == "uniform":
        return Policy.uniform(mdp.expected)
    if asked == "spec":
        if mdp.policy is None:
            raise InputError(
                "the model comes without a policy", fix="say --policy uniform, or give a file"
            )
        return Policy(mdp.policy, "spec")
    if kind in ("epsilon", "softmax"):
        parameter = _parameter(kind, number)
        best = _answer(mdp, replace(question, policy="optimal", bellman=None), gamma, None)
        make = Policy.epsilon if kind == "epsilon" else Policy.softmax
        return make(mdp.expected, best.action_value, parameter)
    raise UsageError(f"there is no policy {shown(asked)}", fix=POLICIES)


POLICIES = "optimal, uniform, spec, epsilon:0.1, softmax:1.0, or a file"


def _parameter(kind: str, number: str) -> float:
    try:
        parameter = float(number or {"epsilon": "0.1", "softmax": "1.0"}[kind])
    except ValueError:
        parameter = np.nan
    if not (0 <= parameter <= 1 if kind == "epsilon" else 0 < parameter < np.inf):
        raise UsageError(
            f"{kind}:{shown(number)} is no policy",
            fix="epsilon:0.1 explores with probability 0.1, softmax:1.0 has temperature 1",
        )
    return parameter


EXACT = 1 << 13
"""Outcomes up to which what a direct method finds is refined and proven in fractions."""


def _answer(mdp: MDP, question: Question, gamma: float, policy: Policy | None) -> Answer:
    if question.criterion == "average":
        model = mdp.expected
        decided = model if policy is None else model.under(policy.weight)
        return _average(mdp, question, decided, policy)
    trace: list[Iteration] = []
    iterative = question.bellman or question.method not in ("auto", "policy-iteration", "linear")
    refine = not iterative and len(mdp.next_state) <= EXACT
    model = mdp.exact if refine else mdp.expected
    decided = model if policy is None else model.under(policy.weight)
    work = _total if gamma == 1 else _discounted
    proven, iterations, method = work(mdp, question, decided, gamma, policy, trace)
    q, value = proven.action_value, proven.value
    if policy is not None:
        q = model.action_value(value, gamma)
    bound = proven.bound + model.rounding(value, gamma)
    if refine:
        q, value = q.astype(np.float64), value.astype(np.float64)
        bound += UNIT_ROUNDOFF * float(np.abs(value).max(initial=0))
    return Answer(q, value, bound, method, iterations, trace)


def _discounted(
    mdp: MDP,
    question: Question,
    decided: Expected,
    gamma: float,
    policy: Policy | None,
    trace: list[Iteration],
) -> tuple[Proven, int, str]:
    model = mdp.expected
    rough = model if policy is None else decided
    if decided.exact and policy is not None:
        rough = model.under(policy.weight)
    problem = Problem(
        rough,
        gamma,
        0.9 * question.tol,
        question.max_iterations,
        jobs=question.jobs,
        trace=trace,
    )
    found, method = _found(mdp, question, problem, policy)
    value = found.value
    if not np.isfinite(value).all():
        nothing = np.zeros(decided.n_states)
        return Proven(nothing, np.inf, decided.reward), found.iterations, method
    if decided.exact:
        chain = decided.only(rough.greedy(rough.action_value(value, gamma)))
        value = linear.system(chain, gamma, chain.reward[:, None])[:, 0]
    return span_bound(decided, value, gamma, question.tol), found.iterations, method


def _found(
    mdp: MDP, question: Question, problem: Problem, policy: Policy | None
) -> tuple[Found, str]:
    """Return what the method that was asked for finds, and the name of the method."""
    if question.bellman:
        whole = replace(problem, model=mdp.expected)
        weight = None if policy is None else policy.weight
        found = value_iteration.iterate(whole, question.bellman, weight)
        kind = question.bellman.upper()
        return found, f"value-iteration {kind[0]}←{kind[1]}"
    if question.method == "auto":
        if problem.model.n_states <= linear.DENSE and problem.gamma < 1:
            return _small(problem)
        from rlcalc.solvers import automatic

        return automatic.solve(problem)
    return module(question.method)(problem), question.method


def _small(problem: Problem) -> tuple[Found, str]:
    """Solve a small model without a compiler: by a few sweeps if it mixes, else directly."""
    if problem.model.n_outcomes > EXACT:
        swept = value_iteration.solve(replace(problem, max_iterations=FEW_SWEEPS))
        if problem.trace[-1].bound <= problem.tol:
            return swept, "value-iteration"
        problem.trace.clear()
        problem = replace(problem, value=swept.value)
    method = "linear" if problem.is_policy else "policy-iteration"
    return module(method)(problem), method


FEW_SWEEPS = 100


def module(method: str) -> Method:
    """Return the function that is a method."""
    solve: Method = import_module(f"rlcalc.solvers.{method.replace('-', '_')}").solve
    return solve


def _total(
    mdp: MDP,
    question: Question,
    decided: Expected,
    gamma: float,
    policy: Policy | None,
    trace: list[Iteration],
) -> tuple[Proven, int, str]:
    names = state_names(mdp)
    problem = Problem(
        decided, gamma, question.tol, question.max_iterations, jobs=question.jobs, trace=trace
    )
    if decided.n_states > linear.DENSE and question.method != "linear" and not question.bellman:
        return total_reward.solve_large(
            decided, names, problem, lambda part: _found(mdp, question, part, policy)
        )
    if question.bellman or question.method not in ("auto", "linear", "policy-iteration"):
        stopping = stops.with_stops(decided)
        stops.ending_policy(stopping.model, names)  # there is one, or an error
        part = decided if question.bellman else stopping.model
        found, method = _found(
            mdp, question, replace(problem, model=part, tol=question.tol / 10), policy
        )
        near = found.value if question.bellman else stopping.spread(found.value)
        fine = near if np.isfinite(near).all() else None
        return total_reward.solve(decided, names, 1000, [], fine)[0], found.iterations, method
    method = "policy-iteration" if policy is None else "linear"
    proven, iterations = total_reward.solve(decided, names, question.max_iterations, trace)
    return proven, iterations, method


def _average(mdp: MDP, question: Question, decided: Expected, policy: Policy | None) -> Answer:
    trace: list[Iteration] = []
    from rlcalc.solvers import average_reward

    found = average_reward.solve(
        decided, state_names(mdp), question.tol, question.max_iterations, trace
    )
    model = mdp.expected
    q = model.action_value(found.bias, 1.0) - found.gain
    value = model.best(q) if policy is None else model.mean(q, policy.weight)
    facts: dict[str, Fact] = {"gain": found.gain}
    return Answer(q, value, found.bound, "policy-iteration", found.iterations, trace, facts)


def _followed(mdp: MDP, answer: Answer, gamma: float, policy: Policy | None) -> tuple[Floats, str]:
    if policy is not None:
        return policy.weight, policy.name
    model = mdp.expected
    apart = 2 * (answer.bound + model.rounding(answer.value, gamma))
    apart = apart if np.isfinite(apart) else 0.0
    return Policy.greedy(model, answer.action_value, apart).weight, "optimal"


def _facts(mdp: MDP, answer: Answer, gamma: float, name: str, weight: Floats) -> dict[str, Fact]:
    model = mdp.expected
    residuals = residual(model, answer, gamma, None if name == "optimal" else weight)
    start = mdp.start
    start_value = None if start is None else float(start @ answer.value)
    unreachable = None
    if start is not None:
        unreachable = int((~reachable(model, start > 0)).sum())
    facts: dict[str, Fact] = {
        "method": answer.method,
        "iterations": answer.iterations,
        "bound": answer.bound,
        **answer.facts,
        "gamma": None if "gain" in answer.facts else gamma,
        "policy": name,
        "start_value": start_value,
        "residual": max(residuals.values()),
        **{f"residual_{kind}": size for kind, size in residuals.items()},
        "states": model.n_states,
        "pairs": model.n_pairs,
        "outcomes": model.n_outcomes,
        "terminal": int(model.terminal.sum()),
        "unreachable": unreachable,
        "next_state_certain": mdp.next_state_certain,
        "reward_certain": mdp.reward_certain,
    }
    return facts


def residual(
    model: Expected, answer: Answer, gamma: float, weight: Floats | None
) -> dict[str, float]:
    """Return how far the answer is from each of the four Bellman identities, at most."""
    gain = answer.facts.get("gain", 0.0)
    shift = gain if isinstance(gain, float) else 0.0
    halves = value_iteration.Halves(model, 1.0 if "gain" in answer.facts else gamma, weight)
    q, v = answer.action_value, answer.value
    chosen, ahead = halves.choose(q), halves.look_ahead(v) - shift
    around = ahead if np.array_equal(chosen, v) else halves.look_ahead(chosen) - shift
    return {
        "vv": _distance(halves.choose(ahead), v),
        "qq": _distance(around, q),
        "vq": _distance(chosen, v),
        "qv": _distance(ahead, q),
    }


def _distance(one: Floats, other: Floats) -> float:
    return float(np.abs(one - other).max(initial=0.0))


def _notes(mdp: MDP, answer: Answer, question: Question) -> list[str]:
    return list(mdp.notes)


def _title(mdp: MDP, name: str, question: Question) -> str:
    what = {"optimal": "V, Q, A and the best policy"}.get(name, f"V, Q and A of the policy {name}")
    if question.criterion == "average":
        what += ", average reward: V is the bias"
    return what + (f": {shown(mdp.name)}" if mdp.name else "")


def state_names(mdp: MDP) -> Names:
    """Return what tells the names of states by their numbers."""

    def names(states: Ints) -> list[object]:
        texts = mdp.states.texts
        return [texts[state] for state in states[:8]]

    return names


def pair_names(mdp: MDP) -> tuple[np.ndarray, np.ndarray]:
    """Return the names of the state and of the action of each pair."""
    return mdp.states.named(mdp.expected.pair_state), mdp.actions.named(mdp.action)


def rows_of(mdp: MDP, states: Sequence[int] | None) -> Ints | slice:
    """Return the pairs of some states, or of all."""
    if states is None:
        return slice(None)
    wanted: Flags = np.zeros(mdp.n_states, dtype=bool)
    wanted[list(states)] = True
    return np.flatnonzero(wanted[mdp.expected.pair_state])


def _traced(mdp: MDP, answer: Answer, gamma: float, name: str) -> Result:
    columns = {
        "iteration": Column([row.iteration for row in answer.trace], "key"),
        "change": Column(np.array([row.change for row in answer.trace])),
        "bound": Column(np.array([row.bound for row in answer.trace])),
    }
    facts: dict[str, Fact] = {
        "method": answer.method,
        "iterations": answer.iterations,
        "bound": answer.bound,
        "gamma": gamma,
        "policy": name,
    }
    return Result("solve", f"Iterations: {answer.method}", columns, facts)


def _by_steps_to_go(mdp: MDP, question: Question, gamma: float) -> Result:
    if question.horizon is None or question.horizon < 1:
        raise UsageError(f"--horizon is {question.horizon}, expected a number of steps")
    model = mdp.expected
    policy = policy_asked(mdp, question, gamma)
    weight = None if policy is None else policy.weight
    from rlcalc.solvers import finite_horizon

    layers = finite_horizon.solve(model, weight, gamma, question.horizon)[::-1]
    rows = rows_of(mdp, question.states)
    states, actions = (names[rows] for names in pair_names(mdp))
    q = np.concatenate([layer.action_value[rows] for layer in layers])
    v = np.concatenate([layer.value[model.pair_state[rows]] for layer in layers])
    bound = max(layer.bound for layer in layers)
    shares = [
        (
            Policy.greedy(model, layer.action_value, 2 * layer.bound).weight
            if weight is None
            else weight
        )[rows]
        for layer in layers
    ]
    n = len(states)
    columns = {
        "steps_to_go": Column(np.repeat([layer.steps_to_go for layer in layers], n), "key"),
        "state": Column(np.tile(states, len(layers)), "key"),
        "action": Column(np.tile(actions, len(layers)), "key"),
        "pi": Column(np.concatenate(shares), symbol="π"),
        "q": Column(q, symbol="Q"),
        "v": Column(v, symbol="V"),
        "a": Column(q - v, symbol="A"),
    }
    facts: dict[str, Fact] = {
        "method": "backward induction",
        "iterations": question.horizon,
        "bound": bound + 4 * UNIT_ROUNDOFF * float(np.abs(q).max(initial=0)),
        "gamma": gamma,
        "policy": "optimal" if policy is None else policy.name,
        "start_value": None if mdp.start is None else float(mdp.start @ layers[0].value),
        "horizon": question.horizon,
        "states": model.n_states,
        "pairs": model.n_pairs,
    }
    name = "optimal" if policy is None else policy.name
    return Result("solve", _title(mdp, name, question), columns, facts, list(mdp.notes))
