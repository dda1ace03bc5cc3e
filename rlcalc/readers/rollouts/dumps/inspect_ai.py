"""inspect_ai: .eval archives and .json logs; the epochs of a sample are its rollouts."""

from __future__ import annotations

import json
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from rlcalc.errors import InputError, shown
from rlcalc.readers.rollouts.dumps.layout import Row, finite
from rlcalc.readers.sources import LARGEST_DOCUMENT

DAMAGE = (zipfile.BadZipFile, zlib.error, ValueError, EOFError, OSError, RuntimeError)
LETTERS = {"C": 1.0, "P": 0.5, "I": 0.0, "N": 0.0}


def fits(record: Mapping[str, Any]) -> bool:
    """Return whether a record is a sample, or a whole log."""
    return {"epoch", "scores", "id"} <= record.keys() or (
        isinstance(record.get("samples"), list) and "eval" in record
    )


def rows(record: Mapping[str, Any]) -> Iterator[Row]:
    """Yield the rollouts of a sample, or of a log's samples."""
    for sample in record.get("samples", [record]):
        scores = dict(_numbers(sample.get("scores") or {}))
        output = sample.get("output") or {}
        choices = output.get("choices") or [{}]
        yield {
            "group": sample["id"],
            "rollout": f"{sample['id']}/{sample.get('epoch')}",
            "reward": dict(list(scores.items())[:1]) or {"score": None},
            "more": scores,
            "length": (output.get("usage") or {}).get("output_tokens"),
            "truncated": bool(sample.get("limit")) or _stop(choices[0]) == "max_tokens",
            "question": sample.get("input"),
            "response": (choices[0].get("message") or {}).get("content"),
        }


def _stop(choice: Mapping[str, Any]) -> object:
    return choice.get("stop_reason")


def _numbers(scores: Mapping[str, Any]) -> Iterator[tuple[str, float | None]]:
    for name, score in scores.items():
        value = score.get("value") if isinstance(score, dict) else score
        if isinstance(value, dict):
            yield from ((f"{name}.{part}", _number(score)) for part, score in value.items())
        else:
            yield name, _number(value)


def _number(value: object) -> float | None:
    if isinstance(value, bool) or finite(value):
        return float(value)  # type: ignore[arg-type]
    return LETTERS.get(value) if isinstance(value, str) else None


def contents(path: str) -> list[str]:
    """Return the names of the files in an archive.

    Raises:
        InputError: the archive is damaged.
    """
    with _undamaged(path), zipfile.ZipFile(path) as zipped:
        return zipped.namelist()


def archive(path: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the samples of an .eval archive, each with its name in there.

    Raises:
        InputError: the archive or a sample is damaged, or a sample is larger than any should be.
    """
    with _undamaged(path), zipfile.ZipFile(path) as zipped:
        for entry in zipped.infolist():
            if not (entry.filename.startswith("samples/") and entry.filename.endswith(".json")):
                continue
            if entry.file_size > LARGEST_DOCUMENT:
                raise InputError(
                    f"{shown(entry.filename)} unpacks to more than {LARGEST_DOCUMENT >> 20} MB",
                    shown(path),
                    "leave out this sample",
                )
            yield entry.filename, json.loads(zipped.read(entry))


@contextmanager
def _undamaged(path: str) -> Iterator[None]:
    try:
        yield
    except DAMAGE as error:
        what = f"this archive is damaged: {shown(str(error))}"
        raise InputError(what, shown(path), "write or copy it anew") from error
