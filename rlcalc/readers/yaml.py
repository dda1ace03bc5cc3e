"""YAML 1.2, read from libyaml's events: words stay words, aliases are shared, places are known."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

import yaml

from rlcalc.errors import InputError, shown
from rlcalc.readers.nesting import DEEPEST, too_deep

LARGEST = 100
"""Values that a document may stand for by its aliases, a byte of its text."""
SMALL = 10_000
"""Values that any document may stand for."""
Value = Any
Place = tuple[int, int]  # line and column, from 1

_INT = re.compile(r"[-+]?[0-9]+$|0o[0-7]+$|0x[0-9a-fA-F]+$")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$")
_WORDS: dict[str, Value] = {
    **dict.fromkeys(["", "~", "null", "Null", "NULL"]),
    **dict.fromkeys(["true", "True", "TRUE"], True),
    **dict.fromkeys(["false", "False", "FALSE"], False),
    **dict.fromkeys([".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"], float("inf")),
    **dict.fromkeys(["-.inf", "-.Inf", "-.INF"], float("-inf")),
    **dict.fromkeys([".nan", ".NaN", ".NAN"], float("nan")),
}


@dataclass
class Parsed:
    """Plain values, and where each of them stands."""

    value: Value = None
    places: dict[int, dict[Any, Place]] = field(default_factory=dict)  # of a container's entries


def line_of(
    value: Value, places: dict[int, dict[Any, Place]], path: tuple[int | str, ...]
) -> int | None:
    """Return the line of the value that a path leads to, or of the last one on the way."""
    line = None
    for step in path:
        place = places.get(id(value), {}).get(step)
        if place is None:
            break
        line, value = place[0], value[step]
    return line


def parse(text: str, name: str) -> Parsed:
    """Return the one document in a text.

    Raises:
        InputError: it is not YAML, has several documents, repeats a key, is nested too deeply, or
            its aliases stand for too much.
    """
    composer = _Composer(name, max(SMALL, LARGEST * len(text)))
    try:
        for event in yaml.parse(text, Loader=getattr(yaml, "CLoader", yaml.Loader)):
            composer.take(event)
    except yaml.YAMLError as error:
        raise _not_yaml(error, name) from error
    return composer.parsed


class _Composer:
    """Builds values from events, without recursion: what is open stands on a stack."""

    def __init__(self, name: str, most: int) -> None:
        self.name, self.most = name, most
        self.parsed = Parsed()
        self.stack: list[_Open] = []
        self.anchors: dict[str, tuple[Value, int]] = {}
        self.documents = 0

    def take(self, event: yaml.Event) -> None:
        mark = event.start_mark
        place = (mark.line + 1, mark.column + 1) if mark else (0, 0)
        if isinstance(event, yaml.DocumentStartEvent):
            self.documents += 1
            if self.documents > 1:
                raise InputError(
                    "a second document begins",
                    f"{self.name}, line {place[0]}",
                    fix="give one document a file",
                )
        elif isinstance(event, yaml.AliasEvent):
            if event.anchor not in self.anchors:
                raise InputError(
                    f"alias *{shown(event.anchor)} is inside its own value, or names nothing",
                    f"{self.name}, line {place[0]}",
                    fix="define it with & before it is used",
                )
            value, size = self.anchors[event.anchor]
            self._give(value, size, place, None)
        elif isinstance(event, yaml.ScalarEvent):
            value = resolve(event.value) if event.implicit[0] else event.value
            self._give(value, 1, place, event.anchor)
        elif isinstance(event, yaml.CollectionStartEvent):
            if len(self.stack) == DEEPEST:
                raise too_deep(f"{self.name}, line {place[0]}")
            empty: Value = {} if isinstance(event, yaml.MappingStartEvent) else []
            self.stack.append(_Open(empty, place, event.anchor))
        elif isinstance(event, yaml.CollectionEndEvent):
            done = self.stack.pop()
            self.parsed.places[id(done.value)] = done.places
            self._give(done.value, done.size, done.place, done.anchor)

    def _give(self, value: Value, size: int, place: Place, anchor: str | None) -> None:
        if anchor:
            self.anchors[anchor] = (value, size)
        if self.stack:
            self.stack[-1].add(value, place, size, self.name)
            if self.stack[-1].size > self.most:
                raise InputError(
                    f"aliases make the document stand for more than {self.most:,} values",
                    f"{self.name}, line {place[0]}",
                    f"a text may stand for {LARGEST} values a byte: write it with fewer aliases",
                )
        else:
            self.parsed.value = value


class _Open:
    """A list or mapping that is being read."""

    def __init__(self, value: list[Value] | dict[Value, Value], place: Place, anchor: str | None):
        self.value, self.place, self.anchor = value, place, anchor
        self.places: dict[Any, Place] = {}
        self.size = 1
        self.key: Value = None
        self.has_key = False

    def add(self, value: Value, place: Place, size: int, name: str) -> None:
        self.size += size
        if isinstance(self.value, list):
            self.places[len(self.value)] = place
            self.value.append(value)
        elif not self.has_key:
            if isinstance(value, list | dict):
                raise InputError(
                    "a key is a list or a mapping",
                    f"{name}, line {place[0]}",
                    fix="put the key in quotes: it is text, a number, true or false",
                )
            if isinstance(value, bool):  # Python takes True for 1: a label is the word
                value = str(value).lower()
            if value in self.value:
                raise InputError(
                    f"key {shown(value)} comes twice",
                    f"{name}, line {place[0]}",
                    f"it comes first in line {self.places[value][0]}",
                )
            self.key, self.has_key = value, True
            self.places[value] = place
        else:
            self.value[self.key] = value
            self.has_key = False


def resolve(text: str) -> Value:
    """Return what an unquoted scalar means in YAML 1.2's core schema.

    >>> [resolve(word) for word in ("yes", "on", "true", "1e-3", "0o17", "012", "~")]
    ['yes', 'on', True, 0.001, 15, 12, None]
    """
    if text in _WORDS:
        return _WORDS[text]
    if len(text) < 400 and _INT.match(text):
        return int(text, {"0o": 8, "0x": 16}.get(text[:2], 10))
    return float(text) if _FLOAT.match(text) else text


def _not_yaml(error: yaml.YAMLError, name: str) -> InputError:
    mark = getattr(error, "problem_mark", None)
    place = f", line {mark.line + 1}, column {mark.column + 1}" if mark else ""
    problem = getattr(error, "problem", None) or getattr(error, "reason", None) or "not YAML"
    if "nesting depth" in problem:  # libyaml's own limit, of 1,000 levels since PyYAML 6.0.4
        return too_deep(f"{name}{place}")
    return InputError(
        f"this is not YAML: {shown(problem)}",
        f"{name}{place}",
        fix="see whether brackets and quotes are closed, and whether indents agree",
    )
