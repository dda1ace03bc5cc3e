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
