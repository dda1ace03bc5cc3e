"""Average reward: the gain g of a unichain model, and its bias, the reward of a state beyond it.

g + h(s) = max_a [ r(s,a) + Σ_s' P(s'|s,a) h(s') ]
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from rlcalc.errors import InputError, listed
from rlcalc.expected_mdp import UNIT_ROUNDOFF, ExpectedMDP
from rlcalc.graph.end_components import closed_sets
from rlcalc.graph.reachability import Names, distances
from rlcalc.numerics.arrays import Flags, Floats, Ints
from rlcalc.solvers.methods import linear
from rlcalc.solvers.problem import Iteration, Problem
from rlcalc.solvers.proofs.macqueen import rounded_up

DAMPING = 0.5
"""Chance of staying that breaks periods: sweeps of h ← (h + Th)/2 settle where those of T cycle."""


@dataclass(frozen=True)
class Average:
    """The gain with its bound, |gain − g| ≤ bound, and the bias whose long-run mean is 0."""

    gain: float
    bound: float
    bias: Floats  # [S]
    bias_bound: float
    iterations: int


def solve(problem: Problem, names: Names) -> Average:
    """Return the largest gain, between bounds that hold for any h, and the bias.

        min(Th − h)  ≤  g  ≤  max(Th − h)

    Sweeps approximate h; then its greedy policy is improved with exact evaluation.

    Args:
        problem: sweeps stop when the bound on the gain is `tol`; its gamma and value are not used.
            The trace gets how far h moved up to a constant, and the gain's bound.
        names: from numbers of states to their names, for errors.

    Raises:
        InputError: the best policy has several closed sets of states, each with its own gain.

    Source: Puterman (1994), sections 8.5 and 8.6; Odoni (1969) for the bounds.
    """
    model, max_iterations, trace = problem.model, problem.max_iterations, problem.trace
    h = np.zeros(model.n_states)
    for sweeps in range(1, min(SWEEPS, max_iterations) + 1):
        change = model.best(model.action_value(h, 1.0)) - h
        least, most = _gain_bounds(model, h, change)
        h = h + DAMPING * change
        h -= h[0] if not model.terminal.any() else 0.0
        trace.append(Iteration(sweeps, DAMPING * _half_span(change), (most - least) / 2))
        if _half_span(change) <= problem.tol / 2:
            break
    chosen = model.greedy(model.action_value(h, 1.0))
    inner = ~model.terminal
    for iterations in range(1, max_iterations + 1):
        chosen = _reaching_best_closed_set(model, chosen)
        before = h
        policy_gain, h, policy_error = evaluate(model, chosen, names)
        q = model.action_value(h, 1.0)
        change = model.best(q) - h
        least, most = _gain_bounds(model, h, change)
        trace.append(Iteration(sweeps + iterations, _half_span(h - before), (most - least) / 2))
        gained = model.best(q)[inner] - q[chosen[inner]]
        better = np.flatnonzero(inner)[gained > 4 * _rounding(model, h)]
        if not len(better):
            break
        chosen[better] = model.greedy(q)[better]
    gain, bound = (least + most) / 2, (most - least) / 2
    backed = float(gained.max(initial=0.0)) + abs(gain - policy_gain)  # v is Th − g, for h
    bias_bound = rounded_up(policy_error + backed + 2 * _rounding(model, h))
    return Average(gain, bound, h, bias_bound, sweeps + iterations)


def _half_span(change: Floats) -> float:
    """Return half the span of a change: how far values moved up to a constant."""
    return float(change.max() - change.min()) / 2


def _rounding(model: ExpectedMDP, h: Floats) -> float:
    """Return a bound on the rounding of Th − h."""
    return model.rounding(h, 1.0) + 4 * UNIT_ROUNDOFF * float(np.abs(h).max())


def _gain_bounds(model: ExpectedMDP, h: Floats, change: Floats) -> tuple[float, float]:
    """Return min(Th − h) and max(Th − h), with room for rounding."""
    error = _rounding(model, h)
    return float(change.min()) - error, float(change.max()) + error


SWEEPS = 200


def _reaching_best_closed_set(model: ExpectedMDP, chosen: Ints) -> Ints:
    """Return a policy that goes to the best closed set from every state that can reach it.

    Where it has one closed set, it is returned as it is.
    """
    chain = model.only(chosen)
    closed = [states for states in _first_closed_sets(chain) if not chain.terminal[states[0]]]
    if len(closed) + chain.terminal.any() < 2 or max(map(len, closed), default=0) > linear.DENSE:
        return chosen
    gains = [closed_set_gain(chain, states) for states in closed]
    if chain.terminal.any() and max(gains) < 0:
        goal = chain.terminal
    else:
        goal = np.isin(np.arange(model.n_states), closed[int(np.argmax(gains))])
    steps = distances(model, goal)
    if (steps < 0).any():
        return chosen
    nearest = np.minimum.reduceat(steps[model.next_state], model.outcome_start[:-1])
    nearer = np.flatnonzero(nearest == steps[model.pair_state] - 1)
    leading = chosen.copy()
    leading[model.pair_state[nearer[::-1]]] = nearer[::-1]
    return np.where(goal, chosen, leading)


def closed_set_gain(chain: ExpectedMDP, states: Ints) -> float:
    """Return the average reward of a closed set of a chain."""
    inside = np.isin(chain.pair_state, states)
    moves = linear.dense_transition(chain.keep(inside), 1.0)[1]
    system = np.eye(len(states)) - moves.T
    system[0] = 1.0
    share = np.linalg.solve(system, np.eye(len(states))[0])
    return float(share @ chain.reward[inside])


def evaluate(model: ExpectedMDP, chosen: Ints, names: Names) -> tuple[float, Floats, float]:
    """Return the gain and the bias of a policy with one closed set of states.

    Let a state z of the closed set be an end. Then v = r + P v is the reward until the next visit
    of z, and w = 1 + P w the number of steps. The gain is g = v/w over one such cycle, and the bias
    is h = v − g w up to a constant: minus the gain of a policy whose reward is h.

    The error: let ρ = r + P h − g − h and M = 2 max|ρ| max(w) / min(w − P w). On the way to z, the
    error of h − h(z) is at most M, and so is that of its mean. So the error of h is at most 2 M and
    the error of the mean, which is the gain of h: at most max|h + P k − k| for any k.

    Returns:
        the gain; [S] the bias, whose mean in the long run is 0; how far it can be off.

    Raises:
        InputError: there are several closed sets.
    """
    chain = model.only(chosen)
    closed = _first_closed_sets(chain)
    if len(closed) > 1:
        several = [listed(names(states), most=3, total=len(states)) for states in closed[:3]]
        raise InputError(
            f"this model is not unichain: a best policy can stay for ever in any of "
            f"{len(closed):,} sets of states, and each set has its own gain",
            "; ".join(several),
            "use --gamma 0.99 instead of --criterion average",
        )
    inner = ~chain.terminal
    if chain.terminal.any():
        rewards = np.stack([chain.reward, np.ones(chain.n_pairs)], axis=1)
        v, w = linear.solve_system(chain, 1.0, rewards).T
        return 0.0, v, _twice_bias_error(chain, inner, 0.0, v, w) / 2
    z = int(closed[0][0])
    inner[z] = False
    gain, h, w = _evaluate_by_returns(chain, z)
    mean, k, _ = _evaluate_by_returns(replace(chain, reward=h), z)
    bias = h - mean
    residual = chain.action_value(k, 1.0) - chain.reward + bias - k
    mean_error = float(np.abs(residual).max()) + _rounding(chain, k) + chain.noise(bias)
    return gain, bias, _twice_bias_error(chain, inner, gain, bias, w) + mean_error


def _evaluate_by_returns(chain: ExpectedMDP, z: int) -> tuple[float, Floats, Floats]:
    """Return g, h with h(z) = 0, and w, of a chain that always comes back to z."""
    rewards = np.stack([chain.reward, np.ones(chain.n_pairs)], axis=1)
    ending = chain.keep(np.arange(chain.n_states) != z)  # z is terminal
    v, w = linear.solve_system(ending, 1.0, np.delete(rewards, z, axis=0)).T
    back = chain.action_value(v, 1.0)[z], 1.0 + chain.action_value(w, 1.0)[z] - chain.reward[z]
    gain = float(back[0] / back[1])
    return gain, v - gain * w, w


def _twice_bias_error(chain: ExpectedMDP, inner: Flags, gain: float, h: Floats, w: Floats) -> float:
    """Return 2 M: a bound on the error of h, without the error of its mean.

    Args:
        chain: one pair in each state that is not terminal.
        inner: [S] the states on the way to the end, or to z.
        gain: g.
        h: [S].
        w: [S] about as many steps as it takes, 0 at the end.
    """
    ahead = chain.action_value(h, 1.0) - gain
    residual = np.abs(ahead - h[chain.pair_state]).max() + _rounding(chain, h)
    steps = w[chain.pair_state] - (chain.action_value(w, 1.0) - chain.reward)
    progress = steps[inner[chain.pair_state]].min(initial=1.0) - _rounding(chain, w)
    if not progress > 0:
        return np.inf
    return float(4 * residual * w.max() / progress)


def _first_closed_sets(chain: ExpectedMDP) -> list[Ints]:
    """Return the first closed sets of a chain; all its terminal states count as one."""
    terminal = [np.flatnonzero(chain.terminal)] if chain.terminal.any() else []
    return terminal + closed_sets(chain)[:4]
