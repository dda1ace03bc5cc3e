"""Occupancy: the expected discounted number of visits to states and pairs, from the start."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from rlcalc.errors import InputError, shown
from rlcalc.expected_mdp import UNIT_ROUNDOFF, ExpectedMDP
from rlcalc.graph.reachability import reachable
from rlcalc.numerics.arrays import Floats
from rlcalc.result import Column, Fact, Result
from rlcalc.solvers import report
from rlcalc.solvers.questions import chains
from rlcalc.solvers.questions.submodel import without_actions
from rlcalc.solvers.setup import SolveSetup

if TYPE_CHECKING:
    from rlcalc.charts import Chart


def answer(setup: SolveSetup) -> Result:
    """Return the discounted visits of the policy, from the distribution of the start.

        d(s) = Σ_t γ^t P(s_t = s) = start(s) + γ Σ_s' d(s') P_π(s|s'),   d(s,a) = d(s) π(a|s)

    With gamma 1 they are infinite in states that are visited for ever. `bound` holds for each
    finite d(s) and d(s,a), and for the sum of their errors.

    Raises:
        InputError: no start is known.

    Source: Puterman (1994), section 6.9.
    """
    mdp, model, gamma = setup.mdp, setup.mdp.expected, setup.gamma
    if mdp.start is None:
        raise InputError(
            "the model does not say where it starts: visits are counted from the start",
            fix="add start: STATE to it",
        )
    policy, solution = chains.chosen_policy(setup)
    chain = model.induced_by(policy.weight)
    met = reachable(chain, mdp.start > 0)
    stays = chains.endless(chain, gamma) & met
    finite = without_actions(chain, stays | ~met)
    visits, bound = discounted_visits(finite, mdp.start, gamma)
    visits[stays] = np.inf
    visits[~met] = 0.0
    pairs = np.where(policy.weight > 0, visits[model.pair_state] * policy.weight, 0.0)
    earned = np.where(pairs > 0, pairs, 0.0)[model.reward != 0] @ model.reward[model.reward != 0]
    rows = report.pair_rows(mdp, setup.request.states)
    columns = {
        **report.pair_columns(mdp, rows),
        "pi": Column(policy.weight[rows], symbol="π"),
        "d": Column(pairs[rows], symbol="d(s,a)"),
        "d_state": Column(visits[model.pair_state][rows], symbol="d(s)"),
        "infinite": Column(~np.isfinite(pairs[rows])),
    }
    bound += float(4 * UNIT_ROUNDOFF * visits[~stays].max(initial=0.0))
    inner = ~model.terminal
    rounding = (model.n_pairs + 3 * model.most_outcomes + 8) * UNIT_ROUNDOFF
    facts: dict[str, Fact] = {
        "question": "occupancy",
        "start_value": float(earned),
        "start_value_bound": (bound + rounding * float(pairs[np.isfinite(pairs)].sum()))
        * model.largest_reward,
        "start_value_solved": float(mdp.start @ solution.value),
        "steps": float(visits[inner].sum()),
        "infinite": int(stays.sum()),
        "bound": bound,
        "gamma": gamma,
        "policy": policy.name,
        "iterations": solution.iterations,
        "states": model.n_states,
        "pairs": model.n_pairs,
    }
    title = f"Discounted visits of the policy {policy.name}"
    title += f": {shown(mdp.name)}" if mdp.name else ""

    def charts() -> list[Chart]:
        from rlcalc.charts import Axis
        from rlcalc.solvers.charts import value_charts

        return value_charts(mdp, visits, policy.weight, title, Axis("d", "visits"))

    return Result("solve", title, columns, facts, list(mdp.notes), charts=charts)


def discounted_visits(chain: ExpectedMDP, start: Floats, gamma: float) -> tuple[Floats, float]:
    """Return [S] the visits of each state, and a bound on the sum of their errors.

    ‖d̂ − d‖₁ ≤ ‖start + γ Pᵀ d̂ − d̂‖₁ max_s Σ_s' (I − γP)⁻¹(s,s'), rounding added to the residual.
    """
    import scipy.sparse as sparse
    from scipy.sparse.linalg import splu

    n, length = chain.n_states, np.diff(chain.outcome_start)
    source = np.repeat(chain.pair_state, length)
    moves = sparse.csc_matrix((chain.probability, (chain.next_state, source)), shape=(n, n))
    factors = splu((sparse.identity(n, format="csc") - gamma * moves).tocsc())
    visits: Floats = np.asarray(factors.solve(start))
    visits += factors.solve(start + gamma * (moves @ visits) - visits)
    visits = np.maximum(visits, 0.0)
    residual = float(np.abs(start + gamma * (moves @ visits) - visits).sum())
    most = int(np.bincount(chain.next_state, minlength=1).max()) if chain.n_outcomes else 0
    rounding = (2 * most + 8 + n) * UNIT_ROUNDOFF * (1 + 2 * float(visits.sum()))
    steps = chains.most_discounted_steps(replace(chain, reward=np.zeros(chain.n_pairs)), gamma)
    return visits, (residual + rounding) * max(1.0, steps + 1)
