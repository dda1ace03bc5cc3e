"""Result: named columns of one length, each with its role, and the facts that explain them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, KeysView, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import numpy as np
from numpy.typing import NDArray

from rlcalc.errors import ShapeError, UsageError, escaped, nearest, shown
from rlcalc.numerics.significant_digits import with_error

if TYPE_CHECKING:
    import altair
    import pandas as pd
    import polars as pl

    from rlcalc.charts import Chart

Role = Literal["key", "count", "value", "error", "bound", "text"]
LEFT = ("key", "text")
"""The roles of columns that are aligned to the left."""

Fact = str | int | float | bool | None | Mapping[str, float | None]


@dataclass(frozen=True)
class Column:
    """One column: its values, and its role.

    An `error` or a `bound` belongs to the value column before it: tables show value ± error in one
    cell, and leave the bounds to the other formats.
    """

    values: Sequence[Any] | NDArray[Any]
    role: Role = "value"
    symbol: str = ""  # the field's symbol, for the head of a table


@dataclass(frozen=True)
class Section:
    """A part of a page: a question, and its answers as lines of a name and one or more cells."""

    title: str
    lines: Sequence[tuple[str, Sequence[str]]]
    more: str = ""  # the command that shows more


@dataclass(frozen=True, repr=False)
class Result:
    """The answer of a command: columns in their order, rows in a stable order, facts and notes."""

    command: str
    title: str
    columns: Mapping[str, Column]
    facts: Mapping[str, Fact]
    notes: Sequence[str] = field(default=())
    facts_first: bool = False  # the facts are the main answer, the rows are details
    sources: Sequence[str] = field(default=())  # the paths and names that it was computed from
    charts: Callable[[], Sequence[Chart]] | None = field(default=None, compare=False)
    """Its pictures, computed when one is drawn; None: it has none."""
    sections: Sequence[Section] = ()  # a page that tables show in place of facts and rows

    def __post_init__(self) -> None:
        """Refuse columns of different lengths."""
        lengths = {name: len(column.values) for name, column in self.columns.items()}
        if len(set(lengths.values())) > 1:
            raise ShapeError(
                f"columns of different lengths: {lengths}", fix="give every column one entry a row"
            )

    def __getstate__(self) -> dict[str, Any]:
        """Return what pickle keeps: charts are computed then, as a function cannot be kept."""
        charts: Any = self.charts and partial(list, self.charts())
        return {**vars(self), "charts": charts}

    def __len__(self) -> int:
        return len(next(iter(self.columns.values())).values) if self.columns else 0

    def __getitem__(self, name: str) -> NDArray[Any]:
        """Return a column as an array.

        Raises:
            KeyError: there is no such column; the message names the nearest.
        """
        if name not in self.columns:
            near = nearest(name, self.columns)
            guess = f"; did you mean {near}?" if near else ""
            raise KeyError(f"{name}; columns: {', '.join(self.columns)}{guess}")
        return np.asarray(self.columns[name].values)

    def __iter__(self) -> Iterator[str]:
        return iter(self.columns)

    def __contains__(self, name: object) -> bool:
        return name in self.columns

    def keys(self) -> KeysView[str]:
        """Return the names of the columns: a result is a mapping of columns, `dict(result)`."""
        return self.columns.keys()

    def values(self) -> list[NDArray[Any]]:
        """Return the columns as arrays."""
        return [self[name] for name in self]

    def items(self) -> list[tuple[str, NDArray[Any]]]:
        """Return names and columns."""
        return [(name, self[name]) for name in self]

    def get(self, name: str, otherwise: Any = None) -> Any:
        """Return a column as an array, or something else where there is none of this name."""
        return otherwise if name not in self.columns else self[name]

    def plain(self) -> dict[str, list[Any]]:
        """Return the columns as lists of plain Python values; None is a missing value."""
        return {name: _plain(column.values) for name, column in self.columns.items()}

    def plain_facts(self) -> dict[str, Fact]:
        """Return the facts; None is a missing value."""
        return {
            name: {key: _finite(part) for key, part in value.items()}
            if isinstance(value, Mapping)
            else _finite(value)
            for name, value in self.facts.items()
        }

    def rows(self) -> Iterable[dict[str, Any]]:
        """Yield the rows as mappings of plain Python values."""
        columns = self.plain()
        names = list(columns)
        return (dict(zip(names, row, strict=True)) for row in zip(*columns.values(), strict=True))

    def sorted_by(self, *keys: str) -> Result:
        """Return the answer with its rows sorted by columns; equal rows keep their order.

        Args:
            *keys: each COLUMN, or COLUMN:desc for the largest first. Missing values come last.

        Raises:
            UsageError: there is no such column; the message names the nearest.
        """
        from rlcalc.selection import sorted_places

        return self.at(sorted_places(self._cells(), keys)) if keys else self

    def having(self, *conditions: str) -> Result:
        """Return the answer with those rows that fit all conditions, such as "v > 0.5".

        Raises:
            UsageError: a text is not a condition, or there is no such column.
        """
        from rlcalc.conditions import Condition
        from rlcalc.selection import fitting_places

        parsed = [Condition.parse(text, "--having") for text in conditions]
        return self.at(fitting_places(self._cells(), parsed)) if parsed else self

    def at(self, places: NDArray[np.int64]) -> Result:
        """Return the answer with the rows at these places only, in their order."""
        columns = {
            name: replace(column, values=_pick(column.values, places))
            for name, column in self.columns.items()
        }
        return replace(self, columns=columns)

    def _cells(self) -> dict[str, Sequence[Any] | NDArray[Any]]:
        return {name: column.values for name, column in self.columns.items()}

    def fact(self, name: str) -> str | int | float | bool:
        """Return one fact by its name, as it is written in JSON or with blanks as in a table.

        Args:
            name: NAME, or NAME.PART of a fact that has parts.

        Raises:
            UsageError: there is no such fact, or it has parts; the message names the nearest.
            InputError: it has no value in this answer.
        """
        from rlcalc.facts import value_of_fact

        return value_of_fact(self.plain_facts(), name)

    def to_polars(self) -> pl.DataFrame:
        """Return the rows as a Polars frame; missing values are null."""
        import polars as pl

        frame = pl.DataFrame({name: _series(column) for name, column in self.columns.items()})
        floats = [series for series in frame if series.dtype.is_float()]
        holes = pl.col([series.name for series in floats if not series.is_finite().all()])
        return frame.with_columns(pl.when(holes.is_finite()).then(holes))

    def to_pandas(self) -> pd.DataFrame:
        """Return the rows as a pandas frame.

        Raises:
            UsageError: pandas is not installed.
        """
        try:
            import pandas as pd
        except ImportError as error:
            raise UsageError("pandas is not installed", fix="pip install pandas") from error
        return pd.DataFrame(dict(self))

    def plot(self, *, dark: bool = False) -> altair.VConcatChart:
        """Return the picture of the answer as a chart of Altair, for a notebook.

        Args:
            dark: for a dark ground.

        Raises:
            UsageError: the answer has no picture.
            InputError: Altair is not installed.
        """
        notebook = import_module("rlcalc.renderers.pictures.notebook")  # a renderer, used by name
        chart: altair.VConcatChart = notebook.altair_chart(self, dark=dark)
        return chart

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """Return the rows as an Arrow stream, which Polars, pyarrow and DuckDB read."""
        return self.to_polars().__arrow_c_stream__(requested_schema)

    def __repr__(self) -> str:
        """Return one line about the result, for a prompt or a traceback."""
        facts = [f"{name} {value}" for name, value in self.summary()]
        parts = [f"{len(self):,} rows × {len(self.columns)} columns", *facts[:FACTS_OF_REPR]]
        return f"<Result of {self.command}: {shown(self.title)}; {shown(', '.join(parts), 160)}>"

    def _repr_html_(self) -> str:
        import html

        head, rows = self.display(range(min(len(self), 50)))
        cells = "".join(f"<th>{html.escape(name)}</th>" for name in head)
        body = "".join(
            "<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>"
            for row in rows
        )
        more = f"<p>{len(self) - 50:,} more rows</p>" if len(self) > 50 else ""
        facts = html.escape(" · ".join(map(" ".join, self.summary())))
        return (
            f"<table><caption>{html.escape(self.title)}</caption>"
            f"<thead><tr>{cells}</tr></thead><tbody>{body}</tbody></table>{more}<p>{facts}</p>"
        )

    def first(self, n: int) -> Result:
        """Return the same answer with the first n rows."""
        columns = {
            name: replace(column, values=column.values[:n]) for name, column in self.columns.items()
        }
        return replace(self, columns=columns)

    def display(self, rows: Iterable[int]) -> tuple[list[str], list[list[str]]]:
        """Return heads and cells of a readable table: six digits, value ± error in one cell.

        A value beside an error has the digits that the error allows. An error of which nothing is
        known, as that of an online method, is left out.
        """
        chosen = list(rows)
        heads: list[str] = []
        columns: list[list[str]] = []
        plain: list[Any] = []  # the values of the last of these columns
        for name, column in self.columns.items():
            if column.role == "bound" or (column.role == "error" and _empty(column.values)):
                continue
            values = _plain(_pick(column.values, chosen))
            if column.role == "error":
                heads[-1] += " ± se"
                columns[-1] = _beside(plain, values)
            else:
                plain = values
                cells = list(map(_cell, values))
                heads.append(column.symbol or escaped(name))
                columns.append(cells if column.role in LEFT else _aligned(cells))
        return heads, [list(row) for row in zip(*columns, strict=True)]

    def shown_roles(self) -> list[Role]:
        """Return the role of each column of `display`."""
        roles = (column.role for column in self.columns.values())
        return [role for role in roles if role not in ("bound", "error")]

    def left(self) -> list[bool]:
        """Return for each column of `display` whether it is aligned to the left."""
        return [role in LEFT for role in self.shown_roles()]

    def summary(self) -> list[tuple[str, str]]:
        """Return names and values of the facts as text, without empty ones and limits of errors.

        A value and its error are one text. Below a table, answers come first, and counts last.
        """
        facts = {
            name: value
            for name, value in self.plain_facts().items()
            if value not in (None, {}, "") and not self._is_limit(name)
        }
        value_of = {name: _owner(name, facts) for name in facts if name.endswith("_se")}
        error_of = {owner: name for name, owner in value_of.items() if owner is not None}
        names = [name for name in facts if value_of.get(name) is None]
        if not self.facts_first:
            names.sort(key=lambda name: _place(name, facts[name], has_error=name in error_of))
        return [
            (
                name.replace("_", " "),
                self._shown_fact(name, facts[name], facts.get(error_of.get(name, ""))),
            )
            for name in names
        ]

    def _shown_fact(self, name: str, value: Fact, error: Fact) -> str:
        if isinstance(value, float) and isinstance(error, float):
            return " ± ".join(with_error(value, error))
        return _as_typed(value) if name in OPTIONS else _fact(value)

    def _is_limit(self, name: str) -> bool:
        """Return whether a fact is of the interval of another one, as a `bound` is of a value."""
        stem, _, end = name.rpartition("_")
        of_error = end in ("low", "high", "needs") and f"{stem}_se" in self.facts
        return of_error or name in ("rows_without_interval", "rows_doubtful")


FACTS_OF_REPR = 4
"""The number of facts in the one line about a result."""

ANSWERS = (
    "mean_gain", "start_value", "exact_start_value", "standard_errors_apart",
    "objective_estimated", "objective", "loss", "policy_loss", "bound", "never_learnt",
)  # fmt: skip
"""Facts that were asked for first, where they are numbers; so is each that has an error."""

OPTIONS = ("gamma", "seed", "max_steps")
"""Facts that repeat an option, and are written as the user types them: without commas."""

Single = TypeVar("Single")


def _finite(value: Single) -> Single | None:
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _pick(
    values: Sequence[Any] | NDArray[Any], rows: Sequence[int] | NDArray[np.int64]
) -> Sequence[Any] | NDArray[Any]:
    if hasattr(values, "dtype"):  # an array, or a series of Polars
        return values[np.asarray(rows, dtype=np.int64)]  # type: ignore[call-overload]
    return [values[row] for row in rows]


def _plain(values: Sequence[Any] | NDArray[Any]) -> list[Any]:
    """Return values as a list of plain Python values, of which none is NaN or infinite."""
    if isinstance(values, np.ndarray):
        listed: list[Any] = values.tolist()
        if values.dtype.kind == "f":
            for place in np.flatnonzero(~np.isfinite(values)).tolist():
                listed[place] = None
        if values.dtype.kind != "O":
            return listed
    else:
        listed = list(values)
    if not any(issubclass(kind, float) for kind in set(map(type, listed))):
        return listed
    return [_finite(value) for value in listed]


def _empty(values: Sequence[Any] | NDArray[Any]) -> bool:
    """Return whether no value is known."""
    if isinstance(values, np.ndarray) and values.dtype.kind == "f":
        return not np.isfinite(values).any()
    return all(_finite(value) is None for value in values)


def _series(column: Column) -> pl.Series:
    import polars as pl

    if isinstance(column.values, np.ndarray) and column.values.dtype.kind in "iufb":
        return pl.Series(column.values)
    if isinstance(column.values, pl.Series):
        return column.values
    if isinstance(column.values, list) and all(value is None for value in column.values):
        return pl.repeat(None, len(column.values), dtype=pl.Null, eager=True)
    return pl.Series(_plain(column.values), strict=False)


def _cell(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.6g}" if isinstance(value, float) else shown(value, 10_000)


def _fact(value: Fact) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{_fact(part)} {escaped(name)}" for name, part in value.items())
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    return _cell(value)


def _owner(error: str, facts: Mapping[str, Fact]) -> str | None:
    """Return the fact that an error is of: X_estimated, where X is the exact value, or X."""
    stem = error.removesuffix("_se")
    owners = [name for name in (f"{stem}_estimated", f"{stem}_mean", stem) if name in facts]
    return owners[0] if owners else None


def _place(name: str, value: Fact, *, has_error: bool) -> tuple[int, int]:
    """Return the place of a fact: answers in their order, others with errors, then the counts."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if is_number and name in ANSWERS:
        return 0, ANSWERS.index(name)
    is_count = isinstance(value, int) and is_number and name not in OPTIONS
    return (1 if has_error else 3 if is_count else 2), 0


def _as_typed(value: Fact) -> str:
    """Return a number in full and without commas: 0.9999999 is not 1."""
    return repr(value).removesuffix(".0") if isinstance(value, float) else escaped(str(value))


def _aligned(cells: list[str]) -> list[str]:
    """Return numbers padded to one width, with their decimal points in a line."""
    tails = [len(cell) - cell.find(".") if "." in cell and "e" not in cell else 0 for cell in cells]
    most = max(tails, default=0)
    padded = [
        cell if "e" in cell else cell + " " * (most - tail)
        for cell, tail in zip(cells, tails, strict=True)
    ]
    width = max(map(len, padded), default=0)
    return [cell.rjust(width) for cell in padded]


def _beside(values: list[Any], errors: list[Any]) -> list[str]:
    pairs = [_pair(value, error) for value, error in zip(values, errors, strict=True)]
    shown_values, shown_errors = zip(*pairs, strict=True) if pairs else ((), ())
    aligned = zip(_aligned(list(shown_values)), _aligned(list(shown_errors)), strict=True)
    return [f"{value} ± {error}" for value, error in aligned]


def _pair(value: Any, error: Any) -> tuple[str, str]:
    """Return a value and its error as text."""
    if isinstance(value, float) and isinstance(error, float):
        return with_error(value, error)
    return _cell(value), _cell(error)
