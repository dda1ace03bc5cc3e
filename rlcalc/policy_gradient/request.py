"""Requests: of estimates of the policy gradient, of a gradient ascent, and their checks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from rlcalc.errors import UsageError, meant, shown
from rlcalc.numerics.arrays import Floats
from rlcalc.policy_gradient.baseline import StartGroups
from rlcalc.policy_gradient.critic import Critic
from rlcalc.policy_gradient.weighted_episodes import WeightedEpisodes

Form = Literal["trajectory", "gain", "q", "advantage"]
Baseline = Literal["none", "mean", "value", "optimal"]
FORMS: tuple[Form, ...] = ("trajectory", "gain", "q", "advantage")
WITH_BASELINE: tuple[Form, ...] = ("trajectory", "gain")
BASELINES: tuple[Baseline, ...] = ("none", "mean", "value", "optimal")


@dataclass(frozen=True)
class GradientRequest:
    """The forms of a policy gradient to estimate, and how."""

    form: str = "all"  # or one of FORMS
    baseline: str = "none"  # of the forms trajectory and gain
    critic: str = "exact"  # or estimated, from the other half of the episodes
    discount_weight: bool = True  # with the factor γ^t
    rows: str = "gradient"  # or variance: a row a form
    batch: int | None = None  # episodes of one update, whose expected error is a fact

    @property
    def forms(self) -> tuple[Form, ...]:
        """The forms, one or all."""
        return FORMS if self.form == "all" else (self.form,)  # type: ignore[return-value]

    @property
    def passes(self) -> int:
        """The number of passes over the episodes."""
        return 1 + (self.baseline == "mean") + (self.critic == "estimated")

    def __post_init__(self) -> None:
        """Check the request.

        Raises:
            UsageError: an unknown word, or a baseline or critic that would have no effect.
        """
        for name, value, known in (
            ("form", self.form, ("all", *FORMS)),
            ("baseline", self.baseline, BASELINES),
            ("critic", self.critic, ("exact", "estimated")),
            ("rows", self.rows, ("gradient", "variance")),
        ):
            if value not in known:
                guess = meant(str(value), known)
                raise UsageError(
                    f"{name} is {shown(value)}", fix=f"{guess}give one of {', '.join(known)}"
                )
        if self.batch is not None and self.batch < 1:
            raise UsageError(f"batch is {self.batch}", fix="give --batch 1 or more")
        if self.baseline != "none" and self.form not in ("all", *WITH_BASELINE):
            raise UsageError(
                f"--baseline does not apply to the form {self.form}",
                fix=f"use --form {' or '.join(WITH_BASELINE)}, or leave out --baseline",
            )
        if not self.discount_weight and self.form == "trajectory":
            raise UsageError(
                "the form trajectory has no factor γ^t to leave out",
                fix="use another --form, or leave out --no-discount-weight",
            )
        if self.critic == "estimated" and self.form in WITH_BASELINE and self.baseline != "value":
            raise UsageError(
                f"--critic estimated has no effect on the form {self.form}",
                fix="use --form q or advantage, or --baseline value; or leave out --critic",
            )


@dataclass(frozen=True)
class AscentRequest:
    """The length and the direction of a gradient ascent."""

    steps: int
    learning_rate: float
    estimate: GradientRequest | None = None  # None: the exact gradient is followed

    def __post_init__(self) -> None:
        """Check the request.

        Raises:
            UsageError: a number out of range, several forms at once, or other rows.
        """
        if self.steps < 1:
            raise UsageError(f"steps is {self.steps}", fix="give --steps 1 or more")
        if not 0 < self.learning_rate < np.inf:
            raise UsageError(
                f"the learning rate is {self.learning_rate:g}",
                fix="give a finite --learning-rate above 0",
            )
        if self.estimate and self.estimate.form == "all":
            raise UsageError(
                "gradient ascent follows the estimate of one form",
                fix=f"give --form one of {', '.join(FORMS)}",
            )
        if self.estimate and self.estimate.rows != "gradient":
            raise UsageError(
                "--rows does not apply to gradient ascent: its rows are its steps",
                fix="leave out --rows",
            )


@dataclass(frozen=True)
class EstimateRequest:
    """The forms to estimate, and the critic and baseline that they use."""

    critic: Critic
    forms: tuple[Form, ...] = FORMS
    baseline: Baseline = "none"
    groups: StartGroups | None = None  # for the baseline mean

    def baselines(self, episodes: WeightedEpisodes, value: Floats) -> dict[Form, Floats | float]:
        """Return the baseline of G(τ), [E], and of G_t, [T].

        Args:
            episodes: the episodes.
            value: [T] V(s_t).
        """
        if self.baseline == "value":
            return {"trajectory": value[episodes.first], "gain": value}
        if self.baseline == "mean":
            assert self.groups is not None
            step = self.groups.step_mean[episodes.start]
            return {"trajectory": self.groups.mean[episodes.start], "gain": step[episodes.episode]}
        return {"trajectory": 0.0, "gain": 0.0}
