"""Residuals: how far an answer is from each of the four Bellman identities."""

from __future__ import annotations

import numpy as np

from rlcalc.expected_mdp import LARGE, ExpectedMDP
from rlcalc.numerics.arrays import Floats
from rlcalc.numerics.kernel import kernel
from rlcalc.solvers.methods.bellman_sweeps import Arrays
from rlcalc.solvers.methods.value_iteration import ValueIterationHalves
from rlcalc.solvers.problem import Solution


def bellman_residuals(
    model: ExpectedMDP, solution: Solution, gamma: float, weight: Floats | None
) -> dict[str, float]:
    """Return the largest residual of each of the four Bellman identities.

        vv: V(s) = max_a [r(s,a) + γ Σ P V(s')]     qq: Q(s,a) = r(s,a) + γ Σ P max_a' Q(s',a')
        vq: V(s) = max_a Q(s,a)                     qv: Q(s,a) = r(s,a) + γ Σ P V(s')

    Under a policy its mean stands where max_a does; with average reward γ is 1 and r is r less
    the gain after the pair.

    Args:
        model: the model.
        solution: V and Q.
        gamma: the discount factor.
        weight: [K] the policy's, or None for the best.
    """
    gain, shift = solution.gain, np.zeros(0) if solution.gain is None else solution.gain.of_pair
    weight = gain.best if gain and weight is None else weight
    halves = ValueIterationHalves(model, 1.0 if gain else gamma, weight)
    q, v = solution.action_value, solution.value
    if model.n_outcomes > LARGE:
        chosen = np.zeros(model.n_states)
        weights = np.zeros(0) if weight is None else weight
        arrays = Arrays.of(model)
        vv, vq, qv = largest_residuals(arrays, halves.gamma, shift, weights, v, q, chosen)
    else:
        chosen, ahead = halves.choose(q), halves.look_ahead(v)
        ahead = ahead - shift if len(shift) else ahead
        vv, vq = _largest_difference(halves.choose(ahead), v), _largest_difference(chosen, v)
        qv = _largest_difference(ahead, q)
    qq = qv
    if not np.array_equal(chosen, v):
        around = halves.look_ahead(chosen)
        qq = _largest_difference(around - shift if len(shift) else around, q)
    return {"vv": vv, "qq": qq, "vq": vq, "qv": qv}


def _largest_difference(one: Floats, other: Floats) -> float:
    off = one - other
    return float(max(off.max(initial=0.0), -off.min(initial=0.0)))


@kernel
def largest_residuals(
    model: Arrays,
    gamma: float,
    shift: Floats,
    weight: Floats,
    value: Floats,
    action_value: Floats,
    chosen: Floats,
) -> tuple[float, float, float]:
    """Return the largest residuals vv, vq and qv; chosen(s) ← max_a Q(s,a), or the policy's mean.

    What is not a number makes the largest one none either.
    """
    vv = vq = qv = 0.0
    for s in range(len(value)):
        best = best_ahead = 0.0
        for k in range(model.pair_start[s], model.pair_end[s]):
            ahead = 0.0
            for j in range(model.outcome_start[k], model.outcome_end[k]):
                ahead += model.probability[j] * value[model.next_state[j]]
            ahead = model.reward[k] + gamma * ahead
            if len(shift):
                ahead -= shift[k]
            q = action_value[k]
            qv = np.maximum(qv, abs(ahead - q))
            if len(weight):
                best += weight[k] * q
                best_ahead += weight[k] * ahead
            elif k == model.pair_start[s]:
                best, best_ahead = q, ahead
            else:
                best, best_ahead = np.maximum(best, q), np.maximum(best_ahead, ahead)
        chosen[s] = best
        vv = np.maximum(vv, abs(best_ahead - value[s]))
        vq = np.maximum(vq, abs(best - value[s]))
    return vv, vq, qv
