"""Statistics of episodes, against numpy, and merged from any pieces."""

from itertools import pairwise

import numpy as np
import pytest

from rlcalc.numerics.merge import merged
from rlcalc.simulation.statistics import EpisodeStatistics, episode_summary

GAIN = np.array([1.0, 4.0, -2.0, 3.0, 0.5])
LENGTH = np.array([1, 2, 3, 2, 5])
ENDED = np.array([True, True, False, True, False])


def statistics(first: int, last: int) -> EpisodeStatistics:
    piece = slice(first, last)
    return EpisodeStatistics.of(GAIN[piece], LENGTH[piece], ENDED[piece], ~ENDED[piece])


def test_a_summary_is_that_of_numpy_whatever_the_pieces() -> None:
    for edges in ([0, 5], [0, 1, 5], [0, 2, 3, 5]):
        pieces = [statistics(a, b) for a, b in pairwise(edges)]
        result = episode_summary(merged(pieces), {"seed": 7}, exact=1.0)

        assert result["mean"] == pytest.approx([GAIN.mean(), LENGTH.mean()])
        assert result["se"] == pytest.approx(
            [GAIN.std(ddof=1) / 5**0.5, LENGTH.std(ddof=1) / 5**0.5]
        )
        assert (result["min"].tolist(), result["max"].tolist()) == ([-2, 1], [4, 5])
        assert (result.facts["terminated"], result.facts["truncated"]) == (3, 2)
        assert (result.facts["episodes"], result.facts["steps"]) == (5, 13)
        assert result.facts["seed"] == 7
