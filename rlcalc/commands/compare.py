"""rlcalc compare: two answers side by side, and whether they differ."""

from __future__ import annotations

import typer

from rlcalc import options
from rlcalc.errors import NotConverged


def compare(
    first: options.First = None,
    second: options.Second = None,
    of: options.Quantities = None,
    by: options.Keys = None,
    within: options.Within = None,
    policy: options.ComparedPolicy = "optimal",
    gamma: options.Gamma = None,
    *,
    output: options.TableOutputOptions,
) -> None:
    """Two answers side by side: difference, its error, z.

    Each is a table of answers as any command writes it or another program (state and v, or state,
    action and q), a model, which is solved, or trajectories, from which values are estimated.

    rlcalc compare homework.csv gridworld-4x4 --within 1e-6

    rlcalc simulate student --policy uniform -n 1000 -o run.jsonl

    rlcalc compare run.jsonl student --policy uniform --of v

    rlcalc compare old.csv new.csv --within 3se --having "z > 2"
    """
    from rlcalc import api

    result = api.compare(
        *options.needs_two(first, second),
        of=of or (),
        by=by or (),
        within=within,
        policy=policy,
        gamma=gamma,
    )
    output.write(result)
    if result.facts.get("beyond"):
        raise typer.Exit(NotConverged.exit_code)
