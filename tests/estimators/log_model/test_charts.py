"""Pictures of a log as a model show its numbers."""

import numpy as np
import pytest

import rlcalc
from rlcalc.charts import Chart
from rlcalc.estimators.log_model.charts import MOST_PAIRS, MOST_STATES, markov_chart
from rlcalc.estimators.log_model.step_counts import CountedSteps
from rlcalc.labels import Labels
from tests.estimators.log_model.test_markov import lumped


def chart_of(result: rlcalc.Result) -> Chart:
    assert result.charts is not None
    (chart,) = result.charts()
    return chart


def test_the_parts_of_the_variance_have_two_errors_on_both_sides() -> None:
    result = rlcalc.model("two-states")
    chart = chart_of(result)

    assert chart.columns["part"] == ["policy", "environment", "start"]
    for place, part in enumerate(chart.columns["part"]):
        value, error = (result.facts[f"variance_{part}{end}"] for end in ("", "_se"))

        assert chart.columns["high"][place] == pytest.approx(value + 2 * error)  # type: ignore[operator]
    assert chart_of(rlcalc.model("student")).kind == "bars"


def test_the_largest_entropies_come_first() -> None:
    chart = chart_of(rlcalc.model("student", rows="randomness"))
    many = chart_of(rlcalc.model("gridworld-4x4", rows="randomness"))

    assert chart.columns["pair"][0] == "class3, pub"
    assert chart.columns["entropy"] == sorted(chart.columns["entropy"], reverse=True)
    assert len(many.columns["pair"]) == MOST_PAIRS
    assert many.note == "the 40 largest of 56 pairs"


def test_the_markov_table_shows_the_most_suspect_pair() -> None:
    """As the reference has it: class to class and then to the end: 0.79; class1: 0."""
    chart = chart_of(rlcalc.model(lumped(1, 400), rows="markov"))
    share = {
        (before, after): s
        for before, after, s in zip(
            *(chart.columns[n] for n in ("before", "next", "share")), strict=True
        )
    }

    assert chart.title == "What follows (class2, study), by the state before"
    assert share["class1", "sleep"] == 0
    assert share["class2", "sleep"] == pytest.approx(164 / 207)
    for before in ("class1", "class2"):
        assert sum(s for (b, _), s in share.items() if b == before) == pytest.approx(1)


def test_of_many_states_the_most_frequent_are_drawn() -> None:
    n = 40
    zeros = np.zeros(n, np.int64)
    steps = CountedSteps.of([zeros, zeros, np.arange(n) - 1, np.arange(n) - 1, zeros], np.zeros(n))
    chart = markov_chart(steps, 0, 0, Labels(map(str, range(n))), Labels("x"), 0.5)

    assert len(set(chart.columns["before"])) == len(set(chart.columns["next"])) == MOST_STATES
    assert f"{2 * (n - MOST_STATES)} rare states are left out" in chart.note


def test_nothing_to_draw_is_no_chart() -> None:
    result = rlcalc.model("two-states", rows="markov")
    assert result.charts is not None

    assert list(result.charts()) == []
