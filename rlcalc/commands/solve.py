"""rlcalc solve: V, Q, A and the best policy of a model, with a proven bound."""

from __future__ import annotations

from rlcalc.errors import NotConverged
from rlcalc.options import (
    Bellman,
    Criterion,
    Gamma,
    Horizon,
    Jobs,
    MaxIterations,
    Method,
    Model,
    ModelOptions,
    PolicyOption,
    StartOnly,
    States,
    TableOptions,
    Tolerance,
    Trace,
    names_of_states,
)


def solve(
    source: Model = None,
    policy: PolicyOption = "optimal",
    gamma: Gamma = None,
    horizon: Horizon = None,
    criterion: Criterion = "reward",
    method: Method = "auto",
    bellman: Bellman = None,
    tol: Tolerance = None,
    max_iterations: MaxIterations = 100_000,
    trace: Trace = False,
    start_only: StartOnly = False,
    states: States = None,
    jobs: Jobs = None,
    *,
    model: ModelOptions,
    output: TableOptions,
) -> None:
    """V, Q, A and the best policy of a model, with a bound.

    The bound is proven: |v − V| is at most so much in every state.

    rlcalc solve gridworld-4x4

    rlcalc solve robot.yaml --policy epsilon:0.1 --gamma 0.95 --json | jq .facts.bound

    rlcalc solve transitions.parquet --gamma 0.99 -o values.parquet

    rlcalc solve rifle --set gun=bad --set bullet=bad
    """
    from rlcalc import api
    from rlcalc.readers.sources import needs_model

    try:
        result = api.solve(
            needs_model(source),
            policy=policy,
            gamma=gamma,
            horizon=horizon,
            criterion=criterion,
            method=method,
            bellman=bellman,
            tol=tol,
            max_iterations=max_iterations,
            states=names_of_states(states),
            start_only=start_only,
            trace=trace,
            jobs=jobs,
            **model.arguments(),
        )
    except NotConverged as error:
        output.write(error.result)
        raise
    output.write(result)
