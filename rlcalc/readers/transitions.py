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
from rlcalc.mdp import MDP
from rlcalc.readers.reading import Reading
from rlcalc.readers.sources import File, Options
from rlcalc.readers.tables import Rows, Table
from rlcalc.trajectories import Codes, Experience, Labels, Numbers, Trajectories
from rlcalc.vocabulary import MODEL_COLUMN_NAMES, Kind

if TYPE_CHECKING:
    import polars as pl

READERS = {Kind.csv: "csv", Kind.tsv: "csv", Kind.parquet: "parquet", Kind.arrow: "parquet"}
LABELS = frozenset({"state", "action", "next_state"})


def read(file: File, options: Options) -> MDP:
    """Return the model that a table of transitions holds.

    Raises:
        InputError: a column or a cell is not as it should be, or probabilities do not sum to 1.
    """
    transitions = Transitions(file, options, MODEL_COLUMN_NAMES)
    transitions.run(file)
    return transitions.model(file.at())


def read_policy(file: File) -> dict[str, dict[str, float]]:
    """Return a policy from a table with the columns state, action and pi."""
    names = {"state": ("state", "s"), "action": ("action", "a"), "pi": ("pi", "probability", "p")}
    rows = Transitions(file, Options(), names)
    rows.run(file)
    given: dict[str, dict[str, float]] = {}
    labels = rows.experience
    for batch in rows.batches:
        for state, action, share in zip(batch["state"], batch["action"], batch["pi"], strict=True):
            choices = given.setdefault(labels.states.texts[state], {})
            choices[labels.actions.texts[action]] = float(share)
    return given


class Transitions(Reading):
    """The reading of one table, whose rows are kept as they come, in the smallest types."""

    def __init__(self, file: File, options: Options, known: Mapping[str, tuple[str, ...]]) -> None:
        if file.kind not in READERS:
            raise InputError(
                f"a model is no {file.kind} file", file.at(), "use YAML, JSON, CSV, Parquet or npz"
            )
        super().__init__(Experience(iter(()), Labels(), Labels()), options)
        self.known = known
        self.batches: list[dict[str, NDArray[Any]]] = []
        self.numbered: frozenset[str] = frozenset()

    def run(self, file: File) -> None:
        """Read all rows."""
        module = importlib.import_module(f"rlcalc.readers.{READERS[file.kind]}")
        for _ in module.read(file, self):
            pass

    @property
    def assembler(self) -> Transitions:  # type: ignore[override]
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
            self.options,
            self.experience,
            self.books,
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
        batch = {name: rows[name] for name in rows.columns if name in self.known}
        for name in ("state", "action", "next_state"):
            if name in batch and batch[name].dtype == np.int64 and len(rows):
                small = batch[name].min() >= -(2**31) and batch[name].max() < 2**31
                batch[name] = batch[name].astype(np.int32) if small else batch[name]
        self.batches.append(batch)
        return iter(())

    def model(self, where: str) -> MDP:
        """Return what the rows say."""
        if not any(len(batch["state"]) for batch in self.batches):
            raise InputError("there are no transitions", where, "a model has at least one")
        state, action = self._taken("state"), self._taken("action")
        next_state = self._taken("next_state")
        actions = self.experience.actions
        if "action" in self.numbered:
            (action,), actions = numbered(action)
        states = self.experience.states
        if "state" in self.numbered:
            (state, next_state), states = numbered(state, next_state)
        return MDP.from_rows(
            state.astype(np.int32, copy=False),
            action.astype(np.int32, copy=False),
            next_state.astype(np.int32, copy=False),
            self._taken("probability"),
            self._taken("reward"),
            states,
            actions,
            lambda row: f"row {row + 1}",
            where,
        )

    def _taken(self, name: str) -> NDArray[Any]:
        """Return a whole column, and hold it no longer."""
        return np.concatenate([batch.pop(name) for batch in self.batches])


def numbered(*columns: NDArray[Any]) -> tuple[tuple[Codes, ...], Numbers]:
    """Return columns of whole numbers as codes of the numbers that are there, in rising order."""
    low = min(int(column.min()) for column in columns)
    high = max(int(column.max()) for column in columns)
    if high - low > 4 * sum(map(len, columns)) + 1024:
        values = np.unique(np.concatenate([np.unique(column) for column in columns]))
        return tuple(np.searchsorted(values, c).astype(np.int32) for c in columns), Numbers(values)
    there = np.zeros(high - low + 1, dtype=bool)
    for column in columns:
        there[column - low if low else column] = True
    values = np.flatnonzero(there) + low
    if not there.all():
        code = np.cumsum(there, dtype=np.int32) - 1
        return tuple(code[column - low].astype(np.int32) for column in columns), Numbers(values)
    return tuple((c - low if low else c).astype(np.int32) for c in columns), Numbers(values)
