"""Comparisons: two answers, or what they can be computed from, side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from rlcalc.api.arguments import names_of, paths_or_none
from rlcalc.api.keywords import takes
from rlcalc.api.models import solve
from rlcalc.api.trajectories import estimate
from rlcalc.errors import UsageError
from rlcalc.result import Result


@takes()
def compare(
    first: Any,
    second: Any,
    *,
    of: str | Sequence[str] = (),
    by: str | Sequence[str] = (),
    within: str | float | None = None,
    policy: Any = "optimal",
    gamma: float | None = None,
) -> Result:
    """Return the differences of two answers: `rlcalc.comparison.compare.compare_answers`.

    Args:
        first: the answer in question: a table with state and v, or state, action and q, as any
            command writes it or by another program; a `Result`; a model, which is solved; or
            trajectories, from which V, Q and A are estimated.
        second: the answer that it is compared with, likewise.
        of: the quantities, such as "v"; default all that both have.
        by: the columns that name a row; default all that both have.
        within: the largest acceptable difference, such as 1e-6, "1e-6r" (relative to the largest
            value) or "3se" (standard errors): the fact `beyond` counts the others.
        policy: of models, as in `solve`.
        gamma: of models and of trajectories; default their own.

    Raises:
        InputError: the two have nothing in common, or a source cannot be read.
        UsageError: a name or the tolerance is wrong.
    """
    from rlcalc.comparison.compare import compare_answers
    from rlcalc.comparison.tolerance import Tolerance

    tolerance = None if within is None else Tolerance.parse(within)
    paths = [paths_or_none(one) for one in (first, second)]
    if paths[0] == paths[1] == ["-"]:
        raise UsageError(
            "standard input is one source, not two", fix="give a file for one of the two"
        )
    answers = [_answer(one, policy, gamma) for one in (first, second)]
    lists = [names_of(names) if names else [] for names in (of, by)]
    return compare_answers(*answers, of=lists[0], by=lists[1], within=tolerance)


def _answer(source: Any, policy: Any, gamma: float | None) -> Result:
    from rlcalc.environments import load as worlds
    from rlcalc.mdp import MDP
    from rlcalc.readers.answer_tables import holds_answer, in_memory, read_answer
    from rlcalc.readers.read_request import ReadRequest

    if isinstance(source, Result):
        return source
    paths = paths_or_none(source)
    if paths is None:
        if isinstance(source, MDP):
            return solve(source, policy=policy, gamma=gamma)
        known = in_memory(source)
        return estimate(source, gamma=gamma) if known is None else known
    title = ", ".join(paths)
    if worlds.is_world(paths, ReadRequest()):
        return replace(solve(paths[0], policy=policy, gamma=gamma), title=title)
    if paths != ["-"] and not holds_answer(paths):
        return replace(estimate(paths, gamma=gamma), title=title)
    answer = read_answer(paths[0])
    if isinstance(answer, Result):
        return answer
    return replace(estimate(answer, gamma=gamma), title="standard input")  # read only once
