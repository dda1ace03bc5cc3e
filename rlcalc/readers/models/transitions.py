"""Tables with one outcome a row, state, action, next_state, probability, reward → a model.

Rows go straight into flat arrays, batch by batch; the rows of a pair may stand apart.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from rlcalc.documents import ONLY_ACTION
from rlcalc.errors import InputError, nearest
from rlcalc.expected_mdp import LARGE
from rlcalc.labels import Labels, encoded_labels
from rlcalc.mdp import MDP
from rlcalc.numerics.arrays import Codes, Floats, Ints
from rlcalc.numerics.kernel import load_compiler
from rlcalc.numerics.probabilities import SUM_TOLERANCE, normalised
from rlcalc.readers.column_names import EXTRA_MODEL_COLUMN_NAMES, MODEL_COLUMN_NAMES
from rlcalc.readers.models.growing_column import GrowingColumn
from rlcalc.readers.read_request import ReadRequest
from rlcalc.readers.sources import COLUMNAR, File
from rlcalc.readers.trajectories import FORMATS
from rlcalc.readers.trajectories.context import ReaderContext
from rlcalc.readers.trajectories.step_table import Rows, Table
from rlcalc.trajectories import Experience, Trajectories

if TYPE_CHECKING:
    import polars as pl

TABLES = ("csv", "tsv", "jsonl", *COLUMNAR)
LABELS = frozenset({"state", "action", "next_state"})
KNOWN = MODEL_COLUMN_NAMES | EXTRA_MODEL_COLUMN_NAMES


def read(file: File, request: ReadRequest) -> MDP:
    """Return the model that a table of transitions holds.

    Raises:
        InputError: a column or a cell is not as it should be, or probabilities do not sum to 1.
    """
    transitions = TransitionTable(request, KNOWN)
    transitions.run(file)
    return transitions.model(file.at())


def read_frame(frame: pl.DataFrame | pl.LazyFrame, request: ReadRequest) -> MDP:
    """Return the model that a frame of transitions holds; errors as of `read`."""
    from rlcalc.readers.trajectories.parquet import frames

    transitions = TransitionTable(request, KNOWN)
    for _ in frames(frame.lazy(), "the frame", transitions):
        pass
    return transitions.model("the frame")


class TransitionTable(ReaderContext):
    """The reading of one table, whose rows are kept as they come, in the smallest types."""

    def __init__(self, request: ReadRequest, known: Mapping[str, tuple[str, ...]]) -> None:
        super().__init__(Experience(iter(()), Labels(), Labels()), request)
        self.known = known
        self.columns: dict[str, GrowingColumn] = {}
        self.numbered: frozenset[str] = frozenset()
        self.is_chain = False

    def run(self, file: File) -> None:
        """Read all rows.

        Raises:
            InputError: the file is no table, or is not as it should be.
        """
        if file.kind not in TABLES:
            several = "save several arrays by name: numpy.savez(FILE, P=P, R=R)"
            raise InputError(
                f"a model is not read from a {file.kind} file",
                file.at(),
                several if file.kind == "npy" else "use YAML, JSON, JSONL, CSV, Parquet or npz",
            )
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
        exact: bool = False,
    ) -> Table:
        """Return a table whose columns are chosen; labels that are whole numbers stay so."""
        self.is_chain = "next_state" in self.known and not names_actions(schema, self.request)
        optional = ("action",) if self.is_chain else ()
        if "next_state" in self.known:
            optional = (*optional, *EXTRA_MODEL_COLUMN_NAMES)
        table = Table(
            schema,
            self.request,
            self.experience,
            self.encoders,
            name,
            place,
            typed=typed,
            known=self.known,
            needed=tuple(n for n in self.known if n not in optional),
        )
        if "next_state" in self.known:
            labels = LABELS & table.column.keys()
            whole = {label for label in labels if schema[table.column[label]].is_integer()}
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
            raise InputError(
                "there are no transitions",
                where,
                "write one outcome a row: state, action, next_state, probability and reward; from "
                "trajectories rlcalc model does",
            )
        actions = self.experience.actions
        if self.is_chain:
            only = np.broadcast_to(np.int32(actions.code(ONLY_ACTION)), len(self.columns["state"]))
        state, action, next_state, probability, reward = (
            only if self.is_chain and name == "action" else self.columns.pop(name).whole()
            for name in MODEL_COLUMN_NAMES
        )
        if "action" in self.numbered:
            (action,), actions = encoded_labels(action)
        states = self.experience.states
        if "state" in self.numbered:
            (state, next_state), states = encoded_labels(state, next_state)
        extra = {n: c.whole() for n, c in self.columns.items() if n in EXTRA_MODEL_COLUMN_NAMES}
        model = MDP.from_rows(
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
        if self.is_chain:
            model.notes.append(f"no column has actions: each state has one, {ONLY_ACTION}")
        return _with_extra_columns(model, state, action, extra, where)


def _with_extra_columns(
    model: MDP, state: Codes, action: Codes, extra: Mapping[str, NDArray[Any]], where: str
) -> MDP:
    """Return a model with the policy and the start that stand in each row of a pair.

    Raises:
        InputError: they are not probabilities, or do not sum to 1.
    """
    if "pi" in extra:
        n_actions = len(model.actions)
        key = model.expected.pair_state.astype(np.int64) * n_actions + model.action
        weight = np.zeros(model.n_pairs)
        weight[np.searchsorted(key, state.astype(np.int64) * n_actions + action)] = extra["pi"]
        begins = model.pair_start[:-1][~model.expected.terminal]
        edge = np.append(begins, model.n_pairs)
        _refuse_sums(weight, edge, "pi", where)
        model = replace(model, policy=normalised(weight, edge))
    if "start" in extra:
        start = np.zeros(model.n_states)
        start[state] = extra["start"]
        edge = np.array([0, model.n_states])
        _refuse_sums(start, edge, "start_probability", where)
        model = replace(model, start=normalised(start, edge))
    return model


def _refuse_sums(chance: Floats, edge: Ints, column: str, where: str) -> None:
    total = np.add.reduceat(chance, edge[:-1])
    if not (chance.min(initial=0.0) >= 0 and (np.abs(total - 1) <= SUM_TOLERANCE).all()):
        worst = float(total[np.abs(total - 1).argmax()])
        whose = "of all states" if column == "start_probability" else "of the actions of each state"
        raise InputError(
            f"the column {column} {whose} sums to {worst:.10g}, expected 1",
            where,
            "make them sum to 1, the same in every row of a pair, or leave the column out",
        )


def names_actions(columns: Iterable[str], request: ReadRequest) -> bool:
    """Whether a table of transitions has, or seems to have, a column of actions.

    Without one it is a Markov reward process; a misspelt one is none.
    """
    usual = MODEL_COLUMN_NAMES["action"]
    others = {name for meaning, names in MODEL_COLUMN_NAMES.items() for name in names
              if meaning != "action"}  # fmt: skip
    free = [name.lower() for name in columns if name.lower() not in others]
    return "action" in request.columns or any(nearest(name, usual) for name in free)
