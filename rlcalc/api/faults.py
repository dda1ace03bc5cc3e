"""Faults: check a source, for every command."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, Unpack

from rlcalc.api.arguments import paths_or_none, read_request
from rlcalc.api.keywords import Reading, takes
from rlcalc.api.rollouts import load_rollouts
from rlcalc.api.tokens import load_tokens
from rlcalc.api.trajectories import load
from rlcalc.errors import InputError

if TYPE_CHECKING:
    from rlcalc.result import Result
    from rlcalc.rollouts import Rollouts


@takes(Reading)
def check(
    source: Any, *, settings: Mapping[str, Any] | None = None, **reading: Unpack[Reading]
) -> Result:
    """Return what a source is (trajectories, a model, rollouts or tokens), a row for every fault.

    Args:
        source: as in `load`.
        settings: parameters of a model, e.g. {"gun": "bad"}.
        **reading: as in `load`.
    """
    from rlcalc.environments import load as worlds
    from rlcalc.readers.critic_sources import buffer_to_check
    from rlcalc.readers.describe import describe, describe_model
    from rlcalc.readers.read_request import ReadRequest

    request = read_request(**reading)
    as_usual = ReadRequest(max_size=request.max_size)
    paths = paths_or_none(source)
    if paths is None:
        return describe(load(source, collect_faults=True, **reading))
    if (buffer := buffer_to_check(paths, request.columns, request.max_size)) is not None:
        return describe(buffer)
    failure: InputError | None = None
    result: Result | None = None
    try:
        if settings or worlds.is_world(paths, request):
            return describe_model(lambda: worlds.load_world(paths[0], request, settings))
        result = describe(load(paths, collect_faults=True, **reading))
        if not len(result) or result.facts["trajectories"]:
            return result
    except InputError as error:
        failure = error
    dump = _describe_dump(paths, result, request.max_size) if request == as_usual else None
    if dump is not None:
        return dump
    if failure is not None:
        raise failure
    assert result is not None
    return result


def _describe_dump(
    paths: list[str], as_trajectories: Result | None, size: int | None
) -> Result | None:
    """Return what rollouts or tokens in files are; None: they are neither.

    Args:
        paths: the files.
        as_trajectories: the faults that they have as trajectories; None: they could not be read.
        size: bytes that a compressed file may unpack to.
    """
    from rlcalc.readers.describe import describe_rollouts
    from rlcalc.readers.rollouts.detect import trainer_of
    from rlcalc.readers.tokens.describe import describe_tokens, holds_tokens, with_tokens

    trainer = trainer_of(paths, size)
    tokens = None
    if holds_tokens(paths, size):
        tokens = describe_tokens(load_tokens(paths, max_size=size))
    if tokens is not None and trainer in (None, "prime-rl"):  # whose exports hold nothing else
        return tokens
    read: Callable[[], Rollouts] = partial(load_rollouts, paths, max_size=size)
    no_rows = as_trajectories is not None and not as_trajectories.facts["rows"]
    if trainer is None and no_rows and "-" not in paths:
        try:  # they are rollouts by the names of their columns
            rollouts = load_rollouts(paths, max_size=size)
            trainer, read = str(rollouts.facts["format"]), lambda: rollouts
        except InputError:
            return None
    if trainer is None:
        return None
    from rlcalc.groups.oddities import rollout_oddities

    result = describe_rollouts(read, trainer, rollout_oddities)
    return result if tokens is None else with_tokens(result, tokens)
