"""Columns of rollouts mean the same whether a table or single records hold them."""

import json
import shlex
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import rlcalc
from rlcalc.errors import InputError
from rlcalc.readers.rollouts.columns import expressions, requested_layout, types_of, value_of_type
from rlcalc.readers.rollouts.dumps.layout import Layout
from rlcalc.readers.rollouts.request import RolloutRequest

PLAIN = RolloutRequest()
NUMBER_LIKE = st.one_of(
    st.text("0123456789.eE+-_ xinfa٣", min_size=1, max_size=5),
    st.sampled_from(["1_0", " 2.5 ", "1e3", ".5", "5.", "+1", "0x10", "٣", "one", "inf", "1e999"]),
).filter(lambda text: text.strip().lower() not in ("", "nan"))


def selected(layout: Layout, **columns: list[Any]) -> pl.DataFrame:
    frame = pl.DataFrame(columns)
    return frame.select(expressions(layout, frame.schema, PLAIN))


def number_of_record(text: str) -> float | None:
    try:
        number: float = value_of_type(text, pl.Float64(), "reward", "line 1")
    except InputError:
        return None
    return number


@given(NUMBER_LIKE)
def test_text_is_a_number_in_a_record_where_it_is_one_in_a_table(text: str) -> None:
    """Python's float takes digits of every script, and underscores; Polars does not."""
    (row,) = selected(Layout(("r",), group="g"), r=[text], g=["a"]).to_dicts()

    assert str(number_of_record(text)) == str(row["reward:r"])
    assert (row["bad:reward:r"] is None) == (row["reward:r"] is not None)


@pytest.mark.parametrize(
    ("value", "whole"), [(3, 3), (3.0, 3), ("3", 3), (2**53 - 1, 2**53 - 1), (True, 1)]
)
def test_a_step_is_any_value_that_says_a_whole_number(value: object, whole: int) -> None:
    step = value_of_type(value, pl.Int64(), "step", "line 1")

    assert (type(step), step) == (int, whole)


@pytest.mark.parametrize("value", [3.5, 2**53, float("nan"), float("inf"), "3 of 4", [3], 10**400])
def test_a_step_that_is_no_whole_number_is_refused_where_it_stands(value: object) -> None:
    """From 2⁵³ on not every whole number is one of float64, so steps could fall together."""
    with pytest.raises(InputError, match=r"step is .*, expected a whole number") as error:
        value_of_type(value, pl.Int64(), "step", "line 7")

    assert error.value.faults[0].where == "line 7"


def test_a_field_of_a_column_is_read_as_a_column_is() -> None:
    layout = Layout(("m.right",), group="g", length="m.size")
    nested = selected(
        layout, g=["a", "a"], m=[{"right": 1.0, "size": "3"}, {"right": None, "size": "x"}]
    )

    assert nested["reward:m.right"].to_list() == [1.0, None]
    assert nested["length"].to_list() == [3.0, None]
    assert nested["bad:length"].to_list() == [None, "x"]


def test_texts_are_read_only_where_they_are_asked_for() -> None:
    """They are most of a dump; the prompt is needed only where no id says the group."""
    by_id = Layout(("r",), group="g", prompt="p", response="c")
    by_prompt = Layout(("r",), prompt="p", response="c", grouped="prompt")
    first = {"r": 1.0, "g": 1, "p": "1+1?", "c": "2"}

    assert set(types_of(by_id, first, PLAIN)) == {"r", "g"}
    assert set(types_of(by_prompt, first, PLAIN)) == {"r", "p"}
    assert set(types_of(by_id, first, RolloutRequest(texts=True))) == {"r", "g", "c"}
    assert set(types_of(by_id, first, RolloutRequest(beginnings=True))) == {"r", "g", "p", "c"}


@pytest.mark.parametrize(
    ("columns", "reading", "what", "fix"),
    [
        ({"group": [1], "score": [1.0]}, {"reward": ("scroe",)}, "no column scroe", "mean score?"),
        ({"group": [1], "right": [1.0]}, {}, "no column for the reward", "there are group and"),
        ({"who": [1], "score": [1.0]}, {}, "no column identifies the groups", "there are who and"),
    ],
)
def test_a_column_that_is_missing_is_named_with_those_that_are_there(
    columns: dict[str, list[Any]], reading: dict[str, Any], what: str, fix: str
) -> None:
    with pytest.raises(InputError, match=what) as error:
        rlcalc.load_rollouts(columns, **reading)

    assert fix in error.value.faults[0].fix


def test_a_named_column_replaces_what_the_format_makes_of_its_own() -> None:
    """The trainer's way to find groups, and to read its column, belongs to its column alone."""
    layout = Layout(
        ("r",), prompt="p", length="n", grouped="runs", restart=True,
        derive={"length": lambda column: column * 2},
    )  # fmt: skip
    request = RolloutRequest(group="g", length="m")
    chosen = requested_layout(layout, ["r", "p", "n", "g", "m"], "x", request)

    assert (chosen.group, chosen.grouped, chosen.restart) == ("g", "id", False)
    assert selected(chosen, r=[1.0], p=["a"], n=[1], g=["b"], m=[5])["length"].to_list() == [5]


@pytest.mark.parametrize("suffix", ["jsonl", "json", "parquet"])
@pytest.mark.parametrize("column", ["score", "length"])
def test_the_fix_of_a_mapping_works(tmp_path: Path, suffix: str, column: str) -> None:
    """Each option that it names is tried, as a shell would read it."""
    inner = {"acc": True, "my part": 0.5, "why": "ok", "a,b": 1}
    rows = [{"group": 1, "score": 1, "length": 9} | {column: inner} for _ in range(2)]
    path = tmp_path / f"a.{suffix}"
    if suffix == "parquet":
        pl.DataFrame(rows).write_parquet(path)
    elif suffix == "json":
        path.write_text(json.dumps(rows))
    else:
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    with pytest.raises(InputError, match=f"{column} is a mapping") as caught:
        rlcalc.group(str(path))
    option = "reward" if column == "score" else "length"
    fix = caught.value.faults[0].fix
    named = [shlex.split(part) for part in fix.partition(": ")[2].split(" or ")]

    assert named == [[f"--{option}", f"{column}.acc"], [f"--{option}", f"{column}.my part"]]
    for _, name in named:
        reading: Any = {"reward": (name,)} if column == "score" else {"length": name}
        rollouts = rlcalc.load_rollouts(str(path), **reading)
        values = rollouts.reward if column == "score" else rollouts.length
        assert values is not None
        assert values.tolist() == [float(inner[name.partition(".")[2]])] * 2  # type: ignore[arg-type]


NESTED = [
    {"g": n % 2, "rewards": {"total": float(n), "form": 0.5}, "q": {"p": "x"}} for n in (0, 1)
]


@pytest.mark.parametrize("suffix", ["jsonl", "json", "parquet"])
@pytest.mark.parametrize(
    ("named", "guess"),
    [
        ("rewards.totl", "did you mean rewards.total? "),
        ("total", "did you mean rewards.total? "),
        ("nothing", ""),
    ],
)
def test_a_wrong_reward_is_told_the_nested_names(
    tmp_path: Path, suffix: str, named: str, guess: str
) -> None:
    path = tmp_path / f"rollouts.{suffix}"
    if suffix == "parquet":
        pl.DataFrame(NESTED).write_parquet(path)
    else:
        lines = "".join(json.dumps(row) + "\n" for row in NESTED)
        path.write_text(lines if suffix == "jsonl" else json.dumps(NESTED))
    with pytest.raises(InputError, match=f"there is no column {named}") as error:
        rlcalc.load_rollouts(path, reward=(named,), group="g")

    there = "there are g, rewards, q, rewards.total, rewards.form and q.p"
    assert error.value.faults[0].fix == guess + there
    assert rlcalc.load_rollouts(path, reward=("rewards.total",), group="g").reward.tolist() == [
        0,
        1,
    ]


@pytest.mark.parametrize("block", [100, 1 << 20])
def test_a_nested_reward_may_appear_late(
    tmp_path: Path, block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows before it have none, as where a column is missing."""
    monkeypatch.setattr("rlcalc.readers.rollouts.jsonl.BLOCK", block)
    rows = [{"g": 0, "rewards": {"form": 0.5}}] * 90 + [{"g": 0, "rewards": {"late": 2.0}}]
    path = tmp_path / "rollouts.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    reward = rlcalc.load_rollouts(path, reward=("rewards.late",), group="g").reward

    assert reward[-1] == 2
    assert sum(value == value for value in reward.tolist()) == 1
