"""Answers to questions as rows: π, Q, V and A of each pair, where values may be infinite."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from rlcalc.errors import shown
from rlcalc.numerics.arrays import Flags, Floats
from rlcalc.policy import Policy, shares_of_state
from rlcalc.result import Column, Fact, Result
from rlcalc.solvers import report
from rlcalc.solvers.problem import Solution
from rlcalc.solvers.setup import SolveSetup

if TYPE_CHECKING:
    from rlcalc.charts import Chart


@np.errstate(invalid="ignore")
def by_pair(
    setup: SolveSetup,
    solution: Solution,
    title: str,
    facts: Mapping[str, Fact],
    notes: Sequence[str] = (),
    *,
    infinite: bool = False,
    allowed: Flags | None = None,
) -> Result:
    """Return π, Q, V and A of each pair, and whether Q and V are infinite.

    Args:
        setup: the model, the policy and the rows.
        solution: its values, of the sign that is shown.
        title: the title.
        facts: those of the question.
        notes: those of the question.
        infinite: whether values may be infinite: then columns show which are.
        allowed: [K] the pairs that the best policy may take; None: all.
    """
    mdp, rows = setup.mdp, report.pair_rows(setup.mdp, setup.request.states)
    q, v = solution.action_value, solution.value[mdp.expected.pair_state]
    policy = setup.policy or Policy(_best_actions(setup, q, v, solution.bound, allowed), "optimal")
    columns = {
        **report.pair_columns(mdp, rows),
        **report.value_columns(policy.weight[rows], q[rows], v[rows]),
    }
    more: dict[str, Fact] = {}
    if infinite:
        columns["q_infinite"] = Column(~np.isfinite(q[rows]))
        columns["v_infinite"] = Column(~np.isfinite(v[rows]))
        more["infinite"] = int((~np.isfinite(solution.value)).sum())
    start = None if mdp.start is None else mdp.start > 0
    if start is not None and mdp.start is not None:
        more["start_value"] = float(mdp.start[start] @ solution.value[start])
    if infinite and start is not None:
        more["start_infinite"] = not np.isfinite(solution.value[start]).all()
    title += f": {shown(mdp.name)}" if mdp.name else ""

    def charts() -> list[Chart]:
        from rlcalc.solvers.charts import value_charts

        return value_charts(mdp, solution.value, policy.weight, title)

    all_facts: dict[str, Fact] = {
        **facts,
        "method": solution.method,
        "iterations": solution.iterations,
        "bound": solution.bound,
        **more,
        "gamma": 1.0,
        "policy": policy.name,
        "states": mdp.n_states,
        "pairs": mdp.n_pairs,
    }
    return Result("solve", title, columns, all_facts, [*mdp.notes, *notes], charts=charts)


def _best_actions(
    setup: SolveSetup, q: Floats, v: Floats, bound: float, allowed: Flags | None
) -> Floats:
    """Return [K] equal shares of the pairs whose Q is V, up to the bound on both."""
    model = setup.mdp.expected
    apart = np.where(q == v, 0.0, np.abs(q - v))
    if allowed is not None:
        apart[~allowed] = np.inf
    least = -model.best(-apart)[model.pair_state]
    largest = float(np.abs(v[np.isfinite(v)]).max(initial=0.0))
    close = 2 * bound if bound <= setup.request.accepted_bound(largest) else 0.0
    return shares_of_state(model, (apart <= close) | (apart <= least))
