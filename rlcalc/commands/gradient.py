"""rlcalc gradient: the policy gradient of a model, exact and estimated, and gradient ascent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rlcalc import options
from rlcalc.errors import UsageError, listed, shown


def gradient(
    source: options.Model = None,
    *,
    estimate: options.GradientEstimateOptions,
    episodes: options.EpisodesOfGradient = None,
    batch: options.Batch = None,
    play: options.GradientPlayOptions,
    from_data: options.FromData = None,
    rows: options.GradientRows = "gradient",
    steps: options.AscentSteps = None,
    learning_rate: options.LearningRate = None,
    settings: options.Settings = None,
    jobs: options.Jobs = None,
    reading: options.ReadOptions,
    shards: options.ShardOptions,
    output: options.GradientOutputOptions,
) -> None:
    """The policy gradient of a model: exact, and estimated.

    rlcalc gradient student -n 10000 --seed 1

    rlcalc gradient student --rows variance --baseline value

    rlcalc gradient student --steps 20 --learning-rate 0.1 -o policy.yaml
    """
    from rlcalc import api
    from rlcalc.options import needs_model

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
    is_default = vars(estimate) == vars(options.GradientEstimateOptions()) and rows == "gradient"
    if steps is not None and not simulates and not is_default:
        raise UsageError(
            "--steps follows the exact gradient: --form, --baseline, --critic, "
            "--no-discount-weight and --rows apply to an estimate",
            fix="add the number of episodes of each step: -n EPISODES",
        )
    of_simulation = {"--seed": play.seed, "--max-steps": play.max_steps}
    of_simulation["--jobs"] = jobs if steps is not None else None
    _require_use(of_simulation, "no episodes are simulated", simulates)
    of_data = {
        "--one-step": reading.one_step or None,
        "--order-by": reading.order_by,
        "--where": reading.where,
    }
    _require_use(of_data, "there is no --from-data to read", from_data is not None)
    arguments = reading.arguments()
    if shards.used(output):
        if from_data is None:
            raise UsageError(
                "shards of a gradient are files of episodes", fix="name them: --from-data 'runs/*'"
            )
        asked: dict[str, Any] = {"settings": options.parse_set_option(settings), "rows": rows}
        asked |= {name: getattr(play, name) for name in ("policy", "gamma", "start")}
        asked |= estimate.arguments() | {"batch": batch, "reading": arguments}
        asked |= {"model": needs_model(source), "max_size": arguments["max_size"]}
        answer = shards.answer("gradient", [from_data], output, jobs=jobs, **asked)
        return output.write(answer) if answer is not None else None
    model = api.load_model(
        needs_model(source),
        settings=options.parse_set_option(settings),
        kind=arguments.pop("kind"),
        columns=None if from_data else arguments["columns"],
        max_size=arguments["max_size"],
    )
    how = vars(play) | estimate.arguments() | {"jobs": jobs}
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
        return output.write(result)
    result, reached = api.ascend(
        model, steps, learning_rate, episodes=episodes, watch=output.progress(steps + 1), **how
    )
    if output.policy_file:
        from rlcalc.renderers.output import open_output
        from rlcalc.renderers.policy import write

        with open_output(output.policy_file) as stream:
            write(model, reached, stream)
    output.write(result)
    if output.policy_file and not output.quiet:
        from rlcalc.renderers.messages import write_message

        write_message(f"wrote the policy to {shown(output.policy_file)}")
    return None


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
        verb, them = ("has", "it") if len(idle) == 1 else ("have", "them")
        raise UsageError(f"{listed(idle)} {verb} no effect here: {why}", fix=f"leave {them} out")
