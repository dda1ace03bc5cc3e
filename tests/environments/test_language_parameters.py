"""The parameters of a language world, and the faults that they may have."""

import json
import math
import re
import signal
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

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


ENDLESS = world(reward={"regex": "(2+)+3"}, logits={"": {2: 9}}, horizon=40)


def in_thread(work: Callable[[], Any]) -> Any:
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(work).result()


def with_another_alarm(work: Callable[[], Any]) -> Any:
    """The program that calls the library has an alarm of its own."""
    signal.signal(signal.SIGALRM, print)
    try:
        answer = work()
        assert signal.getsignal(signal.SIGALRM) is print
        return answer
    finally:
        signal.signal(signal.SIGALRM, signal.SIG_DFL)


WAYS = [lambda work: work(), in_thread, with_another_alarm]


@pytest.mark.parametrize("way", WAYS, ids=["main", "thread", "alarm"])
def test_an_expression_that_takes_for_ever_is_given_up(
    way: Callable[[Callable[[], Any]], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(language_parameters, "PATIENCE", 0.2)
    for _ in range(2):
        with pytest.raises(InputError, match=r"takes longer than 0\.2 s"):
            way(lambda: rlcalc.simulate(ENDLESS, 50, seed=1).whole())

    assert signal.getsignal(signal.SIGALRM) is signal.SIG_DFL


@pytest.mark.parametrize("way", WAYS, ids=["main", "thread", "alarm"])
@given(pattern=st.from_regex(r"\A([ab.]|[ab.][*+?]|\(a\|b\)\*|\(b\)){0,6}\Z"), data=st.data())
def test_a_regex_has_one_answer_in_every_thread(
    way: Callable[[Callable[[], Any]], Any], pattern: str, data: st.DataObject
) -> None:
    text = data.draw(st.text("abé\ud800\n", max_size=20))
    uncached = language_parameters.regex_matches.__wrapped__

    expected = re.fullmatch(pattern, text) is not None
    assert way(lambda: uncached(pattern, text)) == expected


@given(
    parts=st.lists(st.sampled_from(["a", ".*", "a+", "a?", "(a+)+", "(a|a)*", "(a*)*", " ", "|"])),
    start=st.sampled_from(["", "(?x)", "(?ix:"]),
    length=st.sampled_from([1, 12, 40, 150, 20_000]),
)
def test_what_needs_no_clock_takes_no_time(parts: list[str], start: str, length: int) -> None:
    """In the main thread, whose alarm says whether it was right to do without."""
    pattern = f"{start}{''.join(parts)}" + ")" * (":" in start)
    n_choices = language_parameters.number_of_choices(pattern)
    if max(length, language_parameters.SHORT) ** min(n_choices, 5) > 12**4:
        return
    begin = time.process_time()
    re.fullmatch(pattern, "a" * length + "c")

    assert time.process_time() - begin < 1


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
