"""The model: P(s', r | s, a) with the names of states and actions, as flat sparse arrays."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rlcalc.errors import InputError, ShapeError, listed
from rlcalc.expected_mdp import LARGE, ExpectedMDP
from rlcalc.labels import Labels, Numbers
from rlcalc.numerics.arrays import (
    Codes,
    Floats,
    Ints,
    differs_from_previous,
    refuse_entries,
)
from rlcalc.numerics.fractions import fractions_of
from rlcalc.numerics.kernel import kernel
from rlcalc.numerics.probabilities import SUM_TOLERANCE, normalised, rounded_sums, wrong_sum

Unsigned = NDArray[np.unsignedinteger[Any]]
ROWS = 1 << 18
"""Rows to work on at a time: what fits a cache needs no new memory."""


@dataclass(frozen=True)
class MDP:
    """A Markov decision process: P(s', r | s, a) as outcomes, whose reward may be random."""

    pair_start: Ints  # [S + 1] the pairs of each state; none: it is terminal
    action: Codes  # [K] the action of each pair, a number in `actions`
    outcome_start: Ints  # [K + 1] the outcomes of each pair
    next_state: Codes  # [N] s', a number in `states`
    probability: Floats  # [N] P(s', r | s, a)
    reward: Floats  # [N] r, in reward units
    states: Labels
    actions: Labels
    gamma: float | None = None  # the source's; None where it has none
    start: Floats | None = None  # [S] the distribution of s_1, if it is known
    policy: Floats | None = None  # [K] the policy π(a|s) that came with the model
    name: str = ""
    notes: list[str] = field(default_factory=list)  # notes of the reader
    cells: Ints | None = None  # [S, 2] row and column of each state on a grid; -1: it has none
    state_sets: dict[str, Ints] = field(default_factory=dict)  # the states of each label

    def __post_init__(self) -> None:
        """Refuse arrays that do not belong together.

        Raises:
            ShapeError: offsets that do not lead from 0 to the end, or arrays of wrong lengths.
        """
        lengths = {
            "pair_start": (len(self.pair_start), len(self.states) + 1),
            "outcome_start": (len(self.outcome_start), len(self.action) + 1),
            "probability": (len(self.probability), len(self.next_state)),
            "reward": (len(self.reward), len(self.next_state)),
            "start": (len(self.states) if self.start is None else len(self.start), self.n_states),
            "cells": (self.n_states if self.cells is None else len(self.cells), self.n_states),
            "policy": (self.n_pairs if self.policy is None else len(self.policy), self.n_pairs),
        }
        for name, (length, expected) in lengths.items():
            if length != expected:
                raise ShapeError(
                    f"{name} has {length:,} entries, expected {expected:,}",
                    fix=f"give one entry for each of {expected:,}",
                )
        for name, start, end in (
            ("pair_start", self.pair_start, self.n_pairs),
            ("outcome_start", self.outcome_start, len(self.next_state)),
        ):
            if start[0] != 0 or start[-1] != end or np.any(np.diff(start) < 0):
                raise ShapeError(
                    f"{name} does not rise from 0 to {end:,}",
                    fix="offsets begin with 0, rise, and end with the number of entries",
                )

    @classmethod
    def from_rows(
        cls,
        state: ArrayLike,
        action: ArrayLike,
        next_state: ArrayLike,
        probability: ArrayLike,
        reward: ArrayLike,
        states: Labels | None = None,
        actions: Labels | None = None,
        place: Callable[[int], str] = "entry {}".format,
        source: str = "the arrays",
    ) -> MDP:
        """Return a model from its outcomes, one an entry; those of a pair may stand apart.

        Args:
            state: [N] where the action is taken, a number from 0.
            action: [N] the action, a number from 0.
            next_state: [N] where it leads, a number from 0.
            probability: [N] P(s', r | s, a).
            reward: [N] r.
            states: the names of the states; default their numbers.
            actions: the names of the actions; default their numbers.
            place: from the number of an entry to where it stands in the source, for errors.
            source: what errors call the whole of them.

        Raises:
            InputError: probabilities outside 0..1, or that do not sum to 1 for a pair, or rewards
                that are not finite.
        """
        begin, target, act = (np.asarray(c, dtype=np.int32) for c in (state, next_state, action))
        chance, earned = (np.asarray(c, dtype=np.float64) for c in (probability, reward))
        if states is None:
            states = Numbers(np.arange(1 + max(begin.max(), target.max())))
        actions = Numbers(np.arange(1 + act.max())) if actions is None else actions
        if not (chance.min(initial=0.0) >= 0 and chance.max(initial=0.0) <= 1 + SUM_TOLERANCE):
            outside = ~((chance >= 0) & (chance <= 1 + SUM_TOLERANCE))
            refuse_entries(chance, outside, "probability", "a number from 0 to 1", place, source)
        refuse_entries(earned, ~np.isfinite(earned), "reward", "a finite number", place, source)
        key, outcome_start, rows = _grouped(begin, act, len(actions))
        if rows is not None:
            target, chance, earned = target[rows], chance[rows], earned[rows]
        total = np.add.reduceat(chance, outcome_start[:-1])
        wrong = np.flatnonzero(np.abs(total - 1) > SUM_TOLERANCE)
        if len(wrong):
            k = int(wrong[0])
            outcome = np.arange(outcome_start[k], outcome_start[k + 1])
            where = outcome if rows is None else rows[outcome]
            pair = states.texts[key[k] // len(actions)], actions.texts[key[k] % len(actions)]
            outcomes = zip(states.named(target[outcome]), chance[outcome], strict=True)
            places = listed(map(place, where[:9].tolist()), most=4, total=len(where))
            apart = bool(np.any(np.diff(where) != 1))
            fault = wrong_sum(pair, outcomes, f"{source}, {places}", len(wrong), apart=apart)
            raise InputError.of([fault])
        if not chance.all():
            kept = chance > 0
            outcome_start = np.concatenate([[0], np.cumsum(kept)])[outcome_start]
            target, chance, earned = target[kept], chance[kept], earned[kept]
        return cls(
            pair_start=np.searchsorted(key, np.arange(len(states) + 1) * len(actions)),
            action=(key % len(actions)).astype(np.int32),
            outcome_start=outcome_start,
            next_state=target,
            probability=normalised(chance, outcome_start, total),
            reward=earned,
            states=states,
            actions=actions,
            notes=rounded_sums(total),
        )

    @property
    def n_states(self) -> int:
        """S."""
        return len(self.pair_start) - 1

    @property
    def n_pairs(self) -> int:
        """K."""
        return len(self.action)

    @cached_property
    def expected(self) -> ExpectedMDP:
        """The same model with expected rewards."""
        weighted = self.probability * self.reward
        low, high = (float(end(initial=0.0)) for end in (self.reward.min, self.reward.max))
        return ExpectedMDP(
            pair_start=self.pair_start,
            outcome_start=self.outcome_start,
            next_state=self.next_state,
            probability=self.probability,
            reward=np.add.reduceat(weighted, self.outcome_start[:-1]) if self.n_pairs else weighted,
            largest_reward=max(-low, high),
            same_sign=low == 0 or high == 0,
        )

    @cached_property
    def exact(self) -> ExpectedMDP:
        """The same model in fractions: its decimals as they are, their sums exactly 1."""
        probability = fractions_of(self.probability)
        first = self.outcome_start[:-1]
        total: Floats = np.add.reduceat(probability, first)
        probability = probability / np.repeat(total, np.diff(self.outcome_start))
        return replace(
            self.expected,
            probability=probability,
            reward=np.add.reduceat(probability * fractions_of(self.reward), first),
        )

    @property
    def next_state_certain(self) -> bool:
        """Whether the next state is certain after every pair."""
        return self._certain[0]

    @property
    def reward_certain(self) -> bool:
        """Whether the reward is certain after every pair, once the next state is known."""
        return self._certain[1]

    @cached_property
    def _certain(self) -> tuple[bool, bool]:
        if len(self.next_state) > LARGE:
            n_outcomes = len(self.next_state)
            certain: tuple[bool, bool] = certain_next_and_reward(
                self.outcome_start.astype(np.int64, copy=False).view(np.uint64),
                self.next_state.astype(np.int32, copy=False).view(np.uint32),
                self.reward,
                np.full(self.n_states, n_outcomes, dtype=np.uint64),
            )
            return certain
        pair = np.repeat(np.arange(self.n_pairs), np.diff(self.outcome_start))
        order = np.lexsort((self.reward, self.next_state, pair))
        same_pair = np.diff(pair[order]) == 0
        differs = np.diff(self.next_state[order]) != 0
        varies = same_pair & ~differs & (np.diff(self.reward[order]) != 0)
        return not (same_pair & differs).any(), not varies.any()


@kernel
def certain_next_and_reward(
    outcome_start: Unsigned, next_state: Unsigned, reward: Floats, latest: Unsigned
) -> tuple[bool, bool]:
    """Return whether each pair has one next state, and one reward for each of its next states.

    Args:
        outcome_start: [K + 1]; unsigned, for then a compiler need not ask what counts from the end.
        next_state: [N].
        reward: [N].
        latest: [S] N: the last outcome so far that leads to each state.
    """
    next_certain = reward_certain = True
    for k in range(len(outcome_start) - 1):
        first, last = outcome_start[k], outcome_start[k + 1]
        rises = falls = varies = contradictions = 0
        for i in range(first + np.uint64(1), last):
            higher = next_state[i] > next_state[i - np.uint64(1)]
            lower = next_state[i] < next_state[i - np.uint64(1)]
            rises += higher
            falls += lower
            varies += reward[i] != reward[first]
            contradictions += (reward[i] != reward[i - np.uint64(1)]) & (not (higher | lower))
        next_certain &= rises + falls == 0
        reward_certain &= contradictions == 0
        if not (rises and falls and varies and reward_certain):
            continue  # equal next states are adjacent, or all rewards equal
        for i in range(first, last):
            earlier = latest[next_state[i]]
            reward_certain &= not first <= earlier < last or reward[i] == reward[earlier]
            latest[next_state[i]] = i
    return next_certain, reward_certain


def _grouped(state: Codes, action: Codes, n_actions: int) -> tuple[Ints, Ints, Ints | None]:
    """Return the pairs of some rows, where each begins once the rows are grouped, and their order.

    Args:
        state: [N].
        action: [N].
        n_actions: so that state · n_actions + action is the key of a pair.

    Returns:
        [K] rising keys, [K + 1] offsets, and [N] rows in the order of the keys: None if they are.
    """
    several = []  # of each run of rows of one pair, where it begins
    for at in range(0, len(state), ROWS):  # what fits a cache is compared twice as fast
        part = slice(max(at - 1, 0), at + ROWS)
        new = differs_from_previous(state[part]) | differs_from_previous(action[part])
        new[0] = at == 0
        several.append(np.flatnonzero(new) + part.start)
    first = np.concatenate([*several, np.zeros(0, dtype=np.int64)])
    key = state[first].astype(np.int64) * n_actions + action[first]
    start = np.concatenate([first, [len(state)]])
    if (key[1:] > key[:-1]).all():
        return key, start, None
    length = np.diff(start)
    order = np.argsort(key, kind="stable")
    rows = np.repeat(first[order] - (np.cumsum(length[order]) - length[order]), length[order])
    rows += np.arange(len(state))
    key, length = key[order], length[order]
    pair = np.flatnonzero(np.diff(key, prepend=-1))
    start = np.concatenate([(np.cumsum(length) - length)[pair], [len(state)]])
    return key[pair], start, rows
