"""A model with loops and a softmax policy, for the tests of the policy gradient."""

import numpy as np

from rlcalc.mdp import MDP
from rlcalc.policy import Policy
from rlcalc.policy_gradient.setup import GradientSetup, set_up
from rlcalc.simulation.request import PlayRequest
from tests.solvers.models import mdp_of


def looping() -> MDP:
    """Three states with loops, and a terminal one."""
    return mdp_of(
        {
            (0, 0): [(0, 0.25, 1.0), (1, 0.75, -1.0)],
            (0, 1): [(2, 0.5, 0.0), (3, 0.5, 2.0)],
            (1, 0): [(0, 0.5, 1.0), (3, 0.5, 0.0)],
            (1, 1): [(2, 1.0, -2.0)],
            (2, 0): [(3, 0.5, 3.0), (1, 0.5, 0.0)],
            (2, 1): [(3, 1.0, 1.0)],
            (2, 2): [(0, 1.0, 0.0)],
        },
        4,
    )


def softmax_setup(mdp: MDP, n: int, seed: int, gamma: float, jobs: int | None = 1) -> GradientSetup:
    logit = np.linspace(-0.8, 0.8, mdp.n_pairs)
    policy = Policy.softmax(mdp.expected, logit, 1.0)
    return set_up(
        mdp, PlayRequest(n, policy, start="0", seed=seed, gamma=gamma, jobs=jobs), plays=True
    )
