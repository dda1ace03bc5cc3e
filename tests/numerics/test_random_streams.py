"""Streams are as good as independent uniform numbers: within an episode, and across episodes."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from rlcalc.numerics.random_streams import GOLDEN, draw, drawn_index, mix, stream_keys

EPISODES, PLACES = 1000, 300
WORD = 2**64


def words(seed: int) -> np.ndarray:
    """[episodes, places]"""
    key = stream_keys(seed, np.arange(EPISODES))
    return draw(key[:, None], np.arange(PLACES)[None, :])


def splitmix(key: int, place: int) -> int:
    """The published generator, with Python's whole numbers: the state moves by GOLDEN each time."""
    z = (key + (place + 1) * int(GOLDEN)) % WORD
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9 % WORD
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB % WORD
    return z ^ (z >> 31)


def test_the_published_numbers_come_out() -> None:
    """SplitMix64 with seed 1234567, as its authors' reference program prints them."""
    known = [6457827717110365317, 3203168211198807973, 9817491932198370423]

    assert draw(np.array([1234567], dtype=np.uint64), np.arange(3)).tolist() == known


@given(st.integers(0, WORD - 1), st.integers(0, 10**6))
def test_a_draw_hangs_on_its_key_and_place_alone(key: int, place: int) -> None:
    assert draw(np.array([key], dtype=np.uint64), place).tolist() == [splitmix(key, place)]


@given(st.integers(0, 2**63 - 1), st.integers(0, 10**9))
def test_the_key_of_an_episode_does_not_hang_on_the_others(seed: int, episode: int) -> None:
    both = stream_keys(seed, np.array([episode, episode + 1]))

    assert stream_keys(seed, np.array([episode + 1]))[0] == both[1]
    assert both[0] != both[1]


@pytest.mark.parametrize("seed", [0, 1, 2**63 - 1])
@pytest.mark.parametrize("shift", range(0, 64, 8))
def test_every_byte_is_uniform(seed: int, shift: int) -> None:
    """Chi-square over 256 values: of 24 such tests at 10^-5, one fails in 4,000 runs."""
    byte = (words(seed) >> np.uint64(shift)) & np.uint64(255)

    assert stats.chisquare(np.bincount(byte.ravel().astype(int), minlength=256)).pvalue > 1e-5


@pytest.mark.parametrize("seed", [0, 7])
@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize("high", [True, False])
def test_neighbours_do_not_know_each_other(seed: int, axis: int, high: bool) -> None:
    """Pairs of 4 bits each, one place apart in an episode or one episode apart at a place."""
    part = (words(seed) >> np.uint64(60 if high else 28)) & np.uint64(15)
    one, two = np.delete(part, -1, axis), np.delete(part, 0, axis)
    pairs = (one * np.uint64(16) + two).ravel().astype(int)

    assert stats.chisquare(np.bincount(pairs, minlength=256)).pvalue > 1e-5


def test_seeds_that_lie_together_give_streams_that_do_not() -> None:
    one, two = words(1), words(2)
    flipped = np.bitwise_count(one ^ two).astype(float)

    assert not np.intersect1d(one, two).size
    assert flipped.mean() == pytest.approx(32, abs=5 * 4 / np.sqrt(one.size))


def test_means_of_episodes_spread_as_those_of_independent_numbers() -> None:
    """A sum over an episode is normal; its variance over episodes is that of uniform numbers."""
    unit = words(3) / WORD
    means = (unit.mean(axis=1) - 0.5) * np.sqrt(12 * PLACES)

    assert stats.kstest(means, "norm").pvalue > 1e-4


def test_a_bit_of_the_input_turns_half_of_the_output() -> None:
    given = np.arange(1, 2001, dtype=np.uint64) * np.uint64(0x9E37_79B9)
    for bit in range(64):
        turned = np.bitwise_count(mix(given) ^ mix(given ^ np.uint64(1 << bit)))

        assert turned.mean() == pytest.approx(32, abs=1)


def test_an_index_is_drawn_where_the_cumulative_probability_passes() -> None:
    """A word of 64 bits is a share of 2^64; an entry without probability is never drawn."""
    cumulative = [0.25, 0.25, 1.0, 1.0]
    words = [0, 2**61, 2**62, 2**63, 2**64 - 1]

    assert [drawn_index(cumulative, word) for word in words] == [0, 0, 2, 2, 2]
