"""Rollouts from files: finds the format of each dump, and reads what it must.

Tables and plain lines go through Polars, and only the columns that are needed; nested records, and
blocks in which something is wrong, go through Python one by one. Text is kept as a hash.
"""

from __future__ import annotations

import glob
import io
import os
import re
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import lru_cache, partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rlcalc.errors import InputError, listed, shown
from rlcalc.natural_order import natural_order
from rlcalc.readers.addresses import is_address
from rlcalc.readers.compression import COMPRESSED
from rlcalc.readers.csv_header import header_of
from rlcalc.readers.partitions import partition_of
from rlcalc.readers.rollouts import dumps, run_files
from rlcalc.readers.rollouts.pandas_json import rows_of_pandas
from rlcalc.readers.rollouts.records import CHUNK, Columns, add_records, record_layout
from rlcalc.readers.rollouts.request import NoRollouts, RolloutRequest
from rlcalc.readers.run_folders import kind_of_source
from rlcalc.readers.sources import (
    BESIDE,
    COLUMNAR,
    HEAD,
    SUFFIXES,
    File,
    Listing,
    UnknownContent,
    copied_lines,
    kind_of_name,
    list_folder,
    no_library_errors,
    opened,
    resolve_files,
    shown_path,
)

if TYPE_CHECKING:
    import polars as pl

    from rlcalc.readers.rollouts.builder import RolloutsBuilder
    from rlcalc.rollouts import Rollouts

BESIDE_ROLLOUTS = (
    *BESIDE, "aggregated_results.jsonl", "history.jsonl", "_metadata.jsonl", "_logtree.json",
    "metrics.jsonl", "config.json", "checkpoints.jsonl", "timing_spans.jsonl",
    "_materialized_inputs.jsonl", "_aggregate_metrics.json", "_failures.jsonl",
)  # fmt: skip
"""Files that stand beside rollouts in the folders of some trainers, and hold none."""

PICKLE = (
    'rlcalc never unpickles: python -c "import json, sys, torch; [print(json.dumps({k: v for k, v '
    "in s.items() if k in ('group_index', 'index', 'rollout_id', 'reward', 'response_length', "
    "'status')})) for s in torch.load(sys.argv[1], weights_only=True)['samples']]\" FILE.pt > "
    "rollouts.jsonl makes lines of slime's rollouts; SkyRL's hold neither rewards nor groups"
)


def load(sources: Sequence[str], request: RolloutRequest) -> Rollouts:
    """Return the rollouts of some sources.

    Args:
        sources: paths, globs, folders, `-` or names of shipped specs.
        request: how to read them.

    Raises:
        InputError: a source is not there, or is not as it should be.
        UsageError: the options do not fit each other.
    """
    from rlcalc.readers.rollouts.builder import RolloutsBuilder

    request.weight_of()
    if request.form is not None:
        dumps.named(request.form)
    builder = RolloutsBuilder(request)
    read: set[str] = set()
    for listing in rollout_listings(sources):
        _read_listing(listing, read, builder)
    if builder.left_out:
        builder.note(left_out_note(builder.left_out))
    with no_library_errors("rollouts", listed(sources)):
        return builder.finish()


def left_out_note(files: Sequence[str]) -> str:
    """Return what is said of files of folders that hold no rollouts."""
    n = len(files)
    return (
        f"{n:,} {'file is' if n == 1 else 'files are'} not rollouts, and left out: "
        f"{listed(map(os.path.basename, files[:3]), 3, n)}"
    )


def _read_listing(listing: Listing, read: set[str], builder: RolloutsBuilder) -> None:
    """Read the files of one source that were not read before; of a folder those with rollouts.

    Raises:
        InputError: a file is not as it should be, or a folder has no rollouts.
    """
    refused: InputError | None = None
    split: str | None = None
    n_files = 0
    for name in listing.files:
        real = os.path.realpath(name) if name != "-" else name
        if real in read and name != "-":
            builder.note(f"{shown(name)} was named twice, and read once")
            n_files += 1
            continue
        read.add(real)
        if twin := builder.twin(name, step_of_name(name)):
            builder.note_twin(name, twin)
            continue
        try:
            read_file(name, builder)
        except NoRollouts as error:
            if listing.folder is None:
                raise
            builder.forget_file()
            builder.left_out.append(name)
            refused = refused or error
            continue
        n_files += 1
        split = _one_split(split, listing.splits.get(name), listing.folder)
    builder.left_out += listing.beside
    if n := len(listing.checkpoints):
        builder.note(
            f"{n:,} {'folder' if n == 1 else 'folders'} of checkpoints left out: "
            f"{listed(map(os.path.basename, listing.checkpoints[:3]), 3, n)}"
        )
    if refused and not n_files:
        raise _no_dump(refused, listing)


def _one_split(before: str | None, split: str | None, folder: str | None) -> str | None:
    """Return the split of a dataset whose rollouts are read.

    Raises:
        InputError: it has rollouts in several.
    """
    if before is not None and split is not None and split != before:
        raise InputError(
            f"the splits {before} and {split} of this dataset have rollouts",
            shown(folder),
            "name the folder of one: "
            + os.path.join(str(folder), "train" if split == "train" else before),
        )
    return before if split is None else split


def _no_dump(refused: InputError, listing: Listing) -> InputError:
    """Return the error of a folder in which no file is a dump: that of its first file."""
    fault, more = refused.faults[0], len(listing.files) - 1
    others = (
        f", and none of the {more:,} other files of {shown(listing.folder)} fits" if more else ""
    )
    return InputError(f"{fault.what}{others}", fault.where, fault.fix)


@contextmanager
def loading(sources: Sequence[str], request: RolloutRequest) -> Iterator[Callable[[], Rollouts]]:
    """Read while something else is done, such as imports; yield what waits for the rollouts.

    Args:
        sources: as in `load`.
        request: as in `load`.
    """
    from concurrent.futures import ThreadPoolExecutor

    import polars  # noqa: F401  first, so that what follows runs beside its reading

    with ThreadPoolExecutor(1) as pool:
        pending = pool.submit(load, sources, request)
        yield pending.result


def load_frame(frame: Any, request: RolloutRequest) -> Rollouts:
    """Return the rollouts of a Polars frame, one a row."""
    from rlcalc.readers.rollouts.builder import RolloutsBuilder

    request.weight_of()
    builder = RolloutsBuilder(request)
    with no_library_errors("frame", "the frame"):
        builder.begin_file("the frame", None)
        _table(frame.lazy(), "the frame", builder)
        builder.end_file()
        return builder.finish()


def files_of(sources: Sequence[str]) -> list[str]:
    """Return the files that sources name; of folders those that may hold rollouts.

    Raises:
        InputError: there are none.
    """
    return [name for listing in rollout_listings(sources) for name in listing.files]


def rollout_listings(sources: Sequence[str]) -> list[Listing]:
    """Return the files that sources name, a listing for each folder; see `files_of`."""
    listed_sources: list[Listing] = []
    for source in sources:
        folders = [path for path in glob.glob(source) if os.path.isdir(path)]
        if folders and "**" not in source:  # step_*, in quotes: the folders, and files beside them
            for path in sorted(
                map(Path, glob.glob(source)), key=lambda path: natural_order(str(path))
            ):
                listed_sources.append(
                    _in_folder(str(path)) if path.is_dir() else Listing([str(path)])
                )
        else:
            listed_sources.append(Listing(resolve_files([source])))
    if not any(listing.files for listing in listed_sources):
        raise InputError(f"{listed(sources)} names no file", fix="perhaps a broken link")
    return listed_sources


def _in_folder(folder: str) -> Listing:
    listing = list_folder(folder, lambda name: bool(kind_of_name(name)) or name.endswith(".eval"))
    known = [path for path in listing.files if not path.endswith(BESIDE_ROLLOUTS)]
    if known:
        return replace(listing, files=known)
    if listing.refusals:
        raise listing.refusals[0]
    pickles = [
        os.path.basename(path)
        for path in listing.others
        if path.endswith((".pt", ".pkl", ".pickle"))
    ]
    if pickles:
        raise InputError(
            f"there are only pickles: {listed(pickles[:8], total=len(pickles))}",
            shown(folder),
            PICKLE,
        )
    raise InputError(
        f"no file to read in the folder {shown(folder)}",
        fix="its files should end in .jsonl, .parquet, .json, .csv or .eval",
    )


SAMPLES = 1 << 10
"""Samples of an archive that are read at a time."""
STEP = re.compile(r"(?<![a-z])(?:step|iteration|iter|completions)[_=-]?(\d+)", re.IGNORECASE)


def step_of_name(path: str) -> int | None:
    """Return the step that a file's name, or the nearest of its folders', tells of.

    A limit of steps, such as `maxiter_50`, is none.

    >>> [step_of_name(p) for p in ("a/12.jsonl", "completions_00012.parquet", "step_3/all/x.jsonl")]
    [12, 12, 3]
    >>> step_of_name("gpt_maxiter_50/output.jsonl")
    """
    stem = os.path.basename(path)
    while os.path.splitext(stem)[1].lower() in (*SUFFIXES, *COMPRESSED):
        stem = os.path.splitext(stem)[0]
    if stem.isdecimal():
        return int(stem)
    if match := STEP.search(stem):
        return int(match[1])
    return _step_of_folder(os.path.dirname(path))


@lru_cache(maxsize=256)
def _step_of_folder(folder: str) -> int | None:
    for part in reversed(Path(folder).parts):
        if match := STEP.search(part):
            return int(match[1])
    return None


def read_file(name: str, builder: RolloutsBuilder) -> None:
    """Let a builder take in the rollouts of a file.

    Raises:
        NoRollouts: it holds none.
        InputError: it is not as it should be.
    """
    from rlcalc.readers.rollouts.jsonl import ColumnsChanged

    columns: Mapping[str, Any] = {}
    while True:
        title = shown_path(name) if name == "-" or is_address(name) else name
        builder.begin_file(title, step_of_name(name), partition_of(name))
        try:
            _read_once(name, builder, columns)
            builder.end_file()
            return
        except ColumnsChanged as change:
            if name == "-":
                raise InputError(
                    "columns that first appear here change what the lines before mean",
                    change.where,
                    "save the lines to a file, and give it by its name",
                ) from change
            builder.forget_file()
            columns = change.columns.values


def _read_once(name: str, builder: RolloutsBuilder, columns: Mapping[str, Any]) -> None:
    """Read a file with the columns that are known to stand in later lines of it."""
    if (form := kind_of_source(name)) is not None:
        run_files.read(name, form, builder)
        return
    if name != "-" and os.path.isfile(name):
        with no_library_errors("archive", name):
            if _read_archive(name, builder):
                return
    with ExitStack() as stack:
        try:
            file = stack.enter_context(opened(name, None, builder.request.max_size))
        except UnknownContent as error:
            raise NoRollouts.of(error.faults) from error
        if file.kind in COLUMNAR:
            from rlcalc.readers.trajectories.parquet import scan, whole

            with whole(file):
                _table(scan(file), file.at(), builder)
        elif file.kind in ("csv", "tsv"):
            _csv(file, builder)
        elif file.kind == "jsonl":
            from rlcalc.readers.rollouts.jsonl import read

            read(file, builder, Columns(columns))
        else:
            _document(file, builder)


def _read_archive(name: str, builder: RolloutsBuilder) -> bool:
    """Read an .eval archive, and refuse pickles; everything else is for others."""
    try:
        with open(name, "rb") as stream:
            head = stream.read(4)
            zipped = head == b"PK\x03\x04" and zipfile.is_zipfile(stream)
    except OSError:
        return False  # who opens it next says why it cannot be read
    if head[:1] == b"\x80" and head[1:2] in (b"\x02", b"\x03", b"\x04", b"\x05"):
        raise InputError("this is a pickle, which could run any code", shown(name), PICKLE)
    if not zipped:
        if head == b"PK\x03\x04" and name.endswith(".eval"):
            what = "this archive is damaged: its end is missing"
            raise InputError(what, shown(name), "write or copy it anew")
        return False
    from rlcalc.readers.rollouts.dumps.inspect_ai import contents, is_log

    inside = contents(name)
    if any(os.path.basename(part) == "data.pkl" for part in inside):
        raise InputError("this is a pickle (torch), which could run any code", shown(name), PICKLE)
    if not is_log(inside):
        return False
    dump = dumps.named("inspect")
    builder.require_format(dump.name, shown(name), dump.module)
    parts: list[str] = []  # the names of the samples so far
    samples = _samples(name, parts, builder.request.max_size)
    before = -1
    while before < len(parts):  # some at a time: they are large, and a frame of one row takes long
        before = len(parts)
        builder.records(dump.module, islice(samples, SAMPLES), partial(_part, name, parts, before))
    if not parts:
        builder.empty.append(shown(name))
    return True


def _samples(name: str, parts: list[str], max_size: int | None) -> Iterator[Mapping[str, Any]]:
    """Yield a log for each sample of an archive, after its name was added to the parts."""
    from rlcalc.readers.rollouts.dumps.inspect_ai import logs

    for part, log in logs(name, max_size):
        parts.append(part)
        yield log


def _part(name: str, parts: list[str], before: int, place: int) -> str:
    part = parts[before + place :][:1]
    return f"{shown(name)}: {shown(part[0])}" if part else shown(name)


def _document(file: File, builder: RolloutsBuilder) -> None:
    """Read a JSON document: a record, a list of them, or one-step trajectories, as in YAML too."""
    from rlcalc.readers import json as json_reader
    from rlcalc.readers.sources import text_of

    if file.kind == "yaml":
        try:
            builder.trajectories(file)
        except InputError as error:
            raise NoRollouts.of(error.faults) from error
        return
    if file.kind != "json":
        raise NoRollouts(
            f"rollouts are not read from {file.kind}", file.at(), "give JSONL, Parquet or CSV"
        )
    text = text_of(file)
    value = json_reader.value_of(text, file.at())
    records = rows_of_pandas(value, file.at(), builder)
    if records is None:
        records = value if isinstance(value, list) else [value]
    if _is_trajectories(records[0] if records else None):
        stream = io.BufferedReader(io.BytesIO(text.encode()))
        builder.trajectories(replace(file, stream=stream))
        return
    for place, record in enumerate(records, start=1):
        if not isinstance(record, dict):
            raise NoRollouts(
                f"record {place} is not a mapping: {shown(record, 40)}",
                file.at(),
                fix="give one mapping a rollout",
            )
    if not records:
        raise NoRollouts("there are no rollouts", file.at(), "the list is empty")
    several = len(records) > 1 or isinstance(value, list)
    add_records(
        records,
        file.at(),
        builder,
        lambda place: file.at(f"record {place + 1}") if several else file.at(),
    )


def _is_trajectories(record: Any) -> bool:
    """Whether a document holds trajectories in a form of ours."""
    if not isinstance(record, dict) or "training_step" in record:
        return False
    trajectories = record.get("trajectories")
    return isinstance(trajectories, list) and not any(
        isinstance(t, dict) and "messages_and_choices" in t for t in trajectories
    )


def _table(lazy: pl.LazyFrame, where: str, builder: RolloutsBuilder) -> None:
    schema = dict(lazy.collect_schema())
    names = _first_values(lazy, schema, builder)
    module = builder.dump_of(names, where)
    layout = record_layout(module, names, schema, where, builder.request)
    if layout is None:
        before = 0
        for frame in lazy.collect_batches(maintain_order=True, chunk_size=CHUNK):
            rows = frame.to_dicts()
            builder.records(module, rows, partial(_row, where, before))
            before += len(rows)
        return
    builder.table(layout, lazy, schema, partial(_row, where, 0))


def _first_values(
    lazy: pl.LazyFrame, schema: Mapping[str, Any], builder: RolloutsBuilder
) -> dict[str, Any]:
    """Return the names of the columns, and the first value of the one that is to be a length."""
    names: dict[str, Any] = dict.fromkeys([*schema, *builder.partition])
    if (length := builder.request.length) is not None and length in schema:
        values = lazy.select(length).drop_nulls().head(1).collect().to_series().to_list()
        names[length] = values[0] if values else None
    return names


def _row(where: str, before: int, place: int) -> str:
    return f"{where}, row {before + place + 1}"


def _csv(file: File, builder: RolloutsBuilder) -> None:
    import polars as pl

    from rlcalc.readers.rollouts.columns import NUMBERS

    header = header_of(file.stream.peek(HEAD), file)
    schema: dict[str, pl.DataType] = dict.fromkeys(header.names, pl.String())
    try:
        lazy = pl.scan_csv(
            copied_lines(file),
            separator=header.separator,
            has_header=False,
            skip_lines=header.n_lines,
            schema=schema,
            glob=False,
        )
        if header.spaced:
            lazy = lazy.with_columns(pl.all().str.strip_chars_start(" "))
        names = _first_values(lazy, schema, builder)
        module = builder.dump_of(names, file.at())
        layout = record_layout(
            module, names, {name: pl.Float64() for name in schema}, file.at(), builder.request
        )
        if layout is None:
            raise NoRollouts(
                "rollouts of this trainer are not read from CSV",
                file.at(),
                fix="give the file that the trainer wrote",
            )
        if header.decimal_comma:
            columns = [*layout.reward, *(getattr(layout, name) for name in NUMBERS)]
            commas = pl.col([name for name in columns if name in schema]).str
            lazy = lazy.with_columns(commas.replace(",", ".", literal=True))
        builder.table(layout, lazy, schema, lambda row: file.at(f"row {row + 1}"))
    except pl.exceptions.PolarsError as error:
        reason = shown(str(error).splitlines()[0], 200)
        raise InputError(
            f"not a table: {reason}", file.at(), "is every row as wide as the header?"
        ) from error
