"""rlcalc estimate: V, Q and A of the policy that was followed, with error bars."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rlcalc import options
from rlcalc.errors import InputError, UsageError, shown


def estimate(
    source: options.Source = None,
    *,
    estimates: options.EstimateOptions,
    episodes: options.EpisodesOfModel = None,
    play: options.PlayOptions,
    settings: options.Settings = None,
    jobs: options.Jobs = None,
    files: options.Files = None,
    reading: options.ReadOptions,
    shards: options.ShardOptions,
    output: options.PartialOutputOptions,
) -> None:
    """V, Q and A of the policy that was followed, with errors.

    rlcalc estimate two-states --gamma 0.9

    rlcalc estimate 'runs/*.parquet' --visit every --json | jq .facts

    rlcalc estimate log.csv --one-step --columns state=page,action=item,reward=click

    rlcalc estimate rifle -n 100000 --set gun=bad --seed 1

    rlcalc estimate log.parquet --compare mc,ce,td --model student
    """
    from rlcalc import api
    from rlcalc.options import needs_source

    sources: Any = needs_source(source, files)
    arguments = reading.arguments()
    how = vars(play) | {"settings": options.parse_set_option(settings) or None}
    if episodes is None:
        with_model = ("start", "max_steps", "seed") if estimates.model else tuple(how)
        _refuse_models(sources, [how[name] for name in with_model])
    else:
        _refuse_options_of_trajectories(reading, estimates)
        sources = _only_model(sources)
        arguments = {name: arguments[name] for name in ("kind", "columns", "max_size")}
    if shards.used(output):
        arguments |= vars(estimates) | {"episodes": episodes}
        answer = shards.answer("estimate", sources, output, jobs=jobs, **arguments)
        return output.write(answer) if answer is not None else None
    result = api.estimate(
        sources,
        episodes=episodes,
        jobs=jobs,
        play=how,
        watch=output.progress(episodes or 0),
        **vars(estimates),
        **arguments,
    )
    return output.write(result)


def _refuse_models(sources: Sequence[str], play: Any) -> None:
    """Refuse a model without the number of its episodes, and options of a simulation.

    Raises:
        UsageError: an option that applies to a simulation.
        InputError: a source is an environment.
    """
    from rlcalc.environments.registry import is_environment

    if any(value is not None for value in play):
        raise UsageError(
            "--policy, --start, --max-steps, --seed and --set apply to a model that is simulated",
            fix="add the number of episodes: -n EPISODES",
        )
    for source in sources:
        if is_environment(source):
            raise InputError(
                f"{shown(source)} is a model, not trajectories",
                fix="add the number of episodes to simulate: -n EPISODES",
            )


def _refuse_options_of_trajectories(
    reading: options.ReadOptions, estimates: options.EstimateOptions
) -> None:
    """Refuse options that apply to files of trajectories.

    Raises:
        UsageError: there is one.
    """
    given = {
        "--one-step": reading.one_step,
        "--order-by": reading.order_by,
        "--where": reading.where,
        "--model": estimates.model,
        "--bins": estimates.bins,
    }
    option = next((name for name, value in given.items() if value), None)
    if option is not None:
        raise UsageError(
            f"{option} applies to trajectories from a file, but -n simulates a model",
            fix="leave it out",
        )


def _only_model(sources: Sequence[str]) -> str:
    """Return the one source.

    Raises:
        UsageError: there are several.
    """
    if len(sources) > 1:
        raise UsageError(
            f"there are {len(sources):,} sources, but a model is one source", fix="name one of them"
        )
    return sources[0]
