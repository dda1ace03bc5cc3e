"""The answer of `rlcalc group`: three kinds of rows with the same facts."""

import pytest

from rlcalc.errors import UsageError
from rlcalc.groups.advantages.convention import Convention
from rlcalc.groups.report import Rows, group
from rlcalc.rollouts import Rollouts

ROLLOUTS = Rollouts.from_arrays([0, 0, 1, 1], [0.0, 1.0, 1.0, 1.0])
HOW = {"advantage": Convention()}


@pytest.mark.parametrize(
    ("rows", "n"), [("rollouts", 4), ("groups", 2), ("steps", 1), ("summary", 1)]
)
def test_the_rows_are_those_that_are_named(rows: Rows, n: int) -> None:
    result = group(ROLLOUTS, HOW, rows)

    assert len(result) == n
    assert result.facts["rollouts"] == 4
    assert result.facts["sizes"] == {"of 2": 2}


def test_dead_groups_are_counted_by_status() -> None:
    dead = {"too easy": 1, "too hard": 0, "flat": 0}

    assert group(ROLLOUTS, HOW, "groups").facts["dead_are"] == dead
    assert group(ROLLOUTS, HOW, "summary").facts["dead_are"] == dead


def test_groups_that_are_too_small_for_k_are_noted() -> None:
    result = group(ROLLOUTS, {"advantage": Convention("pass-k-analytic", k=3)}, "rollouts")

    assert any("fewer than k = 3" in note for note in result.notes)


def test_unknown_rows_are_refused() -> None:
    with pytest.raises(UsageError, match="step"):
        group(ROLLOUTS, HOW, "step")  # type: ignore[arg-type]
