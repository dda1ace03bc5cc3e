"""inspect_ai: .eval archives and .json logs; the epochs of a sample are its rollouts."""

from __future__ import annotations

import json
import os
import re
import sys
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from rlcalc.errors import InputError, listed, shown
from rlcalc.readers.rollouts.dumps.layout import Row, RunInfo, as_float
from rlcalc.readers.size_limit import require_size
from rlcalc.readers.sources import LARGEST_DOCUMENT

LETTERS = {"C": 1.0, "P": 0.5, "I": 0.0, "N": 0.0}
WORDS = {"yes": 1.0, "true": 1.0, "no": 0.0, "false": 0.0}
NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", re.IGNORECASE | re.ASCII)
EVALUATION = True
EMPTY = "this log of inspect holds no samples", "evaluate without log_samples=False, to its end"
HEADERS = ("header.json", "_journal/start.json")
"""Where an archive says what was evaluated; the first is written when the run ends."""


def fits(record: Mapping[str, Any]) -> bool:
    """Return whether a record is a sample, or a whole log."""
    return {"epoch", "scores", "id"} <= record.keys() or (
        isinstance(record.get("eval"), dict)
        and (isinstance(record.get("samples"), list) or {"status", "version"} <= record.keys())
    )


def rows(record: Mapping[str, Any]) -> Iterator[Row]:
    """Yield the rollouts of a sample, or of a log's samples."""
    evaluation = record.get("eval") or {}
    samples = record.get("samples") or [] if "eval" in record else [record]
    for sample in samples:
        output = sample.get("output") or {}
        choices = output.get("choices") or [{}]
        limit, stop = (sample.get("limit") or {}).get("type"), choices[0].get("stop_reason")
        yield {
            "task": evaluation.get("task"),
            "run": evaluation.get("eval_id") or evaluation.get("run_id"),
            "group": sample["id"],
            "rollout": f"{sample['id']}/{sample.get('epoch')}",
            "scores": dict(_numbers(sample.get("scores") or {})),
            "length": (output.get("usage") or {}).get("output_tokens"),
            "truncated": limit is not None or stop in ("max_tokens", "model_length"),
            "failed": sample.get("error") is not None,
            "stopped_by": limit or stop,
            "question": sample.get("input"),
            "response": (choices[0].get("message") or {}).get("content"),
        }


def about_run(record: Mapping[str, Any]) -> RunInfo:
    """Return how the run of a log ended, and the names of its scorers.

    It ended with success, an error or cancelled; one that was killed has only started.
    """
    evaluation, status = record.get("eval"), record.get("status")
    scorers = evaluation.get("scorers") if isinstance(evaluation, dict) else None
    scorers = scorers if isinstance(scorers, list) else []
    names = [
        str(scorer.get("name")).rpartition("/")[2] for scorer in scorers if isinstance(scorer, dict)
    ]
    status = status if isinstance(status, str) else None
    return RunInfo(status=status, scorers=tuple(names), note=_epochs(evaluation))


def _epochs(evaluation: Any) -> str | None:
    """Return how several epochs are read, and how the log itself reduces them if not by mean."""
    config = evaluation.get("config") if isinstance(evaluation, dict) else None
    config = config if isinstance(config, dict) else {}
    epochs, reducers = config.get("epochs"), config.get("epochs_reducer")
    if not isinstance(epochs, int) or epochs < 2:
        return None
    by = [str(name) for name in reducers] if isinstance(reducers, list) else ["mean"]
    own = "" if by == ["mean"] else f"; the log itself reduces them by {listed(by)}"
    return f"the {epochs:,} epochs of a sample are the rollouts of its group{own}"


def _numbers(scores: Mapping[str, Any]) -> Iterator[tuple[str, float | None]]:
    for name, score in scores.items():
        value = score.get("value") if isinstance(score, dict) else score
        if isinstance(value, dict):
            yield from ((f"{name}.{part}", _number(score)) for part, score in value.items())
        else:
            yield name, _number(value)


def names_of_file(path: str) -> dict[str, str]:
    """Return the file, where its records do not say whose samples they are."""
    return {"task": os.path.basename(path), "run": path}


def _number(value: object) -> float | None:
    """Return a score as inspect reads it, None where it is not a number."""
    if not isinstance(value, str):
        return as_float(value) if isinstance(value, bool | int | float) else None
    if value in LETTERS:
        return LETTERS[value]
    if NUMBER.fullmatch(value):
        return float(value)
    return WORDS.get(value.lower())


def contents(path: str) -> list[str]:
    """Return the names of the files in an archive.

    Raises:
        InputError: the archive is damaged.
    """
    with _opened(path) as archive:
        return list(archive.namelist())


def is_log(names: list[str]) -> bool:
    """Return whether an archive with files of these names is a log."""
    return any(name in HEADERS or name.startswith("samples/") for name in names)


def logs(path: str, max_size: int | None = None) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield a log for each sample of an .eval archive, and the name of the sample in there.

    Args:
        path: of the archive.
        max_size: bytes that it may unpack to.

    Raises:
        InputError: the archive or a sample is damaged, or one is larger than any should be.
    """
    with _opened(path) as archive:
        entries = {entry.filename: entry for entry in archive.infolist()}
        read = [entry.file_size for name, entry in entries.items() if _is_read(name)]
        require_size(sum(read), os.path.getsize(path), path, max_size)
        header = next((entries[name] for name in HEADERS if name in entries), None)
        log = {} if header is None else _value(archive, header, path)
        ended = header is None or header.filename == HEADERS[0]
        about = {"eval": log.get("eval") or {}, "status": log.get("status") if ended else "started"}
        for name, entry in entries.items():
            if name.startswith("samples/") and _is_read(name):
                yield name, {**about, "samples": [_value(archive, entry, path)]}


def _is_read(name: str) -> bool:
    return name in HEADERS or (name.startswith("samples/") and name.endswith(".json"))


def _value(archive: Any, entry: Any, path: str) -> dict[str, Any]:
    if entry.file_size > LARGEST_DOCUMENT:
        raise InputError(
            f"{shown(entry.filename)} unpacks to more than {LARGEST_DOCUMENT >> 20} MB",
            shown(path),
            "leave out this sample",
        )
    value = json.loads(archive.read(entry))
    if not isinstance(value, dict):
        raise ValueError(f"{entry.filename} is not a mapping")
    return value


@contextmanager
def _opened(path: str) -> Iterator[Any]:
    """Open an archive, whose members are zstd mostly; Python's own module reads it from 3.14 on."""
    if sys.version_info >= (3, 14):
        import zipfile

        from compression.zstd import ZstdError
    else:
        from backports.zstd import ZstdError, zipfile
    try:
        with zipfile.ZipFile(path) as archive:
            yield archive
    except NotImplementedError as error:
        what = f"this archive is compressed in a way that is not read: {shown(str(error))}"
        raise InputError(what, shown(path), "compress it anew with zstd or deflate") from error
    except (
        zipfile.BadZipFile, zlib.error, ZstdError, ValueError, EOFError, OSError, RuntimeError,
        KeyError,
    ) as error:  # fmt: skip
        what = f"this archive is damaged: {shown(str(error))}"
        raise InputError(what, shown(path), "write or copy it anew") from error
