"""Random numbers by place: one stream an episode, independent of the order of the draws.

The number at place t of episode e is a hash of (seed, e, t). There is no generator with a state, so
threads, batches and implementations cannot change the numbers of an episode.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Words = NDArray[np.uint64]

GOLDEN = np.uint64(0x9E3779B97F4A7C15)
"""2^64 divided by the golden ratio: its multiples visit every number, and spread evenly."""

LARGEST_SEED = 2**63 - 1


def mix(words: Words) -> Words:
    """Return 64 random-looking bits for each number: a bijection where each bit changes half.

    The two compiled loops of `simulation.sampler` write the same lines out for one number, as a
    kernel cannot call a Python function.

    Source: Steele, Lea & Flood (2014), SplitMix, with the constants of Stafford's variant 13.
    """
    z = words ^ (words >> np.uint64(30))
    z *= np.uint64(0xBF58476D1CE4E5B9)
    z ^= z >> np.uint64(27)
    z *= np.uint64(0x94D049BB133111EB)
    z ^= z >> np.uint64(31)
    return z


def stream_keys(seed: int, episodes: NDArray[np.integer[Any]]) -> Words:
    """Return the key of each episode's stream.

    Another bijection than `mix` makes them (that of MurmurHash3), so that no stream is a piece of
    the list of keys. Of n episodes with t steps each, two share a piece of their streams with
    probability n² t / 2^64 at the most: one in 10^5 for 10^6 episodes of 100 steps.

    Args:
        seed: 0 to 2^63 − 1.
        episodes: [E] their numbers.
    """
    own = mix(np.array([seed], dtype=np.uint64) + GOLDEN)
    z: Words = episodes.astype(np.uint64) * GOLDEN + own
    z ^= z >> np.uint64(33)
    z *= np.uint64(0xFF51AFD7ED558CCD)
    z ^= z >> np.uint64(33)
    z *= np.uint64(0xC4CEB9FE1A85EC53)
    z ^= z >> np.uint64(33)
    return z


def draw(key: Words, place: int | NDArray[np.integer[Any]]) -> Words:
    """Return the 64 bits at a place of each stream.

    Args:
        key: [E] of `stream_keys`.
        place: 0 for draws before the first step, t for step t = 1, 2, ...; one number, or [E].
    """
    return mix(key + (np.atleast_1d(place).astype(np.uint64) + np.uint64(1)) * GOLDEN)


def any_seed() -> int:
    """Return a seed from the operating system, short enough to be typed."""
    import secrets

    return secrets.randbelow(2**32)


def drawn_index(cumulative: list[float], word: int) -> int:
    """Return the index of an entry drawn by 64 random bits, from cumulative probabilities."""
    last = bisect_left(cumulative, cumulative[-1])  # with a positive probability
    return min(bisect_right(cumulative, word / 2.0**64 * cumulative[-1]), last)
