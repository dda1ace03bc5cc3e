"""The setup of `solve`: a model and a request, with the discount factor and the policy."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rlcalc.expected_mdp import ExpectedMDP
from rlcalc.mdp import MDP
from rlcalc.numerics.arrays import Floats
from rlcalc.policy import Policy
from rlcalc.solvers.problem import Solution
from rlcalc.solvers.request import FLOATS, TOLERANCE, SolveRequest


@dataclass(frozen=True)
class SolveSetup:
    """A model and a request, with its discount factor and policy."""

    mdp: MDP
    request: SolveRequest
    gamma: float
    policy: Policy | None = None  # None: the best policy

    @property
    def weight(self) -> Floats | None:
        """[K] π(a|s) of the policy to evaluate."""
        return None if self.policy is None else self.policy.weight

    @property
    def target_bound(self) -> float:
        """The bound that methods aim at: without --tol, smaller where all rewards are below 1.

        Values of the size of 1e-8 known to 1e-6 do not even tell the best action.
        """
        largest = self.mdp.expected.largest_reward
        if self.request.tol is not None:
            return self.request.accepted_bound(largest or 1.0)
        return max(TOLERANCE * min(1.0, largest or 1.0), FLOATS * largest)

    def accepted_bound(self, solution: Solution) -> float:
        """Return the largest bound that a solution may have."""
        shown = (
            [solution.value] if solution.gain is None else [solution.value, solution.gain.of_state]
        )
        largest = max(float(np.abs(values).max(initial=0.0)) for values in shown)
        return self.request.accepted_bound(largest)

    def model(self, *, exact: bool) -> ExpectedMDP:
        """Return the model to solve, in fractions or in floats: under a policy, the induced one."""
        model = self.mdp.exact if exact else self.mdp.expected
        return model if self.weight is None else model.induced_by(self.weight)

    def separation(self, solution: Solution) -> float:
        """Return the difference below which action values tie; 0 where the bound is not proven."""
        if solution.bound > self.accepted_bound(solution):
            return 0.0
        return 2 * (solution.bound + self.mdp.expected.rounding(solution.value, self.gamma))

    def greedy_policy(self, solution: Solution) -> Policy:
        """Return the policy that takes the best actions of a solution."""
        if solution.gain and solution.gain.best is not None:
            return Policy(solution.gain.best, "optimal")
        tolerance = self.separation(solution)
        return Policy.greedy(self.mdp.expected, solution.action_value, tolerance)
