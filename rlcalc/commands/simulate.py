"""rlcalc simulate: episodes of a model, as trajectories, rollouts or their statistics."""

from __future__ import annotations

import sys
from typing import Literal

from rlcalc import options
from rlcalc.errors import UsageError, shown
from rlcalc.renderers import PICTURES

SUMMARY_FORMATS = ("table", "md")
"""Formats that hold the summary, not the trajectories."""


def simulate(
    source: options.Model = None,
    episodes: options.Episodes = 1000,
    *,
    play: options.PlayOptions,
    gamma: options.Gamma = None,
    rows: options.SimulationRows = None,
    with_prob: options.WithProb = False,
    rollouts: options.Rollouts = False,
    group_size: options.EpisodesOfGroup = 1,
    bins: options.Bins = None,
    jobs: options.Jobs = None,
    model: options.ModelOptions,
    shards: options.EngineOptions,
    output: options.TrajectoryOutputOptions,
) -> None:
    """Simulate a model: trajectories, or on a terminal a summary.

    rlcalc simulate rifle -n 100000 --seed 1 | rlcalc estimate -

    rlcalc simulate gridworld-4x4 -n 1000 --policy epsilon:0.1 -o steps.parquet

    rlcalc simulate rifle --set gun=bad --rows summary
    """
    from rlcalc import api
    from rlcalc.numerics.random_streams import any_seed
    from rlcalc.options import needs_model
    from rlcalc.renderers.output import escaped_output, open_output

    if rollouts:
        _refuse_beside_rollouts(output, rows, with_prob=with_prob)
    trajectories_only = with_prob or group_size > 1
    rows = _rows_of_answer(output, rows, episodes_only=rollouts or trajectories_only)
    if shards.used(output):
        rows = _rows_of_shards(output, rows, episodes_only=rollouts or trajectories_only)
    arguments = model.arguments() | vars(play)
    arguments["settings"] |= {} if bins is None else {"bins": bins}
    if play.seed is None:
        arguments["seed"] = any_seed()
    if shards.used(output):
        how = arguments | {"gamma": gamma, "episodes": episodes, "seed": play.seed}
        answer = shards.answer("simulate", needs_model(source), output, jobs=jobs, **how)
        return output.write(answer) if answer is not None else None
    arguments |= {"gamma": gamma, "group": group_size, "with_prob": with_prob, "jobs": jobs}
    arguments["watch"] = output.progress(episodes)
    name = needs_model(source)
    gamma_note = 1.0
    if rollouts:
        from rlcalc.renderers import rollouts as rollouts_renderer

        episodes_as_rollouts = api.simulate(name, episodes, rows="rollouts", **arguments)
        with open_output(output.output) as stream:
            n = rollouts_renderer.write(episodes_as_rollouts, escaped_output(stream, "jsonl"))
    elif (rows or _default_rows(output, trajectories=trajectories_only)) == "summary":
        return output.write(api.simulate(name, episodes, rows="summary", **arguments))
    else:
        from rlcalc.renderers import trajectories

        experience = api.simulate(name, episodes, **arguments)
        form = output.form if output.explicit or output.form not in SUMMARY_FORMATS else "jsonl"
        with open_output(output.output) as stream:
            n = trajectories.write(experience, form, escaped_output(stream, form), experience.facts)
        gamma_note = experience.facts["gamma"]
    if not output.quiet:
        noun = "rollouts" if rollouts else "trajectories"
        wrote = f"wrote {n:,} {noun} to {shown(output.output)}" if output.output else None
        _write_notes(arguments["seed"] if play.seed is None else None, gamma_note, wrote)
    return None


def _write_notes(seed: int | None, gamma: float, wrote: str | None) -> None:
    """Write what the episodes do not hold to standard error: a drawn seed, and a gamma below 1."""
    from rlcalc.renderers.messages import write_message

    if seed is not None:
        write_message(f"note: --seed {seed} repeats this simulation")
    if gamma != 1:
        write_message(
            f"note: gamma is {gamma:g}, which trajectories do not hold: add -g {gamma:g} "
            "to rlcalc estimate"
        )
    if wrote:
        write_message(wrote)


def _rows_of_answer(
    output: options.TrajectoryOutputOptions,
    rows: Literal["trajectories", "summary"] | None,
    *,
    episodes_only: bool,
) -> Literal["trajectories", "summary"] | None:
    """Return the rows: the summary where an option is about the rows or facts of an answer.

    Raises:
        UsageError: another option needs the episodes.
    """
    option = output.of_answers
    if option is None:
        return rows
    if episodes_only or rows == "trajectories":
        raise UsageError(
            f"{option} applies to the summary, but the output is episodes",
            fix=f"leave out {option}, or read the episodes with rlcalc estimate {option}",
        )
    return "summary"


def _rows_of_shards(
    output: options.TrajectoryOutputOptions,
    rows: Literal["trajectories", "summary"] | None,
    *,
    episodes_only: bool,
) -> Literal["summary"]:
    """Return the rows of an answer from shards, the summary.

    Raises:
        UsageError: others are asked for.
    """
    if episodes_only or rows == "trajectories":
        raise UsageError(
            "shards of a simulation give its summary, and other options ask for episodes",
            fix="add --rows summary, or leave out --engine and --partial",
        )
    return "summary"


def _default_rows(output: options.TrajectoryOutputOptions, *, trajectories: bool) -> str:
    """Return the rows where no option names them; `trajectories`: only they can hold the answer."""
    is_summary = (
        output.form in (*SUMMARY_FORMATS, *PICTURES) if output.explicit else sys.stdout.isatty()
    )
    return "summary" if is_summary and not trajectories else "trajectories"


def _refuse_beside_rollouts(
    output: options.TrajectoryOutputOptions, rows: str | None, *, with_prob: bool
) -> None:
    """Refuse options that do not apply to rollouts.

    Raises:
        UsageError: there is one.
    """
    if output.explicit and output.form != "jsonl":
        raise UsageError(
            f"rollouts are not written as {output.form}", fix="write them as JSONL: -f jsonl"
        )
    if with_prob or rows is not None:
        option = "--with-prob" if with_prob else f"--rows {rows}"
        raise UsageError(f"{option} and --rollouts do not go together", fix="leave one of them out")
