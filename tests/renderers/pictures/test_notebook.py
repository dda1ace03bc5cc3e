import sys

import pytest

import rlcalc
from rlcalc.errors import InputError, UsageError
from rlcalc.renderers.pictures.notebook import altair_chart


@pytest.mark.parametrize("dark", [False, True])
def test_a_chart_of_altair_holds_the_data_of_the_picture(dark: bool) -> None:
    result = rlcalc.solve("gridworld-4x4", trace=True)
    chart = result.plot(dark=dark).to_dict()

    assert result.charts is not None
    assert len(chart["vconcat"]) == len(result.charts())
    assert chart == altair_chart(result, dark=dark).to_dict()


def test_what_has_no_picture_says_so() -> None:
    with pytest.raises(UsageError, match="has no picture"):
        rlcalc.check("two-states").plot()


def test_a_missing_altair_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "altair", None)
    with pytest.raises(InputError, match="not installed") as caught:
        rlcalc.solve("gridworld-4x4").plot()
    assert "rlcalc[plot]" in caught.value.faults[0].fix
