"""A finite horizon: by hand, and towards the discounted value."""

import numpy as np

import rlcalc


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
