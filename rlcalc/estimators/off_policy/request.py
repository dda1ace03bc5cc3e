"""The request of an evaluation: its methods, its confidence, and the rows to show."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from rlcalc.errors import UsageError, meant, shown
from rlcalc.estimators.off_policy import (
    DEFAULT,
    DEFAULT_LOGGED,
    DEFAULT_ONE_STEP,
    FREE_OF_WEIGHTS,
    METHODS,
    ONE_STEP,
    WITH_PARAMETER,
)
from rlcalc.estimators.request import Engine, System

if TYPE_CHECKING:
    from rlcalc.expected_mdp import ExpectedMDP
    from rlcalc.numerics.arrays import Floats

Visits = Callable[["ExpectedMDP", "Floats", float], "Floats"]
"""Returns d = start + γ P' d, the discounted visits of a chain that ends."""


class Solvers(NamedTuple):
    """What an evaluation takes from other chapters."""

    engine: Engine
    system: System
    visits: Visits


@dataclass(frozen=True)
class Method:
    """One method, and the number behind its name, such as τ of `switch:10`."""

    name: str
    parameter: float = math.nan

    @property
    def text(self) -> str:
        """The method as the user writes it."""
        return self.name if math.isnan(self.parameter) else f"{self.name}:{self.parameter:g}"

    @property
    def module(self) -> str:
        """The module that holds it."""
        return (METHODS | ONE_STEP)[self.name]

    @property
    def needs_weights(self) -> bool:
        """Whether it weighs episodes by π/b."""
        return self.name not in FREE_OF_WEIGHTS

    @classmethod
    def parse(cls, text: str) -> Method:
        """Return the method that a text names.

        Raises:
            UsageError: there is no such method, or its number is missing, wrong or one too many.
        """
        known = METHODS | ONE_STEP
        name, colon, number = text.strip().partition(":")
        if name not in known:
            raise UsageError(
                f"there is no method {shown(text)}",
                fix=meant(name, known) + f"use one of {', '.join(known)}",
            )
        if name not in WITH_PARAMETER:
            if colon:
                raise UsageError(f"{name} takes no number", fix=f"write --method {name}")
            return cls(name)
        try:
            parameter = float(number)
        except ValueError:
            parameter = math.nan
        if not parameter >= 0:
            raise UsageError(
                f"--method {shown(text)} lacks its number {WITH_PARAMETER[name]} ≥ 0",
                fix=f"write --method {name}:10, or {name}:inf",
            )
        return cls(name, parameter)


ROWS = ("methods", "episodes", "steps", "states")


@dataclass(frozen=True)
class EvaluateRequest:
    """What to evaluate, and how."""

    methods: Sequence[Method]
    confidence: float = 0.95
    bound: tuple[float, float] | None = None  # the least and the largest gain that is possible
    rows: str = "methods"
    horizon: int | None = None  # the number of rewards that count; None: all

    @classmethod
    def parse(
        cls,
        methods: Sequence[str],
        confidence: float = 0.95,
        bound: str | tuple[float, float] | None = None,
        rows: str = "methods",
        horizon: int | None = None,
        *,
        one_step: bool = False,
        logged: bool = False,
    ) -> EvaluateRequest:
        """Return the request; no methods: the default ones, also for π that only the log knows.

        Raises:
            UsageError: a method is unknown or named twice, or a number is wrong.
        """
        default = DEFAULT_LOGGED if logged else DEFAULT_ONE_STEP if one_step else DEFAULT
        chosen = methods or default
        parsed = [Method.parse(text) for text in chosen]
        if len({one.text for one in parsed}) < len(parsed):
            raise UsageError("--method names a method twice", fix="name each method once")
        if not 0 < confidence <= 1 - 1e-9:
            raise UsageError(
                f"confidence is {confidence:g}, which is not between 0 and 1",
                fix="use a number such as 0.95",
            )
        if rows not in ROWS:
            raise UsageError(
                f"there are no rows {shown(rows)}", fix=f"use one of {', '.join(ROWS)}"
            )
        if horizon is not None and horizon < 1:
            raise UsageError(f"--horizon is {horizon}, expected 1 or more", fix="use --horizon 10")
        limits = None if bound is None else _bound(bound)
        return cls(parsed, confidence, limits, rows, horizon)


def _bound(bound: str | tuple[float, float]) -> tuple[float, float]:
    try:
        low, high = map(float, bound.split(":") if isinstance(bound, str) else bound)
    except (TypeError, ValueError):
        low = high = math.nan
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        raise UsageError(
            f"--bound {shown(bound)} is not LOW:HIGH with LOW below HIGH",
            fix="write the least and the largest gain that is possible: --bound 0:1",
        )
    return low, high
