"""Facts of means over prompts: each with its error and its interval, and what that needs."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from rlcalc.errors import listed
from rlcalc.numerics.intervals import (
    CONFIDENCE,
    NEEDS,
    intervals_of_means,
    known_values,
    two_values,
)
from rlcalc.numerics.moments import Moments
from rlcalc.result import Fact


class Means:
    """Facts of means over prompts, and what the intervals of all of them need."""

    def __init__(self) -> None:
        self.needs: dict[str, int] = {}

    def facts(
        self, name: str, moments: Moments, stem: str = "", within: tuple[float, float] | None = None
    ) -> dict[str, Fact]:
        """Return a mean, its error and its interval.

        Args:
            name: of the fact.
            moments: of the values, under one key.
            stem: of the names of the error and the limits; default the name.
            within: where all values must lie, whatever the data.
        """
        values = known_values(moments)
        if within is not None:  # no value that is not seen lies outside
            ends = replace(moments, least=np.array(within[:1]), greatest=np.array(within[1:]))
            values = (ends.least, ends.greatest) if two_values(ends).all() else values
        found = intervals_of_means(moments, CONFIDENCE, values)
        low, high = float(found.low[0]), float(found.high[0])
        if within is not None:
            low, high = np.clip((low, high), *within).tolist()
        stem = stem or name
        self.needs[name] = int(found.needs[0])
        return {
            name: float(moments.mean[0]),
            f"{stem}_se": float(moments.standard_error()[0]),
            f"{stem}_low": low,
            f"{stem}_high": high,
        }

    def notes(self) -> list[str]:
        """Return a note on intervals that are missing or may not hold."""
        names = {
            need: [name for name, code in self.needs.items() if NEEDS[code] == need]
            for need in NEEDS[2:]
        }
        return [
            f"the interval of {listed(of, most=2)} needs {need.format(units='prompts')}"
            for need, of in names.items()
            if of
        ]
