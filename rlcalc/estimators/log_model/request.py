"""The request for the model that a log shows: its rows, and the random numbers of its tests."""

from __future__ import annotations

from dataclasses import dataclass

from rlcalc.errors import UsageError, meant, shown
from rlcalc.estimators.log_model import ROWS


@dataclass(frozen=True)
class ModelRequest:
    """What to show of the model."""

    rows: str = "transitions"  # one of `ROWS`

    def __post_init__(self) -> None:
        """Refuse rows that there are not.

        Raises:
            UsageError: there are none of this name.
        """
        if self.rows not in ROWS:
            raise UsageError(
                f"there are no rows {shown(self.rows)}",
                fix=f"{meant(self.rows, ROWS)}use one of {', '.join(ROWS)}",
            )
