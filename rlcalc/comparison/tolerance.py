"""Tolerances: how far two answers may differ, as --within writes it."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Literal

from rlcalc.errors import UsageError, shown

_TEXT = re.compile(r"([-+.0-9eE]+)(r|se)?")


@dataclass(frozen=True)
class Tolerance:
    """The largest acceptable difference: absolute, relative, or in standard errors."""

    size: float
    unit: Literal["", "r", "se"] = ""

    @classmethod
    def parse(cls, text: str | float) -> Tolerance:
        """Return the tolerance that a text writes.

        Raises:
            UsageError: it is none.

        >>> Tolerance.parse("1e-6"), Tolerance.parse("1e-6r"), Tolerance.parse("3se").unit
        (Tolerance(size=1e-06, unit=''), Tolerance(size=1e-06, unit='r'), 'se')
        """
        match = _TEXT.fullmatch(str(text).strip())
        try:
            size = float(match[1]) if match else math.nan
        except ValueError:
            size = math.nan
        if not (match and 0 <= size < math.inf):
            raise UsageError(
                f"--within {shown(str(text))} is no difference",
                fix="write --within 1e-6, --within 1e-6r (relative to the largest value) or "
                "--within 3se (standard errors)",
            )
        return cls(size, match[2] or "")  # type: ignore[arg-type]

    def __str__(self) -> str:
        return f"{self.size:g}{self.unit}"
