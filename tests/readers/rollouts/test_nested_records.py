"""Rollouts that are nested in records: what their trainer wrote is looked at before it counts."""

from types import ModuleType
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlcalc.errors import InputError
from rlcalc.readers.rollouts.dumps import skyrl, verl
from rlcalc.readers.rollouts.dumps.layout import Row
from rlcalc.readers.rollouts.nested_records import (
    checked_rollout,
    frame_of_rollouts,
    rollouts_of_record,
)
from rlcalc.readers.rollouts.request import RolloutRequest

PLAIN = RolloutRequest()
WHERE = "x.jsonl, line 3"
MESSAGES = [{"role": "user", "content": "é?"}]
PROMPT = st.sampled_from(["a", "b", MESSAGES, 7])


def row(**more: Any) -> Row:
    return {"group": "g", "reward": {"right": 1}, **more}


def test_numbers_are_read_from_what_json_says_them_with() -> None:
    read = checked_rollout(
        row(reward={"right": True, "form": "0.5", "style": None}, step="3"), PLAIN, ""
    )

    assert read["reward"] == {"right": 1.0, "form": 0.5, "style": None}
    assert read["step"] == 3


def test_a_reward_that_counts_nothing_by_itself_can_be_asked_for() -> None:
    """Its name is then the only one, and what the trainer summed is left out."""
    request = RolloutRequest(reward=("tidy",))

    assert checked_rollout(row(more={"tidy": 0.25}), request, WHERE)["reward"] == {"tidy": 0.25}
    assert checked_rollout(row(more={"neat": 0.25}), request, WHERE)["reward"] == {"tidy": None}


@pytest.mark.parametrize(
    ("wrong", "what"),
    [
        ({"group": None}, "the group is missing"),
        ({"reward": {}}, "there is no reward"),
        ({"reward": {"right": float("inf")}}, "right is inf, expected a finite number"),
        ({"reward": {"right": [1]}}, r"right is '?\[1\]'?, expected a number"),
        ({"length": -1}, "length is -1, expected a length from 0"),
        ({"length": 2**53}, "expected a length from 0"),
        ({"step": 1.5}, r"step is 1\.5, expected a whole number"),
    ],
)
def test_what_cannot_be_a_rollout_is_refused_where_it_stands(
    wrong: dict[str, Any], what: str
) -> None:
    with pytest.raises(InputError, match=what) as error:
        checked_rollout(row(**wrong), PLAIN, WHERE)

    assert error.value.faults[0].where == WHERE
    assert error.value.faults[0].fix


@pytest.mark.parametrize(
    ("module", "record", "what"),
    [
        (skyrl, {"input_prompt": "q", "score": 1}, "of the format: 'output_response' is missing"),
        (
            skyrl,
            {"input_prompt": "q", "score": ["x"]},
            "of the format: unsupported operand",
        ),
        (verl, {"input": "q"}, "not a record of the format"),
    ],
)
def test_a_record_of_another_shape_is_no_record_of_the_format(
    module: ModuleType, record: dict[str, Any], what: str
) -> None:
    with pytest.raises(InputError, match=what) as error:
        rollouts_of_record(module, record, WHERE, "the format")

    assert error.value.faults[0].where == WHERE
    assert "--from" in error.value.faults[0].fix


@given(st.lists(PROMPT, min_size=1, max_size=8))
def test_rollouts_of_equal_prompts_are_one_group_and_of_others_are_not(prompts: list[Any]) -> None:
    """Messages are told apart as text is."""
    rows = [{"prompt": prompt, "reward": {"right": 1.0}} for prompt in prompts]
    group = frame_of_rollouts(rows, RolloutRequest())["group"].to_list()

    for one, a in zip(prompts, group, strict=True):
        assert [a == b for b in group] == [one == other for other in prompts]


def test_what_some_rollouts_have_is_missing_for_the_others() -> None:
    frame = frame_of_rollouts(
        [row(length=4.0, question="x" * 999), row(reward={"form": 0.5}, truncated=True)],
        RolloutRequest(beginnings=True),
    )

    assert frame.select("reward:right", "reward:form", "length").rows() == [
        (1.0, None, 4.0), (None, 0.5, None),
    ]  # fmt: skip
    assert frame["truncated"].to_list() == [False, True]
    assert frame["question"].to_list() == ["x" * 400, None]
    assert frame.schema["reward:right"] == pl.Float64
