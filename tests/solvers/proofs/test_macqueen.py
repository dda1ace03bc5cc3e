"""MacQueen bounds: they hold for any values, and are exact on paper."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlcalc.mdp import MDP
from rlcalc.solvers.proofs.macqueen import span_bound, span_half_width
from tests.solvers.models import best_of_all_policies, mdp_of, models


def test_one_state_by_hand() -> None:
    """V = 1/(1 − 0.5) = 2: from v = 0, Tv − v = 1 everywhere, so the middle is V itself."""
    proven = span_bound(mdp_of({(0, 0): [(0, 1.0, 1.0)]}, 1).expected, np.zeros(1), 0.5, 1e-9)

    assert proven.value[0] == pytest.approx(2.0, abs=proven.bound)
    assert proven.bound < 1e-12
    assert span_half_width(-1.0, 3.0, 0.5) == 2.0


@given(models(), st.sampled_from([0.0, 0.5, 0.9]), st.integers(0, 99))
def test_the_bound_holds_for_any_values(mdp: MDP, gamma: float, seed: int) -> None:
    model = mdp.expected
    value = np.where(model.terminal, 0.0, np.random.default_rng(seed).normal(size=mdp.n_states))
    proven = span_bound(model, value, gamma, 1e-9)
    off = np.abs(proven.value - best_of_all_policies(mdp, gamma)).max()

    assert off <= proven.bound + 1e-9
