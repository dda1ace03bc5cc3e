"""Pictures of the return and of visits: they show the numbers of the answer."""

from typing import Any

import numpy as np
import pytest

import rlcalc
from rlcalc.charts import Chart
from tests.solvers.models import mdp_of


def charts(*source: Any, **options: Any) -> list[Chart]:
    result = rlcalc.solve(*source, **options)
    assert result.charts is not None
    return list(result.charts())


def test_the_distribution_has_the_chances_and_the_borders_of_the_answer() -> None:
    """The rifle hits with 0.4: its worst 80 % are 3/4 misses."""
    rifle: Any = {"settings": {"gun": "bad", "bullet": "bad"}, "start_only": True}
    (chart,) = charts("rifle", rows="return", level=0.8, **rifle)

    assert dict(zip(chart.columns["low"], chart.columns["p"], strict=True)) == {
        -0.5: pytest.approx(0.6),
        0.5: pytest.approx(0.4),
    }
    assert {border.title: border.at for border in chart.borders} == {
        "mean": pytest.approx(0.4), "quantile 0.8": 1.0, "CVaR 0.8": pytest.approx(0.25),
    }  # fmt: skip


def test_without_a_level_the_worst_twentieth_is_drawn_beside_all_means() -> None:
    distribution, means = charts("gridworld-4x4", policy="uniform", rows="return")

    assert sum(distribution.columns["p"]) == pytest.approx(1, abs=2e-3)
    assert (distribution.borders[1].title, distribution.borders[1].at) == ("quantile 0.05", -59.0)
    assert means.columns["mean"][1] == pytest.approx(-14)
    assert means.columns["high"][1] == pytest.approx(-14 + 302**0.5)


def test_costs_have_the_picture_of_the_other_sign() -> None:
    mdp = mdp_of({(0, 0): [(1, 0.5, 1.0), (1, 0.5, 9.0)]}, 2)
    distribution, means = charts(mdp, rows="return", level=0.1, minimise=True, states=["0", "1"])

    assert [border.at for border in distribution.borders] == [5.0, 9.0, 9.0]
    assert distribution.columns["low"] == sorted(distribution.columns["low"])
    assert distribution.columns["low"][0] <= 1 <= distribution.columns["high"][0]
    assert distribution.columns["p"][-1] == 0.5
    assert means.columns["mean"] == [5.0, 0.0]
    assert means.columns["low"] == [1.0, 0.0]


def test_too_many_gains_leave_the_means(monkeypatch: pytest.MonkeyPatch) -> None:
    from rlcalc.solvers.returns import find

    monkeypatch.setattr(find, "MOST_WORK", 1e3)

    assert [one.name for one in charts("gridworld-5x5", policy="uniform", rows="return")] == [
        "spread"
    ]


def test_visits_are_a_map_or_bars_and_infinite_ones_are_missing() -> None:
    """The visits of the 4x4 grid are symmetric to its second diagonal, as the walk is."""
    (drawn,) = charts("gridworld-4x4", policy="uniform", rows="occupancy")
    visits = np.array(drawn.columns["d"]).reshape(4, 4)
    endless = mdp_of({(0, 0): [(1, 1.0, 2.0)], (1, 0): [(1, 1.0, 0.0)]}, 2)
    from dataclasses import replace

    (bars,) = charts(replace(endless, start=np.array([1.0, 0.0])), gamma=1.0, rows="occupancy")

    np.testing.assert_allclose(visits, visits[::-1, ::-1].T, atol=1e-9)
    assert (drawn.kind, bars.kind) == ("map", "bars")
    assert bars.columns["d"] == [1.0, None]
