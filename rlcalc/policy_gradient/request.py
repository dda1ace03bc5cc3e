"""What is asked of a policy's gradient, and what does not go together."""

from __future__ import annotations

from dataclasses import dataclass

from rlcalc.errors import UsageError, meant, shown
from rlcalc.policy_gradient.estimate import BASELINES, FORMS, WITH_BASELINE


@dataclass(frozen=True)
class GradientRequest:
    """What is asked of a policy's gradient."""

    form: str = "all"  # or one of FORMS
    baseline: str = "none"  # of the forms trajectory and gain
    critic: str = "exact"  # or estimated, from the other half of the episodes
    discount_weight: bool = True  # with the factor γ^t
    rows: str = "gradient"  # or variance: a row a form
    batch: int | None = None  # episodes of one update, whose error is told too

    @property
    def looks(self) -> int:
        """How often the episodes have to be gone through."""
        return 1 + (self.baseline == "mean") + (self.critic == "estimated")

    def __post_init__(self) -> None:
        """Refuse what does not go together.

        Raises:
            UsageError: a word that means nothing, or a baseline for nothing.
        """
        for name, given, known in (
            ("form", self.form, ("all", *FORMS)),
            ("baseline", self.baseline, BASELINES),
            ("critic", self.critic, ("exact", "estimated")),
            ("rows", self.rows, ("gradient", "variance")),
        ):
            if given not in known:
                guess = meant(str(given), known)
                raise UsageError(
                    f"{name} is {shown(given)}", fix=f"{guess}one of {', '.join(known)}"
                )
        if self.batch is not None and self.batch < 1:
            raise UsageError(f"a batch of {self.batch} episodes", fix="give a number from 1 on")
        if self.baseline != "none" and self.form not in ("all", *WITH_BASELINE):
            raise UsageError(
                f"the form {self.form} has no baseline: what it uses is no gain",
                fix=f"baselines are for {' and '.join(WITH_BASELINE)}",
            )
        if not self.discount_weight and self.form == "trajectory":
            raise UsageError(
                "the form trajectory has no factor γ^t to leave out", fix="take another form"
            )
        if self.critic == "estimated" and self.form in WITH_BASELINE and self.baseline != "value":
            raise UsageError(
                f"the form {self.form} asks no critic", fix="leave out --critic estimated"
            )
