"""Transitions: the steps whose next state is known, their counts, which merge, and their model.

Terminated trajectories, and those that do not say how they ended, lead to the end: its value is 0.
A truncated one leads to the state that followed. Where that is not known, or no step from it is
(so that nothing in the data tells its value), the step is left out and counted.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Any

import numpy as np

from rlcalc.errors import InputError, UsageError, listed
from rlcalc.estimators.gain import LARGEST, refuse_large_gains
from rlcalc.estimators.observation_bins import note_of_single_states
from rlcalc.estimators.passes import Passes
from rlcalc.estimators.request import Engine
from rlcalc.estimators.truncation import Truncation, n_trajectories, pieces_with_truncation
from rlcalc.estimators.visits import ACTION_BITS, visits_of
from rlcalc.expected_mdp import ExpectedMDP
from rlcalc.graph.reachability import never_ending
from rlcalc.labels import Labels
from rlcalc.numerics.arrays import (
    Codes,
    Flags,
    Floats,
    Ints,
    compact_codes,
    differs_from_previous,
    segment_sums,
)
from rlcalc.numerics.key_union import KeyUnion
from rlcalc.numerics.merge import merged
from rlcalc.numerics.moments import Moments
from rlcalc.trajectories import Trajectories

END, UNKNOWN = -1, -2
"""What stands for a next state: the trajectory ended; what followed is not known."""

START = np.int64(-1)
"""The key under which the first states of trajectories are counted."""

MOST_LOOKED_UP = 1 << 22
"""States times actions up to which pairs have a table of their numbers: 32 MB."""


@dataclass(frozen=True)
class KnownSteps:
    """The steps of a piece whose next state is known; a trajectory without any is left out."""

    trajectories: Trajectories
    next_state: Codes  # [T] the number of a state, or END
    number: Ints  # [E] the place of each trajectory in the piece
    ends: Counter[str]  # counts of ends, and of steps that are not used
    n_trajectories: int  # of the piece, used or not

    @classmethod
    def of(
        cls, piece: Trajectories, gamma: float, truncation: Truncation, unidentified: Flags | None
    ) -> KnownSteps:
        """Return the steps of a piece whose next state is known.

        With `--truncated bootstrap` the source's value of the last state is a last reward.

        Args:
            piece: trajectories.
            gamma: the discount factor a step.
            truncation: `keep`, `drop` or `bootstrap`.
            unidentified: [states] those from which no step is known; None: not known yet.
        """
        prepared = truncation.apply(piece)
        batch, reward = prepared.trajectories, prepared.reward
        cut_off = batch.truncated & ~batch.terminated
        last = batch.start[1:] - 1
        after = np.full(len(batch), END, dtype=np.int32)
        if prepared.tail is None:
            followed = np.full(len(batch), END) if batch.last_state is None else batch.last_state
            after[cut_off] = np.where(followed == END, UNKNOWN, followed)[cut_off]
        else:
            reward = reward.copy()
            reward[last] += gamma * prepared.tail
            after[prepared.usable < batch.length] = UNKNOWN
        next_state = np.empty(batch.n_steps, dtype=np.int32)
        next_state[:-1] = batch.state[1:]
        next_state[last] = after
        known = next_state != UNKNOWN
        if unidentified is not None:  # the flag of END and of UNKNOWN stands last
            known &= ~np.append(unidentified, [False, False])[next_state]
        ends = Counter(prepared.ends)
        ends["steps_not_used"] = batch.n_steps - int(known.sum())
        number = np.flatnonzero(prepared.kept)
        if known.all():
            batch = _with(batch, np.arange(batch.n_steps), batch.length, reward)
            return cls(batch, next_state, number, ends, len(piece))
        steps = segment_sums(known.astype(np.int64), batch.start)
        chosen = np.flatnonzero(known)
        batch = _with(batch, chosen, steps, reward)
        return cls(batch, next_state[chosen], number[steps > 0], ends, len(piece))


def _with(batch: Trajectories, step: Ints, length: Ints, reward: Floats) -> Trajectories:
    """Return the chosen steps, as trajectories of so many steps; those of none are left out."""
    used = length > 0
    whole = len(step) == batch.n_steps
    return Trajectories(
        start=np.concatenate([[0], np.cumsum(length[used])]).astype(np.int64),
        state=batch.state if whole else batch.state[step],
        action=batch.action if whole else batch.action[step],
        reward=reward if whole else reward[step],
        terminated=batch.terminated[used],
        truncated=batch.truncated[used],
        states=batch.states,
        actions=batch.actions,
    )


@dataclass(frozen=True)
class TransitionCounts:
    """Counts of (key, next state), as sorted runs that merge once they have grown alike."""

    runs: tuple[tuple[Ints, Ints, Ints], ...]  # key, next state and count, sorted by the first two

    def merge(self, later: TransitionCounts) -> TransitionCounts:
        """Return the counts of both."""
        runs = [*self.runs, *later.runs]
        while len(runs) > 1 and len(runs[-2][0]) < 2 * len(runs[-1][0]):
            two, one = runs.pop(), runs.pop()
            runs.append(_counted(*map(np.concatenate, zip(one, two, strict=True))))
        return TransitionCounts(tuple(runs))

    @cached_property
    def total(self) -> tuple[Ints, Ints, Ints]:
        """The keys, next states and counts of all runs together."""
        return _counted(*map(np.concatenate, zip(*self.runs, strict=True)))


def _counted(key: Ints, following: Ints, count: Ints) -> tuple[Ints, Ints, Ints]:
    order = np.lexsort((following, key))
    key, following, count = key[order], following[order], count[order]
    first = np.flatnonzero(differs_from_previous(key) | differs_from_previous(following))
    return key[first], following[first], segment_sums(count, np.append(first, len(key)))


@dataclass(frozen=True)
class TransitionSummary:
    """What some trajectories show of the world: rewards and transitions; summaries merge."""

    states: Moments  # of the rewards in each state
    pairs: Moments  # of the rewards after each state-action pair
    transitions: TransitionCounts  # by pair, and under START the first states
    order: Ints  # [states] the first step, counted from the first piece, that is in the state
    ends: Counter[str]
    n_steps: int

    def merge(self, later: TransitionSummary) -> TransitionSummary:
        """Return the summary of these trajectories and of later ones."""
        states = KeyUnion.of(self.states.key, later.states.key)
        return TransitionSummary(
            states=self.states.merge(later.states, states),
            pairs=self.pairs.merge(later.pairs),
            transitions=self.transitions.merge(later.transitions),
            order=states.least(self.order, later.order + self.n_steps),
            ends=self.ends + later.ends,
            n_steps=self.n_steps + later.n_steps,
        )

    def unidentified(self, n_states: int) -> Flags:
        """[n_states] the states that some step leads to, but from which no step is known."""
        met = self.transitions.total[1]
        lost = np.zeros(n_states, dtype=bool)
        lost[met[met >= 0]] = True
        lost[self.states.key] = False
        return lost


def summarise_transitions(
    piece: Trajectories, gamma: float, truncation: Truncation, unidentified: Flags | None
) -> TransitionSummary:
    """Return the summary of one piece of trajectories."""
    steps = KnownSteps.of(piece, gamma, truncation, unidentified)
    batch = steps.trajectories
    refuse_large_gains(LARGEST, batch.reward)
    visits = visits_of(batch, batch.reward, "every")
    states, pairs = visits.states, visits.pairs
    n_states, n_actions = len(batch.states) + 1, len(batch.actions)
    pair, pairs_met = compact_codes(
        batch.state.astype(np.int64) * n_actions + batch.action, n_states * n_actions
    )
    number, met = compact_codes(pair * n_states + steps.next_state + 1, len(pairs_met) * n_states)
    pair, following = np.divmod(met, n_states)
    state, action = np.divmod(pairs_met[pair], n_actions)
    key = state << ACTION_BITS | action
    moves = key, following - 1, np.bincount(number, minlength=len(met))
    first, place = compact_codes(batch.state[batch.start[:-1]], n_states)
    starts = np.full(len(place), START), place, np.bincount(first, minlength=len(place))
    return TransitionSummary(
        states=Moments.of(visits.state_key, states.edge, states.total, states.size),
        pairs=Moments.of(visits.pair_key, pairs.edge, pairs.total, pairs.size),
        transitions=TransitionCounts((starts,)).merge(TransitionCounts((moves,))),
        order=visits.first_step,
        ends=steps.ends,
        n_steps=piece.n_steps,
    )


@dataclass(frozen=True)
class CountedTransitions:
    """Experience that was counted: its summary, and how to go through its known steps again."""

    passes: Passes
    summary: TransitionSummary
    gamma: float
    truncation: Truncation
    unidentified: Flags | None
    solutions: dict[str, Any] = field(default_factory=dict)  # what one method leaves to others

    @classmethod
    def of(
        cls, passes: Passes, gamma: float | None, truncated: str, engine: Engine
    ) -> CountedTransitions:
        """Count the transitions of experience, until every state that they lead to is known.

        Raises:
            UsageError: the policy for truncated trajectories does not apply.
            InputError: gamma is not in 0..1, or no step is left.
        """
        if truncated.startswith("cut"):
            raise UsageError(
                f"--truncated {truncated} applies to Monte Carlo gains, which miss what follows "
                "the cut",
                fix="use keep (the state that followed counts), drop or bootstrap",
            )
        experience = passes.experience
        pieces, discount, truncation = pieces_with_truncation(
            passes.experience_again(), gamma, truncated
        )
        unidentified: Flags | None = None
        while True:
            work = partial(
                summarise_transitions,
                gamma=discount,
                truncation=truncation,
                unidentified=unidentified,
            )
            summary = merged(engine(work, pieces))
            experience.require_one_gamma(gamma, discount)
            if summary is None or not len(summary.states.key):
                read = 0 if summary is None else n_trajectories(summary.ends)
                raise InputError(
                    "no step is left to estimate from: no state that follows a step is known",
                    where=f"{read:,} trajectories were read",
                    fix="give the last state of truncated trajectories (a column next_state), or "
                    "use another --truncated policy"
                    if read
                    else "",
                )
            lost = summary.unidentified(len(experience.states))
            if not lost.any():
                return cls(passes, summary, discount, truncation, unidentified)
            unidentified = lost if unidentified is None else lost | unidentified
            pieces = passes.pieces()

    def known_steps(self, piece: Trajectories) -> KnownSteps:
        """Return the steps of a piece that were counted."""
        return KnownSteps.of(piece, self.gamma, self.truncation, self.unidentified)

    @cached_property
    def model(self) -> CountedModel:
        """The model that the counts show."""
        return CountedModel.of(self.summary)

    @property
    def facts(self) -> dict[str, str | int]:
        """How trajectories ended, and the steps that are not used."""
        return self.truncation.facts(self.summary.ends)

    @property
    def notes(self) -> list[str]:
        """What happened to truncated trajectories, and whether anything is averaged."""
        ends, single = self.summary.ends, note_of_single_states(self.summary.states.count)
        if self.truncation.policy != "keep":
            return [*self.truncation.warnings(ends), *single]
        if not ends["steps_not_used"]:
            return single
        return [
            *single,
            f"{ends['steps_not_used']:,} steps of {ends['truncated']:,} truncated trajectories are "
            "left out: the state that followed is not in the source, or no step from it is known",
        ]


@dataclass(frozen=True)
class CountedModel:
    """The model that counts show: S states and an end, K pairs, P̂ = N(s,a,s')/N(s,a), r̂, π̂."""

    state: Ints  # [S] the number of each state in the labels, rising
    pair: Ints  # [K] the key of each pair, rising
    expected: ExpectedMDP  # of S + 1 states; the last one is the end
    count: Ints  # [K] N(s,a)
    state_count: Ints  # [S] N(s)
    start: Floats  # [S] the share of trajectories that begin in the state

    @classmethod
    def of(cls, summary: TransitionSummary) -> CountedModel:
        """Return the model of some counts."""
        key, following, count = summary.transitions.total
        moves = key != START
        state, pair = summary.states.key, summary.pairs.key
        start = np.zeros(len(state))
        start[np.searchsorted(state, following[~moves])] = count[~moves]
        key, following, count = key[moves], following[moves], count[moves]
        n = summary.pairs.count
        return cls(
            state=state,
            pair=pair,
            expected=ExpectedMDP(
                pair_start=np.append(np.searchsorted(pair >> ACTION_BITS, state), [len(pair)] * 2),
                outcome_start=np.append(np.searchsorted(key, pair), len(key)),
                next_state=np.where(
                    following == END, len(state), np.searchsorted(state, following)
                ).astype(np.int32),
                probability=count / n[np.searchsorted(pair, key)],
                reward=summary.pairs.mean,
                largest_reward=float(np.abs(summary.pairs.mean).max()),
            ),
            count=n,
            state_count=summary.states.count,
            start=start / start.sum(),
        )

    @cached_property
    def policy(self) -> Floats:
        """[K] π̂(a|s) = N(s,a)/N(s)."""
        return self.count / self.state_count[self.expected.pair_state]

    @cached_property
    def chain(self) -> ExpectedMDP:
        """The model under π̂, with one pair a state."""
        return self.expected.induced_by(self.policy)

    def number_of(self, states: Codes | Ints) -> Ints:
        """Return the numbers of states in this model; S for the end and for other states."""
        number: Ints = self._number[np.minimum(states, len(self._number) - 1)]
        return number

    @cached_property
    def _number(self) -> Ints:
        """The number of each state, looked up faster than searched; S last, which END finds."""
        number = np.full(int(self.state[-1]) + 2, len(self.state))
        number[self.state] = np.arange(len(self.state))
        return number

    def pair_of(self, state: Codes | Ints, action: Codes | Ints) -> Ints:
        """Return the numbers of pairs in this model."""
        if self._pair is None:
            return np.searchsorted(self.pair, state.astype(np.int64) << ACTION_BITS | action)
        pair: Ints = self._pair[self.number_of(state), action]
        return pair

    @cached_property
    def _pair(self) -> Ints | None:
        """The number of each pair by state and action; None: that would be too large."""
        action = self.pair & ((1 << ACTION_BITS) - 1)
        shape = len(self.state), int(action.max()) + 1
        if shape[0] * shape[1] > MOST_LOOKED_UP:
            return None
        pair = np.full(shape, -1)
        pair[self.expected.pair_state, action] = np.arange(len(self.pair))
        return pair

    def require_values(self, gamma: float, states: Labels) -> None:
        """Refuse data in which some states never lead to an end, if gamma is 1.

        Raises:
            InputError: with these states.
        """
        endless = never_ending(self.chain) if gamma == 1 else np.zeros(0, np.int64)
        if len(endless):
            names = states.named(self.state[endless[:9]])
            raise InputError(
                "with gamma 1 the values do not exist: in the data "
                f"{len(endless):,} states never lead to the end of a trajectory",
                listed(names, total=len(endless)),
                "use --gamma 0.99, or --truncated drop if truncated trajectories alone go there",
            )
