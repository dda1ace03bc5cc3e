"""Groups of another size, of other prompts: an evaluation among the steps of a training."""

from typing import Any

import numpy as np
import pytest

from rlcalc.groups.evaluation_steps import evaluation_warnings
from rlcalc.groups.groups import Groups
from rlcalc.rollouts import Rollouts

FOUR, TWO = 4, 2


def run(*steps: tuple[int, str, int], form: str = "trl", **facts: Any) -> Rollouts:
    """Groups, each by its step, prompts (a letter each) and size."""
    rows = [(step, p, size) for step, prompts, size in steps for p in prompts for _ in range(size)]
    rollouts = Rollouts.from_arrays(
        np.array([f"{p}{size}" for _, p, size in rows]),
        np.arange(len(rows)) % 2.0,
        step=np.array([step for step, _, _ in rows]),
    )
    return Rollouts(**{**vars(rollouts), "facts": {"format": form, **facts}})


def test_an_evaluation_that_overwrote_steps_is_said() -> None:
    rollouts = run((1, "ab", FOUR), (2, "cdef", TWO), (3, "cdef", TWO))
    warnings = Groups(rollouts).warnings()

    assert len(warnings) == 1
    assert "the steps 2 and 3 have other prompts, in groups of 2 and not of 4" in warnings[0]


def test_the_same_prompts_each_time_are_the_evaluation_however_often() -> None:
    """Three evaluations of one size, and two trainings of the other."""
    rollouts = run((1, "ab", 2), (2, "xy", 8), (3, "xy", 8), (4, "cd", 2), (5, "xy", 8))

    assert (
        "the steps 2, 3 and 5 have other prompts, in groups of 8"
        in evaluation_warnings(rollouts)[0]
    )


def test_an_evaluation_at_a_step_of_the_training_is_said() -> None:
    rollouts = run((1, "ab", 4), (2, "cd", 4), (2, "xy", 2))

    assert "the groups of 2 (at 2) have other prompts" in evaluation_warnings(rollouts)[0]


@pytest.mark.parametrize(
    "rollouts",
    [
        run((1, "ab", 4), (2, "cd", 4)),
        run((1, "ab", 4), (2, "cd", 2), form="verl"),
        run((1, "ab", 4), (1, "cd", 2)),
        run((1, "ab", 4), (2, "cd", 2), (3, "ef", 3)),
    ],
)
def test_nothing_is_said_of_other_runs(rollouts: Rollouts) -> None:
    assert evaluation_warnings(rollouts) == []


def test_advice_about_trainers_is_for_trainers() -> None:
    single = ((1, "abc", 1),)

    assert Groups(run(*single, evaluation=True)).warnings() == []
    assert "REINFORCE" in Groups(run(*single)).warnings()[0]
