"""The request: an estimator or several, a trainer, and the changes to their conventions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from rlcalc.errors import UsageError
from rlcalc.groups.advantages.convention import Convention, Scale
from rlcalc.groups.advantages.trainers import convention_of, distinct_names


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

    def convention(self, estimator: str | None, trainer: str | None) -> Convention:
        """Return the convention of an estimator with the changes.

        Raises:
            UsageError: there is no such estimator or trainer, or a change does not apply to it.
        """
        (how,) = self._conventions([estimator], trainer)
        return how

    def conventions(self, estimators: Sequence[str], trainer: str | None) -> dict[str, Convention]:
        """Return the conventions of several estimators by their names; errors as above."""
        estimators = distinct_names(estimators)
        return dict(zip(estimators, self._conventions(estimators, trainer), strict=True))

    def _conventions(
        self, estimators: Sequence[str | None], trainer: str | None
    ) -> list[Convention]:
        known = [convention_of(name, trainer) for name in estimators]
        changed = [
            how.changed(
                epsilon=self.epsilon,
                ddof=self.ddof,
                scale=self.scale,
                leave_one_out=self.leave_one_out,
            )
            for how in known
        ]
        if self.k is not None:
            changed = [replace(how, k=self.k) for how in changed]
        self.require_use(
            f"with {' and '.join(how.description() for how in changed)}",
            {name for how in changed for name in how.options()},
        )
        return [
            replace(how, success=self.success, length_penalty=self.length_penalty)
            for how in changed
        ]

    def require_use(self, why: str, used: Iterable[str] = ()) -> None:
        """Refuse changes to what is not used.

        Raises:
            UsageError: there is one.
        """
        options = {
            "epsilon": None if self.epsilon is None else f"--epsilon {self.epsilon:g}",
            "ddof": None if self.ddof is None else f"--ddof {self.ddof}",
            "scale": f"--scale {self.scale}" if self.scale else None,
            "leave_one_out": "--leave-one-out" if self.leave_one_out else None,
            "k": None if self.k is None else f"-k {self.k}",
        }
        idle = [option for name, option in options.items() if option and name not in used]
        if idle:
            raise UsageError(f"{' '.join(idle)} has no effect {why}", fix="leave it out")
