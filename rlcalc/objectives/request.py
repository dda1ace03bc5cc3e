"""The request: a loss or a trainer, and the options that change it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from rlcalc.errors import UsageError, meant, shown
from rlcalc.objectives.convention import AGGREGATES, Objective
from rlcalc.objectives.losses import KL_ESTIMATORS, LOSSES
from rlcalc.objectives.trainers import TRAINERS, objective_of

CORRECTIONS = {"none": 0, "tis": 1, "mask": 2, "seq-mask": 2}
"""The corrections of the sampler, and how many numbers each takes."""
ALIASES = {
    "seq-mean-token-sum-norm": "constant",
    "dr-grpo": "constant",
    "grpo": "seq-mean-token-mean",
    "dapo": "token-mean",
    "bnpo": "token-mean",
}
"""Names that trainers give to an aggregation."""
KL_ALIASES = {"kl": "k1", "mse": "k2", "kl+": "k1+", "low_var_kl+": "k3+"}
"""Other names that verl gives to an estimator of KL."""


@dataclass(frozen=True)
class ObjectiveRequest:
    """A loss or a trainer, and changes; None: no change."""

    loss: str | None = None
    clip: Any = None  # ε, LOW:HIGH or a pair
    dual_clip: float | None = None
    delta: float | None = None
    aggregate: str | None = None
    kl: str | None = None
    beta: float | None = None
    kl_in: str | None = None
    rollout_correction: str | None = None
    value_clip: float | None = None

    def objective(self, trainer: str | None) -> Objective:
        """Return the objective with the changes.

        Raises:
            UsageError: an option that is out of range, or that the loss does not use.
        """
        how = objective_of(self.loss, trainer)
        uses = LOSSES[how.loss].uses
        for option in ("clip", "dual_clip", "delta"):
            if getattr(self, option) is not None and option not in uses:
                raise UsageError(
                    f"--{option.replace('_', '-')} has no effect with the loss {how.loss}",
                    fix="leave it out",
                )
        how = self._with_clips(how)
        how = self._with_aggregate(how)
        how = self._with_kl(how)
        return self._with_correction(how)

    def _with_clips(self, how: Objective) -> Objective:
        if self.value_clip is not None:
            if not self.value_clip >= 0:
                raise UsageError(
                    f"--value-clip {self.value_clip} is not at least 0",
                    fix="write --value-clip 0.2, or inf for no clip",
                )
            how = replace(how, value_clip=float(self.value_clip))
        if self.clip is not None and how.loss == "value":
            how = replace(how, value_clip=parse_clip(self.clip)[1])
        elif self.clip is not None:
            low, high = parse_clip(self.clip)
            if not how.absolute_high and how.loss in ("ppo", "gspo") and low > 1:
                raise UsageError(
                    f"--clip {shown(self.clip)}: 1 − {low:g} is below 0, and a ratio never is",
                    fix="give at most 1 as the lower: --clip 0.2:0.28",
                )
            how = replace(how, low=low, high=high)
        for option in ("dual_clip", "delta"):
            value = getattr(self, option)
            name = f"--{option.replace('_', '-')}"
            if value is not None and not 1 < value < math.inf:
                raise UsageError(
                    f"{name} {value:g} is not above 1", fix=f"write a ratio such as {name} 3"
                )
        dual_clip = how.dual_clip if self.dual_clip is None else float(self.dual_clip)
        return replace(how, dual_clip=dual_clip, delta=self.delta)

    def _with_aggregate(self, how: Objective) -> Objective:
        if self.aggregate is None:
            return how
        name, colon, number = self.aggregate.partition(":")
        name = ALIASES.get(name, name)
        if name not in AGGREGATES:
            raise UsageError(
                f"there is no aggregate {shown(self.aggregate)}",
                fix=f"{meant(name, AGGREGATES)}use one of {', '.join(AGGREGATES)}:L",
            )
        constant = None
        if colon:
            constant = _number(number, f"--aggregate {shown(self.aggregate)}")
            if name != "constant" or not constant > 0:
                raise UsageError(
                    f"--aggregate {shown(self.aggregate)}: a number above 0 belongs to constant",
                    fix="write --aggregate constant:1024",
                )
        of_kl = how.kl_aggregate if how.trainer == "openrlhf" else None
        return replace(how, aggregate=name, constant=constant, kl_aggregate=of_kl)

    def _with_kl(self, how: Objective) -> Objective:
        kl, beta = KL_ALIASES.get(self.kl or "", self.kl), self.beta
        if kl is not None and kl not in ("none", *KL_ESTIMATORS):
            raise UsageError(
                f"there is no KL estimator {shown(kl)}",
                fix=f"{meant(kl, KL_ESTIMATORS)}use one of none, {', '.join(KL_ESTIMATORS)}",
            )
        if self.kl_in not in (None, "loss", "reward"):
            raise UsageError(f"--kl-in is {shown(self.kl_in)}", fix="use loss or reward")
        if beta is not None and not 0 <= beta < math.inf:
            raise UsageError(
                f"--beta {beta} is not a finite number of at least 0", fix="write --beta 0.001"
            )
        if beta is not None and kl in (None, "none"):
            if kl == "none":
                raise UsageError("--beta has no effect without a KL term", fix="add --kl k3")
            kl = "k3"
        if kl in (None, "none"):
            if self.kl_in is not None:
                raise UsageError("--kl-in has no effect without a KL term", fix="add --kl k3")
            return how
        if beta is None:
            beta = TRAINERS[how.trainer].beta if how.trainer else 0.001
        if how.trainer == "slime" and kl == "low_var_kl":
            how = replace(how, kl_output=10.0)
        return replace(how, kl=str(kl), beta=float(beta), kl_in=self.kl_in or "loss")  # type: ignore[arg-type]

    def _with_correction(self, how: Objective) -> Objective:
        text = self.rollout_correction
        if text is None or text == "none":
            return how
        kind, *numbers = text.split(":")
        kind = {"icepop": "mask", "token-mask": "mask"}.get(kind, kind)
        option = f"--rollout-correction {shown(text)}"
        if kind not in CORRECTIONS or len(numbers) != CORRECTIONS[kind]:
            raise UsageError(
                f"{option} is not a correction",
                fix="use none, tis:C, mask:LOW:HIGH or seq-mask:LOW:HIGH",
            )
        values = [_number(number, option) for number in numbers]
        low, high = (0.0, *values) if len(values) == 1 else values
        if not 0 <= low <= high or high == 0:
            raise UsageError(
                f"{option}: the bounds of a ratio rise from 0", fix="write mask:0.5:2, or tis:2"
            )
        return replace(how, correction=kind, bounds=(low, high))


def parse_clip(clip: Any) -> tuple[float, float]:
    """Return ε_low and ε_high of `0.2`, `0.2:0.28` or a pair.

    Raises:
        UsageError: it is neither.
    """
    if isinstance(clip, str):
        parts: Sequence[Any] = clip.split(":")
    else:
        parts = clip if isinstance(clip, Sequence) else [clip]
    numbers = [_number(part, f"--clip {shown(clip)}") for part in parts]
    if len(numbers) not in (1, 2) or not all(number >= 0 for number in numbers):
        raise UsageError(
            f"--clip {shown(clip)} is not one number of at least 0, or two",
            fix="write --clip 0.2, or --clip 0.2:0.28",
        )
    return numbers[0], numbers[-1]


def _number(text: Any, option: str) -> float:
    try:
        number = float(text)
    except (TypeError, ValueError):
        number = math.nan
    if math.isnan(number):
        raise UsageError(f"{option}: {shown(text)} is not a number", fix="write a number: 0.2")
    return number
