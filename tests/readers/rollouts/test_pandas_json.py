"""Tables that other programs write are the same rollouts, however their document is turned."""

import json
import tempfile
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import rlcalc
from rlcalc.errors import InputError

ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "step": st.integers(0, 1),
            "group": st.sampled_from(["g", "h"]),
            "reward": st.sampled_from([0.0, 1.0, 2.5]),
            "length": st.integers(0, 9),
        }
    ),
    min_size=1,
    max_size=8,
)


def everything(path: Path) -> list[Any]:
    """The step and name of each group, with the rewards and lengths of its rollouts."""
    rollouts = rlcalc.load_rollouts(path)
    return sorted(
        (
            rollouts.step[number],
            str(name),
            sorted(
                zip(
                    rollouts.reward[begin:end].tolist(),
                    [] if rollouts.length is None else rollouts.length[begin:end].tolist(),
                    strict=True,
                )
            ),
        )
        for number, name, begin, end in zip(
            rollouts.step_of_group, rollouts.group, rollouts.start, rollouts.start[1:], strict=False
        )
    )


def orients(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """What pandas writes with each orient, the index being numbers from 5."""
    names, index = list(rows[0]), [str(5 + number) for number in range(len(rows))]
    data = [[row[name] for name in names] for row in rows]
    return {
        "columns": {
            name: {at: row[name] for at, row in zip(index, rows, strict=True)} for name in names
        },
        "index": dict(zip(index, rows, strict=True)),
        "split": {"columns": names, "index": index, "data": data},
        "table": {
            "schema": {"fields": [{"name": "index"}], "pandas_version": "1.4.0"},
            "data": [{"index": at, **row} for at, row in zip(index, rows, strict=True)],
        },
        "records": rows,
    }


@given(ROWS)
def test_every_orient_of_pandas_is_the_same_table(rows: list[dict[str, Any]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        csv = Path(folder) / "x.csv"
        pl.DataFrame(rows).write_csv(csv)
        for orient, document in orients(rows).items():
            path = Path(folder) / f"{orient}.json"
            path.write_text(json.dumps(document))

            assert everything(path) == everything(csv)


def test_a_table_without_names_says_how_to_write_them(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    path.write_text('[["g", 1], ["g", 0]]')

    with pytest.raises(InputError, match="have no names") as error:
        rlcalc.load_rollouts(path)
    assert "records" in error.value.faults[0].fix


@given(ROWS)
def test_lists_in_the_row_of_a_group_are_its_rollouts(rows: list[dict[str, Any]]) -> None:
    """In every format with lists: DuckDB's list(reward), list(length)."""
    table = pl.DataFrame(rows)
    lists = table.group_by("step", "group", maintain_order=True).agg("reward", "length")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        table.write_csv(folder / "flat.csv")
        lists.write_parquet(folder / "x.parquet")
        lists.write_ipc(folder / "x.arrow")
        lists.write_ndjson(folder / "x.jsonl")
        (folder / "x.json").write_text(json.dumps(lists.to_dicts()))
        for path in folder.glob("x.*"):
            assert everything(path) == everything(folder / "flat.csv")


def test_lists_are_refused_where_they_are_of_something_else(tmp_path: Path) -> None:
    """Rewards by token, with a rollout a row; or lists of different lengths."""
    path = tmp_path / "x.jsonl"
    path.write_text('{"group": "g", "reward": [0, 1]}\n{"group": "g", "reward": [0, 0]}\n')
    with pytest.raises(InputError, match="group g has several rows") as error:
        rlcalc.load_rollouts(path)
    assert error.value.faults[0].where.endswith("line 2")

    path.write_text('{"group": "g", "reward": [0, 1], "length": [1]}\n')
    with pytest.raises(InputError, match="there are 2 reward and 1 length"):
        rlcalc.load_rollouts(path)

    path.write_text('{"group": "h", "reward": [0]}\n{"group": "g", "reward": [0, "x"]}\n')
    with pytest.raises(InputError, match="expected a number") as error:
        rlcalc.load_rollouts(path)
    assert error.value.faults[0].where.endswith("line 2")


@pytest.mark.parametrize("words", [("true", "false"), ("True", "False"), (" TRUE", "0")])
def test_true_and_false_are_rewards_in_text_too(tmp_path: Path, words: tuple[str, str]) -> None:
    path = tmp_path / "x.csv"
    path.write_text("group,reward\n" + "".join(f"g,{word}\n" for word in (*words, "0.5")))

    assert rlcalc.load_rollouts(path).reward.tolist() == [1, 0, 0.5]
    path.write_text("group,reward\ng,true\ng,yes\n")
    with pytest.raises(InputError, match="reward is 'yes', expected a number"):
        rlcalc.load_rollouts(path)
