"""The request of an estimate: the method, the quantities, and the parameters of online methods."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from rlcalc.errors import UsageError, meant, shown
from rlcalc.estimators import METHODS

if TYPE_CHECKING:
    from rlcalc.expected_mdp import ExpectedMDP
    from rlcalc.numerics.arrays import Floats

Of = Literal["all", "v", "q", "a"]
ONLY_V = ("td", "td-lambda")
"""Methods that estimate V alone."""


Engine = Callable[..., Iterable[Any]]
"""Runs work on pieces, and returns the answers in their order."""
System = Callable[["ExpectedMDP", float, "Floats", bool], "Floats"]
"""Solves v = rewards + γ P v for several rewards; the flag: a few digits are enough."""
Adjoint = Callable[["ExpectedMDP", float, "Floats"], "Floats"]
"""Solves d = weights + γ Pᵀ d for several weights."""
BestValues = Callable[["ExpectedMDP", float], "Floats"]
"""Solves a model for the best action values."""


class Tools(NamedTuple):
    """What estimators take from other chapters."""

    engine: Engine
    system: System
    best: BestValues
    adjoint: Adjoint


VISITS = ("first", "every")
QUANTITIES = ("all", "v", "q", "a")


def require_known(visit: str, of: str, confidence: float) -> None:
    """Refuse visits, quantities and confidences that there are not.

    Raises:
        UsageError: there is one.
    """
    for name, value, known in (("visit", visit, VISITS), ("of", of, QUANTITIES)):
        if value not in known:
            raise UsageError(
                f"{name} is {shown(value)}", fix=f"{meant(value, known)}use {', '.join(known)}"
            )
    if not 0 < confidence <= 1 - 1e-9:
        raise UsageError(
            f"confidence is {confidence:g}, which is not between 0 and 1",
            fix="use a number such as 0.95",
        )


@dataclass(frozen=True)
class EstimateRequest:
    """What to estimate, and how; None: the default of the methods that use it."""

    of: Of = "all"
    confidence: float = 0.95
    lambda_: float | None = None
    alpha: float | str | None = None
    passes: int | None = None
    order: str | None = None

    def checked(self, methods: Sequence[str], visit: str) -> EstimateRequest:
        """Return the request with its defaults, for some methods.

        Raises:
            UsageError: a method or a number is wrong, or an option has no effect.
        """
        for method in methods:
            if method not in METHODS:
                raise UsageError(
                    f"there is no method {shown(method)}",
                    fix=meant(method, METHODS) + f"use one of {', '.join(METHODS)}",
                )
        if len(set(methods)) < len(methods) or not methods:
            raise UsageError(
                "--compare needs methods, each once", fix="write them so: --compare mc,ce,td"
            )
        require_known(visit, self.of, self.confidence)
        online = [method for method in methods if METHODS[method] == "temporal_difference"]
        self._refuse_without_effect(methods, online, visit)
        of = self.of
        if any(method in ONLY_V for method in methods):
            if of in ("q", "a"):
                raise UsageError(
                    f"{next(m for m in methods if m in ONLY_V)} estimates V alone",
                    fix=f"leave out --of {of}, or use sarsa, expected-sarsa or q-learning",
                )
            of = "v"
        return EstimateRequest(
            of,
            self.confidence,
            self._number("lambda", 0.95 if self.lambda_ is None else self.lambda_, 0.0, 1.0),
            self._step_size(),
            self._passes(),
            "file" if self.order is None else self.order,
        )

    def _refuse_without_effect(
        self, methods: Sequence[str], online: Sequence[str], visit: str
    ) -> None:
        if visit == "every" and "mc" not in methods:
            raise UsageError(
                "--visit every applies to mc alone: other methods use every step",
                fix="leave it out",
            )
        if self.lambda_ is not None and "td-lambda" not in methods:
            raise UsageError("--lambda applies to td-lambda alone", fix="use --method td-lambda")
        given = [
            f.name for f in fields(self)[3:] if getattr(self, f.name) is not None and not online
        ]
        if given:
            raise UsageError(
                f"--{given[0]} applies to methods that sweep through the data, not to "
                f"{', '.join(methods)}",
                fix="use td, td-lambda, sarsa, expected-sarsa or q-learning, or leave it out",
            )
        if self.order not in (None, "file", "reverse"):
            raise UsageError(
                f"--order {shown(self.order)} is not known", fix="use --order file or reverse"
            )
        if self.order == "reverse" and "td-lambda" in methods:
            raise UsageError(
                "--order reverse does not apply to td-lambda, whose traces run forward in time",
                fix="use --order file, or --method td",
            )

    @staticmethod
    def _number(name: str, value: float, low: float, high: float) -> float:
        if not low <= value <= high:
            raise UsageError(
                f"--{name} is {value:g}, expected a number from {low:g} to {high:g}",
                fix=f"use a number such as --{name} {low + 0.95 * (high - low):g}",
            )
        return value

    def _step_size(self) -> float | str:
        alpha = 0.05 if self.alpha is None else self.alpha
        if isinstance(alpha, str) and alpha.replace(" ", "") == "1/n":
            return "1/n"
        try:
            number = float(alpha)
        except ValueError:
            number = math.nan
        if not 0 < number <= 1:
            raise UsageError(
                f"--alpha {shown(alpha)} is not a step size",
                fix="use a number above 0 and up to 1, such as --alpha 0.05, or --alpha 1/n",
            )
        return number

    def _passes(self) -> int:
        passes = 1 if self.passes is None else self.passes
        if passes < 1:
            raise UsageError(f"--passes is {passes}, expected 1 or more", fix="use --passes 1")
        return passes

    @property
    def letters(self) -> str:
        """The quantities, for a title."""
        return {"all": "V, Q and A", "v": "V", "q": "Q", "a": "A"}[self.of]
