"""Shards: the same answers from parts of the data, on threads, on a cluster, or by files."""

from __future__ import annotations

import glob
import inspect
import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial as bound
from importlib import import_module
from typing import TYPE_CHECKING, Any

from rlcalc.api.arguments import (
    paths_of,
    read_request,
    refuse_unused,
    require_numbers,
    rollout_request,
)
from rlcalc.api.trajectories import unread_of
from rlcalc.errors import InputError, UsageError, listed, meant, shown
from rlcalc.partials import Partial, Shard, parse_part, part_of, whole_of
from rlcalc.version import __version__

if TYPE_CHECKING:
    from rlcalc.readers.trajectories.layout import TableLayout
    from rlcalc.result import Result
    from rlcalc.shards.answer import ShardQuestion

Engine = tuple[Callable[..., Any], int]
"""What runs work on blocks of shards, and how many blocks at a time."""

ENGINES = ("threads", "ray")


def partial(
    command: str,
    source: Any,
    *,
    shard: str | None = None,
    shards_whole: bool = False,
    like: Any = None,
    engine: str = "threads",
    engine_address: str | None = None,
    jobs: int | None = None,
    **arguments: Any,
) -> Partial:
    """Return what some shards say about the question of a command, for `merge`.

    Args:
        command: estimate, check, group, gradient or simulate.
        source: the shards: paths, of which each file is one; of `simulate` a model.
        shard: `I/N`: of several shards those of part I of N; one shard is number I of N.
        shards_whole: no trajectory goes on in another shard, so each is read by itself.
        like: files whose first rows show how all shards are laid out; default the first shards.
        engine: threads, or ray.
        engine_address: of a running cluster of Ray.
        jobs: threads, or workers of a cluster that is started here.
        **arguments: of the function of the command.

    Raises:
        UsageError: an argument that no sums over shards have an answer for.
        InputError: a shard is not there, or is not as it should be.
    """
    if command == "simulate" and arguments.get("seed") is None:
        raise UsageError(
            "a partial of a simulation needs a seed, the same for all parts", fix="add --seed N"
        )
    number = None if shard is None else parse_part(shard)
    work = _work_of(command, source, number, shards_whole, like, arguments)
    nodes = _nodes(work, engine, engine_address, jobs)
    return Partial(work.description, work.total, work.shards, lambda: nodes)


def by_shards(
    command: str,
    source: Any,
    *,
    shards_whole: bool = False,
    like: Any = None,
    engine: str = "threads",
    engine_address: str | None = None,
    jobs: int | None = None,
    **arguments: Any,
) -> Result:
    """Return the answer of a command from what each shard says; arguments as in `partial`.

    The bits depend on the list of the shards alone: not on the engine, on the number of workers,
    nor on which of them are merged from files.
    """
    from rlcalc.numerics.random_streams import any_seed
    from rlcalc.shards.answer import finished

    if command == "simulate" and arguments.get("seed") is None:
        arguments["seed"] = any_seed()
    work = _work_of(command, source, None, shards_whole, like, arguments)
    result = finished(work.question, _nodes(work, engine, engine_address, jobs), work.shards)
    return replace(result, sources=_sources(work.description, work.shards))


def merge(*partials: Any) -> Result:
    """Return the answer of partials, which together hold all shards.

    Args:
        *partials: what `partial` returns, and files that `--partial` wrote, or globs of them.

    Raises:
        InputError: they answer different questions, are damaged, or a shard is there twice or is
            missing.
    """
    from rlcalc.readers.partial_files import read_partial

    classes = _classes()
    known = [one for one in _each(partials) if isinstance(one, Partial)]
    files = [read_partial(path, classes) for one in _each(partials) for path in _files(one)]
    every = [*known, *files]
    for one in every[:1]:
        _require_version(one)
    shards, part = whole_of(every)
    question = _question_of(every[0])
    result = question.finish(part, shards)
    return replace(result, sources=_sources(every[0].question, shards))


def _sources(question: Mapping[str, Any], shards: Sequence[Shard]) -> tuple[str, ...]:
    """Return what an answer was computed from: the model that was simulated, or the shards."""
    if question["command"] == "simulate":
        return (str(question["source"]),)
    return tuple(one.name for one in shards)


def _each(partials: Sequence[Any]) -> list[Any]:
    listed_ones = partials[0] if len(partials) == 1 and isinstance(partials[0], list) else partials
    return list(listed_ones)


def _files(source: Any) -> list[str]:
    if isinstance(source, Partial):
        return []
    (path,) = paths_of(source, "Partial") or [""]
    if os.path.exists(path) or not glob.has_magic(path):
        return [path]
    return sorted(glob.glob(path)) or [path]


def _require_version(partial: Partial) -> None:
    """Refuse partials that another version made.

    Raises:
        InputError: it is one.
    """
    for name, version in _versions().items():
        made_with = partial.question.get(name)
        if made_with != version:
            raise InputError(
                f"this partial was made with {name} {shown(made_with)}, and this is {version}",
                partial.title,
                "make all partials, and merge them, with one installation",
            )


def _versions() -> dict[str, str]:
    import polars as pl

    return {"rlcalc": __version__, "polars": pl.__version__}


# -- questions ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Work:
    """A question, and the shards that are to answer it here."""

    question: ShardQuestion
    description: dict[str, Any]  # of the question, as plain values
    shards: Sequence[Shard]
    total: int | None


def _work_of(
    command: str,
    source: Any,
    number: tuple[int, int] | None,
    shards_whole: bool,
    like: Any,
    arguments: Mapping[str, Any],
) -> Work:
    kind = _kind_of(command)
    usual = {one.name: one.default for one in _signature(command).parameters.values()}
    plain = {
        name: value
        for name, value in arguments.items()
        if value not in (None, (), {}, []) and value != usual.get(name)
    }
    try:
        plain = json.loads(json.dumps(plain))
    except (TypeError, ValueError) as error:
        raise UsageError(
            f"an argument of {command} is no plain value, which shards cannot be asked about",
            fix="give paths, names and numbers",
        ) from error
    if command == "simulate":  # whose shards are of one source
        plain["source"] = os.fspath(source)
    shards, total = kind.shards(source, number, plain)
    layout = None
    if kind.reads_steps:
        how = plain.get("reading", plain) if command == "gradient" else plain
        layout = _layout(source if like is None else like, how)
    elif like is not None:
        raise UsageError(
            f"--like has no effect on {command}: nothing is judged by first rows",
            fix="leave it out",
        )
    description = {
        "command": command,
        **_versions(),
        "shards_whole": shards_whole,
        "layout": None if layout is None else asdict(layout),
        **plain,
    }
    return Work(kind.question(layout, shards_whole, plain), description, shards, total)


def _question_of(partial: Partial) -> ShardQuestion:
    """Return the question of a partial.

    Raises:
        InputError: it is not one.
    """
    from rlcalc.readers.trajectories.layout import TableLayout

    plain = dict(partial.question)
    try:
        command, whole, layout = (plain.pop(name) for name in ("command", "shards_whole", "layout"))
        for name in _versions():
            del plain[name]
        kind = _kind_of(command)
        return kind.question(None if layout is None else TableLayout(**layout), whole, plain)
    except (KeyError, TypeError) as error:
        raise InputError(
            "this partial has no question that is known", partial.title, "write it anew"
        ) from error


def _layout(source: Any, arguments: Mapping[str, Any]) -> TableLayout | None:
    from rlcalc.readers.sources import resolve_files
    from rlcalc.readers.trajectories.shard_rows import first_layout

    return first_layout(resolve_files(paths_of(source, "paths")), _reading_of(arguments)[0])


def _reading_of(arguments: Mapping[str, Any]) -> tuple[Any, dict[str, Any]]:
    """Return how trajectories are read, and the other arguments."""
    from rlcalc.api.keywords import Reading

    names = Reading.__annotations__
    reading = {name: value for name, value in arguments.items() if name in names}
    for name in ("where", "needed", "unread", "state_columns"):
        if isinstance(reading.get(name), list):
            reading[name] = tuple(reading[name])
    rest = {name: value for name, value in arguments.items() if name not in names}
    reading.setdefault("unread", unread_of(rest.get("truncated", "keep")))
    return read_request(**reading), rest


@dataclass(frozen=True)
class Kind:
    """How the question of one command is asked of shards."""

    question: Callable[[TableLayout | None, bool, Mapping[str, Any]], ShardQuestion]
    shards: Callable[..., tuple[Sequence[Shard], int | None]]
    reads_steps: bool = True


def _kind_of(command: str) -> Kind:
    if command not in KINDS:
        raise UsageError(
            f"{shown(command)} has no answer from shards",
            fix=meant(command, KINDS) + f"there is one of {', '.join(KINDS)}",
        )
    return KINDS[command]


def _shards_of_files(
    source: Any, number: tuple[int, int] | None, arguments: Mapping[str, Any]
) -> tuple[Sequence[Shard], int | None]:
    """Return the files of a source as shards, and how many there are in all; None: nobody says."""
    from rlcalc.readers.sources import resolve_files

    return _numbered([(file, "") for file in resolve_files(paths_of(source, "paths"))], number)


def _shards_of_rollouts(
    source: Any, number: tuple[int, int] | None, arguments: Mapping[str, Any]
) -> tuple[Sequence[Shard], int | None]:
    """Return the files of rollouts of a source as shards; of folders those that may hold them."""
    from rlcalc.readers.rollouts.load import rollout_listings

    listings = rollout_listings(paths_of(source, "paths"))
    files = [(file, one.folder or "") for one in listings for file in one.files]
    once: dict[str, tuple[str, str]] = {}  # a file that is named twice is one shard
    for file, folder in files:
        once.setdefault(os.path.realpath(file), (file, folder))
    return _numbered(list(once.values()), number)


def _numbered(
    files: Sequence[tuple[str, str]], number: tuple[int, int] | None
) -> tuple[Sequence[Shard], int | None]:
    """Return files, each with its folder, as shards; of several those of one part."""
    from rlcalc.readers.partial_files import fingerprint

    if any(file == "-" for file, _ in files):
        raise UsageError(
            "standard input is no shard: it can be read once, and by one process",
            fix="give files, or leave out --engine and --partial",
        )
    first, total = 0, None if number is None else len(files)
    if number is not None and len(files) == 1:
        first, total = number[0] - 1, number[1]
    elif number is not None:
        places = part_of(len(files), *number)
        if not places:
            raise UsageError(
                f"part {number[0]} of {number[1]} has no shard: there are {len(files):,}",
                fix=f"deal them out in at most {len(files):,} parts",
            )
        first, files = places.start, files[places.start : places.stop]
    shards = [
        Shard(first + place, file, fingerprint(file), folder)
        for place, (file, folder) in enumerate(files)
    ]
    return shards, total


def _estimate_question(
    layout: TableLayout | None, whole: bool, arguments: Mapping[str, Any]
) -> ShardQuestion:
    from rlcalc.estimators.monte_carlo import ValueRequest
    from rlcalc.estimators.request import require_known
    from rlcalc.numerics.sample_size import require_half_width
    from rlcalc.shards.estimates import EstimateQuestion

    reading, rest = _reading_of(arguments)
    of, visit, confidence = (
        rest.pop(name, usual)
        for name, usual in (("of", "all"), ("visit", "first"), ("confidence", 0.95))
    )
    gamma, precision = rest.pop("gamma", None), rest.pop("precision", None)
    truncated = rest.pop("truncated", "keep")
    if rest.get("method") == "mc":
        del rest["method"]
    if rest.get("rows") == "estimates":
        del rest["rows"]
    _refuse_rest(rest, "estimate")
    require_numbers(gamma=gamma, confidence=confidence, precision=precision)
    require_half_width(precision)
    require_known(visit, of, confidence)
    request = ValueRequest(visit, of, confidence)
    return EstimateQuestion(reading, layout, whole, gamma, request, truncated, precision)


def _check_question(
    layout: TableLayout | None, whole: bool, arguments: Mapping[str, Any]
) -> ShardQuestion:
    from rlcalc.shards.checks import CheckQuestion

    reading, rest = _reading_of({"unread": (), **arguments})
    _refuse_rest(rest, "check")
    return CheckQuestion(reading, layout, whole)


def _gradient_question(
    layout: TableLayout | None, whole: bool, arguments: Mapping[str, Any]
) -> ShardQuestion:
    from rlcalc.policy_gradient.request import GradientRequest
    from rlcalc.shards.gradients import GradientQuestion

    reading = dict(arguments.get("reading") or {})
    plain = {name: value for name, value in arguments.items() if name != "reading"}
    plain["source"] = plain.pop("model", None)
    of_request = ("form", "baseline", "critic", "discount_weight", "rows", "batch")
    request = GradientRequest(**{name: plain.pop(name) for name in of_request if name in plain})
    if request.passes > 1:
        option = "--critic estimated" if request.critic == "estimated" else "--baseline mean"
        raise UsageError(
            f"{option} needs the episodes twice, and shards are read once",
            fix="leave it out, or leave out --engine and --partial",
        )
    known = ("source", "settings", "kind", "columns", "max_size", "policy", "gamma", "logits")
    _refuse_rest({name: value for name, value in plain.items() if name not in known}, "gradient")
    plain = _with_size({name: value for name, value in plain.items() if name in known})
    steps, _ = _reading_of({"unread": (), **reading})
    return GradientQuestion(steps, layout, whole, json.dumps(plain), request)


def _rollout_question(
    layout: TableLayout | None, whole: bool, arguments: Mapping[str, Any]
) -> ShardQuestion:
    from rlcalc.api.keywords import RolloutReading
    from rlcalc.groups.advantages.request import ConventionRequest
    from rlcalc.groups.groups import EQUAL
    from rlcalc.shards.rollouts import RolloutQuestion

    names = RolloutReading.__annotations__
    reading = {name: value for name, value in arguments.items() if name in names}
    rest = {name: value for name, value in arguments.items() if name not in names}
    rows = rest.pop("rows", "rollouts")
    if rows not in ("rollouts", "groups", "prompts", "steps", "summary"):
        raise UsageError(
            f"--rows {shown(rows)} has no answer from shards: it needs the texts",
            fix="leave it out, or leave out --engine and --partial",
        )
    reading["prompts"] = rows == "prompts" and reading.get("group") is None
    reading["origins"] = rows in ("rollouts", "groups", "prompts")
    of_convention = ("epsilon", "ddof", "scale", "leave_one_out", "k", "length_penalty")
    success, tolerance = rest.pop("success", 1.0), rest.pop("tolerance", EQUAL)
    options = {name: rest.pop(name) for name in of_convention if name in rest}
    request = ConventionRequest(success=success, **options)
    estimators, trainer = rest.pop("estimators", []), rest.pop("trainer", None)
    precision, side_by_side = rest.pop("precision", None), rest.pop("side_by_side", None)
    if precision is not None and rows != "summary":
        raise UsageError(
            "--precision is about the means of all rollouts",
            fix="add --rows summary, or leave it out",
        )
    _refuse_rest(rest, "group")
    conventions = request.by_column(estimators, trainer, side_by_side=side_by_side)
    how_read = rollout_request(**reading)
    return RolloutQuestion(how_read, conventions, rows, success, tolerance, precision)


def _simulation_question(
    layout: TableLayout | None, whole: bool, arguments: Mapping[str, Any]
) -> ShardQuestion:
    from rlcalc.shards.simulations import SimulationQuestion

    if whole:
        raise UsageError("--shards-whole has no effect on episodes", fix="leave it out")
    of_play = ("episodes", "policy", "start", "max_steps", "seed", "gamma")
    known = (*of_play, "source", "settings", "kind", "columns", "max_size")
    _refuse_rest({n: value for n, value in arguments.items() if n not in known}, "simulate")
    plain = {name: value for name, value in arguments.items() if name in known}
    return SimulationQuestion(json.dumps(_with_size(plain)))


def _shards_of_episodes(
    source: Any, number: tuple[int, int] | None, arguments: Mapping[str, Any]
) -> tuple[Sequence[Shard], int | None]:
    """Return the blocks of episodes of a simulation as shards, and how many there are in all."""
    from rlcalc.shards.simulations import shards_of

    total = shards_of(arguments["episodes"])
    places = range(total) if number is None else part_of(total, *number)
    if not places:
        raise UsageError(
            f"part {number[0] if number else 1} of {number[1] if number else 1} has no episodes: "
            f"there are {total:,} blocks of them",
            fix=f"deal them out in at most {total:,} parts",
        )
    return [Shard(place, f"episodes, block {place + 1:,}") for place in places], total


def _with_size(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return arguments whose `max_size` is a number of bytes."""
    from rlcalc.readers.size_limit import parse_size

    size = parse_size(arguments.get("max_size"))
    return {**arguments, **({} if size is None else {"max_size": size})}


def _signature(command: str) -> inspect.Signature:
    """Return the signature of the function of a command."""
    return inspect.signature(getattr(import_module(f"rlcalc.api.{MODULES[command]}"), command))


def _refuse_rest(rest: Mapping[str, Any], command: str) -> None:
    """Refuse arguments for which no sums over shards have an answer.

    Raises:
        UsageError: there is one.
    """
    from rlcalc.api.keywords import Playing, Reading, RolloutReading

    known = dict.fromkeys(_signature(command).parameters)
    known |= dict.fromkeys(
        name for one in (Reading, RolloutReading, Playing) for name in one.__annotations__
    )
    known |= {"model": None, "estimators": None}
    for name, value in rest.items():
        if name not in known:
            raise UsageError(
                f"{command} has no argument {shown(name)}",
                fix=meant(name, known) or f"it has {', '.join(list(known)[1:])}",
            )
        if value not in (None, False):
            raise UsageError(
                f"--{name.strip('_').replace('_', '-')} has no answer from shards of {command}",
                fix="leave it out, or leave out --engine and --partial",
            )


MODULES = {
    "estimate": "trajectories",
    "check": "faults",
    "gradient": "gradients",
    "group": "rollouts",
    "simulate": "episodes",
}
"""The files of the functions whose arguments a question takes."""

KINDS: dict[str, Kind] = {
    "estimate": Kind(_estimate_question, _shards_of_files),
    "check": Kind(_check_question, _shards_of_files),
    "gradient": Kind(_gradient_question, _shards_of_files),
    "group": Kind(_rollout_question, _shards_of_rollouts, reads_steps=False),
    "simulate": Kind(_simulation_question, _shards_of_episodes, reads_steps=False),
}
"""The commands that shards can answer."""


def _classes() -> list[type]:
    """Return the nouns and summaries that a file of a partial may hold."""
    from rlcalc.errors import Fault
    from rlcalc.estimators.monte_carlo import ValueSummary
    from rlcalc.numerics.moments import CoMoments, Moments
    from rlcalc.partials import Node
    from rlcalc.policy_gradient.control_variate import ControlVariate
    from rlcalc.policy_gradient.estimate import EstimateSummary
    from rlcalc.readers.describe import Contradictions, DescriptionSums, LowestProbabilities
    from rlcalc.readers.rollouts.shard_frames import FileFrames
    from rlcalc.readers.trajectories.assemble import Strides
    from rlcalc.readers.trajectories.shard_rows import Edges
    from rlcalc.shards.checks import ShardDescription
    from rlcalc.shards.estimates import ShardValues
    from rlcalc.shards.gradients import ShardGradients
    from rlcalc.shards.rollouts import RolloutPart
    from rlcalc.shards.simulations import ShardStatistics
    from rlcalc.shards.steps import ReaderCounts, ShardLabels, StepPart
    from rlcalc.simulation.statistics import EpisodeStatistics

    steps = [Node, StepPart, ShardLabels, ReaderCounts, Strides, Edges, Fault]
    values = [ShardValues, ValueSummary, Moments, CoMoments]
    checks = [ShardDescription, DescriptionSums, Contradictions, LowestProbabilities]
    gradients = [ShardGradients, EstimateSummary, ControlVariate]
    others = [ShardStatistics, EpisodeStatistics, RolloutPart, FileFrames]
    return [*steps, *values, *checks, *gradients, *others]


# -- engines -----------------------------------------------------------------------------------


def _nodes(work: Work, engine: str, address: str | None, jobs: int | None) -> list[Any]:
    from rlcalc.shards.answer import nodes_of

    run, workers = _engine_of(engine, address, jobs)
    return nodes_of(work.question, work.shards, run, workers)


def _engine_of(engine: str, address: str | None, jobs: int | None) -> Engine:
    """Return an engine by its name.

    Raises:
        UsageError: there is none of this name, or an address that it does not use.
    """
    require_numbers(whole={"jobs": jobs})
    if engine == "ray":
        from rlcalc.engines import ray

        return bound(ray.run, address=address, jobs=jobs), ray.workers_of(address, jobs)
    if engine != "threads":
        raise UsageError(
            f"there is no engine {shown(engine)}",
            fix=meant(engine, ENGINES) + f"use one of {listed(ENGINES)}",
        )
    refuse_unused({"--engine-address": address}, "threads", "add --engine ray, or leave it out")
    from rlcalc.engines import threads

    return bound(threads.run, jobs=jobs), jobs or os.cpu_count() or 1
