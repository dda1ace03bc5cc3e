"""Reports: one page about a source, whatever it is."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, TypedDict, Unpack

from rlcalc.api.arguments import paths_or_none, rollout_request
from rlcalc.api.faults import check
from rlcalc.api.keywords import takes
from rlcalc.errors import Fault, InputError, RlcalcError, UsageError, listed

if TYPE_CHECKING:
    from rlcalc.pages import Page
    from rlcalc.readers.rollouts.request import RolloutRequest
    from rlcalc.result import Result
    from rlcalc.rollouts import Rollouts


class ReportReading(TypedDict, total=False):
    """How a source is read and computed, see `load`, `load_rollouts`, `group` and `solve`."""

    kind: str | None
    where: str | Sequence[str]
    max_size: str | int | None
    columns: dict[str, str] | None
    one_step: bool
    order_by: str | None
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
    estimator: str | None
    trainer: str | None
    success: float | None
    gamma: float | None
    settings: Mapping[str, Any] | None
    grid: str | Mapping[Any, tuple[int, int]] | None


ANY = ("kind", "where", "max_size")
OF_STEPS = ("columns", "one_step", "order_by", "gamma")
OF_MODELS = ("columns", "gamma", "settings", "grid")
OF_ROLLOUTS = (
    "group", "reward", "weights", "advantage", "length", "step", "rollout", "baseline", "answer",
    "group_size", "filter", "estimator", "trainer", "success",
)  # fmt: skip
USED = {
    "rollouts": (*ANY, *OF_ROLLOUTS),
    "trajectories": (*ANY, *OF_STEPS),
    "a model": ("kind", "max_size", *OF_MODELS),
}
"""The options that change the report of each kind of source."""
NAMES = {"kind": "from", "trainer": "as", "settings": "set"}
"""Options of the command line that have another name than the argument."""
MOST_GAINS, MOST_TESTED = 1_000_000, 200_000
"""Steps up to which the gains are drawn, and up to which the states are tested."""


@takes(ReportReading)
def report(
    source: Any,
    *,
    title: str | None = None,
    texts: Literal["chosen", "all"] = "chosen",
    **reading: Unpack[ReportReading],
) -> str:
    """Return one page of HTML about rollouts, trajectories or a model, which needs nothing else.

    Its numbers are those of `group`, `estimate` or `solve`, and of `check`.

    Args:
        source: as in `check`.
        title: of the page; default what the source is.
        texts: the texts of rollouts that are in it: those of the groups that matter, or all.
        **reading: how the source is read, as in `load`, `load_rollouts` or `load_model`, and what
            is computed: `estimator`, `trainer` and `success` of `group`, or `gamma`.

    Raises:
        InputError: the source is not as it should be, or what draws pictures is not installed.
        UsageError: an option that does not belong to the kind of the source.
    """
    from rlcalc.renderers.report.page import html_page, required_programs

    required_programs()
    paths = paths_or_none(source)
    if paths is None or "-" not in paths:
        return html_page(page(source, title=title, texts=texts, **reading))
    with copied_input(paths) as (copied, copy):
        try:
            about = page(copied, title=title, texts=texts, names=paths, **reading)
        except RlcalcError as error:
            raise type(error).of(
                Fault(*(part.replace(copy, "standard input") for part in (f.what, f.where, f.fix)))
                for f in error.faults
            ) from None
    return html_page(about)


@contextmanager
def copied_input(paths: Sequence[str]) -> Iterator[tuple[list[str], str]]:
    """Copy standard input, which can be read only once, to a file.

    Yields:
        The paths with that of the copy, and the copy.
    """
    import shutil
    import sys
    import tempfile

    with tempfile.TemporaryDirectory(prefix="rlcalc-") as folder:
        copy = os.path.join(folder, "standard-input")
        with open(copy, "wb") as stream:
            shutil.copyfileobj(sys.stdin.buffer, stream)
        yield [copy if path == "-" else path for path in paths], copy


def page(
    source: Any,
    *,
    title: str | None = None,
    texts: Literal["chosen", "all"] = "chosen",
    names: Sequence[str] | None = None,
    **reading: Any,
) -> Page:
    """Return what `report` writes, as data; the other arguments are the same.

    Args:
        source: as in `report`.
        title: as in `report`.
        texts: as in `report`.
        names: what the sources are called; default their paths.
        **reading: as in `report`.
    """
    from rlcalc.pages import Page

    if texts not in ("chosen", "all"):
        raise UsageError(f"texts {texts!r} are not known", fix="use chosen or all")
    options = {name: value for name, value in reading.items() if value not in (None, (), [], {})}
    options = {name: value for name, value in options.items() if value is not False}
    kind, described = kind_of(source, options)
    if texts == "all" and kind != "rollouts":
        raise _unused("--texts all", kind)
    for name in options:
        if name not in USED[kind]:
            raise _unused(f"--{NAMES.get(name, name).replace('_', '-')}", kind)
    paths = paths_or_none(source)
    sections = {"rollouts": _rollouts, "trajectories": _trajectories, "a model": _model}
    names = names or paths or [f"a {type(source).__name__}"]
    parts = sections[kind](source, described, texts, options, names)
    usual = f"Report of {kind}: {listed(names, most=3)}"
    return Page(title or usual, kind, names, [part for part in parts if _has_content(part)])


def _has_content(section: Any) -> bool:
    return bool(
        section.sentences or section.warnings or section.charts or section.tables or section.groups
    )


def _unused(option: str, kind: str) -> UsageError:
    return UsageError(f"{option} changes nothing in a report of {kind}", fix=f"leave out {option}")


def kind_of(source: Any, options: Mapping[str, Any]) -> tuple[str, Result | None]:
    """Return what a source is, and the answer of `check` if it was needed to know.

    Args:
        source: as in `report`.
        options: those that are set.
    """
    from rlcalc.mdp import MDP
    from rlcalc.readers.rollouts.detect import trainer_of
    from rlcalc.readers.rollouts.dumps import FORMATS
    from rlcalc.readers.size_limit import parse_size
    from rlcalc.rollouts import Rollouts

    form = options.get("kind")
    by_option = bool(set(options) & set(OF_ROLLOUTS)) or (form in FORMATS and form is not None)
    if by_option or isinstance(source, Rollouts) or getattr(source, "ndim", 0) == 2:
        return "rollouts", None
    if isinstance(source, MDP):
        return "a model", None
    paths = paths_or_none(source)
    if paths is None:
        return _kind_in_memory(source), None
    may_be_model = set(options) & {"settings", "grid"}
    if not may_be_model and trainer_of(paths, parse_size(options.get("max_size"))) is not None:
        return "rollouts", None
    try:
        described = _checked(source, options)
    except InputError:
        if not {"where", "kind"} & set(options):  # with which `check` does not look for rollouts
            raise
        if _are_rollouts(source, options):
            return "rollouts", None
        raise
    kinds = {"Rollouts": "rollouts", "Trajectories": "trajectories", "A model": "a model"}
    if described.title not in kinds:
        raise InputError(
            f"there is no report of this: it is {described.title.lower()}",
            listed(paths),
            "give rollouts, trajectories, or a model whose states are listed",
        )
    return kinds[described.title], described


def _are_rollouts(source: Any, options: Mapping[str, Any]) -> bool:
    """Return whether a source can be read as rollouts."""
    known = {name: options[name] for name in ("where", "max_size") if name in options}
    try:
        _read(source, rollout_request(**known))
    except InputError:
        return False
    return True


def _kind_in_memory(source: Any) -> str:
    from rlcalc.readers.in_memory import frame_of
    from rlcalc.trajectories import Experience, Trajectories

    if isinstance(source, Experience | Trajectories):
        return "trajectories"
    frame = frame_of(source)
    if frame is None:
        return "a model"
    names = set(frame.columns)
    if "probability" in names:
        return "a model"
    return "trajectories" if names & {"state", "states", "observation", "obs"} else "rollouts"


def _checked(source: Any, options: Mapping[str, Any]) -> Result:
    """Return the answer of `check` on a source without faults.

    Raises:
        InputError: it has some.
    """
    known = ("kind", "where", "max_size", "columns", "one_step", "order_by", "settings")
    described = check(source, **{name: options[name] for name in known if name in options})
    if len(described):
        raise InputError.of(
            Fault(row["what"], row["where"], row["fix"]) for row in described.rows()
        )
    return described


def _rollouts(
    source: Any,
    described: Result | None,
    texts: str,
    options: dict[str, Any],
    names: Sequence[str],
) -> Any:
    from rlcalc.groups.advantages.request import ConventionRequest
    from rlcalc.groups.oddities import rollout_oddities
    from rlcalc.readers.describe import describe_rollouts
    from rlcalc.readers.rollouts.dumps import FORMATS
    from rlcalc.reports.command_lines import command_line
    from rlcalc.reports.rollouts import RolloutReport

    line = partial(command_line, "group", names, options.copy())
    estimator, trainer = options.pop("estimator", None), options.pop("trainer", None)
    success = options.pop("success", 1.0)
    reading = partial(command_line, "group", names, options.copy())
    form = options.pop("kind", None)
    known = form if form in FORMATS else None
    request = rollout_request(form=known, numbered=True, origins=True, **options)
    rollouts = _read(source, request)
    if "format" not in rollouts.facts:
        facts = {"format": "rollouts in memory", "grouped_by": "id", **rollouts.facts}
        rollouts = replace(rollouts, facts=facts)
    how = ConventionRequest(success=success).convention(estimator, trainer)
    about = RolloutReport(rollouts, how, success, every=texts == "all")
    if described is None:
        described = describe_rollouts(lambda: rollouts, str(form), rollout_oddities)
    places = about.places()
    only = None if places is None else tuple(places.tolist())
    whole = replace(request, origins=False, beginnings=True, whole=True, only=only)
    if rollouts.place is None:  # made of arrays
        return about.sections(described, rollouts, line, reading)
    return about.sections(described, _read(source, whole), line, reading)


def _read(source: Any, request: RolloutRequest) -> Rollouts:
    """Return the rollouts of a source."""
    from rlcalc.api.rollouts import load_rollouts
    from rlcalc.readers.in_memory import frame_of
    from rlcalc.readers.rollouts import load as reader

    paths = paths_or_none(source)
    if paths is not None:
        return reader.load(paths, request)
    frame = frame_of(source)
    return load_rollouts(source) if frame is None else reader.load_frame(frame, request)


def _trajectories(
    source: Any, described: Result | None, texts: str, options: dict[str, Any], names: Sequence[str]
) -> Any:
    from rlcalc.api.trajectories import estimate, gain
    from rlcalc.reports.command_lines import command_line
    from rlcalc.reports.trajectories import trajectory_sections

    if described is None:
        described = _checked(source, options)
    estimates = estimate(source, **options)
    steps = described.facts["steps"]
    gains: Sequence[Any] = ()
    if isinstance(steps, int) and steps <= MOST_GAINS:
        charts = gain(source, **options).charts
        gains = () if charts is None else charts()
    line = partial(command_line, "estimate", names, options)
    tested = isinstance(steps, int) and steps <= MOST_TESTED
    log_model = _tested_model(source, options) if tested else None
    return trajectory_sections(described, estimates, gains, line, log_model)


def _tested_model(source: Any, options: dict[str, Any]) -> Any:
    """Return the model behind a log, whose states were tested; None: the log does not allow it."""
    from rlcalc.api.log_models import model

    try:
        return model(source, rows="markov", **options)
    except InputError:  # next states are not known, or a policy never ends
        return None


def _model(
    source: Any, described: Result | None, texts: str, options: dict[str, Any], names: Sequence[str]
) -> Any:
    from rlcalc.api.models import load_model, solve
    from rlcalc.readers.describe import describe_model
    from rlcalc.reports.command_lines import command_line
    from rlcalc.reports.models import model_sections

    loading = {n: v for n, v in options.items() if n in ("kind", "max_size", "columns", "settings")}
    one = source[0] if paths_or_none(source) and not isinstance(source, str) else source
    mdp = load_model(one, **loading)
    if described is None:
        described = describe_model(lambda: mdp)
    solution = solve(mdp, **{n: v for n, v in options.items() if n in ("gamma", "grid")})
    return model_sections(described, solution, partial(command_line, "solve", names, options))
