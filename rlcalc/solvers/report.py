"""The report: an answer as rows, and the facts that explain them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from rlcalc.errors import InputError, shown
from rlcalc.expected_mdp import UNIT_ROUNDOFF
from rlcalc.graph.reachability import reachable
from rlcalc.mdp import MDP
from rlcalc.numerics.arrays import Flags, Floats, Ints
from rlcalc.policy import Policy
from rlcalc.result import Column, Fact, Result
from rlcalc.solvers.methods.finite_horizon import Layer
from rlcalc.solvers.problem import Solution
from rlcalc.solvers.request import SolveRequest
from rlcalc.solvers.residuals import bellman_residuals
from rlcalc.solvers.setup import SolveSetup

if TYPE_CHECKING:
    from rlcalc.charts import Chart


def by_pair(setup: SolveSetup, solution: Solution, policy: Policy) -> Result:
    """Return π, Q, V and A of each state-action pair."""
    mdp, request = setup.mdp, setup.request
    rows = pair_rows(mdp, request.states)
    value = solution.value[mdp.expected.pair_state]
    columns = {
        **pair_columns(mdp, rows),
        **value_columns(policy.weight[rows], solution.action_value[rows], value[rows]),
        **_gain_columns(mdp, solution, rows),
    }
    facts = _facts(setup, solution, policy)
    notes = list(mdp.notes)
    if setup.policy is None:
        facts["not_separated"] = count = not_separated(setup, solution, policy)
        notes += [NOT_SEPARATED.format(count, solution.bound)] if count else []
    title = _title(mdp, policy.name, request)

    def charts() -> list[Chart]:
        from rlcalc.solvers.charts import average_charts, value_charts

        if solution.gain:
            gain = solution.gain.of_state
            return average_charts(mdp, gain, solution.value, policy.weight, title)
        return value_charts(mdp, solution.value, policy.weight, title)

    return Result("solve", title, columns, facts, notes, charts=charts)


NOT_SEPARATED = (
    "{:,} actions count as the best though their Q is a little less: a bound of {:.2g} does not "
    "separate them; a smaller --tol may"
)


def not_separated(setup: SolveSetup, solution: Solution, policy: Policy) -> int | None:
    """Return the number of pairs that count as the best with less than the best Q; None if 0.

    A difference by rounding alone does not count.
    """
    if solution.gain and solution.gain.best is not None:
        return None
    model = setup.mdp.expected
    q, rounding = solution.action_value, model.rounding(solution.value, setup.gamma)
    taken = np.flatnonzero(policy.weight > 0)
    least = model.best(q)[model.pair_state[taken]] - 4 * rounding
    return int(np.count_nonzero(q[taken] < least)) or None


def _facts(setup: SolveSetup, solution: Solution, policy: Policy) -> dict[str, Fact]:
    mdp, model = setup.mdp, setup.mdp.expected
    residuals = bellman_residuals(model, solution, setup.gamma, setup.weight)
    start = mdp.start
    reached = None if start is None else reachable(model, start > 0)
    return {
        **_method_facts(setup, solution, policy.name),
        "start_value": None if start is None else float(start @ solution.value),
        "residual": max(residuals.values()),
        **{f"residual_{kind}": size for kind, size in residuals.items()},
        "states": model.n_states,
        "pairs": model.n_pairs,
        "outcomes": model.n_outcomes,
        "terminal": int(model.terminal.sum()),
        "unreachable": None if reached is None else int((~reached).sum()),
        "next_state_certain": mdp.next_state_certain,
        "reward_certain": mdp.reward_certain,
    }


def _title(mdp: MDP, name: str, request: SolveRequest) -> str:
    title = {"optimal": "V, Q, A and the best policy"}.get(name, f"V, Q and A of the policy {name}")
    if request.criterion == "average":
        title += ", average reward: V is the bias"
    return title + (f": {shown(mdp.name)}" if mdp.name else "")


def pair_columns(mdp: MDP, rows: Ints | slice, times: int = 1) -> dict[str, Column]:
    """Return the names of the state and of the action of each pair, so many times."""
    states = mdp.states.named(mdp.expected.pair_state)[rows]
    actions = mdp.actions.named(mdp.action)[rows]
    if times > 1:
        states, actions = np.tile(states, times), np.tile(actions, times)
    return {"state": Column(states, "key"), "action": Column(actions, "key")}


def value_columns(pi: Floats, q: Floats, v: Floats) -> dict[str, Column]:
    """Return the columns π, Q, V and A = Q − V of some pairs."""
    return {
        "pi": Column(pi, symbol="π"),
        "q": Column(q, symbol="Q"),
        "v": Column(v, symbol="V"),
        "a": Column(q - v, symbol="A"),
    }


def _gain_columns(mdp: MDP, solution: Solution, rows: Ints | slice) -> dict[str, Column]:
    """Return the average reward of the state and of the pair, where that is what is solved for."""
    if solution.gain is None:
        return {}
    return {
        "gain": Column(solution.gain.of_state[mdp.expected.pair_state][rows], symbol="g"),
        "q_gain": Column(solution.gain.of_pair[rows], symbol="g(s,a)"),
    }


def pair_rows(mdp: MDP, states: Sequence[int] | None) -> Ints | slice:
    """Return the pairs of some states, or of all."""
    if states is None:
        return slice(None)
    included: Flags = np.zeros(mdp.n_states, dtype=bool)
    included[list(states)] = True
    return np.flatnonzero(included[mdp.expected.pair_state])


def by_iteration(setup: SolveSetup, solution: Solution, policy: Policy) -> Result:
    """Return the iterations, each with its change and its bound."""
    columns = {
        "iteration": Column([row.iteration for row in solution.trace], "key"),
        "change": Column(np.array([row.change for row in solution.trace])),
        "bound": Column(np.array([row.bound for row in solution.trace])),
    }
    facts = _method_facts(setup, solution, policy.name)
    title = f"Iterations: {solution.method}"

    def charts() -> list[Chart]:
        from rlcalc.solvers.charts import iteration_charts

        return iteration_charts(solution.trace, title)

    return Result("solve", title, columns, facts, charts=charts)


def _method_facts(setup: SolveSetup, solution: Solution, policy: str) -> dict[str, Fact]:
    return {
        "method": solution.method,
        "iterations": solution.iterations,
        "bound": solution.bound,
        **solution.facts,
        "gamma": None if solution.gain else setup.gamma,
        "policy": policy,
    }


MOST_ROWS = 1 << 26
"""The largest number of rows by steps to go: one takes some 80 bytes, all of them 5 GB."""


def refuse_too_many_rows(mdp: MDP, states: Sequence[int] | None, horizon: int) -> None:
    """Refuse a horizon whose rows would fill the memory.

    Raises:
        InputError: with their number and size.
    """
    n_rows = horizon * max(1, len(np.arange(mdp.n_pairs)[pair_rows(mdp, states)]))
    if n_rows > MOST_ROWS:
        raise InputError(
            f"--horizon {horizon:,} makes {n_rows:,} rows, one for each pair and number of steps "
            f"to go: about {80 * n_rows / 2**30:,.0f} GB",
            fix=f"the limit is {MOST_ROWS:,} rows: choose states with --states or --start-only, or "
            "use --gamma 0.99 or --criterion average instead of --horizon",
        )


MOST_STEPS = 1_000_000
"""The largest number of steps to go whose last layer can be asked for."""


def refuse_too_many_steps(horizon: int) -> None:
    """Refuse a number of steps to go that would be computed for hours.

    Raises:
        InputError: it is too large.
    """
    if horizon > MOST_STEPS:
        raise InputError(
            f"--steps-to-go {horizon:,} is more than {MOST_STEPS:,} passes over the model",
            fix="use --gamma 0.99 or --criterion average for what lasts so long",
        )


def refuse_long_horizon(mdp: MDP, request: SolveRequest) -> None:
    """Refuse a horizon whose rows or whose passes are too many.

    Raises:
        InputError: they are.
    """
    horizon = request.horizon or 1
    if request.last_only:
        refuse_too_many_steps(horizon)
    else:
        refuse_too_many_rows(mdp, request.states, horizon)


def by_steps_to_go(setup: SolveSetup, layers: Iterable[Layer]) -> Result:
    """Return π, Q, V and A of each pair with each number of steps to go, the most first.

    Args:
        setup: the model, the policy and the states.
        layers: one step to go first.
    """
    mdp, request, weight = setup.mdp, setup.request, setup.weight
    model = mdp.expected
    name = "optimal" if setup.policy is None else setup.policy.name
    rows = pair_rows(mdp, request.states)
    state = model.pair_state[rows]
    horizon = request.horizon or 1
    n_layers, bound, largest = 1 if request.last_only else horizon, 0.0, 0.0
    share = np.zeros(0) if weight is None else weight
    pi, q, v = (np.empty((n_layers, len(state))) for _ in range(3))
    for i, layer in zip(range(n_layers - 1, -1, -1), layers, strict=True):
        bound, action_value = max(bound, layer.bound), layer.action_value
        if weight is None:
            share = Policy.greedy(model, action_value, 2 * layer.bound).weight
        pi[i], q[i], v[i] = share[rows], action_value[rows], layer.value[state]
        largest = max([largest, *(float(np.abs(row).max(initial=0)) for row in (q[i], v[i]))])
    steps_to_go = np.repeat(np.arange(horizon, horizon - n_layers, -1), len(state))
    columns = {
        "steps_to_go": Column(steps_to_go, "key"),
        **pair_columns(mdp, rows, n_layers),
        **value_columns(pi.reshape(-1), q.reshape(-1), v.reshape(-1)),
    }
    bound += 4 * UNIT_ROUNDOFF * largest
    solution = Solution(action_value, layer.value, bound, "backward induction", horizon)
    facts: dict[str, Fact] = {
        **_method_facts(setup, solution, name),
        "start_value": None if mdp.start is None else float(mdp.start @ layer.value),
        "horizon": request.horizon,
        "states": model.n_states,
        "pairs": model.n_pairs,
    }
    title = _title(mdp, name, request)

    def charts() -> list[Chart]:
        from rlcalc.solvers.charts import value_charts

        return value_charts(mdp, layer.value, share, f"{title}, {horizon} steps to go")

    return Result("solve", title, columns, facts, list(mdp.notes), charts=charts)
