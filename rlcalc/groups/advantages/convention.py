"""Convention: what trainers that all say GRPO do differently, said in one place."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from rlcalc.errors import UsageError
from rlcalc.numerics.arrays import Floats
from rlcalc.rollouts import Scored

Scale = Literal["group", "batch", "none"]
Single = Literal["zero", "raw", "none"]
Unscored = Literal["gets none", "gets 0", "counts as 0"]


@dataclass(frozen=True)
class Whiten:
    """How a batch is brought to mean 0 and variance 1."""

    over: Literal["rollouts", "tokens"] = "rollouts"  # tokens: each rollout counts L_i times
    ddof: int = 1
    epsilon: float = 1e-6
    floor: Literal["add", "root", "max"] = "add"  # σ + ε, √(σ² + ε), √max(σ², ε)
    centre: bool = True

    def __call__(self, scored: Scored, values: Floats) -> Floats:
        """Return [M] (x − x̄_B) / σ_B, with ε where `floor` says.

        Args:
            scored: the rollouts, whose batches are taken by themselves.
            values: [M] x.
        """
        weight = scored.lengths("whitening over tokens") if self.over == "tokens" else None
        variance = scored.batch_variance(values, self.ddof, weight)
        spread = {
            "add": np.sqrt(variance) + self.epsilon,
            "root": np.sqrt(variance + self.epsilon),
            "max": np.sqrt(np.maximum(variance, self.epsilon)),
        }[self.floor]
        if self.centre:
            values = values - scored.each_of_batch(scored.batch_mean(values, weight))
        return quotient(values, scored.each_of_batch(spread))


@dataclass(frozen=True)
class Convention:
    """An estimator, and everything about it that trainers disagree on."""

    estimator: str = "grpo"
    epsilon: float = 1e-6  # added to σ
    ddof: int = 1  # of σ
    scale: Scale = "group"  # whose σ divides
    leave_one_out: bool = False  # statistics over the others of the group
    single: Single = "zero"  # a group of one: A = 0, A = r (μ = 0, σ = 1), or no advantage
    unscored: Unscored = "gets none"
    whiten: Whiten = Whiten()  # for the estimators that whiten a batch
    k: int = 4  # of pass@k
    success: float = 1.0  # the reward from which a rollout is right
    length_penalty: str | None = None  # how rewards are shaped by length first

    @property
    def by_group(self) -> bool:
        """Whether an advantage is known to depend on its own group alone."""
        by_all = (*WHITENING, "gdpo", "gpg")  # gpg: on the share of rewards that are not 0
        return not (self.estimator in by_all or self.scale == "batch" or self.length_penalty)

    def but(
        self,
        *,
        epsilon: float | None = None,
        ddof: int | None = None,
        scale: Scale | None = None,
        leave_one_out: bool = False,
    ) -> Convention:
        """Return the same with what was asked for; where a batch is whitened, they speak of that.

        Raises:
            UsageError: a number that makes no sense.
        """
        if epsilon is not None and not 0 <= epsilon < np.inf:
            raise UsageError(f"--epsilon {epsilon}", fix="give a number from 0")
        if ddof not in (None, 0, 1):
            raise UsageError(f"--ddof {ddof}", fix="give 0 or 1")
        changed = replace(
            self,
            epsilon=self.epsilon if epsilon is None else epsilon,
            ddof=self.ddof if ddof is None else ddof,
            scale=scale or self.scale,
            leave_one_out=leave_one_out or self.leave_one_out,
        )
        if self.estimator in WHITENING:
            whiten = replace(
                self.whiten,
                epsilon=self.whiten.epsilon if epsilon is None else epsilon,
                ddof=self.whiten.ddof if ddof is None else ddof,
            )
            changed = replace(changed, whiten=whiten)
        return changed

    def said(self) -> str:
        """Return the convention in words, without what the estimator does not use."""
        words = [self.estimator]
        if self.estimator in WHITENING:
            centre = "" if self.whiten.centre else ", not centred"
            words += [f"whitened over {self.whiten.over}{centre}", f"ddof {self.whiten.ddof}"]
            words += [f"epsilon {small(self.whiten.epsilon)}"]
        elif self.estimator in SCALING:
            scale = {"none": "not scaled"}.get(self.scale, f"{self.scale} std")
            words += [scale]
            words += [f"ddof {self.ddof}", f"epsilon {small(self.epsilon)}"] * (
                self.scale != "none"
            )
            words += ["leave one out"] if self.leave_one_out else []
        elif self.estimator in ("pass-k-analytic",):
            words += [f"k {self.k}"]
        elif self.estimator == "maxrl" and self.epsilon:
            words += [f"epsilon {small(self.epsilon)}"]
        words += [f"length penalty {self.length_penalty}"] if self.length_penalty else []
        return ", ".join(words)

    def used(self) -> set[str]:
        """Return which of the options that change a convention this one has a use for."""
        if self.estimator in WHITENING:
            scale = {"scale"} if self.estimator == "batch" else set()
            return scale if scale and self.scale == "none" else {"epsilon", "ddof", *scale}
        if self.estimator in SCALING:
            numbers = set() if self.scale == "none" else {"epsilon", "ddof"}
            return {"scale", *numbers, *({"leave_one_out"} if self.estimator != "pass-k" else ())}
        return {"maxrl": {"epsilon"}, "pass-k-analytic": {"k"}}.get(self.estimator, set())


WHITENING = ("batch", "reinforce++", "reinforce++-baseline")
SCALING = ("grpo", "gdpo", "pass-k")


def small(number: float) -> str:
    """Return a small number as people write it.

    >>> small(0.0001), small(0.0)
    ('1e-4', '0')
    """
    return np.format_float_scientific(number, trim="-", exp_digits=1) if number else "0"


def centred(scored: Scored, how: Convention) -> Floats:
    """Return [M] r_i − μ; for the only rollout of a group what the convention says."""
    if how.single == "zero" or not scored.single.any():
        return scored.centred
    return np.where(scored.single, scored.reward if how.single == "raw" else np.nan, scored.centred)


def spread(scored: Scored, how: Convention) -> Floats:
    """Return [M] σ + ε of the group or of the batch; 1 + ε for a single taken raw."""
    if how.scale == "batch":
        deviation = scored.each_of_batch(np.sqrt(scored.batch_variance(scored.reward, how.ddof)))
        return deviation + how.epsilon
    of_group = scored.deviation(how.ddof)
    if how.single == "raw":
        of_group = np.where(scored.size == 1, 1.0, of_group)
    return scored.each(of_group + how.epsilon)


def quotient(values: Floats, by: Floats) -> Floats:
    """Return x / y, and 0 where both are 0, as in a group of equal rewards with ε = 0."""
    return np.divide(values, by, out=np.zeros(len(values)), where=(by != 0) | np.isnan(values))
