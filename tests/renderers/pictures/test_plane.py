import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlcalc.charts import Axis, Band, Chart
from rlcalc.renderers.pictures.plane import Plane, Scale

finite = st.floats(allow_nan=False, allow_infinity=False)


@given(st.lists(finite, min_size=1), st.sampled_from(["linear", "log"]))
def test_places_are_between_0_and_1(numbers: list[float], scale: str) -> None:
    axis = Scale(Axis("x", "x", scale), numbers)  # type: ignore[arg-type]

    for number in numbers:
        place = axis.place(number)
        assert place != place or -1e-9 <= place <= 1 + 1e-9


def test_a_logarithm_has_no_place_for_0() -> None:
    axis = Scale(Axis("x", "x", "log"), [0.0, 1.0, 100.0])

    assert axis.place(0.0) != axis.place(0.0)
    assert axis.place(10.0) == pytest.approx(0.5)


def test_limits_replace_the_range() -> None:
    assert Scale(Axis("x", "x", limits=(0.0, 2.0)), [0.5]).place(0.5) == 0.25


def test_a_band_is_filled_between_its_limits() -> None:
    columns = {"x": [0.0, 1.0], "y": [1.0, 1.0], "low": [0.0, 0.0], "high": [2.0, 1.0]}
    band = Band("low", "high")
    plane = Plane(
        Chart("a", "t", "line", columns, Axis("x", "x"), Axis("y", "y"), bands=[band]), 20
    )
    plane.fill(0, band, "")
    plane.fill(1, band, "")
    first, last = (sum(line[at][0] == "░" for line in plane.cells) for at in (0, -1))

    assert first == len(plane.cells)
    assert last == pytest.approx(len(plane.cells) / 2, abs=1)
