"""Value iteration: the four Bellman recursions, each repeated until its bounds meet.

    V←V   V(s)   = max_a [ r(s,a) + γ Σ_s' P(s'|s,a) V(s') ]
    Q←Q   Q(s,a) = r(s,a) + γ Σ_s' P(s'|s,a) max_a' Q(s',a')
    V←Q   V(s)   = max_a Q(s,a), after Q(s,a) = r(s,a) + γ Σ_s' P(s'|s,a) V(s')
    Q←V   Q(s,a) = r(s,a) + γ Σ_s' P(s'|s,a) V(s'), after V(s) = max_a Q(s,a)

Under a policy, Σ_a π(a|s) stands where max_a does. Where every outcome is certain, there is no sum
over s': Q(s,a) = r(s,a) + γ V(s').
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from rlcalc.expected_mdp import ExpectedMDP
from rlcalc.numerics.arrays import Floats
from rlcalc.solvers.problem import Iterate, Iteration, Problem
from rlcalc.solvers.proofs.macqueen import span_half_width

Recursion = Literal["vv", "qq", "vq", "qv"]


@dataclass(frozen=True)
class ValueIterationHalves:
    """The two halves of every recursion: Q←V and V←Q."""

    model: ExpectedMDP
    gamma: float
    weight: Floats | None  # [K] the policy's, or None for the best

    def look_ahead(self, value: Floats) -> Floats:
        """Q←V. Where every outcome is certain there is nothing to sum."""
        if self.model.n_outcomes == self.model.n_pairs:
            return self.model.reward + self.gamma * value[self.model.next_state]
        return self.model.action_value(value, self.gamma)

    def choose(self, action_value: Floats) -> Floats:
        """V←Q."""
        if self.weight is None:
            return self.model.best(action_value)
        return self.model.mean(action_value, self.weight)


def solve(problem: Problem) -> Iterate:
    """Return the values of the recursion V←V."""
    return iterate_values(problem, "vv", None)


def iterate_values(problem: Problem, kind: Recursion, weight: Floats | None) -> Iterate:
    """Repeat a recursion until its values are known to `tol`, or the iterations are used up.

    For gamma < 1 it stops when MacQueen's bounds are near enough, and what is between them is the
    answer: far earlier than when the change itself is small. For gamma = 1 it stops when the
    change is.

    Args:
        problem: the model, and the bound to reach.
        kind: which of the four.
        weight: [K] a policy's, or None for the best.
    """
    model, gamma = problem.model, problem.gamma
    halves = ValueIterationHalves(model, gamma, weight)
    of_pairs = kind in ("qq", "vq")
    value = np.zeros(model.n_states) if problem.value is None else problem.value
    now = halves.look_ahead(value) if of_pairs else value
    iterations, reach = 0, np.inf
    while iterations < problem.max_iterations and reach > problem.tol:
        if of_pairs:
            following = halves.look_ahead(halves.choose(now))
        else:
            following = halves.choose(halves.look_ahead(now))
        change = following - now
        least, most = _least_and_most(change, model)
        iterations += 1
        largest = max(-least, most)
        reach = span_half_width(least, most, gamma) if gamma < 1 else largest
        now = following
        bound = reach if gamma < 1 else np.inf
        problem.trace.append(Iteration(iterations, largest, bound))
        if (most - least if gamma < 1 else largest) <= model.rounding(now, gamma):
            break  # nothing but rounding moves
    return Iterate(halves.choose(now) if of_pairs else now, iterations)


def _least_and_most(change: Floats, model: ExpectedMDP) -> tuple[float, float]:
    """Return the least and the largest change; that of a terminal state is 0."""
    least, most = float(change.min()), float(change.max())
    if model.terminal.any():
        return min(least, 0.0), max(most, 0.0)
    return least, most
