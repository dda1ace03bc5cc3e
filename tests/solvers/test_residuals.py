"""Residuals: by hand, and the compiled loop of large models against numpy."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlcalc.mdp import MDP
from rlcalc.policy import Policy
from rlcalc.solvers import residuals
from rlcalc.solvers.problem import Solution
from rlcalc.solvers.residuals import bellman_residuals
from tests.solvers.models import mdp_of, models

CHOICE = mdp_of({(0, 0): [(0, 1.0, 1.0)], (0, 1): [(0, 1.0, 2.0)]}, 1)
"""One state; staying earns 1 or 2."""


def test_each_residual_is_of_its_own_recursion() -> None:
    """At gamma 1/2 with V = 0 and Q = (1, 2): only Q = r + γ V holds; the others are off."""
    solution = Solution(np.array([1.0, 2.0]), np.zeros(1), 0.0, "none", 0)
    expected = {"vv": 2.0, "qq": 1.0, "vq": 2.0, "qv": 0.0}

    assert bellman_residuals(CHOICE.expected, solution, 0.5, None) == expected


@given(models(), st.booleans(), st.integers(0, 2**32 - 1), st.booleans())
def test_the_loop_of_large_models_agrees_with_numpy(
    mdp: MDP, is_policy: bool, seed: int, average: bool
) -> None:
    rng = np.random.default_rng(seed)
    solution = Solution(rng.normal(size=mdp.n_pairs), rng.normal(size=mdp.n_states), 0.0, "none", 0)
    solution.facts = {"gain": 0.25} if average else {}
    weight = Policy.uniform(mdp.expected).weight if is_policy else None
    small = bellman_residuals(mdp.expected, solution, 0.9, weight)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(residuals, "LARGE", -1)
        large = bellman_residuals(mdp.expected, solution, 0.9, weight)

    assert large == pytest.approx(small, abs=1e-12)


@pytest.mark.parametrize("large", [1 << 16, -1])
def test_what_is_not_a_number_is_not_hidden(large: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(residuals, "LARGE", large)
    solution = Solution(np.array([np.nan, 2.0]), np.zeros(1), 0.0, "none", 0)
    several = bellman_residuals(CHOICE.expected, solution, 0.5, None)

    assert np.isnan([several["qv"], several["vq"]]).all()
