"""One trajectory a row, with lists in its cells → trajectories, without a Python object a step."""

from __future__ import annotations

import numpy as np
import polars as pl

from rlcalc.errors import Fault, InputError, listed
from rlcalc.readers.tables import Table, as_flag, as_number, as_text
from rlcalc.trajectories import Codes, Flags, Floats, Ints, Trajectories

FLAGS_OF_ALL = ("terminated", "truncated", "done")
"""What says how a trajectory ended."""

ONE_MORE = ("state", "value")
"""Lists that may have one entry more than there are rewards: what follows the last step."""


def trajectories_of(frame: pl.DataFrame, table: Table) -> Trajectories:
    """Return the trajectories of a frame; rows in which something is wrong are told and left out.

    Raises:
        InputError: a row is not as it should be, unless faults are collected.
    """
    first = table.n_rows
    table.n_rows += len(frame)
    table.experience.n_rows += len(frame)
    problems = problems_of(frame, table)
    wrong = np.zeros(len(frame), dtype=bool)
    for what, rows in problems:
        places = np.flatnonzero(rows)
        where = listed([table.place(first + int(row)) for row in places[:5]], total=len(places))
        table.experience.fault(Fault(what, f"{table.file}, {where}"))
        wrong |= rows
    return arrays(frame.filter(~pl.Series(wrong)) if wrong.any() else frame, table)


def problems_of(frame: pl.DataFrame, table: Table) -> list[tuple[str, Flags]]:
    """Return what is wrong with rows of lists, and in which rows."""
    columns = table.column
    lists = _lists(table)
    flat = [name for name in lists if not frame.schema[columns[name]].is_nested()]
    if flat:
        raise InputError(
            f"{listed(columns[name] for name in flat)} holds no lists, as {columns['reward']} does",
            table.file,
            "give one step a row, or one trajectory a row with a list in each cell",
        )
    length = _length(frame[columns["reward"]])
    problems = [("a trajectory with no steps", length == 0)]
    for name in lists:
        column = frame[columns[name]]
        problems.append((f"{columns[name]} is missing", column.is_null().to_numpy()))
        null = column.list.eval(pl.element().is_null()).list.any().fill_null(value=False)
        problems.append((f"an entry of {columns[name]} is missing", null.to_numpy()))
    for name in FLAGS_OF_ALL:
        if name in columns:
            wrong = _flags(frame[columns[name]]).is_null().to_numpy()
            problems.append((f"{columns[name]} is not true or false", wrong))
    what = f"{listed(columns[name] for name in lists)} differ in length"
    problems.append((what, lengths_differ(frame, table)))
    rewards = frame.select(pl.col(columns["reward"]).cast(pl.List(pl.Float64), strict=False))
    finite = (
        rewards.to_series().list.eval(pl.element().is_finite().fill_null(value=False)).list.all()
    )
    problems.append(("a reward is not a finite number", ~finite.fill_null(value=True).to_numpy()))
    return [(what, rows) for what, rows in problems if rows.any()]


def _lists(table: Table) -> list[str]:
    names = ("state", "action", "reward", "value", "log_prob", "behaviour_prob")
    return [name for name in names if name in table.column]


def lengths_differ(frame: pl.DataFrame, table: Table) -> Flags:
    """[rows] whether the lists of a row differ in length; states and values may have one more."""
    length = {name: _length(frame[table.column[name]]) for name in _lists(table)}
    n = length["reward"]
    differ = n < 1
    for name, entries in length.items():
        differ |= (entries != n) & ((entries != n + 1) if name in ONE_MORE else True)
    return differ


def _length(column: pl.Series) -> Ints:
    return column.list.len().cast(pl.Int64).fill_null(-1).to_numpy()


def arrays(frame: pl.DataFrame, table: Table) -> Trajectories:
    """Return rows of lists, in which nothing is wrong, as trajectories."""
    column, experience = table.column, table.experience
    length = _length(frame[column["reward"]])
    start = np.concatenate([[0], np.cumsum(length)])
    state, last_state = _labels(frame, "state", length, table)
    action, _ = _labels(frame, "action", length, table)
    value, last_value = _numbers(frame, "value", length, table)
    flags = [name for name in FLAGS_OF_ALL if name in column]
    ended = {name: _flags(frame[column[name]]).to_numpy() for name in flags}
    none = np.zeros(len(frame), dtype=bool)
    if "done" in ended and "terminated" not in ended:
        experience.note(
            "a column says that trajectories are done but not why: they count as ended by the "
            "world unless you say --columns truncated=COLUMN"
        )
    return Trajectories(
        start=start.astype(np.int64),
        state=state,
        action=action,
        reward=_numbers(frame, "reward", length, table)[0],  # type: ignore[arg-type]
        terminated=ended.get("terminated", none),
        truncated=ended.get("truncated", none),
        states=experience.states,
        actions=experience.actions,
        last_state=last_state,
        last_value=last_value,
        value=value,
        log_prob=_numbers(frame, "log_prob", length, table)[0],
        behaviour_prob=_numbers(frame, "behaviour_prob", length, table)[0],
        name=_names(frame, table),
    )


def _names(frame: pl.DataFrame, table: Table) -> list[str] | None:
    if not table.options.identify or "trajectory" not in table.column:
        return None
    source = table.column["trajectory"]
    text = as_text(pl.col(source), frame.schema[source])
    return frame.select(text.cast(pl.String)).to_series().to_list()


def _flags(column: pl.Series) -> pl.Series:
    """A flag a trajectory, or a list of one a step, of which the last one counts."""
    if column.dtype.is_nested():
        column = column.list.last()
    return column.to_frame().select(as_flag(pl.col(column.name), column.dtype)).to_series()


def _flat(frame: pl.DataFrame, source: str) -> pl.DataFrame:
    return frame.select(source).explode(source, empty_as_null=False)


def _labels(
    frame: pl.DataFrame, name: str, length: Ints, table: Table
) -> tuple[Codes, Codes | None]:
    source = table.column[name]
    flat = _flat(frame, source)
    book = table.books.of_column(name)
    kind = flat.schema[source]
    text = pl.col(source) if kind == book.kind else as_text(pl.col(source), kind)
    codes = book.codes(flat.select(book.category(text)).to_series())
    steps, last = _steps_and_last(_length(frame[source]), length)
    if last is None:
        return codes, None
    return codes[steps], np.where(last >= 0, codes[last], -1).astype(np.int32)


def _numbers(
    frame: pl.DataFrame, name: str, length: Ints, table: Table
) -> tuple[Floats | None, Floats | None]:
    if name not in table.column:
        return None, None
    source = table.column[name]
    flat = _flat(frame, source)
    numbers = as_number(pl.col(source), flat.schema[source]).fill_null(float("nan"))
    values = flat.select(numbers).to_series().to_numpy()
    if name == "reward" and table.options.columns.get(name, "").startswith("-"):
        values = -values
    steps, last = _steps_and_last(_length(frame[source]), length)
    if last is None:
        return values, None
    return values[steps], np.where(last >= 0, values[last], np.nan)


def _steps_and_last(entries: Ints, length: Ints) -> tuple[Flags, Ints | None]:
    """Which entries belong to steps, and the place of the entry that follows a last step, or -1."""
    if np.array_equal(entries, length):
        return np.ones(0, dtype=bool), None
    final = np.cumsum(entries) - 1
    more = entries > length
    steps = np.ones(int(entries.sum()), dtype=bool)
    steps[final[more]] = False
    return steps, np.where(more, final, -1)
