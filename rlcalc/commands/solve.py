"""rlcalc solve: V, Q, A and the best policy of a model, with a proven bound."""

from __future__ import annotations

from rlcalc import options
from rlcalc.errors import NotConverged, UsageError


def solve(
    source: options.Model = None,
    *,
    solving: options.SolveOptions,
    model: options.ModelOptions,
    output: options.TableOutputOptions,
) -> None:
    """V, Q, A and the best policy of a model, with a bound.

    The bound is proven: |v − V| is at most so much in every state.

    rlcalc solve gridworld-4x4

    rlcalc solve robot.yaml --policy epsilon:0.1 --gamma 0.95 --json | jq .facts.bound

    rlcalc solve transitions.parquet --gamma 0.99 -o values.parquet

    rlcalc solve rifle --set gun=bad --set bullet=bad
    """
    from rlcalc import api
    from rlcalc.options import needs_model

    if solving.grid is not None and (solving.trace or not output.is_picture):
        raise UsageError(
            "--grid changes the picture of the values alone",
            fix="add -o values.svg or --plot, or leave out --grid",
        )
    try:
        result = api.solve(needs_model(source), **solving.arguments(), **model.arguments())
    except NotConverged as error:
        output.write(error.result)
        raise
    output.write(result)
