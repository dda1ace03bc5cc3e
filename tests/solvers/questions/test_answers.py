"""Answers as rows: facts about infinite values, and rows of some states."""

import json

import rlcalc
from tests.conftest import Shell
from tests.solvers.models import mdp_of


def test_json_has_null_where_values_are_infinite(rlcalc: Shell) -> None:
    done = rlcalc("solve", "recycling-robot", "--steps-to", "low", "--json")
    answer = json.loads(done.stdout)

    assert done.returncode == 0
    assert answer["rows"][0]["v"] is None
    assert answer["rows"][0]["v_infinite"] is True
    assert answer["facts"]["infinite"] == 1


def test_rows_of_some_states() -> None:
    mdp = mdp_of({(0, 0): [(1, 1.0, 0.0)], (2, 0): [(1, 1.0, 0.0)]}, 3)

    assert rlcalc.solve(mdp, reach=["1"], states=["2"])["state"].tolist() == [2]
