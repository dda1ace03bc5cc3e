"""Logits in documents become one number a pair, and what does not belong there is refused."""

import json
import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlcalc.errors import InputError
from rlcalc.readers.models.logits import load_logits
from tests.solvers.models import mdp_of

MODEL = mdp_of({(0, 0): [(1, 1.0, 0.0)], (0, 1): [(0, 1.0, 1.0)], (1, 0): [(0, 1.0, 0.0)]}, 3)
"""State 0 has the actions 0 and 1, state 1 has 0 alone, state 2 is terminal."""

BAD: dict[str, tuple[str, str, str, str]] = {
    "state.yaml": ("9: {0: 1}\n", "there is no state 9", "line 1: 9", "there are 0, 1 and 2"),
    "action.yaml": ("0: {0: 1}\n1: {7: 1}\n", "there is no action 7", "line 2: 1.7", "there are 0"),
    "ended.yaml": ("2: {0: 1}\n", "there is no action 0", "line 1: 2.0", "leave it out"),
    "text.yaml": ("0: {1: '0.5'}\n", "the logit is '0.5'", "line 1: 0.1", "without quotes"),
    "flag.yaml": ("0: {1: true}\n", "the logit is True", "line 1: 0.1", "a finite number"),
    "inf.yaml": ("0: {1: .inf}\n", "the logit is inf", "line 1: 0.1", "null is"),
    "none.yaml": ("1: {0: null}\n", "no action is left", "line 1: 1", "give one of them"),
    "flat.yaml": ("logits:\n  0: 3\n", "0 has no mapping", "line 2: logits.0", "{state: {action"),
    "list.yaml": ("logits: [1]\n", "these are not logits", "line 1: logits", "{state: {action"),
    "table.csv": ("state,action\n0,1\n", "not read from csv", "table.csv", "in YAML"),
}


def test_what_is_not_named_is_zero_and_null_is_never_taken(tmp_path: Path) -> None:
    (tmp_path / "theta.yaml").write_text("0: {1: null}\n")

    assert load_logits(str(tmp_path / "theta.yaml"), MODEL).tolist() == [0.0, -math.inf, 0.0]


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=3, max_size=3))
def test_logits_come_back_as_they_were_written(
    tmp_path_factory: pytest.TempPathFactory, theta: list[float]
) -> None:
    """Under the key logits or alone, and in any order of states and actions."""
    path = tmp_path_factory.mktemp("logits") / "theta.json"
    document = {"1": {"0": theta[2]}, "0": {"1": theta[1], "0": theta[0]}}
    for whole in (document, {"logits": document}):
        path.write_text(json.dumps(whole))

        assert load_logits(str(path), MODEL).tolist() == theta


@pytest.mark.parametrize("name", BAD)
def test_bad_logits_are_refused_with_their_place(name: str, tmp_path: Path) -> None:
    text, what, where, fix = BAD[name]
    (tmp_path / name).write_text(text)
    with pytest.raises(InputError) as error:
        load_logits(str(tmp_path / name), MODEL)
    fault = error.value.faults[0]

    assert what in fault.what
    assert where in fault.where
    assert name in fault.where
    assert fix in fault.fix


def test_all_faults_of_a_document_are_told_at_once(tmp_path: Path) -> None:
    (tmp_path / "theta.yaml").write_text("0: {5: 1, 1: x}\n1: {0: null}\n8: {}\n")
    with pytest.raises(InputError) as error:
        load_logits(str(tmp_path / "theta.yaml"), MODEL)

    assert [fault.what for fault in error.value.faults] == [
        "there is no action 5",
        "the logit is 'x'",
        "no action is left here",
        "there is no state 8",
    ]
