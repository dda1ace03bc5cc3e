"""Conventions: the choices in which trainers that all say GRPO differ. No numpy is loaded."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

from rlcalc.errors import UsageError, shown
from rlcalc.groups.advantages import ESTIMATORS

Floor = Literal["add", "root", "max"]
Scale = Literal["group", "batch", "none"]
Single = Literal["zero", "raw", "none"]
Unscored = Literal["gets none", "gets 0", "counts as 0"]

FLOOR_WORDS: dict[Floor, str] = {"root": "added in the root", "max": "as the least variance"}
SINGLE_WORDS: dict[Single, str] = {
    "raw": "a group of one gets r",
    "none": "a group of one gets none",
}


@dataclass(frozen=True)
class Whiten:
    """How a batch is brought to mean 0 and variance 1."""

    over: Literal["rollouts", "tokens"] = "rollouts"  # tokens: each rollout counts L_i times
    ddof: int = 1
    epsilon: float = 1e-6
    floor: Floor = "add"  # σ + ε, √(σ² + ε), √max(σ², ε)
    centre: bool = True

    def words(self) -> list[str]:
        """Return the choices in words."""
        centre = [] if self.centre else ["not centred"]
        floor = [FLOOR_WORDS[self.floor]] if self.floor != "add" else []
        numbers = [f"ddof {self.ddof}", f"epsilon {convention_number(self.epsilon)}"]
        return [f"whitened over {self.over}", *centre, *numbers, *floor]


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
        uses = ESTIMATORS[self.estimator].uses
        return "whiten" in uses and "epsilon" not in uses

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
        """Return the convention in words, enough to repeat the numbers: `convention_of_label`."""
        uses, words = ESTIMATORS[self.estimator].uses, [self.estimator]
        if self.scale == "none" and "scale" in uses:
            words.append("not scaled")
        elif self.scales:
            words += [f"{self.scale} std", f"ddof {self.ddof}"]
            words += [f"epsilon {convention_number(self.epsilon)}"]
        elif "epsilon" in uses and self.epsilon > 0:
            words.append(f"epsilon {convention_number(self.epsilon)}")
        if "leave_one_out" in uses and self.leave_one_out:
            words.append("leave one out")
        if "k" in uses:
            words.append(f"k {self.k}")
        if "whiten" in uses and (not self.whitens or self.scale != "none" or "scale" not in uses):
            words += self.whiten.words()
        words += [f"length penalty {self.length_penalty}"] if self.length_penalty else []
        if self.success != 1 and ("k" in uses or self.length_penalty):
            words.append(f"success {self.success!r}")
        if self.single != "zero" and "single" in uses:
            words.append(SINGLE_WORDS[self.single])
        if self.unscored != "gets none":
            words.append(f"unscored {self.unscored}")
        return ", ".join(words)

    def options(self) -> set[str]:
        """Return the options that change this convention."""
        uses = set(ESTIMATORS[self.estimator].uses)
        if self.whitens:
            uses = uses | {"epsilon", "ddof"}
        uses -= {"whiten", "single"}
        return uses - {"epsilon", "ddof"} if "scale" in uses and self.scale == "none" else uses


def convention_of_label(label: str) -> Convention:
    """Return the convention that a label names: the inverse of `Convention.description`.

    >>> convention_of_label("grpo, group std, ddof 0, epsilon 1e-4").ddof
    0

    Args:
        label: as it stands in tables, facts and audits.

    Raises:
        UsageError: a part of the label is not known.
    """
    estimator, *words = label.split(", ")
    if estimator not in ESTIMATORS:
        raise UsageError(
            f"there is no estimator {shown(estimator)}", fix=f"use one of {', '.join(ESTIMATORS)}"
        )
    how, whitened = Convention(estimator), "whiten" in ESTIMATORS[estimator].uses
    fields: dict[str, Any] = {"epsilon": 0.0} if estimator == "maxrl" else {}
    whiten: dict[str, Any] = {}
    for word in words:
        before, _, last = word.rpartition(" ")
        target = whiten if whiten else fields  # ddof and epsilon after "whitened" are of that
        if word in _OF_WORDS:
            fields |= _OF_WORDS[word]
        elif word in _FLOORS:
            whiten["floor"] = _FLOORS[word]
        elif word == "not centred":
            whiten["centre"] = False
        elif before == "whitened over" and whitened:
            whiten["over"] = last
        elif before in ("ddof", "k"):
            target[before] = int(last)
        elif before in ("epsilon", "success"):
            target[before] = float(last)
        elif before == "length penalty":
            fields["length_penalty"] = last
        else:
            raise UsageError(
                f"{shown(word)} is not a part of a convention", fix="copy the label as it stands"
            )
    success = whiten.pop("success", None)
    fields |= {} if success is None else {"success": success}
    return replace(how, **fields, whiten=Whiten(**whiten))


_FLOORS: dict[str, Floor] = {words: floor for floor, words in FLOOR_WORDS.items()}
_OF_WORDS: dict[str, dict[str, Any]] = {
    "not scaled": {"scale": "none"},
    "group std": {"scale": "group"},
    "batch std": {"scale": "batch"},
    "leave one out": {"leave_one_out": True},
    **{words: {"single": single} for single, words in SINGLE_WORDS.items()},
    **{f"unscored {unscored}": {"unscored": unscored} for unscored in get_args(Unscored)},
}


def convention_number(number: float) -> str:
    """Return a small number as people write it.

    >>> convention_number(0.0001), convention_number(0.0)
    ('1e-4', '0')
    """
    import numpy as np  # names are listed without it

    return np.format_float_scientific(number, trim="-", exp_digits=1) if number else "0"
