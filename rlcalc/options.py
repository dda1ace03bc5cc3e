"""The options' terms, said once: symbol, range, unit, help; and the names that columns go by."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from rlcalc.errors import UsageError
from rlcalc.formats import Format, Kind


class VisitOption(StrEnum):
    """Which visits of a trajectory count."""

    first = "first"
    every = "every"


class OfOption(StrEnum):
    """What is estimated."""

    all = "all"
    v = "v"
    q = "q"
    a = "a"


class MethodOption(StrEnum):
    """How a model is solved."""

    auto = "auto"
    value_iteration = "value-iteration"
    gauss_seidel = "gauss-seidel"
    policy_iteration = "policy-iteration"
    modified_policy_iteration = "modified-policy-iteration"
    linear = "linear"
    krylov = "krylov"


class BellmanOption(StrEnum):
    """Which of the Bellman recursions is repeated."""

    vv = "vv"
    qq = "qq"
    vq = "vq"
    qv = "qv"


class CriterionOption(StrEnum):
    """What is to be large."""

    reward = "reward"
    average = "average"


class RowsOption(StrEnum):
    """What `simulate` writes."""

    trajectories = "trajectories"
    summary = "summary"


class FormOption(StrEnum):
    """What a policy gradient multiplies the scores by."""

    all = "all"
    trajectory = "trajectory"
    gain = "gain"
    q = "q"
    advantage = "advantage"


class BaselineOption(StrEnum):
    """What is taken off a gain before it multiplies a score."""

    none = "none"
    mean = "mean"
    value = "value"
    optimal = "optimal"


class CriticOption(StrEnum):
    """Where Q and V come from."""

    exact = "exact"
    estimated = "estimated"


class GradientRowsOption(StrEnum):
    """What a row of `gradient` is."""

    gradient = "gradient"
    variance = "variance"


Source = Annotated[
    list[str] | None,
    typer.Argument(
        help="Files, globs, folders, - for standard input, or the name of a shipped spec.",
        show_default=False,
    ),
]
From = Annotated[
    Kind | None,
    typer.Option("--from", help="Format of the source; found by content."),
]
Columns = Annotated[
    str | None,
    typer.Option(
        "--columns",
        metavar="NAME=COLUMN,...",
        help="Which columns of a table to read, e.g. state=position,action=item_id.",
    ),
]
OneStep = Annotated[
    bool,
    typer.Option("--one-step", help="Every row of a table is a whole trajectory."),
]
OrderBy = Annotated[
    str | None,
    typer.Option(
        "--order-by",
        metavar="COLUMN",
        help="Sort each trajectory's steps by this column; rows may come in any order.",
    ),
]
Gamma = Annotated[
    float | None,
    typer.Option(
        "--gamma",
        "-g",
        metavar="0..1",
        help="Discount factor γ a step. [default: what the source says, else 1]",
    ),
]
Steps = Annotated[
    int | None,
    typer.Option(
        "-k", metavar="STEPS", help="Sum only the first k rewards: G(k) = Σ_{i<k} γ^i r_{t+i}."
    ),
]
Visit = Annotated[
    VisitOption,
    typer.Option("--visit", help="Which visits of a trajectory count."),
]
Of = Annotated[OfOption, typer.Option("--of", help="What to estimate.")]
Truncated = Annotated[
    str,
    typer.Option(
        "--truncated",
        metavar="keep|drop|bootstrap|cut[:ε]",
        help="Trajectories that were cut: keep as they are, drop, add γ^k V(last state), or cut "
        "off the steps whose gain misses more than ε max|V|.",
    ),
]
Model = Annotated[
    str | None,
    typer.Argument(
        help="A model: a file, - for standard input, the name of a shipped spec or environment.",
        show_default=False,
    ),
]
PolicyOption = Annotated[
    str,
    typer.Option(
        "--policy",
        metavar="POLICY",
        help="optimal, uniform, spec, epsilon:0.1, softmax:1.0, or a file.",
    ),
]
Play = Annotated[
    str | None,
    typer.Option(
        "--policy",
        metavar="POLICY",
        help="spec, uniform, optimal, epsilon:0.1, softmax:1.0, temperature:0.7, top-p:0.9, "
        "top-k:5, several in turn with commas, or a file. [default: spec, else uniform]",
    ),
]
Settings = Annotated[
    list[str] | None,
    typer.Option(
        "--set", metavar="NAME=VALUE", help="A top-level parameter of the source; again for more."
    ),
]
Episodes = Annotated[
    int, typer.Option("--episodes", "-n", metavar="EPISODES", min=1, help="How many to play.")
]
EpisodesOfModel = Annotated[
    int | None,
    typer.Option(
        "--episodes",
        "-n",
        metavar="EPISODES",
        min=1,
        help="The source is a model: play so many, and estimate from them.",
        show_default=False,
    ),
]
EpisodesOfGradient = Annotated[
    int | None,
    typer.Option(
        "--episodes",
        "-n",
        metavar="EPISODES",
        min=1,
        help="How many to play; with --steps, for each of them. [default: 1000; with --steps the "
        "exact gradient, and none]",
        show_default=False,
    ),
]
Batch = Annotated[
    int | None,
    typer.Option(
        "--batch",
        metavar="B",
        min=1,
        help="Episodes of one update: the facts tell how far off its estimate is. The rows do not "
        "hang on it. With --steps the same as -n.",
        show_default=False,
    ),
]
Form = Annotated[
    FormOption,
    typer.Option(
        "--form", help="Ψ: the whole gain G(τ), γ^t G_t, γ^t Q(s_t,a_t), or γ^t A(s_t,a_t)."
    ),
]
Baseline = Annotated[
    BaselineOption,
    typer.Option(
        "--baseline",
        help="What is taken off the gains of the first two forms; mean: of the group that begins "
        "in the same state.",
    ),
]
Critic = Annotated[
    CriticOption,
    typer.Option(
        "--critic", help="Q and V from the model, or from the other half of the episodes."
    ),
]
NoDiscountWeight = Annotated[
    bool,
    typer.Option("--no-discount-weight", help="Leave out γ^t, as practice does: it is biased."),
]
Logits = Annotated[
    str | None,
    typer.Option(
        "--logits",
        metavar="FILE",
        help="θ(s,a) of the policy, state: {action: number}; or zero. [default: log π(a|s)]",
    ),
]
FromData = Annotated[
    str | None,
    typer.Option(
        "--from-data",
        metavar="FILE",
        help="Trajectories to use instead of playing the model; --columns is then for them.",
    ),
]
GradientRows = Annotated[
    GradientRowsOption,
    typer.Option("--rows", help="A row a parameter and form, or a row a form."),
]
AscentSteps = Annotated[
    int | None,
    typer.Option(
        "--steps",
        metavar="K",
        min=1,
        help="Climb: so many steps of gradient ascent; -o policy.yaml writes where it leads.",
    ),
]
LearningRate = Annotated[
    float | None,
    typer.Option("--learning-rate", metavar="η", help="Of each step: θ ← θ + η ∇J(θ)."),
]
Start = Annotated[
    str | None,
    typer.Option(
        "--start",
        metavar="STATE",
        help="Where an episode begins; uniform: anywhere. [default: what the source says]",
    ),
]
MaxSteps = Annotated[
    int | None,
    typer.Option(
        "--max-steps", metavar="STEPS", min=1, help="Then stop looking: truncated, not terminated."
    ),
]
Seed = Annotated[
    int | None,
    typer.Option("--seed", metavar="N", min=0, help="Of all that is random. [default: any]"),
]
WithProb = Annotated[
    bool,
    typer.Option("--with-prob", help="Also write the probability with which actions were taken."),
]
RowsAsked = Annotated[
    RowsOption | None,
    typer.Option(
        "--rows",
        help="What to write. [default: on a terminal, or as a table, the summary]",
    ),
]
Rollouts = Annotated[
    bool,
    typer.Option("--rollouts", help="Write prompt, response, reward and group, a line each."),
]
GroupSize = Annotated[
    int,
    typer.Option("--group-size", metavar="N", min=1, help="So many episodes in a row begin alike."),
]
Bins = Annotated[
    int | None,
    typer.Option(
        "--bins", metavar="N", min=1, help="Cut each number of an observation (Gymnasium) into N."
    ),
]
Horizon = Annotated[
    int | None,
    typer.Option("--horizon", metavar="N", min=1, help="Values with 1 to N steps to go."),
]
Criterion = Annotated[
    CriterionOption,
    typer.Option("--criterion", help="Discounted or total reward, or gain and bias."),
]
Method = Annotated[
    MethodOption, typer.Option("--method", help="How to solve; auto finds out what pays.")
]
Bellman = Annotated[
    BellmanOption | None,
    typer.Option("--bellman", help="Repeat V←V, Q←Q, V←Q or Q←V: value iteration four ways."),
]
Trace = Annotated[bool, typer.Option("--trace", help="The rows are the iterations.")]
Tolerance = Annotated[
    float | None,
    typer.Option(
        "--tol",
        metavar="B",
        help="Wanted: |v − V| ≤ B in every state. [default: 1e-6, less for rewards below 1]",
    ),
]
MaxIterations = Annotated[
    int, typer.Option("--max-iterations", metavar="N", min=1, help="Give up after so many.")
]
StartOnly = Annotated[bool, typer.Option("--start-only", help="Only rows of the first states.")]
States = Annotated[
    str | None, typer.Option("--states", metavar="A,B", help="Only rows of these states.")
]
Confidence = Annotated[
    float,
    typer.Option("--confidence", metavar="0..1", help="Of the intervals."),
]
FormatOption = Annotated[
    Format | None,
    typer.Option(
        "--format", "-f", help="How to write the answer. [default: table, or RLCALC_FORMAT]"
    ),
]
TrajectoryFormat = Annotated[
    Format | None,
    typer.Option(
        "--format",
        "-f",
        help="How to write it; table and md have the summary. "
        "[default: RLCALC_FORMAT, else a table of the summary, JSONL of trajectories]",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="-f json")]
Csv = Annotated[bool, typer.Option("--csv", help="-f csv")]


def _file_named(output: str | None) -> str | None:
    if output == "":  # as the path of an unset variable is, it would be the folder itself
        raise UsageError("-o '' names no file", fix="write -o answer.csv, or leave it out")
    return output


Output = Annotated[
    str | None,
    typer.Option(
        "--output",
        "-o",
        metavar="FILE",
        help="Write to a file, whose suffix picks the format.",
        callback=_file_named,
    ),
]
Head = Annotated[
    int | None,
    typer.Option("--head", metavar="N", min=0, help="Rows that a table shows. [default: 50]"),
]
All = Annotated[bool, typer.Option("--all", help="Show every row in a table.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No notes and warnings.")]
Jobs = Annotated[
    int | None,
    typer.Option(
        "--jobs",
        "-j",
        metavar="N",
        min=1,
        help="Threads; the answer does not depend on it. [default: one a processor]",
    ),
]
