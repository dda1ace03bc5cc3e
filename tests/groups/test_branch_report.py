"""The answer: what is read for it, what is left out, and what is refused."""

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import rlcalc
from rlcalc.errors import InputError, RlcalcError, UsageError
from rlcalc.groups.branch_report import BranchRequest
from tests.conftest import Shell

ROWS = [
    {"group": "q", "response": text, "reward": reward}
    for text, reward in (("a b", 1), ("a b", 0), ("a c", 0), ("d", 1), ("d", 1))
]
TOKENS = [
    {"group": "q", "token_ids": ids, "reward": reward, "response": "x"}
    for ids, reward in (([7, 1], 1), ([7, 2], 0), ([7, 2, 3], 0), ([5], 1), ([5], 1))
]


def written(rows: list[dict[str, object]], path: Path) -> str:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return str(path)


def test_by_words_where_there_are_texts() -> None:
    answer = rlcalc.group(ROWS, rows="branches")
    assert answer.facts["by"] == "words"
    assert list(answer["prefix"]) == ["", "", "a", "a"]
    assert list(answer["next"]) == ["a", "d", "b", "c"]
    assert list(answer["m"]) == [3, 2, 2, 1]


def test_by_tokens_where_their_ids_are_logged(tmp_path: Path) -> None:
    path = written(TOKENS, tmp_path / "t.jsonl")
    answer = rlcalc.group(path, rows="branches")

    assert answer.facts["by"] == "tokens"
    assert list(answer["next"]) == ["5", "7", "1", "2", "(end)", "3"]
    assert list(rlcalc.group(path, rows="branches", by="words")["next"]) == []
    assert list(rlcalc.group(rlcalc.load_rollouts(ROWS, beginnings=True), rows="branches")["m"])


def test_rows_of_one_rollout_are_not_rollouts(tmp_path: Path) -> None:
    rows = [{**row, "rollout_id": i // 2} for i, row in enumerate(TOKENS[:4])]
    rows = [{**row, "reward": i // 2} for i, row in enumerate(rows)]
    path = written(rows, tmp_path / "t.jsonl")

    assert rlcalc.group(path, rows="branches").facts["by"] == "words"
    assert rlcalc.group(path, rows="branches", rollout="none").facts["by"] == "tokens"
    with pytest.raises(InputError, match="several rows"):
        rlcalc.group(path, rows="branches", by="tokens")


@pytest.mark.parametrize("name", ["reward", "group"])
def test_what_tokens_lack_is_named(name: str, tmp_path: Path) -> None:
    rows = [{key: value for key, value in row.items() if key != name} for row in TOKENS]
    with pytest.raises(InputError, match=r"there are no rewards|identifies the groups"):
        rlcalc.group(written(rows, tmp_path / "t.jsonl"), rows="branches", by="tokens")


def test_a_pipe_is_read_as_text_unless_tokens_are_requested(rlcalc: Shell) -> None:
    lines = "".join(json.dumps(row) + "\n" for row in TOKENS)
    text = rlcalc("group", "-", "--rows", "branches", "--fact", "by", stdin=lines)
    ids = rlcalc("group", "-", "--rows", "branches", "--by", "tokens", "--json", stdin=lines)

    assert text.stdout == "words\n"
    assert json.loads(ids.stdout)["facts"]["branches"] == 6


def test_by_turns_where_a_response_has_several() -> None:
    def chat(*texts: str) -> str:
        return json.dumps([{"role": "assistant", "content": text} for text in texts])

    rows = [
        {"group": 0, "response": chat("look", end), "reward": float(end == "up")}
        for end in ("up", "down", "up")
    ]
    answer = rlcalc.group(rows, rows="branches")
    assert (answer.facts["by"], list(answer["depth"])) == ("turns", [1, 1])
    assert list(answer["prefix"]) == ["assistant: look"] * 2
    assert list(answer["next"]) == ["assistant: up", "assistant: down"]


def test_by_turns_where_chats_of_a_group_part_early() -> None:
    def chat(*texts: str) -> str:
        roles = ("user", "assistant", "tool", "assistant")
        pairs = zip(roles, ("q", *texts), strict=True)
        return json.dumps([{"role": role, "content": text} for role, text in pairs])

    rows = [
        {"task_id": "t", "messages": chat(call, "ok", end), "reward": float(end == "42")}
        for call, end in (("look", "42"), ("look", "41"), ("go", "42"), ("go", "42"))
    ]
    answer = rlcalc.group(rows, rows="branches")
    assert answer.facts["by"] == "turns"
    assert list(answer["depth"]) == [1, 1, 3, 3]
    assert list(answer["next"])[:2] == ["assistant: look", "assistant: go"]
    alone = [{**row, "task_id": i} for i, row in enumerate(rows)]
    assert rlcalc.group(alone, rows="branches").facts["by"] == "words"


def test_credit_is_in_the_order_of_the_source() -> None:
    rows = [{**row, "group": f"g{i % 2}"} for i, row in enumerate(ROWS)]
    answer = rlcalc.group(rows, rows="credit")
    assert list(answer["group"]) == ["g0", "g1", "g0", "g1", "g0"]
    means = {"g0": 2 / 3, "g1": 0.5}
    expected = [row["reward"] - means[str(row["group"])] for row in rows]  # type: ignore[operator]
    np.testing.assert_allclose(answer["advantage"], expected)


def test_a_tree_is_of_one_step_unless_steps_are_joined(tmp_path: Path) -> None:
    rows = [{**row, "step": i % 2} for i, row in enumerate(ROWS)]
    alone = rlcalc.group(rows, rows="branches")
    joined = rlcalc.group(rows, rows="branches", across_steps=True)

    assert "of several policies" in joined.notes[-1]
    assert (alone.facts["groups"], joined.facts["groups"]) == (2, 1)
    assert list(joined["m"]) == [3, 2, 2, 1]
    with pytest.raises(UsageError, match="policies"):
        rlcalc.group(rows, rows="branches", step="none")
    assert len(rlcalc.group(rows, rows="branches", step="none", across_steps=True)) == 4

    path = written([{**row, "step": i % 2} for i, row in enumerate(TOKENS)], tmp_path / "t.jsonl")
    by_ids = [rlcalc.group(path, rows="branches", across_steps=joined) for joined in (False, True)]
    assert [answer.facts["groups"] for answer in by_ids] == [2, 1]


def test_rollouts_without_reward_or_response_are_left_out() -> None:
    rows = [*ROWS, {"group": "q", "response": "a", "reward": None}, {"group": "q", "reward": 1}]
    answer = rlcalc.group(rows, rows="branches")
    assert answer.facts["rollouts"] == 5
    assert answer.notes[-2].startswith("2 rollouts without")


def test_it_says_what_cannot_be_known_from_a_log() -> None:
    assert "logged rollouts do not tell" in rlcalc.group(ROWS, rows="branches").notes[-1]


def test_a_plan_adds_a_column_and_its_sum() -> None:
    answer = rlcalc.group(ROWS, rows="branches", plan=0.1)
    assert answer.facts["rollouts_needed"] == answer["rollouts_needed"].sum()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"plan": 0.0}, "--plan 0 is not a standard error above 0"),
        ({"plan": 0.1, "credit": True}, "--plan counts"),
        ({"leave_one_out": True}, "--leave-one-out changes nothing"),
    ],
)
def test_options_that_change_nothing_are_refused(options: dict[str, object], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        BranchRequest(**options)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"rows": "branches", "ddof": 1}, "--ddof changes nothing"),
        ({"rows": "groups", "by": "words"}, "--by changes nothing in --rows groups"),
        ({"rows": "branches", "by": "letters"}, "there are no such units"),
        ({"rows": "branches", "by": "tokens"}, "no column holds the token of tokens"),
        ({"rows": "branches", "by": "tokens", "weights": (1,)}, "--weights is not for"),
    ],
)
def test_what_does_not_fit_is_refused(options: dict[str, object], message: str) -> None:
    with pytest.raises(RlcalcError, match=message):
        rlcalc.group(ROWS, **options)  # type: ignore[arg-type]


def test_without_responses_there_are_no_branches() -> None:
    with pytest.raises(InputError, match="no responses"):
        rlcalc.group([{"group": 0, "reward": 1}, {"group": 0, "reward": 0}], rows="branches")
    with pytest.raises(InputError, match="no rollout has a reward"):
        rlcalc.group([{**row, "reward": None} for row in ROWS], rows="branches")


def test_an_audit_has_no_branches(rlcalc: Shell) -> None:
    done = rlcalc("group", "rollouts", "--audit", "--by", "words")
    assert done.returncode == 2
    assert "--by changes nothing" in done.stderr


def test_a_table_of_tokens_is_read_too(tmp_path: Path) -> None:
    frame = pl.DataFrame([{**row, "reward": float(row["reward"])} for row in TOKENS])  # type: ignore[arg-type]
    frame.write_parquet(tmp_path / "t.parquet")
    for source in (frame, str(tmp_path / "t.parquet")):
        answer = rlcalc.group(source, rows="branches")
        assert (answer.facts["by"], answer.facts["branches"]) == ("tokens", 6)
