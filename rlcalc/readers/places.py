"""Places: documents with the line of each value, and paths as they are written."""

from __future__ import annotations

from typing import Any

from rlcalc.documents import Where
from rlcalc.errors import shown
from rlcalc.readers import json as json_reader
from rlcalc.readers import yaml
from rlcalc.readers.sources import File, text_of


def parsed(file: File, keys: int = 0) -> tuple[Any, Where]:
    """Return what a document holds, and what tells where the value at a path in it stands.

    Args:
        file: YAML or JSON.
        keys: as in `dotted`.

    Raises:
        InputError: it is neither YAML nor JSON.
    """
    text = text_of(file)
    parser = yaml.parse if file.kind == "yaml" else json_reader.parse
    document = parser(text, file.at())

    def where(path: tuple[int | str, ...]) -> str:
        line = yaml.line_of(document.value, document.places, path)
        line = line if document.places else json_reader.line_of(text, path)
        name = dotted(path, min(keys, _keys_of(document.value, path)))
        return file.at(f"line {line}: {name}" if line else name)

    return document.value, where


def _keys_of(value: Any, path: tuple[int | str, ...]) -> int:
    """Return how many steps of a path are taken before one into a list."""
    for n_keys, step in enumerate(path):
        if isinstance(value, list):
            return n_keys
        value = value.get(step) if isinstance(value, dict) else None
    return len(path)


def dotted(path: tuple[int | str, ...], keys: int = 0) -> str:
    """Return a path as it is usually written; entries of lists count from 1.

    Args:
        path: from the whole to a part.
        keys: so many steps at the beginning are keys, even if they are numbers.
    """
    return ".".join(
        str(step + 1) if isinstance(step, int) and place >= keys else shown(step)
        for place, step in enumerate(path)
    )
