"""Rewards of rollouts for an estimator of advantages, less a KL penalty where that is asked for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from rlcalc.errors import InputError
from rlcalc.numerics.arrays import Floats
from rlcalc.objectives.convention import Objective
from rlcalc.objectives.kl import kl_terms
from rlcalc.tokens import Tokens


class RolloutRewards:
    """Groups and rewards of all batches: r_i − β Σ_t kl_it with the KL in the reward, else r_i."""

    def __init__(self, how: Objective) -> None:
        self.how = how
        self.group: list[Any] = []
        self.reward: list[Floats] = []
        self.length: list[Floats] = []
        self.step: list[Any] = []

    def add(self, tokens: Tokens) -> None:
        """Take in a batch.

        Raises:
            InputError: it has no rewards, no groups, or no reference for the penalty.
        """
        if tokens.score is None:
            raise InputError(
                "there are no rewards, from which --estimator computes the advantages",
                tokens.source,
                "name the column: --reward COLUMN; or leave out --estimator",
            )
        if tokens.group is None:
            raise InputError(
                "no column identifies the groups of the rollouts",
                tokens.source,
                "name the column with --group COLUMN, or give --group-size N",
            )
        self.group += [str(name) for name in tokens.group]
        self.reward.append(tokens.score - self._penalty(tokens))
        self.length.append(tokens.length.astype(np.float64))
        steps = np.full(len(tokens), -1) if tokens.step is None else tokens.step
        self.step.append(steps)

    def _penalty(self, tokens: Tokens) -> Floats | float:
        how = self.how
        if how.kl == "none" or how.kl_in != "reward":
            return 0.0
        names = ("old_log_prob", "log_prob", "rollout_log_prob")
        policy = next((c for n in names if (c := getattr(tokens, n)) is not None), None)
        if tokens.ref_log_prob is None or policy is None:
            raise InputError(
                "KL in the reward needs the reference's log-probabilities, and there are none",
                tokens.source,
                "give the column ref_log_probs, or name yours with --columns ref_log_prob=COLUMN",
            )
        tokens.require_log_probabilities()
        counted = (
            np.where(tokens.mask, policy, 0.0),
            np.where(tokens.mask, tokens.ref_log_prob, 0.0),
        )
        kl = kl_terms(*counted, how.kl, *how.kl_bounds())[0]
        penalty = how.beta * np.bincount(tokens.number, kl, len(tokens))
        return penalty.astype(np.float64)

    def columns(self) -> dict[str, Any]:
        """Return the arguments of `Rollouts.from_arrays`."""
        step = np.concatenate(self.step)
        return {
            "group": np.array(self.group, dtype=object).astype(str),
            "reward": np.concatenate(self.reward),
            "length": np.concatenate(self.length),
            "step": None if (step < 0).any() else step,
        }


def with_advantages(batches: Iterable[Tokens], advantage: Floats) -> Iterator[Tokens]:
    """Yield batches with an advantage for each rollout; one without (NaN) is masked.

    Args:
        batches: the tokens.
        advantage: [N] of all rollouts, in the order of the source.
    """
    before = 0
    for tokens in batches:
        of_batch = np.repeat(advantage[before : before + len(tokens)], tokens.size)
        before += len(tokens)
        given = np.isfinite(of_batch)
        mask = tokens.mask if given.all() else tokens.mask & given
        yield replace(tokens, advantage=np.where(given, of_batch, 0.0), mask=mask)
