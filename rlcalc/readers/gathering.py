"""Frames of rollouts from one file after the other → Rollouts.

Whatever a dump looks like, its rows come here as frames of the same columns: group (an id, or the
hash of a prompt), step, reward:NAME, and what else it has.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import partial, reduce
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from rlcalc.errors import InputError, listed, shown
from rlcalc.readers import dumps
from rlcalc.readers.dumps.layout import Layout, Row
from rlcalc.readers.rollout_columns import (
    NUMBERS,
    REWARD,
    as_plain_text,
    coerced,
    expressions,
    hashed,
    in_kind,
    kinds_of,
    text_expressions,
)
from rlcalc.rollouts import Rollouts, arranged
from rlcalc.trajectories import Floats, Ints

if TYPE_CHECKING:
    from rlcalc.readers.rollouts import Asked
    from rlcalc.readers.sources import File

ROWS = 1 << 18
SLICE = 1 << 18
Place = Callable[[int], str]


class Gathering:
    """The rollouts of one reading, as they come in."""

    def __init__(self, asked: Asked) -> None:
        self.asked = asked
        self.form: str | None = None  # the format of all files so far
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
        self.file, self.step = name, None if self.asked.step == "none" else step
        self.since, self.inside = len(self.frames), False
        self.files.append((self.n_rows, name))

    def form_of(self, record: Mapping[str, Any], where: str) -> str:
        """Return the format of a file, which must be that of the files before."""
        asked = self.asked
        forced = None if self.inside else asked.form
        name = forced or dumps.sniffed(record, where)
        if asked.named() and not hasattr(dumps.module(name), "layout"):
            name = "columns"
        if not hasattr(dumps.module(name), "records"):  # else its rows say what it is
            self.is_of(name, where)
        return name

    def is_of(self, name: str, where: str) -> None:
        """Say that a file is of a format.

        Raises:
            InputError: those before it were of another.
        """
        if self.form is None:
            self.form, self.first_file = name, where
        elif name != self.form:
            raise InputError(
                f"this is of the format {name}, and {self.first_file} of {self.form}",
                where,
                "give files of one trainer, or force one with --from",
            )

    def inner(self) -> None:
        """Say that the next records are rows of a table that was a record itself."""
        self.inside = True

    # -- rows that Polars reads ---------------------------------------------------------------

    def table(
        self, layout: Layout, lazy: pl.LazyFrame, schema: Mapping[str, pl.DataType], place: Place
    ) -> None:
        """Take in a table, batch by batch."""
        selected = lazy.select(expressions(layout, schema, self.asked))
        before = 0
        for frame in selected.collect_batches(maintain_order=True, chunk_size=ROWS):
            self.take(layout, frame, partial(_shifted, place, before))
            before += len(frame)

    def plain_records(
        self, layout: Layout, records: Sequence[Mapping[str, Any]], place: Place
    ) -> None:
        """Take in rows that are in memory, each a mapping."""
        kinds = kinds_of(layout, records[0], self.asked)
        rows = [coerced(record, kinds, place(n)) for n, record in enumerate(records)]
        frame = pl.DataFrame(rows, schema=kinds, orient="row")
        self.take(layout, frame.select(expressions(layout, kinds, self.asked)), place)

    def take(self, layout: Layout, frame: pl.DataFrame, place: Place) -> None:
        """Take in a frame of the columns that `expressions` gives, after looking at its values."""
        self.grouped, self.restart = layout.grouped, layout.restart
        self.characters = self.asked.texts and layout.length is None and layout.response is not None
        for name in [name for name in frame.columns if name.startswith("bad:")]:
            column = name.removeprefix("bad:")
            wrong = frame[name].is_not_null().arg_true()
            if len(wrong):
                values = frame[name][wrong[:3].to_list()].to_list()
                expected = "true or false" if column == "truncated" else "a number"
                self._wrong(column, values, wrong, place, expected)
            frame = frame.drop(name)
        for name in frame.columns:
            if name.startswith(REWARD) or name == "baseline":
                wrong = frame[name].is_infinite().arg_true()
                if len(wrong):
                    values = frame[name][wrong[:3].to_list()].to_list()
                    self._wrong(name, values, wrong, place, "a finite number, or none")
        if "group" in frame.columns and frame["group"].null_count():
            wrong = frame["group"].is_null().arg_true()
            self._wrong(layout.group or layout.prompt or "group", [None], wrong, place, "a name")
        self._add(frame)

    def _wrong(
        self, name: str, values: list[Any], rows: pl.Series, place: Place, expected: str
    ) -> None:
        seen = "missing" if values[0] is None else listed(repr(value) for value in values)
        raise InputError(
            f"{shown(name.removeprefix(REWARD))} is {shown(seen, 120)}, expected {expected}",
            listed([place(int(row)) for row in rows[:3]], total=len(rows)),
            "mend or leave out " + ("this row" if len(rows) == 1 else "these rows"),
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
        self.restart = getattr(module, "RESTART", False)
        rows: list[Row] = []
        for number, record in enumerate(records):
            try:
                held = list(module.rows(record))
            except InputError as error:
                fault = error.faults[0]
                raise InputError(fault.what, fault.where or place(number), fault.fix) from error
            except (KeyError, TypeError, AttributeError, ValueError, IndexError) as error:
                missing = isinstance(error, KeyError)
                what = f"{error} is missing" if missing else shown(str(error))
                raise InputError(
                    f"this is no record of {self.form}: {what}",
                    place(number),
                    "leave it out, or say another --from",
                ) from error
            for row in held:
                rows.append(checked(row, self.asked, place(number)))
                if "group" not in row and "prompt" not in row:
                    rows[-1]["group"] = str(self.n_groups)  # the record is the group
            self.n_groups += 1
        if rows:
            self.grouped = getattr(module, "GROUPED", "prompt" if "prompt" in rows[0] else "id")
            self._add(self._framed(rows))

    def _framed(self, rows: list[Row]) -> pl.DataFrame:
        rewards = list(dict.fromkeys(name for row in rows for name in row["reward"]))
        columns = {
            REWARD + name: pl.Series([row["reward"].get(name) for row in rows], dtype=pl.Float64)
            for name in rewards
        }
        held = {name for row in rows for name, value in row.items() if value is not None}
        for name in held & set(NUMBERS):
            columns[name] = pl.Series([row.get(name) for row in rows], dtype=pl.Float64)
        if "step" in held and self.asked.step != "none":
            columns["step"] = pl.Series([row.get("step") for row in rows], dtype=pl.Int64)
        if "truncated" in held:
            columns["truncated"] = pl.Series([bool(row.get("truncated")) for row in rows])
        for name in ("group", "rollout", "prompt", "response"):
            if name in held:
                texts = [
                    None if row.get(name) is None else as_plain_text(row[name]) for row in rows
                ]
                columns[name] = pl.Series(texts, dtype=pl.String)
        frame = pl.DataFrame(columns)
        if self.asked.rollout == "none" and "rollout" in frame.columns:
            frame = frame.drop("rollout")
        if "prompt" in frame.columns:
            frame = frame.with_columns(group=hashed(pl.col("prompt"))).drop("prompt")
        if "response" in frame.columns:
            has_length = "length" in frame.columns
            self.characters = self.asked.texts and not has_length
            response = text_expressions(pl.col("response"), self.asked, has_length=has_length)
            frame = frame.with_columns(response).drop("response")
        return frame

    def trajectories(self, file: File) -> None:
        """Take in a document of one-step trajectories: the state is the prompt, the action answers.

        Raises:
            InputError: a trajectory has more than one step.
        """
        from rlcalc.readers import documents
        from rlcalc.readers.reading import Reading
        from rlcalc.readers.sources import Options
        from rlcalc.trajectories import Experience, Labels

        self.is_of("trajectories", file.at())
        experience = Experience(iter(()), Labels(), Labels())
        for batch in documents.read(file, Reading(experience, Options())):
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
                    **({"truncated": batch.truncated} if batch.truncated.any() else {}),
                }
            )
            self.characters = self.asked.texts
            texts = pl.Series(list(map(str, experience.actions.names())), dtype=pl.String)
            response = texts.gather(batch.action).alias("response").to_frame()
            held = response.select(
                text_expressions(pl.col("response"), self.asked, has_length=False)
            )
            self._add(frame.hstack(held.get_columns()))

    # -- and all together ------------------------------------------------------------------------

    def end_file(self) -> None:
        """Number the groups that are runs of rows, now that all rows of the file are there."""
        frames = self.frames[self.since :]
        size = self.asked.group_size
        if not frames or (self.grouped != "runs" and size is None):
            return
        frame = pl.concat(frames, how="diagonal_relaxed")
        if size is None:
            edges = runs(frame)
            number = np.repeat(np.arange(len(edges) - 1), np.diff(edges))
        else:
            self.grouped, self.restart = "runs", True
            number = np.arange(len(frame)) // size
            if len(frame) % size:
                self.note(
                    f"{shown(self.file)}: {len(frame):,} rows are no multiple of {size}: the last "
                    f"group has {len(frame) % size}"
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
                "there are no rollouts", ", ".join(shown(n) for _, n in self.files[:3])
            )
        has_steps = "step" in frame.columns and self.asked.step != "none"
        keys = ["group", "step"] if has_steps and frame["step"].n_unique() > 1 else ["group"]
        several = 0
        if "rollout" in frame.columns:
            frame, several = self._once(frame, keys)
        edge, key, heads = numbered(frame, keys)
        name_of_key = np.arange(len(heads))
        if len(keys) > 1:
            of_name, name_of_key, _ = numbered(heads, ["group"])
            name_of_key = np.repeat(name_of_key, np.diff(of_name))
        prompt = np.arange(len(heads)) if self.restart else name_of_key
        names: Any = heads["group"]
        if self.grouped != "id":
            names = name_of_key
        elif names.dtype.is_integer():
            names = names.to_numpy()
        if "prompt" in frame.columns:
            runs_of_prompts, number, _ = numbered(frame, ["prompt"])
            prompt = number[np.searchsorted(runs_of_prompts, edge[:-1], side="right") - 1]
        rewards = {
            name.removeprefix(REWARD): numbers(frame[name])
            for name in frame.columns
            if name.startswith(REWARD)
        }
        weights = self.asked.weight_of() or dict.fromkeys(rewards, 1.0)
        if len(rewards) > 1 and not self.asked.weights:
            self.note(
                f"the reward is the sum of {listed(rewards)}, each with the weight 1: the weights "
                "are not in the dump; --reward and --weights say others"
            )
        step = None
        if has_steps:
            steps = heads["step"] if "step" in heads.columns else frame["step"].gather(edge[:-1])
            step = steps.fill_null(-1).to_numpy()
        return arranged(
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
        """Return one row a rollout, and how many rows that leaves out; their lengths add up."""
        edge, key, _ = numbered(frame, keys)
        rows = frame.with_columns(key=np.repeat(key, np.diff(edge)))
        first = rows.select(
            pl.col("rollout").is_null() | pl.struct("key", "rollout").is_first_distinct()
        ).to_series()
        if first.all():
            return frame, 0
        again = rows.with_row_index("row").filter(~first)
        one = rows.with_row_index("row").filter(first)
        rewards = [name for name in frame.columns if name.startswith(REWARD)]
        both = again.join(one, on=["key", "rollout"], suffix=":one", maintain_order="left")
        differs = reduce(
            pl.Expr.or_, (pl.col(name).ne_missing(pl.col(f"{name}:one")) for name in rewards)
        )
        wrong = both.filter(differs)
        if len(wrong):
            row = wrong.row(0, named=True)
            values = [row[f"{rewards[0]}:one"], row[rewards[0]]]
            raise InputError(
                f"rollout {shown(row['rollout'])} of group {shown(row['group'])} stands there "
                f"twice, with the rewards {values[0]} and {values[1]}",
                f"{self._place(row['row:one'])} and {self._place(row['row'])}",
                "mend the ids, name another column with --rollout, or say --rollout none",
            )
        if "length" in frame.columns:
            total = rows.group_by("key", "rollout").agg(pl.col("length").sum())
            one = one.join(
                total, on=["key", "rollout"], how="left", suffix=":all", nulls_equal=True,
                maintain_order="left",
            )  # fmt: skip
            one = one.with_columns(
                pl.when(pl.col("rollout").is_null())
                .then("length")
                .otherwise("length:all")
                .alias("length")
            ).drop("length:all")
        return one.drop("row", "key"), len(again)

    def _place(self, row: int) -> str:
        before, name = next(held for held in reversed(self.files) if held[0] <= row)
        return f"{shown(name)}, row {row - before + 1}"


def checked(row: Row, asked: Asked, where: str) -> Row:
    """Return a rollout of a nested dump with the rewards that were asked for, as numbers.

    Raises:
        InputError: a number is none, or a reward that was asked for is not there.
    """
    if asked.reward:
        known = {**row.get("more", {}), **row["reward"]}
        missing = [name for name in asked.reward if name not in known]
        if missing:
            raise InputError(
                f"there is no reward {shown(missing[0])}", where, f"there are {listed(known)}"
            )
        row["reward"] = {name: known[name] for name in asked.reward}
    if row.get("group", row.get("prompt", "the record")) is None:
        raise InputError("the group is missing", where, "mend or leave out this row")
    if not row["reward"]:
        raise InputError("there is no reward", where, "mend or leave out this row")
    for name, value in row["reward"].items():
        row["reward"][name] = _reward(value, name, where)
    for name in (*NUMBERS, "step"):
        if row.get(name) is not None:
            kind = pl.Int64() if name == "step" else pl.Float64()
            row[name] = in_kind(row[name], kind, name, where)
    return row


def _reward(value: Any, name: str, where: str) -> float | None:
    number: float | None = in_kind(value, pl.Float64(), name, where)
    if number is not None and math.isinf(number):
        raise InputError(
            f"{shown(name)} is {number}, expected a finite number, or none", where, "mend this row"
        )
    return number


def runs(frame: pl.DataFrame) -> Ints:
    """Return where groups begin that are blocks of rows with one prompt, and the end of all.

    A prompt may come twice in a row, so a run of equal prompts holds as many groups as the greatest
    common divisor of all runs goes into it.
    """
    keys = ["group", "step"] if "step" in frame.columns else ["group"]
    edges = numbered(frame, keys)[0]
    size = reduce(math.gcd, np.diff(edges).tolist())
    return edges if size == 1 else np.arange(0, len(frame) + 1, size)


def numbered(frame: pl.DataFrame, keys: list[str]) -> tuple[Ints, Ints, pl.DataFrame]:
    """Return runs of rows with equal keys, and which key each has.

    Rows of one key mostly stand together, so only the first of each run is looked up, by its hash.

    Returns:
        [R + 1] where runs begin, and the end; [R] the number of the key, in order of first
        appearance; [K] the keys.
    """
    begin, key = _runs(frame.select(keys))
    first = key.is_first_distinct()
    number = np.arange(len(key))
    heads = begin if first.all() else begin[first.to_numpy()]
    if len(heads) < len(key):
        known = key.filter(first).to_frame("key").with_row_index("number")
        found = key.to_frame("key").join(known, on="key", how="left", maintain_order="left")
        number = found["number"].to_numpy().astype(np.int64)
        new = np.append(True, number[1:] != number[:-1])  # a run may go on over two slices
        begin, number = begin[new], number[new]
    unique = pl.DataFrame([frame[key].gather(heads) for key in keys])
    return np.append(begin, len(frame)), number, unique


def _runs(frame: pl.DataFrame) -> tuple[Ints, pl.Series]:
    """Return [R] rows that differ from the row before, and the hashes of those rows.

    Taken slice by slice, which is quicker than whole columns at once; the first of each is one too.
    """
    names = frame.columns
    changed = [pl.col(name).ne_missing(pl.col(name).shift(1)) for name in names]
    begins = reduce(pl.Expr.or_, changed, pl.int_range(pl.len()) == 0).alias("begins")
    key = (pl.struct(names) if len(names) > 1 else pl.col(names[0])).hash().alias("key")
    rows, keys, before = [], [], 0
    for part in frame.iter_slices(SLICE):
        looked = part.select(begins, key)
        rows.append(looked["begins"].arg_true().to_numpy() + before)
        keys.append(looked["key"].filter(looked["begins"]))
        before += len(part)
    return np.concatenate(rows).astype(np.int64), pl.concat(keys)


def _others(frame: pl.DataFrame) -> dict[str, Any]:
    """Return the columns that rollouts may have besides their rewards."""
    found: dict[str, Any] = {
        name: numbers(frame[name]) for name in NUMBERS if name in frame.columns
    }
    if "truncated" in frame.columns:
        found["truncated"] = frame["truncated"].fill_null(value=False).to_numpy()
    if "hash" in frame.columns:
        found["response"] = frame["hash"].fill_null(0).to_numpy()
    if "beginning" in frame.columns:
        found["beginning"] = frame["beginning"]
    if "rollout" in frame.columns:
        found["named"] = frame["rollout"]
    return found


def _shifted(place: Place, before: int, row: int) -> str:
    return place(before + row)


def numbers(column: pl.Series) -> Floats:
    """Return a column as floats; what is missing is NaN."""
    filled = column.fill_null(float("nan")) if column.null_count() else column
    return filled.cast(pl.Float64).to_numpy()


def _together(frames: list[pl.DataFrame]) -> pl.DataFrame:
    kinds = {frame.schema.get("group") for frame in frames}
    if len(kinds) > 1:  # numbers in one file and text in another
        frames = [frame.with_columns(pl.col("group").cast(pl.String)) for frame in frames]
    return pl.concat(frames, how="diagonal_relaxed") if len(frames) > 1 else frames[0]
