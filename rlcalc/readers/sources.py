"""From what the user names to open streams: files, globs, folders, standard input, shipped specs.

Finds the format by content, undoes compression, and cuts text into blocks of whole lines.
"""

from __future__ import annotations

import contextlib
import glob
import gzip
import io
import os
import re
import sys
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import IO, TYPE_CHECKING, Any

from rlcalc.errors import InputError, RlcalcError, UsageError, listed, nearest, shown
from rlcalc.natural_order import natural_order
from rlcalc.progress import NOW
from rlcalc.readers.addresses import (
    Remote,
    addresses,
    is_address,
    path_of_file_address,
    shown_address,
)
from rlcalc.readers.byte_counts import count_byte
from rlcalc.readers.compression import COMPRESSED, LONGEST_MAGIC, unpacker_of
from rlcalc.readers.manifests import dataset_in, foreign_file
from rlcalc.readers.model_signs import model_kind, refuse_foreign_model
from rlcalc.readers.models import FORMATS as MODELS
from rlcalc.readers.partitions import Partition, partition_of
from rlcalc.readers.run_folders import files_of_runs
from rlcalc.readers.shipped_specs import shipped_specs, specs_folder
from rlcalc.readers.size_limit import Unpacked
from rlcalc.readers.table_names import SIGN, with_table, without_table
from rlcalc.readers.trajectories import FORMATS

if TYPE_CHECKING:
    from rlcalc.numerics.arrays import Flags, Ints

HEAD = 1 << 16
BLOCK = 1 << 24
LONGEST_LINE = 1 << 28
LARGEST_DOCUMENT = 1 << 28

SUFFIXES = {
    ".yaml": "yaml",
    ".yml": "yaml",
    ".json": "json",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".csv": "csv",
    ".tsv": "tsv",
    ".parquet": "parquet",
    ".pq": "parquet",
    ".arrow": "arrow",
    ".feather": "arrow",
    ".ipc": "arrow",
    ".tfrecord": "tfrecord",
    ".sqlite": "sqlite",
    ".sqlite3": "sqlite",
    ".duckdb": "duckdb",
    ".npz": "npz",
    ".hdf5": "hdf5",
    ".h5": "hdf5",
    ".drn": "drn",
    ".tra": "tra",
}
MAGIC: dict[str, tuple[bytes, ...]] = {
    "parquet": (b"PAR1",),
    "arrow": (b"ARROW1", b"\xff\xff\xff\xff"),
    "npy": (b"\x93NUMPY",),
    "hdf5": (b"\x89HDF\r\n\x1a\n",),
    "sqlite": (b"SQLite format 3\0",),
}
DATABASES = ("sqlite", "duckdb")
COLUMNAR = ("parquet", "arrow", "tfrecord", *DATABASES)
"""Formats of tables whose columns have types: `rlcalc.readers.trajectories.parquet` scans them."""
KINDS = tuple(dict.fromkeys((*FORMATS, *MODELS)))
"""The formats of sources: those of trajectories, and those of models alone."""

BESIDE = ("metadata.json", "info.json")
"""Files that stand beside data in the folders of some tools, and hold none."""

UNPICKLED = (
    "rlcalc never unpickles: write steps to Parquet or JSONL, and a model to JSON (json.dump of "
    "Gymnasium's P) or npz (numpy.savez)"
)
FOREIGN = {
    b"PK\x03\x04": ("a zip archive (pt, xlsx)", "unpack it and give the table inside"),
    **{bytes([0x80, protocol]): ("a pickle", UNPICKLED) for protocol in (2, 3, 4, 5)},
    b"\xff\xfe": ("UTF-16 text", "save it as UTF-8"),
    b"\xfe\xff": ("UTF-16 text", "save it as UTF-8"),
}


@dataclass(frozen=True)
class File:
    """One open source: its name as the user knows it, its format, and its bytes."""

    name: str
    kind: str
    stream: io.BufferedReader[Any]
    path: str | None  # where its bytes can be read as they are: not compressed, not a pipe
    remote: str | None = None  # its address, where parts of it can be read that are worth it
    partition: Partition = field(default_factory=dict)  # columns that its path holds
    max_size: int | None = None  # bytes that it may unpack to, as --max-size says
    packed: int = 0  # its bytes, where it is a file
    copies: ExitStack = field(default_factory=ExitStack)  # temporary files of what it unpacks to
    table: str | None = None  # the one that is read, where it is a database

    def at(self, place: str = "") -> str:
        """Return where something stands in this file."""
        return f"{shown(self.name, 200)}{', ' if place else ''}{place}"


def shown_path(path: str) -> str:
    """Return a path for a message: a shipped spec by its name, standard input in words."""
    if path == "-":
        return "standard input"
    if is_address(path):
        return shown_address(path)
    folder, file = os.path.split(path)
    if folder == str(specs_folder()):
        return f"the shipped spec '{os.path.splitext(file)[0]}'"
    return path


def resolve_files(sources: list[str]) -> list[str]:
    """Return the files that sources name, in the order given; `-` stands for standard input.

    Raises:
        InputError: a file or a glob that names nothing, with the nearest name.
    """
    files: list[str] = []
    for source in map(_local, sources):
        path, table = without_table(source)
        if table is not None:
            files += [with_table(file, table) for file in resolve_files([path])]
        elif source == "-" or os.path.isfile(source):
            files.append(source)
        elif is_address(source):
            objects = addresses(source, lambda name: kind_of_name(name) is not None)
            files += sorted(objects, key=natural_order)
        elif os.path.isdir(source):
            files += _in_folder(source)
        elif os.path.exists(source):
            files.append(source)  # a named pipe, or /dev/stdin
        elif source in shipped_specs():
            files.append(str(shipped_specs()[source]))
        else:
            _require_readable_folders(source)
            matches = glob.glob(source, recursive=True)
            for match in matches:
                _require_target(match)
            if not (matches := list(filter(os.path.isfile, matches))):
                raise _missing(source)
            files += sorted(matches, key=natural_order)
    return files


def _local(source: str) -> str:
    """Return the path of a `file://` address, and any other source as it is."""
    path = path_of_file_address(source)
    return source if path is None else path


@dataclass(frozen=True)
class Listing:
    """The files that a source names.

    Attributes:
        files: those that may be read, in their order.
        folder: that the source is; None where it names files.
        splits: of datasets that Hugging Face saved, by file.
        beside: what describes such a dataset.
        others: of other kinds.
        checkpoints: folders of a training's checkpoints, whose files are not listed.
        refusals: why datasets in it are not read.
    """

    files: list[str]
    folder: str | None = None
    splits: Mapping[str, str] = field(default_factory=dict)
    beside: list[str] = field(default_factory=list)
    others: list[str] = field(default_factory=list)
    checkpoints: list[str] = field(default_factory=list)
    refusals: list[InputError] = field(default_factory=list)


def list_folder(folder: str, is_readable: Callable[[str], bool]) -> Listing:
    """Return the files of a folder and of those in it, without a training's checkpoints.

    Of a dataset whose manifest names its files, it is these; see `rlcalc.readers.manifests`.

    Args:
        folder: a path.
        is_readable: whether a file of this name is of a kind that is read.
    """
    files: list[str] = []
    others: list[str] = []
    beside: list[str] = []
    checkpoints: list[str] = []
    splits: dict[str, str] = {}
    refusals: list[InputError] = []
    with _reported(folder):
        linked: set[str] = set()
        for path, folders, names in os.walk(folder, onerror=_raise, followlinks=True):
            if (runs := files_of_runs(os.path.normpath(path), folders, names)) is not None:
                files += runs
                folders.clear()
                continue
            pruned = {name for name in folders if CHECKPOINT.fullmatch(name)}
            checkpoints += [os.path.join(path, name) for name in sorted(pruned)]
            pruned |= {name for name in folders if _is_read_elsewhere(folder, path, name, linked)}
            folders[:] = [name for name in folders if name not in pruned]
            path = os.path.normpath(path)
            paths = [os.path.normpath(os.path.join(path, name)) for name in names]
            for file in paths:
                if is_readable(os.path.basename(file)):
                    _require_target(file)
            paths = [file for file in paths if os.path.isfile(file)]
            dataset = dataset_in(path, folders, paths)
            if dataset is not None:
                files += dataset.files
                beside += dataset.beside
                splits |= dict.fromkeys(dataset.files, dataset.split) if dataset.split else {}
                refusals += [dataset.refusal] if dataset.refusal else []
                folders[:] = [] if dataset.is_tree else folders
                paths = [] if dataset.files else [p for p in paths if p not in dataset.beside]
            for file in paths:
                (files if is_readable(os.path.basename(file)) else others).append(file)
    files.sort(key=natural_order)
    return Listing(files, folder, splits, beside, others, checkpoints, refusals)


def _is_read_elsewhere(folder: str, path: str, name: str, linked: set[str]) -> bool:
    """Whether a folder in a folder is a link to one that is read in its own place.

    Args:
        folder: that is listed.
        path: of the folder in it that holds the link.
        name: of the link.
        linked: the other folders that links led to.
    """
    link = os.path.join(path, name)
    if not os.path.islink(link):
        return False
    target, root = os.path.realpath(link), os.path.realpath(folder)
    if target in linked or os.path.commonpath([target, root]) == root:
        return True  # such as latest -> step_100
    if os.path.commonpath([target, root]) == target:
        what = f"{shown(link, 200)} is a link to a folder that it stands in"
        raise InputError(what, shown(folder, 200), "remove the link, or name the folders to read")
    linked.add(target)
    return False


def _require_target(path: str) -> None:
    """Refuse a link to a file that is not there.

    Raises:
        InputError: with where it leads.
    """
    if os.path.islink(path) and not os.path.exists(path):
        raise InputError(
            f"{shown(path, 200)} is a broken link, to {shown(os.readlink(path), 200)}",
            fix="point it to a file, or remove it",
        )


def _require_readable_folders(pattern: str) -> None:
    """Refuse a glob that would pass by a folder which cannot be read.

    Raises:
        InputError: with the name of the folder.
    """
    while glob.has_magic(pattern := os.path.dirname(pattern)):
        for path in filter(os.path.isdir, glob.glob(pattern, recursive=True)):
            if not os.access(path, os.R_OK | os.X_OK):
                what = "cannot read: Permission denied"
                raise InputError(what, shown(path, 200), "make the folder readable, or name others")


CHECKPOINT = re.compile(r"checkpoint-\d+")
"""Folders of a training's checkpoints, which hold weights and the state of the trainer."""


def _raise(error: OSError) -> None:
    raise error


def _in_folder(folder: str) -> list[str]:
    listing = list_folder(folder, lambda name: kind_of_name(name) is not None)
    known = [path for path in listing.files if not path.endswith(BESIDE)]
    splits = sorted(set(listing.splits.values()))
    if len(splits) > 1:
        one = os.path.commonpath(known)
        folders = [os.path.join(one, split) for split in splits]
        raise InputError(
            f"this dataset has the splits {listed(splits)}",
            shown(folder),
            f"name the folder of one: {' or '.join(folders[:8])}",
        )
    if not known and listing.refusals:
        raise listing.refusals[0]
    if not known:
        raise InputError(
            f"no file to read in the folder {shown(folder)}",
            fix=f"its files should end in {listed(SUFFIXES, most=20)}",
        )
    return known


class UnknownContent(InputError):
    """A source is empty, or of no format that is read."""


def _missing(source: str) -> InputError:
    folder = os.path.dirname(source) or "."
    if any(sign in source for sign in "*?["):
        return InputError(
            f"no file matches {shown(source)}",
            where=_folder_name(folder),
            fix="see which files there are, and name them or another pattern",
        )
    beside = os.listdir(folder) if os.path.isdir(folder) else []
    near = nearest(os.path.basename(source), beside)
    spec = nearest(source, shipped_specs())
    guesses = [os.path.join(os.path.dirname(source), near)] if near else []
    guesses += [f"{spec} (a shipped spec)"] if spec else []
    return InputError(
        f"there is no file {shown(source, 200)}",
        where=_folder_name(folder),
        fix=f"did you mean {' or '.join(guesses)}?" if guesses else "see rlcalc specs for examples",
    )


def _folder_name(folder: str) -> str:
    if not os.path.isdir(folder):
        return f"there is no folder {shown(folder)} either"
    return "the current folder" if folder == "." else shown(folder)


SHARD = re.compile(r"-\d+-of-\d+$")
"""The number of a shard behind a suffix: lake-train.tfrecord-00000-of-00002."""


def kind_of_name(name: str) -> str | None:
    """Return the format that a file's name promises."""
    stem, suffix = os.path.splitext(name.lower())
    if suffix in COMPRESSED:
        suffix = os.path.splitext(stem)[1]
    return SUFFIXES.get(SHARD.sub("", suffix))


@contextmanager
def opened(name: str, forced: str | None, max_size: int | None = None) -> Iterator[File]:
    """Open a source, undo its compression and find its format.

    Args:
        name: a path, or `-`.
        forced: its format; None: found by content.
        max_size: bytes that it may unpack to; None: see `rlcalc.readers.size_limit`.

    Raises:
        InputError: it cannot be read, is empty, or is of no known format.
    """
    shown_name = shown_path(name)
    name, table = without_table(name)
    if name == "-" and sys.stdin is None:
        raise InputError("standard input is closed", fix="name a file, or pipe into -")
    with _reported(shown_name), ExitStack() as copies:
        raw, size, on_disk = _raw(name)
        try:
            NOW.begin(f"reading {shown_name}", size, "B")
            stream, plain = _decompressed(raw, size, shown_name, max_size)
            head = stream.read(HEAD)
            if not head.strip():
                raise UnknownContent(
                    "the source is empty", shown_name, "it has no bytes, or only white space"
                )
            kind = forced or _kind(head, shown_name if is_address(name) else name, shown_name)
            if forced in MAGIC and not head.startswith(MAGIC[forced]):
                raise InputError(
                    f"this is not a {forced} file: its first bytes are different",
                    shown_name,
                    "leave out --from, or name another format",
                )
            if table is not None and kind not in DATABASES:
                what = f"{SIGN}{shown(table)} names a table, and this is not a database"
                raise InputError(what, shown_name, "leave it out")
            whole = io.BufferedReader(Rewound(head, stream), BLOCK)
            path = name if on_disk and plain else None
            in_parts = plain and size > SMALL_COPY and _has_ranges(raw)
            with no_library_errors(kind, shown_name):
                yield File(
                    shown_name,
                    kind,
                    whole,
                    path,
                    remote=name if in_parts else None,
                    partition=partition_of(name),
                    max_size=max_size,
                    packed=size,
                    copies=copies,
                    table=table,
                )
        finally:
            if name != "-":
                raw.close()


def _raw(name: str) -> tuple[IO[bytes], int, bool]:
    """Return the bytes of a source, their number (0: unknown), and whether it is a file."""
    if name == "-":
        return sys.stdin.buffer, 0, False
    if is_address(name):
        remote = Remote(name)
        return io.BufferedReader(remote, HEAD), remote.size, False
    raw = open(name, "rb")  # noqa: SIM115
    on_disk = os.path.isfile(name)
    return raw, os.fstat(raw.fileno()).st_size if on_disk else 0, on_disk


def _has_ranges(raw: IO[bytes]) -> bool:
    """Return whether bytes come from a server that sends parts of an object."""
    remote = getattr(raw, "raw", None)
    return isinstance(remote, Remote) and remote.has_ranges


@contextmanager
def _reported(name: str) -> Iterator[None]:
    """Turn what reading bytes can raise into what, where and how to fix it."""
    try:
        yield
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise InputError(
            "the compressed source is cut off or damaged",
            shown(name, 200),
            f"copy it again ({shown(error)})",
        ) from error
    except OSError as error:
        where = shown(error.filename or name, 200)
        raise InputError(
            f"cannot read: {error.strerror}",
            where,
            fix="see whether the file is there and may be read",
        ) from error


@contextmanager
def no_library_errors(kind: str, where: str) -> Iterator[None]:
    """Turn whatever a library raises over bad data into an input error.

    Args:
        kind: the format of the data.
        where: the file.

    Raises:
        InputError: something was raised that is not an error of rlcalc, of a stream or of memory.
    """
    try:
        yield
    except (RlcalcError, OSError, EOFError, zlib.error, MemoryError):
        raise
    except BaseException as error:  # a panic of Polars is not an Exception
        panic = type(error).__name__ == "PanicException"
        if os.environ.get("RLCALC_DEBUG") or not (panic or isinstance(error, Exception)):
            raise
        message = shown(f"{type(error).__name__}: {error}".splitlines()[0], 200)
        raise InputError(
            f"these data ({kind}) cannot be read: {message}",
            shown(where, 200),
            "see whether every column or array has one type and no value is missing; "
            "if so, report it with the traceback that RLCALC_DEBUG=1 shows",
        ) from error


def shrunk(name: str, size: int, now: int) -> InputError:
    """Return the error of a file that became shorter while it was read."""
    return InputError(
        f"the file had {size:,} bytes, and ended after {now:,} while it was read",
        shown(name, 200),
        "something else writes it: read it when that is done, or read a copy",
    )


def _decompressed(
    raw: IO[bytes], size: int, where: str, max_size: int | None
) -> tuple[IO[bytes], bool]:
    """Return a stream of what was compressed, and whether nothing was."""
    head = raw.read(LONGEST_MAGIC)
    packed = Rewound(head, raw, where, size)
    stream = io.BufferedReader(packed, HEAD)
    unpacker = unpacker_of(head, stream, where)
    if unpacker is None:
        return stream, True
    unpacked = Unpacked(unpacker.stream, packed, where, max_size, unpacker.damage, unpacker.ratio)
    return unpacked, False  # type: ignore[return-value]


class Rewound(io.RawIOBase):
    """A stream with the bytes that were read from its beginning put back; it counts its bytes."""

    def __init__(self, head: bytes, stream: IO[bytes], name: str = "", size: int = 0) -> None:
        """Wrap a stream.

        Args:
            head: what was read of it.
            stream: the rest.
            name: of the file.
            size: bytes that the file had when it was opened; it must not end before.
        """
        self.head, self.stream, self.name, self.size = head, stream, name, size
        self.n_bytes = 0

    def readable(self) -> bool:
        """Return True."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Fill the buffer as far as the next bytes go."""
        data = self.head[: len(buffer)] or self.stream.read(len(buffer))
        self.head = self.head[len(buffer) :]
        buffer[: len(data)] = data
        self.n_bytes += len(data)
        if self.name:
            NOW.done = self.n_bytes
        if not data and self.n_bytes < self.size and len(buffer):
            raise shrunk(self.name, self.size, self.n_bytes)
        return len(data)


def _kind(head: bytes, name: str, shown_name: str) -> str:
    if (of_bytes := _kind_of_bytes(head)) is not None:
        return of_bytes
    if kind_of_name(name) == "tfrecord":
        return "tfrecord"  # which no bytes tell from others
    _refuse_foreign(head, name, shown_name)
    promised = kind_of_name(name)
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    refuse_foreign_model(text, shown_name)
    if text[:1] in (b"{", b"["):
        return _json_kind(text, promised)
    if promised in ("csv", "tsv", "yaml", "drn", "tra"):
        return promised
    if (of_model := model_kind(text)) is not None:
        return of_model
    lines = [line for line in text.splitlines() if line.strip()]
    first = next((line for line in lines if not line.startswith(b"#")), lines[0])
    if b"\t" in first:
        return "tsv"
    if re.match(rb"(#|---|%YAML|- |[^,;\"']+:(\s|$))", first):
        return "yaml"
    if b"," in first or b";" in first:
        return "csv"
    raise UnknownContent(
        "this is text of no known format",
        shown_name,
        "name the format with --from; the first line is: "
        f"{shown(first.decode(errors='replace'), 60)}",
    )


def _kind_of_bytes(head: bytes) -> str | None:
    """Return the format that the first bytes of a binary file tell; None: they tell none."""
    for kind, magic in MAGIC.items():
        if head.startswith(magic):
            return kind
    if head[8:12] == b"DUCK":
        return "duckdb"
    return "npz" if head.startswith(b"PK\x03\x04") and b".npy" in head[:256] else None


def _refuse_foreign(head: bytes, name: str, shown_name: str) -> None:
    if foreign := foreign_file(name):
        what, fix = foreign
        raise UnknownContent(f"this is {what}, which rlcalc does not read", shown_name, fix)
    for magic, (what, fix) in FOREIGN.items():
        if head.startswith(magic):
            raise UnknownContent(f"this is {what}, which rlcalc does not read", shown_name, fix)
    if b"\0" in head:
        raise UnknownContent(
            "this is binary, of no known format",
            shown_name,
            f"rlcalc reads {listed(KINDS, most=20)}, also {listed(COMPRESSED)}",
        )


def _json_kind(text: bytes, promised: str | None) -> str:
    """JSON that spans lines is a document, one value a line is JSONL; YAML reads both."""
    if promised in ("jsonl", "yaml"):
        return promised
    first, newline, rest = text.partition(b"\n")
    first = first.rstrip()
    if not newline and len(text) >= HEAD - 4:
        return promised or "jsonl"
    closed = first[-1:] == (b"}" if first[:1] == b"{" else b"]")
    several = closed and rest.lstrip()[:1] in (b"{", b"[")
    document = re.match(DOCUMENT, first)
    one_line = closed and not rest.strip()
    if several or (one_line and (re.match(BATCH, first) or not (document or promised))):
        return "jsonl"
    return "json"


BATCH = rb'\{\s*"type"\s*:\s*"(?:SampleBatch|MultiAgentBatch)"'
"""How a line begins that RLlib wrote, whose files end in .json."""

DOCUMENT = rb'[^\n]*"(?:trajectories"\s*:|states"\s*:\s*\{)|\{\s*"[0-9]+"\s*:\s*\{'
"""How a line of JSON begins that is a document: trajectories, a model, or Gymnasium's table P."""


def text_of(file: File) -> str:
    """Return a whole document.

    Raises:
        InputError: it is too large for a document, cut off, or not UTF-8.
    """
    data = file.stream.read(LARGEST_DOCUMENT + 1)
    if len(data) > LARGEST_DOCUMENT:
        raise InputError(
            f"the document is larger than {LARGEST_DOCUMENT >> 20} MB",
            file.at(),
            "write one trajectory a line (JSONL), or a table (CSV, Parquet)",
        )
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise InputError(
            f"byte {error.start:,} is not UTF-8", file.at(f"line {line}"), "save it as UTF-8"
        ) from error


def decoded(line: bytes, number: int, file: File) -> str:
    """Return a line as text.

    Raises:
        InputError: it is not UTF-8.
    """
    try:
        return line.decode()
    except UnicodeDecodeError as error:
        where = file.at(f"line {number}, byte {error.start + 1}")
        raise InputError("this is not UTF-8", where, "save it as UTF-8") from error


def line_blocks(file: File) -> Iterator[tuple[int, bytes]]:
    """Yield blocks of whole lines, each with the number of its first line, from 1.

    Raises:
        InputError: a line is too long, or the source is cut off.
    """
    parts: list[bytes] = []
    number, pending = 1, 0
    while True:
        data = file.stream.read(BLOCK)
        end = data.rfind(b"\n") + 1
        if end or (not data and parts):
            block = b"".join([*parts, data[:end]]).removeprefix(b"\xef\xbb\xbf")
            if block:
                yield number, block
            number += count_byte(block, b"\n")
            parts, pending = [], 0
        if not data:
            return
        parts.append(data[end:])
        pending += len(data) - end
        if pending > LONGEST_LINE:
            raise InputError(
                f"a line is longer than {LONGEST_LINE >> 20} MB",
                file.at(f"line {number}"),
                "write one trajectory a line, or one step a line",
            )


def numbered_lines(block: bytes, number: int) -> Iterator[tuple[int, bytes]]:
    r"""Yield the lines of a block that are not blank, each with its number.

    Millions of blank lines cost next to nothing.

    Args:
        block: whole lines, the last perhaps without its end.
        number: of the first line.

    >>> list(numbered_lines(b"a\n\n \nb", 7))
    [(7, b'a'), (10, b'b')]
    """
    if not has_short_lines(block):
        for place, line in enumerate(block.split(b"\n"), start=number):
            if line.strip():
                yield place, line
        return
    for part in parts_of(block):
        begin, end, is_blank = line_bounds(part)
        for place in (~is_blank).nonzero()[0].tolist():
            yield number + place, part[begin[place] : end[place]]
        number += part.count(b"\n")


SHORT_LINE = 8
PART = 1 << 20


def has_short_lines(block: bytes) -> bool:
    """Return whether most lines of a block may be blank: they have few bytes on average."""
    return block.count(b"\n") * SHORT_LINE > len(block) > PART >> 4


def parts_of(block: bytes) -> Iterator[bytes]:
    """Yield a block in parts of about 1 MB of whole lines."""
    begin = 0
    while begin < len(block):
        end = block.find(b"\n", begin + PART) + 1 or len(block)
        yield block[begin:end]
        begin = end


def line_bounds(block: bytes) -> tuple[Ints, Ints, Flags]:
    """Return where the lines of a block begin and end, and whether they are blank, each [N]."""
    import numpy as np

    data = np.frombuffer(block, dtype=np.uint8)
    end = np.append(np.flatnonzero(data == ord("\n")), len(data))
    begin = np.append(0, end[:-1] + 1)
    visible = np.append(0, np.cumsum(data > ord(" "), dtype=np.int64))
    return begin, end, visible[end] == visible[begin]


def copied(file: File) -> str | io.BytesIO:
    """Return where the rest of a source can be read from any place: its path, memory, or a copy.

    Raises:
        InputError: the source is cut off, or becomes too large.
    """
    return file.path or _copied(file, iter(partial(file.stream.read, BLOCK), b""))


def copied_lines(file: File) -> str | io.BytesIO:
    """Return where the lines of a source can be read from any place, as `copied` does.

    Raises:
        InputError: a line is too long, or the source is cut off or becomes too large.
    """
    return file.path or _copied(file, (block for _, block in line_blocks(file)))


def _copied(file: File, parts: Iterator[bytes]) -> str | io.BytesIO:
    """Copy to memory what is small, and all else to a temporary file, which nobody needs to remove.

    The file is open as long as the source is, and its name is removed where the system can do
    without.
    """
    import tempfile

    memory = io.BytesIO()
    for part in parts:
        memory.write(part)
        if memory.tell() > SMALL_COPY:
            break
    else:
        memory.seek(0)
        return memory
    has_links = os.path.isdir("/proc/self/fd")
    make = tempfile.TemporaryFile if has_links else tempfile.NamedTemporaryFile
    copy: Any = file.copies.enter_context(make())
    copy.write(memory.getbuffer())
    del memory
    for part in parts:
        copy.write(part)
    copy.flush()
    return f"/proc/self/fd/{copy.fileno()}" if has_links else copy.name


SMALL_COPY = 1 << 26
"""Bytes of a compressed source, or of a pipe, that are held in memory where it must be whole."""


def only_file(source: str, what: str = "model") -> str:
    """Return the file that a source names.

    Raises:
        InputError: it is not there, or a folder.
        UsageError: it names several files.
    """
    beside: list[str] = []
    if os.path.isdir(source):  # which may be the root of all files
        with contextlib.suppress(OSError):
            beside = sorted(name for name in os.listdir(source) if kind_of_name(name))
        raise InputError(
            f"{shown(source)} is a folder, and a {what} is one file",
            fix=f"name one of {listed(beside)}" if beside else f"none of its files is a {what}",
        )
    files = resolve_files([source])
    if len(files) > 1:
        raise UsageError(
            f"{shown(source)} names {len(files):,} files, and a {what} is one",
            fix=f"name one of {listed(files)}",
        )
    return files[0]
