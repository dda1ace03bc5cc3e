"""Play a chain: episodes as trajectories, or only what they come to.

Many episodes go forward in lock-step, and each draws from a stream of its own, so that neither
their number nor their order, the threads or the implementation change what happens in any of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property, partial
from typing import TYPE_CHECKING

import numpy as np

from rlcalc.errors import InputError, shown
from rlcalc.numerics.arrays import Codes, Floats, Ints
from rlcalc.numerics.kernel import Kernel, kernel
from rlcalc.numerics.random_streams import GOLDEN, draw, mix, stream_keys
from rlcalc.simulation.markov_chain import Chain
from rlcalc.trajectories import Trajectories

if TYPE_CHECKING:
    from rlcalc.numerics.random_streams import Words

BLOCK = 1 << 12
"""Episodes whose sums are taken together: a constant, so that sums are grouped alike."""

BATCH_STEPS = 1 << 19
"""Steps that a batch of trajectories has, more or less."""

LONGEST = 1_000_000
"""Steps after which an episode that nobody limits is given up."""

LONGEST_HELD = 200_000_000
"""Steps of an episode that are held in memory, some 40 bytes each."""

PROBE = 1 << 12
"""Steps for which the first episodes are looked at, to see how much work there is."""

COMPILING = 0.6
"""Seconds from which on a compiled loop is worth its start."""

Span = tuple[int, int]
Engine = Callable[[Callable[[Span], "Outcome"], Iterable[Span]], Iterable["Outcome"]]
Recording = Callable[[Callable[[Span], Trajectories], Iterable[Span]], Iterable[Trajectories]]


@dataclass(frozen=True)
class Outcome:
    """What E episodes come to."""

    gain: Floats  # [E] the discounted sum of an episode's rewards
    length: Ints  # [E] its steps
    after: Codes  # [E] the last state: s, or −s − 1 where the world ended


@dataclass(frozen=True)
class Work:
    """What a simulation will take, more or less."""

    length: float  # of an episode, on average
    longest: int
    episodes: int

    @property
    def seconds(self) -> float:
        """What it takes with numpy: each of its calls has a price, and each step."""
        calls = -(-self.episodes // BLOCK) * self.longest
        return 25e-6 * calls + 17e-9 * self.length * self.episodes

    @property
    def stride(self) -> int:
        """How many steps lanes go before it is looked whether any of them is over."""
        return int(max(1, min(32, self.length / 8)))


@dataclass(frozen=True)
class Simulation:
    """Episodes 0 : n of a chain, which are determined by it and by the seed."""

    chain: Chain
    n: int
    seed: int
    max_steps: int | None = None  # then an episode is truncated
    group: int = 1  # so many episodes in a row begin in the same state

    def __post_init__(self) -> None:
        """Refuse a world that never ends.

        Raises:
            InputError: some episodes never end, and nobody says when to stop looking.
        """
        if self.max_steps is None:
            self.chain.require_end()

    @property
    def limit(self) -> int:
        """The steps after which no episode goes on."""
        return self.max_steps or LONGEST

    @cached_property
    def work(self) -> Work:
        """How much there is to do, from a look at the first few episodes.

        It decides how the work is cut and by what it is done; what happens does not hang on it.
        """
        some = self._walk((0, min(self.n, 64)), min(self.limit, PROBE), 1.0)
        if some.length.max() < PROBE:
            return Work(float(some.length.mean()), int(some.length.max()), self.n)
        unknown = 10 * PROBE if self.max_steps is None else self.limit
        return Work(
            float(np.where(some.length < PROBE, some.length, unknown).mean()), unknown, self.n
        )

    def outcomes(self, gamma: float, engine: Engine = map) -> Iterator[Outcome]:
        """Yield what the episodes come to, block by block.

        Args:
            gamma: the discount factor a step.
            engine: runs each block and gives the answers back in order.
        """
        compiled, stride = self._compiled(lock_step), self.work.stride
        if compiled:
            self._look_ahead(stride)

        def play(span: Span) -> Outcome:
            if compiled:
                return self._ended(self._run(span, gamma, stride), span)
            return self._ended(self._walk(span, self.limit, gamma), span)

        return iter(engine(play, spans(self.n, BLOCK)))

    def _look_ahead(self, stride: int) -> None:
        """See how the first episodes end before thousands are begun: a loop that hardly ever ends.

        Raises:
            InputError: one of them goes on for too long, and nobody limits it.
        """
        if self.max_steps is None and self.work.longest > PROBE:
            span = (0, min(self.n, LANES))
            self._ended(self._run(span, 1.0, stride), span)

    def trajectories(
        self, engine: Recording = map, *, with_prob: bool = False
    ) -> Iterator[Trajectories]:
        """Yield the episodes as trajectories, in batches.

        Args:
            engine: runs each batch and gives the answers back in order.
            with_prob: with the probability with which each action was taken.
        """
        record = self._recorded
        if self._compiled(lock_step, retrace):
            record = self._retraced
            self._look_ahead(self.work.stride)
        episodes = int(max(1, min(BLOCK * 4, BATCH_STEPS / self.work.length)))
        return iter(engine(partial(record, with_prob=with_prob), spans(self.n, episodes)))

    def _compiled(self, *loops: Kernel) -> bool:
        """Return whether loops are to be compiled, and do it: once, before there are threads."""
        if self.work.seconds > COMPILING:
            for loop in loops:
                loop.compiled  # noqa: B018
        return self.work.seconds > COMPILING

    def _begin(self, span: Span) -> tuple[Words, Codes]:
        """Return the keys of episodes, and their first states."""
        numbers = np.arange(*span)
        key = stream_keys(self.seed, numbers)
        leader = (
            key if self.group == 1 else stream_keys(self.seed, numbers // self.group * self.group)
        )
        first = self.chain.begin.draw(np.zeros(len(key), np.int64), draw(leader, 0))
        return key, self.chain.begin_state[first]

    def _walk(
        self, span: Span, limit: int, gamma: float, record: list[tuple[Ints, Codes]] | None = None
    ) -> Outcome:
        """Return what episodes come to, with numpy: all of them one step, then the next step.

        Args:
            span: the first episode, and the one after the last.
            limit: steps after which no episode goes on.
            gamma: the discount factor a step.
            record: takes, of each step, which episodes still go on and the entries they draw.
        """
        chain = self.chain
        place, state = self._begin(span)
        place += GOLDEN
        n = len(place)
        gain, length = np.zeros(n), np.full(n, limit, dtype=np.int64)
        after = np.empty(n, dtype=np.int32)
        alive = np.arange(n)
        discount = 1.0
        for t in range(limit):
            place += GOLDEN
            entry = chain.table.draw(state, mix(place))
            if record is None:
                earned = discount * chain.reward.take(entry)
                if len(alive) == n:
                    gain += earned
                else:
                    gain[alive] += earned
                discount *= gamma
            else:
                record.append((alive, entry.astype(np.int32)))
            state = chain.after.take(entry)
            if state.min() < 0:
                over = state < 0
                after[alive[over]], length[alive[over]] = state[over], t + 1
                on = ~over
                alive, state, place = alive[on], state[on], place[on]
                if not len(alive):
                    break
        after[alive] = state
        return Outcome(gain, length, after)

    def _run(self, span: Span, gamma: float, stride: int) -> Outcome:
        """Return what episodes come to, with the compiled loop: the same bits as `_walk`."""
        chain, table = self.chain, self.chain.table
        key, state = self._begin(span)
        gain, length, after = np.empty(len(key)), np.empty(len(key), np.int64), np.empty_like(state)
        lock_step.aside(
            table.row, table.slot, chain.after, chain.reward, key, state,
            gamma, self.limit, stride, gain, length, after,
        )  # fmt: skip
        return Outcome(gain, length, after)

    def _recorded(self, span: Span, *, with_prob: bool) -> Trajectories:
        """Return episodes as trajectories, with numpy."""
        steps: list[tuple[Ints, Codes]] = []
        outcome = self._ended(self._walk(span, self.limit, 1.0, steps), span)
        start = np.concatenate([[0], np.cumsum(outcome.length)])
        entry = np.empty(start[-1], dtype=np.int32)
        for t, (alive, drawn_entry) in enumerate(steps):
            entry[start[alive] + t] = drawn_entry
        return self._trajectories(entry, start, outcome, with_prob=with_prob)

    def _retraced(self, span: Span, *, with_prob: bool) -> Trajectories:
        """Return the same with the compiled loops: once for the lengths, and once more."""
        chain, table = self.chain, self.chain.table
        outcome = self._ended(self._run(span, 1.0, self.work.stride), span)
        if outcome.length.max() > LONGEST_HELD:
            raise InputError(
                f"an episode has {outcome.length.max():,} steps, and a trajectory is held whole: "
                f"up to {LONGEST_HELD:,}",
                shown(self.chain.mdp.name),
                "take fewer --max-steps, or --rows summary, which holds none",
            )
        start = np.concatenate([[0], np.cumsum(outcome.length)])
        entry = np.empty(start[-1], dtype=np.int32)
        key, state = self._begin(span)
        retrace.aside(table.row, table.slot, chain.after, key, state, start, entry)
        return self._trajectories(entry, start, outcome, with_prob=with_prob)

    def _trajectories(
        self, entry: Codes, start: Ints, outcome: Outcome, *, with_prob: bool
    ) -> Trajectories:
        chain = self.chain
        over = outcome.after < 0
        return Trajectories(
            start=start,
            state=chain.state.take(entry),
            action=chain.action.take(entry),
            reward=chain.reward.take(entry),
            terminated=over,
            truncated=~over,
            states=chain.mdp.states,
            actions=chain.mdp.actions,
            last_state=np.where(over, -outcome.after - 1, outcome.after).astype(np.int32),
            behaviour_prob=chain.policy.weight[chain.pair[entry]] if with_prob else None,
        )

    def _ended(self, outcome: Outcome, span: Span) -> Outcome:
        """Return the same outcome, unless an episode that nobody limits went on for too long."""
        if self.max_steps is None and outcome.after.max() >= 0:
            number = int(np.argmax(outcome.after >= 0))
            raise InputError(
                f"episode {span[0] + number:,} has not ended after {LONGEST:,} steps",
                shown(self.chain.mdp.name),
                "say after how many steps to stop looking, with --max-steps",
            )
        return outcome


def spans(n: int, size: int) -> Iterator[Span]:
    """Yield the pieces of 0 : n."""
    return ((first, min(first + size, n)) for first in range(0, n, size))


LANES = 64


@kernel
def lock_step(
    row: Words,
    slot: Words,
    ahead: Codes,
    reward: Floats,
    key: Words,
    begin: Codes,
    gamma: float,
    limit: int,
    stride: int,
    gain: Floats,
    length: Ints,
    after: Codes,
) -> None:
    """Play episodes in 64 lanes; a lane whose episode is over takes the next one.

    Within a stride nothing branches, and each loop writes to little, so that a compiler makes
    vectors of them: what is over goes on drawing, and nothing of it counts.
    """
    low, half = np.uint64(0xFFFFFFFF), np.uint64(32)
    place, word = np.zeros(LANES, np.uint64), np.zeros(LANES, np.uint64)
    state, entry = np.full(LANES, -1, np.int32), np.zeros(LANES, np.uint32)
    earned, discount = np.zeros(LANES), np.ones(LANES)
    steps, who = np.zeros(LANES, np.int32), np.full(LANES, -1, np.int64)
    most = np.int32(limit)
    following, left = 0, len(key)
    while left > 0:
        for i in range(LANES):
            if who[i] >= 0 and (state[i] < 0 or steps[i] >= most):
                gain[who[i]], length[who[i]], after[who[i]] = earned[i], steps[i], state[i]
                who[i], state[i] = -1, -1
                left -= 1
            if who[i] < 0 and following < len(key):
                who[i], place[i], state[i] = following, key[following] + GOLDEN, begin[following]
                earned[i], discount[i], steps[i] = 0.0, 1.0, 0
                following += 1
        for _ in range(stride):
            for i in range(LANES):
                place[i] += GOLDEN
                z = place[i]
                z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
                z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
                word[i] = z ^ (z >> np.uint64(31))
            for i in range(LANES):
                where = row[np.uint32(max(state[i], np.int32(0)))]
                drawn_slot = (((word[i] >> half) * (where & low)) >> half) + (where >> half)
                found = slot[drawn_slot]
                kept = (word[i] & low) < (found >> half)
                entry[i] = np.uint32(drawn_slot if kept else found & low)
            for i in range(LANES):
                going = (state[i] >= 0) & (steps[i] < most)
                earned[i] += discount[i] * reward[entry[i]] if going else 0.0
                discount[i] *= gamma
            for i in range(LANES):
                going = (state[i] >= 0) & (steps[i] < most)
                state[i] = ahead[entry[i]] if going else state[i]
                steps[i] += np.int32(going)


ABREAST = 16
"""Episodes that are noted side by side: what one waits for, the others fill."""


@kernel
def retrace(
    row: Words, slot: Words, ahead: Codes, key: Words, begin: Codes, start: Ints, entry: Codes
) -> None:
    """Note what episodes draw, whose lengths are known: the same as `lock_step`."""
    low, half = np.uint64(0xFFFFFFFF), np.uint64(32)
    place, state = np.zeros(ABREAST, np.uint64), np.zeros(ABREAST, np.int32)
    length = np.zeros(ABREAST, np.int64)
    for first in range(0, len(key), ABREAST):
        lanes, longest = min(ABREAST, len(key) - first), 0
        for i in range(lanes):
            e = first + i
            place[i], state[i], length[i] = key[e] + GOLDEN, begin[e], start[e + 1] - start[e]
            longest = max(longest, length[i])
        for t in range(longest):
            for i in range(lanes):
                if t < length[i]:
                    place[i] += GOLDEN
                    z = place[i]
                    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
                    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
                    z = z ^ (z >> np.uint64(31))
                    where = row[np.uint32(state[i])]
                    drawn_slot = (((z >> half) * (where & low)) >> half) + (where >> half)
                    found = slot[drawn_slot]
                    kept = (z & low) < (found >> half)
                    chosen = np.uint32(drawn_slot if kept else found & low)
                    entry[start[first + i] + t] = chosen
                    state[i] = ahead[chosen]
