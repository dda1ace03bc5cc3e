"""The rifle on paper, by exact fractions, and played."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import rlcalc
from rlcalc import MDP
from rlcalc.environments import load
from rlcalc.environments.rifle import scatter_distribution
from rlcalc.errors import InputError

HOW = ("good", "bad")
VALUE = {("good", "good"): 1.0, ("bad", "good"): 0.6, ("good", "bad"): 0.6, ("bad", "bad"): 0.4}
SPEC = {
    ("good", "good"): "rifle",
    ("bad", "good"): "rifle-bad-gun",
    ("good", "bad"): "rifle-bad-bullet",
    ("bad", "bad"): "rifle-bad-both",
}


def rifle(**settings: object) -> MDP:
    return load.load_mdp("rifle", settings=settings)


@pytest.mark.parametrize(("gun", "bullet"), VALUE)
def test_the_value_is_the_known_one(gun: str, bullet: str) -> None:
    result = rlcalc.solve("rifle", settings={"gun": gun, "bullet": bullet})

    assert result.facts["start_value"] == pytest.approx(VALUE[gun, bullet], abs=1e-15)
    np.testing.assert_allclose(result["v"], VALUE[gun, bullet], atol=1e-15)
    np.testing.assert_allclose(result["a"], 0, atol=1e-15)


@pytest.mark.parametrize(("gun", "bullet"), VALUE)
def test_a_bad_gun_makes_the_next_state_random_and_a_bad_bullet_the_reward(
    gun: str, bullet: str
) -> None:
    mdp = rifle(gun=gun, bullet=bullet)

    assert mdp.next_state_certain is (gun == "good")
    assert mdp.reward_certain is (bullet == "good")


@pytest.mark.parametrize(("gun", "bullet"), VALUE)
def test_the_shipped_specs_are_the_environment(gun: str, bullet: str) -> None:
    """No spec contradicts the world that it names."""
    spec = load.load_mdp(SPEC[gun, bullet])
    mdp = rifle(gun=gun, bullet=bullet)

    assert (spec.probability == mdp.probability).all()
    assert (spec.next_state == mdp.next_state).all()
    assert spec.states.texts == mdp.states.texts
    assert spec.gamma == mdp.gamma


def test_the_names_say_where_it_aims() -> None:
    mdp = rifle(gun="bad", size=2)

    assert mdp.states.texts[:4] == mdp.actions.texts == ["(0,0)", "(0,1)", "(1,0)", "(1,1)"]
    assert "(-1,0) fired" in mdp.states.texts  # outside the grid, and not clamped
    assert mdp.expected.terminal[4:].all()


def test_a_fixed_target_makes_the_policy_matter() -> None:
    result = rlcalc.solve("rifle", settings={"gun": "bad", "bullet": "bad", "target": [1, 1]})
    best = dict(zip(result["action"].tolist(), result["q"].tolist(), strict=True))

    assert best["(1,1)"] == pytest.approx(0.4)
    assert best["(0,1)"] == pytest.approx(2 * 0.6 * 0.1)  # one of the two moves right, once
    assert best["(0,0)"] == pytest.approx(4 * 0.1 * 0.1 / 2)  # right and up, in either order
    assert result.facts["start_value"] == pytest.approx(0.4)


offsets = st.lists(
    st.tuples(st.integers(-2, 2), st.integers(-2, 2), st.integers(1, 5)), min_size=1, max_size=4
).map(lambda rows: [[x, y, f"{n}/{sum(row[2] for row in rows)}"] for x, y, n in rows])


@given(offsets, offsets)
def test_a_shot_hits_as_often_as_both_offsets_cancel(
    gun: list[list[object]], bullet: list[list[object]]
) -> None:
    """By direct summation over pairs of offsets, which is symmetric in gun and bullet."""
    one, two = scatter_distribution(gun), scatter_distribution(bullet)
    hit = sum(
        p * q
        for ((x, y), p), ((u, v), q) in product(one.items(), two.items())
        if (x + u, y + v) == (0, 0)
    )
    for first, second in ((gun, bullet), (bullet, gun)):
        mdp = rifle(gun=first, bullet=second, size=2)

        np.testing.assert_allclose(mdp.expected.reward, hit, atol=1e-12)


@pytest.mark.parametrize(("gun", "bullet"), VALUE)
def test_played_it_gives_the_value(gun: str, bullet: str) -> None:
    result = rlcalc.simulate(
        "rifle", 20_000, rows="summary", seed=3, settings={"gun": gun, "bullet": bullet}
    )

    assert result.facts["start_value"] == pytest.approx(VALUE[gun, bullet])
    if result["se"][0] == 0:  # a certain gain has no interval
        assert result["mean"][0] == VALUE[gun, bullet]
    else:
        assert result["low"][0] <= VALUE[gun, bullet] <= result["high"][0]
    assert result.facts["steps"] == 20_000


@pytest.mark.parametrize(
    ("settings", "what"),
    [
        ({"gun": "ugly"}, "none of good, bad"),
        ({"gun": {"scatter": 2}}, "not a probability"),
        ({"bullet": [[0, 0, 0.5]]}, "sum to 0.5"),
        ({"bullet": [[0, 0]]}, "not .dx, dy, p."),
        ({"size": 0}, "whole number from 1"),
        ({"size": 70}, "4,900 aims has at least 24,010,000"),
        ({"size": 10**5}, "10,000,000,000 aims"),  # said at once: its cells are never made
        ({"size": 10**30}, "aims"),
        ({"target": "there"}, "aimed or a cell"),
        ({"gn": "bad"}, "unknown key gn"),
        ({"gamma": 2}, "from 0 to 1"),
    ],
)
def test_wrong_parameters_are_named(settings: dict[str, object], what: str) -> None:
    with pytest.raises(InputError, match=what):
        rifle(**settings)
