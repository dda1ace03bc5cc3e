"""Every output format holds the same numbers; tables are for eyes, the others for programs."""

import io
import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import rlcalc
from rlcalc.renderers import json as json_renderer
from rlcalc.renderers.output import write
from rlcalc.result import Column, Result


def written(result: Result, form: str) -> bytes:
    stream = io.BytesIO()
    write(result, form, stream)
    return stream.getvalue()


def read_back(data: bytes, form: str) -> pl.DataFrame:
    if form == "parquet":
        return pl.read_parquet(data)
    if form == "jsonl":
        return pl.read_ndjson(data, infer_schema_length=None)
    if form == "json":
        return pl.DataFrame(json.loads(data)["rows"], infer_schema_length=None)
    return pl.read_csv(data, separator="\t" if form == "tsv" else ",")


@pytest.mark.parametrize("large", [1, 1000])
def test_flags_in_tables_are_true_and_false(large: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many rows there are, and as in JSON."""
    monkeypatch.setattr("rlcalc.renderers.csv.LARGE", large)
    columns = {
        "flag": Column(np.array([True, False])),
        "known": Column([True, None]),
        "text": Column(["True", "x"], "key"),
        "n": Column(np.array([1, 0])),
    }
    result = Result("test", "", columns, {})

    assert written(result, "csv") == b"flag,known,text,n\ntrue,true,True,1\nfalse,,x,0\n"


MACHINE = ("json", "jsonl", "csv", "tsv", "parquet")


@pytest.mark.parametrize("form", MACHINE)
@pytest.mark.parametrize("large", [False, True])
def test_what_is_written_is_read_back(
    form: str, large: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To the last bit, by Python's writers and by Polars'."""
    monkeypatch.setattr("rlcalc.renderers.json.LARGE", 3 if large else 1000)
    monkeypatch.setattr("rlcalc.renderers.csv.LARGE", 3 if large else 1000)
    labels = ["plain", "a,b", 'a"b', "a\tb", "a\nb", "a\rb", " a ", "\x1b[31m"]
    values = np.array([0.1, 1e-300, 1 / 3, 2e22, -5.0, np.nan, np.inf, 7.0])
    result = Result(
        command="test",
        title="",
        columns={
            "label": Column(labels, "key"),
            "n": Column(np.arange(8), "count"),
            "value": Column(values),
        },
        facts={"nothing": float("inf")},
    )
    frame = read_back(written(result, form), form)

    assert frame["label"].to_list() == labels
    assert frame["n"].to_list() == list(range(8))
    expected = [None if not np.isfinite(value) else value for value in values]
    assert frame["value"].cast(pl.Float64).to_list() == expected


def test_json_never_holds_nan(monkeypatch: pytest.MonkeyPatch) -> None:
    result = rlcalc.estimate("three-steps")
    for large in (1, 1000):
        monkeypatch.setattr(json_renderer, "LARGE", large)
        answer = json.loads(written(result, "json"), parse_constant=pytest.fail)

        assert answer["command"] == "estimate"
        assert answer["facts"]["start_value_se"] is None
        assert [row["q_se"] for row in answer["rows"]] == [None] * 3


def test_tables_are_never_cut_in_a_pipe(tmp_path: Path) -> None:
    label = "x" * 3000
    path = tmp_path / "long.yaml"
    path.write_text(f"trajectories: [[{label}, go, 1]]\n")
    text = written(rlcalc.estimate(path), "table").decode()

    assert label in text
    assert "…" not in text


def test_numbers_stand_under_each_other() -> None:
    lines = written(rlcalc.estimate("two-states"), "table").decode().splitlines()
    rows = [line for line in lines if line.startswith(("hall", "room"))]

    assert len(rows) == 3
    assert len({row.index("±") for row in rows}) == 1

    numbers = rlcalc.Result("solve", "V", {"v": rlcalc.Column(np.array([1.5, 10.25, 300.0]))}, {})
    points = written(numbers, "table").decode().splitlines()[3:5]

    assert len({row.index(".") for row in points}) == 1


def test_head_says_how_many_more() -> None:
    stream = io.BytesIO()
    write(rlcalc.estimate("grid-walks"), "table", stream, head=5)

    assert b"7 more rows" in stream.getvalue()
