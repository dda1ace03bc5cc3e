"""Labels: the names of states and actions, as one text each, and their numbers.

The one rule of labels, for every reader: a whole number is one label however it is written (0, 0.0,
-0.0 and 0e0), any other number is the shortest text that gives it back, and a number is the same
label as its text. A list is its elements, each by this rule. true and false are words.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rlcalc.numerics.arrays import Codes, Ints

Label = str | int | float

_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?")
_PLAIN_LIST = r"\[(?!-0[,\]])(?:-?(?:0|[1-9][0-9]*)(?:\.[0-9]*[1-9])?(?:,(?!-0[,\]])|(?=\])))+\]"
"""Lists of numbers that are written as `text_of_label` writes them."""


def text_of_label(value: Any) -> str:
    """Return the text of a label: equal labels have equal texts.

    Args:
        value: text, a number, true, false, or a list of these.

    >>> [text_of_label(value) for value in (0, -0.0, "0e0", 2.50, "2.50", True, "007", [1.0, "b"])]
    ['0', '0', '0', '2.5', '2.5', 'true', '007', '[1,"b"]']
    """
    if isinstance(value, str):
        return _text_of_text(value)
    if isinstance(value, float):
        return _text_of_number(value)
    if isinstance(value, list | tuple):
        return f"[{','.join(map(_text_of_element, value))}]"
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str)


def _text_of_text(text: str) -> str:
    first = text[:1]
    if first == "[":
        return _text_of_list(text)
    if not (first == "-" or first.isdecimal()):
        return text
    match = _NUMBER.fullmatch(text)
    if match is None:
        return text
    if match[1] is None and match[2] is None:
        return "0" if text == "-0" else text
    return _text_of_number(float(text)) if math.isfinite(float(text)) else text


def _text_of_number(number: float) -> str:
    if number.is_integer():
        return str(int(number))
    return repr(number) if math.isfinite(number) else json.dumps(number)


def _text_of_list(text: str) -> str:
    """Return the text of a list that is written as JSON; other text is its own label."""
    if re.fullmatch(_PLAIN_LIST, text):
        return text
    try:
        values = json.loads(text)
    except (ValueError, RecursionError):
        return text
    return text_of_label(values)


def _text_of_element(value: Any) -> str:
    """Return an element of a list: text is quoted, unless it is the text of a number."""
    text = text_of_label(value)
    quoted = isinstance(value, str) and not _NUMBER.fullmatch(text)
    return json.dumps(text, ensure_ascii=False) if quoted else text


def number_of_label(text: str) -> int | float | None:
    """Return the number that a label is, or None.

    >>> [number_of_label(text) for text in ("2", "2.5", "07", "a")]
    [2, 2.5, None, None]
    """
    if not _NUMBER.fullmatch(text):
        return None
    number = float(text) if "." in text or "e" in text else int(text)
    return number if text == repr(number) else None


class Labels:
    """The names of states or of actions, numbered from 0 in the order in which they were met.

    A name is the text of a label: the state 1 of a CSV file is the state 1 of a JSON file.
    """

    def __init__(self, texts: Iterable[str] = (), textual: bool = False) -> None:
        self.texts: list[str] = []
        self.textual = textual
        self._code: dict[str, int] = {}
        for text in texts:
            self.code(text)

    def __len__(self) -> int:
        return len(self.texts)

    def __contains__(self, text: str) -> bool:
        return text in self._code

    def code(self, text: str) -> int:
        """Return the number of a label, a new one if it was not met before."""
        code = self._code.setdefault(text, len(self.texts))
        if code == len(self.texts):
            self.texts.append(text)
        return code

    def encode(self, texts: Iterable[str]) -> Codes:
        """Return the numbers of many labels, in their order."""
        several = list(texts)
        new = dict.fromkeys(several)
        if self._code:
            new = dict.fromkeys(text for text in new if text not in self._code)
        self._code.update(zip(new, range(len(self.texts), len(self.texts) + len(new)), strict=True))
        self.texts += new
        return np.fromiter(map(self._code.__getitem__, several), np.int32, len(several))

    def named(self, codes: NDArray[np.integer[Any]]) -> NDArray[Any]:
        """Return the labels of numbers, as they are shown."""
        names = self.names()
        numbers = {type(name) for name in names} in ({int}, {float})
        chosen: NDArray[Any] = np.array(names, dtype=None if numbers else object)[codes]
        return chosen

    def first_texts(self, codes: Ints) -> list[object]:
        """Return the labels of the first few of some numbers, as text."""
        return [self.texts[code] for code in codes[:8]]

    def names(self) -> list[Label]:
        """Return the labels as they are shown: numbers if nobody wrote them as text, else text."""
        if self.textual:
            return list(self.texts)
        numbers = [number for text in self.texts if (number := number_of_label(text)) is not None]
        return list(numbers if len(numbers) == len(self.texts) else self.texts)


class Numbers(Labels):
    """Labels that are whole numbers, in rising order: as text only where that is asked for."""

    def __init__(self, values: Ints) -> None:
        self.values = values
        self.textual = False

    @cached_property
    def texts(self) -> list[str]:  # type: ignore[override]
        """The labels as text."""
        return [str(value) for value in self.values.tolist()]

    @cached_property
    def _code(self) -> dict[str, int]:  # type: ignore[override]
        return {text: code for code, text in enumerate(self.texts)}

    def __len__(self) -> int:
        return len(self.values)

    def names(self) -> list[Label]:
        """Return the numbers."""
        return list(self.values.tolist())

    def named(self, codes: NDArray[np.integer[Any]]) -> NDArray[Any]:
        """Return the numbers of codes."""
        numbers: NDArray[Any] = self.values[codes]
        return numbers


ROWS = 1 << 18
"""Rows to work on at a time: what fits a cache needs no new memory."""


def encoded_labels(*columns: NDArray[Any]) -> tuple[tuple[Codes, ...], Numbers]:
    """Return columns of whole numbers as codes of the numbers that are there, in rising order."""
    low = min(int(column.min()) for column in columns)
    high = max(int(column.max()) for column in columns)
    if high - low > 4 * sum(map(len, columns)) + 1024:
        values = np.unique(np.concatenate([np.unique(column) for column in columns]))
        return tuple(np.searchsorted(values, c).astype(np.int32) for c in columns), Numbers(values)
    there = np.zeros(high - low + 1, dtype=bool)
    for column in columns:
        for part in _parts(column):
            there[part.astype(np.int64) - low] = True
    values = np.flatnonzero(there) + low
    if low or not there.all():
        code = np.cumsum(there, dtype=np.int32) - 1
        for column in columns:
            for part in _parts(column):
                part[:] = code[part.astype(np.int64) - low]
    return tuple(column.astype(np.int32, copy=False) for column in columns), Numbers(values)


def _parts(column: NDArray[Any]) -> Iterator[NDArray[Any]]:
    return (column[first : first + ROWS] for first in range(0, len(column), ROWS))
