"""The sampler: episodes of a Markov chain, as trajectories or as their gains and lengths.

Many episodes go forward in lock-step, and each draws from a stream of its own, so that neither
their number nor their order, the threads or the implementation change any episode.
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
from rlcalc.simulation.markov_chain import MarkovChain
from rlcalc.trajectories import Trajectories

if TYPE_CHECKING:
    from rlcalc.numerics.random_streams import Words

BLOCK = 1 << 12
"""Episodes whose sums are taken together: a constant, so that sums are always grouped alike."""

BATCH_STEPS = 1 << 19
"""Steps that a batch of trajectories has, roughly."""

LONGEST = 1_000_000
"""Steps after which an episode without --max-steps is an error."""

MOST_STEPS_IN_MEMORY = 200_000_000
"""Most steps of an episode that are kept in memory, about 40 bytes each."""

PROBE = 1 << 12
"""Steps of the first episodes that are simulated to estimate the amount of work."""

COMPILING = 0.6
"""Estimated seconds of work from which on loops are compiled."""

Span = tuple[int, int]
Engine = Callable[
    [Callable[[Span], "EpisodeOutcomes"], Iterable[Span]], Iterable["EpisodeOutcomes"]
]
Recording = Callable[[Callable[[Span], Trajectories], Iterable[Span]], Iterable[Trajectories]]


@dataclass(frozen=True)
class EpisodeOutcomes:
    """The gains, lengths and last states of E episodes."""

    gain: Floats  # [E] the discounted sum of an episode's rewards
    length: Ints  # [E] its steps
    last_state: Codes  # [E] the last state: s, or −s − 1 where the world ended


@dataclass(frozen=True)
class SimulationWork:
    """The estimated amount of work of a simulation."""

    length: float  # steps of an episode, on average
    longest: int
    episodes: int

    @property
    def seconds(self) -> float:
        """Estimated time with numpy: a price for each of its calls, and one for each step."""
        calls = -(-self.episodes // BLOCK) * self.longest
        return 25e-6 * calls + 17e-9 * self.length * self.episodes

    @property
    def stride(self) -> int:
        """The number of steps between two checks of whether lanes have ended."""
        return int(max(1, min(32, self.length / 8)))


@dataclass(frozen=True)
class Simulation:
    """Episodes 0 : n of a chain, determined by the chain and the seed."""

    chain: MarkovChain
    n: int
    seed: int
    max_steps: int | None = None  # then an episode is truncated
    group: int = 1  # number of successive episodes that share a start state

    def __post_init__(self) -> None:
        """Refuse a chain whose episodes may never end.

        Raises:
            InputError: some episodes never end, and there is no `max_steps`.
        """
        if self.max_steps is None:
            self.chain.require_termination()

    @property
    def limit(self) -> int:
        """The largest number of steps of an episode."""
        return self.max_steps or LONGEST

    @cached_property
    def work(self) -> SimulationWork:
        """The estimated amount of work, from the first few episodes.

        It decides the size of pieces and the implementation; the episodes do not depend on it.
        """
        probe = self._run_numpy((0, min(self.n, 64)), 1.0, most_steps=min(self.limit, PROBE))
        if probe.length.max() < PROBE:
            return SimulationWork(float(probe.length.mean()), int(probe.length.max()), self.n)
        unknown = 10 * PROBE if self.max_steps is None else self.limit
        return SimulationWork(
            float(np.where(probe.length < PROBE, probe.length, unknown).mean()), unknown, self.n
        )

    def outcomes(
        self, gamma: float, engine: Engine = map, blocks: slice = slice(None)
    ) -> Iterator[EpisodeOutcomes]:
        """Yield the outcomes of the episodes, block by block.

        Args:
            gamma: the discount factor a step.
            engine: runs a function on each block and yields the answers in order.
            blocks: which of the blocks of 4096 episodes; default all.
        """
        run: Callable[..., EpisodeOutcomes] = self._run_numpy
        if self._compiled(lock_step):
            run = self._run_compiled
        starts = range(0, self.n, BLOCK)[blocks]
        spans = ((first, min(first + BLOCK, self.n)) for first in starts)
        return iter(engine(partial(run, gamma=gamma), spans))

    def trajectories(
        self, engine: Recording = map, *, with_prob: bool = False
    ) -> Iterator[Trajectories]:
        """Yield the episodes as trajectories, in batches.

        Args:
            engine: runs a function on each batch and yields the answers in order.
            with_prob: with the probability of each action.
        """
        compiled = self._compiled(lock_step, retrace)
        work = partial(self._recorded, compiled=compiled, with_prob=with_prob)
        episodes = int(max(1, min(BLOCK * 4, BATCH_STEPS / self.work.length)))
        return iter(engine(work, episode_spans(self.n, episodes)))

    def _compiled(self, *loops: Kernel) -> bool:
        """Return whether the work needs compiled loops, and compile them before threads start.

        Where episodes may be endless, some go to their end before thousands of them start.

        Raises:
            InputError: one of them is too long, and there is no `max_steps`.
        """
        if self.work.seconds <= COMPILING:
            return False
        for loop in loops:
            loop.compiled  # noqa: B018
        if self.max_steps is None and self.work.longest > PROBE:
            self._run_compiled((0, min(self.n, LANES)), 1.0)
        return True

    def _first_states(self, span: Span) -> tuple[Words, Codes]:
        """Return the keys of episodes, and their first states."""
        numbers = np.arange(*span)
        key = stream_keys(self.seed, numbers)
        leader = (
            key if self.group == 1 else stream_keys(self.seed, numbers // self.group * self.group)
        )
        first = self.chain.start_table.draw(np.zeros(len(key), np.int64), draw(leader, 0))
        return key, self.chain.start_states[first]

    def _run_numpy(
        self,
        span: Span,
        gamma: float,
        record: list[tuple[Ints, Codes]] | None = None,
        most_steps: int | None = None,
    ) -> EpisodeOutcomes:
        """Return the outcomes of episodes, with numpy: all of them one step, then the next step.

        Args:
            span: the first episode, and the one after the last.
            gamma: the discount factor a step.
            record: receives, for each step, the active episodes and the entries that they draw.
            most_steps: of an episode; default the limit of the simulation.

        Raises:
            InputError: an episode is too long, and there is no `max_steps`.
        """
        chain, limit = self.chain, most_steps or self.limit
        counter, state = self._first_states(span)
        counter += GOLDEN
        n = len(counter)
        gain, length = np.zeros(n), np.full(n, limit, dtype=np.int64)
        last_state = np.empty(n, dtype=np.int32)
        active = np.arange(n)
        discount = 1.0
        for t in range(limit):
            counter += GOLDEN
            entry = chain.table.draw(state, mix(counter))
            if record is None:
                discounted_reward = discount * chain.reward.take(entry)
                if len(active) == n:
                    gain += discounted_reward
                else:
                    gain[active] += discounted_reward
                discount *= gamma
            else:
                record.append((active, entry.astype(np.int32)))
            state = chain.next_state.take(entry)
            if state.min() < 0:
                ended = state < 0
                last_state[active[ended]], length[active[ended]] = state[ended], t + 1
                on = ~ended
                active, state, counter = active[on], state[on], counter[on]
                if not len(active):
                    break
        last_state[active] = state
        return self._require_ended(EpisodeOutcomes(gain, length, last_state), span)

    def _run_compiled(self, span: Span, gamma: float, stride: int | None = None) -> EpisodeOutcomes:
        """Return the outcomes of episodes, with the compiled loop: same bits as `_run_numpy`."""
        chain, table, stride = self.chain, self.chain.table, stride or self.work.stride
        key, state = self._first_states(span)
        gain, length, last_state = np.empty(len(key)), np.empty(len(key), np.int64), state.copy()
        lock_step.run_in_thread(
            table.row, table.slot, chain.next_state, chain.reward, key, state,
            gamma, self.limit, stride, gain, length, last_state,
        )  # fmt: skip
        return self._require_ended(EpisodeOutcomes(gain, length, last_state), span)

    def _recorded(self, span: Span, *, compiled: bool, with_prob: bool) -> Trajectories:
        """Return episodes as trajectories: compiled loops run for the lengths, then for steps.

        Raises:
            InputError: an episode is too long.
        """
        chain, table, steps = self.chain, self.chain.table, list[tuple[Ints, Codes]]()
        outcome = self._run_compiled(span, 1.0) if compiled else self._run_numpy(span, 1.0, steps)
        if outcome.length.max() > MOST_STEPS_IN_MEMORY:
            raise InputError(
                f"an episode has {outcome.length.max():,} steps, and a trajectory in memory may "
                f"have {MOST_STEPS_IN_MEMORY:,}",
                shown(chain.mdp.name),
                "give a smaller --max-steps, or --rows summary, which keeps no steps",
            )
        start = np.concatenate([[0], np.cumsum(outcome.length)])
        entry = np.empty(start[-1], dtype=np.int32)
        for t, (active, drawn_entry) in enumerate(steps):
            entry[start[active] + t] = drawn_entry
        if compiled:
            key, state = self._first_states(span)
            retrace.run_in_thread(table.row, table.slot, chain.next_state, key, state, start, entry)
        ended = outcome.last_state < 0
        last_state = np.where(ended, -outcome.last_state - 1, outcome.last_state)
        return Trajectories(
            start=start,
            state=chain.state.take(entry),
            action=chain.action.take(entry),
            reward=chain.reward.take(entry),
            terminated=ended,
            truncated=~ended,
            states=chain.mdp.states,
            actions=chain.mdp.actions,
            last_state=last_state.astype(np.int32),
            behaviour_prob=chain.policy.weight[chain.pair[entry]] if with_prob else None,
        )

    def _require_ended(self, outcome: EpisodeOutcomes, span: Span) -> EpisodeOutcomes:
        """Return the outcome, unless an episode without `max_steps` is too long.

        Raises:
            InputError: an episode has not ended.
        """
        endless = (outcome.last_state >= 0) & (outcome.length >= LONGEST)
        if self.max_steps is None and endless.any():
            number = span[0] + int(np.argmax(endless))
            raise InputError(
                f"episode {number:,} has not ended after {LONGEST:,} steps",
                shown(self.chain.mdp.name),
                "cut episodes with --max-steps N",
            )
        return outcome


def episode_spans(n: int, size: int) -> Iterator[Span]:
    """Yield the pieces of 0 : n."""
    return ((first, min(first + size, n)) for first in range(0, n, size))


LANES = 64


@kernel
def lock_step(
    row: Words,
    slot: Words,
    next_state: Codes,
    reward: Floats,
    key: Words,
    first_state: Codes,
    gamma: float,
    limit: int,
    stride: int,
    gain: Floats,
    length: Ints,
    last_state: Codes,
) -> None:
    """Simulate episodes in 64 lanes; a lane whose episode has ended takes the next one.

    Within a stride nothing branches, and each loop writes to few arrays, so that the compiler
    vectorises them: an ended lane goes on drawing, and its draws do not count. The mixing of bits
    and the draw are those of `random_streams.mix` and `AliasTable.draw`, which kernels cannot call.
    """
    low, half = np.uint64(0xFFFFFFFF), np.uint64(32)
    counter, word = np.zeros(LANES, np.uint64), np.zeros(LANES, np.uint64)
    state, entry = np.full(LANES, -1, np.int32), np.zeros(LANES, np.uint32)
    reward_sum, discount = np.zeros(LANES), np.ones(LANES)
    steps, episode = np.zeros(LANES, np.int32), np.full(LANES, -1, np.int64)
    longest = np.int32(limit)
    next_episode, remaining = 0, len(key)
    while remaining > 0:
        for i in range(LANES):
            if episode[i] >= 0 and (state[i] < 0 or steps[i] >= longest):
                gain[episode[i]] = reward_sum[i]
                length[episode[i]] = steps[i]
                last_state[episode[i]] = state[i]
                episode[i], state[i] = -1, -1
                remaining -= 1
            if episode[i] < 0 and next_episode < len(key):
                episode[i], state[i] = next_episode, first_state[next_episode]
                counter[i] = key[next_episode] + GOLDEN
                reward_sum[i], discount[i], steps[i] = 0.0, 1.0, 0
                next_episode += 1
        for _ in range(stride):
            for i in range(LANES):
                counter[i] += GOLDEN
                z = counter[i]
                z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
                z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
                word[i] = z ^ (z >> np.uint64(31))
            for i in range(LANES):
                row_bits = row[np.uint32(max(state[i], np.int32(0)))]
                drawn_slot = (((word[i] >> half) * (row_bits & low)) >> half) + (row_bits >> half)
                entry_bits = slot[drawn_slot]
                own = (word[i] & low) < (entry_bits >> half)
                entry[i] = np.uint32(drawn_slot if own else entry_bits & low)
            for i in range(LANES):
                active = (state[i] >= 0) & (steps[i] < longest)
                reward_sum[i] += discount[i] * reward[entry[i]] if active else 0.0
                discount[i] *= gamma
            for i in range(LANES):
                active = (state[i] >= 0) & (steps[i] < longest)
                state[i] = next_state[entry[i]] if active else state[i]
                steps[i] += np.int32(active)


ABREAST = 16
"""Episodes that are recorded side by side: while one waits for memory, the others go on."""


@kernel
def retrace(
    row: Words,
    slot: Words,
    next_state: Codes,
    key: Words,
    first_state: Codes,
    start: Ints,
    entry: Codes,
) -> None:
    """Record the entries that episodes of known lengths draw: the same draws as `lock_step`."""
    low, half = np.uint64(0xFFFFFFFF), np.uint64(32)
    counter, state = np.zeros(ABREAST, np.uint64), np.zeros(ABREAST, np.int32)
    length = np.zeros(ABREAST, np.int64)
    for first in range(0, len(key), ABREAST):
        lanes, longest = min(ABREAST, len(key) - first), 0
        for i in range(lanes):
            e = first + i
            counter[i], state[i] = key[e] + GOLDEN, first_state[e]
            length[i] = start[e + 1] - start[e]
            longest = max(longest, length[i])
        for t in range(longest):
            for i in range(lanes):
                if t < length[i]:
                    counter[i] += GOLDEN
                    z = counter[i]
                    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
                    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
                    z = z ^ (z >> np.uint64(31))
                    row_bits = row[np.uint32(state[i])]
                    drawn_slot = (((z >> half) * (row_bits & low)) >> half) + (row_bits >> half)
                    entry_bits = slot[drawn_slot]
                    own = (z & low) < (entry_bits >> half)
                    chosen = np.uint32(drawn_slot if own else entry_bits & low)
                    entry[start[first + i] + t] = chosen
                    state[i] = next_state[chosen]
