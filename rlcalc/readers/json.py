"""JSON documents: values at once, and their lines only when something is wrong with them."""

from __future__ import annotations

import gc
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from rlcalc.errors import InputError, shown
from rlcalc.readers.nesting import is_deep, too_deep

if TYPE_CHECKING:
    from rlcalc.readers.yaml import Parsed

STRING = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\]]', re.DOTALL)
"""What a search for keys steps through in a text that is known to be JSON."""
COLON = re.compile(r"\s*:")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    mapping = dict(pairs)
    if len(mapping) < len(pairs):
        raise KeyTwiceError
    return mapping


class KeyTwiceError(Exception):
    """A mapping has a key twice."""


FIXES = {
    "Expecting property name": "write each key in double quotes, and no comma before a }",
    "Expecting ',' delimiter": "put a comma between two values, or close the list or object",
    "Expecting ':' delimiter": "put a colon between a key and its value",
    "Invalid control character": "write it as an escape, e.g. \\n or \\u0007",
    "Invalid \\": "write \\\\ for a backslash, or \\u and four hexadecimal digits",
    "Extra data": "leave out the rest, or write one value a line in a .jsonl file",
    "Expecting value": "write a number, a text in double quotes, true, false, null, [...] or {...}",
}
"""How to fix what Python's reader of JSON says."""
CUT_OFF = "the file was cut off: leave out its last line, or write it anew"

LARGE = 1 << 20
DECODER = json.JSONDecoder(object_pairs_hook=_once)


def value_of(text: str, where: str, first_line: int = 1) -> Any:
    """Return the value that a text of JSON holds.

    Args:
        text: all of it.
        where: the file that it stands in.
        first_line: of the text in the file.

    Raises:
        InputError: it is not JSON, nested too deeply, or repeats a key.
    """
    try:
        if len(text) < LARGE:
            value = DECODER.decode(text)
        else:
            with no_collection():
                value = DECODER.decode(text)
    except json.JSONDecodeError as error:
        line = f"line {error.lineno + first_line - 1}, column {error.colno}"
        cut = error.pos >= len(text.rstrip()) or error.msg.startswith("Unterminated string")
        what = "the text ends in the middle of a value" if cut else f"not JSON: {error.msg}"
        fixes = (fix for begin, fix in FIXES.items() if error.msg.startswith(begin))
        fix = CUT_OFF if cut else next(fixes, "write the place as JSON has it")
        raise InputError(what, f"{where}, {line}", fix) from error
    except KeyTwiceError as error:
        key, place = _second(text)
        line = f"line {first_line + text.count(chr(10), 0, place)}"
        what = f"key {shown(key)} comes twice"
        raise InputError(what, f"{where}, {line}", "leave out one of them") from error
    except RecursionError as error:
        raise too_deep(f"{where}, line {first_line}") from error
    except ValueError as error:  # a whole number of more than 4,300 digits
        raise InputError(
            f"not JSON: {error}", f"{where}, line {first_line}", fix="write shorter numbers"
        ) from error
    if is_deep(value, text):
        raise too_deep(f"{where}, line {first_line}")
    return value


@contextmanager
def no_collection() -> Iterator[None]:
    """Make many values without looks for cycles among them, of which JSON has none."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _second(text: str) -> tuple[str, int]:
    """Return the first key that its mapping has already, and where it stands."""
    open_keys: list[set[str]] = []
    for match in STRING.finditer(text):
        token = match[0]
        if token in "{[":
            open_keys.append(set())
        elif token in "}]":
            open_keys.pop()
        elif COLON.match(text, match.end()):
            key = json.loads(token)
            if key in open_keys[-1]:
                return key, match.start()
            open_keys[-1].add(key)
    return "", 0


def parse(text: str, name: str) -> Parsed:
    """Return a document without places; `line_of` finds them when they are wanted.

    Raises:
        InputError: it is not JSON, or repeats a key.
    """
    from rlcalc.readers.yaml import Parsed

    return Parsed(value_of(text, name))


def line_of(text: str, path: tuple[int | str, ...]) -> int | None:
    """Return the line of a value in a text that is known to be JSON; None in a very large one.

    JSON is YAML, whose reader knows places.
    """
    if len(text) > 1 << 24:
        return None
    from rlcalc.readers import yaml

    parsed = _with_places(text)
    return None if parsed is None else yaml.line_of(parsed.value, parsed.places, path)


@lru_cache(maxsize=1)
def _with_places(text: str) -> Parsed | None:
    """Return a document with its places, once for all faults in it; None: YAML refuses it."""
    from rlcalc.readers import yaml

    try:
        return yaml.parse(text, "")
    except InputError:
        return None
