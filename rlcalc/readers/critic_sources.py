"""Which kind of source holds a critic's values: steps, a buffer of arrays, or lists of tokens."""

from __future__ import annotations

import contextlib
import io
import zipfile
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from rlcalc.errors import InputError, RlcalcError, shown
from rlcalc.readers.column_names import COLUMN_NAMES
from rlcalc.readers.in_memory import frame_of
from rlcalc.readers.sources import File, opened, resolve_files
from rlcalc.readers.tokens.names import TOKEN_NAMES
from rlcalc.readers.trajectories.buffers import is_buffer

Kind = Literal["steps", "buffer", "tokens"]

OF_STEPS = ("terminated", "truncated", "done", "next_value", "next_state", "is_first", "is_last")
"""What tells of lists that they are a trajectory of an environment, not a model's answer."""


def kind_of(sources: Sequence[str]) -> Kind:
    """Return the kind of the first file; standard input, which cannot be read twice, has steps.

    Raises:
        InputError: an npz file is damaged.
    """
    name = None
    with contextlib.suppress(RlcalcError):
        name = next(iter(resolve_files(list(sources))), None)
    if name is None or name == "-":
        return "steps"
    try:
        with opened(name, None) as file:
            if file.kind == "npz":
                return kind_of_arrays(arrays_of(file))
            return "tokens" if is_tokens(_record(file)) else "steps"
    except InputError:
        if name.endswith(".npz"):
            raise
        return "steps"  # its reader tells what is wrong


def kind_of_arrays(arrays: Mapping[str, Any]) -> Kind:
    """Return the kind of named arrays: a mask makes them tokens."""
    lower = {name.lower() for name in arrays}
    if lower & set(TOKEN_NAMES["mask"]):
        return "tokens"
    return "buffer" if is_buffer(arrays) else "steps"


def kind_of_frame(source: Any) -> Kind:
    """Return the kind of a table in memory."""
    frame = frame_of(source)
    if frame is None:
        return "steps"
    from rlcalc.readers.trajectories.step_table import is_list

    schema = frame.lazy().collect_schema()
    return (
        "tokens" if is_tokens({name: is_list(kind) for name, kind in schema.items()}) else "steps"
    )


def is_tokens(record: Mapping[str, bool]) -> bool:
    """Return whether a row is a rollout of a language model, with a list of V of its tokens.

    Args:
        record: the column → whether it holds lists.
    """
    lower = {name.lower(): is_list for name, is_list in record.items()}
    values = (*TOKEN_NAMES["value"], *TOKEN_NAMES["old_value"])
    if not any(lower.get(name) for name in values):
        return False
    if any(lower.get(name) for name in TOKEN_NAMES["mask"]):
        return True
    of_steps = [name for field in OF_STEPS for name in COLUMN_NAMES[field]]
    lists = [name for field in ("state", "action") for name in COLUMN_NAMES[field]]
    return not (lower.keys() & set(of_steps) or any(lower.get(name) for name in lists))


def _record(file: File) -> dict[str, bool]:
    """Return the columns of a file, and whether each holds lists."""
    if file.kind in ("parquet", "arrow"):
        from rlcalc.readers.trajectories.parquet import scan, whole
        from rlcalc.readers.trajectories.step_table import is_list

        with whole(file):
            schema = scan(file).collect_schema()
        return {name: is_list(kind) for name, kind in schema.items()}
    if file.kind not in ("json", "jsonl"):
        return {}
    from rlcalc.readers import json as json_reader
    from rlcalc.readers.sources import decoded

    content = file.stream.read() if file.kind == "json" else file.stream.readline()
    value = json_reader.value_of(decoded(content, 1, file), file.at(), 1)
    if isinstance(value, list) and value:
        value = value[0]
    if not isinstance(value, dict):
        return {}
    return {
        str(name): isinstance(cell, list) and not any(isinstance(one, list | dict) for one in cell)
        for name, cell in value.items()
    }


def arrays_of(file: File) -> dict[str, NDArray[Any]]:
    """Return the arrays of an npz file.

    Raises:
        InputError: it is damaged, or an array of Python objects needs unpickling.
    """
    try:
        archive = np.load(file.path or io.BytesIO(file.stream.read()), allow_pickle=False)
        if isinstance(archive, np.ndarray):
            raise InputError(
                "this is one array (npy), and a buffer has several",
                file.at(),
                "save rewards, values and dones in one file with numpy.savez",
            )
        return {name: archive[name] for name in archive.files}
    except ValueError as error:
        if "pickle" in str(error).lower() or "Object arrays" in str(error):
            raise InputError(
                "an array of Python objects needs unpickling, which rlcalc never does",
                file.at(),
                "save arrays of numbers",
            ) from error
        raise InputError(
            f"this is not an npz file: {shown(error)}", file.at(), "write it with numpy.savez"
        ) from error
    except (zipfile.BadZipFile, OSError, EOFError, KeyError) as error:
        raise InputError(
            f"this npz file cannot be read: {shown(error)}", file.at(), "write it anew"
        ) from error
