"""Sums over episodes: by key, over batches in their order, and their quotients."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import fields
from typing import Any, Self

import numpy as np

from rlcalc.errors import InputError
from rlcalc.numerics.arrays import Floats, Ints
from rlcalc.numerics.merge import Part, merged
from rlcalc.policy_gradient.target_policy import TargetPolicy
from rlcalc.policy_gradient.weighted_episodes import WeightedEpisodes
from rlcalc.trajectories import Trajectories

NumberedBatch = tuple[Trajectories, int]
"""A batch, and the number of its first episode."""
Engine = Callable[[Callable[[NumberedBatch], Any], Iterable[NumberedBatch]], Iterable[Any]]


class Sums:
    """Arrays that add up."""

    def merge(self, later: Self) -> Self:
        """Return the sums over both sets of episodes."""
        names = [field.name for field in fields(self)]  # type: ignore[arg-type]
        return type(self)(*(getattr(self, name) + getattr(later, name) for name in names))


def sum_by_key(key: Ints, values: Floats | None, size: int) -> Floats:
    """Return [size] the sum of the values of each key; without values, how often it occurs."""
    return np.bincount(key, values, size).astype(np.float64)


def ratio_of_sums(total: Floats, count: Floats) -> Floats:
    """Return total / count, and 0 where the count is 0."""
    return np.divide(total, count, out=np.zeros_like(total), where=count != 0)


def sums_over_batches(
    sums_of: Callable[[WeightedEpisodes], Part],
    target: TargetPolicy,
    batches: Iterable[Trajectories],
    engine: Engine = map,
) -> Part:
    """Return the sums over all episodes, those of each batch added in order.

    Args:
        sums_of: from the episodes of a batch to their sums.
        target: the policy for which episodes are weighted.
        batches: whole episodes, read one by one; states and actions are numbered as in the model.
        engine: runs a function on each batch and yields the answers in order.

    Raises:
        InputError: there is no episode, or one is not of this model.
    """

    @np.errstate(over="ignore", invalid="ignore")  # here too: it may run in a thread of its own
    def work(batch: NumberedBatch) -> Part:
        return sums_of(WeightedEpisodes.of(target, *batch))

    def numbered() -> Iterator[NumberedBatch]:
        number = 0
        for batch in batches:
            yield batch, number
            number += len(batch)

    total: Part | None = merged(engine(work, numbered()))
    if total is None:
        raise InputError("there is no episode to estimate from", fix="give at least one episode")
    return total
