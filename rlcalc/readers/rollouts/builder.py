"""Frames of rollouts from one file after the other → Rollouts.

Whatever a dump looks like, its rows come here as frames of the same columns: group (an id, or the
hash of a prompt), step, reward:NAME, and what else it has.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from rlcalc.errors import InputError, listed, shown
from rlcalc.numerics.arrays import Floats, Ints
from rlcalc.readers.rollouts import dumps
from rlcalc.readers.rollouts.columns import (
    NUMBERS,
    REWARD,
    expressions,
    text_expressions,
    types_of,
    values_of_types,
)
from rlcalc.readers.rollouts.dumps.layout import Layout, Row
from rlcalc.readers.rollouts.keys import key_runs, merged_rows, run_edges
from rlcalc.readers.rollouts.nested_rows import (
    checked_rollout,
    frame_of_rollouts,
    rollouts_of_record,
)
from rlcalc.readers.rollouts.overlaps import overlaps_in_a_file, overlaps_of_files
from rlcalc.rollouts import Rollouts, arranged_rollouts

if TYPE_CHECKING:
    from rlcalc.readers.rollouts.request import RolloutRequest
    from rlcalc.readers.sources import File

ROWS = 1 << 18
LONGEST = 2**53
"""No response is as long as this; beyond it not every whole number is one of float64."""
EXPECTED = {"truncated": "true or false", "step": "a whole number"}
Place = Callable[[int], str]


class RolloutsBuilder:
    """The rollouts of one reading, as they come in."""

    def __init__(self, request: RolloutRequest) -> None:
        self.request = request
        self.form: str | None = None  # the format of all files so far
        self.module: ModuleType | None = None  # of that format, if it is a dump
        self.first_file = ""
        self.inside = False  # records are rows of a table that is a record itself
        self.frames: list[pl.DataFrame] = []
        self.since = 0  # the first frame of the file that is being read
        self.file, self.step = "", None  # type: str, int | None
        self.files: list[tuple[int, str]] = []  # (rows before it, its name)
        self.n_rows = self.n_groups = 0
        self.grouped, self.restart = "id", False
        self.skipped = 0  # torn last lines
        self.notes: list[str] = []
        self.characters = False  # lengths are in characters

    def note(self, text: str) -> None:
        """Say something about the source, once."""
        if text not in self.notes:
            self.notes.append(text)

    def begin_file(self, name: str, step: int | None) -> None:
        """Say which file the next frames are from, and the step that its name tells of."""
        self.file, self.step = name, None if self.request.step == "none" else step
        self.since, self.inside = len(self.frames), False
        self.files.append((self.n_rows, name))

    def dump_of(self, record: Mapping[str, Any], where: str) -> ModuleType:
        """Return the module of a file's format, which must be that of the files before."""
        forced = None if self.inside else self.request.form
        dump = dumps.named(forced) if forced else dumps.sniffed(record, where)
        if self.request.named() and not hasattr(dump.module, "layout"):
            dump = dumps.named("columns")
        if not hasattr(dump.module, "records"):  # else the rows inside have a format
            self.require_format(dump.name, where, dump.module)
        return dump.module

    def require_format(self, name: str, where: str, module: ModuleType | None = None) -> None:
        """Note the format of a file, and its module if it is a trainer's dump.

        Raises:
            InputError: the files before it have another format.
        """
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

    def begin_inner_table(self) -> None:
        """Say that the next records are rows of a table that was a record itself."""
        self.inside = True

    # -- rows that Polars reads ---------------------------------------------------------------

    def table(
        self, layout: Layout, lazy: pl.LazyFrame, schema: Mapping[str, pl.DataType], place: Place
    ) -> None:
        """Take in a table, batch by batch."""
        selected = lazy.select(expressions(layout, schema, self.request))
        before = 0
        for frame in selected.collect_batches(maintain_order=True, chunk_size=ROWS):
            self.take(layout, frame, partial(_shifted, place, before))
            before += len(frame)

    def plain_records(
        self, layout: Layout, records: Sequence[Mapping[str, Any]], place: Place
    ) -> None:
        """Take in rows that are in memory, each a mapping."""
        kinds = types_of(layout, records[0], self.request)
        rows = [values_of_types(record, kinds, place(n)) for n, record in enumerate(records)]
        frame = pl.DataFrame(rows, schema=kinds, orient="row")
        self.take(layout, frame.select(expressions(layout, kinds, self.request)), place)

    def take(self, layout: Layout, frame: pl.DataFrame, place: Place) -> None:
        """Take in a frame of the columns that `expressions` gives, after looking at its values."""
        self.grouped, self.restart = layout.grouped, layout.restart
        self.characters = (
            self.request.texts and layout.length is None and layout.response is not None
        )
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
        self._add(frame)

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

    def _add(self, frame: pl.DataFrame) -> None:
        if "step" not in frame.columns and self.step is not None:
            frame = frame.with_columns(step=pl.lit(self.step, pl.Int64))
        self.frames.append(frame)
        self.n_rows += len(frame)

    # -- records in which rollouts are nested ---------------------------------------------------

    def records(
        self, module: ModuleType, records: Sequence[Mapping[str, Any]], place: Place
    ) -> None:
        """Take in the rollouts of nested records.

        Raises:
            InputError: a record is not what the format says.
        """
        self.refuse_unused_options(place(0))
        self.restart = getattr(module, "RESTART", False)
        rows: list[Row] = []
        for number, record in enumerate(records):
            where = place(number)
            for row in rollouts_of_record(module, record, where, str(self.form)):
                rows.append(checked_rollout(row, self.request, where))
                if "group" not in row and "prompt" not in row:
                    rows[-1]["group"] = str(self.n_groups)  # the record is the group
            self.n_groups += 1
        if rows:
            self.grouped = getattr(module, "GROUPED", "prompt" if "prompt" in rows[0] else "id")
            frame = frame_of_rollouts(rows, beginnings=self.request.beginnings)
            if "response" in frame.columns:
                has_length = "length" in frame.columns
                self.characters = self.request.texts and not has_length
                response = text_expressions(pl.col("response"), self.request, has_length=has_length)
                frame = frame.with_columns(response).drop("response")
            left_out = [m for m in ("step", "rollout") if getattr(self.request, m) == "none"]
            self._add(frame.drop(left_out, strict=False))

    def trajectories(self, file: File) -> None:
        """Take in a document of one-step trajectories: the state is the prompt, the action answers.

        Raises:
            InputError: a trajectory has more than one step, or what was asked for is not there.
        """
        from rlcalc.labels import Labels
        from rlcalc.readers.sources import ReadRequest
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
                    **({"question": names.gather(batch.state)} if self.request.beginnings else {}),
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
        """Number the groups that are runs of rows, now that all rows of the file are there."""
        frames = self.frames[self.since :]
        size = self.request.group_size
        if not frames or (self.grouped != "runs" and size is None):
            return
        frame = pl.concat(frames, how="diagonal_relaxed")
        if size is None:
            edges = run_edges(frame)
            number = np.repeat(np.arange(len(edges) - 1), np.diff(edges))
        else:
            self.grouped, self.restart = "runs", True
            number = np.arange(len(frame)) // size
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
        frame = _together(self.frames) if self.frames else pl.DataFrame()
        if not len(frame):
            raise InputError(
                "there are no rollouts", ", ".join(shown(n, 200) for _, n in self.files[:3])
            )
        has_steps = "step" in frame.columns and self.request.step != "none"
        keys = ["group", "step"] if has_steps and frame["step"].n_unique() > 1 else ["group"]
        frame, several = self._once(frame, keys)
        edge, key, heads = key_runs(frame, keys)
        self._overlaps(frame, edge, key, heads["group"])
        name_of_key = np.arange(len(heads))
        if len(keys) > 1:
            of_name, name_of_key, _ = key_runs(heads, ["group"])
            name_of_key = np.repeat(name_of_key, np.diff(of_name))
        prompt = np.arange(len(heads)) if self.restart else name_of_key
        names: Any = heads["group"]
        if self.grouped != "id":
            names = name_of_key
        elif names.dtype.is_integer():
            names = names.to_numpy()
        if "prompt" in frame.columns:
            runs_of_prompts, number, _ = key_runs(frame, ["prompt"])
            prompt = number[np.searchsorted(runs_of_prompts, edge[:-1], side="right") - 1]
        rewards = {
            name.removeprefix(REWARD): numbers(frame[name])
            for name in frame.columns
            if name.startswith(REWARD)
        }
        weights = self.request.weight_of() or dict.fromkeys(rewards, 1.0)
        if len(rewards) > 1 and not self.request.weights:
            self.note(
                f"the reward is the sum of {listed(rewards)}, each with the weight 1: the weights "
                "are not in the dump; set others with --reward and --weights"
            )
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
                "grouped_by": {"id": "id", "prompt": "prompt text", "runs": "order"}[self.grouped],
                "several_rows": several,
                "torn_lines": self.skipped,
                "length_unit": "characters" if self.characters else "tokens",
            },
            notes=self.notes,
            **_others(frame),
        )

    def _once(self, frame: pl.DataFrame, keys: list[str]) -> tuple[pl.DataFrame, int]:
        """Return one row a rollout, and how many rows of rollouts with several that leaves out."""
        if len(self.files) > 1:
            edge = [*(before for before, _ in self.files), self.n_rows]
            frame = frame.with_columns(file=np.repeat(np.arange(len(self.files)), np.diff(edge)))
        if "rollout" not in frame.columns:
            return frame, 0
        frame, several, again = merged_rows(frame, keys, self._place)
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
        for note in overlaps_of_files(key_of_row, file, [name for _, name in self.files], known):
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
    if "beginning" in frame.columns:
        columns["beginning"] = frame["beginning"]
    if "question" in frame.columns and frame["question"].null_count() < len(frame):
        columns["question"] = frame["question"]
    if "rollout" in frame.columns:
        columns["named"] = frame["rollout"]
    return columns


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
