"""Conventions: what they are called, and which options change them."""

import pytest

from rlcalc.groups.advantages import ESTIMATORS
from rlcalc.groups.advantages.convention import Convention, Whiten
from rlcalc.groups.advantages.request import ConventionRequest

DESCRIPTIONS = {
    "grpo, group std, ddof 1, epsilon 1e-6": Convention(),
    "grpo, not scaled": Convention(scale="none"),
    "grpo, batch std, ddof 0, epsilon 0, leave one out": Convention(
        epsilon=0.0, ddof=0, scale="batch", leave_one_out=True
    ),
    "batch, whitened over tokens, not centred, ddof 1, epsilon 1e-6": Convention(
        "batch", whiten=Whiten("tokens", centre=False)
    ),
    "pass-k-analytic, k 4": Convention("pass-k-analytic"),
    "maxrl": Convention("maxrl", 0.0),
    "rloo, length penalty kimi": Convention("rloo", length_penalty="kimi"),
}


@pytest.mark.parametrize("words", DESCRIPTIONS)
def test_a_description_holds_the_choices_that_the_estimator_uses(words: str) -> None:
    assert DESCRIPTIONS[words].description() == words


@pytest.mark.parametrize("name", ESTIMATORS)
def test_every_option_changes_the_description(name: str) -> None:
    """An option without an effect is refused by the command line."""
    how = Convention(name, k=4)
    changes = {
        "epsilon": ConventionRequest(epsilon=0.5),
        "ddof": ConventionRequest(ddof=0),
        "scale": ConventionRequest(scale="none"),
        "leave_one_out": ConventionRequest(leave_one_out=True),
    }
    seen = {
        option
        for option, request in changes.items()
        if request.changed(how).description() != how.description()
    }

    assert how.options() - {"k"} - ({"scale"} if name == "batch" else set()) <= seen


def test_an_unscaled_estimator_has_no_use_for_epsilon() -> None:
    assert Convention(scale="none").options() == {"scale", "leave_one_out"}
    assert Convention("batch", scale="none").options() == {"scale"}
