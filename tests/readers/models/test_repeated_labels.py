"""A model, a policy, a start and logits refuse a label that comes twice, however it is written."""

from pathlib import Path

import pytest

import rlcalc
from rlcalc.errors import InputError
from rlcalc.readers.models.logits import load_logits

MODEL = "states: {0: {1: {to: end, reward: 1}, 2: {to: end}}, end: {}}\n"


@pytest.mark.parametrize(
    "text",
    [
        "states: {0: {go: {to: 0}}, '0': {go: {to: 0}}}",
        "states: {0: {1: {to: 0}, '1.0': {to: 0}}}",
        MODEL + "policy: {0: 1, '0': 2}",
        MODEL + "policy: {0: {1: 0.5, '1': 0.5}}",
        MODEL + "start: {0: 0.5, '0.0': 0.5}",
    ],
)
def test_a_document_with_one_label_twice_is_refused(text: str, tmp_path: Path) -> None:
    (tmp_path / "m.yaml").write_text(text)

    with pytest.raises(InputError, match=r"two by the name [01]"):
        rlcalc.solve(str(tmp_path / "m.yaml"), gamma=0.5)


@pytest.mark.parametrize("text", ["{0: {1: 0.5}, '0': {2: 1}}", "{0: {1: 0.5, '1': 1}}"])
def test_logits_with_one_label_twice_are_refused(text: str, tmp_path: Path) -> None:
    (tmp_path / "m.yaml").write_text(MODEL)
    (tmp_path / "l.yaml").write_text(text)

    with pytest.raises(InputError, match="two by the name"):
        load_logits(str(tmp_path / "l.yaml"), rlcalc.load_model(str(tmp_path / "m.yaml")))


def test_a_policy_may_write_a_state_in_another_way_than_its_model(tmp_path: Path) -> None:
    (tmp_path / "m.yaml").write_text(MODEL)
    (tmp_path / "p.yaml").write_text("{0.0: '1'}")
    rows = list(rlcalc.solve(str(tmp_path / "m.yaml"), policy=str(tmp_path / "p.yaml")).rows())

    assert [row["pi"] for row in rows] == [1.0, 0.0]
