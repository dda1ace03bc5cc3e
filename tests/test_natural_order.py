"""Names with numbers."""

from hypothesis import given
from hypothesis import strategies as st

from rlcalc.natural_order import natural_order


def test_numbers_in_names_count_as_numbers() -> None:
    assert sorted(["b10", "b9", "a11"], key=natural_order) == ["a11", "b9", "b10"]
    assert sorted(["2/10", "10/1", "2/9"], key=natural_order) == ["2/9", "2/10", "10/1"]


@given(st.lists(st.text() | st.from_regex(r"[a-c]?\d{1,3}[a-c]?\d{0,2}", fullmatch=True)))
def test_all_names_can_be_sorted(names: list[str]) -> None:
    assert sorted(sorted(names, key=natural_order), key=natural_order) == sorted(
        names, key=natural_order
    )


@given(st.integers(0, 10**6), st.integers(0, 10**6))
def test_shards_come_in_the_order_of_their_numbers(one: int, two: int) -> None:
    assert (natural_order(f"run-{one}.csv") < natural_order(f"run-{two}.csv")) == (one < two)
