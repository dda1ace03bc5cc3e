"""rlcalc gradient: the policy gradient of a model, exact and estimated, and gradient ascent."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

from rlcalc.errors import UsageError, listed, shown
from rlcalc.options import (
    AscentSteps,
    Baseline,
    Batch,
    Critic,
    EpisodesOfGradient,
    Form,
    FromData,
    Gamma,
    GradientOptions,
    GradientRows,
    Jobs,
    LearningRate,
    Logits,
    MaxSteps,
    Model,
    NoDiscountWeight,
    Play,
    ReadOptions,
    Seed,
    Settings,
    Start,
    settings_of,
)


def gradient(
    source: Model = None,
    form: Form = "all",
    baseline: Baseline = "none",
    critic: Critic = "exact",
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
    rows: GradientRows = "gradient",
    steps: AscentSteps = None,
    learning_rate: LearningRate = None,
    set_: Settings = None,
    jobs: Jobs = None,
    *,
    reading: ReadOptions,
    output: GradientOptions,
) -> None:
    """The policy gradient of a model: exact, and estimated.

    rlcalc gradient student -n 10000 --seed 1

    rlcalc gradient student --rows variance --baseline value

    rlcalc gradient student --steps 20 --learning-rate 0.1 -o policy.yaml
    """
    from rlcalc import api
    from rlcalc.readers.sources import needs_model

    if steps is not None and episodes is None:
        episodes, batch = batch, None
    simulates = from_data is None and (steps is None or episodes is not None)
    _require_one_task(steps, learning_rate, episodes, batch, from_data)
    if steps is None and output.policy_file:
        raise UsageError(
            f"-o {shown(output.output)} takes the policy of an ascent", fix="add --steps K"
        )
    if steps is not None and simulates and rows != "gradient":
        raise UsageError("the rows of an ascent are its steps", fix="leave out --rows")
    estimate = (form, baseline, critic, no_discount_weight, rows)
    if (
        steps is not None
        and not simulates
        and estimate != ("all", "none", "exact", False, "gradient")
    ):
        raise UsageError(
            "--steps follows the exact gradient: --form, --baseline, --critic, "
            "--no-discount-weight and --rows apply to an estimate",
            fix="add the number of episodes of each step: -n EPISODES",
        )
    of_simulation = {"--seed": seed, "--max-steps": max_steps}
    of_simulation["--jobs"] = jobs if steps is not None else None
    _require_use(of_simulation, "no episodes are simulated", simulates)
    of_data = {"--one-step": reading.one_step or None, "--order-by": reading.order_by}
    _require_use(of_data, "there is no --from-data to read", from_data is not None)
    arguments = reading.arguments()
    model = api.load_model(
        needs_model(source),
        settings=settings_of(set_),
        kind=arguments.pop("kind"),
        columns=None if from_data else arguments["columns"],
    )
    how: dict[str, Any] = {"policy": policy, "start": start, "max_steps": max_steps, "seed": seed}
    how |= {"gamma": gamma, "jobs": jobs, "logits": logits, "form": form, "baseline": baseline}
    how |= {"critic": critic, "discount_weight": not no_discount_weight}
    if steps is None or learning_rate is None:
        result = api.gradient(
            model,
            episodes or 1000,
            rows=rows,
            batch=batch,
            from_data=from_data or None,
            reading=arguments,
            watch=output.progress(episodes or 1000),
            **how,
        )
        output.write(result)
        return
    result, reached = api.ascend(
        model,
        steps,
        learning_rate,
        episodes=episodes,
        watch=output.progress(steps + 1),
        **how,
    )
    if output.policy_file:
        from rlcalc.renderers.output import target
        from rlcalc.renderers.policy import write

        with target(output.policy_file) as stream:
            write(model, reached, stream)
    output.write(result)
    if output.policy_file and not output.quiet:
        sys.stderr.write(f"wrote the policy to {shown(output.policy_file)}\n")


def _require_one_task(
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
        raise UsageError("--steps and --learning-rate belong together", fix="give both, or neither")
    if from_data is not None and (steps is not None or episodes is not None):
        raise UsageError("--from-data uses the episodes of a file", fix="leave out -n and --steps")
    if steps is not None and batch is not None:
        raise UsageError(
            "with --steps, -n and --batch both set the number of episodes of a step",
            fix="give one of them",
        )


def _require_use(options: Mapping[str, object], why: str, useful: bool) -> None:
    """Refuse options that would be ignored.

    Raises:
        UsageError: there is one.
    """
    idle = [name for name, value in options.items() if value is not None]
    if idle and not useful:
        verb = "has" if len(idle) == 1 else "have"
        raise UsageError(f"{listed(idle)} {verb} no effect here: {why}", fix="leave it out")
