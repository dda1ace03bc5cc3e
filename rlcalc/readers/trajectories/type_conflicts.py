"""Which value of a line of JSON is of another kind than those of its column before.

Polars says that there is a conflict, and neither in which line nor in which column.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from rlcalc.errors import shown

Path = tuple[str, ...]


def first_unfit(lines: Sequence[bytes], fits: Callable[[Sequence[bytes]], bool]) -> int:
    """Return the place of the first line that does not fit to those before it.

    Args:
        lines: which do not all fit together.
        fits: whether the first lines fit together; if some do not, neither do more.
    """
    fit, unfit = 0, len(lines)
    while unfit - fit > 1:
        middle = (fit + unfit) // 2
        fit, unfit = (middle, unfit) if fits(lines[:middle]) else (fit, middle)
    return fit


def conflict(
    before: Sequence[tuple[str, Mapping[str, Any]]], record: Mapping[str, Any]
) -> str | None:
    """Return which value of a record is of another kind than that of its column before.

    Args:
        before: the records before it, each with its place.
        record: follows them.

    >>> conflict([("line 1", {"a": [1]}), ("line 2", {"a": None})], {"a": [[2]]})
    'a[] is a list, [2], and a number in line 1'
    """
    seen: dict[Path, tuple[str, str]] = {}
    for place, one in before:
        for path, value in _values(one):
            seen.setdefault(path, (kind_of(value), place))
    unlike = [
        (path, value, *seen[path])
        for path, value in _values(record)
        if path in seen and seen[path][0] != kind_of(value)
    ]
    if not unlike:
        return None
    # lists and mappings never fit to others, and numbers sometimes do to text
    path, value, kind, place = max(unlike, key=lambda one: type(one[1]) in (list, dict))
    name = ".".join(path).replace(".[]", "[]")
    return f"{shown(name)} is {kind_of(value)}, {shown(value, 40)}, and {kind} in {place}"


def _values(record: Mapping[str, Any]) -> Iterator[tuple[Path, Any]]:
    """Yield every value in a record that is not null, with its path."""
    rest: list[tuple[Path, Any]] = [((name,), value) for name, value in record.items()]
    while rest:
        path, value = rest.pop()
        if value is not None:
            yield path, value
        if isinstance(value, dict):
            rest += [((*path, name), part) for name, part in value.items()]
        elif isinstance(value, list):
            rest += [((*path, "[]"), part) for part in value]


def kind_of(value: Any) -> str:
    """Return what a value of JSON is, in words."""
    if isinstance(value, dict | list):
        return "a mapping" if isinstance(value, dict) else "a list"
    if isinstance(value, str | bool):
        return "text" if isinstance(value, str) else "a flag"
    return "a number"
