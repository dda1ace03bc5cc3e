"""Frames of rollouts from one file after the other → Rollouts.

Whatever a dump looks like, its rows come here as frames of the same columns: group (an id, or the
hash of a prompt), step, reward:NAME, and what else it has.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from rlcalc.errors import InputError, listed, shown
from rlcalc.numerics.arrays import Floats, Ints
from rlcalc.progress import counted
from rlcalc.readers.partitions import Partition, with_partition
from rlcalc.readers.rollouts import dumps
from rlcalc.readers.rollouts.columns import (
    NUMBERS,
    REWARD,
    expressions,
    kept_questions,
    lists_of,
    nested_names,
    one_row_each,
    options_of,
    refuse_mappings,
    requested_layout,
    text_expressions,
    types_of,
    values_of_types,
)
from rlcalc.readers.rollouts.dumps.layout import Layout, Row, RunInfo
from rlcalc.readers.rollouts.keys import key_runs, merged_rows, run_edges
from rlcalc.readers.rollouts.nested_records import (
    checked_rollout,
    frame_of_rollouts,
    rollouts_of_record,
)
from rlcalc.readers.rollouts.origins import ROW, ids_of_record, origins_of
from rlcalc.readers.rollouts.overlaps import overlaps_in_a_file, overlaps_of_files
from rlcalc.readers.rollouts.readings import Readings
from rlcalc.readers.rollouts.runs import how_runs_ended, names_of_groups, owners_of
from rlcalc.readers.rollouts.snapshots import Snapshots
from rlcalc.readers.rollouts.verdicts import Reports
from rlcalc.readers.row_filter import RecordFilters
from rlcalc.rollouts import Rollouts, arranged_rollouts

if TYPE_CHECKING:
    from rlcalc.readers.rollouts.request import RolloutRequest
    from rlcalc.readers.sources import File

ROWS = 1 << 18
SMALL = 1 << 10
"""Rows of records below which those of other files follow in the same frame."""
LONGEST = 2**53
"""No response is as long as this; beyond it not every whole number is one of float64."""
EXPECTED = {"truncated": "true or false", "step": "a whole number"}
Place = Callable[[int], str]


class RolloutsBuilder:
    """The rollouts of one reading, as they come in."""

    def __init__(self, request: RolloutRequest) -> None:
        self.filters = RecordFilters(request.where)
        self.request = request
        self.form: str | None = None  # the format of all files so far
        self.module: ModuleType | None = None  # of that format, if it is a dump
        self.first_file = ""
        self.nested = False  # rollouts are inside of records, and no option names a column
        self.inside = False  # records are rows of a table that is a record itself
        self.frames: list[pl.DataFrame] = []
        self.waiting: list[Row] = []  # of small nested records, which become one frame together
        self.numbers: list[int] = []  # the row of the file that each of these is from
        self.since = 0  # the first frame of the file that is being read
        self.file, self.step = "", None  # type: str, int | None
        self.partition: Partition = {}  # columns that the path of the file holds
        self.before_file: dict[str, Any] = {}  # all of this as it was before the file
        self.lengths = 0, 0, 0, 0  # of the lists among them
        self.left_out: list[str] = []  # files of folders that hold no rollouts
        self.list_groups: list[pl.DataFrame] = []  # of the file, where rows are groups
        self.rewards: set[str] = set()  # that --reward could name in nested rows of the file
        self.files: list[tuple[int, str]] = []  # (rows before it, its name)
        self.n_rows = self.n_groups = 0
        self.counts_groups = False  # names of groups are their numbers, as they have no other
        self.n_read = 0  # rows of the file so far, those that are left out too
        self.place = 0  # of the next row, counted with those that are taken back
        self.only = None if request.only is None else np.array(request.only, np.int64)
        self.grouped, self.restart = "id", False
        self.skipped = 0  # torn last lines
        self.notes: list[str] = []
        self.characters = False  # lengths are in characters
        self.readings = Readings(request)
        self.snapshots = Snapshots()
        self.reports = Reports()  # of evaluations, beside the files
        self.frames_of: dict[int, tuple[int, int]] = {}  # by file: its first frame, and the next
        self.owners: dict[str, str] = {}  # the task and the run that the file's name tells of
        self.evaluation: bool | None = None  # and no training; None: nobody says
        self.empty: list[str] = []  # logs without rollouts
        self.status: dict[str, str] = {}  # of the run that each file logs
        self.oddities: dict[str, int] = {}  # groups that are probably not as they were meant

    def note(self, text: str) -> None:
        """Say something about the source, once."""
        if text not in self.notes:
            self.notes.append(text)

    def begin_file(self, name: str, step: int | None, partition: Partition | None = None) -> None:
        """Say which file the next frames are from, and what its path tells of.

        Args:
            name: of the file.
            step: that its name tells of; None: none.
            partition: columns that its path holds, with their value.
        """
        self.before_file = {**vars(self), "before_file": {}}
        self.lengths = len(self.frames), len(self.notes), len(self.files), len(self.waiting)
        self.file, self.step = name, None if self.request.step == "none" else step
        self.partition = partition or {}
        self.since, self.inside = len(self.frames), False
        self.list_groups, self.rewards, self.n_read = [], set(), 0
        self.files.append((self.n_rows, name))
        self.owners = {}

    def twin(self, name: str, step: int | None) -> str | None:
        """Return an earlier file with the same content.

        Plain tables may be alike by chance, and where a file's name tells its task, it is another.
        """
        twin = self.snapshots.twin(name, step)
        by_chance = self.form in (None, "columns", "trajectories")
        return None if by_chance or hasattr(self.module, "names_of_file") else twin

    def note_twin(self, name: str, twin: str) -> None:
        """Say that a file is left out, as an earlier one has the same content."""
        self.note(f"{shown(name)} has the same bytes as {shown(twin)}, and is left out")

    def forget_file(self) -> None:
        """Go back to where the file began."""
        n_frames, n_notes, n_files, n_waiting = self.lengths
        del self.frames[n_frames:], self.notes[n_notes:], self.files[n_files:]
        vars(self).update(self.before_file)
        del self.waiting[n_waiting:], self.numbers[n_waiting:]

    def sniffed(self, record: Mapping[str, Any], where: str) -> dumps.Dump:
        """Return the format of a file that is forced, or that fits its columns."""
        forced = None if self.inside else self.request.form
        dump = dumps.named(forced) if forced else dumps.sniffed(record, where)
        has_columns = hasattr(dump.module, "layout") or hasattr(dump.module, "records")
        return dump if has_columns or not self.request.named() else dumps.named("columns")

    def dump_of(self, record: Mapping[str, Any], where: str) -> ModuleType:
        """Return the module of a file's format, which must be that of the files before."""
        dump = self.sniffed(record, where)
        if dump.name == "columns" and self.form not in (None, "columns"):
            layout = dump.module.layout(list(record), [])
            nested = nested_names(record, None)
            requested_layout(layout, list(record), where, self.request, nested)  # no rollouts?
        if not hasattr(dump.module, "records"):  # else the rows inside have a format
            self.require_format(dump.name, where, dump.module)
        return dump.module

    def require_format(self, name: str, where: str, module: ModuleType | None = None) -> None:
        """Note the format of a file, and its module if it is a trainer's dump.

        Raises:
            InputError: the files before it have another format.
        """
        if module is not None and hasattr(module, "names_of_file"):
            self.owners = module.names_of_file(self.file)
        if self.form is None:
            self.form, self.first_file, self.module = name, where, module
        elif name != self.form:
            raise InputError(
                f"this is of the format {name}, and {self.first_file} of {self.form}",
                where,
                "give files of one trainer, or force one with --from",
            )

    def refuse_unused_options(self, where: str) -> None:
        """Refuse what was asked for and changes nothing where rollouts are nested.

        Raises:
            InputError: another format was forced, or a column named that is not the reward.
        """
        if self.request.form not in (None, self.form) and not self.inside:
            what = f"--from {self.request.form}: this is of the format {self.form}"
            raise InputError(what, where, "leave out --from")
        for meaning, column in self.request.named().items():
            raise InputError(
                f"there is no column {shown(column)}: the format {self.form} has none",
                where,
                f"leave out --{meaning}: its rollouts are recognised by their structure",
            )

    def begin_inner_table(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Say that the next records are rows of a table that was a record itself."""
        self.inside = True
        replaced = self.snapshots.replaced_by(self.file, rows, len(self.files) - 1)
        if replaced is not None:
            self._leave_out(replaced)

    def _leave_out(self, file: int) -> None:
        """Take back the rows of a file, whose rows this one has too."""
        begin, name = self.files[file]
        n = self.files[file + 1][0] - begin
        first, end = self.frames_of[file]
        self.frames[first:end] = [frame.clear() for frame in self.frames[first:end]]
        self.files[file + 1 :] = [(before - n, later) for before, later in self.files[file + 1 :]]
        self.n_rows -= n
        self.snapshots.replaced.append((name, self.file))

    # -- rows that Polars reads ---------------------------------------------------------------

    def table(
        self, layout: Layout, lazy: pl.LazyFrame, schema: Mapping[str, pl.DataType], place: Place
    ) -> None:
        """Take in a table, batch by batch."""
        before, reading = 0, f"reading {self.file}"
        refuse_mappings(layout, schema, self.file)
        if self.request.where:
            batches = lazy.collect_batches(maintain_order=True, chunk_size=ROWS >> 5)
            for frame in counted(batches, reading, "rows", len):
                kept, rows = self.filters.frame(self._with_path(frame))
                of_batch = partial(_shifted, place, before)
                self.take_frame(layout, kept, partial(_row_of, of_batch, rows), rows + before)
                before += len(frame)
            return
        if not self.is_plain(layout, schema):
            batches = lazy.collect_batches(maintain_order=True, chunk_size=ROWS >> 5)
            for frame in counted(batches, reading, "rows", len):
                self.take_frame(layout, frame, partial(_shifted, place, before))
                before += len(frame)
            return
        lazy = with_partition(lazy, self.partition, schema)
        selected = lazy.select(expressions(layout, lazy.collect_schema(), self.request))
        size = ROWS >> 5 if self.request.whole else ROWS
        batches = selected.collect_batches(maintain_order=True, chunk_size=size)
        for frame in counted(batches, reading, "rows", len):
            self.take(layout, frame, partial(_shifted, place, before))
            before += len(frame)

    def plain_records(
        self,
        layout: Layout,
        columns: Mapping[str, Any],
        records: Sequence[Mapping[str, Any]],
        place: Place,
    ) -> None:
        """Take in rows that are in memory, each a mapping.

        Args:
            layout: of the file.
            columns: of the file, as `Columns.values` has them.
            records: the rows.
            place: says where one stands.
        """
        numbers, n_records = None, len(records)
        if self.request.where:
            records, rows_of = self.filters.records(records, self._path_columns())
            place, numbers = partial(_row_of, place, rows_of), rows_of + self.n_read
        kinds = self.kinds(layout, columns)
        options = options_of(layout)
        rows = [
            values_of_types(record, kinds, place(n), options) for n, record in enumerate(records)
        ]
        self.take_frame(layout, pl.DataFrame(rows, schema=kinds, orient="row"), place, numbers)
        if numbers is not None:
            self.n_read += n_records

    def kinds(self, layout: Layout, columns: Mapping[str, Any]) -> dict[str, pl.DataType]:
        """Return the types in which the values of JSON are read, by column."""
        kinds = types_of(layout, columns, self.request)
        return {
            name: kind
            for name, kind in kinds.items()
            if name in columns or name not in self.partition
        }

    def is_plain(self, layout: Layout, kinds: Mapping[str, pl.DataType]) -> bool:
        """Whether rows are rollouts, and not groups with lists in them."""
        return self.form != "columns" or not lists_of(layout, kinds)

    def selected(self, layout: Layout, frame: pl.DataFrame) -> pl.DataFrame:
        """Return what `take` takes of a frame of the columns of the file."""
        frame = with_partition(frame, self.partition, frame.columns)
        return frame.lazy().select(expressions(layout, frame.schema, self.request)).collect()

    def take_frame(
        self, layout: Layout, frame: pl.DataFrame, place: Place, rows: Ints | None = None
    ) -> None:
        """Take in a frame of the columns of the file; `rows` as in `_add`."""
        if not self.is_plain(layout, frame.schema):
            lists = lists_of(layout, frame.schema)
            frame = with_partition(frame, self.partition, frame.columns)
            self._note_lists(layout, frame, lists, place)
            numbers = self._numbers(len(frame)) if rows is None else rows
            frame, row_of = one_row_each(frame, lists, place)
            place, rows = partial(_row_of, place, row_of), numbers[row_of]
        self.take(layout, self.selected(layout, frame), place, rows)

    def _note_lists(
        self, layout: Layout, frame: pl.DataFrame, lists: list[str], place: Place
    ) -> None:
        """Say that each row is a group, after a look whether it is.

        Raises:
            InputError: a group has several rows, so that its lists are of something else.
        """
        keys = [layout.group or layout.prompt, layout.step]
        names = [name for name in keys if name in frame.columns and name not in lists]
        self.list_groups.append(frame.select(names))
        together = pl.concat(self.list_groups)
        if names and (twice := together.is_duplicated().arg_true()).len():
            row = int(twice[-1]) - len(together) + len(frame)
            raise InputError(
                f"{shown(lists[0])} is a list, and group {shown(together[twice[-1], 0])} has "
                "several rows",
                place(max(row, 0)),
                "a row holds one number for one rollout, or lists with all rollouts of a group",
            )
        self.note("each row is a group: its lists hold the rollouts")

    def take(
        self, layout: Layout, frame: pl.DataFrame, place: Place, rows: Ints | None = None
    ) -> None:
        """Take in a frame of the columns that `expressions` gives, after looking at its values."""
        self.grouped, self.restart = layout.grouped, layout.restart
        counted = self.request.texts and layout.length is None and layout.response is not None
        self.characters = counted or layout.kinds.get("length") == "text"
        for name in [name for name in frame.columns if name.startswith("bad:")]:
            column = name.removeprefix("bad:")
            wrong = frame[name].is_not_null().arg_true()
            if len(wrong):
                values = frame[name][wrong[:3].to_list()].to_list()
                expected = EXPECTED.get(column, "a number")
                self._wrong(column, values, wrong, place, expected)
            frame = frame.drop(name)
        for name in frame.columns:
            if name.startswith(REWARD) or name == "baseline":
                flags, expected = frame[name].is_infinite(), "a finite number, or none"
            elif name == "length":
                flags, expected = ~frame[name].is_between(0, LONGEST), "a length from 0"
                flags &= frame[name].is_not_nan()
            else:
                continue
            if len(wrong := flags.arg_true()):
                values = frame[name][wrong[:3].to_list()].to_list()
                self._wrong(name, values, wrong, place, expected)
        if layout.nan_as_null and "advantage" in frame.columns:
            frame = frame.with_columns(pl.col("advantage").fill_null(float("nan")))
        if "group" in frame.columns and frame["group"].null_count():
            wrong = frame["group"].is_null().arg_true()
            self._wrong(layout.group or layout.prompt or "group", [None], wrong, place, "a name")
        self._add(frame, rows)

    def _wrong(
        self, name: str, values: list[Any], rows: pl.Series, place: Place, expected: str
    ) -> None:
        more = [f"{len(rows) - 3:,} more"] if len(rows) > 3 else []
        seen = "missing" if values[0] is None else listed(repr(value) for value in values)
        raise InputError(
            f"{shown(name.removeprefix(REWARD))} is {shown(seen, 120)}, expected {expected}",
            " and ".join([place(int(row)) for row in rows[:3]] + more),
            "correct or leave out " + ("this row" if len(rows) == 1 else "these rows"),
        )

    def _numbers(self, n: int) -> Ints:
        """Return the numbers of the next rows of the file, from 0."""
        self.n_read += n
        return np.arange(self.n_read - n, self.n_read)

    def _add(self, frame: pl.DataFrame, rows: Ints | None = None) -> None:
        """Add a frame of rollouts.

        Args:
            frame: of the columns that `finish` knows.
            rows: the row of the file that each is from; None: they follow those so far.
        """
        self.flush()
        if self.request.origins:
            numbers = self._numbers(len(frame)) if rows is None else rows
            frame = frame.with_columns(pl.Series(ROW, numbers))
        if "step" not in frame.columns and self.step is not None:
            frame = frame.with_columns(step=pl.lit(self.step, pl.Int64))
        for name, owner in self.owners.items():
            if name not in frame.columns:
                frame = frame.with_columns(pl.lit(owner, pl.String).alias(name))
        self._append(frame)
        self.n_rows += len(frame)

    def _append(self, frame: pl.DataFrame) -> None:
        self.frames.append(self._with_chosen_texts(frame))
        self.place += len(frame)

    def flush(self) -> None:
        """Make a frame of the rows that wait."""
        if not self.waiting:
            return
        frame = self._frame_of(self.waiting)
        if self.request.origins:
            frame = frame.with_columns(pl.Series(ROW, self.numbers, dtype=pl.Int64))
        is_first = len(self.frames) == self.since
        self.waiting, self.numbers = [], []
        self._append(frame)
        self.since += is_first  # the frames of the file that is being read follow

    def _with_chosen_texts(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Return a frame with the place of each row, and without texts that are not to be kept."""
        if self.request.numbered:
            frame = frame.with_columns(place=np.arange(self.place, self.place + len(frame)))
        if self.only is None:
            return frame
        chosen = np.flatnonzero(np.isin(np.arange(self.place, self.place + len(frame)), self.only))
        names = [name for name in ("question", "beginning") if name in frame.columns]
        return frame.with_columns(_at_rows(frame[name], chosen) for name in names)

    # -- records in which rollouts are nested ---------------------------------------------------

    def records(
        self,
        module: ModuleType,
        records: Iterable[Mapping[str, Any]],
        place: Place,
        paths: Sequence[str] | None = None,
    ) -> None:
        """Take in the rollouts of nested records.

        Args:
            module: of their format.
            records: each holds rollouts.
            place: says where one stands.
            paths: ends with that of the record which was taken last; None: all are of the file.

        Raises:
            InputError: a record is not what the format says.
        """
        self.refuse_unused_options(place(0))
        self.nested = True
        self.restart = getattr(module, "RESTART", False)
        rows: list[Row] = []
        number_of: list[int] = []  # of the record of each
        n_records = 0
        for number, record in enumerate(records):
            where = place(number)
            path = paths[-1] if paths else self.file
            for row in self._rows_of(module, record, where, path):
                rows.append(checked_rollout(row, self.request, where))
                number_of.append(number)
                if self.request.origins:
                    rows[-1]["ids"] = ids_of_record(record)
                if "group" not in row and "prompt" not in row:
                    rows[-1]["group"] = str(self.n_groups)  # the record is the group
                    self.counts_groups = True
            self.n_groups += 1
            n_records = number + 1
        if rows:
            self._add_records(module, rows, np.array(number_of, np.int64) + self.n_read)
        self.n_read += n_records

    def _rows_of(
        self, module: ModuleType, record: Mapping[str, Any], where: str, path: str
    ) -> Iterator[Row]:
        """Yield the rollouts of a record that --where keeps.

        Raises:
            InputError: the record is not what the format says.
        """
        if hasattr(module, "about_run"):
            self._see_run(module.about_run(record))
        complete = None
        if hasattr(module, "completed"):
            complete = partial(module.completed, path=path, reports=self.reports)
        rows = rollouts_of_record(module, record, where, str(self.form), complete)
        if not rows and hasattr(module, "EMPTY"):
            self.empty.append(where)
        for row in rows:
            if self.request.where and not self.filters.keeps(
                {**self._path_columns(), **record, **_flat(row)}
            ):
                continue
            if not self.request.turns:
                row.pop("turns", None)
            if self.request.reward:
                self.rewards |= row.get("reward", {}).keys() | row.get("more", {}).keys()
            yield row

    def _add_records(self, module: ModuleType, rows: list[Row], numbers: Ints) -> None:
        self.grouped = getattr(module, "GROUPED", "prompt" if "prompt" in rows[0] else "id")
        if self._may_wait(rows):
            self._let_wait(rows, numbers)
        else:
            self._add(self._frame_of(rows), numbers)

    def _may_wait(self, rows: list[Row]) -> bool:
        """Whether rows need not be a frame of their own, of which many would be slow."""
        kind = "prompt" in rows[0]
        if self.waiting and kind != ("prompt" in self.waiting[0]):
            self.flush()
        by_file = self.inside or self.grouped == "runs" or self.request.group_size is not None
        return len(rows) < SMALL and not by_file and not {"scores", "filter"} & rows[0].keys()

    def _let_wait(self, rows: list[Row], numbers: Ints) -> None:
        known: dict[str, Any] = {
            **self.owners,
            **({} if self.step is None else {"step": self.step}),
        }
        for name, value in known.items():
            if all(row.get(name) is None for row in rows):
                for row in rows:
                    row[name] = value
        self.waiting += rows
        self.numbers += numbers.tolist()
        self.n_rows += len(rows)
        if len(self.waiting) > ROWS >> 5:
            self.flush()

    def _frame_of(self, rows: list[Row]) -> pl.DataFrame:
        """Return nested rollouts as a frame of the columns that `finish` knows."""
        frame = frame_of_rollouts(rows, self.request)
        if "response" in frame.columns:
            has_length = "length" in frame.columns
            self.characters = self.request.texts and not has_length
            response = text_expressions(pl.col("response"), self.request, has_length=has_length)
            frame = frame.with_columns(response).drop("response")
        left_out = [m for m in ("step", "rollout") if getattr(self.request, m) == "none"]
        return frame.drop(left_out, strict=False)

    def _path_columns(self) -> dict[str, Any]:
        """Return what the path of the file tells of all its rollouts."""
        return {**({} if self.step is None else {"step": self.step}), **self.partition}

    def _with_path(self, frame: pl.DataFrame) -> pl.DataFrame:
        return with_partition(frame, self._path_columns(), frame.columns)

    def _see_run(self, run: RunInfo) -> None:
        self.evaluation = run.evaluation and self.evaluation is not False
        self.readings.scorers = run.scorers
        if run.note is not None:
            self.note(run.note)
        if run.status is not None:
            self.status[self.file] = run.status

    def trajectories(self, file: File) -> None:
        """Take in a document of one-step trajectories: the state is the prompt, the action answers.

        Raises:
            InputError: a trajectory has more than one step, or what was asked for is not there.
        """
        from rlcalc.labels import Labels
        from rlcalc.readers.read_request import ReadRequest
        from rlcalc.readers.trajectories import documents
        from rlcalc.readers.trajectories.context import ReaderContext
        from rlcalc.trajectories import Experience

        self.require_format("trajectories", file.at())
        self.refuse_unused_options(file.at())
        if self.request.reward not in ((), ("reward",)):
            what = f"there is no reward {listed(self.request.reward)}"
            raise InputError(what, file.at(), "trajectories have one, which is called reward")
        experience = Experience(iter(()), Labels(), Labels())
        for batch in documents.read(file, ReaderContext(experience, ReadRequest())):
            long = np.flatnonzero(batch.length != 1)
            if len(long):
                raise InputError(
                    f"trajectory {int(long[0]) + 1} has {int(batch.length[long[0]])} steps",
                    file.at(),
                    "a rollout is one step: state = prompt, action = response",
                )
            names = pl.Series(list(map(str, experience.states.names())), dtype=pl.String)
            frame = pl.DataFrame(
                {
                    "group": names.gather(batch.state),
                    REWARD + "reward": batch.reward,
                    **kept_questions(names.gather(batch.state), self.request),
                    **({"truncated": batch.truncated} if batch.truncated.any() else {}),
                }
            )
            self.characters = self.request.texts
            texts = pl.Series(list(map(str, experience.actions.names())), dtype=pl.String)
            response = texts.gather(batch.action).alias("response").to_frame()
            kept_texts = response.select(
                text_expressions(pl.col("response"), self.request, has_length=False)
            )
            self._add(frame.hstack(kept_texts.get_columns()))

    # -- and all together ------------------------------------------------------------------------

    def end_file(self) -> None:
        """Number the groups that are runs of rows, now that all rows of the file are there.

        Raises:
            InputError: a reward that was asked for is in no record of the file.
        """
        missing = [name for name in self.request.reward if name not in self.rewards]
        if self.rewards and missing:
            what = f"there is no reward {shown(missing[0])}"
            raise InputError(what, shown(self.file), f"there are {listed(sorted(self.rewards))}")
        self._end_frames()
        self.frames_of[len(self.files) - 1] = self.since, len(self.frames)

    def _end_frames(self) -> None:
        frames = self.frames[self.since :]
        size = self.request.group_size
        if frames and {"filter", "scored"} & set(frames[0].columns):
            frame = pl.concat(frames, how="diagonal_relaxed")
            frames = [self.readings.one_of_each(frame, self.file)]
            self.frames[self.since :] = frames
            self.n_rows += len(frames[0]) - len(frame)
        if not frames or (self.grouped != "runs" and size is None):
            return
        frame = pl.concat(frames, how="diagonal_relaxed")
        if size is None:
            edges = run_edges(frame)
            number = np.repeat(np.arange(len(edges) - 1), np.diff(edges))
        else:
            self.grouped, self.restart = "runs", True
            number = np.arange(len(frame)) // min(size, max(len(frame), 1))
            if len(frame) % size:
                self.note(
                    f"{shown(self.file)}: {len(frame):,} rows are not a multiple of {size}: the "
                    f"last group has {len(frame) % size}"
                )
        columns = [pl.Series("group", number + self.n_groups)]
        if "group" in frame.columns:
            columns.append(frame["group"].alias("prompt"))
        self.frames[self.since :] = [frame.with_columns(columns)]
        self.n_groups += int(number[-1]) + 1

    def finish(self) -> Rollouts:
        """Return everything that came in.

        Raises:
            InputError: nothing did, or a rollout stands there twice with different rewards.
        """
        self.flush()
        frame = _together(self.frames) if self.frames else pl.DataFrame()
        self.filters.finish([name for _, name in self.files])
        self._require_rollouts(frame)
        has_steps = "step" in frame.columns and self.request.step != "none"
        keys = ["group", "step"] if has_steps and frame["step"].n_unique() > 1 else ["group"]
        frame = self.readings.finish(frame)
        owners = owners_of(frame)
        keys += owners
        frame, several = self._once(frame, keys)
        edge, key, heads = key_runs(frame, keys)
        self._overlaps(frame, edge, key, heads["group"])
        name_of_key = np.arange(len(heads))
        if len(keys) > 1:
            of_name, name_of_key, _ = key_runs(
                heads, ["group", *(o for o in owners if o == "task")]
            )
            name_of_key = np.repeat(name_of_key, np.diff(of_name))
        prompt = np.arange(len(heads)) if self.restart else name_of_key
        known = "prompt" in frame.columns or not self.restart
        names: Any = name_of_key if self.grouped != "id" else names_of_groups(heads, owners)
        if "prompt" in frame.columns:
            runs_of_prompts, number, _ = key_runs(frame, ["prompt"])
            prompt = number[np.searchsorted(runs_of_prompts, edge[:-1], side="right") - 1]
        rewards = {
            name.removeprefix(REWARD): numbers(frame[name])
            for name in frame.columns
            if name.startswith(REWARD)
        }
        rewards = rewards or {"reward": np.full(len(frame), np.nan)}  # of unscored rollouts alone
        weights = self.request.weight_of() or dict.fromkeys(rewards, 1.0)
        if len(rewards) > 1 and not self.request.weights:
            self.note(
                f"the reward is the sum of {listed(rewards)}, each with the weight 1: the weights "
                "are not in the dump; set others with rlcalc group --reward and --weights"
            )
        self._say_how_it_was_read()
        origins = origins_of(frame, [name for _, name in self.files])
        step = None
        if has_steps:
            one = pl.repeat(frame["step"][0], len(heads), dtype=pl.Int64, eager=True)
            step = (heads["step"] if "step" in heads.columns else one).fill_null(-1).to_numpy()
        return arranged_rollouts(
            edge=edge,
            key=key,
            name=names,
            step=step,
            prompt=prompt,
            rewards=rewards,
            weights=weights,
            facts={
                "format": self.form,
                "files": len(self.files),
                "rows": self.n_rows,
                "prompts_known": known,
                "oddities": self.oddities,
                "nested": self.nested,
                "whole_prompts": self.request.texts and not self.request.beginnings,
                "grouped_by": {"id": "id", "prompt": "prompt text", "runs": "order"}[self.grouped],
                "several_rows": several,
                "torn_lines": self.skipped,
                "files_left_out": len(self.left_out),
                "rows_left_out": self.filters.n_left_out,
                "length_unit": "characters" if self.characters else "tokens",
                "evaluation": self.evaluation
                if self.evaluation is not None
                else getattr(self.module, "EVALUATION", False),
                "logged": {**self.readings.facts(), **how_runs_ended(frame, self.status)},
            },
            notes=self.notes,
            **_others(frame),
            **({} if origins is None else {"origins": origins}),
        )

    def _require_rollouts(self, frame: pl.DataFrame) -> None:
        """Say which logs hold no rollouts, and refuse to go on if none does."""
        if self.empty:
            what, fix = self.module.EMPTY  # type: ignore[union-attr]
            if not len(frame):
                raise InputError(what, self.empty[0], fix)
            for where in self.empty:
                self.note(f"{where}: {what}, and is left out")
        if not len(frame):
            raise InputError(
                "there are no rollouts",
                ", ".join(shown(n, 200) for _, n in self.files[:3]),
                fix="give at least one rollout with a reward and a group",
            )

    def _say_how_it_was_read(self) -> None:
        for note in (*self.readings.notes(), *self.snapshots.notes()):
            self.note(note)
        for name, status in self.status.items():
            if status != "success":
                self.note(f"{shown(name)}: the run has the status {shown(status)}")

    def _once(self, frame: pl.DataFrame, keys: list[str]) -> tuple[pl.DataFrame, int]:
        """Return one row a rollout, and how many rows of rollouts with several that leaves out."""
        if len(self.files) > 1:
            edge = [*(before for before, _ in self.files), self.n_rows]
            frame = frame.with_columns(file=np.repeat(np.arange(len(self.files)), np.diff(edge)))
        if "rollout" not in frame.columns:
            return frame, 0
        frame, several, again = merged_rows(frame, keys, self._place, nested=self.nested)
        if again:
            rows = "1 row is" if again == 1 else f"{again:,} rows are"
            self.note(f"{rows} of a rollout that another file has too, and left out")
        return frame, several

    def _overlaps(self, frame: pl.DataFrame, edge: Ints, key: Ints, names: pl.Series) -> None:
        """Say which groups are more than one occurrence of a prompt."""
        if getattr(self.module, "TOGETHER", False):
            for note in overlaps_in_a_file(key, "NeMo-RL"):
                self.note(note)
        if (
            "file" not in frame.columns
            or hasattr(self.module, "PARTS")
            or self.request.step == "none"
        ):
            return
        key_of_row, file = np.repeat(key, np.diff(edge)), frame["file"].to_numpy()
        known = names if self.grouped == "id" else None
        names_of_files = [name for _, name in self.files]
        n, notes = overlaps_of_files(key_of_row, file, names_of_files, known)
        self.oddities |= {"groups_in_several_files": n} if n else {}
        for note in notes:
            self.note(note)

    def _place(self, row: int) -> str:
        before, name = next(entry for entry in reversed(self.files) if entry[0] <= row)
        return f"{shown(name)}, row {row - before + 1}"


def _others(frame: pl.DataFrame) -> dict[str, Any]:
    """Return the columns that rollouts may have besides their rewards."""
    columns: dict[str, Any] = {
        name: numbers(frame[name]) for name in NUMBERS if name in frame.columns
    }
    if "advantage" in frame.columns and frame["advantage"].null_count():
        columns["absent"] = frame["advantage"].is_null().to_numpy()
    if "truncated" in frame.columns:
        columns["truncated"] = frame["truncated"].fill_null(value=False).to_numpy()
    if "hash" in frame.columns:
        columns["response"] = frame["hash"].fill_null(0).to_numpy()
    if "answer" in frame.columns:  # no answer is one too
        columns["answer"] = frame["answer"].fill_null(0).to_numpy()
    if "asked" in frame.columns and not frame["asked"].null_count():
        owned = "task" in frame.columns  # one text may be asked in several tasks
        asked = frame.select(pl.struct("task", "asked").hash()) if owned else frame.select("asked")
        columns["asked"] = asked.to_series().to_numpy()
    if "beginning" in frame.columns:
        columns["beginning"] = frame["beginning"]
    if "question" in frame.columns and frame["question"].null_count() < len(frame):
        columns["question"] = frame["question"]
    if "place" in frame.columns:
        columns["place"] = frame["place"].to_numpy()
    if "rollout" in frame.columns:
        columns["named"] = frame["rollout"]
    columns |= {name: frame[name] for name in ("turns", "turn_rewards") if name in frame.columns}
    return columns


def _at_rows(texts: pl.Series, rows: Ints) -> pl.Series:
    """Return texts at some rows alone, in memory of their own: a filter would keep all of them."""
    kept: list[str | None] = [None] * len(texts)
    for row in rows.tolist():
        kept[row] = texts[row]
    return pl.Series(texts.name, kept, pl.String)


def _row_of(place: Place, row_of: Ints, row: int) -> str:
    return place(int(row_of[row]))


def _flat(row: Row) -> dict[str, Any]:
    """Return what is known of a rollout of a nested record, its rewards by their names."""
    rewards = {**row.get("more", {}), **row.get("reward", {})}
    return {**rewards, **{name: row[name] for name in FILTERED if name in row}}


FILTERED = ("group", "rollout", "step", "advantage", "length", "truncated")
"""Fields of a rollout of a nested record that --where knows by these names."""


def _shifted(place: Place, before: int, row: int) -> str:
    return place(before + row)


def numbers(column: pl.Series) -> Floats:
    """Return a column as floats; what is missing is NaN."""
    filled = column.fill_null(float("nan")) if column.null_count() else column
    chunks = [chunk.to_numpy() for chunk in filled.cast(pl.Float64).get_chunks()]
    # numpy puts them together: it asks for large pages, of which the system makes a few quickly
    return chunks[0] if len(chunks) == 1 else np.concatenate(chunks)


def _together(frames: list[pl.DataFrame]) -> pl.DataFrame:
    kinds = {frame.schema.get("group") for frame in frames}
    if len(kinds) > 1:  # numbers in one file and text in another
        frames = [frame.with_columns(pl.col("group").cast(pl.String)) for frame in frames]
    return pl.concat(frames, how="diagonal_relaxed") if len(frames) > 1 else frames[0]
