"""Keys of JSON lines, looked at in their bytes: which lines must be parsed to know all columns.

Polars passes over keys that it does not expect, and takes one of two equal ones. A key ends in a
quote and a colon, and a quote inside a text has a backslash before it: no parser is needed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from typing import Any

import numpy as np

from rlcalc.numerics.arrays import Flags, Ints

WIDTH = 8
"""Bytes of a key that are compared at once: its last ones."""
PIECE = 1 << 19
LONG = 1 << 20
"""Bytes of a text of which only both ends are looked at, where the rest seems to be like them."""
Words = Any  # arrays of uint64
ONES = np.uint64(0x0101010101010101)
QUOTES, HIGH, LOW = ONES * np.uint64(ord('"')), ONES * np.uint64(0x80), ONES * np.uint64(0x7F)


def unusual_lines(text: bytes, known: Collection[bytes], once: Collection[bytes]) -> Ints:
    """Return the numbers, from 0, of lines with keys that are not known, or that stand there twice.

    If all lines have the keys of the first in its order, the others are not looked at. Of a long
    text only both ends are, if it has as many keys as its lines would then have: 1.3 ms of 8 MB,
    not 4.5. What is missed then are other keys amid the text, as many as are lacking there.

    Args:
        text: whole lines, of which one has text.
        known: keys, as they are written between their quotes.
        once: those of them that are looked for a second time in a line.
    """
    if len(text) > LONG and _ends_are_like_all(text, known, once):
        return np.array([], dtype=np.int64)
    data = np.frombuffer(text, dtype=np.uint8)
    colon, word, spaced = _ends_of_keys(text, data)
    begin = len(text) - len(text.lstrip())
    end = text.find(b"\n", begin) % (len(text) + 1)
    first = int(np.count_nonzero(data[:begin] == ord("\n")))
    n_keys = int(np.searchsorted(colon, end))
    keys = [_key(text, int(place)) for place in colon[:n_keys]]
    if not len(spaced) and _all_alike(text, colon, word, keys):
        new = set(keys) - set(known) or any(keys.count(key) > 1 for key in once)
        return np.array([first] if new else [], dtype=np.int64)
    id_of_key = {key: number for number, key in enumerate(known)}
    number = _numbers(text, colon, word, id_of_key)
    line_ends = np.flatnonzero(data == ord("\n"))
    line = np.searchsorted(line_ends, colon)
    odd = [line[number < 0]]
    for key in once:
        at = line[number == id_of_key.get(key, -1)]
        odd.append(at[1:][at[1:] == at[:-1]])
    odd.append(np.searchsorted(line_ends, spaced))
    return np.flatnonzero(np.bincount(np.concatenate(odd)))


def _ends_are_like_all(text: bytes, known: Collection[bytes], once: Collection[bytes]) -> bool:
    """Whether both ends of a text have usual lines alone, and the rest as many keys a line."""
    first = text.rfind(b"\n", 0, LONG // 4) + 1
    last = text.find(b"\n", len(text) - LONG // 4) + 1
    if not first or not last:
        return False
    if len(unusual_lines(text[:first], known, once)) or len(
        unusual_lines(text[last:], known, once)
    ):
        return False
    n_all, n_first = _count(text, b'":'), _count(text[:first], b'":')
    n_lines = np.count_nonzero(np.frombuffer(text, dtype=np.uint8) == ord("\n"))
    n_lines += not text.endswith(b"\n")
    return n_all * text.count(b"\n", 0, first) == n_first * int(n_lines)


def _count(text: bytes, two: bytes) -> int:
    """Return how often two bytes stand in a text, one behind the other."""
    data, total = np.frombuffer(text, dtype=np.uint8), 0
    one, other = np.empty((2, min(len(data), PIECE)), dtype=bool)
    for begin in range(1, len(data), PIECE):
        n = min(PIECE, len(data) - begin)
        both = np.equal(data[begin : begin + n], two[1], out=one[:n])
        both &= np.equal(data[begin - 1 : begin - 1 + n], two[0], out=other[:n])
        total += int(np.count_nonzero(both))
    return total


def keys_of(line: bytes) -> list[bytes]:
    """Return the keys of a line, at any depth, as they are written between their quotes."""
    colon, _, spaced = _ends_of_keys(line, np.frombuffer(line, dtype=np.uint8))
    keys = [_key(line, int(place)) for place in colon]
    return keys + [_key(line, len(line[:place].rstrip())) for place in spaced.tolist()]


def _ends_of_keys(text: bytes, data: Any) -> tuple[Ints, Words, Ints]:
    """Return where colons behind keys are, the last bytes of the keys, and colons behind spaces.

    It goes piece by piece, so that a piece stays in the cache.
    """
    is_colon, is_quote = np.empty((2, min(len(data), PIECE)), dtype=bool)
    colons, spaced = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
    words = [np.empty(0, np.uint64)]
    for begin in range(1, len(data), PIECE):
        piece = data[begin : begin + PIECE]
        before, n = data[begin - 1 : begin - 1 + len(piece)], len(piece)
        colon_here = np.equal(piece, ord(":"), out=is_colon[:n])
        for blank in b" \t":
            behind_blank = np.equal(before, blank, out=is_quote[:n])
            behind_blank &= colon_here
            if behind_blank.any():
                spaced.append(_behind_spaces(data, np.flatnonzero(behind_blank) + begin))
        behind_quote = np.equal(before, ord('"'), out=is_quote[:n])
        behind_quote &= colon_here
        colon = np.flatnonzero(behind_quote) + begin
        word = _last_words(text, colon)
        escaped = word >> np.uint64(56) == ord("\\")
        if escaped.any():
            colon, word = colon[~escaped], word[~escaped]
        colons.append(colon)
        words.append(word)
    return np.concatenate(colons), np.concatenate(words), np.concatenate(spaced)


def _last_words(text: bytes, colon: Ints) -> Words:
    """Return the last bytes of the key before each colon."""
    near = int(np.searchsorted(colon, WIDTH + 1))
    word = _words(text)[np.maximum(colon - 1 - WIDTH, 0)] if len(text) >= WIDTH else colon * 0
    for place in range(near):
        head = text[: int(colon[place]) - 1][-WIDTH:].rjust(WIDTH)
        word[place] = int.from_bytes(head, "little")
    return word.astype(np.uint64, copy=False)


def _words(text: bytes) -> Words:
    """Return the word that begins at every byte."""
    return np.ndarray((max(len(text) - WIDTH + 1, 0),), "<u8", text, 0, (1,))


def _key(text: bytes, colon: int) -> bytes:
    return text[text.rfind(b'"', 0, colon - 1) + 1 : colon - 1]


def _all_alike(text: bytes, colon: Ints, word: Words, keys: list[bytes]) -> bool:
    """Whether all lines have these keys in this order."""
    n_keys = len(keys)
    if not n_keys or len(colon) % n_keys:
        return False
    length = np.array([len(key) for key in keys])
    blank = np.uint64(8) * np.maximum(WIDTH - 1 - length, 0).astype(np.uint64)
    mask = ~np.uint64(0) << blank  # of the key, and the quote before it
    if ((word.reshape(-1, n_keys) ^ word[:n_keys]) & mask).any():
        return False
    data, colons = np.frombuffer(text, dtype=np.uint8), colon.reshape(-1, n_keys)
    for place in np.flatnonzero(length >= WIDTH):
        opening = colons[:, place] - (2 + length[place])
        head = _words(text)[np.maximum(opening + 1, 0)]
        if (data[opening] != ord('"')).any() or (head != head[0]).any():
            return False
    before = data[colons[:, 0] - (3 + length[0])]  # the { of the line: no line has a second round
    return bool((before == before[0]).all())


def _numbers(text: bytes, colon: Ints, word: Words, id_of_key: dict[bytes, int]) -> Ints:
    """Return the number of the key at each colon; -1: it is not known."""
    number = np.full(len(colon), -1)
    if not id_of_key:
        return number
    data, words, word = np.frombuffer(text, dtype=np.uint8), _words(text), _from_the_quote(word)
    keys = sorted(id_of_key, key=lambda key: (_last_bytes(key), len(key)))
    known = np.array([_last_bytes(key) for key in keys], dtype=np.uint64)
    heads = [int.from_bytes(key[:WIDTH].ljust(WIDTH), "little") for key in keys]
    head = np.array(heads, dtype=np.uint64)
    length = np.array([len(key) for key in keys])
    numbers = np.array([id_of_key[key] for key in keys])
    place = np.searchsorted(known, word)
    for _ in range(max(Counter(known.tolist()).values())):  # keys that end alike
        at = np.minimum(place, len(known) - 1)
        opening = colon - 2 - length[at]
        same = (known[at] == word) & (opening >= 0) & (data[opening] == ord('"')) & (number < 0)
        long = np.flatnonzero(same & (length[at] > WIDTH))
        same[long] = words[opening[long] + 1] == head[at[long]]
        number[same] = numbers[at[same]]
        place = place + 1
    return number


def _from_the_quote(word: Words) -> Words:
    """Return words without the bytes before their last quote."""
    other = word ^ QUOTES
    zero = ~(((other & LOW) + LOW) | other | LOW)  # 0x80 in the bytes that are a quote
    for shift in (1, 2, 4, 8, 16, 32):
        zero |= zero >> np.uint64(shift)  # all bits below the last quote
    return word & ~(zero >> np.uint64(8))


def _last_bytes(key: bytes) -> int:
    return int.from_bytes((b'"' + key)[-WIDTH:].rjust(WIDTH, b"\0"), "little")


def _behind_spaces(data: Any, colon: Ints) -> Ints:
    """Return those colons whose spaces stand behind the quote of a key."""
    before = colon - 1
    while (blank := (before >= 0) & _is_blank(data[before])).any():
        before = before - blank
    behind: Flags = (data[before] == ord('"')) & (data[before - 1] != ord("\\"))
    return colon[behind]


def _is_blank(byte: Any) -> Flags:
    blank: Flags = (byte == ord(" ")) | (byte == ord("\t"))
    return blank
