"""The exact value of a simulated policy, computed from the model."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from rlcalc.errors import InputError
from rlcalc.mdp import MDP
from rlcalc.numerics.arrays import Floats
from rlcalc.policy import Policy
from rlcalc.result import Result

MOST_OUTCOMES = 200_000_000
"""Outcomes that may be read for an exact value: about a second."""

OUTCOMES_A_SWEEP = 2_000
"""Outcomes that are read in the time that a sweep takes to begin."""


@dataclass(frozen=True)
class ExactValue:
    """The exact value of a policy in a model, if it is cheap enough and exists."""

    mdp: MDP
    policy: Policy
    gamma: float
    max_steps: int | None  # number of rewards in the start value; None: all of them

    @cached_property
    def solution(self) -> Result | None:
        """V, Q and A of the policy, or None if they do not exist."""
        from rlcalc.solvers import solve
        from rlcalc.solvers.request import SolveRequest

        try:
            return solve.solve(self.mdp, SolveRequest(policy=self.policy, gamma=self.gamma))
        except InputError:
            return None

    @cached_property
    def state_value(self) -> Floats | None:
        """[S] V(s), 0 in terminal states, or None if it does not exist."""
        if not self.solution:
            return None
        rows = self.solution.plain()
        value = dict(zip(rows["state"], rows["v"], strict=True))
        return np.array([value.get(name, 0.0) for name in self.mdp.states.names()])

    @cached_property
    def start_value(self) -> float | None:
        """The expected gain of an episode, or None if it costs too much or does not exist."""
        mdp, steps = self.mdp, self.max_steps
        if steps and 0 < self.gamma < 1:  # later rewards are less than rounding
            steps = min(steps, math.ceil(-40 / math.log(self.gamma)))
        if (len(mdp.next_state) + OUTCOMES_A_SWEEP) * (steps or 1) > MOST_OUTCOMES:
            return None
        assert mdp.start is not None
        if steps:
            return float(mdp.start @ finite_horizon_value(mdp, self.policy, self.gamma, steps))
        value = self.solution.facts["start_value"] if self.solution else None
        return value if isinstance(value, float) and np.isfinite(value) else None


def finite_horizon_value(mdp: MDP, policy: Policy, gamma: float, steps: int) -> Floats:
    """Return the value of a policy over n steps: V_n(s) = r_π(s) + γ Σ_s' P_π(s'|s) V_{n−1}(s').

    Args:
        mdp: the model.
        policy: π(a|s) on its pairs.
        gamma: the discount factor a step.
        steps: n.
    """
    induced = mdp.expected.induced_by(policy.weight)
    value: Floats = np.zeros(mdp.n_states)
    for _ in range(steps):
        value = induced.best(induced.action_value(value, gamma))
    return value
