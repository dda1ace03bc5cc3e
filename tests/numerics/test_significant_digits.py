"""Numbers beside their errors: by hand, and what holds for any pair."""

import math
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlcalc.numerics.significant_digits import DIGITS, with_error

finite = st.floats(allow_nan=False, allow_infinity=False)
sizes = st.floats(1e-12, 1e12)


def unit(text: str) -> Decimal:
    """The unit of the last digit that is shown."""
    return Decimal(1).scaleb(int(Decimal(text).as_tuple().exponent))


@pytest.mark.parametrize(
    ("value", "error", "shown"),
    [
        (0.0146271, 0.00400163, ("0.0146", "0.0040")),
        (1.5, 0.0996, ("1.50", "0.10")),  # it is rounded to a power of ten
        (-4.23333, 12.9, ("-4", "13")),
        (5.0, math.nan, ("5", "nan")),
        (math.inf, 1.0, ("inf", "1")),
        (0.0, 0.25, ("0.00", "0.25")),
        (0.123456789, 1e-9, ("0.123457", "1e-09")),  # no more than six digits
        (2e12, 3e10, ("2.000e+12", "3.0e+10")),
        (0.0, 1e-300, ("0", "1.0e-300")),
    ],
)
def test_examples(value: float, error: float, shown: tuple[str, str]) -> None:
    assert with_error(value, error) == shown


@given(st.one_of(finite, sizes, sizes.map(lambda x: -x)), st.one_of(finite.map(abs), sizes))
def test_a_shown_value_is_within_half_a_unit_of_its_last_digit(value: float, error: float) -> None:
    shown_value, shown_error = with_error(value, error)

    assert abs(Decimal(shown_value) - Decimal(value)) <= unit(shown_value) / 2
    assert abs(Decimal(shown_error) - Decimal(error)) <= unit(shown_error) / 2
    assert not shown_value.startswith("-0") or Decimal(shown_value) != 0 or error == 0


@given(sizes, sizes)
def test_the_error_has_two_digits_and_the_value_ends_with_it(value: float, error: float) -> None:
    shown_value, shown_error = with_error(value, error)
    digits = Decimal(shown_error).as_tuple().digits

    if 1e-6 <= error < 99 and value < 1e6 and value / error < 10.0 ** (DIGITS - 3):
        assert len(digits) == 2
        assert unit(shown_value) == unit(shown_error)
    assert len(Decimal(shown_value).as_tuple().digits) <= DIGITS + 1
