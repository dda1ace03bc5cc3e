"""A table for eyes: drawn by hand in a pipe, by rich on a terminal, and the same in both."""

import io

from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from rlcalc.renderers import terminal_table
from rlcalc.renderers.column_fit import LABEL
from rlcalc.renderers.output import write
from rlcalc.result import Column, Result

words = st.text(st.sampled_from("aZ9 .é漢ｶ👍🏽\u0301[b]:x"), max_size=12)


def piped(result: Result) -> list[str]:
    stream = io.BytesIO()
    write(result, "table", stream)
    return stream.getvalue().decode().splitlines()


def drawn_by_rich(result: Result, width: int) -> list[str]:
    text = io.StringIO()
    console = Console(file=text, width=width, highlight=False)
    for part in [
        terminal_table._facts(result, width),
        *terminal_table._tables(result, None, width),
    ]:
        console.print(part)
    return [line.rstrip() for line in text.getvalue().splitlines()]


def labelled(label: str) -> Result:
    return Result("group", "Groups", {"group": Column([label], "key"), "n": Column([1])}, {})


def test_a_very_long_label_is_cut_on_a_terminal_and_never_in_a_pipe() -> None:
    lines = drawn_by_rich(labelled("Z" * 5000), 80)

    assert "".join(lines).count("Z") == LABEL - 1
    assert "Z…" in "".join(lines)
    assert any("Z" * 5000 in line for line in piped(labelled("Z" * 5000)))


@given(st.lists(st.tuples(words, st.floats(), words, st.floats(0)), max_size=4), words)
def test_a_pipe_has_what_rich_draws_where_there_is_room(
    rows: list[tuple[str, float, str, float]], symbol: str
) -> None:
    """Also for letters that are two cells wide, or none."""
    columns = [list(column) for column in zip(*rows, strict=True)] or [[]] * 4
    named = {
        "state": Column(columns[0], "key"),
        "v": Column(columns[1], symbol=symbol),
        "se": Column(columns[3], "error"),
        "what": Column(columns[2], "text"),
    }
    facts = {"method": "by hand", "n": 12345, "漢": 0.5}
    result = Result("estimate", "Values", named, facts, facts_first=True)
    lines = drawn_by_rich(result, 2000)

    assert piped(result) == ["Values", *(lines if rows else lines[:3])]


def test_a_heading_of_a_key_is_whole_where_there_is_room() -> None:
    """A share of half the terminal for four keys is seven letters, and `trajectory` has ten."""
    keys = {name: Column(["1"], "key") for name in ("trajectory", "t", "state", "action")}
    steps = Result("gain", "Gains", {**keys, "reward": Column([1.0]), "gain": Column([2.0])}, {})

    assert drawn_by_rich(steps, 80)[1].split() == [*keys, "reward", "gain"]
    assert drawn_by_rich(steps, 60)[1].split() == [*keys, "reward", "gain"]
    assert max(map(len, drawn_by_rich(steps, 38))) <= 38
