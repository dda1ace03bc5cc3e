"""Which convention gives a trainer's advantages: tries those there are, and judges how they fit."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from rlcalc.errors import InputError
from rlcalc.groups.advantages.compute import advantages
from rlcalc.groups.advantages.convention import Convention
from rlcalc.groups.advantages.trainers import TRAINERS
from rlcalc.groups.audit.float32 import allowed
from rlcalc.groups.audit.roundings import Rounding, roundings
from rlcalc.groups.groups import SINGLE, Groups
from rlcalc.numerics.arrays import Flags, Floats
from rlcalc.rollouts import Rollouts

SAMPLE = 1 << 13
"""Groups that a convention is tried on first."""


@dataclass(frozen=True)
class Fit:
    """How well a convention gives what the trainer has."""

    how: Convention
    fits: Flags  # [N] among those that are compared
    told: int  # how many of them have an advantage that is not 0: zeros fit much
    largest: float  # the largest difference of those that fit

    @property
    def score(self) -> tuple[int, int]:
        """What the best has most of."""
        return self.told, int(self.fits.sum())


@dataclass(frozen=True)
class Comparison:
    """The advantages of a trainer, and which of them tell one convention from another."""

    groups: Groups
    rounding: Rounding | None = None  # what the trainer's numbers look rounded to

    @property
    def rollouts(self) -> Rollouts:
        """All of them."""
        return self.groups.rollouts

    @cached_property
    def held(self) -> Floats:
        """[N] the trainer's advantages; NaN where there is none."""
        assert self.rollouts.advantage is not None
        return self.rollouts.advantage

    @cached_property
    def given(self) -> Flags:
        """[N] whether the trainer gave an advantage, be it NaN."""
        absent = self.rollouts.absent
        return np.ones(len(self.held), dtype=bool) if absent is None else ~absent

    @cached_property
    def equal(self) -> Flags:
        """[N] whether all rewards of its group are equal, of which there are several."""
        dead = self.groups.equal & (self.groups.status != SINGLE)
        return np.repeat(dead, self.rollouts.size)

    @cached_property
    def these(self) -> Flags:
        """[N] those that are compared: with a reward, in a group whose rewards differ."""
        return self.given & ~self.equal & ~np.isnan(self.rollouts.reward)

    @cached_property
    def n(self) -> int:
        """How many are compared."""
        return int(self.these.sum())

    @cached_property
    def is_nan(self) -> Flags:
        """[N] whether the trainer's advantage is NaN."""
        return np.isnan(self.held)

    @cached_property
    def usual(self) -> float:
        """The median size of the advantages that are compared; 1 where there are none."""
        size = np.abs(self.held[self.these & np.isfinite(self.held)])
        return float(np.median(size[size > 0])) if (size > 0).any() else 1.0

    @cached_property
    def unit(self) -> Floats:
        """[N] half of what the trainer's numbers look rounded to; 0 if they do not."""
        if self.rounding is None:
            return np.zeros(len(self.held))
        return 0.5001 * self.rounding.unit(self.held)

    @property
    def least(self) -> float:
        """The least unit of a number that is not 0."""
        unit = self.unit[self.these & (self.unit > 0)]
        return float(unit.min(initial=np.inf))

    @cached_property
    def grain(self) -> float:
        """What is no difference: a rounding of float32 if the numbers are such, else of float64."""
        held = self.held[self.these & np.isfinite(self.held)]
        single = np.array_equal(held, held.astype(np.float32))
        return float((2.0**-24 if single else 2.0**-52) * np.abs(held).max(initial=0.0))

    def rounded(self) -> list[Comparison]:
        """Return the same with each rounding that the numbers show."""
        held = self.held[self.these & np.isfinite(self.held) & (self.held != 0)]
        return [replace(self, rounding=one) for one in roundings(held[:10_000])]

    def fit(self, how: Convention) -> Fit:
        """Return how well a convention fits.

        Raises:
            InputError: it needs what is not there.
        """
        advantage = advantages(self.rollouts, how)
        difference = np.abs(advantage - self.held)
        fits = difference <= allowed(self.rollouts, how, advantage) + self.unit
        fits = self.these & (fits | (self.is_nan & np.isnan(advantage)))
        size = np.abs(advantage)
        usual = np.nansum(size, where=self.these) / max(self.n, 1)
        told = fits & (size > 1e-4 * usual) & (self.held != 0)
        largest = np.fmax.reduce(difference, where=fits, initial=0.0)
        return Fit(how, fits, int(told.sum()), float(largest))

    @cached_property
    def sample(self) -> Rollouts | None:
        """The first groups, on which much can be told already; None where there are few."""
        few = self.rollouts.n_groups <= 2 * SAMPLE
        return None if few else self.rollouts.first(SAMPLE)

    @cached_property
    def tellable(self) -> int:
        """How many advantages that are compared are not 0: the most that can be told."""
        return int((self.these & (self.held != 0)).sum())

    def misses(self, how: Convention, told: int) -> bool:
        """Return whether a convention is known to tell fewer, by those of the sample it misses.

        Raises:
            InputError: it needs what is not there.
        """
        if self.sample is None or 2 * told <= self.tellable:
            return False  # nothing is found yet, and the nearest may be asked for
        if self.tellable - told >= len(self.sample):
            return False  # even if it misses all of them
        rollouts, part = self.sample if how.by_group else self.rollouts, slice(len(self.sample))
        advantage, held = advantages(rollouts, how), self.held[part]
        within = allowed(rollouts, how, advantage)[part] + self.unit[part]
        advantage = advantage[part]
        off = ~(np.abs(advantage - held) <= within) & ~(np.isnan(held) & np.isnan(advantage))
        missed = int((off & self.these[part] & (held != 0)).sum())
        return self.tellable - missed < told

    def middle(self, how: Convention) -> float:
        """Return the median difference; infinite where most that a convention gives are 0."""
        advantage = advantages(self.rollouts, how)
        known = np.abs(advantage - self.held)[self.these & ~np.isnan(advantage - self.held)]
        plain = 2 * np.count_nonzero(advantage[self.these]) > self.n and len(known)
        return float(np.median(known)) if plain else np.inf

    def fitted(self, tried: Sequence[Convention]) -> Iterator[Fit]:
        """Yield how each fits, without those that need what is not there, or fit worse for sure."""
        told = 0
        for how in tried:
            try:
                if self.misses(how, told):
                    continue
                fit = self.fit(how)
            except InputError:
                continue
            told = max(told, fit.told)
            yield fit

    def first(self, fits: list[Fit]) -> tuple[Fit, list[Fit]]:
        """Return the first of those that fit best, and those that fit as well."""
        most = max(fit.score for fit in fits)
        alike = [fit for fit in fits if fit.score == most]
        least = min(fit.largest for fit in alike)
        best = next(fit for fit in alike if fit.largest <= 2 * least + self.grain)
        close = [fit for fit in alike if fit is not best and fit.largest <= 4 * least + self.grain]
        return best, [fit for fit in close if np.array_equal(fit.fits, best.fits)]

    def found(self, fit: Fit) -> bool:
        """Return whether it is that: most of what is not 0 fits, which is not by chance."""
        size = np.abs(self.held[self.these & np.isfinite(self.held)])
        return fit.told > 0 and 2 * fit.told > int((size > 0).sum())


@np.errstate(over="ignore", invalid="ignore")
def best_of(compared: Comparison, tried: Sequence[Convention]) -> tuple[Comparison, Fit, list[Fit]]:
    """Return the first of the conventions that fit best, and those that fit as well.

    Those fit best that give most of the advantages that are not 0, then most of all; of these the
    first whose largest difference is not over twice the least, but for a rounding of float32. Where
    none fits exactly and the numbers look rounded to some digits, what that explains counts as
    equal. Where none fits even then, it is the one with the least median difference.

    Args:
        compared: the trainer's advantages.
        tried: conventions, the plainest first.
    """
    fits = list(compared.fitted(tried))
    if not fits:
        compared.fit(tried[0])  # says what is missing
    best, alike = compared.first(fits)
    shown = compared.rounded()
    if shown and (
        not compared.found(best) or best.largest > 0.01 * min(one.least for one in shown)
    ):
        coarse = [(rounded, *rounded.first(list(rounded.fitted(tried)))) for rounded in shown]
        found = max(coarse, key=lambda held: held[1].score)
        if found[0].found(found[1]):
            return found
    if not compared.found(best):
        return compared, min(fits, key=lambda fit: compared.middle(fit.how)), []
    return compared, best, alike


def trainers_of(compared: Comparison, fit: Fit) -> list[str]:
    """Return the trainers that mean just that, in all of the dump: groups of one, unscored too."""
    return [
        name
        for name, known in TRAINERS.items()
        if any(
            h.description() == fit.how.description() and _fits_all(compared, h, fit)
            for h in known.values()
        )
    ]


def _fits_all(compared: Comparison, how: Convention, fit: Fit) -> bool:
    theirs = compared.fit(how)
    if not np.array_equal(theirs.fits, fit.fits):
        return False
    unscored = compared.given & np.isnan(compared.rollouts.reward)
    if not unscored.any():
        return True
    advantage = advantages(compared.rollouts, how)
    within = allowed(compared.rollouts, how, advantage) + compared.unit
    difference = np.abs(advantage - compared.held)
    alike = (difference <= within) | (np.isnan(advantage) & np.isnan(compared.held))
    return bool(alike[unscored].all())
