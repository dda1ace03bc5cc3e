"""The request for advantages, and the steps with the values of a critic."""

from __future__ import annotations

import math
from dataclasses import dataclass

from rlcalc.errors import UsageError, meant, shown
from rlcalc.estimators.advantages import METHODS, OFF_POLICY
from rlcalc.numerics.arrays import Flags, Floats, Ints

UNKNOWN_ENDS = ("cut", "terminated")
WHITEN = ("none", "ddof1", "ddof0")
ROWS = ("steps", "summary")


@dataclass(frozen=True)
class AdvantageRequest:
    """How to compute advantages."""

    method: str = "gae"  # one of `METHODS`
    k: int = 1  # the number of rewards of n-step
    lambda_: float = 0.95
    clip_rho: float = 1.0  # largest π/b of V-trace
    clip_c: float = 1.0  # largest π/b in a trace
    unknown_end: str | None = None  # None: terminated, with a note
    whiten: str = "none"
    rows: str = "steps"

    @property
    def needs_policy(self) -> bool:
        """Whether steps are weighed by π/b."""
        return self.method in OFF_POLICY

    @property
    def needs_action_values(self) -> bool:
        """Whether the critic is of Q."""
        return self.method in ("retrace", "tree-backup")

    @classmethod
    def parse(
        cls, method: str = "gae", lambda_: float | None = None, **how: object
    ) -> AdvantageRequest:
        """Return a request, in which `method` may be `n-step:K`.

        Raises:
            UsageError: a name is unknown, or a number is out of its range.
        """
        name, colon, number = method.partition(":")
        if name not in METHODS or (colon and name != "n-step"):
            raise UsageError(
                f"there is no method {shown(method)}",
                fix=meant(name, METHODS) + f"use one of {', '.join(METHODS)} (n-step:5)",
            )
        k = int(number) if number.isdecimal() else 0
        if name == "n-step" and k < 1:
            raise UsageError(
                f"--method {shown(method)} lacks a number of steps",
                fix="write --method n-step:5",
            )
        default = 1.0 if name in OFF_POLICY else 0.95
        decay = default if lambda_ is None else lambda_
        if not 0 <= decay <= 1:
            raise UsageError(
                f"lambda is {decay:g}, which is not between 0 and 1", fix="use --lambda 0.95"
            )
        request = cls(name, max(k, 1), decay, **how)  # type: ignore[arg-type]
        for option, value, known in (
            ("unknown_end", request.unknown_end, UNKNOWN_ENDS),
            ("whiten", request.whiten, WHITEN),
            ("rows", request.rows, ROWS),
        ):
            if value is not None and value not in known:
                raise UsageError(
                    f"{option} is {shown(value)}", fix=f"use one of {', '.join(known)}"
                )
        for clip in (request.clip_rho, request.clip_c):
            if not (clip > 0 and not math.isnan(clip)):
                raise UsageError(f"a clip is {clip:g}, which is not above 0", fix="use 1")
        return request


@dataclass(frozen=True)
class CriticSteps:
    """T steps of E trajectories with the values of a critic, in reward units."""

    start: Ints  # [E + 1]
    reward: Floats  # [T]
    value: Floats  # [T] V(s_t)
    next_value: Floats  # [T] V(s_{t+1}), 0 after a terminated end
    gamma: float
    cut: Flags  # [E] whether V(s_{n+1}) bootstraps the end
    action_value: Floats | None = None  # [T] Q(s_t, a_t)
    ratio: Floats | None = None  # [T] π(a_t|s_t) / b(a_t|s_t)
    probability: Floats | None = None  # [T] π(a_t|s_t)

    @property
    def td_error(self) -> Floats:
        """[T] δ_t = r_t + γ V(s_{t+1}) − V(s_t), or − Q(s_t, a_t) where the critic is of Q."""
        before = self.value if self.action_value is None else self.action_value
        return self.reward + self.gamma * self.next_value - before

    @property
    def last(self) -> Ints:
        """[E] the last step of each trajectory."""
        return self.start[1:] - 1

    def following(self, values: Floats, last: Floats) -> Floats:
        """[T] the values of the next step of the same trajectory; at its end those of `last`."""
        moved = last.copy()
        moved[:-1] = values[1:]
        moved[self.last] = last[self.last]
        return moved


@dataclass(frozen=True)
class Advantages:
    """The answer of a method."""

    advantage: Floats  # [T] in reward units
    target: Floats  # [T] what the critic should have answered, in reward units
    decay: Floats | float  # [T] weight of step t + 1 in the answer of step t, γ left out
