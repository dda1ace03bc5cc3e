"""The model that a log shows, and what its randomness is."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Unpack

from rlcalc.api.arguments import require_numbers
from rlcalc.api.keywords import Reading, takes
from rlcalc.api.trajectories import load, tools_of, unread_of

if TYPE_CHECKING:
    from rlcalc.result import Result


@takes(Reading)
def model(
    source: Any,
    *,
    rows: str = "transitions",
    gamma: float | None = None,
    truncated: str = "keep",
    jobs: int | None = None,
    **reading: Unpack[Reading],
) -> Result:
    """Return the model that a log shows: `rlcalc.estimators.log_model.report.log_model`.

    Args:
        source: and `**reading`, as in `load`.
        rows: one of `rlcalc.estimators.log_model.ROWS`.
        gamma: 0..1 a step; default from the source, else 1.
        truncated: `keep`, `drop` or `bootstrap`.
        jobs: threads; the answer does not depend on it.
        **reading: as in `load`.
    """
    from rlcalc.estimators.log_model.report import log_model
    from rlcalc.estimators.log_model.request import ModelRequest
    from rlcalc.estimators.passes import Passes, is_repeatable
    from rlcalc.estimators.transitions import CountedTransitions

    require_numbers(gamma=gamma)
    request = ModelRequest(rows)
    keywords: dict[str, Any] = {"unread": unread_of(truncated), **reading}
    load_again = partial(load, source, **keywords)
    tools = tools_of(jobs)
    passes = Passes(load_again(), load_again if is_repeatable(source) else None)
    counted = CountedTransitions.of(passes, gamma, truncated, tools.engine)
    return log_model(counted, request, tools)
