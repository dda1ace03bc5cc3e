"""rlcalc estimate: V, Q and A of the policy that was followed, with error bars."""

from __future__ import annotations

from functools import partial

from rlcalc.commands import (
    answer,
    refuse_without_episodes,
    rows_shown,
    settings_of,
    source_options,
    the_only,
    watched,
)
from rlcalc.engines.process import without_blas
from rlcalc.errors import UsageError
from rlcalc.options import (
    All,
    Columns,
    Confidence,
    Csv,
    EpisodesOfModel,
    FormatOption,
    From,
    Gamma,
    Head,
    Jobs,
    Json,
    MaxSteps,
    Of,
    OfOption,
    OneStep,
    OrderBy,
    Output,
    Play,
    Quiet,
    Seed,
    Settings,
    Source,
    Start,
    Truncated,
    Visit,
    VisitOption,
)


def estimate(
    source: Source = None,
    gamma: Gamma = None,
    visit: Visit = VisitOption.first,
    of: Of = OfOption.all,
    truncated: Truncated = "keep",
    confidence: Confidence = 0.95,
    episodes: EpisodesOfModel = None,
    policy: Play = None,
    start: Start = None,
    max_steps: MaxSteps = None,
    seed: Seed = None,
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
    """V, Q and A of the policy that was followed, with error bars.

    rlcalc estimate two-states --gamma 0.9

    rlcalc estimate 'runs/*.parquet' --visit every --json | jq .facts

    rlcalc estimate log.csv --one-step --columns state=page,action=item,reward=click

    rlcalc estimate rifle -n 100000 --set gun=bad --seed 1
    """
    without_blas()
    from rlcalc.engines.threads import run
    from rlcalc.estimators import monte_carlo
    from rlcalc.readers import load
    from rlcalc.readers.sources import needs_source
    from rlcalc.renderers import settled_format

    form = settled_format(format_, json=json, csv=csv, output=output)
    most = rows_shown(head, all_=all_)
    asked = source_options(from_, columns, one_step=one_step, order_by=order_by)
    sources = needs_source(source)
    ask = partial(
        monte_carlo.estimate,
        gamma=gamma,
        visit=visit.value,
        of=of.value,
        truncated=truncated,
        confidence=confidence,
        engine=partial(run, jobs=jobs),
    )
    if episodes is None:
        refuse_without_episodes(sources, policy, start, max_steps, seed, set_)
        result = ask(load(sources, asked))
    else:
        from rlcalc.environments import load as worlds
        from rlcalc.simulation.estimate import estimate as estimate_play
        from rlcalc.simulation.play import prepare
        from rlcalc.simulation.request import PlayRequest

        if one_step or order_by is not None:
            option = "--one-step" if one_step else "--order-by"
            raise UsageError(f"{option} is for trajectories that are read", fix="leave it out")
        world = worlds.load(the_only(sources), asked, settings_of(set_))
        wish = PlayRequest(
            episodes,
            policy,
            start,
            max_steps,
            seed,
            gamma,
            jobs=jobs,
            bootstrap=truncated == "bootstrap",
        )
        play = prepare(world, wish)
        result = estimate_play(play, ask, partial(watched, n=episodes, quiet=quiet))
    answer(result, form, output, head=most, quiet=quiet)
