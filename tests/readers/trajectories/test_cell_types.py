"""Columns of CSV that are read in types: the same batches and the same faults as from text."""

import io
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import rlcalc
from rlcalc.labels import Labels
from rlcalc.readers.read_request import ReadRequest
from rlcalc.readers.trajectories.cell_types import cell_types, fits
from rlcalc.readers.trajectories.context import ReaderContext
from rlcalc.readers.trajectories.csv import Lines
from rlcalc.trajectories import Experience
from tests.readings import outcome

NAMES = "trajectory,state,action,reward,value,terminated,truncated,t"

ODD = (
    *(
        "",
        " ",
        '""',
        '" "',
        "0",
        "1",
        "01",
        "1.0",
        "1.",
        ".5",
        "-0",
        "+1",
        "1e3",
        "1E400",
        "1e-400",
    ),
    *("nan", "NaN", "-nan", "inf", "-Infinity", "null", "None", "NA", "true", "True", "FALSE"),
    *(" 1", "1 ", "\t1", '"1"', '" 1"', '"1,5"', "1_0", "0x1", "½", "٣", "1\r", "é", "#", "\\N"),
    *("yes", "n", "2", "9007199254740993", "99999999999999999999", "0.1000000000000000055"),
    *('"a""b"', '"a\nb"', "2024-01-02", "1d", "1f", "--1", "+-1", "+", "-", "e5", "1e", "\ufeff1"),
)
WHOLE_LINES = ("", " ", "\t", "\r", ",", ",,,", "0", '"', "0,a,b,1,1,true,true,1,1")

odd = st.sampled_from(ODD)
plain_number = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False).map(repr), st.integers().map(str)
)
flag = st.sampled_from(["true", "false"])
digit = st.sampled_from(["0", "1"])


def mostly(plain: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Cells of which few are odd."""
    return st.integers(0, 40).flatmap(lambda n: odd if n == 0 else plain)


def lines(*cells: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Lines of a table; few of these are blank, short or long."""
    whole = st.tuples(*map(mostly, cells)).map(",".join)
    broken = st.one_of(st.sampled_from(WHOLE_LINES), whole)
    return st.integers(0, 60).flatmap(lambda n: broken if n == 0 else whole)


label = st.sampled_from(["a", "b", "1", "2", "s1"])
key = st.integers(0, 3).map(str)
of_words = lines(key, label, label, plain_number, plain_number, flag, flag, key)
of_digits = lines(key, label, label, plain_number, plain_number, digit, digit, key)


@settings(deadline=None)
@given(
    st.one_of(st.lists(of_words, min_size=1), st.lists(of_digits, min_size=1)),
    st.sampled_from(["\n", "\r\n"]),
    st.integers(1, 400),
    st.booleans(),
)
@example(["0,a,b,1,1,true,false,0", "1,a,b,1,1,2,false,0"], "\n", 1, True)
@example(["0,a,b,1,,,,0", " ", "", "1,a,b,,1,,,0"], "\n", 400, True)
def test_types_and_text_give_the_same(
    tmp_path_factory: pytest.TempPathFactory,
    rows: list[str],
    line_end: str,
    block: int,
    ended: bool,
) -> None:
    """The other way reads every cell as text."""
    path = tmp_path_factory.mktemp("table") / "t.csv"
    text = line_end.join([NAMES, *rows]) + (line_end if ended else "")
    path.write_bytes(text.encode())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("rlcalc.readers.sources.BLOCK", block)
        typed = outcome(path)
        patch.setattr("rlcalc.readers.trajectories.csv.MOST_UNFIT", -1)
        assert typed == outcome(path)


def types_of(text: str, **options: bool) -> dict[str, pl.DataType]:
    """Return the types that a table with these lines is read in."""
    first = pl.read_csv(io.StringIO(text), infer_schema=False)
    context = ReaderContext(Experience(iter(()), Labels(), Labels()), ReadRequest())
    table = context.table("t.csv", first.schema, str, typed=False)
    types = cell_types(table, first, **options)
    assert not types or fits(table, first.with_columns(pl.col("reward").cast(pl.Float64)))
    return {name: kind for name, kind in types.items() if name not in ("state", "action")}


def test_types_are_those_of_the_first_rows() -> None:
    """Trajectories stay text: 7 and 07 are two of them."""
    text = "trajectory,state,action,reward,value,terminated,truncated\n7,a,b,1,,true,0\n"

    assert types_of(text) == {
        "reward": pl.Float64(),
        "value": pl.Float64(),
        "terminated": pl.Boolean(),
        "truncated": pl.Categorical(),
    }


@pytest.mark.parametrize("reward", ["true", "50%"])
def test_rewards_in_words_leave_all_as_text(reward: str) -> None:
    """Without a column of numbers that must be there, a blank line would not be seen."""
    assert not types_of(f"state,action,reward,value\na,b,{reward},1\n")


def test_decimal_commas_leave_all_as_text() -> None:
    """The commas are replaced in text."""
    assert not types_of("state,action,reward\na,b,1\n", decimal_comma=True)


def test_a_blank_line_does_not_fit() -> None:
    """All its cells are missing."""
    context = ReaderContext(Experience(iter(()), Labels(), Labels()), ReadRequest())
    schema = dict.fromkeys(["state", "action", "reward"], pl.String())
    table = context.table("t.csv", schema, str, typed=False)

    assert fits(table, pl.DataFrame({"reward": [1.0, 2.0]}))
    assert not fits(table, pl.DataFrame({"reward": [1.0, None]}))


def test_blocks_that_fit_are_not_read_as_text(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Reading as text is asked for once, for the first rows."""
    path = tmp_path / "t.csv"
    path.write_text("episode,state,action,reward\n" + "1,a,b,1\n" * 1000)
    n_texts = 0
    frame = Lines._frame

    def counted(lines: Lines, *args: Any, **request: Any) -> pl.DataFrame:
        nonlocal n_texts
        n_texts += len(args) < 3
        return frame(lines, *args, **request)

    monkeypatch.setattr("rlcalc.readers.sources.BLOCK", 500)
    monkeypatch.setattr(Lines, "_frame", counted)

    assert len(rlcalc.load(path).whole().reward) == 1000
    assert n_texts == 1
