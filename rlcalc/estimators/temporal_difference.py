"""Temporal differences: values that are moved step by step, in the order of the file.

The answer is a point on a path, so it has no error bar; its distance to the fixed point tells how
far the path has come.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

import numpy as np

from rlcalc.errors import InputError
from rlcalc.estimators.certainty_equivalence import ModelValues
from rlcalc.estimators.gain import LARGEST
from rlcalc.estimators.passes import Passes
from rlcalc.estimators.request import Engine, EstimateRequest, Tools
from rlcalc.estimators.transitions import END, CountedModel, CountedTransitions, KnownSteps
from rlcalc.estimators.truncation import n_trajectories
from rlcalc.estimators.value_table import Estimates, value_columns
from rlcalc.labels import Labels, Numbers
from rlcalc.numerics.arrays import Floats, Ints
from rlcalc.numerics.kernel import kernel
from rlcalc.result import Result
from rlcalc.trajectories import Experience, Trajectories


@kernel
def td(
    key: Ints, following: Ints, reward: Floats, gamma: float, alpha: float,
    value: Floats, count: Floats, backwards: bool,
) -> None:  # fmt: skip
    """V(s) ← V(s) + α [r + γ V(s') − V(s)]; of pairs, SARSA. α = 0 stands for 1/n(s)."""
    for i in range(len(key)):
        t = len(key) - 1 - i if backwards else i
        s = key[t]
        count[s] += 1
        step = alpha if alpha > 0 else 1 / count[s]
        value[s] += step * (reward[t] + gamma * value[following[t]] - value[s])


@kernel
def td_lambda(
    start: Ints, key: Ints, following: Ints, reward: Floats, gamma: float, lambda_: float,
    alpha: float, value: Floats, count: Floats, trace: Floats, traced: Ints,
) -> None:  # fmt: skip
    """E ← γλe, e(s_t) += 1, V ← V + αδ_t e, with δ_t = r_t + γ V(s_{t+1}) − V(s_t); e = 0 at first.

    α = 0 stands for 1/n(s). A trace below 1e-18 moves no digit, and counts as 0.
    """
    for e in range(len(start) - 1):
        n_traced = 0
        for t in range(start[e], start[e + 1]):
            td_error = reward[t] + gamma * value[following[t]] - value[key[t]]
            kept = 0
            for i in range(n_traced):
                s = traced[i]
                trace[s] *= gamma * lambda_
                if trace[s] > 1e-18:
                    traced[kept] = s
                    kept += 1
                else:
                    trace[s] = 0.0
            n_traced = kept
            s = key[t]
            if trace[s] == 0.0:
                traced[n_traced] = s
                n_traced += 1
            trace[s] += 1
            count[s] += 1
            for i in range(n_traced):
                s = traced[i]
                step = alpha if alpha > 0 else 1 / count[s]
                value[s] += step * td_error * trace[s]
        for i in range(n_traced):
            trace[traced[i]] = 0.0


@kernel
def action_value_sweep(
    pair: Ints, following: Ints, reward: Floats, pair_start: Ints, policy: Floats, gamma: float,
    alpha: float, value: Floats, count: Floats, greedy: bool, backwards: bool,
) -> None:  # fmt: skip
    """Q(s,a) ← Q(s,a) + α [r + γ V(s') − Q(s,a)], where V is Σ_a π̂ Q, or max_a Q if greedy."""
    for i in range(len(pair)):
        t = len(pair) - 1 - i if backwards else i
        k, s = pair[t], following[t]
        ahead = -np.inf if greedy and pair_start[s] < pair_start[s + 1] else 0.0
        for j in range(pair_start[s], pair_start[s + 1]):
            ahead = max(ahead, value[j]) if greedy else ahead + policy[j] * value[j]
        count[k] += 1
        step = alpha if alpha > 0 else 1 / count[k]
        value[k] += step * (reward[t] + gamma * ahead - value[k])


def estimate(
    counted: CountedTransitions, request: EstimateRequest, method: str, tools: Tools
) -> Result:
    """Return the values that a method reaches from 0 in some passes through the data.

        td              V(s) ← V(s) + α [r + γ V(s') − V(s)]
        td-lambda       the same for every state at once, by its trace (accumulating)
        sarsa           Q(s,a) ← Q(s,a) + α [r + γ Q(s',a') − Q(s,a)]
        expected-sarsa  the same with Σ_a π̂(a|s') Q(s',a), π̂ of the whole data
        q-learning      the same with max_a Q(s',a) over the actions that the data have in s'

    α is a number, or 1/n, where n counts the updates of the state or pair; the end has the value 0.
    `distance_to_fixed_point` is the largest difference to the values to which ever more passes with
    ever smaller α lead: `ce` (of td-lambda its fixed point at λ = 0); for sarsa `ce` of the pairs;
    for q-learning the best action values of the model that the data show.

    Args:
        counted: the experience, whose transitions are counted.
        request: the quantities and the parameters, checked.
        method: one of the five.
        tools: the engine, and what solves linear systems and models.

    Returns:
        Rows as in `certainty_equivalence.estimate`; errors and bounds are missing.

    Raises:
        InputError: gamma is 1, and some states never lead to an end; or values grow without bound.

    Source: Sutton & Barto (2018), eq. 6.2, 6.7, 6.8 and 6.9, and section 12.2.
    """
    model, gamma = counted.model, counted.gamma
    if method in ("td", "td-lambda"):
        value = _swept(counted, request, method)
        distance = _distance(value, ModelValues.of(counted, tools.system).value)
        estimates = {"v": Estimates(value)}
    else:
        value, distance = _action_values(counted, request, method, tools)
        state_value = _state_values(model, value, greedy=method == "q-learning")
        advantage = value - state_value[model.expected.pair_state]
        estimates = {
            letter: Estimates(values)
            for letter, values in (("v", state_value), ("q", value), ("a", advantage))
        }
    begins = model.start > 0
    experience = counted.passes.experience
    return Result(
        command="estimate",
        title=f"{request.letters}, {method}",
        columns=value_columns(counted, request.of, estimates),
        facts={
            "method": method,
            "gamma": gamma,
            **({"lambda": request.lambda_} if method == "td-lambda" else {}),
            "alpha": request.alpha,
            "passes": request.passes,
            "order": request.order,
            "distance_to_fixed_point": distance,
            "trajectories": n_trajectories(counted.summary.ends),
            "steps": counted.summary.n_steps,
            "states": len(model.state),
            "pairs": len(model.pair),
            "start_value": float(model.start[begins] @ estimates["v"].value[begins]),
            "start_value_se": None,
            **counted.facts,
            "left_out": dict(experience.left_out),
            "oddities": dict(experience.oddities),
        },
        notes=[*experience.notes, *counted.notes, *NOTES.get(method, ())],
    )


NOTES = {
    "q-learning": [
        "q-learning takes the largest of several estimates, so its values are too high on average: "
        "judge its policy on other data"
    ]
}


def _distance(value: Floats, fixed_point: Floats) -> float:
    return float(np.abs(value - fixed_point).max(initial=0.0))


def _action_values(
    counted: CountedTransitions, request: EstimateRequest, method: str, tools: Tools
) -> tuple[Floats, float]:
    """Return [K] action values, NaN where no step tells them, and how far their fixed point is."""
    model, gamma = counted.model, counted.gamma
    if method == "sarsa":
        pairs = pair_transitions(counted, tools.engine)
        swept = _swept(pairs, request, "td")
        value = np.full(len(model.pair), np.nan)
        value[pairs.model.state] = swept
        return value, _distance(swept, ModelValues.of(pairs, tools.system).value)
    value = _swept(counted, request, method)
    if method == "q-learning":
        return value, _distance(value, tools.best(model.expected, gamma))
    return value, _distance(value, ModelValues.of(counted, tools.system).action_value)


def _state_values(model: CountedModel, value: Floats, *, greedy: bool) -> Floats:
    """Return [S] max_a Q(s,a), or Σ_a π̂(a|s) Q(s,a), over the pairs whose value is known."""
    first = model.expected.pair_start[:-2]
    if greedy:
        return np.asarray(np.maximum.reduceat(value, first))
    known = np.isfinite(value)
    weight = np.where(known, model.policy, 0.0)
    with np.errstate(invalid="ignore"):  # a state without a known pair
        total: Floats = np.add.reduceat(weight * np.where(known, value, 0.0), first)
        return total / np.add.reduceat(weight, first)


def pair_transitions(counted: CountedTransitions, engine: Engine) -> CountedTransitions:
    """Return the same experience with state-action pairs in the place of states.

    The last step of a truncated trajectory leads to a state in which no action is known: it is
    left out.
    """
    names = Numbers(np.arange(len(counted.model.pair)))

    def again() -> Experience:
        pieces = (_of_pairs(counted, piece, names) for piece in counted.passes.pieces())
        batches = (piece for piece in pieces if len(piece))
        return Experience(batches, names, counted.passes.experience.actions)

    return CountedTransitions.of(Passes(again(), again), counted.gamma, "keep", engine)


def _of_pairs(counted: CountedTransitions, piece: Trajectories, names: Labels) -> Trajectories:
    steps = counted.known_steps(piece)
    batch = steps.trajectories
    ended = steps.next_state[batch.start[1:] - 1] == END
    pair = counted.model.pair_of(batch.state, batch.action).astype(np.int32)
    return replace(batch, state=pair, states=names, terminated=ended, truncated=~ended)


@np.errstate(over="ignore", invalid="ignore")  # what grows without bound is refused
def _swept(counted: CountedTransitions, request: EstimateRequest, method: str) -> Floats:
    """Return [S] values, or [K] action values, after the passes through the data."""
    model, gamma = counted.model, counted.gamma
    by_state = method in ("td", "td-lambda")
    n = 1 + (len(model.state) if by_state else len(model.pair))  # the last one is the end
    value, count, trace, traced = np.zeros(n), np.zeros(n), np.zeros(n), np.zeros(n, np.int64)
    backwards = request.order == "reverse"
    alpha = 0.0 if request.alpha == "1/n" else float(request.alpha or 0.0)
    for _ in range(request.passes or 1):
        for steps in _in_order(counted, backwards=backwards):
            batch, reward = steps.trajectories, steps.trajectories.reward
            state, following = (model.number_of(s) for s in (batch.state, steps.next_state))
            if method == "td":
                td(state, following, reward, gamma, alpha, value, count, backwards)
            elif method == "td-lambda":
                td_lambda(
                    batch.start, state, following, reward, gamma, request.lambda_, alpha, value,
                    count, trace, traced,
                )  # fmt: skip
            else:
                action_value_sweep(
                    model.pair_of(batch.state, batch.action), following, reward,
                    model.expected.pair_start, model.policy, gamma, alpha, value, count,
                    method == "q-learning", backwards,
                )  # fmt: skip
    if not np.abs(value).max() <= LARGEST:
        raise InputError(
            f"the values of {method} grow without bound: with alpha {alpha:g} each step moves them "
            "too far",
            fix=f"use a smaller step: --alpha {alpha / 10:g}",
        )
    return value[:-1]


def _in_order(counted: CountedTransitions, *, backwards: bool) -> Iterator[KnownSteps]:
    """Yield the known steps, piece by piece."""
    pieces: Iterable[Trajectories] = counted.passes.pieces()
    return map(counted.known_steps, reversed(list(pieces)) if backwards else pieces)
