"""Lengths: from a column of numbers, counted from texts or lists, and never 0 where unknown."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import rlcalc
from tests.readers.rollouts.test_dumps import trace

TEXTS = st.lists(
    st.text(st.characters(codec="utf-8", exclude_characters="\0\r"), max_size=9),
    min_size=2,
    max_size=6,
)


def written(folder: Path, form: str, texts: list[Any]) -> Path:
    records = [{"prompt": "q", "response": x, "reward": i % 2} for i, x in enumerate(texts)]
    path = folder / f"x.{form}"
    if form == "jsonl":
        path.write_text("".join(json.dumps(record) + "\n" for record in records))
    elif form == "json":
        path.write_text(json.dumps(records))
    elif form == "parquet":
        pl.DataFrame(records).write_parquet(path)
    elif form == "table.json":
        path.write_text(
            json.dumps({"columns": list(records[0]), "data": [list(r.values()) for r in records]})
        )
    else:
        pl.DataFrame(records).write_csv(path, quote_style="always")
    return path


@pytest.mark.parametrize("form", ["jsonl", "json", "parquet", "csv", "table.json"])
def test_a_text_has_as_many_characters_in_every_format(tmp_path: Path, form: str) -> None:
    path = written(tmp_path, form, ["ab", "ünïcode", 'x "y"\n'])
    rollouts = rlcalc.load_rollouts(path, length="response")

    assert np.asarray(rollouts.length).tolist() == [2, 7, 6]
    assert rollouts.facts["length_unit"] == "characters"
    assert rlcalc.load_rollouts(path, texts=True).facts["length_unit"] == "characters"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)
@given(texts=TEXTS, form=st.sampled_from(["jsonl", "parquet", "csv"]))
def test_characters_are_those_of_python(tmp_path: Path, texts: list[str], form: str) -> None:
    lengths = rlcalc.load_rollouts(written(tmp_path, form, texts), length="response").length

    assert np.asarray(lengths).tolist() == [len(text) for text in texts]


@pytest.mark.parametrize("form", ["jsonl", "json", "parquet", "table.json"])
def test_messages_are_as_long_as_their_contents(tmp_path: Path, form: str) -> None:
    chats = [[{"role": "assistant", "content": "abc"}], [{"role": "user", "content": "de"}] * 2]
    path = written(tmp_path, form, chats)

    for reading in ({"length": "response"}, {"texts": True}):
        length = rlcalc.load_rollouts(path, **reading).length
        assert np.asarray(length).tolist() == [3, 4]


@pytest.mark.parametrize("form", ["jsonl", "parquet"])
def test_a_list_of_tokens_has_a_length_in_tokens(tmp_path: Path, form: str) -> None:
    rollouts = rlcalc.load_rollouts(written(tmp_path, form, [[1, 2, 3], [4]]), length="response")

    assert np.asarray(rollouts.length).tolist() == [3, 1]
    assert rollouts.facts["length_unit"] == "tokens"


def test_numbers_in_text_stay_numbers_unless_they_are_responses(tmp_path: Path) -> None:
    path = written(tmp_path, "csv", ["123", "7"])
    sizes = tmp_path / "sizes.csv"
    sizes.write_text(path.read_text().replace('"response"', '"size"'))

    assert np.asarray(rlcalc.load_rollouts(path, length="response").length).tolist() == [3, 1]
    assert np.asarray(rlcalc.load_rollouts(sizes, length="size").length).tolist() == [123, 7]


@pytest.mark.parametrize(
    ("usage", "length"),
    [([{"completion_tokens": 5}, {"completion_tokens": 2}], 7), ([{}], None), ([None], None),
     ([{"completion_tokens": 5}, None], None), ([], None)],
)  # fmt: skip
def test_a_length_is_in_the_usage_or_unknown(tmp_path: Path, usage: Any, length: Any) -> None:
    record = trace(1)
    inside = record["traces"][0]
    inside["calls"] = [{"finish_reason": "stop", "usage": one} for one in usage]
    for node in inside["nodes"]:
        node["mask"] = node["token_ids"] = []
    path = tmp_path / "traces.jsonl"
    path.write_text(json.dumps(record))
    facts = rlcalc.group(path, rows="summary").facts

    assert facts.get("length_mean") == length


def test_a_trace_that_failed_is_an_error_without_a_reward(tmp_path: Path) -> None:
    failed, whole, early = trace(1), trace(0), trace(2)
    failed["traces"][0]["errors"] = [{"type": "x"}]
    early["traces"], early["errors"] = [], [{"type": "x"}]
    path = tmp_path / "traces.jsonl"
    path.write_text("".join(json.dumps(record) + "\n" for record in (failed, whole, early)))
    facts = rlcalc.group(path, rows="summary").facts
    chosen = rlcalc.group(path, reward=("correct",), rows="summary").facts

    assert (facts["rollouts"], facts["errors"], facts["unscored"]) == (3, 2, 2)
    assert chosen["reward_mean"] == facts["reward_mean"] == 0
