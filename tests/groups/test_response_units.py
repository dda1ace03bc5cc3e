"""Units: cut as a reader would cut them, and sorted so that equal beginnings stand together."""

import json
from itertools import pairwise

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlcalc.errors import UsageError
from rlcalc.groups.prefix_tree import common_bytes
from rlcalc.groups.response_units import (
    END,
    Characters,
    ResponseUnits,
    TokenIds,
    Turns,
    Words,
    contents,
    turns,
    units_of_texts,
)
from rlcalc.tokens import Tokens

TEXTS = st.lists(st.text("ab \n\x00\x05é\u2003", max_size=8), min_size=1, max_size=8)


def common(units: ResponseUnits, one: bytes, other: bytes) -> int:
    return units.common(one, other, common_bytes(one, other))


def pieces(text: str) -> list[str]:
    """Words with the blanks before them, character by character."""
    words: list[str] = []
    for before, sign in zip([" ", *text], text, strict=False):
        begins = not words or (sign in " \t\n\v\f\r") > (before in " \t\n\v\f\r")
        words = [*words, sign] if begins else [*words[:-1], words[-1] + sign]
    return [word for word in words if word.strip(" \t\n\v\f\r")]


def shared(one: list[str], other: list[str]) -> int:
    n = min(len(one), len(other))
    return next((k for k in range(n) if one[k] != other[k]), n)


@given(TEXTS)
def test_words_shared_by_neighbours_are_those_of_a_reader(texts: list[str]) -> None:
    units = Words(pl.Series(texts))
    keys = units.keys(np.arange(len(texts)))
    cut = dict(zip(keys, map(pieces, texts), strict=True))

    for one, other in pairwise(sorted(keys)):
        assert common(units, one, other) == shared(cut[one], cut[other])
    assert [units.size(key) for key in keys] == [len(pieces(text)) for text in texts]


@given(TEXTS)
def test_equal_beginnings_stand_together(texts: list[str]) -> None:
    """In the sorted order, what shares most with a text is its neighbour."""
    for kind in (Words, Characters):
        units = kind(pl.Series(texts))
        keys = sorted(set(units.keys(np.arange(len(texts)))))
        for place, key in enumerate(keys):
            near = [common(units, key, other) for other in keys[place + 1 :]]
            assert near == sorted(near, reverse=True)


def test_units_are_shown_as_they_were_written() -> None:
    words = Words(pl.Series(["so  it is\n", "so"]))
    (key, short) = words.keys(np.array([0, 1]))
    assert (words.at(key, 2), words.at(key, 3), words.prefix(key, 2)) == ("is", END, "so it")
    assert common(words, key, short) == 1

    signs = Characters(pl.Series(["añ\U0001f600"]))
    (key,) = signs.keys(np.array([0]))
    assert (signs.size(key), signs.at(key, 2), signs.prefix(key, 2)) == (3, "\U0001f600", "añ")


def test_of_a_long_prefix_the_end_is_shown() -> None:
    signs = Characters(pl.Series(["x" * 100 + "y" * 5]))
    prefix = signs.prefix(signs.keys(np.array([0]))[0], 105)
    assert (len(prefix), prefix[0], prefix[-6:]) == (60, "…", "xyyyyy")
    words = Words(pl.Series(["a " + "w" * 100]))
    assert len(words.at(words.keys(np.array([0]))[0], 1)) == 60


def test_neither_prompt_nor_padding_is_a_token() -> None:
    tokens = Tokens.from_arrays(
        token=np.array([[9, 9, 1, 2, 0], [9, 9, 1, 3, 4], [0, 0, 0, 0, 0]]),
        mask=[[0, 0, 1, 1, 0], [0, 0, 1, 0, 1], [0, 0, 0, 0, 0]],
    )
    units = TokenIds(tokens, np.array([1, 0, 2]))
    keys = units.keys(np.arange(3))

    assert [units.units(key, 0, 9) for key in keys] == [["1", "3", "4"], ["1", "2"], []]
    assert common(units, keys[0], keys[1]) == 1


@pytest.mark.parametrize("token", [["a", "b"], [-1, 2**40]])
def test_tokens_may_be_texts_and_any_numbers(token: list[object]) -> None:
    units = TokenIds(Tokens.from_arrays(token=[token]), None)
    assert units.units(units.keys(np.array([0]))[0], 0, 2) == [str(one) for one in token]


def test_turns_are_messages_with_those_of_prompts_that_differ() -> None:
    def chat(*texts: str) -> str:
        return json.dumps([{"role": "assistant", "content": text} for text in texts])

    one, other = chat("look"), chat("go")
    same = Turns(pl.Series([one, other]), pl.Series(["q", "q"])).keys(np.arange(2))
    units = Turns(pl.Series([one, other]), pl.Series([chat("x", "y"), chat("x")]))
    keys = units.keys(np.arange(2))

    assert [len(key) for key in same] == [4, 4]
    assert units.units(keys[0], 0, 3) == ["assistant: x", "assistant: y", "assistant: look"]
    assert common(units, *keys) == 1
    calls = [json.dumps([{"role": "tool", "tool_call_id": i, "content": "4"}]) for i in "xy"]
    assert turns(calls[0]) == turns(calls[1]) == ["tool: 4"]
    assert turns("plain") == ["plain"]
    assert contents("[{not json") == "[{not json"
    assert contents('[{"role": "tool", "content": null}]') == ""


def test_the_kind_of_texts_is_seen_or_named() -> None:
    several = pl.Series(['[{"content": "a"}, {"content": "b"}]'])
    assert units_of_texts(None, several, None).name == "turns"
    assert units_of_texts(None, pl.Series(["a b"]), None).name == "words"
    assert units_of_texts("characters", several, None).name == "characters"
    with pytest.raises(UsageError, match="no such units"):
        units_of_texts("letters", several, None)
