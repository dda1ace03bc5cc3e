"""Arguments of the library: what a source is, and how it is read."""

from __future__ import annotations

import numbers
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rlcalc.errors import UsageError, shown

if TYPE_CHECKING:
    from rlcalc.readers.read_request import ReadRequest
    from rlcalc.readers.rollouts.request import RolloutRequest
    from rlcalc.readers.row_filter import RowFilter
    from rlcalc.readers.tokens.names import TokenRequest


Watch = Callable[[Iterable[Any], Callable[[Any], int]], Iterable[Any]]
"""A function that passes items on, and counts their episodes for a progress bar."""


def paths_of(source: Any, noun: str) -> list[str]:
    """Return the paths that a source is, or that it holds."""
    paths = paths_or_none(source)
    if paths is None:
        raise UsageError(
            f"cannot read a {type(source).__name__}",
            fix=f"give a path, several in a list, a frame, a mapping of columns, or {noun}",
        )
    return paths


def paths_or_none(source: Any) -> list[str] | None:
    """Return the paths that a source is, or that it holds; None: it is something in memory."""
    several = [source] if isinstance(source, str | os.PathLike) else source
    are_paths = isinstance(several, Sequence) and all(
        isinstance(one, str | os.PathLike) for one in several
    )
    return list(map(os.fspath, several)) if are_paths else None


def read_request(
    kind: str | None = None,
    columns: dict[str, str] | None = None,
    where: str | Sequence[str] = (),
    max_size: str | int | None = None,
    **reading: Any,
) -> ReadRequest:
    """Return how to read trajectories or a model; the arguments are as in `load`."""
    from rlcalc.readers.read_request import ReadRequest
    from rlcalc.readers.size_limit import parse_size
    from rlcalc.readers.sources import KINDS

    if kind is not None and kind not in KINDS:
        raise UsageError(
            f"there is no format of a source {shown(kind)}", fix=f"use one of {', '.join(KINDS)}"
        )
    size = parse_size(max_size)
    return ReadRequest(kind, columns or {}, where=conditions_of(where), max_size=size, **reading)


def rollout_request(
    where: str | Sequence[str] = (),
    max_size: str | int | None = None,
    reward: str | Sequence[str] = (),
    weights: Sequence[float] = (),
    **reading: Any,
) -> RolloutRequest:
    """Return how to read rollouts; the arguments are as in `load_rollouts`."""
    from rlcalc.readers.rollouts.request import RolloutRequest
    from rlcalc.readers.size_limit import parse_size

    return RolloutRequest(
        reward=tuple(names_of(reward)),
        weights=tuple(weights),
        where=conditions_of(where),
        max_size=parse_size(max_size),
        **reading,
    )


def token_request(
    where: str | Sequence[str] = (), max_size: str | int | None = None, **reading: Any
) -> TokenRequest:
    """Return how to read tokens; the arguments are as in `load_tokens`."""
    from rlcalc.readers.size_limit import parse_size
    from rlcalc.readers.tokens.names import TokenRequest

    return TokenRequest(where=conditions_of(where), max_size=parse_size(max_size), **reading)


def conditions_of(where: str | Sequence[str]) -> tuple[RowFilter, ...]:
    """Return the filters that one text, or each of several, writes."""
    if not where:
        return ()
    from rlcalc.readers.row_filter import RowFilter

    return tuple(map(RowFilter.parse, [where] if isinstance(where, str) else where))


def require_numbers(*, whole: Mapping[str, Any] | None = None, **real: Any) -> None:
    """Refuse arguments that are not numbers, or not whole ones, by their names."""
    kinds = {numbers.Real: ("a number", real), numbers.Integral: ("a whole number", whole or {})}
    for kind, (expected, arguments) in kinds.items():
        for name, value in arguments.items():
            if value is not None and not isinstance(value, kind):
                raise UsageError(
                    f"{name} is {value!r}, expected {expected}", fix=f"give {expected}"
                )


def refuse_unused(options: Mapping[str, Any], of: str, fix: str = "leave it out") -> None:
    """Refuse options that are set and change nothing in an answer.

    Raises:
        UsageError: with the first of them.
    """
    for option, value in options.items():
        if value not in (None, False, ()):
            raise UsageError(f"{option} changes nothing in {of}", fix=fix)


def names_of(names: str | Sequence[str]) -> list[str]:
    """Return the names that a list holds, or that stand in a text with commas between them."""
    listed = names.split(",") if isinstance(names, str) else names
    return [name.strip() for name in listed]
