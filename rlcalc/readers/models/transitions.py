"""Tables with one outcome a row, state, action, next_state, probability, reward → a model.

Rows go straight into flat arrays, batch by batch; the rows of a pair may stand apart.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from rlcalc.errors import InputError
from rlcalc.expected_mdp import LARGE
from rlcalc.labels import Labels, Numbers
from rlcalc.mdp import MDP
from rlcalc.numerics.arrays import Codes
from rlcalc.numerics.kernel import load_compiler
from rlcalc.readers.column_names import MODEL_COLUMN_NAMES
from rlcalc.readers.models.names import repeated_action
from rlcalc.readers.sources import File, ReadRequest
from rlcalc.readers.trajectories import FORMATS
from rlcalc.readers.trajectories.context import ReaderContext
from rlcalc.readers.trajectories.step_table import Rows, Table
from rlcalc.trajectories import Experience, Trajectories

if TYPE_CHECKING:
    import polars as pl

TABLES = ("csv", "tsv", "parquet", "arrow")
LABELS = frozenset({"state", "action", "next_state"})


def read(file: File, request: ReadRequest) -> MDP:
    """Return the model that a table of transitions holds.

    Raises:
        InputError: a column or a cell is not as it should be, or probabilities do not sum to 1.
    """
    transitions = TransitionTable(file, request, MODEL_COLUMN_NAMES)
    transitions.run(file)
    return transitions.model(file.at())


def read_policy(file: File) -> dict[str, dict[str, float]]:
    """Return a policy from a table with the columns state, action and pi."""
    names = {"state": ("state", "s"), "action": ("action", "a"), "pi": ("pi", "probability", "p")}
    rows = TransitionTable(file, ReadRequest(), names)
    rows.run(file)
    given: dict[str, dict[str, float]] = {}
    labels = rows.experience
    columns = [rows.columns[name].whole().tolist() for name in names] if rows.columns else []
    for state, action, share in zip(*columns, strict=True):
        choices = given.setdefault(labels.states.texts[state], {})
        if labels.actions.texts[action] in choices:
            name = labels.actions.texts[action]
            raise repeated_action(labels.states.texts[state], name, file.at())
        choices[labels.actions.texts[action]] = share
    return given


class TransitionTable(ReaderContext):
    """The reading of one table, whose rows are kept as they come, in the smallest types."""

    def __init__(
        self, file: File, request: ReadRequest, known: Mapping[str, tuple[str, ...]]
    ) -> None:
        if file.kind not in TABLES:
            raise InputError(
                f"a model is not read from a {file.kind} file",
                file.at(),
                "use YAML, JSON, CSV, Parquet or npz",
            )
        super().__init__(Experience(iter(()), Labels(), Labels()), request)
        self.known = known
        self.columns: dict[str, GrowingColumn] = {}
        self.numbered: frozenset[str] = frozenset()

    def run(self, file: File) -> None:
        """Read all rows."""
        module = importlib.import_module(f"rlcalc.readers.trajectories.{FORMATS[file.kind]}")
        for _ in module.read(file, self):
            pass

    @property
    def assembler(self) -> TransitionTable:  # type: ignore[override]
        """What takes the rows."""
        return self

    def table(
        self,
        name: str,
        schema: Mapping[str, pl.DataType],
        place: Callable[[int], str],
        *,
        typed: bool = True,
        padded: bool = False,
        plainly: bool = False,
    ) -> Table:
        """Return a table whose columns are chosen; labels that are whole numbers stay so."""
        table = Table(
            schema,
            self.request,
            self.experience,
            self.encoders,
            name,
            place,
            typed=typed,
            known=self.known,
            needed=tuple(self.known),
        )
        if "next_state" in self.known:
            whole = {label for label in LABELS if schema[table.column[label]].is_integer()}
            both = {"state", "next_state"} & whole
            self.numbered = frozenset(whole - (both if len(both) == 1 else set()))
            table.numbered = self.numbered
        return table

    def push(self, rows: Rows) -> Iterator[Trajectories]:
        """Keep a batch of rows."""
        if not self.columns and len(rows["state"]) > LARGE:
            load_compiler()  # whatever is done with a model of this size is compiled
        for name in rows.columns:
            if name in self.known:
                self.columns.setdefault(name, GrowingColumn()).extend(rows[name])
        return iter(())

    def model(self, where: str) -> MDP:
        """Return what the rows say."""
        if "state" not in self.columns or not len(self.columns["state"]):
            raise InputError("there are no transitions", where, "a model has at least one")
        state, action, next_state, probability, reward = (
            self.columns.pop(name).whole() for name in MODEL_COLUMN_NAMES
        )
        actions = self.experience.actions
        if "action" in self.numbered:
            (action,), actions = encoded_labels(action)
        states = self.experience.states
        if "state" in self.numbered:
            (state, next_state), states = encoded_labels(state, next_state)
        return MDP.from_rows(
            state.astype(np.int32, copy=False),
            action.astype(np.int32, copy=False),
            next_state.astype(np.int32, copy=False),
            probability,
            reward,
            states,
            actions,
            lambda row: f"row {row + 1}",
            where,
        )


class GrowingColumn:
    """A column that grows at its end, in an array with room to spare; whole numbers in 32 bits."""

    def __init__(self) -> None:
        self._array: NDArray[Any] = np.empty(0, dtype=np.int32)
        self._length = 0

    def __len__(self) -> int:
        return self._length

    def extend(self, part: NDArray[Any]) -> None:
        """Put a part at the end."""
        kind = part.dtype
        if kind == np.int64 and len(part) and part.min() >= -(2**31) and part.max() < 2**31:
            kind = np.dtype(np.int32)
        kind = np.result_type(kind, self._array.dtype)
        needed = self._length + len(part)
        if needed > len(self._array) or kind != self._array.dtype:
            room = np.empty(max(2 * needed, LEAST_ROOM), dtype=kind)  # not touched, it costs none
            room[: self._length] = self._array[: self._length]
            self._array = room
        self._array[self._length : needed] = part
        self._length = needed

    def whole(self) -> NDArray[Any]:
        """Return the column."""
        return self._array[: self._length]


LEAST_ROOM = 1 << 25
ROWS = 1 << 18
"""Rows to work on at a time: what fits a cache needs no new memory."""


def encoded_labels(*columns: NDArray[Any]) -> tuple[tuple[Codes, ...], Numbers]:
    """Return columns of whole numbers as codes of the numbers that are there, in rising order."""
    low = min(int(column.min()) for column in columns)
    high = max(int(column.max()) for column in columns)
    if high - low > 4 * sum(map(len, columns)) + 1024:
        values = np.unique(np.concatenate([np.unique(column) for column in columns]))
        return tuple(np.searchsorted(values, c).astype(np.int32) for c in columns), Numbers(values)
    there = np.zeros(high - low + 1, dtype=bool)
    for column in columns:
        for part in _parts(column):
            there[part.astype(np.int64) - low] = True
    values = np.flatnonzero(there) + low
    if low or not there.all():
        code = np.cumsum(there, dtype=np.int32) - 1
        for column in columns:
            for part in _parts(column):
                part[:] = code[part.astype(np.int64) - low]
    return tuple(column.astype(np.int32, copy=False) for column in columns), Numbers(values)


def _parts(column: NDArray[Any]) -> Iterator[NDArray[Any]]:
    return (column[first : first + ROWS] for first in range(0, len(column), ROWS))
