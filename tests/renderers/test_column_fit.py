"""Columns that use the room there is: by hand, and for any table and width."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from rlcalc.renderers.column_fit import LINES, arranged_columns, folded, shortened
from rlcalc.renderers.table_layout import GAP

words = st.text(st.sampled_from("aZ9 ./é漢👍[b]:"), max_size=60)


@st.composite
def tables(draw: st.DrawFn) -> tuple[list[str], list[list[str]], list[bool]]:
    """Columns of text and of numbers of one width, as `display` gives them."""
    left = draw(st.lists(st.booleans(), min_size=1, max_size=8))
    heads = [draw(st.text("abc", min_size=1, max_size=9)) for _ in left]
    n = draw(st.integers(0, 4))
    columns = [
        [draw(words) for _ in range(n)] if text else ["1" * draw(st.integers(1, 9))] * n
        for text in left
    ]
    return heads, [list(row) for row in zip(*columns, strict=True)], left


def test_nothing_is_folded_where_the_natural_widths_fit() -> None:
    row = ["a" * 40, "b c " * 10, "12"]
    widths, parts = arranged_columns(["x", "y", "n"], [row], [True, True, False], 40 + 40 + 2 + 6)

    assert widths == [40, 40, 2]
    assert parts == [[0, 1, 2]]


def test_a_last_number_is_not_split_off_where_text_can_be_folded() -> None:
    heads = ["group", "n", "mean"]
    row = ["which of these words fills the room", "100", "0.123456"]
    widths, parts = arranged_columns(heads, [row], [True, False, False], 40)

    assert parts == [[0, 1, 2]]
    assert widths == [40 - 3 - 8 - 2 * GAP, 3, 8]


def test_a_wide_table_is_dealt_to_parts_of_about_one_width() -> None:
    heads = [f"c{n}" for n in range(9)]
    row = ["key"] + ["1" * 10] * 8
    _, parts = arranged_columns(heads, [row], [True] + [False] * 8, 100)

    assert [len(part) for part in parts] == [5, 5]  # not 7 numbers and a lone one


def test_paths_are_broken_at_their_separators() -> None:
    assert folded("jobs/B/ppo.npz and more", 9) == ["jobs/B/", "ppo.npz", "and more"]
    assert folded("a b", 3) == ["a b"]
    assert folded("abcdef", 4) == ["abcd", "ef"]


@given(words, st.integers(2, 40))
def test_folded_lines_hold_the_whole_text(text: str, width: int) -> None:
    lines = folded(text, width)

    assert all(cell_len(line) <= width for line in lines)
    assert "".join("".join(lines).split()) == "".join(text.split())


@given(words, st.integers(2, 40), st.integers(1, LINES))
def test_a_short_text_is_not_cut(text: str, width: int, lines: int) -> None:
    short = shortened(text, width, lines)

    assert short == text or (short.endswith("…") and len(short) >= lines * width)


@given(tables(), st.integers(60, 200))
def test_every_part_fits_and_every_number_stands_in_one(
    table: tuple[list[str], list[list[str]], list[bool]], width: int
) -> None:
    heads, rows, left = table
    widths, parts = arranged_columns(heads, rows, left, width)
    texts = [place for place, is_text in enumerate(left) if is_text]
    numbers = [place for part in parts for place in part if not left[place]]

    assert numbers == [place for place, is_text in enumerate(left) if not is_text]
    for part in parts:
        assert [place for place in part if left[place]] == texts
        assert sum(widths[place] for place in part) + GAP * (len(part) - 1) <= width
    for place in numbers:
        assert widths[place] == max(cell_len(c) for c in [heads[place], *(r[place] for r in rows)])


@pytest.mark.parametrize("width", [80, 200])
def test_one_part_is_enough_where_all_fits(width: int) -> None:
    heads = ["a", "b"]
    widths, parts = arranged_columns(heads, [["x" * (width - 9), "1.5"]], [True, False], width)

    assert (sum(widths) + GAP, parts) == (width - 3, [[0, 1]])
