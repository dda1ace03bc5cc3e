"""A request for estimates of the gradient refuses what has no effect."""

from typing import Any

import pytest

from rlcalc.errors import UsageError
from rlcalc.policy_gradient.request import GradientRequest


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"form": "advantge"}, "did you mean advantage"),
        ({"baseline": "median"}, "give one of none, mean, value, optimal"),
        ({"critic": "learnt"}, "critic is learnt"),
        ({"rows": "form"}, "rows is form"),
        ({"batch": 0}, "batch is 0"),
        ({"form": "q", "baseline": "mean"}, "--baseline does not apply to the form q"),
        ({"form": "trajectory", "discount_weight": False}, "no factor"),
        ({"form": "gain", "critic": "estimated"}, "no effect on the form gain"),
    ],
)
def test_a_request_without_an_effect_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        GradientRequest(**changes)


def test_each_estimated_part_is_a_pass_more() -> None:
    requests = [
        GradientRequest(),
        GradientRequest(baseline="mean"),
        GradientRequest(critic="estimated"),
        GradientRequest(baseline="mean", critic="estimated"),
    ]

    assert [request.passes for request in requests] == [1, 2, 2, 3]
