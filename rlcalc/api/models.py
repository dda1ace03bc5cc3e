"""Models: read them, and solve them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from rlcalc.api.arguments import read_request, require_numbers
from rlcalc.api.keywords import takes
from rlcalc.errors import UsageError

if TYPE_CHECKING:
    from rlcalc.mdp import MDP
    from rlcalc.result import Result


@takes()
def solve(
    source: Any,
    *,
    policy: Any = "optimal",
    gamma: float | None = None,
    horizon: int | None = None,
    steps_to_go: int | None = None,
    criterion: Literal["reward", "average"] = "reward",
    method: str = "auto",
    bellman: Literal["vv", "qq", "vq", "qv"] | None = None,
    tol: float | str | None = None,
    max_iterations: int = 100_000,
    states: Sequence[Any] | None = None,
    start_only: bool = False,
    trace: bool = False,
    reach: Sequence[Any] | None = None,
    steps_to: Sequence[Any] | None = None,
    minimise: bool = False,
    proper: bool = False,
    rows: Literal["pairs", "occupancy", "return"] = "pairs",
    level: float | Sequence[float] | None = None,
    jobs: int | None = None,
    grid: str | Mapping[Any, tuple[int, int]] | None = None,
    settings: Mapping[str, Any] | None = None,
    kind: str | None = None,
    columns: dict[str, str] | None = None,
    max_size: str | int | None = None,
) -> Result:
    """Return V, Q, A and the policy of a model, with a proven bound: `rlcalc.solvers.solve`.

    Args:
        source: a path, `-`, the name of a shipped spec or of an environment, or an `MDP`; a
            frame or a mapping of columns with one outcome a row; a document as a mapping; arrays as
            a mapping of P and R (or QuantEcon's R, Q and beta) or as a pair (P, R); Gymnasium's
            table P, or an environment with one.
        policy: `optimal`, `uniform`, `spec`, `epsilon:0.1`, `softmax:1.0`, a file, a `Policy`, or a
            mapping {state: action or {action: probability}}.
        gamma: 0..1 a step; default from the source, else 1.
        horizon: values with 1 to so many steps to go.
        steps_to_go: values with so many steps to go alone, in the memory of two such layers.
        criterion: `reward`, discounted or total, or `average`: gain and bias.
        method: `auto`, or one of `rlcalc.solvers.methods.METHODS`.
        bellman: repeat one of the four recursions.
        tol: the largest acceptable bound, or as text such as "1e-6r", relative to the largest
            value; default 1e-6, and more where values are so large that floats hold less.
        max_iterations: the number of iterations after which the method stops.
        states: only the rows of these.
        start_only: only the rows of the start states.
        trace: a row an iteration.
        reach: the largest probability of ever reaching one of these states, in place of V; a name
            that ends with `*` stands for all that begin so.
        steps_to: the largest expected number of steps to one of these states, in place of V.
        minimise: the least in place of the largest; rewards are costs.
        proper: only policies that end with probability 1 count; other values are infinite.
        rows: `pairs`; `occupancy`, the discounted visits of the policy; or `return`, the mean and
            the variance of its gain.
        level: shares of the worst returns, above 0: their quantile and their mean (CVaR) are
            columns of `rows="return"`.
        jobs: threads; the answer does not depend on it.
        grid: the cells of the states in a picture: ROWSxCOLUMNS, whose rows the states fill in
            their order, or {state: (row, column)} from 0; default those of the source.
        settings: parameters of the source, e.g. {"gun": "bad"}.
        kind: the format of the source; default found by content.
        columns: the field of an outcome → the name of its column.
        max_size: as in `load`.

    Raises:
        InputError: the source is not a model, or the answer does not exist.
        NotConverged: the bound that was reached is above `tol`; `result` of it holds the answer.
    """
    from rlcalc.policies.named import policy_for_solve
    from rlcalc.readers.models.names import chosen_states, target_states
    from rlcalc.solvers import solve as solvers
    from rlcalc.solvers.questions.costs import with_opposite_rewards
    from rlcalc.solvers.request import SolveRequest, parse_tolerance

    whole = {
        "horizon": horizon,
        "steps_to_go": steps_to_go,
        "max_iterations": max_iterations,
    }
    if horizon is not None and steps_to_go is not None:
        raise UsageError(
            "--horizon and --steps-to-go both name a number of steps", fix="leave out one of them"
        )
    bound, relative = parse_tolerance(tol)
    levels = () if level is None else tuple(level) if isinstance(level, Iterable) else (level,)
    require_numbers(gamma=gamma, tol=bound, whole=whole)
    for one in levels:
        require_numbers(level=one)
    mdp = load_model(source, settings=settings, kind=kind, columns=columns, max_size=max_size)
    if grid is not None:
        from rlcalc.readers.models.grid import with_grid

        mdp = with_grid(mdp, grid, "--grid")
    wants_costs = minimise and reach is None and steps_to is None
    return solvers.solve(
        mdp,
        SolveRequest(
            policy=policy_for_solve(
                policy, with_opposite_rewards(mdp) if wants_costs else mdp, gamma
            ),
            gamma=gamma,
            horizon=steps_to_go if horizon is None else horizon,
            last_only=steps_to_go is not None,
            criterion=criterion,
            method=method,
            bellman=bellman,
            tol=bound,
            relative=relative,
            max_iterations=max_iterations,
            states=chosen_states(mdp, states, start_only=start_only),
            trace=trace,
            reach=target_states(mdp, reach, "--reach"),
            steps_to=target_states(mdp, steps_to, "--steps-to"),
            minimise=minimise,
            proper=proper,
            rows=rows,
            levels=levels,
            jobs=jobs,
        ),
    )


@takes()
def load_model(
    source: Any,
    *,
    settings: Mapping[str, Any] | None = None,
    kind: str | None = None,
    columns: dict[str, str] | None = None,
    max_size: str | int | None = None,
) -> MDP:
    """Return the model of a source.

    Args:
        source: a path, `-`, the name of a shipped spec or of an environment, or an `MDP`, which is
            returned as it is; or what `solve` takes.
        settings: parameters of the source, e.g. {"gun": "bad"}.
        kind: the format; default found by content.
        columns: the field of an outcome → the name of its column.
        max_size: as in `load`.

    Raises:
        InputError: the source is not a model, or can only be simulated.
    """
    from rlcalc.environments import load as worlds

    request = read_request(kind, columns, max_size=max_size)
    return worlds.load_mdp(source, request, settings)
