"""The parameters of a language world, and the faults that they may have."""

import json
import math
import signal
from pathlib import Path
from typing import Any

import pytest

import rlcalc
from rlcalc.environments import language_parameters
from rlcalc.errors import InputError
from tests.conftest import Shell
from tests.environments.languages import SUMS, model, world

P_RIGHT = math.e / (2 + math.e) / 2


def test_rules_for_other_prompts_do_no_harm() -> None:
    """A part of the prompts, and rounds that earn nothing, are no slips."""
    assert rlcalc.solve(
        "language", policy="spec", settings={"prompts": ["1+1="], "judge": 0}
    ).facts["start_value"] == pytest.approx(P_RIGHT)
    world(follow_ups=["sure?"])


def test_words_that_yaml_takes_for_something_else_are_words() -> None:
    said = model(
        vocabulary=[True, 1, "."],
        prompts=["x"],
        reward={"exact": {"x": True}},
        logits={True: {1: 1}},
    )

    assert "x|true" in said.states


@pytest.mark.parametrize("key", ["horizon", "judge", "top_p", "logits", "end"])
def test_what_is_wrong_has_its_line(key: str, rlcalc: Shell, tmp_path: Path) -> None:
    wrong = {"horizon": 0, "judge": 2, "top_p": 2, "logits": {"": {"x": 1}}, "end": "!"}[key]
    lines = [f"{name}: {json.dumps(value)}" for name, value in {**SUMS, key: wrong}.items()]
    (tmp_path / "world.yaml").write_text("\n".join(lines))
    line = 1 + next(n for n, text in enumerate(lines) if text.startswith(f"{key}:"))

    assert f"world.yaml, line {line}: {key}" in rlcalc("simulate", "world.yaml").stderr


def test_an_expression_that_takes_for_ever_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(language_parameters, "PATIENCE", 0.2)
    endless = world(reward={"regex": "(2+)+3"}, logits={"": {2: 9}}, horizon=40)
    with pytest.raises(InputError, match=r"takes longer than 0\.2 s"):
        rlcalc.simulate(endless, 50, seed=1).whole()

    assert signal.getsignal(signal.SIGALRM) is signal.SIG_DFL


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"vocabulary": ["a"]}, "two or more different tokens"),
        ({"vocabulary": ["a", "a"]}, "two or more different tokens"),
        ({"vocabulary": ["a", "b|c"]}, "without |"),
        ({"end": "!"}, "is not a token"),
        ({"horizon": 0}, "expected 1 to"),
        ({"prompts": {"x": 0.5}}, "expected probabilities that sum to 1"),
        ({"prompts": []}, "no prompts"),
        ({"prompts": ["1+1=", "1+2"]}, r"prompt '1\+2'; did you mean '1\+2='"),
        ({"reward": {"exact": {}}}, "no rule for the prompt"),
        ({"prompts": ["(end)"]}, "other than .end."),
        ({"logits": {"": {"x": 1}}}, "have no token 'x'"),
        ({"logits": {"": {2: None, 3: None, ".": None}}}, "no token can come"),
        ({"logits": {"": {2: float("nan")}}}, "expected −700 to 700"),
        ({"logits": {"": 3}}, "expected {token: number}"),
        ({"reward": {"exct": {}}}, "did you mean exact"),
        ({"reward": {"regex": "("}}, "cannot be read"),
        ({"reward": {"table": {"x": {"y": "z"}}}}, "expected a finite number"),
        ({"judge": 2}, "number from 0 to 1"),
        ({"level": "word"}, "level is text 'word'"),
        ({"level": "sequence", "follow_ups": ["so?"]}, "one response"),
        ({"temperature": 0}, "above 0"),
        ({"top_p": 2}, "above 0"),
        ({"tempratur": 1}, "did you mean temperature"),
    ],
)
def test_wrong_parameters_are_named(changes: dict[str, Any], what: str) -> None:
    with pytest.raises(InputError, match=what):
        world(**changes)
