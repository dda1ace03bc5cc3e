"""The request for the model that a log shows: its rows, and the random numbers of its tests."""

from __future__ import annotations

from dataclasses import dataclass

from rlcalc.errors import UsageError, meant, shown
from rlcalc.estimators.log_model import ROWS


@dataclass(frozen=True)
class ModelRequest:
    """What to show of the model."""

    rows: str = "transitions"  # one of `ROWS`
    seed: int = 0  # of the permutations
    permutations: int = 999

    def __post_init__(self) -> None:
        """Refuse rows that there are not, and numbers that are too small.

        Raises:
            UsageError: there are none of this name, or a number is not positive.
        """
        if self.rows not in ROWS:
            raise UsageError(
                f"there are no rows {shown(self.rows)}",
                fix=f"{meant(self.rows, ROWS)}use one of {', '.join(ROWS)}",
            )
        if self.permutations < 19 or self.seed < 0:
            raise UsageError(
                f"{self.permutations:,} permutations with the seed {self.seed} cannot be drawn",
                fix="use 19 permutations or more, which can show p = 0.05, and a seed from 0",
            )
