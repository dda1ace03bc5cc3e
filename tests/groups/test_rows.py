"""Rows: in the order of the source, with the statistics of each group by hand."""

import numpy as np

from rlcalc.groups.advantages.convention import Convention
from rlcalc.groups.groups import Groups
from rlcalc.groups.rows import as_whole_numbers, group_rows, rollout_rows
from rlcalc.groups.summary import mean_length
from rlcalc.rollouts import Rollouts

ROLLOUTS = Rollouts.from_arrays(
    ["a", "b", "a", "b"], [0.0, 5.0, 2.0, np.nan], length=[3.0, np.nan, 4.0, np.nan]
)


def test_rollouts_stand_in_the_order_of_the_source() -> None:
    columns = rollout_rows(Groups(ROLLOUTS), {"advantage": Convention("dr-grpo")})

    assert list(columns["group"].values) == ["a", "b", "a", "b"]
    np.testing.assert_array_equal(columns["advantage"].values, [-1, 0, 1, np.nan])


def test_a_group_has_the_statistics_of_its_rewards() -> None:
    columns = {
        name: list(c.values) for name, c in group_rows(Groups(ROLLOUTS), Convention()).items()
    }

    assert columns["mean"] == [1.0, 5.0]
    np.testing.assert_array_equal(columns["std"], [np.sqrt(2), np.nan])
    assert columns["status"] == ["mixed", "single"]
    assert columns["pass_rate"] == [0.5, 1.0]
    np.testing.assert_array_equal(columns["length"], [3.5, np.nan])


def test_whole_lengths_are_shown_as_whole_numbers() -> None:
    assert as_whole_numbers(np.array([3.0, 4.0])).dtype == np.int64
    assert as_whole_numbers(np.array([3.0, np.nan])).dtype == np.float64


def test_the_mean_length_is_over_known_lengths() -> None:
    np.testing.assert_array_equal(mean_length(ROLLOUTS, np.array([0, 1, 3])), [3.0, 4.0])
