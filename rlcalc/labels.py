"""Labels: the names of states and actions, numbered in the order in which they were met."""

from __future__ import annotations

import math
from collections.abc import Iterable
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rlcalc.numerics.arrays import Codes, Ints

Label = str | int | float


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
        return np.fromiter(map(self.code, texts), np.int32)

    def named(self, codes: NDArray[np.integer[Any]]) -> NDArray[Any]:
        """Return the labels of numbers, as they are shown."""
        names = self.names()
        numbers = {type(name) for name in names} in ({int}, {float})
        chosen: NDArray[Any] = np.array(names, dtype=None if numbers else object)[codes]
        return chosen

    def names(self) -> list[Label]:
        """Return the labels as they are shown: numbers if nobody wrote them as text, else text."""
        if self.textual:
            return list(self.texts)
        for kind in (int, float):
            try:
                numbers = [kind(text) for text in self.texts]
            except ValueError:
                continue
            finite = all(math.isfinite(number) for number in numbers)
            if finite and [str(number) for number in numbers] == self.texts:
                return list(numbers)
        return list(self.texts)


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
