"""rlcalc solve: V, Q, A and the best policy of a model, with a proven bound."""

from __future__ import annotations

from rlcalc.commands import answer, rows_shown, settings_of, source_options
from rlcalc.options import (
    All,
    Bellman,
    Columns,
    Criterion,
    CriterionOption,
    Csv,
    FormatOption,
    From,
    Gamma,
    Head,
    Horizon,
    Jobs,
    Json,
    MaxIterations,
    Method,
    MethodOption,
    Model,
    Output,
    PolicyOption,
    Quiet,
    Settings,
    StartOnly,
    States,
    Tolerance,
    Trace,
)


def solve(
    source: Model = None,
    policy: PolicyOption = "optimal",
    gamma: Gamma = None,
    horizon: Horizon = None,
    criterion: Criterion = CriterionOption.reward,
    method: Method = MethodOption.auto,
    bellman: Bellman = None,
    tol: Tolerance = None,
    max_iterations: MaxIterations = 100_000,
    trace: Trace = False,
    start_only: StartOnly = False,
    states: States = None,
    set_: Settings = None,
    from_: From = None,
    columns: Columns = None,
    format_: FormatOption = None,
    json: Json = False,
    csv: Csv = False,
    output: Output = None,
    head: Head = None,
    all_: All = False,
    jobs: Jobs = None,
    quiet: Quiet = False,
) -> None:
    """V, Q, A and the best policy of a model, with a proven bound.

    rlcalc solve gridworld-4x4

    rlcalc solve robot.yaml --policy epsilon:0.1 --gamma 0.95 --json | jq .facts.bound

    rlcalc solve transitions.parquet --gamma 0.99 -o values.parquet

    rlcalc solve rifle --set gun=bad --set bullet=bad
    """
    from rlcalc.environments import load
    from rlcalc.policies.named import policy_for_solve
    from rlcalc.readers.models.names import states_asked
    from rlcalc.readers.sources import needs_source
    from rlcalc.renderers import settled_format
    from rlcalc.solvers import solve
    from rlcalc.solvers.request import SolveRequest

    form = settled_format(format_, json=json, csv=csv, output=output)
    most = rows_shown(head, all_=all_)
    asked = source_options(from_, columns, one_step=False, order_by=None)
    name = needs_source([source] if source else None)[0]
    mdp = load.load_model(name, asked, settings_of(set_))
    question = SolveRequest(
        policy=policy_for_solve(policy, mdp, gamma),
        gamma=gamma,
        horizon=horizon,
        criterion=criterion.value,
        method=method.value,
        bellman=bellman.value if bellman else None,
        tol=tol,
        max_iterations=max_iterations,
        states=states_asked(mdp, states, start_only=start_only),
        trace=trace,
        jobs=jobs,
    )
    result = solve.solve(mdp, question)
    answer(result, form, output, head=most, quiet=quiet)
    solve.require_bound(result, tol)
