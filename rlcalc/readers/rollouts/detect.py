"""The trainer whose rollouts a source holds, for commands that read trajectories."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Mapping, Sequence
from typing import Any

from rlcalc.errors import InputError
from rlcalc.readers import json as json_reader
from rlcalc.readers.addresses import is_address
from rlcalc.readers.csv_header import header_of
from rlcalc.readers.rollouts import dumps
from rlcalc.readers.rollouts.chats import is_chat
from rlcalc.readers.rollouts.load import files_of
from rlcalc.readers.run_folders import kind_of_source
from rlcalc.readers.sources import COLUMNAR, LONGEST_LINE, File, decoded, opened, text_of
from rlcalc.readers.table_names import without_table

MOST = 100
"""Files that are looked at."""


def trainer_of(sources: Sequence[str], max_size: int | None = None) -> str | None:
    """Return the format of rollouts that sources hold; None: none that is known by more than names.

    A table of chats is known by them: it is of the format `columns`.

    Only files are looked at: what comes through a pipe is gone once it was read.

    Args:
        sources: paths, globs, folders or names of shipped specs.
        max_size: bytes that a compressed one may unpack to.
    """
    try:
        names = files_of(sources)
    except InputError:
        return None
    for name in names[:MOST]:  # in a folder other files may stand before the first dump
        if (form := kind_of_source(name)) is not None:
            return form
        try:
            is_file = os.path.isfile(without_table(name)[0]) or is_address(name)
            record = _first_record(name, max_size) if is_file else None
            form = dumps.sniffed(record, name).name if isinstance(record, Mapping) else "columns"
        except InputError:
            continue
        if form != "columns" or (isinstance(record, Mapping) and is_chat(record)):
            return form
    return None


def _first_record(name: str, max_size: int | None) -> Any:
    """Return the first record of a file, or an empty one of the columns of a table."""
    if zipfile.is_zipfile(name):
        from rlcalc.readers.rollouts.dumps.inspect_ai import contents, is_log, logs

        empty: dict[str, Any] | None = (
            {"eval": {}, "samples": []} if is_log(contents(name)) else None
        )
        return next((log for _, log in logs(name, max_size)), empty)
    with opened(name, None, max_size) as file:
        if file.kind in COLUMNAR:
            from rlcalc.readers.trajectories.parquet import scan, whole

            with whole(file):
                return dict.fromkeys(scan(file).collect_schema())
        if file.kind in ("csv", "tsv"):
            return dict.fromkeys(header_of(file.stream.read(1 << 20), file).names)
        if file.kind == "jsonl":
            return json_reader.value_of(_line(file), file.at())
        value = json_reader.value_of(text_of(file), file.at()) if file.kind == "json" else None
        return value[0] if isinstance(value, list) and value else value


def _line(file: File) -> str:
    line = file.stream.readline(LONGEST_LINE + 1)
    if len(line) > LONGEST_LINE:
        raise InputError("the line is too long", file.at("line 1"), "write one rollout a line")
    return decoded(line, 1, file)
