"""Jack's car rental: the values of another program, and morning and evening on paper."""

import json
from pathlib import Path

import numpy as np
import pytest

import rlcalc
from rlcalc.environments import load
from rlcalc.environments.jacks_car_rental import censored_poisson, rental_day

KNOWN = json.loads((Path(__file__).parents[1] / "known_answers.json").read_text())[
    "jacks-car-rental"
]


def test_an_evening_by_hand() -> None:
    """With no car in the morning none is rented, and the evening has what is returned."""
    evening, rented = rental_day(3.0, 2.0)

    assert rented[0] == 0
    assert evening[0, 0] == pytest.approx(np.exp(-2))
    np.testing.assert_allclose(evening.sum(axis=1), 1, atol=1e-12)
    assert rented[20] == pytest.approx(3, abs=1e-8)
    assert censored_poisson(1, 3.0).tolist() == pytest.approx([np.exp(-3), 1 - np.exp(-3)])


@pytest.mark.parametrize("policy", ["optimal", "uniform"])
def test_the_values_are_the_known_ones(policy: str) -> None:
    known = KNOWN["optimal" if policy == "optimal" else "policy"]
    result = rlcalc.solve("jacks-car-rental", policy=policy)
    value = dict(zip(result["state"].tolist(), result["v"].tolist(), strict=True))

    assert result.facts["gamma"] == known["gamma"]
    for state, expected in known["v"].items():
        assert value[state] == pytest.approx(expected, abs=result.facts["bound"] + 1e-8)


def test_played_it_earns_what_it_is_worth() -> None:
    result = rlcalc.simulate("jacks-car-rental", 400, max_steps=30, seed=1, rows="summary")

    assert abs(result.facts["standard_errors_apart"]) < 4
    assert load.load_mdp("jacks-car-rental").n_pairs == 4221
