"""Conventions: the choices in which trainers that all say GRPO differ. No numpy is loaded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from rlcalc.groups.advantages import ESTIMATORS

Floor = Literal["add", "root", "max"]
Scale = Literal["group", "batch", "none"]
Single = Literal["zero", "raw", "none"]
Unscored = Literal["gets none", "gets 0", "counts as 0"]


@dataclass(frozen=True)
class Whiten:
    """How a batch is brought to mean 0 and variance 1."""

    over: Literal["rollouts", "tokens"] = "rollouts"  # tokens: each rollout counts L_i times
    ddof: int = 1
    epsilon: float = 1e-6
    floor: Floor = "add"  # σ + ε, √(σ² + ε), √max(σ², ε)
    centre: bool = True


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
    def whitens(self) -> bool:
        """Whether the estimator whitens a batch, so that epsilon and ddof are those of `whiten`."""
        return "whiten" in ESTIMATORS[self.estimator].uses

    @property
    def scales(self) -> bool:
        """Whether the estimator divides r − μ by the σ that `scale` names."""
        return "scale" in ESTIMATORS[self.estimator].uses and not self.whitens

    @property
    def by_group(self) -> bool:
        """Whether an advantage is known to depend on its own group alone."""
        across = ESTIMATORS[self.estimator].across_groups
        return not (across or self.scale == "batch" or self.length_penalty)

    def description(self) -> str:
        """Return the convention in words: the choices that the estimator uses."""
        words = [self.estimator]
        if self.whitens:
            centre = "" if self.whiten.centre else ", not centred"
            words += [f"whitened over {self.whiten.over}{centre}", f"ddof {self.whiten.ddof}"]
            words += [f"epsilon {convention_number(self.whiten.epsilon)}"]
        elif self.scales:
            words.append("not scaled" if self.scale == "none" else f"{self.scale} std")
            if self.scale != "none":
                words += [f"ddof {self.ddof}", f"epsilon {convention_number(self.epsilon)}"]
            words += ["leave one out"] if self.leave_one_out else []
        else:
            uses = ESTIMATORS[self.estimator].uses
            words += [f"k {self.k}"] * ("k" in uses)
            if "epsilon" in uses and self.epsilon > 0:
                words.append(f"epsilon {convention_number(self.epsilon)}")
        words += [f"length penalty {self.length_penalty}"] if self.length_penalty else []
        return ", ".join(words)

    def options(self) -> set[str]:
        """Return the options that change this convention."""
        uses = set(ESTIMATORS[self.estimator].uses)
        if self.whitens:
            uses = uses - {"whiten"} | {"epsilon", "ddof"}
        return uses - {"epsilon", "ddof"} if "scale" in uses and self.scale == "none" else uses


def convention_number(number: float) -> str:
    """Return a small number as people write it.

    >>> short_number(0.0001), short_number(0.0)
    ('1e-4', '0')
    """
    import numpy as np  # names are listed without it

    return np.format_float_scientific(number, trim="-", exp_digits=1) if number else "0"
