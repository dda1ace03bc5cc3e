"""Modified policy iteration in NumPy, for models too small to load a compiler for.

It pays: 1,000 random states (9,000 outcomes, gamma 0.99) take 0.004 s; the compiled method takes
0.30 s, the import of numba and its cache included, which is 75 times longer.

Pairs are padded to one number of outcomes, and states to one number of pairs: then a sweep is a
few calls over whole arrays, without a sum by segments, which takes three times as long.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from rlcalc.expected_mdp import LARGE, ExpectedMDP
from rlcalc.numerics.arrays import Floats, Ints
from rlcalc.solvers.problem import Iterate, Iteration, Problem
from rlcalc.solvers.proofs.macqueen import span_half_width

MOST_PADDING = 2
"""The largest factor by which padding may lengthen a sweep."""
MORE_SWEEPS = 4
"""Sweeps by which each evaluation is longer than the one before: early policies soon change."""
MOST_SWEEPS = 100
FREE, LEAST_FALL = 40_000_000, 2
"""After so many outcomes looked at, a round that does not halve the bound ends this method: values
may have to travel far before it falls, and until then that takes a tenth of a second."""


@dataclass(frozen=True)
class Padded:
    """A model as blocks: n outcomes, of probability 0 where there is none, of A pairs a state."""

    next_state: Ints  # [n, A, S]
    probability: Floats  # [n, A, S]
    reward: Floats  # [A, S] r(s, a); −∞ where there is no such pair, 0 in terminal states

    @classmethod
    def of(cls, model: ExpectedMDP) -> Padded | None:
        """Pad a model; None where that makes it much larger, or where a compiled loop is faster."""
        outcomes, pairs = np.diff(model.outcome_start), np.diff(model.pair_start)
        n, most, n_states = model.most_outcomes, int(pairs.max(initial=0)), model.n_states
        size = n * most * n_states
        if not 0 < size <= MOST_PADDING * model.n_outcomes or model.n_outcomes > LARGE:
            return None
        number = np.arange(most)[:, None]
        exists = number < pairs
        pair = np.where(exists, model.pair_start[:-1] + number, 0)
        place = np.arange(n)[:, None, None]
        real = exists & (place < outcomes[pair])
        outcome = np.where(real, model.outcome_start[pair] + place, 0)
        reward = np.where(exists, model.reward[pair], -np.inf)
        reward[0, model.terminal] = 0.0
        return cls(
            model.next_state[outcome].astype(np.intp),
            np.where(real, model.probability[outcome], 0.0),
            reward,
        )


def solve(problem: Problem) -> Iterate | None:
    """Return values that are known to `tol`, or None where padding does not pay.

    V ← V + e, where (I − γP) e = TV − V for the greedy policy's P, roughly: from a few sweeps.
    It gives up, with what it has, where the model does not mix.

    Args:
        problem: with gamma = 1 it begins with the values of a policy that ends.

    Source: Puterman & Shin (1978).
    """
    model, gamma = problem.model, problem.gamma
    padded = Padded.of(model)
    if padded is None:
        return None
    n, _, n_states = padded.next_state.shape
    after, chance = padded.next_state, gamma * padded.probability
    flat_after, flat_chance = after.reshape(n, -1), chance.reshape(n, -1)
    ahead, q = np.empty_like(chance), np.empty_like(padded.reward)
    endless = not model.terminal.any()  # else V = 0 in terminal states forbids to shift
    state = np.arange(n_states)
    value = padded.reward.max(axis=0) if problem.value is None else problem.value
    before, sweeps, work = np.inf, 0, 0
    for iteration in range(1, problem.max_iterations + 1):
        np.take(value, after, out=ahead, mode="clip")
        np.multiply(ahead, chance, out=ahead)
        np.add.reduce(ahead, axis=0, out=q)
        q += padded.reward
        better = q.max(axis=0)
        residual = better - value
        least, most = float(residual.min()), float(residual.max())
        reach = span_half_width(least, most, gamma) if gamma < 1 else max(most, -least)
        problem.trace.append(Iteration(iteration, max(-least, most), reach))
        if (
            reach <= problem.tol
            or not math.isfinite(reach)  # no further round makes it finite
            or most - least <= model.rounding(better, gamma)
            or (work > FREE and reach * LEAST_FALL > before)
        ):
            break
        if endless:
            residual -= (least + most) / 2
        chosen = q.argmax(axis=0) * n_states + state
        remaining = _remaining_sweeps(reach, problem.tol, before, sweeps)
        sweeps = min(MORE_SWEEPS * iteration - 2, remaining)
        before = reach
        work += after.size + sweeps * n * n_states
        value = value + policy_evaluation_numpy(
            flat_after.take(chosen, axis=1), flat_chance.take(chosen, axis=1), residual, sweeps
        )
    if endless:  # in the middle of MacQueen's bounds
        better += gamma / (1 - gamma) * (least + most) / 2
    return Iterate(better, iteration)


def _remaining_sweeps(reach: float, tol: float, before: float, sweeps: int) -> int:
    """Return how many sweeps lead to the bound if they go on as the last ones did."""
    if not reach < before < np.inf:
        return MOST_SWEEPS
    fall_each = math.log(before / reach) / (sweeps + 1)
    return min(MOST_SWEEPS, math.ceil(math.log(reach / tol) / fall_each) + 1)


def policy_evaluation_numpy(after: Ints, chance: Floats, residual: Floats, sweeps: int) -> Floats:
    """Return e after some sweeps of e ← d + γ P e, which begin with e = d.

    Args:
        after: [n, S] s'.
        chance: [n, S] γ P(s'|s).
        residual: [S] d.
        sweeps: how many.
    """
    error, ahead = residual, np.empty_like(chance)
    for _ in range(sweeps):
        np.take(error, after, out=ahead, mode="clip")
        np.multiply(ahead, chance, out=ahead)
        error = np.add.reduce(ahead, axis=0)
        error += residual
    return error
