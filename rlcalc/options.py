"""The options of the command line, each with its symbol, range, unit and help in one place.

A group of options is a dataclass: a command that takes one as a keyword gets its options.
"""

from __future__ import annotations

import inspect
import os
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, fields, is_dataclass
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar, get_type_hints

import typer

from rlcalc.errors import UsageError, meant, shown
from rlcalc.groups.advantages import ESTIMATORS
from rlcalc.groups.advantages.trainers import TRAINERS
from rlcalc.readers.rollouts.dumps import FORMATS as DUMPS
from rlcalc.readers.trajectories import FORMATS as SOURCES
from rlcalc.renderers import FORMATS
from rlcalc.solvers.methods import METHODS

if TYPE_CHECKING:
    from rlcalc.result import Result

Item = TypeVar("Item")


def _member(noun: str, names: Iterable[str]) -> dict[str, Any]:
    """Return what makes an option take one of the names of a registry."""
    known = list(names)

    def checked(name: str | None) -> str | None:
        if name is not None and name not in known:
            raise UsageError(
                f"there is no {noun} {shown(name)}",
                fix=meant(name, known) + f"use one of {', '.join(known)}",
            )
        return name

    return {"callback": checked, "autocompletion": lambda: known}


def _choice(noun: str, names: Iterable[str]) -> dict[str, Any]:
    return {"metavar": f"<{'|'.join(names)}>", **_member(noun, names)}


def _option(usage: str, help_: str, **more: Any) -> Any:
    """Return an option by its usage as --help shows it: the flags, then the metavariable."""
    words = usage.split(" ")
    flags = [word for word in words if word.startswith("-")]
    metavar = " ".join(words[len(flags) :]) or None
    return typer.Option(*flags, **{"metavar": metavar, "help": help_, **more})


# -- sources ---------------------------------------------------------------------------------

Source = Annotated[
    list[str] | None,
    typer.Argument(
        help="Files, globs, folders, - for standard input, or the name of a shipped spec.",
        show_default=False,
    ),
]
Model = Annotated[
    str | None,
    typer.Argument(
        help="A model: a file, - for standard input, the name of a shipped spec or environment.",
        show_default=False,
    ),
]
From = Annotated[
    str | None,
    _option(
        "--from",
        "Format of the source. [default: found by content]",
        **_choice("format of a source", [*SOURCES, "npz"]),
    ),
]
Columns = Annotated[
    str | None,
    _option(
        "--columns NAME=COLUMN,...",
        "Which columns of a table to read, e.g. state=position,action=item_id.",
    ),
]
OneStep = Annotated[bool, _option("--one-step", "Every row of a table is a whole trajectory.")]
OrderBy = Annotated[
    str | None,
    _option(
        "--order-by COLUMN",
        "Sort each trajectory's steps by this column; rows may come in any order.",
    ),
]
Settings = Annotated[
    list[str] | None,
    _option("--set NAME=VALUE", "A top-level parameter of the source; again for more."),
]

# -- estimates -------------------------------------------------------------------------------

Gamma = Annotated[
    float | None,
    _option("--gamma -g 0..1", "Discount factor γ per step. [default: from the source, else 1]"),
]
Steps = Annotated[
    int | None, _option("-k STEPS", "Sum only the first k rewards: G(k) = Σ_{i<k} γ^i r_{t+i}.")
]
Visit = Annotated[
    Literal["first", "every"], _option("--visit", "Which visits of a trajectory count.")
]
Of = Annotated[Literal["all", "v", "q", "a"], _option("--of", "Quantities to estimate.")]
Truncated = Annotated[
    str,
    _option(
        "--truncated keep|drop|bootstrap|cut[:ε]",
        "How to treat truncated trajectories: keep them, drop them, add γ^k V(last state), or "
        "cut off the steps whose gain misses more than ε max|V|.",
    ),
]
Confidence = Annotated[float, _option("--confidence 0..1", "Confidence level of the intervals.")]

# -- solving ---------------------------------------------------------------------------------

PolicyOption = Annotated[
    str,
    _option(
        "--policy POLICY",
        "optimal, uniform, spec, epsilon:0.1, softmax:1.0, a file, or one of them changed by "
        "temperature:0.7, top-p:0.9, top-k:5 after commas.",
    ),
]
Horizon = Annotated[int | None, _option("--horizon N", "Values with 1 to N steps to go.", min=1)]
Criterion = Annotated[
    Literal["reward", "average"],
    _option("--criterion", "Discounted or total reward, or average reward (gain and bias)."),
]
Method = Annotated[
    str,
    _option(
        "--method METHOD",
        f"auto (chosen by the model), {', '.join(METHODS)}.",
        **_member("method", ["auto", *METHODS]),
    ),
]
Bellman = Annotated[
    Literal["vv", "qq", "vq", "qv"] | None,
    _option("--bellman", "Repeat V←V, Q←Q, V←Q or Q←V: value iteration four ways."),
]
Trace = Annotated[bool, _option("--trace", "One row per iteration.")]
Tolerance = Annotated[
    float | None,
    _option(
        "--tol B",
        "Largest acceptable proven error: |v − V| ≤ B in every state. [default: 1e-6, less "
        "for rewards below 1]",
    ),
]
MaxIterations = Annotated[int, _option("--max-iterations N", "Stop after N iterations.", min=1)]
StartOnly = Annotated[bool, _option("--start-only", "Show only the start states.")]
States = Annotated[str | None, _option("--states A,B", "Show only these states.")]

# -- simulation ------------------------------------------------------------------------------

Play = Annotated[
    str | None,
    _option(
        "--policy POLICY",
        "spec, uniform, optimal, epsilon:0.1, softmax:1.0, a file, or one of them changed by "
        "temperature:0.7, top-p:0.9, top-k:5 after commas. [default: spec, else uniform]",
    ),
]
Episodes = Annotated[int, _option("--episodes -n EPISODES", "Episodes to simulate.", min=1)]
EpisodesOfModel = Annotated[
    int | None,
    _option(
        "--episodes -n EPISODES",
        "The source is a model: simulate so many episodes, and estimate from them.",
        min=1,
        show_default=False,
    ),
]
EpisodesOfGradient = Annotated[
    int | None,
    _option(
        "--episodes -n EPISODES",
        "Episodes to simulate; with --steps, in each of them. [default: 1000; with --steps "
        "none: the exact gradient]",
        min=1,
        show_default=False,
    ),
]
Start = Annotated[
    str | None,
    _option("--start STATE", "First state of an episode; uniform: any. [default: from the source]"),
]
MaxSteps = Annotated[
    int | None,
    _option(
        "--max-steps STEPS", "Cut an episode after so many steps (it counts as truncated).", min=1
    ),
]
Seed = Annotated[
    int | None, _option("--seed N", "Seed of the random numbers. [default: any]", min=0)
]
WithProb = Annotated[bool, _option("--with-prob", "Also write the probability of each action.")]
SimulationRows = Annotated[
    Literal["trajectories", "summary"] | None,
    _option("--rows", "Rows to write. [default: the summary on a terminal or as a table]"),
]
Rollouts = Annotated[
    bool, _option("--rollouts", "Write the prompt, response, reward and group of each episode.")
]
EpisodesOfGroup = Annotated[
    int, _option("--group-size N", "Episodes in a row that share their start state.", min=1)
]
Bins = Annotated[
    int | None,
    _option("--bins N", "Divide each number of a Gymnasium observation into N bins.", min=1),
]
Jobs = Annotated[
    int | None,
    _option(
        "--jobs -j N",
        "Threads; the answer does not depend on it. [default: one per processor]",
        min=1,
    ),
]

# -- the policy gradient ---------------------------------------------------------------------

Form = Annotated[
    Literal["all", "trajectory", "gain", "q", "advantage"],
    _option("--form", "Ψ: the whole gain G(τ), γ^t G_t, γ^t Q(s_t,a_t), or γ^t A(s_t,a_t)."),
]
Baseline = Annotated[
    Literal["none", "mean", "value", "optimal"],
    _option(
        "--baseline",
        "Baseline of the forms trajectory and gain; mean: over the episodes that share a "
        "start state.",
    ),
]
Critic = Annotated[
    Literal["exact", "estimated"],
    _option("--critic", "Q and V from the model, or from the other half of the episodes."),
]
NoDiscountWeight = Annotated[
    bool, _option("--no-discount-weight", "Leave out γ^t, as practice does (biased).")
]
Batch = Annotated[
    int | None,
    _option(
        "--batch B",
        "Episodes per update: reports the expected error of one update; does not change the "
        "rows. With --steps the same as -n.",
        min=1,
        show_default=False,
    ),
]
Logits = Annotated[
    str | None,
    _option(
        "--logits FILE",
        "θ(s,a) of the policy, state: {action: number}; or zero. [default: log π(a|s)]",
    ),
]
FromData = Annotated[
    str | None,
    _option(
        "--from-data FILE",
        "Trajectories to use instead of simulating; --columns then applies to them.",
    ),
]
GradientRows = Annotated[
    Literal["gradient", "variance"],
    _option("--rows", "One row per parameter and form, or one row per form."),
]
AscentSteps = Annotated[
    int | None,
    _option(
        "--steps K",
        "Take K steps of gradient ascent; -o policy.yaml writes the final policy.",
        min=1,
    ),
]
LearningRate = Annotated[
    float | None, _option("--learning-rate η", "Size of each step: θ ← θ + η ∇J(θ).")
]

# -- rollouts of a language model ------------------------------------------------------------

Estimator = Annotated[
    str | None,
    _option(
        "--estimator NAME",
        f"{', '.join(ESTIMATORS)}. [default: grpo, or the trainer's]",
        autocompletion=lambda: list(ESTIMATORS),
    ),
]
Trainer = Annotated[
    str | None,
    _option(
        "--as TRAINER",
        f"Compute as this trainer does: {', '.join(TRAINERS)}.",
        autocompletion=lambda: list(TRAINERS),
    ),
]
Compare = Annotated[
    str | None, _option("--compare NAME,...", "Several estimators, one column each.")
]
GroupRows = Annotated[
    Literal["rollouts", "groups", "summary"] | None,
    _option("--rows", "Rows to show. [default: summary in a table, else rollouts]"),
]
Audit = Annotated[
    bool,
    _option(
        "--audit",
        "Find the convention that reproduces the trainer's advantages; list the rollouts "
        "that do not fit. Exit 4 if there are any.",
    ),
]
Why = Annotated[
    str | None, _option("--why [STEP/]GROUP", "One group in full, with the arithmetic.")
]
GroupColumn = Annotated[str | None, _option("--group COLUMN", "Column that identifies the group.")]
RewardColumns = Annotated[
    str | None, _option("--reward COLUMN,...", "Column of the reward, or several that add up.")
]
Weights = Annotated[str | None, _option("--weights W,...", "Weight of each reward. [default: 1]")]
AdvantageColumn = Annotated[
    str | None, _option("--advantage COLUMN", "Column of the trainer's own advantage.")
]
LengthColumn = Annotated[
    str | None, _option("--length COLUMN", "Column of the length in tokens, or of a text to count.")
]
StepColumn = Annotated[
    str | None, _option("--step COLUMN", "Column of the training step; none: ignore steps.")
]
RolloutColumn = Annotated[
    str | None,
    _option(
        "--rollout COLUMN",
        "Column that identifies the rollout when it spans several rows; none: one row each.",
    ),
]
FilterName = Annotated[
    str | None,
    _option("--filter NAME", "Which of several filters of lm-eval to read. [default: the first]"),
]
BaselineColumn = Annotated[
    str | None, _option("--baseline COLUMN", "Column of the greedy answer's reward, for remax.")
]
GroupSize = Annotated[
    int | None, _option("--group-size N", "Every N rows of a file are a group.", min=1)
]
DumpFormat = Annotated[
    str | None,
    _option(
        "--from FORMAT",
        f"Format of the rollouts: {', '.join(DUMPS)}. [default: found by content]",
        autocompletion=lambda: list(DUMPS),
    ),
]
Epsilon = Annotated[float | None, _option("--epsilon ε", "Number added to the standard deviation.")]
Ddof = Annotated[int | None, _option("--ddof 0|1", "1: Σ(r−μ)² / (G−1); 0: / G.")]
Scale = Annotated[
    Literal["group", "batch", "none"] | None,
    _option("--scale", "Standard deviation to divide by: of the group, or the batch."),
]
LeaveOneOut = Annotated[
    bool, _option("--leave-one-out", "Mean and deviation of the other rollouts of the group.")
]
LengthPenalty = Annotated[
    str | None,
    _option(
        "--length-penalty kimi|efficiency|overlong:MAX:BUFFER",
        "Change the rewards by the length of the response first.",
    ),
]
PassK = Annotated[int | None, _option("-k K", "k of pass-k-analytic. [default: 4]")]
Success = Annotated[float, _option("--success REWARD", "Smallest reward that counts as success.")]
RelativeTolerance = Annotated[
    float | None,
    _option(
        "--tolerance RELATIVE",
        "Rewards are equal if they differ by at most this share of the larger. [default: "
        "2⁻²³ = 1.2e-7, the rounding of float32]",
    ),
]
Texts = Annotated[
    bool,
    _option("--texts", "Read the responses too: noise of the judge, and lengths in characters."),
]

# -- specs and the manual --------------------------------------------------------------------

SpecName = Annotated[
    str | None,
    typer.Argument(
        metavar="[NAME]",
        help="The spec or environment to print. [default: list them]",
        show_default=False,
    ),
]
Topic = Annotated[
    str | None,
    typer.Argument(
        metavar="[TOPIC]", help="The topic to print. [default: list them]", show_default=False
    ),
]
Raw = Annotated[bool, _option("--raw", "Print the Markdown text as it is written.")]
Schema = Annotated[bool, _option("--schema", "Print the JSON Schema of documents.")]

# -- the answer ------------------------------------------------------------------------------


def _file_name(output: str | None) -> str | None:
    if output == "":  # as the path of an unset variable is, it would be the folder itself
        raise UsageError(
            "-o '' does not name a file", fix="write -o answer.csv, or leave the option out"
        )
    return output


FormatOption = Annotated[
    str | None,
    _option(
        "--format -f",
        "Format of the answer. [default: table, or RLCALC_FORMAT]",
        **_choice("format", FORMATS),
    ),
]
TrajectoryFormat = Annotated[
    str | None,
    _option(
        "--format -f",
        "Format of the output; table and md hold the summary. [default: RLCALC_FORMAT, else a "
        "table of the summary or JSONL of the trajectories]",
        **_choice("format", FORMATS),
    ),
]
Json = Annotated[bool, _option("--json", "-f json")]
Csv = Annotated[bool, _option("--csv", "-f csv")]
Output = Annotated[
    str | None,
    _option(
        "--output -o FILE", "Write to this file; its suffix picks the format.", callback=_file_name
    ),
]
Head = Annotated[int | None, _option("--head N", "Rows that a table shows. [default: 50]", min=0)]
All = Annotated[bool, _option("--all", "Show every row in a table.")]
Quiet = Annotated[bool, _option("--quiet -q", "Hide notes and warnings.")]

# -- groups of options -----------------------------------------------------------------------


@dataclass(frozen=True)
class ReadOptions:
    """How to read trajectories."""

    from_: From = None
    columns: Columns = None
    one_step: OneStep = False
    order_by: OrderBy = None

    def arguments(self) -> dict[str, Any]:
        """Return the arguments of `rlcalc.load`."""
        return {
            "kind": self.from_,
            "columns": _pairs(self.columns),
            "one_step": self.one_step,
            "order_by": self.order_by,
        }


@dataclass(frozen=True)
class ModelOptions:
    """How to read a model."""

    set_: Settings = None
    from_: From = None
    columns: Columns = None

    def arguments(self) -> dict[str, Any]:
        """Return the arguments of `rlcalc.solve` that read the model."""
        return {
            "settings": settings_of(self.set_),
            "kind": self.from_,
            "columns": _pairs(self.columns),
        }


@dataclass(frozen=True)
class OutputOptions:
    """Where and in which format to write the answer; contradictions are refused at once."""

    format_: FormatOption = None
    json: Json = False
    csv: Csv = False
    output: Output = None
    quiet: Quiet = False

    def __post_init__(self) -> None:
        """Refuse two formats before anything is read."""
        _ = self.form

    @property
    def form(self) -> str:
        """The format of the answer."""
        from rlcalc.renderers.output import chosen_format

        return chosen_format(self.format_, json=self.json, csv=self.csv, output=self.file)

    @property
    def file(self) -> str | None:
        """The file of the answer; None: standard output."""
        return self.output

    @property
    def explicit(self) -> bool:
        """Whether an option names the format or a file."""
        return bool(self.format_ or self.json or self.csv or self.output)

    @property
    def n_rows(self) -> int | None:
        """The number of rows that a table shows; None: all."""
        return None

    def write(self, result: Result) -> None:
        """Write a result, and its notes to standard error."""
        from rlcalc.renderers.output import answer

        answer(result, self.form, self.file, head=self.n_rows, quiet=self.quiet)

    def progress(self, n: int) -> Callable[..., Iterator[Any]]:
        """Return a progress bar of n items, for a terminal."""
        from rlcalc.renderers.progress import watched

        return partial(watched, n=n, quiet=self.quiet)


@dataclass(frozen=True)
class TableOptions(OutputOptions):
    """As above, with the number of rows that a table shows."""

    head: Head = None
    all_: All = False

    def __post_init__(self) -> None:
        """Refuse two formats, or two numbers of rows."""
        if self.all_ and self.head is not None:
            raise UsageError(f"--head {self.head} and --all", fix="leave one of them out")
        super().__post_init__()

    @property
    def n_rows(self) -> int | None:
        """The number of rows that a table shows; None: all."""
        return None if self.all_ else 50 if self.head is None else self.head


@dataclass(frozen=True)
class GradientOptions(TableOptions):
    """As above; -o policy.yaml takes the policy of an ascent, and not the table."""

    @property
    def policy_file(self) -> str | None:
        """The file of the policy, if -o names a YAML file."""
        suffix = os.path.splitext(self.output or "")[1].lower()
        return self.output if suffix in (".yaml", ".yml") else None

    @property
    def file(self) -> str | None:
        """The file of the answer; None: standard output."""
        return None if self.policy_file else self.output


@dataclass(frozen=True)
class TrajectoryOptions(OutputOptions):
    """As above, for trajectories."""

    format_: TrajectoryFormat = None


def _pairs(columns: str | None) -> dict[str, str]:
    """Return --columns as pairs.

    Raises:
        UsageError: it is not of the form a=b,c=d.
    """
    pairs: dict[str, str] = {}
    for pair in columns.split(",") if columns else []:
        name, equals, column = pair.partition("=")
        if not (name.strip() and equals and column.strip()):
            raise UsageError(
                f"--columns {shown(columns)}: {shown(pair)} is not a pair",
                fix="write NAME=COLUMN pairs: --columns state=position,action=item_id",
            )
        pairs[name.strip()] = column.strip()
    return pairs


_COMMA = re.compile(r",(?![^()]*\))")
"""A comma that does not stand in a name like (0,1)."""


def names_of_states(states: str | None) -> list[str] | None:
    """Return the names that --states lists.

    Raises:
        UsageError: it lists none.
    """
    if states is None:
        return None
    names = [name.strip() for name in _COMMA.split(states) if name.strip()]
    if not names:
        raise UsageError("--states names no state", fix="write --states A,B")
    return names


def settings_of(pairs: list[str] | None) -> dict[str, Any]:
    """Return the parameters that --set gives, their values read as YAML.

    Raises:
        UsageError: one is not of the form name=value.
    """
    if not pairs:
        return {}
    from rlcalc.readers.yaml import parse

    settings: dict[str, Any] = {}
    for pair in pairs:
        name, equals, text = pair.partition("=")
        if not (name.strip() and equals):
            raise UsageError(
                f"--set {shown(pair)} is not a parameter",
                fix="write --set NAME=VALUE: --set gamma=0.9",
            )
        value = parse(text, f"--set {shown(name)}").value if text.strip() else ""
        settings[name.strip()] = value
    return settings


def flattened(command: Callable[..., None]) -> Callable[..., None]:
    """Return a command in whose signature each group of options is replaced by its options."""
    parameters: list[inspect.Parameter] = []
    groups: dict[str, type[Any]] = {}
    for name, parameter in inspect.signature(command, eval_str=True).parameters.items():
        group = parameter.annotation
        if not (isinstance(group, type) and is_dataclass(group)):
            parameters.append(parameter)
            continue
        groups[name] = group
        hints = get_type_hints(group, include_extras=True)
        parameters += [
            inspect.Parameter(
                option.name,
                inspect.Parameter.KEYWORD_ONLY,
                default=option.default,
                annotation=hints[option.name],
            )
            for option in fields(group)
        ]

    def run(**values: Any) -> None:
        for name, group in groups.items():
            values[name] = group(**{o.name: values.pop(o.name) for o in fields(group)})
        command(**values)

    run.__name__, run.__doc__ = command.__name__, command.__doc__
    run.__annotations__ = {one.name: one.annotation for one in parameters}
    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    return run
