"""Every shipped spec is read, and says what its comment says."""

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import rlcalc
from rlcalc.environments import WORLDS
from rlcalc.environments.registry import parameters_types
from rlcalc.readers.shipped_specs import shipped_specs
from tests.conftest import Shell

KNOWN: dict[str, Any] = json.loads((Path(__file__).parent / "known_answers.json").read_text())
"""Solved in exact fractions by policy iteration, apart from rlcalc; state by state."""
MODELS = sorted(KNOWN.keys() & shipped_specs().keys())


def by_name(result: rlcalc.Result, column: str) -> dict[str, float]:
    return dict(zip(map(str, result["state"]), result[column].tolist(), strict=True))


@pytest.mark.parametrize("name", shipped_specs())
def test_each_spec_opens_with_what_it_shows_its_source_and_answer(name: str) -> None:
    comment = shipped_specs()[name].read_text().split("\ngamma")[0]

    assert comment.startswith("# ")
    assert "# Source: " in comment
    assert "# Known answer" in comment
    assert rlcalc.check(name).facts["faults"] == 0


def test_walks_on_the_grid_hold_the_exact_values() -> None:
    """V(nw) = −8 and V(ne) = V(sw) = −6 under the uniform policy."""
    exact = {"nw": -8, "ne": -6, "sw": -6}
    for visit in ("first", "every"):
        result = rlcalc.estimate("grid-walks", of="v", visit=visit)  # type: ignore[arg-type]
        true = np.array([exact[state] for state in result["state"]])

        assert (result["v_low"] <= true).all()
        assert (true <= result["v_high"]).all()


@pytest.mark.parametrize("name", MODELS)
def test_the_best_values_and_all_best_actions_are_the_known_ones(name: str) -> None:
    known = KNOWN[name]["optimal"]
    result = rlcalc.solve(name, gamma=known["gamma"])
    value = by_name(result, "v")
    best: dict[str, list[str]] = {state: [] for state in known["v"]}
    for row in result.rows():
        best[str(row["state"])] += [str(row["action"])] if row["pi"] > 0 else []

    for state, expected in known["v"].items():
        assert abs(value.get(state, 0.0) - expected) <= result.facts["bound"]
    assert best == {state: known["actions"].get(state, []) for state in best}


@pytest.mark.parametrize("name", MODELS)
def test_the_values_of_its_policy_are_the_known_ones(name: str) -> None:
    """The policy in the file, or else the uniform one."""
    known = KNOWN[name]["policy"]
    policy = "spec" if "\npolicy:" in shipped_specs()[name].read_text() else "uniform"
    result = rlcalc.solve(name, gamma=known["gamma"], policy=policy)
    value = by_name(result, "v")

    for state, expected in known["v"].items():
        assert abs(value.get(state, 0.0) - expected) <= result.facts["bound"]


def test_the_lake_without_discount_is_the_known_one() -> None:
    """There policies that never end earn nothing, and are greedy for V all the same."""
    known = KNOWN["frozen-lake"]["undiscounted"]["optimal"]
    value = by_name(rlcalc.solve("frozen-lake", gamma=1.0), "v")

    for state, expected in known["v"].items():
        assert value.get(state, 0.0) == pytest.approx(expected, abs=1e-15)


@pytest.mark.parametrize("name", [name for name in MODELS if "average" in KNOWN[name]])
def test_the_average_reward_is_the_known_one(name: str) -> None:
    result, known = rlcalc.solve(name, criterion="average"), KNOWN[name]["average"]["gain"]
    from_each = known if isinstance(known, dict) else dict.fromkeys(by_name(result, "gain"), known)

    assert by_name(result, "gain") == pytest.approx(from_each, abs=1e-12)
    assert result.facts["gain"] == (None if isinstance(known, dict) else pytest.approx(known))


def test_the_pass_is_taken_on_foot_by_whoever_must_come_home() -> None:
    proper = rlcalc.solve("mountain-pass", proper=True)
    reached = rlcalc.solve("mountain-pass", reach=["home"])
    steps = by_name(rlcalc.solve("mountain-pass", steps_to=["home"], minimise=True), "v")
    cut = proper["action"].tolist().index("cut")

    assert by_name(proper, "v") == {"hut": -4, "pass": -3, "valley": -2, "crevasse": -np.inf}
    assert (proper["a"][cut], reached["q"][cut]) == (-np.inf, 4 / 5)
    assert by_name(reached, "v") == {"hut": 1, "pass": 1, "valley": 1, "crevasse": 0}
    assert steps == {"hut": 4, "pass": 3, "valley": 2, "crevasse": np.inf}
    assert by_name(rlcalc.solve("mountain-pass"), "v")["hut"] == 0


def test_the_gambler_is_ruined_as_in_closed_form() -> None:
    """P(i) = (1 − (q/p)^i) / (1 − (q/p)^10), and i/(q − p) − 10 P(i)/(q − p) games."""
    reached = by_name(rlcalc.solve("gamblers-ruin", reach=["10"]), "v")
    games = by_name(rlcalc.solve("gamblers-ruin", steps_to=["0", "10"]), "v")
    gains: Any = rlcalc.solve("gamblers-ruin", rows="return", level=[0.5, 0.9], states=["5"])
    chance = {i: (1 - 1.5**i) / (1 - 1.5**10) for i in range(1, 10)}

    assert reached == pytest.approx({str(i): p for i, p in chance.items()}, abs=1e-12)
    assert games == pytest.approx({str(i): 5 * i - 50 * chance[i] for i in chance}, abs=1e-9)
    steps = rlcalc.solve("gamblers-ruin", rows="occupancy").facts["steps"]
    assert steps == pytest.approx(211 / 11, abs=1e-9)
    assert gains["mean"][0] == pytest.approx(-211 / 55, abs=1e-9)
    assert gains["variance"][0] == pytest.approx(25 * (1 - (211 / 275) ** 2), abs=1e-9)
    assert gains["quantile"].tolist() == [-5, 5]
    assert gains["cvar"] == pytest.approx([-5, -53 / 11], abs=1e-9)


def test_thinking_has_the_better_mean_and_the_worse_worst_fifth() -> None:
    tails: dict[str, Any] = {}
    for policy in ("optimal", "spec"):
        gains = rlcalc.solve("noisy-judge", policy=policy, rows="return", level=0.2)
        tails[policy] = [gains[name][0] for name in ("mean", "variance", "quantile", "cvar")]

    assert tails["optimal"] == pytest.approx([0.58, 0.1411, 0.75, -0.1], abs=1e-12)
    assert tails["spec"] == pytest.approx([0.55, 0.2475, 0, 0], abs=1e-12)


@pytest.mark.parametrize("name", WORLDS)
def test_what_an_environment_prints_is_a_source_that_says_all_its_parameters(
    name: str, rlcalc: Shell, tmp_path: Path
) -> None:
    """`rlcalc specs NAME > mine.yaml` is where one's own begins, and the listing names it."""
    text = rlcalc("specs", name).stdout
    (tmp_path / "mine.yaml").write_text(text)
    listed = json.loads(rlcalc("specs", "--json").stdout)["rows"]

    assert {(row["name"], row["kind"]) for row in listed} >= {(name, "environment")}
    assert rlcalc("check", tmp_path / "mine.yaml").returncode == 0
    for parameter in parameters_types()[name].model_fields:
        assert re.search(rf"^(#   )?{parameter}: ", text, re.MULTILINE)


def test_the_answer_of_the_car_rental_is_where_a_user_looks(rlcalc: Shell) -> None:
    assert "V(10+10) = 574.9483239852" in rlcalc("specs", "jacks-car-rental").stdout
    assert "did you mean jacks-car-rental?" in rlcalc("specs", "jacks").stderr
    assert "environment: gym:CartPole-v1\n" in rlcalc("specs", "gym:CartPole-v1").stdout
