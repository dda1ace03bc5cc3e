"""Lines read in the schema of a block before: the same batches and faults as lines read anew."""

import json
from typing import Any

import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from rlcalc.readers.trajectories.line_frames import can_be_kept, frame_like, has_keys_once
from tests.readings import outcome

ODD = (
    *("null", "true", "false", "0", "1", "-0", "-0.0", "1.0", "2.5", "1e3", "1e400", "NaN", "[]"),
    *('""', '"1"', '"1.0"', '"true"', '"null"', '":null"', '"a:b"', '" :"', '":x"', '"[1]"', "{}"),
    *('["a"]', "[1]", '{"a":1}', '{"a":"b"}', "[[1]]", '"\\""', '"\\u0061"', '"é"', '"{"', '":["'),
    *("9007199254740993", "99999999999999999999", "0.1000000000000000055", "01", ".5", "", "nul"),
)
WHOLE_LINES = ("", " ", "{}", "[1]", "null", "5", '{"state":"a"', "}", '{"reward":1}')
COLONS = (":", ":", ":", ":", ":", ":", ": ", " :", " : ")

odd = st.sampled_from(ODD)
texts = st.sampled_from(['"a"', '"b"', '"s1"', '"1"'])
digits = st.sampled_from(["0", "1", "2", "13"])
numbers = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False).map(repr), st.integers().map(str)
)
flags = st.sampled_from(["true", "false"])
others = st.tuples(st.sampled_from(['"foo"', '"state"', '"value"', '"log_prob"']), odd)


@st.composite
def lines(draw: st.DrawFn, label: st.SearchStrategy[str], flag: st.SearchStrategy[str]) -> str:
    """One step as JSON; few lines have an odd value, another key, or a key less."""
    kinds = {"trajectory": digits, "state": label, "action": label, "reward": numbers}
    kinds |= {"value": numbers, "behaviour_prob": digits, "terminated": flag, "t": digits}
    cells = [(f'"{name}"', draw(kind)) for name, kind in kinds.items()]
    mischief = draw(st.integers(0, 40))
    if mischief < 4:
        place = draw(st.integers(0, len(cells) - 1))
        cells[place] = (cells[place][0], draw(odd))
    if mischief in (3, 4):
        cells.append(draw(others))
    if mischief in (3, 5):
        cells.pop(draw(st.integers(0, len(cells) - 1)))
    if mischief == 6:
        cells = draw(st.permutations(cells))
    if mischief == 7:
        return draw(st.sampled_from(WHOLE_LINES))
    colon = draw(st.sampled_from(COLONS)) if mischief < 4 else ":"
    return "{" + ",".join(f"{name}{colon}{value}" for name, value in cells) + "}"


FIRST = '{"state":"a","action":"b","reward":1.5,"terminated":true}'


def many(*kinds: st.SearchStrategy[str]) -> st.SearchStrategy[list[str]]:
    """Several lines of one kind."""
    return st.one_of(*(st.lists(kind, min_size=1, max_size=25) for kind in kinds))


@settings(deadline=None)
@given(many(lines(texts, flags), lines(digits, digits)), st.integers(1, 900), st.booleans())
@example([FIRST, '{"state":["b"],"action":"b","reward":1,"terminated":true}'], 1, False)
@example([FIRST, '{"state":5,"action":"b","reward":1,"foo" :1,"terminated":true}'], 1, False)
@example([FIRST, '{"state":"a","action":null,"reward":1,"terminated":true}'] * 2, 1, False)
def test_a_kept_schema_and_a_new_one_give_the_same(
    tmp_path_factory: pytest.TempPathFactory, rows: list[str], block: int, named: bool
) -> None:
    """The other way infers the schema of every block."""
    path = tmp_path_factory.mktemp("lines") / "t.jsonl"
    path.write_text("\n".join(rows) + "\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("rlcalc.readers.sources.BLOCK", block)
        kept = outcome(path, identify=named)
        patch.setattr("rlcalc.readers.trajectories.step_lines.MOST_UNLIKE", -1)
        assert kept == outcome(path, identify=named)


SCHEMA = {"s": pl.String(), "r": pl.Float64(), "n": pl.Int64()}


@given(st.lists(st.tuples(st.sampled_from("ab["), st.floats(0, 9), st.integers(0, 9)), min_size=1))
def test_plain_lines_are_read_in_the_schema(rows: list[tuple[Any, ...]]) -> None:
    """What was written comes back."""
    lines = [json.dumps(dict(zip("srn", row, strict=True)), separators=(",", ":")) for row in rows]
    frame = frame_like("\n".join(lines).encode(), SCHEMA)

    assert frame is not None
    assert dict(frame.schema) == SCHEMA
    assert frame.rows() == rows


@pytest.mark.parametrize(
    "line",
    [
        '{"s":1,"r":1.5,"n":1}',
        '{"s":["a"],"r":1.5,"n":1}',
        '{"s": ["a"],"r":1.5,"n":1}',
        '{"s":{},"r":1.5,"n":1}',
        '{"s":"a","r":"1","n":1}',
        '{"s":"a","r":1.5,"n":1.0}',
        '{"s":"a","r":1.5,"n":1,"m":2}',
        '{"s":1,"r":1.5,"n":1,"m" :2}',
        '{"s":"a","r":1.5,"n":1,"n":2}',
        '{"s":"a","r":1.5}',
        '{"s":"a","r":1.5,"n":null}',
        '{"s":"a\\"","r":1.5,"n":1}',
        '{"s":"a","r":NaN,"n":1}',
        '{"s":"a","r":1.5,"n":1',
    ],
)
def test_lines_that_may_be_otherwise_are_left(line: str) -> None:
    """Text of what is no text, keys that are not in the schema, cells that all are missing."""
    assert frame_like(f"{line}\n".encode(), SCHEMA) is None


def test_blank_lines_do_not_hide_a_deep_one() -> None:
    """It would take the parser's stack."""
    deep = '{"s":"a","r":1.5,"n":' + "[" * 100 + "]" * 100 + "}"

    assert frame_like(("\n" * 1000 + deep).encode(), SCHEMA) is None


def test_a_schema_is_kept_where_it_decides_nothing() -> None:
    """Labels 1 and 1.0 are read from numbers of one type or the other."""
    assert can_be_kept(SCHEMA, {"s", "n"})
    assert not can_be_kept(SCHEMA, {"r"})
    assert not can_be_kept({"s": pl.List(pl.Int64())}, ())


@pytest.mark.parametrize(
    ("lines", "once"),
    [
        ('{"a":1,"b":2}\n{"a":1}', True),
        ('{"a":1,"b":2}\n{"a":1,"b":null}', True),
        ('{"a":1,"b":2}\n{"a":1,"a":1}', False),
    ],
)
def test_a_missing_key_does_not_make_up_for_a_repeated_one(lines: str, once: bool) -> None:
    """Polars takes one of the values, and null for the missing one."""
    frame = pl.read_ndjson(lines.encode(), infer_schema_length=None)

    assert has_keys_once(lines.encode(), frame, lines.count('":')) == once
