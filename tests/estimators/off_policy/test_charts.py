"""Pictures of an evaluation."""

import rlcalc
from tests.estimators.off_policy.test_gates import TARGET, log

NEAR = {"s": {"a": 0.6, "b": 0.4}, "t": {"a": 1.0}}


def test_methods_stand_beside_each_other_with_intervals() -> None:
    result = rlcalc.evaluate(log(), policy=NEAR, method="ce,pdis")
    assert result.charts is not None
    (chart,) = result.charts()

    assert chart.kind == "points"
    assert chart.columns["method"] == ["ce", "pdis"]
    assert chart.columns["value"] == result["value"].tolist()
    assert chart.columns["low"] == result["low"].tolist()
    assert chart.borders[0].at == result.facts["behaviour_value"]
    assert chart.note == ""


def test_two_policies_have_two_colours_and_no_difference() -> None:
    result = rlcalc.evaluate(log(), compare=[NEAR, {**NEAR, "s": {"a": 1.0}}], method="ce")
    assert result.charts is not None
    (chart,) = result.charts()

    assert chart.columns["policy"] == ["policy 1", "policy 2"]
    assert chart.colour is not None


def test_without_a_value_there_is_nothing_to_draw() -> None:
    result = rlcalc.evaluate(log(), policy=TARGET, method="ce")

    assert result.charts is not None
    assert result.charts() == []


def test_weights_by_time() -> None:
    result = rlcalc.evaluate(log(), policy=NEAR, rows="steps")
    assert result.charts is not None
    (chart,) = result.charts()

    assert chart.columns["t"] == [0, 1]
    assert chart.columns["mean"] == result["weight_mean"].tolist()
    assert all(low <= mean for low, mean in zip(chart.columns["low"], chart.columns["mean"],
                                                strict=True))  # fmt: skip
