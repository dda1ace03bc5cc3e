"""A finite horizon: by hand, and towards the discounted value."""

from fractions import Fraction
from typing import Any

import numpy as np

import rlcalc
from tests.solvers.models import mdp_of


def test_values_by_steps_to_go_come_to_the_discounted_value() -> None:
    horizon = rlcalc.solve("forest", horizon=400)
    direct = rlcalc.solve("forest")
    last = horizon["steps_to_go"] == 400

    np.testing.assert_allclose(horizon["q"][last], direct["q"], atol=1e-12)
    assert horizon.facts["bound"] < 1e-11


def test_a_horizon_counts_steps_by_hand() -> None:
    """Forest: with 1 step to go wait in old earns 4; with 2, 4 + γ (0.9 · 4 + 0.1 · 0) = 7.24."""
    result = rlcalc.solve("forest", horizon=2, states=["old"])

    assert result["steps_to_go"].tolist() == [2, 2, 1, 1]
    np.testing.assert_allclose(result["v"], [7.24, 7.24, 4, 4])


def test_the_bound_of_a_policy_counts_the_roundings_of_its_many_actions() -> None:
    """Σ_a π(a) r(a) of 3,000 actions, in fractions: it was off by 1.4 times the bound."""
    for seed in range(5):
        rng = np.random.default_rng(seed)
        reward, weight = rng.random(3000), rng.dirichlet(np.ones(3000))
        mdp = mdp_of({(0, a): [(1, 1.0, float(r))] for a, r in enumerate(reward)}, 2)
        result: Any = rlcalc.solve(mdp, policy=rlcalc.Policy(weight, "drawn"), steps_to_go=1)
        share = [Fraction(w) for w in weight.tolist()]
        gained = sum(w * Fraction(r) for w, r in zip(share, reward.tolist(), strict=True))

        assert abs(Fraction(float(result["v"][0])) - gained / sum(share)) <= result.facts["bound"]
