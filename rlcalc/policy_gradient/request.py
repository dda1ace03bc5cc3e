"""A request for estimates of the policy gradient, and its checks."""

from __future__ import annotations

from dataclasses import dataclass

from rlcalc.errors import UsageError, meant, shown
from rlcalc.policy_gradient.estimate import BASELINES, FORMS, WITH_BASELINE


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
