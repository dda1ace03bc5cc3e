"""Tolerances, as --within writes them."""

import pytest

from rlcalc.comparison.tolerance import Tolerance
from rlcalc.errors import UsageError


@pytest.mark.parametrize(
    ("text", "size", "unit"),
    [("0", 0, ""), (" 1e-6r ", 1e-6, "r"), ("2.5se", 2.5, "se"), (3, 3, "")],
)
def test_what_is_written(text: str | float, size: float, unit: str) -> None:
    assert Tolerance.parse(text) == Tolerance(size, unit)  # type: ignore[arg-type]


@pytest.mark.parametrize("text", ["", "x", "-1", "nan", "inf", "1e999", "3 sd", "1..2", "--"])
def test_what_is_none(text: str) -> None:
    with pytest.raises(UsageError, match="is no difference"):
        Tolerance.parse(text)
