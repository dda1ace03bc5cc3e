"""Tokens from files: batches of whole rollouts, whatever the trainer and the format."""

from __future__ import annotations

import contextlib
import os
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from rlcalc.errors import InputError, listed, shown
from rlcalc.readers.csv_header import header_of
from rlcalc.readers.rollouts.load import rollout_listings, step_of_name
from rlcalc.readers.sources import (
    COLUMNAR,
    HEAD,
    File,
    UnknownContent,
    copied_lines,
    no_library_errors,
    opened,
)
from rlcalc.readers.tokens import arrays, records
from rlcalc.readers.tokens.assemble import assemble
from rlcalc.readers.tokens.detect import NoTokens, require_log_probabilities
from rlcalc.readers.tokens.names import TokenRequest
from rlcalc.tokens import Tokens

if TYPE_CHECKING:
    import polars as pl

CHUNK = 1 << 12
"""Rollouts of a table that are read at a time."""

PICKLE = (
    'rlcalc never unpickles. Write the lists once as lines of JSON: python -c "import json, sys, '
    "torch; d = torch.load(sys.argv[1], weights_only=True); [print(json.dumps({k: v.tolist() if "
    "hasattr(v, 'tolist') else v for k, v in s.items() if v is not None}, default=str)) for s in "
    "d['samples']]\" FILE.pt > tokens.jsonl"
)


def load(sources: Sequence[str], request: TokenRequest) -> Iterator[Tokens]:
    """Yield the tokens of some sources, batch by batch.

    Args:
        sources: paths, globs, folders or `-`.
        request: how to read them.

    Raises:
        InputError: a source is not there, has no lists of tokens, or is not as it should be.
    """
    n_rollouts = 0
    refused: InputError | None = None
    for listing in rollout_listings(sources):
        for name in listing.files:
            try:
                for tokens in _read(name, request):
                    n_rollouts += len(tokens)
                    if len(tokens):
                        yield tokens
            except (NoTokens, UnknownContent) as error:
                if listing.folder is None:  # a folder may hold other files
                    raise
                refused = refused or error
    if not n_rollouts:
        raise refused or InputError("there are no rollouts", listed(sources), "give at least one")


def load_frame(frame: Any, request: TokenRequest) -> Iterator[Tokens]:
    """Yield the tokens of a Polars frame."""
    with no_library_errors("frame", "the frame"):
        yield from _table(frame.lazy(), "the frame", request)


def _read(name: str, request: TokenRequest) -> Iterator[Tokens]:
    _refuse_pickle(name)
    step = step_of_name(name) if name != "-" else None
    with opened(name, None, request.max_size) as file:
        if file.kind in COLUMNAR:
            from rlcalc.readers.trajectories.parquet import scan, whole

            with whole(file):
                yield from _with_step(_table(scan(file), file.at(), request), step)
            return
        batches: Iterable[Tokens]
        if file.kind in ("csv", "tsv"):
            batches = _table(_csv(file), file.at(), request)
        elif file.kind == "npz":
            batches = [arrays.read(file, request)]
        elif file.kind == "jsonl":
            batches = records.read_lines(file, request)
        elif file.kind == "json":
            batches = records.read_document(file, request)
        else:
            raise NoTokens(
                f"tokens are not read from {file.kind}", file.at(), "give Parquet, JSONL or npz"
            )
        yield from _with_step(batches, step)


def _with_step(batches: Iterable[Tokens], step: int | None) -> Iterator[Tokens]:
    for tokens in batches:
        if tokens.step is None and step is not None:
            yield replace(tokens, step=np.full(len(tokens), step, np.int64))
        else:
            yield tokens


def _refuse_pickle(name: str) -> None:
    if name == "-" or not os.path.isfile(name):
        return
    with contextlib.suppress(OSError), open(name, "rb") as stream:
        head = stream.read(4)
        pickled = head[:1] == b"\x80" and head[1:2] in (b"\x02", b"\x03", b"\x04", b"\x05")
        if not pickled and head == b"PK\x03\x04" and zipfile.is_zipfile(stream):
            with zipfile.ZipFile(stream) as archive:
                parts = archive.namelist()
            pickled = any(os.path.basename(part) == "data.pkl" for part in parts)
        if pickled:
            raise InputError("this is a pickle, which could run any code", shown(name), PICKLE)


def _table(lazy: pl.LazyFrame, where: str, request: TokenRequest) -> Iterator[Tokens]:
    from rlcalc.readers.row_filter import RecordFilters
    from rlcalc.readers.tokens.frames import columns_of_frame, is_long

    schema = dict(lazy.collect_schema())
    require_log_probabilities(schema, schema, where, request)
    chosen = request.chosen(schema, where)
    filters = RecordFilters(request.where)
    source = lazy if request.where else lazy.select(list(dict.fromkeys(chosen.values())))
    long = is_long(schema, chosen)
    frames = (
        [source.collect()]
        if long
        else source.collect_batches(maintain_order=True, chunk_size=CHUNK)
    )
    n_before = 0
    for frame in frames:
        kept, rows = filters.frame(frame) if request.where else (frame, np.arange(len(frame)))
        columns = columns_of_frame(kept, chosen, where)
        columns.row = (rows + n_before)[columns.row] if long else rows + n_before
        n_before += len(frame)
        if columns.n:
            yield assemble(columns, request, where)
    filters.finish([where])


def _csv(file: File) -> pl.LazyFrame:
    """Return a text table; columns in which every cell is a number are numbers."""
    import polars as pl

    header = header_of(file.stream.peek(HEAD), file)
    try:
        frame = pl.read_csv(
            copied_lines(file),
            separator=header.separator,
            has_header=False,
            skip_lines=header.n_lines,
            new_columns=header.names,
            infer_schema_length=None,
            glob=False,
        )
    except pl.exceptions.PolarsError as error:
        reason = shown(str(error).splitlines()[0], 200)
        raise InputError(
            f"not a table: {reason}", file.at(), "is every row as wide as the header?"
        ) from error
    return frame.lazy()
