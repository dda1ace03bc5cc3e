"""Numbers in sentences: as many digits as the error allows, and the nouns of counts."""

from hypothesis import given
from hypothesis import strategies as st

from rlcalc.reports.sentences import count, joined, number, percent, with_error

numbers = st.floats(-1e6, 1e6)
errors = st.floats(1e-6, 1e3)


@given(numbers, errors)
def test_a_number_is_off_by_less_than_a_tenth_of_its_error(value: float, error: float) -> None:
    shown, shown_error = map(float, with_error(value, error).split(" ± "))

    assert abs(shown - value) <= 0.051 * error + 1e-5 * abs(value) * (error > 90)
    assert abs(shown_error - error) <= 0.051 * error


def test_by_hand() -> None:
    assert with_error(0.01280, 0.00079) == "0.01280 ± 0.00079"
    assert with_error(1234.5, 12.3) == "1234 ± 12"
    assert percent(None) == "–"
    assert number(True) == "1"
    assert count(1, "step") == "1 step"
    assert joined([]) == ""
