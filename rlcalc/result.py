"""Result: named columns of one length, each with its role, and the facts that explain them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, KeysView, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import numpy as np
from numpy.typing import NDArray

from rlcalc.errors import ShapeError, UsageError, escaped, nearest, shown

if TYPE_CHECKING:
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
    charts: Callable[[], Sequence[Chart]] | None = None  # its pictures, computed when one is drawn

    def __post_init__(self) -> None:
        """Refuse columns of different lengths."""
        lengths = {name: len(column.values) for name, column in self.columns.items()}
        if len(set(lengths.values())) > 1:
            raise ShapeError(
                f"columns of different lengths: {lengths}", fix="give every column one entry a row"
            )

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

        An error of which nothing is known, as that of an online method, is left out.
        """
        chosen = list(rows)
        heads: list[str] = []
        columns: list[list[str]] = []
        for name, column in self.columns.items():
            cells = [_cell(value) for value in _plain(_pick(column.values, chosen))]
            if column.role == "bound":
                continue
            if column.role == "error":
                if _empty(column.values):
                    continue
                heads[-1] += " ± se"
                columns[-1] = _beside(columns[-1], cells)
            else:
                heads.append(column.symbol or escaped(name))
                columns.append(cells if column.role in LEFT else _aligned(cells))
        return heads, [list(row) for row in zip(*columns, strict=True)]

    def left(self) -> list[bool]:
        """Return for each column of `display` whether it is aligned to the left."""
        shown = (
            column for column in self.columns.values() if column.role not in ("bound", "error")
        )
        return [column.role in LEFT for column in shown]

    def summary(self) -> list[tuple[str, str]]:
        """Return names and values of the facts as text, without empty ones and limits of errors."""
        return [
            (name.replace("_", " "), _as_typed(value) if name in OPTIONS else _fact(value))
            for name, value in self.plain_facts().items()
            if value not in (None, {}, "") and not self._is_limit(name)
        ]

    def _is_limit(self, name: str) -> bool:
        """Return whether a fact is of the interval of another one, as a `bound` is of a value."""
        stem, _, end = name.rpartition("_")
        of_error = end in ("low", "high", "needs") and f"{stem}_se" in self.facts
        return of_error or name in ("rows_without_interval", "rows_doubtful")


FACTS_OF_REPR = 4
"""The number of facts in the one line about a result."""

OPTIONS = ("gamma", "seed", "max_steps")
"""Facts that repeat an option, and are written as the user types them: without commas."""

Single = TypeVar("Single")


def _finite(value: Single) -> Single | None:
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _pick(values: Sequence[Any] | NDArray[Any], rows: list[int]) -> Sequence[Any] | NDArray[Any]:
    return values[rows] if isinstance(values, np.ndarray) else [values[row] for row in rows]


def _plain(values: Sequence[Any] | NDArray[Any]) -> list[Any]:
    listed: list[Any] = values.tolist() if isinstance(values, np.ndarray) else list(values)
    if isinstance(values, np.ndarray) and values.dtype.kind != "f":
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


def _beside(values: list[str], errors: list[str]) -> list[str]:
    pairs = zip(values, _aligned(errors), strict=True)
    return [f"{value} ± {error}" for value, error in pairs]
