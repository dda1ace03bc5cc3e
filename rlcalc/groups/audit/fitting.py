"""Fitting: tries conventions on a trainer's advantages, and returns the one that fits best."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property, partial

import numpy as np

from rlcalc.errors import InputError
from rlcalc.groups.advantages.compute import advantages
from rlcalc.groups.advantages.convention import Convention
from rlcalc.groups.advantages.trainers import TRAINERS, VARIANTS
from rlcalc.groups.audit.float32 import float32_error
from rlcalc.groups.audit.roundings import Rounding, roundings
from rlcalc.groups.groups import SINGLE, Groups
from rlcalc.numerics.arrays import Flags, Floats
from rlcalc.rollouts import Rollouts

SAMPLE = 1 << 13
"""Groups on which a convention is tried first."""


@dataclass(frozen=True)
class Fit:
    """How well a convention reproduces the trainer's advantages."""

    how: Convention
    fits: Flags  # [N] among those that are compared
    n_nonzero: int  # fits that are not 0: most conventions agree on zeros
    largest: float  # the largest difference among the fits

    @property
    def score(self) -> tuple[int, int]:
        """The number of fits that are not 0, then of all fits."""
        return self.n_nonzero, int(self.fits.sum())


@dataclass(frozen=True)
class Comparison:
    """A trainer's advantages, and which of them are compared with a convention's."""

    groups: Groups
    rounding: Rounding | None = None  # how the trainer's advantages look rounded

    @property
    def rollouts(self) -> Rollouts:
        """The rollouts of all groups."""
        return self.groups.rollouts

    @cached_property
    def target(self) -> Floats:
        """[N] the trainer's advantages; NaN where one is missing."""
        assert self.rollouts.advantage is not None
        return self.rollouts.advantage

    @cached_property
    def present(self) -> Flags:
        """[N] whether the trainer has an advantage, which may be NaN."""
        absent = self.rollouts.absent
        return np.ones(len(self.target), dtype=bool) if absent is None else ~absent

    @cached_property
    def equal(self) -> Flags:
        """[N] whether the group has several rewards and all of them are equal."""
        dead = self.groups.equal & (self.groups.status != SINGLE)
        return np.repeat(dead, self.rollouts.size)

    @cached_property
    def single(self) -> Flags:
        """[N] whether the rollout is the only one with a reward in its group."""
        return np.repeat(self.groups.status == SINGLE, self.rollouts.size)

    @cached_property
    def compared(self) -> Flags:
        """[N] whether the rollout is compared: with a reward, in a group whose rewards differ."""
        return self.present & ~self.equal & ~np.isnan(self.rollouts.reward)

    @property
    def tells(self) -> bool:
        """Whether anything is compared but the 0 of groups of one."""
        return bool((self.compared & (~self.single | (self.target != 0))).any())

    @cached_property
    def n(self) -> int:
        """The number of rollouts that are compared."""
        return int(self.compared.sum())

    @cached_property
    def finite_target(self) -> Floats:
        """The trainer's finite advantages among those that are compared."""
        return self.target[self.compared & np.isfinite(self.target)]

    @cached_property
    def typical(self) -> float:
        """The median size of the advantages that are compared and not 0; 1 if there are none."""
        size = np.abs(self.finite_target)
        return float(np.median(size[size > 0])) if (size > 0).any() else 1.0

    @cached_property
    def half_unit(self) -> Floats:
        """[N] half the unit that the trainer's advantages look rounded to; 0 without rounding."""
        if self.rounding is None:
            return np.zeros(len(self.target))
        return 0.5001 * self.rounding.unit(self.target)

    @property
    def least_half_unit(self) -> float:
        """The least half unit of an advantage that is not 0."""
        unit = self.half_unit[self.compared & (self.half_unit > 0)]
        return float(unit.min(initial=np.inf))

    @cached_property
    def resolution(self) -> float:
        """One rounding of the largest advantage: of float32 if all fit into it, else of float64."""
        values = self.finite_target
        single = np.array_equal(values, values.astype(np.float32))
        return float((2.0**-24 if single else 2.0**-52) * np.abs(values).max(initial=0.0))

    def with_roundings(self) -> list[Comparison]:
        """Return the same comparison with each rounding that the advantages show."""
        values = self.finite_target[self.finite_target != 0]
        return [replace(self, rounding=rounding) for rounding in roundings(values[:10_000])]

    def within(
        self, rollouts: Rollouts, how: Convention, advantage: Floats, n: int | None = None
    ) -> Flags:
        """Return whether the first n advantages differ by no more than rounding explains."""
        part = slice(n)
        error = float32_error(rollouts, how, advantage, n) + self.half_unit[part]
        advantage, target = advantage[part], self.target[part]
        near: Flags = np.abs(advantage - target) <= error
        return near | (np.isnan(advantage) & np.isnan(target))

    def fit(self, how: Convention) -> Fit:
        """Return how well a convention fits.

        Raises:
            InputError: it needs a column that is missing.
        """
        advantage = advantages(self.rollouts, how)
        fits = self.compared & self.within(self.rollouts, how, advantage)
        size = np.abs(advantage)
        mean = np.nansum(size, where=self.compared) / max(self.n, 1)
        nonzero = fits & (size > 1e-4 * mean) & (self.target != 0)
        difference = np.abs(advantage - self.target)
        largest = np.fmax.reduce(difference, where=fits, initial=0.0)
        return Fit(how, fits, int(nonzero.sum()), float(largest))

    @cached_property
    def sample(self) -> Rollouts | None:
        """The first groups, which rule out most conventions; None if there are few groups."""
        few = self.rollouts.n_groups <= 2 * SAMPLE
        return None if few else self.rollouts.first(SAMPLE)

    @cached_property
    def n_nonzero(self) -> int:
        """The number of compared advantages that are not 0: the most that a fit can have."""
        return int((self.compared & (self.target != 0)).sum())

    def is_worse(self, how: Convention, best: int) -> bool:
        """Return whether the sample proves that a convention has fewer nonzero fits than `best`.

        Raises:
            InputError: it needs a column that is missing.
        """
        if self.sample is None or 2 * best <= self.n_nonzero:
            return False  # no convention explains most yet, so the nearest may be needed
        if self.n_nonzero - best >= len(self.sample):
            return False  # even a sample without any fit proves nothing
        rollouts, n = self.sample if how.by_group else self.rollouts, len(self.sample)
        fits = self.within(rollouts, how, advantages(rollouts, how), n)
        missed = int((~fits & self.compared[:n] & (self.target[:n] != 0)).sum())
        return self.n_nonzero - missed < best

    def median_difference(self, how: Convention) -> float:
        """Return the median difference; infinite if most advantages of the convention are 0."""
        advantage = advantages(self.rollouts, how)
        difference = np.abs(advantage - self.target)
        known = difference[self.compared & ~np.isnan(difference)]
        mostly_nonzero = 2 * np.count_nonzero(advantage[self.compared]) > self.n
        return float(np.median(known)) if mostly_nonzero and len(known) else np.inf

    def fits_of(self, conventions: Sequence[Convention]) -> Iterator[Fit]:
        """Yield the fit of each convention; skip those that lack a column or are surely worse."""
        best = 0
        for how in conventions:
            try:
                if self.is_worse(how, best):
                    continue
                fit = self.fit(how)
            except InputError:
                continue
            best = max(best, fit.n_nonzero)
            yield fit

    def first_best(self, fits: list[Fit]) -> tuple[Fit, list[Fit]]:
        """Return the first of the fits with the best score, and those that fit as well."""
        most = max(fit.score for fit in fits)
        alike = [fit for fit in fits if fit.score == most]
        least = min(fit.largest for fit in alike)
        best = next(fit for fit in alike if fit.largest <= 2 * least + self.resolution)
        limit = 4 * least + self.resolution
        label, close = best.how.description(), dict[str, Fit]()
        for fit in alike:
            name = fit.how.description()
            if fit.largest <= limit and name != label and np.array_equal(fit.fits, best.fits):
                close.setdefault(name, fit)
        return best, list(close.values())

    def explains(self, fit: Fit) -> bool:
        """Return whether the convention explains more than half of the nonzero advantages.

        Zeros are explained by a convention that gives 0 to all of them although rewards differ.
        """
        if not self.finite_target.any():
            several = self.compared & ~self.single
            return bool(several.any()) and bool(fit.fits[self.compared].all())
        return fit.n_nonzero > 0 and 2 * fit.n_nonzero > int(np.count_nonzero(self.finite_target))

    def could_refute(self, how: Convention) -> int:
        """Return how many of the advantages could have refuted a convention.

        Rounding leaves them at least two bits, and they are not the 0 of a group of one.
        """
        advantage = advantages(self.rollouts, how)
        error = float32_error(self.rollouts, how, advantage) + self.half_unit
        several = ~self.single | (self.target != 0)
        return int((self.compared & several & (4 * error < self.typical)).sum())


@np.errstate(over="ignore", invalid="ignore", divide="ignore")
def best_fit(
    comparison: Comparison, conventions: Sequence[Convention]
) -> tuple[Comparison, Fit, list[Fit]]:
    """Return the first of the conventions that fit best, and those that fit as well.

    The best fits have the most advantages that are not 0, then the most of all; of these the first
    is taken whose largest difference is at most twice the least, up to one rounding of float32. If
    none fits exactly and the advantages look rounded to some digits, differences that the rounding
    explains count as equal. If none fits even then, the nearest has the least median difference.

    Args:
        comparison: the trainer's advantages.
        conventions: to try, the plainest first.
    """
    fits = list(comparison.fits_of(conventions))
    if not fits:
        comparison.fit(conventions[0])  # raises the error about the missing column
    best, alike = comparison.first_best(fits)
    rounded = comparison.with_roundings()
    if rounded and (
        not comparison.explains(best)
        or best.largest > 0.01 * min(one.least_half_unit for one in rounded)
    ):
        answers = [(one, *one.first_best(list(one.fits_of(conventions)))) for one in rounded]
        answer = max(answers, key=lambda answer: answer[1].score)
        if answer[0].explains(answer[1]):
            return answer
    if not comparison.tells:
        return comparison, best, []
    if not comparison.explains(best):
        nearest = min(fits, key=lambda fit: comparison.median_difference(fit.how))
        return comparison, nearest, []
    return comparison, best, alike


def fitting_trainers(comparison: Comparison, fit: Fit) -> list[str]:
    """Return the trainers with this convention that fit groups of one and unscored rollouts too.

    A form of an estimator that a trainer also has, as verl's vectorised RLOO, stands in brackets.
    """
    names = []
    same_fits = cache(partial(_fits_all, comparison, fit=fit))
    for name, conventions in TRAINERS.items():
        known = [("", how) for how in conventions.values()] + list(VARIANTS.get(name, {}).items())
        same = [form for form, how in known if _is_same(how, fit.how) and same_fits(how)]
        if same:
            names.append(name if "" in same else f"{name} ({same[0]})")
    return names


def _is_same(how: Convention, other: Convention) -> bool:
    """Return whether two conventions differ at most in groups of one and in unscored rollouts."""
    how = replace(how, single=other.single, unscored=other.unscored)
    return how.description() == other.description()


def _fits_all(comparison: Comparison, how: Convention, fit: Fit) -> bool:
    unscored = comparison.present & np.isnan(comparison.rollouts.reward)
    if not unscored.any():
        how = replace(how, unscored=fit.how.unscored)
        same = how.single == fit.how.single or not comparison.single.any()
        return same or np.array_equal(comparison.fit(how).fits, fit.fits)
    if not np.array_equal(comparison.fit(how).fits, fit.fits):
        return False
    advantage = advantages(comparison.rollouts, how)
    return bool(comparison.within(comparison.rollouts, how, advantage)[unscored].all())
