"""Statistics of episodes: their gains from the start, their lengths and their ends."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from rlcalc.errors import InputError
from rlcalc.estimators.gain import discounted_sum
from rlcalc.numerics.arrays import Flags, Floats, Ints
from rlcalc.numerics.intervals import half_width
from rlcalc.numerics.moments import Moments, merged
from rlcalc.result import Column, Fact, Result
from rlcalc.trajectories import Trajectories

CONFIDENCE = 0.95

Number = TypeVar("Number", int, float)


@dataclass(frozen=True)
class Tally:
    """Moments and extremes of the gains and lengths of some episodes; tallies merge."""

    gain: Moments  # of the gains, under the one key 0
    length: Moments
    gain_range: tuple[float, float]
    length_range: tuple[int, int]
    terminated: int
    truncated: int

    @classmethod
    def of(cls, gain: Floats, length: Ints, terminated: Flags, truncated: Flags) -> Tally:
        """Return the tally of E episodes, at least one.

        Args:
            gain: [E] the discounted sum of all rewards of each.
            length: [E] its steps.
            terminated: [E] the world ended.
            truncated: [E] the episode was cut; if it also terminated, it counts as terminated.
        """
        key, edge = np.zeros(1, dtype=np.int64), np.array([0, len(gain)])
        return cls(
            gain=Moments.of(key, edge, gain),
            length=Moments.of(key, edge, length.astype(np.float64)),
            gain_range=(float(gain.min()), float(gain.max())),
            length_range=(int(length.min()), int(length.max())),
            terminated=int(terminated.sum()),
            truncated=int((truncated & ~terminated).sum()),
        )

    def merge(self, later: Tally) -> Tally:
        """Return the tally of these episodes and of later ones."""
        return Tally(
            gain=self.gain.merge(later.gain),
            length=self.length.merge(later.length),
            gain_range=_wider(self.gain_range, later.gain_range),
            length_range=_wider(self.length_range, later.length_range),
            terminated=self.terminated + later.terminated,
            truncated=self.truncated + later.truncated,
        )


def _wider(one: tuple[Number, Number], two: tuple[Number, Number]) -> tuple[Number, Number]:
    return min(one[0], two[0]), max(one[1], two[1])


def tally_of(batch: Trajectories, gamma: float) -> Tally:
    """Return the tally of trajectories."""
    gain = discounted_sum(batch.reward, batch.start, gamma)[batch.start[:-1]]
    return Tally.of(gain, batch.length, batch.terminated, batch.truncated)


def summary(
    tallies: Iterable[Tally], play_facts: Mapping[str, Fact], exact: float | None = None
) -> Result:
    """Return the statistics of episodes: a row for their gains, one for their lengths.

    The mean gain has the standard error s/√n; `exact` beside it is the exact value of the start.

    Args:
        tallies: of the episodes, in their order.
        play_facts: the first facts of the answer.
        exact: the expected gain, if it is known.

    Raises:
        InputError: there are no episodes.
    """
    total = merged(tallies)
    if total is None:
        raise InputError("there are no episodes")
    both = [total.gain, total.length]
    mean = np.array([float(moments.mean[0]) for moments in both])
    error = np.array([float(moments.standard_error()[0]) for moments in both])
    degrees = (total.gain.clusters - 1).astype(np.float64)
    reach = np.array(
        [
            float(half_width(CONFIDENCE, moments.standard_error(), moments, degrees)[0])
            for moments in both
        ]
    )
    low, high = zip(total.gain_range, total.length_range, strict=True)
    known = [exact, None]
    n = int(total.gain.clusters[0])
    facts: dict[str, Fact] = {
        **play_facts,
        "episodes": n,
        "steps": round(float(total.length.mean[0]) * n),
        "terminated": total.terminated,
        "truncated": total.truncated,
        "mean_gain": float(mean[0]),
        "mean_gain_se": float(error[0]),
        "start_value": exact,
        "standard_errors_apart": apart(float(mean[0]), float(error[0]), exact),
    }
    return Result(
        command="simulate",
        title="Episodes",
        columns={
            "of": Column(["gain", "length"], "key"),
            "mean": Column(mean),
            "se": Column(error, "error"),
            "low": Column(mean - reach, "bound"),
            "high": Column(mean + reach, "bound"),
            "exact": Column(known),
            "min": Column([float(value) for value in low]),
            "max": Column([float(value) for value in high]),
        },
        facts=facts,
        notes=[],
    )


def apart(mean: float, error: float, exact: float | None) -> float | None:
    """Return the distance between an estimate and the exact value, in standard errors.

    Numbers that differ by no more than rounding, with an error of 0, are 0 standard errors apart.
    """
    if exact is None or not np.isfinite(error):
        return None
    distance = abs(mean - exact)
    if distance <= 1e-9 * max(1.0, abs(exact)):
        return 0.0 if error == 0 else distance / error
    return distance / error if error > 0 else None
