"""Compare two answers: join their rows by what they are about, and subtract."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rlcalc.comparison.tolerance import Tolerance
from rlcalc.errors import InputError, UsageError, listed, meant, shown
from rlcalc.labels import text_of_label
from rlcalc.numerics.arrays import Floats
from rlcalc.result import Column, Fact, Result

OF_STATES = ("v", "mean", "variance", "sd", "d_state")
"""Quantities of a state, which are the same in all rows of its actions."""

Key = tuple[str, ...]


@dataclass(frozen=True)
class Side:
    """What one answer says of a quantity: a value and its error for each key, in their order."""

    value: dict[Key, float]
    error: dict[Key, float]  # 0 where none is known


def compare_answers(
    first: Result,
    second: Result,
    *,
    of: Sequence[str] = (),
    by: Sequence[str] = (),
    within: Tolerance | None = None,
) -> Result:
    """Return a row for each value that both answers have, with its difference.

        d = x − y,     se(d) = √(se(x)² + se(y)²),     z = d / se(d)

    The errors are those of independent estimates. Differences of no more than the proven bounds of
    both answers, their sum, are within any tolerance.

    Args:
        first: the answer in question.
        second: the answer that it is compared with.
        of: the quantities, as `v`; default all that both have.
        by: the columns that name a row; default all that both have.
        within: the largest acceptable difference; what is beyond it is counted in `beyond`, with
            the rows of the second answer that the first one lacks.

    Returns:
        keys, `quantity, first, second, difference, se, z`; in the unit of the quantity.

    Raises:
        InputError: they have no column, no key or no row in common, or a row comes twice.
        UsageError: a name is not that of a column of both, or errors are asked for without any.
    """
    keys = _chosen(by, _of_role(first, "key"), _of_role(second, "key"), "--by")
    quantities = _chosen(of, _values(first), _values(second), "--of")
    rows: list[tuple[Key, str, float, float, float]] = []
    only: list[set[tuple[str, Key]]] = [set(), set()]
    for quantity in quantities:
        names = [key for key in keys if key != "action" or quantity not in OF_STATES] or keys
        x, y = (_side(answer, quantity, names) for answer in (first, second))
        shared = [key for key in x.value if key in y.value]
        only[0] |= {(quantity, key) for key in x.value if key not in y.value}
        only[1] |= {(quantity, key) for key in y.value if key not in x.value}
        for key in shared:
            full = dict(zip(names, key, strict=True))
            error = float(np.hypot(x.error[key], y.error[key]))
            place = tuple(full.get(name, "") for name in keys)
            rows.append((place, quantity, x.value[key], y.value[key], error))
    if not rows:
        raise InputError(
            f"no {listed(keys)} is in both",
            fix=f"the first has {_some(first, keys)}; the second {_some(second, keys)}",
        )
    return _report(first, second, keys, rows, only, within)


def _report(
    first: Result,
    second: Result,
    keys: list[str],
    rows: list[tuple[Key, str, float, float, float]],
    only: list[set[tuple[str, Key]]],
    within: Tolerance | None,
) -> Result:
    places, quantities, x, y, error = zip(*rows, strict=True)
    one, two, se = np.array(x), np.array(y), np.array(error)
    with np.errstate(all="ignore"):
        difference = np.where(one == two, 0.0, one - two)
        z = np.where(se > 0, difference / se, np.inf)
        known = np.where(se > 0, se, np.nan)
        largest = int(np.argmax(np.abs(difference)))
        surprising = int(np.argmax(np.where(se > 0, np.abs(z), -1.0)))
        mean_square = float(np.sqrt(np.mean(difference**2)))
    where = listed([part for part in places[largest] if part]) or "all"
    bound = _bound(first) + _bound(second)
    facts: dict[str, Fact] = {
        "first": first.title,
        "second": second.title,
        "largest_difference": float(np.abs(difference[largest])),
        "largest_at": f"{quantities[largest]} of {where}",
        "root_mean_square": mean_square,
        "largest_z": float(abs(z[surprising])) if se[surprising] > 0 else None,
        "bound": bound or None,
        "compared": len(rows),
        "only_first": len(only[0]),
        "only_second": len(only[1]),
    }
    if within is not None:
        is_beyond = _beyond(within, difference, z, two, np.array(quantities), bound)
        facts["within"] = str(within)
        facts["beyond"] = int(is_beyond.sum()) + len(only[1])
    columns = {
        name: Column([place[i] or None for place in places], "key")
        for i, name in enumerate(keys)
        if any(place[i] for place in places)
    }
    columns |= {
        "quantity": Column(list(quantities), "key"),
        "first": Column(one),
        "second": Column(two),
        "difference": Column(difference),
        "se": Column(known, "error"),
        "z": Column(np.where(se > 0, z, np.nan)),
    }
    notes = [
        f"{which} alone has {len(some):,} values, such as {quantity} of {listed(key)}"
        for which, some in zip(("the first", "the second"), only, strict=True)
        if some
        for quantity, key in [min(some)]
    ]
    return Result("compare", "Differences: first − second", columns, facts, notes)


def _beyond(
    within: Tolerance,
    difference: Floats,
    z: Floats,  # infinite where no error is known
    second: Floats,
    quantity: NDArray[np.str_],
    bound: float,
) -> NDArray[np.bool_]:
    """Return which differences are beyond a tolerance; what is no number is.

    Standard errors judge only what has one.

    Raises:
        UsageError: nothing has one.
    """
    if within.unit == "se":
        if not np.isfinite(z).any():
            raise UsageError(
                f"--within {within}: neither has standard errors",
                fix="write an absolute difference: --within 1e-6",
            )
        return ~((np.abs(z) <= within.size) | (np.abs(difference) <= bound) | np.isinf(z))
    size = np.full(len(difference), within.size)
    if within.unit == "r":
        for name in np.unique(quantity):
            rows = quantity == name
            finite = np.abs(second[rows & np.isfinite(second)])
            size[rows] *= finite.max(initial=0.0)
    return ~(np.abs(difference) <= size + bound)


def _side(answer: Result, quantity: str, keys: Sequence[str]) -> Side:
    """Return the values of a quantity by the key of their rows; missing ones are left out.

    Raises:
        InputError: two rows of a key have different values.
    """
    named = zip(*(map(text_of_label, answer[key].tolist()) for key in keys), strict=True)
    none = np.zeros(len(answer))
    value = _floats(answer[quantity])
    error = _floats(answer.get(f"{quantity}_se", none))
    side = Side({}, {})
    for row, (key, x, e) in enumerate(zip(named, value.tolist(), error.tolist(), strict=True), 1):
        if np.isnan(x):
            continue
        if side.value.setdefault(key, x) != x:
            raise InputError(
                f"{quantity} of {listed(key)} is {side.value[key]!r} and {x!r}",
                f"{shown(answer.title)}, row {row}",
                f"one value for each {listed(keys)} can be compared: leave out the other rows",
            )
        side.error.setdefault(key, 0.0 if np.isnan(e) else e)
    return side


def _floats(values: NDArray[np.generic]) -> Floats:
    if values.dtype.kind in "iufb":
        return values.astype(np.float64)
    return np.array([np.nan if value is None else float(value) for value in values.tolist()])


def _of_role(answer: Result, role: str) -> list[str]:
    return [name for name, column in answer.columns.items() if column.role == role]


def _values(answer: Result) -> list[str]:
    return [
        name
        for name in _of_role(answer, "value")
        if all(value is None or isinstance(value, int | float) for value in answer[name].tolist())
    ]


def _chosen(asked: Sequence[str], first: list[str], second: list[str], option: str) -> list[str]:
    """Return the columns of both answers, or those that an option names.

    Raises:
        InputError: they have none in common.
        UsageError: the option names another one.
    """
    both = [name for name in first if name in second]
    for name in asked:
        if name not in both:
            raise UsageError(
                f"{option} {shown(name)}: both do not have such a column",
                fix=meant(name, both) + f"both have {listed(both)}",
            )
    if not both:
        what = "column that names a row" if option == "--by" else "column of values"
        raise InputError(
            f"they have no {what} in common",
            fix=f"the first has {listed(first) or 'none'}, the second {listed(second) or 'none'}; "
            "give tables with state and v, or with state, action and q",
        )
    return list(asked) or both


def _some(answer: Result, keys: Sequence[str]) -> str:
    rows = zip(*(answer[key].tolist()[:3] for key in keys), strict=True)
    return listed([" ".join(map(str, row)) for row in rows], total=len(answer)) or "none"


def _bound(answer: Result) -> float:
    bound = answer.facts.get("bound")
    return bound if isinstance(bound, float) and np.isfinite(bound) else 0.0
