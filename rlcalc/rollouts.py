"""Rollouts: completions of a language model, one a row, laid end to end by group and step.

What is computed on them is for the estimators; how files become these arrays is for the readers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rlcalc.errors import InputError, ShapeError, UsageError, listed, nearest, shown
from rlcalc.numerics.arrays import (
    appearance_order,
    segment_means,
    segment_sums,
    sorted_segments,
    stable_order,
    take_rows,
)

if TYPE_CHECKING:
    from rlcalc.numerics.arrays import Flags, Floats, Ints
    from rlcalc.origins import Origins

Names = Sequence[Any] | NDArray[Any]
Kind = TypeVar("Kind", bound=np.generic)
LARGEST = 1e150
"""Squares of larger rewards, and sums of them, overflow."""


@dataclass(frozen=True)
class Rollouts:
    """N rollouts of K groups in B steps. Group g is the rollouts start[g] : start[g + 1].

    Step b is the groups batch[b] : batch[b + 1]. A reward of NaN was never given: such a rollout
    counts in no mean and gets no advantage.
    """

    start: Ints  # [K + 1] offsets, from 0 to N
    batch: Ints  # [B + 1] offsets, from 0 to K
    step: Sequence[int | None]  # [B] the trainer's number of the step; None where nobody says
    group: Names  # [K] what the source calls the group
    prompt: Ints  # [K] groups of one prompt, in whatever steps, have one number
    rewards: Mapping[str, Floats]  # [N] a reward function each
    weights: Mapping[str, float]  # what each counts for in the sum
    row: Ints | None = None  # [N] where each stands in the source; None: in this order
    named: Names | None = None  # [N] what the source calls the rollout
    advantage: Floats | None = None  # [N] the trainer's own
    absent: Flags | None = None  # [N] the trainer gave no advantage, not even NaN
    length: Floats | None = None  # [N] tokens that are trained on; NaN where it is unknown
    truncated: Flags | None = None  # [N] cut at the length limit
    baseline: Floats | None = None  # [N] reward of the greedy answer to the same prompt
    response: NDArray[np.uint64] | None = None  # [N] equal numbers: equal texts
    answer: NDArray[np.uint64] | None = None  # [N] equal numbers: equal final answers
    asked: NDArray[np.uint64] | None = None  # [N] equal numbers: equal texts of the prompt
    question: Sequence[str | None] | None = None  # [N] how the prompt begins, or all of it
    beginning: Sequence[str | None] | None = None  # [N] how the response begins
    turns: Sequence[Any] | None = None  # [N] the names of an agent's actions, one a turn
    turn_rewards: Sequence[Any] | None = None  # [N] a reward a turn; None: with the last turn
    origins: Origins | None = None  # where they stand in the source
    place: Ints | None = None  # [N] the row among those that were read, to find its texts again
    unscored: float = np.nan  # what a reward that was never given counts as
    facts: Mapping[str, Any] = field(default_factory=dict)  # what the reader counted
    notes: Sequence[str] = ()  # what the reader has to say

    def __len__(self) -> int:
        return int(self.start[-1])

    @property
    def n_groups(self) -> int:
        """K, the number of groups."""
        return len(self.start) - 1

    @cached_property
    def size(self) -> Ints:
        """[K] rollouts of each group, scored or not."""
        return np.diff(self.start)

    @cached_property
    def rollout(self) -> Names:
        """[N] what the source calls the rollout, or its number in the group."""
        if self.named is not None:
            return self.named
        return np.arange(len(self)) - np.repeat(self.start[:-1], self.size)

    @cached_property
    def reward(self) -> Floats:
        """[N] Σ_k w_k r_k over the functions that gave one; NaN where none did.

        Raises:
            InputError: one is infinite, or so large that its square would be.
        """
        reward = weighted(self.rewards, self.weights, self.unscored)
        if len(reward) and max(np.fmax.reduce(reward), -np.fmin.reduce(reward)) > LARGEST:
            place = int(np.flatnonzero(np.abs(reward) > LARGEST)[0])
            raise InputError(
                f"a reward of {reward[place]:g} is too large: float64 cannot hold its square",
                self.where(place),
                f"give rewards up to {LARGEST:g}: mend it, or divide all of them",
            )
        return reward

    @cached_property
    def step_of_group(self) -> Ints:
        """[K] which of the B steps each group belongs to."""
        return np.repeat(np.arange(len(self.step)), np.diff(self.batch))

    def step_numbers(self, number: Ints) -> Any:
        """Return the trainer's numbers of some of the steps; None where they are unknown."""
        if not len(self.step) or all(step is None for step in self.step):
            return [None] * len(number)
        if None in self.step:
            return np.array(self.step, dtype=object)[number].tolist()
        return np.array(self.step)[number]

    @cached_property
    def scored(self) -> ScoredRollouts:
        """The rollouts that have a reward, for the estimators."""
        return ScoredRollouts.of(self)

    @classmethod
    def from_arrays(
        cls,
        group: ArrayLike,
        reward: ArrayLike | Mapping[str, ArrayLike],
        *,
        step: ArrayLike | None = None,
        weights: Mapping[str, float] | None = None,
        **optional: ArrayLike,
    ) -> Rollouts:
        """Return rollouts from numpy arrays; those of a group may stand anywhere.

        Args:
            group: [N] names of groups: the same at another step is another group.
            reward: [N] r_i, or a mapping with the [N] rewards of each function.
            step: [N] whole numbers; default one step.
            weights: what each function counts for; default 1.
            **optional: `advantage`, `absent`, `length`, `baseline`, `truncated` and `rollout`, [N]
                each.

        Raises:
            ShapeError: arrays of different lengths.
        """
        names, number = appearance_order(np.asarray(group))
        name_of_key = np.arange(len(names))
        step_of_key = None
        if step is not None:
            steps = np.asarray(step, np.int64)
            known, number_of_step = np.unique(steps, return_inverse=True)
            both, number = appearance_order(
                number * np.int64(len(known)) + number_of_step.reshape(-1)
            )
            name_of_key, step_of_key = both // len(known), known[both % len(known)]
        given: Mapping[str, ArrayLike] = (
            reward if isinstance(reward, Mapping) else {"reward": reward}
        )
        kinds = {"truncated": bool, "absent": bool, "rollout": None}
        columns: dict[str, Any] = {
            "named" if name == "rollout" else name: np.asarray(column, kinds.get(name, np.float64))
            for name, column in optional.items()
        }
        changes = np.flatnonzero(number[1:] != number[:-1]) + 1
        edge = np.concatenate([[0], changes, [len(number)]])[: None if len(number) else 1]
        return arranged_rollouts(
            edge=edge,
            key=number[edge[:-1]],
            name=names[name_of_key],
            step=step_of_key,
            prompt=name_of_key,
            rewards={name: np.asarray(column, np.float64) for name, column in given.items()},
            weights=weights or {},
            **columns,
        )

    def where(self, rollout: int) -> str:
        """Return what a rollout is called in messages."""
        group = int(np.searchsorted(self.start, rollout, side="right")) - 1
        step = self.step[int(self.step_of_group[group])]
        return (
            f"rollout {shown(self.rollout[rollout])} of group {shown(self.group[group])}"
            f"{'' if step is None else f' of step {step}'}"
        )

    def find(self, name: str) -> int:
        """Return the group of that name; `STEP/NAME` names the one of a step.

        Raises:
            UsageError: there is none, or there is one in each of several steps.
        """
        names = [str(group) for group in self.group]
        exact = [number for number, known in enumerate(names) if known == name]
        if len(exact) == 1:
            return exact[0]
        step, slash, rest = name.partition("/")
        at_steps = [number for number, known in enumerate(names) if slash and known == rest]
        for number in at_steps:
            if str(self.step[int(self.step_of_group[number])]) == step:
                return number
        if exact:
            at = [f"{self.step[int(self.step_of_group[number])]}/{name}" for number in exact]
            raise UsageError(
                f"{len(exact):,} groups are called {shown(name)}, one in each of several steps",
                fix=f"name one as STEP/GROUP: {listed(at, most=8)}",
            )
        if at_steps:
            steps = [self.step[int(self.step_of_group[number])] for number in at_steps]
            raise UsageError(
                f"there is no group {shown(rest)} in the step {shown(step)}",
                fix=f"it is in {listed(steps)}",
            )
        known = dict.fromkeys(names)
        near = nearest(name, known)
        raise UsageError(
            f"there is no group {shown(name)}",
            fix=f"did you mean {shown(near)}?" if near else f"there are {listed(known)}",
        )

    def first(self, n_groups: int) -> Rollouts:
        """Return the first groups, with what estimators ask of them."""
        rows, batch = int(self.start[n_groups]), np.unique(np.minimum(self.batch, n_groups))
        return Rollouts(
            start=self.start[: n_groups + 1],
            batch=batch,
            step=self.step[: len(batch) - 1],
            group=self.group[:n_groups],
            prompt=self.prompt[:n_groups],
            rewards={name: column[:rows] for name, column in self.rewards.items()},
            weights=self.weights,
            advantage=None if self.advantage is None else self.advantage[:rows],
            length=None if self.length is None else self.length[:rows],
            baseline=None if self.baseline is None else self.baseline[:rows],
            unscored=self.unscored,
        )

    def with_rewards(self, rewards: Mapping[str, Floats]) -> Rollouts:
        """Return the same rollouts with other rewards, each counting once."""
        return replace(self, rewards=rewards, weights=dict.fromkeys(rewards, 1.0))


@dataclass(frozen=True)
class ScoredRollouts:
    """The M rollouts that have a reward, in K groups of at least one, in B batches.

    Everything an estimator needs, and the sums over groups and batches that all of them share. A
    mean is taken around the first value of its group: μ = r_1 + Σ (r_i − r_1)/G, so that the mean
    of equal rewards is that reward to the last bit, and what is left of them is exactly 0.
    """

    reward: Floats  # [M]
    start: Ints  # [K + 1] offsets of groups, from 0 to M
    batch: Ints  # [B + 1] offsets of batches, from 0 to M
    rewards: Mapping[str, Floats]  # [M] by reward function; NaN where it gave none
    weights: Mapping[str, float]
    length: Floats | None
    baseline: Floats | None
    rollout: Ints | slice  # [M] where each stands in Rollouts; a slice where that is everywhere
    nested: bool = False  # no option names a column of the source

    @classmethod
    def of(cls, rollouts: Rollouts) -> ScoredRollouts:
        """Return the scored part of some rollouts."""
        reward, start = rollouts.reward, rollouts.start
        batch = start[rollouts.batch]
        chosen: Ints | slice = slice(None)
        unscored = np.isnan(reward)
        if unscored.any():
            chosen = np.flatnonzero(~unscored)
            before = np.concatenate([[0], np.cumsum(~unscored)])
            start, batch = np.unique(before[start]), np.unique(before[batch])
        return cls(
            reward=reward[chosen],
            start=start,
            batch=batch,
            rewards={name: column[chosen] for name, column in rollouts.rewards.items()},
            weights=rollouts.weights,
            length=None if rollouts.length is None else rollouts.length[chosen],
            baseline=None if rollouts.baseline is None else rollouts.baseline[chosen],
            rollout=chosen,
            nested=bool(rollouts.facts.get("nested")),
        )

    def __len__(self) -> int:
        return len(self.reward)

    @cached_property
    def size(self) -> Ints:
        """[K] G, the scored rollouts of each group."""
        return np.diff(self.start)

    @cached_property
    def single(self) -> Flags:
        """[M] whether the rollout is the only one of its group."""
        return self.each(self.size == 1)

    def each(self, of_group: NDArray[Kind]) -> NDArray[Kind]:
        """Return [M] what holds for each rollout's group."""
        return np.repeat(of_group, self.size)

    def each_of_batch(self, of_batch: NDArray[Kind]) -> NDArray[Kind]:
        """Return [M] what holds for each rollout's batch."""
        return np.repeat(of_batch, np.diff(self.batch))

    def total(self, values: Floats) -> Floats:
        """Return [K] Σ_i x_i over each group."""
        return segment_sums(values, self.start)

    def count(self, flags: Flags) -> Ints:
        """Return [K] how many of each group are so."""
        return np.add.reduceat(flags, self.start[:-1], dtype=np.int64)

    @cached_property
    def low(self) -> Floats:
        """[K] the lowest reward of each group."""
        return np.minimum.reduceat(self.reward, self.start[:-1]) if len(self) else self.reward

    @cached_property
    def high(self) -> Floats:
        """[K] the highest reward of each group."""
        return np.maximum.reduceat(self.reward, self.start[:-1]) if len(self) else self.reward

    @cached_property
    def ascending(self) -> Floats:
        """[M] the rewards of each group in rising order."""
        return sorted_segments(self.reward, self.start)

    @cached_property
    def mean(self) -> Floats:
        """[K] μ, the mean reward of each group."""
        return segment_means(self.reward, self.start)

    @cached_property
    def centred(self) -> Floats:
        """[M] r_i − μ."""
        return self.reward - self.each(self.mean)

    @cached_property
    def squares(self) -> Floats:
        """[K] Σ (r_i − μ)²."""
        return self.total(self.centred * self.centred)

    def deviation(self, ddof: int) -> Floats:
        """Return [K] σ = √( Σ (r_i − μ)² / (G − ddof) ); 0 where G ≤ ddof."""
        return np.sqrt(self.squares / np.maximum(self.size - ddof, 1))

    def batch_mean(self, values: Floats, weight: Floats | None = None) -> Floats:
        """Return [B] the mean of each batch, by weight."""
        if weight is None:
            return segment_means(values, self.batch)
        first = values[self.batch[:-1]]
        left = (values - self.each_of_batch(first)) * weight
        return first + segment_sums(left, self.batch) / segment_sums(weight, self.batch)

    def batch_variance(self, values: Floats, ddof: int, weight: Floats | None = None) -> Floats:
        """Return [B] Σ w (x − x̄)² / (Σ w − ddof); 0 where Σ w ≤ ddof."""
        left = values - self.each_of_batch(self.batch_mean(values, weight))
        squares = left * left if weight is None else left * left * weight
        counts = np.diff(self.batch) if weight is None else segment_sums(weight, self.batch)
        free = counts - ddof
        variance: Floats = segment_sums(squares, self.batch) / np.where(free > 0, free, 1)
        return np.where(free > 0, variance, 0.0)

    @cached_property
    def batch_deviation(self) -> Floats:
        """[B] the standard deviation of the rewards of each batch, with ddof 0."""
        deviation: Floats = np.sqrt(self.batch_variance(self.reward, 0))
        return deviation

    @cached_property
    def batch_deviation_in_groups(self) -> Floats:
        """[B] the standard deviation of r − μ in each batch, with ddof 0."""
        deviation: Floats = np.sqrt(self.batch_variance(self.centred, 0))
        return deviation

    def only(self, name: str) -> ScoredRollouts:
        """Return the rollouts to which one reward function gave a reward, with that alone."""
        column = self.rewards[name]
        given = ~np.isnan(column)
        before = np.concatenate([[0], np.cumsum(given)])
        return replace(
            self,
            reward=column[given],
            start=np.unique(before[self.start]),
            batch=np.unique(before[self.batch]),
            rewards={name: column[given]},
            weights={name: 1.0},
            length=None if self.length is None else self.length[given],
            baseline=None,
            rollout=np.flatnonzero(given),
        )

    def lengths(self, estimator: str) -> Floats:
        """Return [M] the lengths.

        Raises:
            InputError: some are not known.
        """
        if self.length is None or np.isnan(self.length).any():
            raise InputError(
                f"{estimator} weighs rollouts by their length, and "
                f"{'no' if self.length is None else 'not every'} length is known",
                fix="count the characters of the responses: --texts"
                if self.nested
                else "name the column: --length COLUMN; or count characters with --texts",
            )
        return self.length


def weighted(
    rewards: Mapping[str, Floats], weights: Mapping[str, float], unscored: float
) -> Floats:
    """Return [N] Σ_k w_k r_k over the functions that gave a reward; `unscored` where none did."""
    names = list(rewards)
    if len(names) == 1 and weights.get(names[0], 1.0) == 1.0 and np.isnan(unscored):
        return rewards[names[0]]
    total = np.zeros(len(rewards[names[0]]))
    given = np.zeros(len(total), dtype=bool)
    for name in names:
        there = ~np.isnan(rewards[name])
        total[there] += weights.get(name, 1.0) * rewards[name][there]
        given |= there
    total[~given] = unscored
    return total


def arranged_rollouts(
    edge: Ints,
    key: Ints,
    name: Names,
    step: Ints | None,
    prompt: Ints,
    rewards: Mapping[str, Floats],
    weights: Mapping[str, float],
    facts: Mapping[str, Any] | None = None,
    notes: Sequence[str] = (),
    **optional: Any,
) -> Rollouts:
    """Return rollouts with the groups of a step, and the rollouts of a group, brought together.

    Args:
        edge: [R + 1] where runs of rows of one group begin, and N.
        key: [R] the group of each run, numbered from 0 to K − 1 in order of first appearance.
        name: [K] what groups are called.
        step: [K] the step of each group, -1 where it is unknown; None: unknown everywhere.
        prompt: [K] number of the prompt.
        rewards: [N] each.
        weights: what each counts for; default 1.
        facts: what the reader counted.
        notes: what the reader has to say.
        **optional: other columns of `Rollouts`, [N] each.

    Raises:
        ShapeError: columns of different lengths.
    """
    n, n_groups = int(edge[-1]), len(name)
    lengths = {c: len(column) for c, column in {**rewards, **optional}.items() if len(column) != n}
    if lengths:
        raise ShapeError(
            f"columns of other lengths: {lengths}", fix=f"give one entry for each of {n} rollouts"
        )
    steps = np.full(n_groups, -1) if step is None else step
    by_step = np.argsort(steps, kind="stable") if np.any(steps[1:] < steps[:-1]) else None
    if by_step is not None:
        place = np.empty(n_groups, np.int64)
        place[by_step] = np.arange(n_groups)
        key = place[key]
        steps, prompt, name = steps[by_step], prompt[by_step], take_rows(name, by_step)
    start, order = edge, None
    if len(key) != n_groups or np.any(key[1:] < key[:-1]):  # not every group is one run
        row_key = np.repeat(key, np.diff(edge))
        order = stable_order(row_key, n_groups)
        start = np.concatenate([[0], np.cumsum(np.bincount(row_key, minlength=n_groups))])
    batch = np.concatenate([[0], np.flatnonzero(steps[1:] != steps[:-1]) + 1, [n_groups]])
    batch = batch if n_groups else batch[:1]

    def at(column: Any) -> Any:
        return column if order is None else take_rows(column, order)

    return Rollouts(
        start=start,
        batch=batch,
        step=[None if number < 0 else int(number) for number in steps[batch[:-1]]],
        group=name,
        prompt=prompt,
        rewards={which: at(column) for which, column in rewards.items()},
        weights={column: float(weights.get(column, 1.0)) for column in rewards},
        row=order,
        facts=facts or {},
        notes=notes,
        **{which: at(column) for which, column in optional.items()},
    )
