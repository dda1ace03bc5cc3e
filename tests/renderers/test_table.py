"""A table for eyes: on a terminal a label of a whole prompt does not fill it."""

from rlcalc.renderers.table import LABEL, UNLIMITED, _tables
from rlcalc.result import Column, Result


def cells(width: int) -> list[str]:
    result = Result("group", "Groups", {"group": Column(["Z" * 5000], "key"), "n": Column([1])}, {})
    return [str(cell) for table in _tables(result, None, width) for cell in table.columns[0].cells]


def test_a_very_long_label_is_cut_on_a_terminal_and_never_in_a_pipe() -> None:
    assert cells(80) == ["Z" * (LABEL - 1) + "…"]
    assert cells(UNLIMITED) == ["Z" * 5000]
