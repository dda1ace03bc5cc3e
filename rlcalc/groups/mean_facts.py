"""Facts of means over prompts: each with its error and its interval, and what that needs."""

from __future__ import annotations

import math
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
from rlcalc.numerics.sample_size import sample_size
from rlcalc.result import Fact


class Means:
    """Facts of means over prompts, and what the intervals of all of them need."""

    def __init__(self) -> None:
        self.needs: dict[str, int] = {}
        self.errors: dict[str, tuple[float, int]] = {}
        """The standard error of each mean, and the prompts that it comes from."""

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
        error, n = float(moments.standard_error()[0]), int(moments.clusters[0])
        self.errors[name] = error, n
        return {
            name: float(moments.mean[0]),
            f"{stem}_se": error,
            f"{stem}_low": low,
            f"{stem}_high": high,
        }

    def precision_facts(self, half_width: float) -> dict[str, Fact]:
        """Return how many more prompts the interval of each mean needs to be ± `half_width`.

        Prompts with as many rollouts as these; the limits are those of `sample_size`.
        """
        error, n = (np.array(part) for part in zip(*self.errors.values(), strict=True))
        sizes = sample_size(error, n, half_width, CONFIDENCE)
        more = [np.maximum(np.ceil(size - n), 0.0).tolist() for size in sizes]
        ends = ("", "_low", "_high")
        return {
            "precision": half_width,
            **{
                f"more_prompts{end}": {
                    name: number if math.isfinite(number) else None
                    for name, number in zip(self.errors, numbers, strict=True)
                }
                for end, numbers in zip(ends, more, strict=True)
            },
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
