"""What responses are made of: words, characters, token ids or turns, as bytes that sort by them.

Of two responses in the order of their bytes, those that begin with the same units stand together;
the tree of prefixes follows from that order alone.
"""

from __future__ import annotations

import json
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from rlcalc.errors import UsageError
from rlcalc.numerics.arrays import Ints
from rlcalc.tokens import Tokens

END = "(end)"
"""The unit that stands for the end of a response."""
SHOWN = 60
"""Characters of a prefix that are shown, its last ones, and of a turn."""


class ResponseUnits(ABC):
    """The responses of all rollouts, cut into units."""

    name = ""

    @abstractmethod
    def keys(self, places: Ints) -> list[bytes]:
        """Return the bytes of some responses."""

    @abstractmethod
    def common(self, key: bytes, other: bytes, n_bytes: int) -> int:
        """Return the units that two responses begin with, which share their first bytes."""

    @abstractmethod
    def size(self, key: bytes) -> int:
        """Return the number of units of a response."""

    @abstractmethod
    def units(self, key: bytes, first: int, end: int) -> list[str]:
        """Return the units of a response from `first` up to, not including, `end`."""

    def prefix(self, key: bytes, depth: int) -> str:
        """Return how the first `depth` units of a response end."""
        text = self.joined(self.units(key, max(depth - SHOWN, 0), depth))
        return text if len(text) <= SHOWN and depth <= SHOWN else f"…{text[1 - SHOWN :]}"

    def joined(self, units: Sequence[str]) -> str:
        """Return units as one text."""
        return " ".join(units)

    def at(self, key: bytes, depth: int) -> str:
        """Return the unit that follows the first `depth` units."""
        return _short(next(iter(self.units(key, depth, depth + 1)), END))


class FixedWidth(ResponseUnits):
    """Units of the same number of bytes each."""

    width = 4

    def common(self, key: bytes, other: bytes, n_bytes: int) -> int:
        """Return the units of which all bytes are shared."""
        return n_bytes // self.width

    def size(self, key: bytes) -> int:
        """Return the number of units of a response."""
        return len(key) // self.width


class Texts(ResponseUnits):
    """Responses that are texts; of messages in JSON, the texts are their contents."""

    def __init__(self, texts: Any) -> None:
        self.texts = texts

    def keys(self, places: Ints) -> list[bytes]:
        """Return the bytes of some responses."""
        return [self.key(contents(text)) for text in self.texts.gather(places).to_list()]

    @abstractmethod
    def key(self, text: str) -> bytes:
        """Return the bytes of a text."""


BLANKS = b"\t\n\v\f\r "
_LOWEST = bytes(range(len(BLANKS)))
BLANKS_FIRST = bytes.maketrans(BLANKS + _LOWEST, _LOWEST + BLANKS)
"""Blanks and the lowest bytes change places, so that a word sorts before its continuations."""


class Words(Texts):
    """Words with the blanks before them; those at the end of a text count as nothing."""

    name = "words"

    def key(self, text: str) -> bytes:
        """Return the bytes of a text, in which blanks are the lowest."""
        return text.encode("utf-8", "surrogatepass").rstrip(BLANKS).translate(BLANKS_FIRST)

    def common(self, key: bytes, other: bytes, n_bytes: int) -> int:
        """Return the words that end among the shared bytes, in both texts."""
        n = self.size(key[:n_bytes])
        ends = not n_bytes or key[n_bytes - 1] < len(BLANKS)
        both = all(len(one) == n_bytes or one[n_bytes] < len(BLANKS) for one in (key, other))
        return n if ends or both else n - 1

    def size(self, key: bytes) -> int:
        """Return the number of words of a text."""
        return len(key.translate(BLANKS_FIRST).split())

    def units(self, key: bytes, first: int, end: int) -> list[str]:
        """Return words, without the blanks around them."""
        words = key.translate(BLANKS_FIRST).split(None, end)[first:end]
        return [word.decode("utf-8", "surrogatepass") for word in words]


class Characters(FixedWidth, Texts):
    """Characters, each as its code point."""

    name = "characters"

    def key(self, text: str) -> bytes:
        """Return the code points of a text."""
        return text.encode("utf-32-be", "surrogatepass")

    def units(self, key: bytes, first: int, end: int) -> list[str]:
        """Return characters."""
        return list(key[first * 4 : end * 4].decode("utf-32-be", "surrogatepass"))

    def joined(self, units: Sequence[str]) -> str:
        """Return characters as one text."""
        return "".join(units)


class TokenIds(FixedWidth):
    """Tokens from the first to the last that counts: neither the prompt nor the padding."""

    name = "tokens"

    def __init__(self, tokens: Tokens, row: Ints | None) -> None:
        assert tokens.token is not None
        self.row = np.arange(len(tokens)) if row is None else row
        self.labels = None
        code = tokens.token
        if code.dtype.kind not in "iu" or (len(code) and not 0 <= code.min() <= code.max() < 2**31):
            self.labels, code = np.unique(code, return_inverse=True)
        self.code = code.astype(">u4")
        self.begin, self.end = tokens.start[:-1], tokens.start[1:]
        if not tokens.mask.all():
            counted = np.append(np.flatnonzero(tokens.mask), 0)
            edge = np.searchsorted(counted[:-1], tokens.start)
            some = edge[1:] > edge[:-1]
            self.begin = np.where(some, counted[edge[:-1]], 0)
            self.end = np.where(some, counted[edge[1:] - 1] + 1, 0)

    def keys(self, places: Ints) -> list[bytes]:
        """Return the ids of some responses."""
        rows = self.row[places]
        spans = zip(self.begin[rows].tolist(), self.end[rows].tolist(), strict=True)
        return [self.code[begin:end].tobytes() for begin, end in spans]

    def units(self, key: bytes, first: int, end: int) -> list[str]:
        """Return ids, or the texts that were logged in their place."""
        codes = np.frombuffer(key, ">u4")[first:end].astype(np.int64)
        return [str(one) for one in (codes if self.labels is None else self.labels[codes])]


class Turns(FixedWidth):
    """Messages; where the prompts of a tree differ, theirs too, as they hold earlier turns."""

    name = "turns"

    def __init__(self, texts: Any, questions: Any = None) -> None:
        self.texts, self.questions = texts, questions
        self.number: dict[str, int] = {}
        self.messages: list[str] = []

    def keys(self, places: Ints) -> list[bytes]:
        """Return the numbers of the messages of some rollouts."""
        texts = self.texts.gather(places).to_list()
        before: list[list[str]] = [[]] * len(texts)
        if self.questions is not None:
            questions = self.questions.gather(places).to_list()
            if len(set(questions)) > 1:
                before = [turns(question or "") for question in questions]
        codes = [
            [self._code(turn) for turn in (*earlier, *turns(text))]
            for earlier, text in zip(before, texts, strict=True)
        ]
        return [np.array(code, ">u4").tobytes() for code in codes]

    def _code(self, turn: str) -> int:
        if turn not in self.number:
            self.number[turn] = len(self.messages)
            self.messages.append(turn)
        return self.number[turn]

    def units(self, key: bytes, first: int, end: int) -> list[str]:
        """Return how messages begin, with their roles."""
        codes = np.frombuffer(key, ">u4")[first:end].tolist()
        return [_short(" ".join(self.messages[code].split())) for code in codes]

    def joined(self, units: Sequence[str]) -> str:
        """Return messages as one text."""
        return " | ".join(units)


def _short(text: str) -> str:
    return text if len(text) <= SHOWN else f"{text[: SHOWN - 1]}…"


def messages_of(text: str) -> list[Mapping[str, Any]] | None:
    """Return the messages of a chat in JSON; None: the text is not a chat."""
    if not re.match(r"\[\s*\{", text):
        return None
    try:
        messages = json.loads(text)
    except ValueError:
        return None
    return messages if all(isinstance(one, dict) for one in messages) else None


def contents(text: str) -> str:
    """Return the contents of a chat below each other; a text that is not a chat as it is.

    >>> contents('[{"role": "assistant", "content": "2"}]')
    '2'
    """
    messages = messages_of(text)
    if messages is None or not all("content" in one or "value" in one for one in messages):
        return text
    return "\n".join(map(_content, messages))


def _content(message: Mapping[str, Any]) -> str:
    content = message.get("content", message.get("value"))
    if content is None or isinstance(content, str):
        return content or ""
    return json.dumps(content, ensure_ascii=False)


def turns(text: str) -> list[str]:
    """Return the messages of a chat, each as its role and the rest; a text is one turn.

    >>> turns('[{"role": "assistant", "content": "2"}, {"role": "tool", "content": "ok"}]')
    ['assistant: 2', 'tool: ok']
    """
    messages = messages_of(text)
    if messages is None:
        return [text] if text else []
    return [_turn(message) for message in messages]


def _turn(message: Mapping[str, Any]) -> str:
    rest = {
        name: value
        for name, value in _without_ids(message).items()
        if name not in ("role", "from", "content", "value") and value
    }
    more = f" {json.dumps(rest, ensure_ascii=False, sort_keys=True)}" if rest else ""
    return f"{message.get('role', message.get('from'))}: {_content(message)}{more}"


def _without_ids(value: Any) -> Any:
    """Return a value of JSON without the ids of messages and calls, which are random."""
    if isinstance(value, list):
        return [_without_ids(one) for one in value]
    if not isinstance(value, dict):
        return value
    return {
        name: _without_ids(one)
        for name, one in value.items()
        if name not in ("id", "tool_call_id", "call_id")
    }


UNITS: dict[str, Callable[..., ResponseUnits]] = {
    "tokens": TokenIds,
    "words": Words,
    "characters": Characters,
    "turns": Turns,
}
"""The units by their name, as --by takes them."""


def units_of_texts(by: str | None, texts: Any, questions: Any) -> ResponseUnits:
    """Return the units of responses that are texts.

    Args:
        by: words, characters or turns; None: turns where a response has several, or prompts differ
            in earlier ones, else words.
        texts: [N] the responses, a Polars series.
        questions: [N] the prompts likewise; None: each group has one.

    Raises:
        UsageError: there are no such units.
    """
    if by is None:
        several = any(len(messages_of(text or "") or ()) > 1 for text in texts.head(100).to_list())
        earlier = () if questions is None else questions.head(100).to_list()
        several |= any(messages_of(question or "") is not None for question in earlier)
        by = "turns" if several else "words"
    if by == "turns":
        return Turns(texts, questions)
    if by not in ("words", "characters"):
        raise UsageError(
            f"by {by!r}: there are no such units in texts", fix="use words, characters or turns"
        )
    return Words(texts) if by == "words" else Characters(texts)
