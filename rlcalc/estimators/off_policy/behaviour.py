"""The behaviour policy: the probabilities with which the actions of a log were taken."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from rlcalc.errors import InputError
from rlcalc.numerics.arrays import Floats
from rlcalc.trajectories import Trajectories


@dataclass(frozen=True)
class Behaviour:
    """Where b(a|s) comes from."""

    kind: str  # `logged`, `counts` or `table`
    text: str  # for the facts
    table: Mapping[str, Mapping[str, float]] | None = None

    @staticmethod
    def logged(batch: Trajectories) -> Floats:
        """Return [T] b(a_t|s_t) of the log: `behaviour_prob`, else exp of `old_log_prob|log_prob`.

        Raises:
            InputError: the log has none.
        """
        if batch.behaviour_prob is not None:
            return batch.behaviour_prob
        logarithm = batch.log_prob if batch.old_log_prob is None else batch.old_log_prob
        if logarithm is None:
            raise InputError(
                "the log has no probabilities of its actions",
                fix="name their column: --behaviour COLUMN; or a file of the policy that acted: "
                "--behaviour FILE; or estimate them: --behaviour counts",
            )
        with np.errstate(over="ignore"):
            return np.exp(logarithm)
