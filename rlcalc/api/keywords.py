"""Keywords of the library that several functions share, and what is said of a mistyped one."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any, Literal, ParamSpec, TypedDict, TypeVar

from rlcalc.api.arguments import paths_or_none
from rlcalc.errors import NotConverged, UsageError, meant, shown


class Reading(TypedDict, total=False):
    """How trajectories are read, see `load`."""

    kind: str | None
    columns: dict[str, str] | None
    state_columns: Sequence[str]
    one_step: bool
    order_by: str | None
    identify: bool
    where: str | Sequence[str]
    max_size: str | int | None
    needed: Sequence[str]
    unread: Sequence[str]
    done: Literal["unsaid", "terminated", "before"]


class RolloutReading(TypedDict, total=False):
    """How rollouts are read, see `load_rollouts`."""

    form: str | None
    group: str | None
    reward: str | Sequence[str]
    weights: Sequence[float]
    advantage: str | None
    length: str | None
    step: str | None
    rollout: str | None
    baseline: str | None
    answer: str | None
    group_size: int | None
    filter: str | None
    where: str | Sequence[str]
    max_size: str | int | None
    texts: bool
    beginnings: bool
    origins: bool
    prompts: bool


class TokenReading(TypedDict, total=False):
    """How tokens are read, see `load_tokens`."""

    form: str | None
    group: str | None
    reward: str | None
    advantage: str | None
    columns: dict[str, str]
    group_size: int | None
    needs: Sequence[str]
    where: str | Sequence[str]
    max_size: str | int | None


class Playing(TypedDict, total=False):
    """How a model is simulated, see `simulate`."""

    policy: Any
    start: Any
    max_steps: int | None
    seed: int | None
    gamma: float | None
    group: int | None
    with_prob: bool
    bootstrap: bool
    jobs: int | None
    settings: Any
    kind: str | None
    columns: dict[str, str] | None
    max_size: str | int | None


SOURCES = ("source", "against", "first", "second")
"""The arguments that name sources."""

P = ParamSpec("P")
Answer = TypeVar("Answer")


def takes(*shared: type) -> Callable[[Callable[P, Answer]], Callable[P, Answer]]:
    """Return a decorator that refuses keywords that neither a function nor `shared` has.

    Args:
        *shared: the typed dictionaries of the function's further keywords.
    """

    def decorate(function: Callable[P, Answer]) -> Callable[P, Answer]:
        code = function.__code__
        own = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
        known = dict.fromkeys([*own, *(name for one in shared for name in one.__annotations__)])

        @functools.wraps(function)
        def checked(*arguments: P.args, **keywords: P.kwargs) -> Answer:
            for name in keywords:
                if name not in known:
                    raise UsageError(
                        f"{function.__name__} has no argument {shown(name)}",
                        fix=meant(name, known) or f"it has {', '.join(list(known)[1:])}",
                    )
            positional = arguments[: 1 + ("second" in own)]
            sources = [*_paths(positional), *_paths(map(keywords.get, SOURCES))]
            try:
                return with_sources(function(*arguments, **keywords), sources)
            except NotConverged as error:
                error.result = with_sources(error.result, sources)
                raise

        return checked

    return decorate


def _paths(sources: Iterable[Any]) -> Iterator[str]:
    for source in sources:
        yield from () if source is None else paths_or_none(source) or ()


def with_sources(answer: Answer, sources: Sequence[str]) -> Answer:
    """Return an answer, or several of them, with the names of what they were computed from."""
    from rlcalc.result import Result

    if isinstance(answer, tuple):
        return tuple(with_sources(part, sources) for part in answer)  # type: ignore[return-value]
    if isinstance(answer, Result) and not answer.sources:
        return replace(answer, sources=tuple(sources))
    return answer
