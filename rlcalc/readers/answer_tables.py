"""Tables of answers in files: what a command wrote, or what somebody computed on their own."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from rlcalc.errors import InputError
from rlcalc.labels import text_of_label
from rlcalc.readers import json as json_reader
from rlcalc.readers.csv_header import header_of
from rlcalc.readers.in_memory import frame_of
from rlcalc.readers.places import parsed
from rlcalc.readers.sources import (
    COLUMNAR,
    DATABASES,
    File,
    decoded,
    opened,
    resolve_files,
    shown_path,
)
from rlcalc.readers.trajectories.parquet import scan, whole
from rlcalc.result import Column, Fact, Result

KEYS = (
    "trajectory", "t", "step", "steps_to_go", "state", "action", "next_state", "group", "prompt",
    "rollout", "token", "env", "form", "method", "estimator", "policy", "quantity", "episode",
)  # fmt: skip
"""Columns that name a row."""
ANSWERS = ("v", "q", "gain", "pi", "gradient", "td_error", "advantage", "d_state", "mean", "pass_1")
"""Columns that make a table one of answers, even where it has rewards, too."""
OTHER_NAMES = {"s": "state", "value": "v", "a": "action"}
"""Names of other programs; they count where there is no column of the usual name."""
COUNTS = ("n", "m", "rank", "length")
PARTS = ("_se", "_low", "_high", "_needs")
"""Ends of the names of errors, and of limits."""


def is_answer(names: Collection[str]) -> bool:
    """Return whether columns of these names are answers: V, Q, ... of states, and no outcomes.

    >>> is_answer(["state", "v"]), is_answer(["s", "value"]), is_answer(["state", "reward"])
    (True, True, False)
    """
    usual, given = set(_usual_names(names).values()), {str(name).lower() for name in names}
    sure = given & set(ANSWERS[:4]) if "reward" in usual else usual & set(ANSWERS)
    return bool(sure) and bool(usual & set(KEYS)) and "probability" not in usual


def holds_answer(sources: Sequence[str]) -> bool:
    """Return whether sources are one table of answers, by its columns.

    Raises:
        InputError: a source does not exist.
    """
    files = resolve_files(list(sources))
    if len(files) != 1:
        return False
    try:
        with opened(files[0], None) as file:
            if file.kind in ("csv", "tsv"):
                return is_answer(header_of(file.stream.read(1 << 20), file).names)
            if file.kind in COLUMNAR and file.path:
                with whole(file):
                    return is_answer(scan(file).collect_schema().names())
            if file.kind == "jsonl":
                record = _record(file.stream.readline(), 1, file)
                return isinstance(record, dict) and is_answer(record)
            return file.kind in ("json", "yaml") and is_answer(table_of(file)[0])
    except InputError:
        return False  # who reads it will say what is wrong


def in_memory(source: Any) -> Result | None:
    """Return a table in memory as an answer; None if it is something else."""
    table = frame_of(source)
    if table is None:
        return None
    frame = table.lazy().collect()
    return (
        answer_of(frame.to_dict(as_series=False), {}, "the table", "a table")
        if is_answer(frame.columns)
        else None
    )


def read_answer(source: str) -> Result | Mapping[str, Sequence[Any]]:
    """Return a file as an answer; its columns alone if it is a table of something else.

    Args:
        source: a file, or `-`.

    Raises:
        InputError: it is no table, or a cell of a number holds something else.
    """
    with opened(source, None) as file:
        columns, facts = table_of(file)
        if not is_answer(columns):
            return columns
        return answer_of(columns, facts, file.at(), shown_path(source))


def answer_of(
    columns: Mapping[str, Sequence[Any]], facts: Mapping[str, Fact], where: str, title: str
) -> Result:
    """Return columns as an answer: names of rows as text, counts, values and their errors.

    Columns of other text are left out.

    Raises:
        InputError: a cell of a column of values is not a number.
    """
    typed: dict[str, Column] = {}
    for given, name in _usual_names(columns).items():
        cells = columns[given]
        if name in KEYS:
            typed[name] = Column([text_of_label(cell) for cell in cells], "key")
        elif name.endswith(PARTS):
            typed[name] = Column([_float(cell) for cell in cells], "error")
        elif name in COUNTS or name.endswith("_n"):
            typed[name] = Column([_float(cell) for cell in cells], "count")
        else:
            numbers = [_float(cell) for cell in cells]
            pairs = zip(cells, numbers, strict=True)
            wrong = [row for row, (cell, x) in enumerate(pairs) if x is None and not _empty(cell)]
            if not wrong:
                typed[name] = Column(numbers)
            elif name in ANSWERS:
                raise InputError(
                    f"{name} is {str(cells[wrong[0]])[:40]!r}, expected a number",
                    f"{where}, row {wrong[0] + 1}",
                    "correct it",
                )
    return Result("", title, typed, facts)


def table_of(file: File) -> tuple[Mapping[str, Sequence[Any]], Mapping[str, Fact]]:
    """Return the columns of a table in any format, and the facts that stand beside its rows.

    Raises:
        InputError: it is no table.
    """
    import polars as pl

    if file.kind in ("yaml", "json"):
        written, _ = parsed(file)
        rows = written.get("rows") if isinstance(written, dict) else written
        facts = written.get("facts") if isinstance(written, dict) else None
        columns = _of_rows(rows if isinstance(rows, list) else [], file)
        return columns, facts if isinstance(facts, dict) else {}
    if file.kind in DATABASES:
        with whole(file):
            return scan(file).collect().to_dict(as_series=False), {}
    data = file.stream.read()
    if file.kind == "jsonl":
        lines = enumerate(data.split(b"\n"), 1)
        values = [_record(line, n, file) for n, line in lines if line.strip()]
        return _of_rows(values, file), {}
    try:
        if file.kind == "parquet":
            return pl.read_parquet(data).to_dict(as_series=False), {}
        if file.kind == "arrow":
            return pl.read_ipc(data).to_dict(as_series=False), {}
        header = header_of(data, file)
        body = data[header.n_bytes :]
        if not body.strip():
            return {name: [] for name in header.names}, {}
        table = pl.read_csv(
            body,
            has_header=False,
            new_columns=header.names,
            separator=header.separator,
            infer_schema=False,
        )
        return table.to_dict(as_series=False), {}
    except pl.exceptions.PolarsError as error:
        raise InputError(
            f"not a table: {str(error).splitlines()[0][:200]}", file.at(), "give a table"
        ) from error


def _record(line: bytes, number: int, file: File) -> Any:
    return json_reader.value_of(decoded(line, number, file), file.at(), number)


def _of_rows(rows: list[Any], file: File) -> dict[str, list[Any]]:
    if not rows or not all(isinstance(row, dict) for row in rows):
        raise InputError("there are no rows", file.at(), "give a table as solve writes it")
    return {name: [row.get(name) for row in rows] for name in rows[0]}


def _usual_names(names: Collection[str]) -> dict[str, str]:
    """Return the usual name of each column."""
    lower = {str(name): str(name).strip().lower() for name in names}
    taken = set(lower.values())
    return {
        name: OTHER_NAMES[low] if low in OTHER_NAMES and OTHER_NAMES[low] not in taken else low
        for name, low in lower.items()
        if low != "a" or "action" in taken or taken & {"s", "state"}
    }


def _empty(cell: Any) -> bool:
    return cell is None or (isinstance(cell, str) and not cell.strip())


def _float(cell: Any) -> float | None:
    if _empty(cell) or isinstance(cell, bool | list | dict):
        return None
    try:
        return float(cell)
    except (TypeError, ValueError, OverflowError):
        return None
