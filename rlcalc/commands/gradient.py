"""rlcalc gradient: the policy gradient, exact and estimated in four forms; and the climb."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING

from rlcalc.commands import answer, rows_shown, settings_of, source_options, watched
from rlcalc.errors import UsageError, listed, shown
from rlcalc.options import (
    All,
    AscentSteps,
    Baseline,
    BaselineOption,
    Batch,
    Columns,
    Critic,
    CriticOption,
    Csv,
    EpisodesOfGradient,
    Form,
    FormatOption,
    FormOption,
    From,
    FromData,
    Gamma,
    GradientRows,
    GradientRowsOption,
    Head,
    Jobs,
    Json,
    LearningRate,
    Logits,
    MaxSteps,
    Model,
    NoDiscountWeight,
    OneStep,
    OrderBy,
    Output,
    Play,
    Quiet,
    Seed,
    Settings,
    Start,
)

if TYPE_CHECKING:
    from rlcalc.policy import Policy
    from rlcalc.policy_gradient.setup import GradientSetup


def gradient(
    source: Model = None,
    form: Form = FormOption.all,
    baseline: Baseline = BaselineOption.none,
    critic: Critic = CriticOption.exact,
    no_discount_weight: NoDiscountWeight = False,
    episodes: EpisodesOfGradient = None,
    batch: Batch = None,
    policy: Play = None,
    logits: Logits = None,
    start: Start = None,
    max_steps: MaxSteps = None,
    seed: Seed = None,
    gamma: Gamma = None,
    from_data: FromData = None,
    rows: GradientRows = GradientRowsOption.gradient,
    steps: AscentSteps = None,
    learning_rate: LearningRate = None,
    set_: Settings = None,
    from_: From = None,
    columns: Columns = None,
    one_step: OneStep = False,
    order_by: OrderBy = None,
    format_: FormatOption = None,
    json: Json = False,
    csv: Csv = False,
    output: Output = None,
    head: Head = None,
    all_: All = False,
    jobs: Jobs = None,
    quiet: Quiet = False,
) -> None:
    """The policy gradient of a model: exact, and estimated in four forms.

    rlcalc gradient student -n 10000 --seed 1

    rlcalc gradient student --rows variance --baseline value

    rlcalc gradient student --steps 20 --learning-rate 0.1 -o policy.yaml
    """
    from rlcalc.environments import load as worlds
    from rlcalc.policy_gradient.ascent import AscentRequest, ascend
    from rlcalc.policy_gradient.compare import gradient
    from rlcalc.policy_gradient.logged_episodes import LoggedEpisodes
    from rlcalc.policy_gradient.request import GradientRequest
    from rlcalc.policy_gradient.setup import set_up
    from rlcalc.readers import load
    from rlcalc.readers.sources import needs_source
    from rlcalc.renderers import settled_format
    from rlcalc.simulation.request import PlayRequest

    climbs = steps is not None
    document = output if climbs and _is_document(output) else None
    written = None if document else output
    shape = settled_format(format_, json=json, csv=csv, output=written)
    most = rows_shown(head, all_=all_)
    if climbs and episodes is None:
        episodes, batch = batch, None
    plays = from_data is None and (not climbs or episodes is not None)
    wanted = GradientRequest(
        form.value, baseline.value, critic.value, not no_discount_weight, rows.value, batch
    )
    _require_one_aim(steps, learning_rate, episodes, batch, from_data)
    if climbs and not plays and wanted != GradientRequest():
        raise UsageError(
            "--steps climbs along the exact gradient, and the form, its baseline, critic and "
            "weight are those of an estimate",
            fix="say how many episodes to play for each step, with -n EPISODES",
        )
    of_play = {"--seed": seed, "--max-steps": max_steps, "--jobs": jobs if climbs else None}
    _require_use(of_play, "no episode is played", plays)
    of_data = {"--one-step": one_step or None, "--order-by": order_by}
    _require_use(of_data, "there are no --from-data to read", from_data is not None)
    asked = source_options(from_, None if from_data else columns, one_step=False, order_by=None)
    told = source_options(None, columns, one_step=one_step, order_by=order_by)
    mdp = worlds.load_model(needs_source([source] if source else None)[0], asked, settings_of(set_))
    n = episodes or 1000
    wish = PlayRequest(n, policy, start, max_steps, seed, gamma, jobs=jobs)
    at = set_up(mdp, wish, logits, plays=plays)
    if steps is None or learning_rate is None:
        data = from_data and LoggedEpisodes.of(from_data, lambda file: load([file], told))
        watch = partial(watched, n=n, quiet=quiet)
        result = gradient(at, wanted, data or None, watch)
    else:
        ascent = AscentRequest(steps, learning_rate, wanted if plays else None)
        watch = partial(watched, n=steps + 1, quiet=quiet)
        result, reached = ascend(at, ascent, watch)
        if document:
            _write(at, reached, document)
    answer(result, shape, written, head=most, quiet=quiet)
    if document and not quiet:
        sys.stderr.write(f"wrote the policy to {shown(document)}\n")


def _require_one_aim(
    steps: int | None,
    learning_rate: float | None,
    episodes: int | None,
    batch: int | None,
    from_data: str | None,
) -> None:
    """Refuse half an ascent, and two sources of episodes.

    Raises:
        UsageError: it is one of them.
    """
    if (steps is None) != (learning_rate is None):
        raise UsageError("--steps and --learning-rate belong together", fix="give both, or none")
    if from_data is not None and (steps is not None or episodes is not None):
        raise UsageError(
            "--from-data takes the episodes that are there", fix="leave out -n and --steps"
        )
    if steps is not None and batch is not None:
        raise UsageError(
            "with --steps, -n and --batch both say how many episodes a step plays",
            fix="give one of them",
        )


def _require_use(given: Mapping[str, object], why: str, useful: bool) -> None:
    """Refuse options that would be ignored.

    Raises:
        UsageError: one is given.
    """
    idle = [name for name, value in given.items() if value is not None]
    if idle and not useful:
        raise UsageError(f"{why}: {listed(idle)} would say nothing", fix="leave that out")


def _is_document(output: str | None) -> bool:
    return os.path.splitext(output or "")[1].lower() in (".yaml", ".yml")


def _write(at: GradientSetup, reached: Policy, output: str) -> None:
    from rlcalc.renderers import policy, target

    with target(output) as stream:
        policy.write(at.mdp, reached, stream)
