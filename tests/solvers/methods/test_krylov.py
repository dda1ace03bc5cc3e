"""The Krylov method against the dense solution of the same system."""

import numpy as np

from rlcalc.solvers.methods import krylov
from tests.solvers.models import dense, random_model


def test_krylov_solves_the_linear_system() -> None:
    mdp = random_model(np.random.default_rng(8), 60, n_actions=1)
    p, r = dense(mdp)
    value = krylov.solve_system_by_krylov(mdp.expected, 0.99, r, 1e-13)

    np.testing.assert_allclose(value, np.linalg.solve(np.eye(60) - 0.99 * p, r), atol=1e-9)
