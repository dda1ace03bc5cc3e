"""Simulations from shards, which are blocks of episodes: `rlcalc simulate --rows summary`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from rlcalc.environments.load import load_world
from rlcalc.errors import InputError
from rlcalc.numerics.merge import merged
from rlcalc.partials import Shard
from rlcalc.readers.read_request import ReadRequest
from rlcalc.result import Result
from rlcalc.simulation.play import Play, prepare_play
from rlcalc.simulation.request import PlayRequest
from rlcalc.simulation.sampler import BLOCK
from rlcalc.simulation.statistics import EpisodeStatistics

MOST_SHARDS = 1 << 16
"""Shards of a simulation; each has as many blocks of episodes as keep their number below this."""


@dataclass(frozen=True)
class ShardStatistics:
    """The statistics of the episodes of some shards."""

    episodes: EpisodeStatistics

    def merge(self, later: ShardStatistics) -> ShardStatistics:
        """Return the statistics of these shards and of later ones."""
        return ShardStatistics(self.episodes.merge(later.episodes))

    def shifted(self, shards: int) -> ShardStatistics:
        """Return the same: nothing is counted by shard."""
        return self


@dataclass(frozen=True)
class SimulationQuestion:
    """What the gains and lengths of episodes are."""

    world: str  # JSON: the source, its settings, how to read it, and the request to simulate it

    def part(self, shard: Shard) -> ShardStatistics:
        """Return the statistics of the episodes of one shard."""
        play = play_of(self.world)
        size = blocks_of_a_shard(play.request.episodes)
        blocks = slice(shard.number * size, (shard.number + 1) * size)
        total = merged(play.statistics(blocks))
        assert total is not None
        return ShardStatistics(total)

    def finish(self, part: ShardStatistics, shards: Sequence[Shard]) -> Result:
        """Return the answer of all episodes."""
        return play_of(self.world).summary_of(part.episodes)


@lru_cache(maxsize=2)
def play_of(world: str) -> Play:
    """Return a simulation, which a worker prepares once.

    Args:
        world: as in `SimulationQuestion`.

    Raises:
        InputError: the source is not a model whose episodes are simulated block by block.
    """
    plain = json.loads(world)
    source, settings = plain.pop("source"), plain.pop("settings", None)
    play = prepare_play(load_world(source, read_request_of(plain), settings), PlayRequest(**plain))
    play.require_summary()
    if play.simulation is None:
        raise InputError(
            f"{play.title} is played from its first episode to its last, so it has no shards",
            fix="leave out --engine and --partial",
        )
    return play


def read_request_of(plain: dict[str, Any]) -> ReadRequest:
    """Take how a model is read from plain arguments, and return it."""
    columns = plain.pop("columns", None)
    return ReadRequest(plain.pop("kind", None), columns or {}, max_size=plain.pop("max_size", None))


def blocks_of_a_shard(episodes: int) -> int:
    """Return how many blocks of episodes a shard has: a power of 2.

    >>> [blocks_of_a_shard(n) for n in (1, 2**28, 2**28 + 1)]
    [1, 1, 2]
    """
    blocks = -(-episodes // BLOCK)
    return 1 << (-(-blocks // MOST_SHARDS) - 1).bit_length()


def shards_of(episodes: int) -> int:
    """Return how many shards the episodes have.

    >>> [shards_of(n) for n in (1, 4096, 4097, 10**12)]
    [1, 1, 2, 59605]
    """
    return -(-episodes // (BLOCK * blocks_of_a_shard(episodes)))
