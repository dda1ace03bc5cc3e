"""Messages and a reward: the prompt is what stands before the last turn of the assistant."""

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import rlcalc
from rlcalc.readers.rollouts.chats import split_chat

SYSTEM = {"role": "system", "content": "Be brief."}


def turn(role: str, content: str) -> dict[str, str]:
    return {"role": role, "content": content}


def rows() -> list[dict[str, Any]]:
    """Four answers to each of two questions, the second in a chat of two turns."""
    first = [SYSTEM, turn("user", "1 + 1?")]
    second = [turn("user", "Hi"), turn("assistant", "Hello"), turn("user", "2 + 2?")]
    return [
        {"messages": [*prompt, turn("assistant", str(n))], "reward": float(n == right)}
        for prompt, right in ((first, 2), (second, 4))
        for n in range(2, 6)
    ]


@pytest.mark.parametrize("name", ["messages", "conversations"])
@pytest.mark.parametrize("suffix", ["jsonl", "json", "parquet"])
def test_groups_are_those_of_one_prompt(suffix: str, name: str, tmp_path: Path) -> None:
    path = tmp_path / f"rollouts.{suffix}"
    records = [{name: row["messages"], "reward": row["reward"]} for row in rows()]
    if suffix == "parquet":
        pl.DataFrame(records).write_parquet(path)
    else:
        lines = "".join(json.dumps(record) + "\n" for record in records)
        path.write_text(lines if suffix == "jsonl" else json.dumps(records))
    groups = rlcalc.group(str(path), rows="groups")

    assert list(groups["n"]) == [4, 4]
    assert list(groups["prompt"]) == ["1 + 1?", "2 + 2?"]
    assert list(groups["mean"]) == [0.25, 0.25]
    named = rlcalc.group(str(path), rows="groups", group=name)
    assert list(named.rows()) == list(groups.rows())


def test_an_id_goes_before_the_messages() -> None:
    records = pl.DataFrame([{**row, "prompt_id": n} for n, row in enumerate(rows())])

    assert len(rlcalc.group(records, rows="groups")) == 8


def test_the_response_is_the_last_turn() -> None:
    facts = rlcalc.group(pl.DataFrame(rows()), rows="summary", texts=True).facts

    assert facts["length_mean"] == 1
    assert facts["repeated_responses"] == 0


@pytest.mark.parametrize("text", ["no JSON", "7", "[]", '[{"role":"user","content":"x"}]'])
def test_what_has_no_turn_of_the_assistant_is_a_prompt(text: str) -> None:
    assert split_chat(text) == (text, None)


def test_a_result_of_a_tool_belongs_to_the_response() -> None:
    messages = [turn("user", "x"), turn("assistant", "call"), turn("tool", "42")]
    prompt, response = split_chat(json.dumps(messages))

    assert json.loads(prompt) == messages[:1]
    assert response is not None
    assert json.loads(response) == messages[1:]


def test_messages_of_sharegpt_are_known() -> None:
    messages = [{"from": "human", "value": "x"}, {"from": "gpt", "value": "y"}]

    assert json.loads(split_chat(json.dumps(messages))[0]) == messages[:1]
