"""The request: an estimator or several, a trainer, and the changes to their conventions."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from rlcalc.errors import UsageError, shown
from rlcalc.groups.advantages.convention import Convention, Scale
from rlcalc.groups.advantages.trainers import convention_of

OPTIONS = {
    "epsilon": "--epsilon {:g}",
    "ddof": "--ddof {}",
    "scale": "--scale {}",
    "leave_one_out": "--leave-one-out",
    "k": "-k {}",
}
"""The options that change a convention, as they are written."""


@dataclass(frozen=True)
class ConventionRequest:
    """Changes to the convention of an estimator; None: no change."""

    epsilon: float | None = None
    ddof: int | None = None
    scale: Scale | None = None
    leave_one_out: bool = False
    k: int | None = None
    success: float = 1.0
    length_penalty: str | None = None

    @property
    def changes(self) -> dict[str, Any]:
        """The new values of a convention's fields."""
        values = {name: getattr(self, name) for name in OPTIONS}
        values["leave_one_out"] = self.leave_one_out or None
        return {name: value for name, value in values.items() if value is not None}

    def convention(self, estimator: str | None, trainer: str | None) -> Convention:
        """Return the convention of an estimator with the changes.

        Raises:
            UsageError: there is no such estimator or trainer, or a change does not apply to it.
        """
        (how,) = self._conventions([estimator], trainer)
        return how

    def by_column(
        self, estimators: Sequence[str], trainer: str | None, *, side_by_side: bool | None
    ) -> dict[str, Convention]:
        """Return conventions by the names of their columns: `advantage` where there is one.

        Args:
            estimators: one or several; none: the trainer's first.
            trainer: the trainer whose conventions apply.
            side_by_side: each has a column of its name; None: where there are several.
        """
        if len(estimators) > 1 if side_by_side is None else side_by_side:
            return self.conventions(estimators, trainer)
        return {"advantage": self.convention(estimators[0] if estimators else None, trainer)}

    def conventions(self, estimators: Sequence[str], trainer: str | None) -> dict[str, Convention]:
        """Return the conventions of several estimators by their names; errors as above."""
        if len(set(estimators)) < len(estimators):
            raise UsageError(
                f"--compare {shown(','.join(estimators))} names an estimator twice",
                fix="name each estimator once",
            )
        return dict(zip(estimators, self._conventions(estimators, trainer), strict=True))

    def _conventions(
        self, estimators: Sequence[str | None], trainer: str | None
    ) -> list[Convention]:
        changed = [self.changed(how) for how in [convention_of(e, trainer) for e in estimators]]
        self.require_use(
            f"with {' and '.join(how.description() for how in changed)}",
            {name for how in changed for name in how.options()},
        )
        return [
            replace(how, success=self.success, length_penalty=self.length_penalty)
            for how in changed
        ]

    def changed(self, how: Convention) -> Convention:
        """Return a convention with the changes; where a batch is whitened, ε and ddof are of that.

        Raises:
            UsageError: an epsilon below 0 or infinite, a ddof other than 0 and 1, or a k below 1.
        """
        if self.epsilon is not None and not 0 <= self.epsilon < math.inf:
            raise UsageError(
                f"--epsilon {self.epsilon} is not a finite number of at least 0",
                fix="use a number such as --epsilon 1e-6",
            )
        if self.ddof not in (None, 0, 1):
            raise UsageError(
                f"--ddof {self.ddof} is neither 0 nor 1",
                fix="use --ddof 1 to divide by G − 1, or --ddof 0 to divide by G",
            )
        if self.k is not None and self.k < 1:
            raise UsageError(
                f"-k {self.k} is not at least 1", fix="use a whole number such as -k 4"
            )
        changes, whiten = self.changes, how.whiten
        if how.whitens:
            whiten = replace(whiten, **{n: changes[n] for n in ("epsilon", "ddof") if n in changes})
        return replace(how, **changes, whiten=whiten)

    def require_use(self, why: str, used: Iterable[str] = ()) -> None:
        """Refuse changes to what is not used.

        Raises:
            UsageError: there is one.
        """
        idle = [OPTIONS[n].format(value) for n, value in self.changes.items() if n not in used]
        if idle:
            raise UsageError(f"{' '.join(idle)} has no effect {why}", fix="leave it out")
