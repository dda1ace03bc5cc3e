"""Mutations: of bytes, and of what a document or a table holds."""

import math
import random
from typing import Any

from tests.test_escapes import SIGNS

RAW_NUMBERS = ("1e350", "-1e350", "1e-400", "NaN", "Infinity", "0x10", "01", "1_000", "+1", ".5")
"""Numbers as they stand in the text; an object holds them as texts between two @."""


def nested(depth: int) -> Any:
    value: Any = 1
    for level in range(depth):
        value = {"a": value} if level % 7 == 3 else [value]
    return value


HOSTILE: tuple[Any, ...] = (
    None, True, False, "", " ", "x", "nan", "1", "3/4", "1/0", "1e5", "null", "a,b\n\"c", "'", "#",
    math.nan, math.inf, -math.inf, -0.0, 0.1, 1e308, -1e308, 5e-324, 1e-300,
    0, 1, -1, 2, 2**31, 2**53 + 1, 2**63, 2**64, -(2**63) - 1, 10**25, 10**350, -(10**350),
    [], {}, [[]], [None], [math.nan], [1, "a"], ["a", ["b"]], {"a": {"b": 1}}, {"": 1}, {"a": None},
    nested(5), nested(63), nested(70), nested(300), list(range(300)), "a" * 100_000, "é" * 3000,
    "(a+)+$", "((((a|a)*)*)*)*c", "(" * 300, "[", "\\", "gym:os:x", "../../etc/passwd", "-", "*",
    "=cmd|calc!A0", "[bold]x[/bold]", "%s{}", "2026-11-28", "yes", "~", "@", "&a", "\ud800",
    *SIGNS.values(), *(f"@{number}@" for number in RAW_NUMBERS),
)  # fmt: skip
WORDS = (
    b"[", b"]", b"{", b"}", b'"', b",", b":", b"\n", b"\r\n", b"\0", b"\xff", b"\xef\xbb\xbf",
    b"nan", b"1e350", b"-1", b"- ", b"&a ", b"*a", b"\\u0000", b"\\ud800", b"null", b"\t", b"'",
    b"%", b"---\n", b"? ", b"!!int ", b"<<: ", b"9" * 400, b"[" * 90, b" " * 5000,
)  # fmt: skip


def mutated_bytes(data: bytes, other: bytes, rng: random.Random) -> bytes:
    """Return data after a few flips, cuts, inserts, repetitions, or a splice with another file."""
    for _ in range(rng.choice((1, 1, 2, 4))):
        start, end = sorted(rng.randrange(len(data) + 1) for _ in range(2))
        match rng.randrange(7):
            case 0 if data:
                place = rng.randrange(len(data))
                flipped = bytes([data[place] ^ 1 << rng.randrange(8)])
                data = data[:place] + flipped + data[place + 1 :]
            case 1:
                data = data[:start] + data[min(end, start + 50) :]
            case 2:
                data = data[:start] if rng.random() < 0.5 else data[start:]
            case 3:
                data = data[:start] + data[start:end] * rng.choice((2, 3, 20)) + data[end:]
            case 4:
                data = data[:start] + other[rng.randrange(len(other) + 1) :]
            case _:
                data = data[:start] + rng.choice(WORDS) + data[start:]
    return data


def mutated(document: Any, other: Any, rng: random.Random) -> Any:
    """Return a copy of a document with one to three places that changed."""
    for _ in range(rng.choice((1, 1, 2, 3))):
        document = _changed(document, other, rng, depth=rng.choice((0, 1, 2, 3, 4, 4, 5, 5, 8)))
    return document


def _changed(document: Any, other: Any, rng: random.Random, depth: int) -> Any:
    """Return a copy of a document that changed in one place, at most so many levels down."""
    if depth and isinstance(document, dict | list) and document:
        places = list(document) if isinstance(document, dict) else range(len(document))
        place = rng.choice(places)
        copy = document.copy()
        action = rng.randrange(16)
        if action == 0:
            del copy[place]
        elif action == 1 and isinstance(copy, dict):
            copy[f"{place}{rng.choice(list(SIGNS.values()))}"] = copy[place]
        elif action == 2 and isinstance(copy, dict):
            copy[rng.choice(list(other) if isinstance(other, dict) and other else ["x", ""])] = 1
        elif action == 3 and isinstance(copy, list):
            copy *= rng.choice((2, 20))
        else:
            copy[place] = _changed(copy[place], other, rng, depth - 1)
        return copy
    return rng.choice(([document], [document, document], {"a": document}, other)) if (
        rng.random() < 0.15
    ) else rng.choice(HOSTILE)  # fmt: skip
