"""The header of a table is found behind comments and blank lines, with its separator."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlcalc.errors import InputError
from rlcalc.readers.csv_header import CsvHeader, header_of
from rlcalc.readers.sources import File


def header(text: str | bytes, kind: str = "csv") -> CsvHeader:
    block = text if isinstance(text, bytes) else text.encode()
    return header_of(block, File(f"t.{kind}", kind, io.BufferedReader(io.BytesIO()), None))


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize(
    "before", ["", "\n", "\r\n\n", "# made by a logger\n", '#{"a": 1}\n\n# x\n']
)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_names_and_rows_are_found_behind_what_is_no_table(
    separator: str, before: str, end: str
) -> None:
    text = f"{before}t{separator}state{separator}reward{end}0{separator}a{separator}1{end}"
    found = header(text, "tsv" if separator == "\t" else "csv")

    assert found.names == ["t", "state", "reward"]
    assert found.separator == separator
    assert text.encode()[found.n_bytes :].startswith(b"0")
    assert text.count("\n", 0, found.n_bytes) == found.n_lines


def test_names_in_a_comment_are_the_header_where_they_fit_the_rows() -> None:
    """numpy.savetxt writes names so; Stable-Baselines3 writes JSON in such a line."""
    assert header("# episode,state,reward\n0,1,2\n").names == ["episode", "state", "reward"]
    monitor = header('#{"t_start": 1.5, "env_id": "CartPole-v1", "x": 1}\nr,l,t\n9.0,9,0.1\n')
    assert monitor.names == ["r", "l", "t"]
    assert '"env_id": "CartPole-v1"' in monitor.comment


def test_a_comma_in_numbers_does_not_separate_cells_where_semicolons_do() -> None:
    assert header("state;reward\na;1,5\n").decimal_comma
    assert not header("state,reward\na,1\n").decimal_comma


def test_spaces_behind_separators_are_not_of_the_names() -> None:
    assert header("episode, state, reward\n").names == ["episode", "state", "reward"]
    assert header("episode, state, reward\n").spaced
    assert not header("episode, state,reward\n").spaced


@pytest.mark.parametrize(
    ("text", "what", "where"),
    [
        (b"a,b\rc,d\r", "carriage return", "t.csv, line 1"),
        (b"\n# x\na,b,a\n", "the columns a come twice", "t.csv, line 3"),
        (b"a,\xff\n", "not UTF-8", "t.csv, line 1"),
        (b"x" * (1 << 21), "longer than 1 MB", "t.csv, line 1"),
    ],
)
def test_what_is_no_header_is_refused_with_its_line(text: bytes, what: str, where: str) -> None:
    with pytest.raises(InputError, match=what) as error:
        header(text)

    assert error.value.faults[0].where == where
    assert error.value.faults[0].fix


@given(st.binary(max_size=60))
def test_any_bytes_are_a_header_or_an_error(data: bytes) -> None:
    try:
        found = header(data)
    except InputError:
        return
    assert 0 <= found.n_bytes <= len(data)
