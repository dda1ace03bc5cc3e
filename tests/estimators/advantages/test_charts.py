import numpy as np
import pytest

import rlcalc
from rlcalc.estimators.advantages.charts import length_chart


def trajectories() -> rlcalc.Trajectories:
    """Three trajectories of 2, 2 and 4 steps; the last is cut."""
    return rlcalc.Trajectories.from_arrays(
        ["s"] * 8,
        ["a"] * 8,
        np.arange(8.0),
        length=[2, 2, 4],
        terminated=[True, True, False],
        truncated=[False, False, True],
        value=np.zeros(8),
        last_value=[0.0, 0.0, 1.0],
    )


def test_lengths_are_counted_by_their_end() -> None:
    drawn = length_chart(trajectories())
    rows = list(zip(*drawn.columns.values(), strict=True))

    assert rows == [(1.5, 2.5, "terminated", 2), (3.5, 4.5, "truncated", 1)]


def test_advantages_are_drawn_by_time_with_the_ends() -> None:
    result = rlcalc.advantage(trajectories(), lambda_=0.0, gamma=1.0)
    assert result.charts is not None
    by_time, ends = result.charts()

    assert by_time.columns["t"] == [0, 1]
    assert by_time.columns["mean"] == pytest.approx([(0 + 2 + 4) / 3, (1 + 3 + 5) / 3])
    assert ends.name == "ends"


def test_a_program_has_the_picture_too() -> None:
    result = rlcalc.advantage(trajectories(), trainer="cleanrl", gamma=0.9, lambda_=0.9)
    assert result.charts is not None

    assert [drawn.name for drawn in result.charts()] == ["advantage"]
