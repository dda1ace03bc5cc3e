"""JSON documents: values at once, and their lines only when something is wrong with them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from rlcalc.errors import InputError, shown

if TYPE_CHECKING:
    from rlcalc.readers.yaml import Parsed


def value_of(text: str, where: str, first_line: int = 1, *, strict: bool = True) -> Any:
    """Return the value that a text of JSON holds.

    Args:
        text: all of it.
        where: the file that it stands in.
        first_line: of the text in the file.
        strict: refuse a key that comes twice; else its last value counts, which reads faster.

    Raises:
        InputError: it is not JSON, repeats a key, or is nested too deeply.
    """

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        mapping = dict(pairs)
        if len(mapping) < len(pairs):
            keys = [key for key, _ in pairs]
            twice = next(key for key in keys if keys.count(key) > 1)
            line = "" if "\n" in text.strip() else f", line {first_line}"
            raise InputError(
                f"key {shown(twice)} comes twice", f"{where}{line}", "leave out one of them"
            )
        return mapping

    try:
        return json.loads(text, object_pairs_hook=once if strict else None)
    except json.JSONDecodeError as error:
        line = f"line {error.lineno + first_line - 1}, column {error.colno}"
        cut = error.pos >= len(text.rstrip()) or error.msg.startswith("Unterminated string")
        what = "the text ends in the middle of a value" if cut else f"not JSON: {error.msg}"
        fix = "the file was cut off: leave out its last line, or write it anew" if cut else ""
        raise InputError(what, f"{where}, {line}", fix) from error
    except RecursionError as error:
        raise InputError("nested too deeply", f"{where}, line {first_line}") from error
    except ValueError as error:  # a whole number of more than 4,300 digits
        raise InputError(f"not JSON: {error}", f"{where}, line {first_line}") from error


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

    try:
        parsed = yaml.parse(text, "")
        return yaml.line_of(parsed.value, parsed.places, path)
    except InputError:
        return None
