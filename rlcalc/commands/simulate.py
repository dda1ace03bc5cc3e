"""rlcalc simulate: play a model, and write trajectories, rollouts or their statistics."""

from __future__ import annotations

import sys
from functools import partial
from typing import TYPE_CHECKING

from rlcalc.commands import answer, settings_of, source_options, watched
from rlcalc.errors import UsageError, shown
from rlcalc.formats import Format
from rlcalc.options import (
    Bins,
    Columns,
    Csv,
    Episodes,
    From,
    Gamma,
    GroupSize,
    Jobs,
    Json,
    MaxSteps,
    Model,
    Output,
    Play,
    Quiet,
    Rollouts,
    RowsAsked,
    RowsOption,
    Seed,
    Settings,
    Start,
    TrajectoryFormat,
    WithProb,
)

if TYPE_CHECKING:
    from rlcalc.simulation.play import Play as Playing
    from rlcalc.simulation.play import Watch


def simulate(
    source: Model = None,
    episodes: Episodes = 1000,
    policy: Play = None,
    start: Start = None,
    max_steps: MaxSteps = None,
    seed: Seed = None,
    gamma: Gamma = None,
    set_: Settings = None,
    rows: RowsAsked = None,
    with_prob: WithProb = False,
    rollouts: Rollouts = False,
    group_size: GroupSize = 1,
    bins: Bins = None,
    from_: From = None,
    columns: Columns = None,
    format_: TrajectoryFormat = None,
    json: Json = False,
    csv: Csv = False,
    output: Output = None,
    jobs: Jobs = None,
    quiet: Quiet = False,
) -> None:
    """Play a model: trajectories, or on a terminal what they come to.

    rlcalc simulate rifle -n 100000 --seed 1 | rlcalc estimate -

    rlcalc simulate gridworld-4x4 -n 1000 --policy epsilon:0.1 -o steps.parquet

    rlcalc simulate rifle --set gun=bad --rows summary
    """
    from rlcalc.environments import load
    from rlcalc.readers.sources import needs_source
    from rlcalc.renderers import settled_format
    from rlcalc.simulation.play import prepare
    from rlcalc.simulation.request import PlayRequest

    given = bool(format_ or json or csv or output)
    form = settled_format(format_, json=json, csv=csv, output=output)
    apart = with_prob or group_size > 1
    wanted = rows or _rows(form if given else None, apart=apart)
    settings = settings_of(set_) | ({} if bins is None else {"bins": bins})
    asked = source_options(from_, columns, one_step=False, order_by=None)
    name = needs_source(None if source is None else [source])[0]
    wish = PlayRequest(episodes, policy, start, max_steps, seed, gamma, group_size, with_prob, jobs)
    play = prepare(load.load(name, asked, settings), wish)
    watch = partial(watched, n=episodes, quiet=quiet)
    if rollouts:
        if given and form is not Format.jsonl:
            raise UsageError(f"rollouts are not written as {form}", fix="they are JSONL")
        if with_prob or rows is not None:
            option = "--with-prob" if with_prob else f"--rows {rows}"
            raise UsageError(
                f"{option} and --rollouts do not go together", fix="leave one of them out"
            )
        _write(play, None, output, watch, quiet=quiet)
    elif wanted is RowsOption.summary:
        answer(play.summary(watch), form, output, head=None, quiet=quiet)
    else:
        read = given or form not in FOR_EYES  # RLCALC_FORMAT may say so too, of other commands
        _write(play, form if read else Format.jsonl, output, watch, quiet=quiet)


FOR_EYES = (Format.table, Format.md)
"""Formats in which nobody reads trajectories."""


def _rows(form: Format | None, *, apart: bool) -> RowsOption:
    """Return what is written if nobody says it; `apart`: what is asked is only in trajectories."""
    for_eyes = form in FOR_EYES or (form is None and sys.stdout.isatty())
    return RowsOption.summary if for_eyes and not apart else RowsOption.trajectories


def _write(
    play: Playing, form: Format | None, output: str | None, watch: Watch, *, quiet: bool
) -> None:
    """Write trajectories, or rollouts if there is no format, and say what is not in them."""
    from rlcalc.renderers import harmless, rollouts, target, trajectories

    batches = watch(play.trajectories(), len)
    with target(output) as stream:
        if form is None:
            n = rollouts.write(play.rollouts(batches), harmless(stream, Format.jsonl))
        else:
            n = trajectories.write(batches, form, harmless(stream, form), play.facts())
    if quiet:
        return
    if play.request.seed is None:
        sys.stderr.write(f"note: --seed {play.seed} plays the same again\n")
    if play.gamma != 1 and form is not None:
        sys.stderr.write(
            f"note: gamma is {play.gamma:g} and trajectories do not say so: estimate -g "
            f"{play.gamma:g}\n"
        )
    if output:
        what = "rollouts" if form is None else "trajectories"
        sys.stderr.write(f"wrote {n:,} {what} to {shown(output)}\n")
