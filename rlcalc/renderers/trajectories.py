"""Trajectories in the formats that the readers read: JSONL in columns, CSV and Parquet by steps.

Text is joined from pieces that are made once: a label is quoted once, a reward written once.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import chain, pairwise
from typing import TYPE_CHECKING, Any, BinaryIO, cast

import numpy as np

from rlcalc.errors import UsageError
from rlcalc.labels import Labels
from rlcalc.numerics.random_streams import GOLDEN
from rlcalc.trajectories import Trajectories, next_states

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import NDArray
    from polars.datatypes import DataTypeClass as PolarsType

FORMS = ("jsonl", "json", "csv", "tsv", "parquet")
"""The formats that trajectories are written in."""


def write(
    batches: Iterable[Trajectories],
    form: str,
    stream: BinaryIO,
    facts: dict[str, Any] | None = None,
) -> int:
    """Write trajectories, batch by batch, and return their number.

    Args:
        batches: in their order.
        form: one of `FORMS`.
        stream: of bytes.
        facts: written before the rows of JSON.

    Raises:
        UsageError: the format is for tables of results.
    """
    if form not in FORMS:
        raise UsageError(
            f"trajectories are not written as {form}",
            fix=f"use one of {', '.join(FORMS)}, or --rows summary",
        )
    if form == "parquet":
        return _parquet(batches, stream)
    before = 0
    if form == "json":
        opening = json.dumps({"command": "simulate", "facts": facts or {}}, indent=2)
        stream.write(opening[:-2].encode() + b',\n  "rows": [')
    if form in ("csv", "tsv"):
        lines: Callable[[Trajectories, int], Iterator[str]] = StepRows(form)
    else:
        lines = TrajectoryLines(json_array=form == "json")
    for batch in batches:
        for text in lines(batch, before):
            stream.write(text.encode("utf-8", "backslashreplace"))
        before += len(batch)
    if form == "json":
        stream.write(b"\n  ]\n}\n")
    return before


class TextCache:
    """Labels and numbers as text, each made once."""

    def __init__(self, text_of: Callable[[Any], str], after: str = "") -> None:
        self.text_of = text_of
        self.after = after
        self._labels: dict[int, NDArray[Any]] = {}
        self._text = np.full(1 << TABLE_BITS, f"{0.0!r}{after}", dtype=object)
        self._bits = np.zeros(1 << TABLE_BITS, dtype=np.uint64)

    def labels(self, labels: Labels, codes: NDArray[np.int32]) -> NDArray[Any]:
        """Return the text of each code."""
        texts = self._labels.get(id(labels))
        if texts is None or len(texts) < len(labels):
            known = texts if texts is not None and labels.textual else _objects([])
            new = [self.text_of(name) + self.after for name in labels.names()[len(known) :]]
            texts = self._labels[id(labels)] = np.concatenate([known, _objects(new)])
        return texts.take(codes)

    def numbers(self, values: NDArray[np.float64]) -> NDArray[Any]:
        """Return the shortest text of each number that reads as the same number.

        A number that repeats is found by its bits in a table with one place for each hash. The
        rewards of a finite model repeat: writing them is 1.2 to 1.9 times as fast as with `repr`
        for each (rifle and random-reward-chain, CSV and JSONL), where all differ 0.7 times.
        """
        bits = (values + 0.0).view(np.uint64)  # −0 is 0
        place = ((bits * GOLDEN) >> np.uint64(64 - TABLE_BITS)).view(np.int64)
        text = self._text.take(place)
        new = np.flatnonzero(self._bits.take(place) != bits)
        if len(new):
            several, which = np.unique(bits[new], return_inverse=True)
            texts = [f"{value!r}{self.after}" for value in several.view(np.float64).tolist()]
            made = _objects(texts).take(which)
            text[new] = self._text[place[new]] = made
            self._bits[place[new]] = bits[new]
        return text


TABLE_BITS = 18
"""Bits of the hash of a number."""


class TrajectoryLines:
    """A trajectory a line, in columns: n + 1 states, n actions, n rewards, and how it ended."""

    def __init__(self, *, json_array: bool) -> None:
        self.json_array = json_array
        self.tokens = TextCache(partial(json.dumps, ensure_ascii=False))

    def __call__(self, batch: Trajectories, before: int) -> Iterator[str]:
        """Yield the text of a batch, some lines at a time.

        Args:
            batch: the trajectories.
            before: how many came before it.
        """
        for part in batch.parts(CHUNK_STEPS):
            lines = self._lines(part)
            if self.json_array:
                yield ("," if before else "") + "\n    " + ",\n    ".join(lines)
            else:
                yield "\n".join([*lines, ""])
            before += len(part)

    def _lines(self, part: Trajectories) -> list[str]:
        tokens = self.tokens
        assert part.last_state is not None
        states = tokens.labels(part.states, part.state).tolist()
        last = tokens.labels(part.states, part.last_state).tolist()
        actions = tokens.labels(part.actions, part.action).tolist()
        rewards = tokens.numbers(part.reward).tolist()
        chance, chances = part.behaviour_prob, [""]
        if chance is not None:
            chances = tokens.numbers(chance).tolist()
        ends = [ENDS[end] for end in trajectory_ends(part).tolist()]
        lines = []
        for (a, b), state, (over, cut) in zip(
            pairwise(part.start.tolist()), last, ends, strict=True
        ):
            more = "" if chance is None else f', "behaviour_probs": [{", ".join(chances[a:b])}]'
            lines.append(
                f'{{"states": [{", ".join(states[a:b])}, {state}], '
                f'"actions": [{", ".join(actions[a:b])}], "rewards": [{", ".join(rewards[a:b])}]'
                f'{more}, "terminated": {over}, "truncated": {cut}}}'
            )
        return lines


ENDS = (("false", "false"), ("true", "false"), ("false", "true"))
"""Terminated and truncated, by what `trajectory_ends` returns."""


def trajectory_ends(batch: Trajectories) -> NDArray[np.int64]:
    """Return [E] 1 where a trajectory terminated, 2 where it was truncated, else 0."""
    return np.where(batch.terminated, 1, np.where(batch.truncated, 2, 0))


CRLF = "\r\n"
"""The line end of the module csv, which quotes labels that hold a part of its line end."""


class StepRows:
    """A step a row, with the number of its trajectory and the time in it."""

    def __init__(self, form: str) -> None:
        self.separator = "\t" if form == "tsv" else ","
        self.tokens = TextCache(self._cell, self.separator)
        self.times = np.empty(0, dtype=object)
        self.has_head = False

    def _cell(self, value: Any) -> str:
        out = io.StringIO(newline="")
        csv.writer(out, delimiter=self.separator).writerow([value])
        return out.getvalue().removesuffix(CRLF)

    def __call__(self, batch: Trajectories, before: int) -> Iterator[str]:
        """Yield the text of a batch, trajectories from number `before` on; the head comes first."""
        sign, tokens = self.separator, self.tokens
        if not self.has_head:
            self.has_head = True
            yield sign.join(step_columns(batch)) + "\n"
        for part in batch.parts(CHUNK_STEPS):
            longest = int(part.length.max())
            if longest > len(self.times):
                self.times = _objects([f"{t}{sign}" for t in range(2 * longest)])
            names = _objects([f"{e}{sign}" for e in range(before, before + len(part))])
            before += len(part)
            ends = _objects([f"{sign.join(pair)}\n" for pair in ENDS])
            end = np.zeros(part.n_steps, dtype=np.int64)
            end[part.start[1:] - 1] = trajectory_ends(part)
            columns = [
                np.repeat(names, part.length),
                self.times.take(part.time_since_start),
                tokens.labels(part.states, part.state),
                tokens.labels(part.actions, part.action),
                tokens.numbers(part.reward),
                tokens.labels(part.states, next_states(part)),
                *([] if part.behaviour_prob is None else [tokens.numbers(part.behaviour_prob)]),
                ends.take(end),
            ]
            yield "".join(np.stack(columns, axis=1).ravel().tolist())


CHUNK_STEPS = 1 << 15
"""Steps whose text is joined at once."""


def _objects(texts: list[str]) -> NDArray[Any]:
    return np.array([*texts, ""], dtype=object)[:-1]


def step_columns(batch: Trajectories) -> list[str]:
    """Return the names of the columns of steps."""
    chance = [] if batch.behaviour_prob is None else ["behaviour_prob"]
    first = ["trajectory", "t", "state", "action", "reward", "next_state"]
    return [*first, *chance, "terminated", "truncated"]


def steps_frame(
    batch: Trajectories, before: int, state_type: PolarsType, action_type: PolarsType
) -> pl.DataFrame:
    """Return the steps of a batch as a Polars frame, trajectories from number `before` on."""
    import polars as pl

    def named(labels: Labels, codes: NDArray[np.int32], kind: PolarsType) -> pl.Series:
        if kind.is_numeric():
            return pl.Series(labels.named(codes))
        return pl.Series(labels.texts, dtype=pl.String).gather(pl.Series(codes).cast(pl.UInt32))

    last = batch.start[1:] - 1
    over, cut = np.zeros(batch.n_steps, dtype=bool), np.zeros(batch.n_steps, dtype=bool)
    over[last], cut[last] = batch.terminated, batch.truncated
    columns: dict[str, Any] = {
        "trajectory": batch.trajectory + before,
        "t": batch.time_since_start,
        "state": named(batch.states, batch.state, state_type),
        "action": named(batch.actions, batch.action, action_type),
        "reward": batch.reward,
        "next_state": named(batch.states, next_states(batch), state_type),
        "behaviour_prob": batch.behaviour_prob,
        "terminated": over,
        "truncated": cut,
    }
    return pl.DataFrame({name: columns[name] for name in step_columns(batch)})


def trajectory_label_type(labels: Labels) -> PolarsType:
    """Return the type of a column of labels: integers or floats if all of them are, else text."""
    import polars as pl

    names = labels.names()
    kinds = {type(name) for name in names}
    if kinds == {float}:
        return pl.Float64
    fits = kinds == {int} and max(map(abs, names)) < 1 << 63  # type: ignore[arg-type]
    return pl.Int64 if fits else pl.String


def _parquet(batches: Iterable[Trajectories], stream: BinaryIO) -> int:
    """Let Polars take the batches one by one, so that memory holds a few of them."""
    from polars.io.plugins import register_io_source

    before = 0
    rest = iter(batches)
    first = next(rest)
    types = trajectory_label_type(first.states), trajectory_label_type(first.actions)
    wrong: list[BaseException] = []

    def source(
        with_columns: list[str] | None,
        predicate: pl.Expr | None,
        n_rows: int | None,
        batch_size: int | None,
    ) -> Iterator[pl.DataFrame]:
        nonlocal before
        try:
            for batch in chain([first], rest):
                yield steps_frame(batch, before, *types)
                before += len(batch)
        except Exception as error:
            wrong.append(error)
            raise

    schema = steps_frame(first.cut(0, 1), 0, *types).schema
    scanned = register_io_source(io_source=source, schema=schema)
    try:
        sink = cast(BinaryIO, _ParquetStream(stream, wrong))
        scanned.sink_parquet(sink, row_group_size=ROW_GROUP)
    except Exception as error:
        raise (wrong[0] if wrong else error) from None
    return before


class _ParquetStream(io.RawIOBase):
    """A stream that keeps the error of a write, which Polars would replace by its own."""

    def __init__(self, stream: BinaryIO, wrong: list[BaseException]) -> None:
        self.stream, self.wrong = stream, wrong

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        try:
            return self.stream.write(data)
        except OSError as error:
            self.wrong.append(error)
            raise


ROW_GROUP = 1 << 20
