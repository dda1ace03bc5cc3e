"""Rows with lists in their cells → trajectories, without a Python object a step.

A row is one trajectory, or several where a list of flags or of names tells so. No trajectory goes
on in another row.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from rlcalc.errors import Fault, InputError, listed, shown
from rlcalc.numerics.arrays import Codes, Flags, Floats, Ints
from rlcalc.numerics.probabilities import LARGEST_LOG_PROB, MOST_PROBABLE, POSSIBLE, POSSIBLE_LOG
from rlcalc.readers.column_names import OF_STEPS
from rlcalc.readers.label_encoder import as_text, canonical_texts
from rlcalc.readers.trajectories.step_table import Table, as_flag, as_number, is_list
from rlcalc.trajectories import Trajectories

FLAGS_OF_ALL = ("terminated", "truncated", "done")
"""What says how a trajectory ended: a flag a row, or a list of one a step."""

MARKS = ("is_first", "is_last", "is_terminal")
"""Flags by which some entries are no steps: they are for one step a row."""

ONE_MORE = ("state", "value")
"""Lists that may have one entry more than there are rewards: what follows the last step."""


CORRECT = "correct these rows, or leave them out"


def trajectories_of(frame: pl.DataFrame, table: Table) -> Trajectories:
    """Return the trajectories of a frame; rows with faults are reported and left out.

    Raises:
        InputError: a row is not as it should be, unless faults are collected.
    """
    first = table.n_rows
    table.n_rows += len(frame)
    table.experience.n_rows += len(frame)
    frame, row_of = table.filtered(frame)
    problems = problems_of(frame, table)
    wrong = np.zeros(len(frame), dtype=bool)
    for what, rows in problems:
        places = np.flatnonzero(rows)
        numbers = places if row_of is None else row_of[places]
        where = listed([table.place(first + int(row)) for row in numbers[:5]], total=len(places))
        table.experience.fault(Fault(what, f"{table.file}, {where}", CORRECT))
        wrong |= rows
    return arrays(frame.filter(~pl.Series(wrong)) if wrong.any() else frame, table)


def problems_of(frame: pl.DataFrame, table: Table) -> list[tuple[str, Flags]]:
    """Return the faults of rows of lists, and the rows of each."""
    columns = table.column
    lists = _lists(table)
    flat = [name for name in lists if not is_list(frame.schema[columns[name]])]
    if flat:
        raise InputError(
            f"{listed(columns[name] for name in flat)} holds no lists, as {columns['reward']} does",
            table.file,
            "give one step a row, or one trajectory a row with a list in each cell",
        )
    marks = [name for name in MARKS if _is_list(table, name)]
    if marks:  # RLDS: the last entry would be taken for a step
        raise InputError(
            f"{listed(columns[name] for name in marks)} in lists cannot be read",
            table.file,
            "give one step a row, or leave out the last entries and these columns",
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
            wrong = _no_flags(frame[columns[name]])
            problems.append((f"{columns[name]} is not true or false", wrong))
    each = [name for name in (*lists, *_of_steps(table)) if is_list(frame.schema[columns[name]])]
    what = f"{listed(columns[name] for name in each)} differ in length"
    problems.append((what, lengths_differ(frame, table)))
    rewards = frame.select(pl.col(columns["reward"]).cast(pl.List(pl.Float64), strict=False))
    finite = (
        rewards.to_series().list.eval(pl.element().is_finite().fill_null(value=False)).list.all()
    )
    problems.append(("a reward is not a finite number", ~finite.fill_null(value=True).to_numpy()))
    known = pl.element().fill_nan(None)  # Polars takes NaN for the largest number
    for name, expected, off in (
        ("behaviour_prob", POSSIBLE, (known <= 0) | (known > MOST_PROBABLE)),
        ("log_prob", POSSIBLE_LOG, known > LARGEST_LOG_PROB),
        ("old_log_prob", POSSIBLE_LOG, known > LARGEST_LOG_PROB),
    ):
        if name in columns:
            values = frame[columns[name]].cast(pl.List(pl.Float64), strict=False)
            rows = values.list.eval(off).list.any().fill_null(value=False)
            problems.append((f"{columns[name]} is not {expected}", rows.to_numpy()))
    return [(what, rows) for what, rows in problems if rows.any()]


def _lists(table: Table) -> list[str]:
    scalar = ("next_value",) if not _is_list(table, "next_value") else ()
    names = [name for name in ("state", "action", "reward", *OF_STEPS) if name not in scalar]
    several = ("trajectory",) if _is_list(table, "trajectory") else ()
    return [name for name in (*names, *several) if name in table.column]


def _is_list(table: Table, name: str) -> bool:
    return name in table.column and is_list(table.schema[table.column[name]])


def _of_steps(table: Table) -> list[str]:
    """The flags that are lists of one a step; a row without such a list has none set."""
    return [name for name in FLAGS_OF_ALL if _is_list(table, name)]


def lengths_differ(frame: pl.DataFrame, table: Table) -> Flags:
    """[rows] whether the lists of a row differ in length; states and values may have one more."""
    length = {name: _length(frame[table.column[name]]) for name in _lists(table)}
    n = length["reward"]
    differ = n < 1
    for name, entries in length.items():
        differ |= (entries != n) & ((entries != n + 1) if name in ONE_MORE else True)
    for name in _of_steps(table):
        entries = _length(frame[table.column[name]])
        differ |= (entries != n) & (entries >= 0)
    return differ


def _length(column: pl.Series) -> Ints:
    return column.list.len().cast(pl.Int64).fill_null(-1).to_numpy()


def arrays(frame: pl.DataFrame, table: Table) -> Trajectories:
    """Return the trajectories of rows of lists in which nothing is wrong."""
    column, experience = table.column, table.experience
    length = _length(frame[column["reward"]])
    flag = {name: _flags(frame[column[name]], length) for name in FLAGS_OF_ALL if name in column}
    ids = _ids(frame, table)
    final, row = _ends(length, flag, ids)
    state, last_state = _labels(frame, "state", length, table)
    action, _ = _labels(frame, "action", length, table)
    value, last_value = _numbers(frame, "value", length, table)
    if len(row) > len(frame):  # what follows is known of the last trajectory of a row
        is_last = np.append(row[1:] != row[:-1], True)
        last_state = None if last_state is None else np.where(is_last, last_state[row], -1)
        last_value = None if last_value is None else np.where(is_last, last_value[row], np.nan)
    after = None
    if _is_list(table, "next_value"):
        after, _ = _numbers(frame, "next_value", length, table)
    if "next_value" in column and last_value is None:
        last_value = _last_values(frame, table, after, final, row)
    ended = {name: flags[final] for name, flags in flag.items()}
    none = np.zeros(len(final), dtype=bool)
    over = np.any(list(ended.values()), axis=0) if ended else none
    if "done" in ended and "terminated" not in ended:
        experience.note(
            "a column marks trajectories as done without the reason: they count as terminated "
            "unless --columns truncated=COLUMN names the truncated ones"
        )
    cut_off = ~over if _of_steps(table) else none
    if cut_off.any():
        experience.note(
            "some trajectories stop although no end is flagged: they count as truncated"
        )
    if ids is not None:
        _refuse_more_of(ids.gather(final).to_list(), over, table)
    return Trajectories(
        start=np.concatenate([[0], final + 1]).astype(np.int64),
        state=state,
        action=action,
        reward=_numbers(frame, "reward", length, table)[0],  # type: ignore[arg-type]
        terminated=ended.get("terminated", none),
        truncated=ended.get("truncated", none) | cut_off,
        cut_off=cut_off if cut_off.any() else None,
        states=experience.states,
        actions=experience.actions,
        last_state=last_state,
        last_value=last_value,
        value=value,
        **{  # type: ignore[arg-type]
            name: _numbers(frame, name, length, table)[0]
            for name in OF_STEPS
            if name not in ("value", "next_value")
        },
        next_value=after,
        name=_names(frame, table, ids, final, row),
    )


def _ends(length: Ints, flag: dict[str, Flags], ids: pl.Series | None) -> tuple[Ints, Ints]:
    """Return the last step of each trajectory, and the row that it stands in."""
    last = np.cumsum(length) - 1
    end = np.zeros(int(length.sum()), dtype=bool)
    end[last] = True
    for flags in flag.values():
        end |= flags
    if ids is not None:
        end |= (ids != ids.shift(-1)).fill_null(value=True).to_numpy()
    final = np.flatnonzero(end)
    return final, np.searchsorted(last, final)


def _ids(frame: pl.DataFrame, table: Table) -> pl.Series | None:
    """[T] the trajectory that each step belongs to, where a list says it."""
    if not _is_list(table, "trajectory"):
        return None
    source = table.column["trajectory"]
    flat = _flat(frame, source)
    text = as_text(pl.col(source), flat.schema[source])
    return canonical_texts(flat.select(text.cast(pl.String)).to_series())


def _refuse_more_of(names: list[str], over: Flags, table: Table) -> None:
    """Refuse trajectories that go on in another row, or after steps of others."""
    for name, ended in zip(names, over.tolist(), strict=True):
        if name in table.unfinished:
            table.experience.fault(
                Fault(
                    f"the trajectory {shown(name)} goes on after steps of another, or in another "
                    "row",
                    f"{table.file}: {table.column['trajectory']}",
                    "give one step a row, with a column that tells trajectories apart",
                )
            )
            return
        if not ended:
            table.unfinished.add(name)


def _names(
    frame: pl.DataFrame, table: Table, ids: pl.Series | None, final: Ints, row: Ints
) -> list[str] | None:
    if not table.request.identify or "trajectory" not in table.column:
        return None
    if ids is not None:
        return ids.gather(final).to_list()
    source = table.column["trajectory"]
    text = as_text(pl.col(source), frame.schema[source])
    return canonical_texts(frame.select(text.cast(pl.String)).to_series()).gather(row).to_list()


def _flags(column: pl.Series, length: Ints) -> Flags:
    """[T] whether a step is flagged; the flag of a row is that of its last step."""
    flags = np.zeros(int(length.sum()), dtype=bool)
    if is_list(column.dtype):
        given = column.is_not_null().to_numpy()
        flat = column.drop_nulls().explode(empty_as_null=False)
        flags[np.repeat(given, length)] = _as_flags(flat).to_numpy()
    else:
        flags[np.cumsum(length) - 1] = _as_flags(column).to_numpy()
    return flags


def _as_flags(column: pl.Series) -> pl.Series:
    return column.to_frame().select(as_flag(pl.col(column.name), column.dtype)).to_series()


def _no_flags(column: pl.Series) -> Flags:
    """[rows] whether something is neither true nor false."""
    if not is_list(column.dtype):
        return _as_flags(column).is_null().to_numpy()
    kind: pl.DataType = column.dtype.inner  # type: ignore[attr-defined]
    none = column.list.eval(as_flag(pl.element(), kind).is_null()).list.any()
    return none.fill_null(value=False).to_numpy()


def _flat(frame: pl.DataFrame, source: str) -> pl.DataFrame:
    return frame.select(source).explode(source, empty_as_null=False)


def _labels(
    frame: pl.DataFrame, name: str, length: Ints, table: Table
) -> tuple[Codes, Codes | None]:
    if name not in table.column:  # nobody needs it
        return np.full(int(length.sum()), -1, dtype=np.int32), None
    source = table.column[name]
    flat = _flat(frame, source)
    encoder = table.encoders.of_column(name)
    kind = flat.schema[source]
    text = pl.col(source) if kind == encoder.kind else as_text(pl.col(source), kind)
    codes = encoder.codes(flat.select(encoder.category(text)).to_series())
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
    if name == "reward" and table.request.columns.get(name, "").startswith("-"):
        values = -values
    steps, last = _steps_and_last(_length(frame[source]), length)
    if last is None:
        return values, None
    return values[steps], np.where(last >= 0, values[last], np.nan)


def _last_values(
    frame: pl.DataFrame, table: Table, after: Floats | None, final: Ints, row: Ints
) -> Floats:
    """[E] V after each last step: of a list with one a step, or of the row, for its last step."""
    if after is not None:
        return after[final]
    source = table.column["next_value"]
    numbers = as_number(pl.col(source), frame.schema[source]).fill_null(float("nan"))
    values = frame.select(numbers).to_series().to_numpy()
    return np.where(np.append(row[1:] != row[:-1], True), values[row], np.nan)


def _steps_and_last(entries: Ints, length: Ints) -> tuple[Flags, Ints | None]:
    """Which entries belong to steps, and the place of the entry that follows a last step, or -1."""
    if np.array_equal(entries, length):
        return np.ones(0, dtype=bool), None
    final = np.cumsum(entries) - 1
    more = entries > length
    steps = np.ones(int(entries.sum()), dtype=bool)
    steps[final[more]] = False
    return steps, np.where(more, final, -1)
