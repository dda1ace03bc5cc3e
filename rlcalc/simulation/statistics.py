"""Statistics of episodes: their gains from the start, their lengths and their ends."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from rlcalc.errors import InputError
from rlcalc.estimators.gain import discounted_sum
from rlcalc.numerics.arrays import Flags, Floats, Ints
from rlcalc.numerics.intervals import (
    CONFIDENCE,
    intervals_of_means,
    known_values,
    needs_of,
    note_of_needs,
    standard_errors_apart,
)
from rlcalc.numerics.moments import Moments
from rlcalc.result import Column, Fact, Result
from rlcalc.trajectories import Trajectories

if TYPE_CHECKING:
    from rlcalc.charts import Chart


DRAWN = 100_000
"""Episodes whose gains are kept for a picture, or a few more."""


@dataclass(frozen=True)
class EpisodeStatistics:
    """Moments and extremes of the gains and lengths of some episodes, which merge."""

    moments: Moments  # of the gains under the key 0, of the lengths under the key 1
    low: Floats  # [2] the least gain, the least length
    high: Floats  # [2]
    terminated: int
    truncated: int
    gains: tuple[Floats, ...] = ()  # those of the first episodes, for a picture

    @classmethod
    def of(
        cls, gain: Floats, length: Ints, terminated: Flags, truncated: Flags
    ) -> EpisodeStatistics:
        """Return the statistics of E episodes, at least one.

        Args:
            gain: [E] the discounted sum of all rewards of each.
            length: [E] its steps.
            terminated: [E] the world ended.
            truncated: [E] the episode was cut; if it also terminated, it counts as terminated.
        """
        edge, both = np.arange(3) * len(gain), np.concatenate([gain, length])
        return cls(
            moments=Moments.of(np.arange(2), edge, both),
            low=np.minimum.reduceat(both, edge[:-1]),
            high=np.maximum.reduceat(both, edge[:-1]),
            terminated=int(terminated.sum()),
            truncated=int((truncated & ~terminated).sum()),
            gains=(gain,),
        )

    @property
    def n(self) -> int:
        """E, the number of episodes."""
        return int(self.moments.clusters[0])

    def merge(self, later: EpisodeStatistics) -> EpisodeStatistics:
        """Return the statistics of these episodes and of later ones."""
        return EpisodeStatistics(
            moments=self.moments.merge(later.moments),
            low=np.minimum(self.low, later.low),
            high=np.maximum(self.high, later.high),
            terminated=self.terminated + later.terminated,
            truncated=self.truncated + later.truncated,
            gains=self.gains if self.n >= DRAWN else (*self.gains, *later.gains),
        )


def trajectory_statistics(batch: Trajectories, gamma: float) -> EpisodeStatistics:
    """Return the statistics of trajectories."""
    gain = discounted_sum(batch.reward, batch.start, gamma)[batch.start[:-1]]
    return EpisodeStatistics.of(gain, batch.length, batch.terminated, batch.truncated)


def episode_summary(
    total: EpisodeStatistics | None,
    play_facts: Mapping[str, Fact],
    exact: float | None = None,
) -> Result:
    """Return the statistics of episodes: a row for their gains, one for their lengths.

    The mean gain has the standard error s/√n; `exact` beside it is the exact value of the start.

    Args:
        total: of all episodes; None: there are none.
        play_facts: the first facts of the answer.
        exact: the expected gain, if it is known.

    Raises:
        InputError: there are no episodes.
    """
    if total is None:
        raise InputError("there are no episodes", fix="give at least one episode")
    moments, n = total.moments, total.n
    mean, error = moments.mean, moments.standard_error()
    intervals = intervals_of_means(moments, CONFIDENCE, known_values(moments))
    needs = {"mean": intervals.needs}
    mean_gain, mean_gain_error = float(mean[0]), float(error[0])

    def charts() -> list[Chart]:
        from rlcalc.simulation.charts import gain_charts

        return gain_charts(np.concatenate(total.gains), n, mean_gain, exact)

    return Result(
        command="simulate",
        title="Episodes",
        columns={
            "of": Column(["gain", "length"], "key"),
            "mean": Column(mean),
            "se": Column(error, "error"),
            "low": Column(intervals.low, "bound"),
            "high": Column(intervals.high, "bound"),
            "needs": Column(needs_of(needs, "episode", "episodes"), "bound"),
            "exact": Column([exact, None]),
            "min": Column(total.low),
            "max": Column(total.high),
        },
        facts={
            **play_facts,
            "episodes": n,
            "steps": round(float(mean[1]) * n),
            "terminated": total.terminated,
            "truncated": total.truncated,
            "mean_gain": mean_gain,
            "mean_gain_se": mean_gain_error,
            "start_value": exact,
            "standard_errors_apart": standard_errors_apart(mean_gain, mean_gain_error, exact),
        },
        notes=note_of_needs(needs, CONFIDENCE, "values", "episodes"),
        charts=charts,
    )
