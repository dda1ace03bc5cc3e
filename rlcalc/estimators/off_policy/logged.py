"""A log that holds π(a|s) of its own actions: ratios alone, without a model of the world."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from rlcalc.errors import InputError
from rlcalc.estimators.off_policy.behaviour import Behaviour
from rlcalc.estimators.off_policy.pieces import Piece, refuse_impossible
from rlcalc.estimators.off_policy.steps import EvaluatedSteps
from rlcalc.estimators.off_policy.times import TimeSums
from rlcalc.estimators.passes import Passes
from rlcalc.estimators.truncation import (
    Truncation,
    UsableTrajectories,
    n_trajectories,
    pieces_with_truncation,
)
from rlcalc.numerics.arrays import Floats
from rlcalc.trajectories import ODDITIES

OF_TWO_POLICIES = "contradictory_probabilities"


@dataclass(frozen=True)
class LoggedPolicyLog:
    """A log whose column `log_prob` is log π(a_t|s_t) of the policy that is evaluated."""

    passes: Passes
    gamma: float
    truncation: Truncation
    ends: Counter[str]
    horizon: int | None = None  # the number of rewards that count
    times: TimeSums | None = None

    @classmethod
    def of(
        cls, passes: Passes, gamma: float | None, truncated: str, horizon: int | None
    ) -> LoggedPolicyLog:
        """Return the log, of which one pass is over.

        Raises:
            UsageError: the policy for truncated trajectories does not apply.
            InputError: gamma is not in 0..1, or there is no episode.
        """
        pieces, discount, truncation = pieces_with_truncation(
            passes.experience_again(), gamma, truncated
        )
        ends: Counter[str] = Counter()
        for piece in pieces:
            ends += truncation.apply(piece).ends
        if not n_trajectories(ends):
            raise InputError("the log has no episode", fix="give a log with steps")
        experience = passes.experience
        experience.require_one_gamma(gamma, discount)
        if experience.oddities.pop(OF_TWO_POLICIES, 0):  # here they are of two policies
            start = ODDITIES[OF_TWO_POLICIES].partition("{")[0]
            experience.notes[:] = [n for n in experience.notes if not n.startswith(start)]
        return cls(passes, discount, truncation, ends, horizon)

    @property
    def behaviour_text(self) -> str:
        """The behaviour policy, for the facts."""
        return "logged"

    @property
    def notes(self) -> list[str]:
        """What happened to truncated trajectories."""
        return self.truncation.warnings(self.ends)

    def pieces(self) -> Iterator[Piece]:
        """Yield the pieces of another pass."""
        return Piece.of_pass(self.passes)

    def steps(self, piece: Piece, *, weights: bool = True) -> EvaluatedSteps:
        """Return the steps of a piece with their ratios.

        Raises:
            InputError: a probability is missing or impossible.
        """
        prepared = self.truncation.apply(piece.trajectories)
        batch = prepared.trajectories
        if batch.log_prob is None:
            raise InputError(
                "the policy to evaluate is not known",
                fix="name its file: --policy FILE; or add a column log_prob with log π(a|s), "
                "beside behaviour_prob",
            )
        none = np.zeros(len(batch))
        steps = EvaluatedSteps(
            start=batch.start,
            reward=prepared.reward,
            tail=none if prepared.tail is None else prepared.tail,
            gamma=self.gamma,
            ratio=self._ratios(prepared, piece),
            influence=none,
            first_value=none,
            times=self.times,
        )
        return steps if self.horizon is None else steps.within(self.horizon)

    def _ratios(self, prepared: UsableTrajectories, piece: Piece) -> Floats:
        batch = prepared.trajectories
        assert batch.log_prob is not None
        if batch.behaviour_prob is None and batch.old_log_prob is None:
            raise InputError(
                "the log has no probabilities with which its actions were taken",
                fix="name the policy to evaluate, then log_prob is that of the one that acted: "
                "--policy FILE; or add a column behaviour_prob, or name it: --behaviour COLUMN",
            )
        behaviour = Behaviour.logged(batch)
        refuse_impossible(behaviour, batch, piece)
        with np.errstate(over="ignore"):
            return prepared.without_last_states(np.exp(batch.log_prob) / behaviour)
