"""The options of the command line, each with its symbol, range, unit and help in one place.

An option is `Annotated[type, usage, help, more]`: its usage is what --help shows, the flags and the
metavariable; an argument has no flags; `more` is what else typer takes. A group of options is a
dataclass: a command that takes one as a keyword gets its options. Every start makes these classes:
without comparison and repr that takes 0.3 ms for each, and not 1 ms.
"""

import inspect
import math
import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, fields, is_dataclass
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, Literal, get_args

import typer

from rlcalc import completion
from rlcalc.errors import Fault, NotConverged, UsageError, meant, shown
from rlcalc.estimators import METHODS as VALUE_METHODS
from rlcalc.estimators.advantages import METHODS as ADVANTAGES
from rlcalc.estimators.log_model import ROWS as MODEL_ROWS
from rlcalc.estimators.off_policy import METHODS as EVALUATIONS
from rlcalc.estimators.off_policy import ONE_STEP as ONE_STEP_EVALUATIONS
from rlcalc.estimators.off_policy import WORDS as EVALUATION_WORDS
from rlcalc.estimators.programs import PROGRAMS, TOOLS
from rlcalc.groups.advantages import ESTIMATORS
from rlcalc.groups.advantages.trainers import TRAINERS
from rlcalc.objectives.losses import KL_ESTIMATORS, LOSSES
from rlcalc.objectives.losses import TRAINERS as LOSS_TRAINERS
from rlcalc.readers.models import FORMATS as MODELS
from rlcalc.readers.rollouts.dumps import FORMATS as DUMPS
from rlcalc.readers.trajectories import FORMATS as SOURCES
from rlcalc.renderers import FORMATS, PICTURES
from rlcalc.solvers.methods import METHODS

if TYPE_CHECKING:
    from rlcalc.conditions import Condition
    from rlcalc.partials import Partial as ShardPartial
    from rlcalc.result import Result


SOURCE, COMPUTATION, OUTPUT = "Source", "What is computed", "Output"
SHARDS = "Shards and clusters"
"""The sections of options in --help; an option by itself, or a group, is about what is computed."""

IN_SOURCE, IN_OUTPUT = {"rich_help_panel": SOURCE}, {"rich_help_panel": OUTPUT}


def _completed(words: completion.Completion | Iterable[str]) -> dict[str, Any]:
    """Return what makes the shell complete an option: a function, or the names of a registry."""
    return {"autocompletion": words if callable(words) else completion.names(words)}


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

    return {"callback": checked, **_completed(known)}


def _choice(noun: str, names: Iterable[str]) -> dict[str, Any]:
    return {"metavar": f"<{'|'.join(names)}>", **_member(noun, names)}


def _file_name(output: str | None) -> str | None:
    if output == "":  # as the path of an unset variable is, it would be the folder itself
        raise UsageError(
            "-o '' does not name a file", fix="write -o answer.csv, or leave the option out"
        )
    return output


def _discount_factor(gamma: float | None) -> float | None:
    if gamma is not None and not 0 <= gamma <= 1:
        raise UsageError(
            f"--gamma {gamma} is not a number from 0 to 1",
            fix="use a discount factor such as --gamma 0.99",
        )
    return gamma


# -- options of several commands -------------------------------------------------------------

Source = Annotated[
    list[str] | None,
    "SOURCE",
    "Files, globs, folders, addresses, - for standard input, or the name of a shipped spec.",
    IN_SOURCE | _completed(completion.sources),
]
Files = Annotated[
    str | None,
    "--files LIST",
    "Read the files of a list too: one path or address a line; - is standard input.",
    IN_SOURCE,
]
Model = Annotated[
    str | None,
    "SOURCE",
    "A model: a file, - for standard input, the name of a shipped spec or environment.",
    IN_SOURCE | _completed(completion.models),
]
From = Annotated[
    str | None,
    "--from FORMAT",
    f"Format of the source: {', '.join([*SOURCES, *MODELS])}. [default: found by content]",
    _member("format of a source", [*SOURCES, *MODELS]) | IN_SOURCE,
]
Columns = Annotated[
    str | None,
    "--columns NAME=COLUMN,...",
    "Which columns of a table to read, e.g. state=position,action=item_id.",
    IN_SOURCE,
]
Settings = Annotated[
    list[str] | None,
    "--set NAME=VALUE",
    "A top-level parameter of the source; again for more.",
    IN_SOURCE,
]
Gamma = Annotated[
    float | None,
    "--gamma -g 0..1",
    "Discount factor γ per step. [default: from the source, else 1]",
    {"callback": _discount_factor},
]
Truncated = Annotated[
    str,
    "--truncated keep|drop|bootstrap|cut[:ε]",
    "How to treat truncated trajectories: keep them, drop them, add γ^k V(last state), or "
    "cut off the steps whose gain misses more than ε max|V|.",
    _completed(["keep", "drop", "bootstrap", "cut", "cut:"]),
]
SimulatedPolicy = Annotated[
    str | None,
    "--policy POLICY",
    "spec, uniform, optimal, epsilon:0.1, softmax:1.0, a file, or one of them changed by "
    "temperature:0.7, top-p:0.9, top-k:5 after commas. [default: spec, else uniform]",
    _completed(completion.policies),
]
Start = Annotated[
    str | None,
    "--start STATE",
    "First state of an episode; uniform: any. [default: from the source]",
]
MaxSteps = Annotated[
    int | None,
    "--max-steps STEPS",
    "Cut an episode after so many steps (it counts as truncated).",
    {"min": 1},
]
Seed = Annotated[int | None, "--seed N", "Seed of the random numbers. [default: any]", {"min": 0}]
Jobs = Annotated[
    int | None,
    "--jobs -j N",
    "Threads; the answer does not depend on it. [default: one per processor]",
    {"min": 1},
]

Partials = Annotated[
    list[str] | None,
    "PARTIAL",
    "Files that --partial wrote, and globs of them; together they hold all shards.",
    IN_SOURCE,
]
Precision = Annotated[
    float | None,
    "--precision HALF_WIDTH",
    "How many more data an interval of ± HALF_WIDTH needs, by the variance that was seen.",
]

# -- options of one command ------------------------------------------------------------------

First = Annotated[
    str | None,
    "FIRST",
    "A table of answers, a model or trajectories: a file, - or the name of a shipped spec.",
    IN_SOURCE | _completed(completion.sources),
]
Second = Annotated[
    str | None,
    "SECOND",
    "What it is compared with, likewise.",
    IN_SOURCE | _completed(completion.sources),
]
Quantities = Annotated[
    str | None, "--of NAME,...", "The quantities to compare, as v or q. [default: all of both]"
]
Keys = Annotated[
    str | None,
    "--by COLUMN,...",
    "The columns that name a row, as state,action. [default: all of both]",
]
Within = Annotated[
    str | None,
    "--within SIZE",
    "Exit with 4 if a difference is larger: 1e-6, 1e-6r (relative to the largest value) or 3se "
    "(standard errors).",
]
ComparedPolicy = Annotated[
    str,
    "--policy POLICY",
    "The policy of a model: optimal, uniform, spec, epsilon:0.1, softmax:1.0, or a file.",
    _completed(completion.policies),
]

Steps = Annotated[
    int | None, "-k STEPS", "Sum only the first k rewards: G(k) = Σ_{i<k} γ^i r_{t+i}."
]
GainRows = Annotated[
    Literal["steps", "episodes"],
    "--rows",
    "A row a step, or a trajectory: its gain, the sum of its rewards, its length and end.",
]
EpisodesOfModel = Annotated[
    int | None,
    "--episodes -n EPISODES",
    "The source is a model: simulate so many episodes, and estimate from them.",
    {"min": 1},
]
Episodes = Annotated[int, "--episodes -n EPISODES", "Episodes to simulate.", {"min": 1}]
WithProb = Annotated[bool, "--with-prob", "Also write the probability of each action."]
SimulationRows = Annotated[
    Literal["trajectories", "summary"] | None,
    "--rows",
    "Rows to write. [default: the summary on a terminal or as a table]",
]
Rollouts = Annotated[
    bool, "--rollouts", "Write the prompt, response, reward and group of each episode."
]
EpisodesOfGroup = Annotated[
    int, "--group-size N", "Episodes in a row that share their start state.", {"min": 1}
]
Bins = Annotated[
    int | None, "--bins N", "Divide each number of a Gymnasium observation into N bins.", {"min": 1}
]
StateBins = Annotated[
    str | None,
    "--bins N|N,M|X=N,Y=M",
    "Divide the numbers of the states, or of the columns X and Y, into at most N intervals of a "
    "round width.",
]
EpisodesOfGradient = Annotated[
    int | None,
    "--episodes -n EPISODES",
    "Episodes to simulate; with --steps, in each of them. [default: 1000; with --steps "
    "none: the exact gradient]",
    {"min": 1},
]
Batch = Annotated[
    int | None,
    "--batch B",
    "Episodes per update: reports the expected error of one update; does not change the "
    "rows. With --steps the same as -n.",
    {"min": 1},
]
FromData = Annotated[
    str | None,
    "--from-data FILE",
    "Trajectories to use instead of simulating; --columns then applies to them.",
    IN_SOURCE | _completed(completion.sources),
]
GradientRows = Annotated[
    Literal["gradient", "variance"],
    "--rows",
    "One row per parameter and form, or one row per form.",
]
AscentSteps = Annotated[
    int | None,
    "--steps K",
    "Take K steps of gradient ascent; -o policy.yaml writes the final policy.",
    {"min": 1},
]
LearningRate = Annotated[float | None, "--learning-rate η", "Size of each step: θ ← θ + η ∇J(θ)."]
Estimator = Annotated[
    str | None,
    "--estimator NAME",
    f"{', '.join(ESTIMATORS)}. [default: grpo, or the trainer's]",
    _completed(ESTIMATORS),
]
Trainer = Annotated[
    str | None,
    "--as TRAINER",
    f"Compute as this trainer does: {', '.join(TRAINERS)}.",
    _completed(TRAINERS),
]
Compare = Annotated[
    str | None,
    "--compare NAME,...",
    "Several estimators, one column each.",
    _completed(completion.listed_names(ESTIMATORS)),
]
GroupRows = Annotated[
    Literal["rollouts", "groups", "prompts", "steps", "branches", "credit", "summary"] | None,
    "--rows",
    "Rows to show. [default: summary in a table, else rollouts]",
]
Audit = Annotated[
    bool,
    "--audit",
    "Find the convention that reproduces the trainer's advantages; list the rollouts "
    "that do not fit. Exit 4 if there are any.",
]
Against = Annotated[
    str | None,
    "--against SOURCE",
    "Compare with another run on the same prompts: paired differences, prompts won and lost.",
    _completed(completion.sources),
]
Why = Annotated[str | None, "--why [STEP/]GROUP", "One group in full, with the arithmetic."]
Texts = Annotated[
    bool, "--texts", "Read the responses too: noise of the judge, and lengths in characters."
]
Program = Annotated[
    str | None,
    "--as PROGRAM",
    f"Compute exactly as this program does: {', '.join(PROGRAMS)}.",
    _member("program of advantages", PROGRAMS),
]
AdvantageAudit = Annotated[
    bool,
    "--audit",
    "Find the convention, γ and λ of the source's own advantages; list the steps that do not fit.",
]
LossTrainer = Annotated[
    str | None,
    "--as TRAINER",
    f"Compute as this trainer does: {', '.join(LOSS_TRAINERS)}.",
    _completed(LOSS_TRAINERS),
]
LossCompare = Annotated[
    str | None,
    "--compare TRAINER,...",
    "The loss of this batch in several trainers, a row each; rlcalc names its own.",
    _completed(completion.listed_names(LOSS_TRAINERS)),
]
TokenRows = Annotated[
    Literal["tokens", "rollouts", "summary"] | None,
    "--rows",
    "Rows to show. [default: summary in a table, else tokens]",
]
TokenEstimator = Annotated[
    str | None,
    "--estimator NAME",
    "Compute the advantages from the rewards of the groups: "
    f"{', '.join(ESTIMATORS)}. [default: those that are logged]",
    _completed(ESTIMATORS),
]
Success = Annotated[float, "--success REWARD", "Smallest reward that counts as success."]
SpecName = Annotated[
    str | None,
    "NAME",
    "The spec or environment to print. [default: list them]",
    IN_SOURCE | _completed(completion.specs_and_environments),
]
TopicName = Annotated[
    str | None,
    "TOPIC",
    "The topic to print. [default: list them]",
    IN_SOURCE | _completed(completion.topics),
]
Raw = Annotated[bool, "--raw", "Print the Markdown text as it is written.", IN_OUTPUT]
ManPage = Annotated[bool, "--man", "Print a man page: rlcalc manual --man | man -l -", IN_OUTPUT]
Schema = Annotated[bool, "--schema", "Print the JSON Schema of documents.", IN_OUTPUT]
ReportTexts = Annotated[
    Literal["chosen", "all"],
    "--texts",
    "Texts of the groups that matter (dead, most varied, largest misfits), or of all.",
    IN_OUTPUT,
]
Title = Annotated[
    str | None, "--title TEXT", "Title of the page. [default: what the source is]", IN_OUTPUT
]
ReportOutput = Annotated[
    str | None,
    "--output -o FILE",
    "The file of the page, such as report.html; - for standard output.",
    {"callback": _file_name} | IN_OUTPUT,
]
Quiet = Annotated[bool, "--quiet -q", "Hide notes and warnings.", IN_OUTPUT]

# -- groups of options -----------------------------------------------------------------------


Where = Annotated[
    list[str] | None,
    "--where 'COLUMN OP VALUE'",
    "Read only rows that fit: OP is =, !=, <, <=, >, >= or in; again for more.",
]
MaxSize = Annotated[
    str | None,
    "--max-size SIZE",
    "What a compressed source may unpack to, e.g. 20GB. [default: 256MB, or 800 times its size]",
]


@dataclass(eq=False, repr=False)
class ReadOptions:
    """How to read trajectories."""

    panel = SOURCE

    kind: From = None
    columns: Columns = None
    one_step: Annotated[bool, "--one-step", "Every row of a table is a whole trajectory."] = False
    order_by: Annotated[
        str | None,
        "--order-by COLUMN",
        "Sort each trajectory's steps by this column; rows may come in any order.",
    ] = None
    where: Where = None
    max_size: MaxSize = None

    def arguments(self) -> dict[str, Any]:
        """Return the arguments of `rlcalc.load`."""
        columns = parse_columns_option(self.columns)
        return {**vars(self), "columns": columns, "where": tuple(self.where or ())}


@dataclass(eq=False, repr=False)
class EngineOptions:
    """What works the shards of an answer out."""

    panel = SHARDS

    engine: Annotated[
        Literal["threads", "ray"] | None,
        "--engine",
        "Answer from shards: every file by itself, on threads or on a cluster of Ray.",
    ] = None
    engine_address: Annotated[
        str | None, "--engine-address HOST:PORT", "A running cluster. [default: one started here]"
    ] = None
    shard: Annotated[
        str | None,
        "--shard I/N",
        "With --partial: the source is shard I of N, or the I-th of N parts of its files.",
    ] = None

    def answer(
        self, command: str, source: Any, output: "OutputOptions", **arguments: Any
    ) -> "Result | None":
        """Return the answer from shards; None where it is not asked for, or a partial is written.

        Raises:
            UsageError: options of shards that have no use.
        """
        from rlcalc import api

        how = {name: value for name, value in vars(self).items() if name != "engine"}
        shard = how.pop("shard")
        if output.partial:
            output.write_partial(
                api.partial(
                    command,
                    source,
                    shard=shard,
                    engine=self.engine or "threads",
                    **how,
                    **arguments,
                )
            )
            return None
        if shard is not None:
            raise UsageError(
                f"--shard {shown(shard)} is a part, and an answer is of the whole",
                fix="add --partial -o FILE, and merge the files: rlcalc merge *.partial",
            )
        return api.by_shards(command, source, engine=self.engine or "threads", **how, **arguments)

    def used(self, output: "OutputOptions") -> bool:
        """Return whether an option asks for shards."""
        return output.partial or any(vars(self).values())


@dataclass(eq=False, repr=False)
class ShardOptions(EngineOptions):
    """What works the shards of an answer out, and how files are shards."""

    shards_whole: Annotated[
        bool, "--shards-whole", "No trajectory goes on in the next file: read each by itself."
    ] = False
    like: Annotated[
        str | None,
        "--like FILE",
        "The file whose first rows show how all shards are laid out. [default: the first shards]",
    ] = None


@dataclass(eq=False, repr=False)
class ModelOptions:
    """How to read a model."""

    panel = SOURCE

    settings: Settings = None
    kind: From = None
    columns: Columns = None
    max_size: MaxSize = None

    def arguments(self) -> dict[str, Any]:
        """Return the arguments of `rlcalc.solve` that read the model."""
        columns = parse_columns_option(self.columns)
        return {**vars(self), "settings": parse_set_option(self.settings), "columns": columns}


@dataclass(eq=False, repr=False)
class EstimateOptions:
    """Which quantities to estimate, and how; arguments of `rlcalc.estimate`."""

    gamma: Gamma = None
    visit: Annotated[
        Literal["first", "every"], "--visit", "Which visits of a trajectory count."
    ] = "first"
    of: Annotated[Literal["all", "v", "q", "a"], "--of", "Quantities to estimate."] = "all"
    method: Annotated[
        str,
        "--method METHOD",
        f"{', '.join(VALUE_METHODS)}.",
        _member("method", VALUE_METHODS),
    ] = "mc"
    compare: Annotated[
        str | None,
        "--compare NAME,...",
        "Several methods side by side, e.g. mc,ce,td.",
        _completed(completion.listed_names(VALUE_METHODS)),
    ] = None
    lambda_: Annotated[
        float | None, "--lambda -l 0..1", "Trace decay λ of td-lambda. [default: 0.95]"
    ] = None
    alpha: Annotated[
        str | None, "--alpha α|1/n", "Step size of td, sarsa and the like. [default: 0.05]"
    ] = None
    passes: Annotated[
        int | None, "--passes N", "Passes of td and the like through the data. [default: 1]"
    ] = None
    order: Annotated[
        Literal["file", "reverse"] | None,
        "--order",
        "Order in which td and the like use the steps. [default: file]",
    ] = None
    rows: Annotated[
        Literal["estimates", "convergence"],
        "--rows",
        "The estimates, or V after the first 1, 2, 3, 4, 6, 8, ... trajectories.",
    ] = "estimates"
    model: Annotated[
        str | None,
        "--model MODEL",
        "Model behind the data: its exact values stand beside them.",
        _completed(completion.models),
    ] = None
    precision: Precision = None
    bins: StateBins = None
    truncated: Truncated = "keep"
    confidence: Annotated[float, "--confidence 0..1", "Confidence level of the intervals."] = 0.95


@dataclass(eq=False, repr=False)
class LogModelOptions:
    """What to show of the model behind a log; arguments of `rlcalc.model`."""

    rows: Annotated[
        str,
        "--rows",
        "A row an outcome; a pair, whether what follows is certain; or a test of the states.",
        _choice("rows", MODEL_ROWS),
    ] = "transitions"
    gamma: Gamma = None
    seed: Annotated[
        int | None, "--seed N", "Seed of the permutations of markov. [default: 0]", {"min": 0}
    ] = None
    bins: StateBins = None
    permutations: Annotated[
        int, "--permutations N", "Permutations of each table of markov.", {"min": 19}
    ] = 999
    policy: Annotated[
        str | None,
        "--policy POLICY",
        "If the source is a model, the policy whose gain varies. [default: spec, else uniform]",
        _completed(completion.policies),
    ] = None
    truncated: Annotated[
        str,
        "--truncated keep|drop|bootstrap",
        "How to treat truncated trajectories: keep them, drop them, or add γ V(last state).",
        _completed(["keep", "drop", "bootstrap"]),
    ] = "keep"
    jobs: Jobs = None


@dataclass(eq=False, repr=False)
class PlayOptions:
    """How to simulate a model; arguments of `rlcalc.simulate`."""

    policy: SimulatedPolicy = None
    start: Start = None
    max_steps: MaxSteps = None
    seed: Seed = None


@dataclass(eq=False, repr=False)
class SolveOptions:
    """The policy and the criterion to solve a model for, the method, and the rows to show."""

    policy: Annotated[
        str,
        "--policy POLICY",
        "optimal, uniform, spec, epsilon:0.1, softmax:1.0, a file, or one of them changed by "
        "temperature:0.7, top-p:0.9, top-k:5 after commas.",
        _completed(completion.policies),
    ] = "optimal"
    gamma: Gamma = None
    horizon: Annotated[int | None, "--horizon N", "Values with 1 to N steps to go.", {"min": 1}] = (
        None
    )
    steps_to_go: Annotated[
        int | None, "--steps-to-go N", "Values with N steps to go alone.", {"min": 1}
    ] = None
    criterion: Annotated[
        Literal["reward", "average"],
        "--criterion",
        "Discounted or total reward, or average reward (gain and bias).",
    ] = "reward"
    method: Annotated[
        str,
        "--method METHOD",
        f"auto (chosen by the model), {', '.join(METHODS)}.",
        _member("method", ["auto", *METHODS]),
    ] = "auto"
    bellman: Annotated[
        Literal["vv", "qq", "vq", "qv"] | None,
        "--bellman",
        "Repeat V←V, Q←Q, V←Q or Q←V: value iteration four ways.",
    ] = None
    tol: Annotated[
        str | None,
        "--tol B|Br",
        "Largest acceptable proven error: |v − V| ≤ B in every state, or ≤ B max|v|, as 1e-9r. "
        "[default: 1e-6, or what floats hold of larger values]",
    ] = None
    max_iterations: Annotated[int, "--max-iterations N", "Stop after N iterations.", {"min": 1}] = (
        100_000
    )
    trace: Annotated[bool, "--trace", "One row per iteration."] = False
    start_only: Annotated[bool, "--start-only", "Show only the start states."] = False
    states: Annotated[str | None, "--states A,B", "Show only these states."] = None
    reach: Annotated[
        str | None,
        "--reach A,B",
        "Probability of ever reaching one of these states; A* is all that begin with A.",
    ] = None
    steps_to: Annotated[
        str | None, "--steps-to A,B", "Expected number of steps to one of these states."
    ] = None
    minimise: Annotated[bool, "--minimise", "The least, not the largest: rewards are costs."] = (
        False
    )
    proper: Annotated[
        bool, "--proper", "Only policies that surely end count (gamma 1); others are infinite."
    ] = False
    rows: Annotated[
        Literal["pairs", "occupancy", "return"],
        "--rows",
        "V, Q and A; the policy's discounted visits; or mean and variance of its gain.",
    ] = "pairs"
    level: Annotated[
        str | None,
        "--level 0..1,...",
        "With --rows return: quantile and mean of this share of the worst gains (CVaR), e.g. 0.05.",
    ] = None
    grid: Annotated[
        str | None,
        "--grid ROWSxCOLUMNS",
        "In a picture, the states in their order fill the rows of this grid. [default: the "
        "source's]",
    ] = None
    jobs: Jobs = None

    def arguments(self) -> dict[str, Any]:
        """Return the arguments of `rlcalc.solve`."""
        names = {
            option.lstrip("-").replace("-", "_"): parse_states_option(text, option)
            for option, text in (
                ("--states", self.states),
                ("--reach", self.reach),
                ("--steps-to", self.steps_to),
            )
        }
        return {
            **vars(self),
            **names,
            "level": parse_numbers_option(self.level, "--level", "0.05,0.1"),
        }


@dataclass(eq=False, repr=False)
class AdvantageOptions:
    """How to compute advantages; arguments of `rlcalc.advantage`."""

    method: Annotated[
        str,
        f"--method {'|'.join(ADVANTAGES).replace('n-step', 'n-step:K')}",
        "How to compute the advantage from the critic.",
        _completed(ADVANTAGES),
    ] = "gae"
    lambda_: Annotated[
        float | None,
        "--lambda -l 0..1",
        "Trace decay λ. [default: 0.95; 1 for vtrace, retrace and tree-backup]",
    ] = None
    gamma: Gamma = None
    value: Annotated[
        str | None,
        "--value COLUMN|FILE|exact:MODEL|ce|mc",
        "The critic: a column, a file with state and v (or state, action and q), the exact values "
        "in a model, certainty equivalence or Monte Carlo. [default: the column value]",
        _completed(completion.critics),
    ] = None
    policy: Annotated[
        str | None,
        "--policy FILE",
        "π of the ratios π/b. [default: exp(log_prob)]",
        _completed(completion.files),
    ] = None
    clip_rho: Annotated[float, "--clip-rho RATIO", "Largest ratio π/b of V-trace."] = 1.0
    clip_c: Annotated[float, "--clip-c RATIO", "Largest ratio π/b in a trace."] = 1.0
    unknown_end: Annotated[
        Literal["cut", "terminated"] | None,
        "--unknown-end",
        "Ends after which V is not known: bootstrap from the value of the last row, or from 0. "
        "[default: 0, and an error where truncated]",
    ] = None
    whiten: Annotated[
        Literal["none", "ddof1", "ddof0"] | None,
        "--whiten",
        "Give advantages the mean 0 and the deviation 1; ddof1: as verl, ddof0: as OpenRLHF. "
        "[default: none, or as the program]",
    ] = None
    tool: Annotated[
        str | None,
        "--tool",
        "What masked tokens do, as a tool's output. [default: carry, or as the program]",
        _choice("rule of masked tokens", TOOLS),
    ] = None
    rows: Annotated[
        Literal["steps", "summary", "lambda"],
        "--rows",
        "A row a step, or a quantity; lambda: bias and spread in a model, by λ.",
    ] = "steps"
    model: Annotated[
        str | None,
        "--model --exact MODEL",
        "Model behind the data, for --rows lambda.",
        _completed(completion.models),
    ] = None


@dataclass(eq=False, repr=False)
class EvaluateOptions:
    """How to evaluate a policy from a log; arguments of `rlcalc.evaluate`."""

    policy: Annotated[
        str | None,
        "--policy POLICY",
        "π, the policy to evaluate: a file; with --model also a name, as in solve. "
        "[default: exp(log_prob)]",
        _completed(completion.policies),
    ] = None
    method: Annotated[
        str | None,
        "--method NAME,...",
        f"{', '.join(EVALUATIONS)}; for one step {', '.join(ONE_STEP_EVALUATIONS)}. "
        "[default: ce,dr,pdis; with --one-step dr,ips,snips]",
        _completed(completion.listed_names(EVALUATION_WORDS)),
    ] = None
    behaviour: Annotated[
        str | None,
        "--behaviour COLUMN|counts|FILE",
        "The probabilities with which actions were taken: a column, N(s,a)/N(s), or a file of b. "
        "[default: behaviour_prob, old_log_prob or log_prob]",
        _completed(completion.behaviours),
    ] = None
    compare: Annotated[
        str | None,
        "--compare POLICY,POLICY",
        "Two policies and their differences, on the same episodes.",
        _completed(completion.files),
    ] = None
    gamma: Gamma = None
    horizon: Annotated[
        int | None, "--horizon N", "Only the first N rewards of an episode count.", {"min": 1}
    ] = None
    value: Annotated[
        str | None,
        "--value FILE",
        "Q̂ of dm, dr and the like, with state, action and q. [default: the model of the log; for "
        "dr of its other half]",
        _completed(completion.files),
    ] = None
    bound: Annotated[
        str | None,
        "--bound LOW:HIGH",
        "Least and largest gain that is possible: limits that need no normality, and a range where "
        "the log lacks actions.",
    ] = None
    truncated: Annotated[
        str,
        "--truncated keep|drop|bootstrap",
        "How to treat truncated trajectories: keep them, drop them, or add γ^k V(last state).",
        _completed(["keep", "drop", "bootstrap"]),
    ] = "keep"
    precision: Precision = None
    confidence: Annotated[float, "--confidence 0..1", "Confidence level of the intervals."] = 0.95
    rows: Annotated[
        Literal["methods", "episodes", "steps", "states"],
        "--rows",
        "A row a method; an episode, with its weight; a time, with its weights; or a pair.",
    ] = "methods"
    model: Annotated[
        str | None,
        "--model MODEL",
        "Model behind the log: the exact value stands beside.",
        _completed(completion.models),
    ] = None
    jobs: Jobs = None


@dataclass(eq=False, repr=False)
class GradientEstimateOptions:
    """How to estimate the policy gradient."""

    form: Annotated[
        Literal["all", "trajectory", "gain", "q", "advantage"],
        "--form",
        "Ψ: the whole gain G(τ), γ^t G_t, γ^t Q(s_t,a_t), or γ^t A(s_t,a_t).",
    ] = "all"
    baseline: Annotated[
        Literal["none", "mean", "value", "optimal"],
        "--baseline",
        "Baseline of the forms trajectory and gain; mean: over the episodes that share a "
        "start state.",
    ] = "none"
    critic: Annotated[
        Literal["exact", "estimated"],
        "--critic",
        "Q and V from the model, or from the other half of the episodes.",
    ] = "exact"
    no_discount_weight: Annotated[
        bool, "--no-discount-weight", "Leave out γ^t, as practice does (biased)."
    ] = False

    def arguments(self) -> dict[str, Any]:
        """Return the arguments of `rlcalc.gradient`."""
        arguments = dict(vars(self))
        return arguments | {"discount_weight": not arguments.pop("no_discount_weight")}


@dataclass(eq=False, repr=False)
class GradientPlayOptions:
    """The policy, and how to simulate it; arguments of `rlcalc.gradient`."""

    policy: SimulatedPolicy = None
    logits: Annotated[
        str | None,
        "--logits FILE",
        "θ(s,a) of the policy, state: {action: number}; or zero. [default: log π(a|s)]",
        _completed(completion.files),
    ] = None
    start: Start = None
    max_steps: MaxSteps = None
    seed: Seed = None
    gamma: Gamma = None


@dataclass(eq=False, repr=False)
class RolloutOptions:
    """How to read rollouts."""

    panel = SOURCE

    group: Annotated[str | None, "--group COLUMN", "Column that identifies the group."] = None
    reward: Annotated[
        str | None, "--reward COLUMN,...", "Column of the reward, or several that add up."
    ] = None
    weights: Annotated[str | None, "--weights W,...", "Weight of each reward. [default: 1]"] = None
    advantage: Annotated[
        str | None, "--advantage COLUMN", "Column of the trainer's own advantage."
    ] = None
    length: Annotated[
        str | None, "--length COLUMN", "Column of the length in tokens, or of a text to count."
    ] = None
    step: Annotated[
        str | None, "--step COLUMN", "Column of the training step; none: ignore steps."
    ] = None
    rollout: Annotated[
        str | None,
        "--rollout COLUMN",
        "Column that identifies the rollout when it spans several rows; none: one row each.",
    ] = None
    where: Where = None
    max_size: MaxSize = None
    filter: Annotated[
        str | None,
        "--filter NAME",
        "Which of several filters of lm-eval to read. [default: the first]",
    ] = None
    baseline: Annotated[
        str | None, "--baseline COLUMN", "Column of the greedy answer's reward, for remax."
    ] = None
    answer: Annotated[
        str | None,
        "--answer COLUMN",
        "Column of the final answer, for maj@k. [default: the response, with --texts]",
    ] = None
    group_size: Annotated[
        int | None, "--group-size N", "Every N rows of a file are a group.", {"min": 1}
    ] = None
    form: Annotated[
        str | None,
        "--from FORMAT",
        f"Format of the rollouts: {', '.join(DUMPS)}. [default: found by content]",
        _completed(DUMPS),
    ] = None

    def arguments(self) -> dict[str, Any]:
        """Return the arguments of `rlcalc.load_rollouts`."""
        reward = () if self.reward is None else tuple(self.reward.split(","))
        weights = parse_numbers_option(self.weights, "--weights", "1,0.5")
        where = tuple(self.where or ())
        return {**vars(self), "reward": reward, "weights": weights, "where": where}


@dataclass(eq=False, repr=False)
class ReportOptions(RolloutOptions):
    """How to read the source of a report, whatever it is; arguments of `rlcalc.report`."""

    form: Annotated[
        str | None,
        "--from FORMAT",
        "Format of the source, or of its rollouts. [default: found by content]",
        _member("format of a source", dict.fromkeys([*SOURCES, "npz", *DUMPS])),
    ] = None
    columns: Columns = None
    one_step: Annotated[bool, "--one-step", "Every row of a table is a whole trajectory."] = False
    order_by: Annotated[
        str | None, "--order-by COLUMN", "Sort each trajectory's steps by this column."
    ] = None
    gamma: Gamma = None
    settings: Settings = None
    grid: Annotated[
        str | None,
        "--grid ROWSxCOLUMNS",
        "The states of a model in their order fill the rows of this grid. [default: the source's]",
    ] = None
    estimator: Estimator = None
    trainer: Trainer = None
    success: Annotated[
        float | None, "--success REWARD", "Smallest reward that counts as success. [default: 1]"
    ] = None

    def arguments(self) -> dict[str, Any]:
        """Return the arguments of `rlcalc.report`."""
        arguments = super().arguments()
        columns, settings = parse_columns_option(self.columns), parse_set_option(self.settings)
        return {
            **{name: value for name, value in arguments.items() if name != "form"},
            "kind": self.form,
            "columns": columns,
            "settings": settings,
        }


@dataclass(eq=False, repr=False)
class TokenOptions:
    """How to read the tokens of rollouts."""

    panel = SOURCE

    columns: Annotated[
        str | None,
        "--columns NAME=COLUMN,...",
        "Which columns hold log_prob, old_log_prob, ref_log_prob, rollout_log_prob, mask, ...",
    ] = None
    group: Annotated[str | None, "--group COLUMN", "Column that identifies the group."] = None
    reward: Annotated[str | None, "--reward COLUMN", "Column of the rollout's reward."] = None
    advantage: Annotated[
        str | None, "--advantage COLUMN", "Column of the advantages, a token or a rollout each."
    ] = None
    group_size: Annotated[
        int | None, "--group-size N", "Every N rows of a file are a group.", {"min": 1}
    ] = None
    where: Where = None
    max_size: MaxSize = None
    form: Annotated[
        str | None,
        "--from FORMAT",
        "Trainer whose records they are, e.g. nemo-rl, prime-rl, traces. [default: by content]",
        _completed(DUMPS),
    ] = None

    def arguments(self) -> dict[str, Any]:
        """Return the arguments of `rlcalc.load_tokens`."""
        columns = parse_columns_option(self.columns)
        return {**vars(self), "columns": columns, "where": tuple(self.where or ())}


@dataclass(eq=False, repr=False)
class LossOptions:
    """The loss, and how it is made; arguments of `rlcalc.objective`."""

    loss: Annotated[
        str | None,
        "--loss NAME",
        f"{', '.join(LOSSES)}. [default: ppo, or the trainer's]",
        _member("loss", LOSSES),
    ] = None
    clip: Annotated[
        str | None,
        "--clip LOW[:HIGH]",
        "ε: the ratio is clipped to 1−LOW..1+HIGH. [default: 0.2, or the trainer's]",
    ] = None
    dual_clip: Annotated[
        float | None, "--dual-clip C", "Where A < 0 the loss is at most −A C. [default: none]"
    ] = None
    delta: Annotated[
        float | None, "--delta D", "TRL's bound of the unclipped ratio. [default: none]"
    ] = None
    aggregate: Annotated[
        str | None,
        "--aggregate NAME",
        "token-mean, seq-mean-token-mean, seq-mean-token-sum, token-sum or constant:L. "
        "[default: the loss's or the trainer's]",
        _completed(completion.aggregates),
    ] = None
    kl: Annotated[
        str | None,
        "--kl NAME",
        f"Estimator of the KL term: none, {', '.join(KL_ESTIMATORS)}. [default: none]",
        _completed(["none", *KL_ESTIMATORS]),
    ] = None
    beta: Annotated[
        float | None, "--beta β", "Weight of the KL term. [default: 0.001, or the trainer's]"
    ] = None
    kl_in: Annotated[
        Literal["loss", "reward"] | None,
        "--kl-in",
        "Add the KL term to the loss, or take it from the rewards (--estimator). [default: loss]",
    ] = None
    rollout_correction: Annotated[
        str | None,
        "--rollout-correction NAME",
        "Weigh tokens by π_old/π_sampler: none, tis:C, mask:LOW:HIGH or seq-mask:LOW:HIGH. "
        "[default: none]",
        _completed(completion.corrections),
    ] = None
    value_clip: Annotated[
        float | None,
        "--value-clip ε",
        "How far V may move from the old V in the value loss. [default: 0.2, or the trainer's]",
    ] = None


@dataclass(eq=False, repr=False)
class ConventionOptions:
    """Changes to the convention of an estimator; arguments of `rlcalc.group`."""

    epsilon: Annotated[float | None, "--epsilon ε", "Number added to the standard deviation."] = (
        None
    )
    ddof: Annotated[int | None, "--ddof 0|1", "1: Σ(r−μ)² / (G−1); 0: / G."] = None
    scale: Annotated[
        Literal["group", "batch", "none"] | None,
        "--scale",
        "Standard deviation to divide by: of the group, or the batch.",
    ] = None
    leave_one_out: Annotated[
        bool, "--leave-one-out", "Mean and deviation of the other rollouts of the group."
    ] = False
    length_penalty: Annotated[
        str | None,
        "--length-penalty kimi|efficiency|overlong:MAX:BUFFER",
        "Change the rewards by the length of the response first.",
        _completed(completion.penalties),
    ] = None
    k: Annotated[int | None, "-k K", "k of pass-k-analytic. [default: 4]"] = None
    success: Annotated[float, "--success REWARD", "Smallest reward that counts as success."] = 1.0
    tolerance: Annotated[
        float,
        "--tolerance RELATIVE",
        "Rewards are equal if they differ by at most this share of the larger. [default: "
        "2⁻²³ = 1.2e-7, the rounding of float32]",
        {"show_default": False},
    ] = 2.0**-23

    def changed(self) -> dict[str, bool]:
        """Return the options that differ from their defaults, but for the tolerance."""
        return {
            "-k" if o.name == "k" else "--" + o.name.replace("_", "-"): True
            for o in fields(self)
            if o.name != "tolerance" and getattr(self, o.name) != o.default
        }


@dataclass(eq=False, repr=False)
class BranchOptions:
    """The trees of prefixes of `--rows branches` and `credit`; arguments of `rlcalc.group`."""

    by: Annotated[
        Literal["tokens", "words", "characters", "turns"] | None,
        "--by",
        "What responses branch at. [default: token ids if logged, turns if several, else words]",
    ] = None
    across_steps: Annotated[
        bool, "--across-steps", "One tree of a prompt's rollouts of all steps, of any policy."
    ] = False
    plan: Annotated[
        float | None,
        "--plan ERROR",
        "How many more rollouts of each branch make its standard error so small.",
    ] = None


@dataclass(eq=False, repr=False)
class OutputOptions:
    """Where and in which format to write the answer; contradictions are refused at once."""

    panel = OUTPUT

    format_: Annotated[
        str | None,
        "--format -f",
        "Format of the answer. [default: table, or RLCALC_FORMAT]",
        _choice("format", FORMATS),
    ] = None
    json: Annotated[bool, "--json", "-f json"] = False
    csv: Annotated[bool, "--csv", "-f csv"] = False
    plot: Annotated[bool, "--plot", "Draw the answer's picture in blocks of text."] = False
    output: Annotated[
        str | None,
        "--output -o FILE",
        "Write to this file; its suffix picks the format: .csv, .json, ..., or a picture in "
        ".svg, .png, .pdf or .html.",
        {"callback": _file_name},
    ] = None
    sort: Annotated[
        str | None,
        "--sort COLUMN[:desc],...",
        "Sort the rows; missing values come last.",
    ] = None
    having: Annotated[
        list[str] | None,
        "--having 'COLUMN OP VALUE'",
        "Show only rows of the answer that fit, e.g. 'v > 0.5'; OP as in --where; again for more.",
    ] = None
    fact: Annotated[
        str | None, "--fact NAME", "Print this fact of the answer and nothing else."
    ] = None
    fail_on: Annotated[
        list[str] | None,
        "--fail-on 'FACT OP VALUE'",
        "Exit 4 after the answer if a fact is so, e.g. 'start_value < 0.5'; again for more.",
    ] = None
    quiet: Quiet = False
    partial = False  # a field where an answer may come from shards

    def __post_init__(self) -> None:
        """Refuse two formats, what is no condition and no picture, before anything is read."""
        self._refuse_beside_partial()
        form = self.form
        if self.is_picture:
            from rlcalc.renderers.output import require_drawing_program

            require_drawing_program(form)
        self.conditions()
        if not self.quiet and sys.stderr is not None and sys.stderr.isatty():
            from rlcalc.renderers.progress import show_progress

            show_progress()
        beside = {"--sort": self.sort, "--having": self.having, "a format or a file": self.explicit}
        for option in [option for option, value in beside.items() if value]:
            if self.fact is not None:
                raise UsageError(
                    f"--fact prints one fact and no rows, so {option} has no use",
                    fix="leave one of them out",
                )

    def _refuse_beside_partial(self) -> None:
        """Refuse options of answers where a partial is to be written.

        Raises:
            UsageError: there is one, or no file.
        """
        if not self.partial:
            return
        if self.output is None:
            raise UsageError("--partial needs a file", fix="write -o FILE")
        others: dict[str, Any] = {"--json": self.json, "--csv": self.csv, "--plot": self.plot}
        others |= {"--format": self.format_, "--sort": self.sort, "--having": self.having}
        others |= {"--fact": self.fact, "--fail-on": self.fail_on}
        option = next((name for name, value in others.items() if value), None)
        if option is not None:
            raise UsageError(
                f"--partial writes no answer, so {option} has no use",
                fix=f"leave it out here, and give it to rlcalc merge: rlcalc merge ... {option}",
            )

    def conditions(self) -> "list[Condition]":
        """Return the conditions of --fail-on.

        Raises:
            UsageError: one of them, or of --having, is not a condition.
        """
        if not (self.fail_on or self.having):
            return []
        from rlcalc.conditions import Condition

        for text in self.having or ():
            Condition.parse(text, "--having")
        return [Condition.parse(text, "--fail-on") for text in self.fail_on or ()]

    @property
    def form(self) -> str:
        """The format of the answer."""
        from rlcalc.renderers.output import output_format

        if self.partial:  # it has a format of its own, whatever its file is called
            return "table"
        return output_format(
            self.format_, json=self.json, csv=self.csv, plot=self.plot, output=self.file
        )

    @property
    def is_picture(self) -> bool:
        """Whether the charts of the answer are drawn, so that its rows do not matter."""
        return self.form in PICTURES

    @property
    def file(self) -> str | None:
        """The file of the answer; None: standard output."""
        return self.output

    @property
    def explicit(self) -> bool:
        """Whether an option names the format or a file."""
        return bool(self.format_ or self.json or self.csv or self.plot or self.output)

    @property
    def of_answers(self) -> str | None:
        """The first option that needs an answer with rows and facts."""
        options = {"--sort": self.sort, "--having": self.having, "--fact": self.fact}
        options["--fail-on"] = self.fail_on
        return next((option for option, value in options.items() if value), None)

    @property
    def n_rows(self) -> int | None:
        """The number of rows that a table shows; None: all."""
        return None

    def write(self, result: "Result") -> None:
        """Write a result, and its notes to standard error; or one fact of it.

        Raises:
            NotConverged: a condition of --fail-on holds; the answer is written.
        """
        from rlcalc.renderers.output import write_fact, write_output

        failures: list[Fault] = []
        if self.fail_on:
            from rlcalc.facts import facts_that_hold

            failures = facts_that_hold(result.plain_facts(), self.conditions())
        if self.fact is not None:
            write_fact(result.fact(self.fact))
        else:
            chosen = result.having(*self.having or ()).sorted_by(*parse_sort_option(self.sort))
            write_output(chosen, self.form, self.file, head=self.n_rows, quiet=self.quiet)
        if failures:
            raise NotConverged.of(failures)

    def write_partial(self, partial: "ShardPartial") -> None:
        """Write what some shards say."""
        from rlcalc.renderers.messages import write_message
        from rlcalc.renderers.output import open_output
        from rlcalc.renderers.partials import write

        with open_output(self.output) as stream:
            write(partial, stream)
        if not self.quiet:
            n = len(partial.shards)
            write_message(f"wrote {n:,} shard{'s' * (n != 1)} to {shown(self.output)}")

    def progress(self, n: int) -> Callable[..., Iterator[Any]]:
        """Return what counts n episodes, for a terminal."""
        from rlcalc.progress import counted

        def watch(items: Iterable[Any], size: Callable[[Any], int]) -> Iterator[Any]:
            return counted(items, "simulating", "episodes", size, n)

        return watch


@dataclass(eq=False, repr=False)
class TableOutputOptions(OutputOptions):
    """Where and in which format to write the answer, and the rows that a table shows."""

    head: Annotated[
        int | None, "--head N", "Rows that a table shows. [default: 50]", {"min": 0}
    ] = None
    all_: Annotated[bool, "--all", "Show every row in a table."] = False

    def __post_init__(self) -> None:
        """Refuse two formats, or two numbers of rows."""
        if self.all_ and self.head is not None:
            raise UsageError(
                f"--head {self.head} and --all contradict each other", fix="leave one of them out"
            )
        super().__post_init__()

    @property
    def n_rows(self) -> int | None:
        """The number of rows that a table shows; None: all."""
        return None if self.all_ else 50 if self.head is None else self.head


Partial = Annotated[
    bool, "--partial", "Write to -o FILE what these shards say, for rlcalc merge, not the answer."
]


@dataclass(eq=False, repr=False)
class PartialOutputOptions(TableOutputOptions):
    """Where and in which format to write the answer, or what some shards say."""

    partial: Partial = False


@dataclass(eq=False, repr=False)
class FaultOutputOptions(OutputOptions):
    """Where and in which format to write faults, or what some shards say."""

    partial: Partial = False


class GradientOutputOptions(PartialOutputOptions):
    """Where to write the answer; -o policy.yaml takes the policy of an ascent, not the table."""

    @property
    def policy_file(self) -> str | None:
        """The file of the policy, if -o names a YAML file."""
        suffix = os.path.splitext(self.output or "")[1].lower()
        return self.output if suffix in (".yaml", ".yml") else None

    @property
    def file(self) -> str | None:
        """The file of the answer; None: standard output."""
        return None if self.policy_file else self.output


@dataclass(eq=False, repr=False)
class TrajectoryOutputOptions(FaultOutputOptions):
    """Where and in which format to write trajectories."""

    format_: Annotated[
        str | None,
        "--format -f",
        "Format of the output; table and md hold the summary. [default: RLCALC_FORMAT, else a "
        "table of the summary or JSONL of the trajectories]",
        _choice("format", FORMATS),
    ] = None


def parse_columns_option(columns: str | None) -> dict[str, str]:
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


def page_file(output: str | None) -> str | None:
    """Return the file of a report; None: standard output, for `-`.

    Raises:
        UsageError: none is named, or its suffix is that of something else.
    """
    if output is None:
        raise UsageError("a report needs a file", fix="write -o report.html")
    suffix = os.path.splitext(output)[1].lower()
    if output == "-" or suffix in (".html", ".htm"):
        return None if output == "-" else output
    if output.startswith("/dev/"):
        return output
    raise UsageError(
        f"{shown(output)} does not end in .html, and a report is HTML",
        fix=f"write -o {shown(os.path.splitext(output)[0])}.html; a browser prints it to PDF",
    )


_COMMA = re.compile(r",(?![^()]*\))")
"""A comma that does not stand in a name like (0,1)."""


def parse_states_option(states: str | None, option: str = "--states") -> list[str] | None:
    """Return the names that an option lists.

    Raises:
        UsageError: it lists none.
    """
    if states is None:
        return None
    names = [name.strip() for name in _COMMA.split(states) if name.strip()]
    if not names:
        raise UsageError(f"{option} names no state", fix=f"write {option} A,B")
    return names


def parse_sort_option(sort: str | None) -> list[str]:
    """Return the keys that --sort lists."""
    return [key.strip() for key in sort.split(",") if key.strip()] if sort else []


def parse_set_option(pairs: list[str] | None) -> dict[str, Any]:
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


def parse_numbers_option(text: str | None, option: str, example: str) -> tuple[float, ...]:
    """Return the numbers that an option lists.

    Raises:
        UsageError: one is not a finite number.
    """
    try:
        numbers = () if text is None else tuple(map(float, text.split(",")))
    except ValueError:
        numbers = (math.nan,)
    if not all(map(math.isfinite, numbers)):
        raise UsageError(
            f"{option} {shown(text)} is not a list of numbers",
            fix=f"write numbers: {option} {example}",
        )
    return numbers


# -- typer -----------------------------------------------------------------------------------


def flatten_option_groups(command: Callable[..., None]) -> Callable[..., None]:
    """Return a command for typer: each group of options in its signature becomes its options."""
    parameters: list[inspect.Parameter] = []
    groups: dict[str, type[Any]] = {}
    for name, parameter in inspect.signature(command, eval_str=True).parameters.items():
        group = parameter.annotation
        if isinstance(group, type) and is_dataclass(group):
            groups[name] = group
            parameters += _parameters_of(group)
        else:
            parameters.append(parameter.replace(annotation=_for_typer(group)))

    def run(**values: Any) -> None:
        for name, group in groups.items():
            values[name] = group(**{o.name: values.pop(o.name) for o in fields(group)})
        command(**values)

    run.__name__, run.__doc__ = command.__name__, command.__doc__
    run.__annotations__ = {one.name: one.annotation for one in parameters}
    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    return run


@cache
def _parameters_of(group: type[Any]) -> list[inspect.Parameter]:
    kind = inspect.Parameter.KEYWORD_ONLY
    return [
        inspect.Parameter(
            o.name,
            kind,
            default=o.default,
            annotation=_for_typer(o.type, getattr(group, "panel", COMPUTATION)),
        )
        for o in fields(group)
    ]


def _for_typer(option: Any, panel: str = COMPUTATION) -> Any:
    """Return an option as typer reads it, in its section of --help."""
    kind, usage, help_, *more = get_args(option)
    words = usage.split(" ")
    flags = [word for word in words if word.startswith("-")]
    metavar = " ".join(words[len(flags) :]) or None
    about = {"metavar": metavar, "help": help_, "rich_help_panel": panel, **dict(*more)}
    return Annotated[kind, typer.Option(*flags, **about) if flags else typer.Argument(**about)]


def refuse_jobs(jobs: int | None) -> None:
    """Refuse a number of threads where one process reads one source after the other.

    Raises:
        UsageError: there is one.
    """
    if jobs is not None:
        raise UsageError(
            f"--jobs {jobs} has no effect without shards",
            fix="add --engine threads, or leave it out",
        )


def needs_source(sources: list[str] | None, files: str | None = None) -> list[str]:
    """Return what to read: what is named, else standard input if something comes in there.

    Args:
        sources: those that are named.
        files: a list of more, as `--files` names it.

    Raises:
        UsageError: nothing is named and standard input is a terminal.
        InputError: the list cannot be read, or a file in it is not there.
    """
    if files is not None:
        from rlcalc.readers.file_lists import sources_of_list

        sources = [*(sources or []), *sources_of_list(files)]
    if sources:
        return sources
    if sys.stdin is None or sys.stdin.isatty():
        raise UsageError(
            "no source", fix="name a file, a shipped spec (see rlcalc specs), or pipe into -"
        )
    return ["-"]


def needs_two(first: str | None, second: str | None) -> tuple[str, str]:
    """Return two sources; where only one is named, the first is standard input.

    Raises:
        UsageError: none is named, or one and standard input is a terminal.
    """
    if first is None:
        raise UsageError("there is nothing to compare", fix="name two sources: rlcalc compare A B")
    return (first, second) if second is not None else (needs_source(None)[0], first)


def needs_model(source: str | None) -> str:
    """Return the model to read; arguments and errors as in `needs_source`."""
    return needs_source(None if source is None else [source])[0]
