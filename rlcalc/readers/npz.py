"""Arrays in npz files, which are never unpickled, and never larger than their bytes."""

from __future__ import annotations

import contextlib
import math
import zipfile
import zlib
from collections.abc import Iterator
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from rlcalc.errors import InputError, shown
from rlcalc.readers.size_limit import require_size
from rlcalc.readers.sources import File, copied


def arrays_of(file: File, noun: str, names: str) -> dict[str, NDArray[Any]]:
    """Return the arrays of an npz file; arguments as in `opened_archive`.

    Raises:
        InputError: as in `opened_archive`.
    """
    with opened_archive(file, noun, names) as archive:
        return {name: archive[name] for name in archive.files}


@contextlib.contextmanager
def opened_archive(file: File, noun: str, names: str) -> Iterator[Any]:
    """Open an npz file, whose `files` are the names of its arrays, and read them one by one.

    Args:
        file: the file.
        noun: what it should hold, such as "a model".
        names: the arrays of that, such as "P and R".

    Raises:
        InputError: it is damaged, unpacks to too much, or has arrays that need unpickling.
    """
    try:
        with contextlib.ExitStack() as opened:
            source = copied(file)
            stream = opened.enter_context(open(source, "rb")) if isinstance(source, str) else source
            _require_sizes(stream, file)
            archive = np.load(stream, allow_pickle=False)
            if isinstance(archive, np.ndarray):
                raise InputError(
                    f"this is one array (npy), and {noun} has several",
                    file.at(),
                    f"save {names} in one file with numpy.savez",
                )
            yield archive
    except InputError:
        raise
    except ValueError as error:
        if "pickle" in str(error).lower() or "Object arrays" in str(error):
            raise _pickled(file) from error
        raise InputError(
            f"this is not an npz file: {shown(error)}", file.at(), fix="write it with numpy.savez"
        ) from error
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, KeyError) as error:
        raise InputError(
            f"this npz file cannot be read: {shown(error)}", file.at(), "write it anew"
        ) from error


def _pickled(file: File) -> InputError:
    return InputError(
        "an array of Python objects needs unpickling, which rlcalc never does",
        file.at(),
        "save arrays of numbers; of a sparse matrix its data, indices and indptr (P_data, "
        "P_indices, P_indptr)",
    )


def _require_sizes(stream: IO[bytes], file: File) -> None:
    """Refuse members that unpack to too much, need unpickling, or declare more than they hold.

    Raises:
        InputError: there is one; numpy would make room for all that it declares.
    """
    if not zipfile.is_zipfile(stream):
        stream.seek(0)
        return
    with zipfile.ZipFile(stream) as archive:
        members = archive.infolist()
        packed = file.packed or stream.seek(0, 2)
        size = sum(member.file_size for member in members)
        require_size(size, packed, file.name, file.max_size)
        for member in members:
            if not member.filename.endswith(".npy"):
                continue
            shape, kind = _declared(archive, member)
            if kind.hasobject:
                raise _pickled(file)
            declared = math.prod(shape) * kind.itemsize
            if declared > member.file_size:
                raise InputError(
                    f"{shown(member.filename)} has the shape {shape}, which takes "
                    f"{declared:,} bytes, and holds {member.file_size:,}",
                    file.at(),
                    "write it anew with numpy.savez",
                )
    stream.seek(0)


def _declared(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> tuple[tuple[int, ...], Any]:
    """Return the shape and the type that an array declares; numpy refuses those of no array."""
    with archive.open(member) as content, contextlib.suppress(ValueError):
        version = np.lib.format.read_magic(content)
        header = getattr(np.lib.format, f"read_array_header_{version[0]}_0", None)
        if header:
            shape, _, kind = header(content)
            return shape, kind
    return (0,), np.dtype("u1")
