"""Trajectories: read them, and return their gains and estimates of values."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, Unpack

from rlcalc.api.arguments import Watch, names_of, paths_of, read_request, require_numbers
from rlcalc.api.episodes import play_of
from rlcalc.api.keywords import Reading, takes
from rlcalc.api.models import load_model
from rlcalc.errors import UsageError, shown
from rlcalc.renderers.progress import without_progress

if TYPE_CHECKING:
    from rlcalc.charts import Chart
    from rlcalc.estimators.observation_bins import BinsOption
    from rlcalc.estimators.request import Tools
    from rlcalc.expected_mdp import ExpectedMDP
    from rlcalc.numerics.arrays import Floats
    from rlcalc.result import Result
    from rlcalc.trajectories import Experience


@takes()
def load(
    source: Any,
    *,
    kind: str | None = None,
    columns: dict[str, str] | None = None,
    state_columns: Sequence[str] = (),
    one_step: bool = False,
    order_by: str | None = None,
    identify: bool = False,
    where: Sequence[str] = (),
    max_size: str | int | None = None,
    needed: Sequence[str] = ("state", "action", "reward"),
    unread: Sequence[str] = (),
    done: Literal["unsaid", "terminated", "before"] = "unsaid",
    collect_faults: bool = False,
) -> Experience:
    """Return the trajectories of a source, which are read while they are used.

    Args:
        source: a path, a glob, a folder, `-`, the name of a shipped spec, several of these in a
            list, a frame of Polars or pandas, a mapping of columns, `Trajectories`, or an
            `Experience`, which is returned as it is.
        kind: the format; default found by content.
        columns: the field of a step → the name of its column, e.g. {"state": "position"}.
        state_columns: columns of numbers that are the state together, as a list; steps in tables
            alone.
        one_step: every row of a table is a whole trajectory.
        order_by: the column by which each trajectory's steps are sorted.
        identify: keep row numbers, and the source's own names of trajectories and steps.
        where: conditions `COLUMN OP VALUE`, such as "step >= 100": only rows that fit are read.
        max_size: what a compressed source may unpack to, in bytes or as "20GB"; default 256 MB, or
            800 times its own size (zstd: 5,000 times).
        needed: fields that every step must have.
        unread: fields of a step that are not needed (`value`, `next_value`, `log_prob`,
            `behaviour_prob`, `old_log_prob`, `advantage`), so that nothing in them is a fault.
        done: what a column `done` (or `is_first`) tells of an end: not its reason; that it
            terminated; or that it was before the row, as in CleanRL.
        collect_faults: go on after a fault, and collect all of them in `faults`.

    Returns:
        An iterator over batches of whole trajectories; `whole()` gives them all at once.

    Raises:
        InputError: the source does not exist, or (while it is read) is faulty.
    """
    from rlcalc.readers.in_memory import frame_of
    from rlcalc.readers.trajectories.load import load as load_files
    from rlcalc.readers.trajectories.load import load_frame
    from rlcalc.trajectories import Experience, Trajectories

    if isinstance(source, Experience):
        return source
    if isinstance(source, Trajectories):
        return Experience.of(source)
    request = read_request(
        kind,
        {**(columns or {}), "state": state_columns[0]} if state_columns else columns,
        state_columns=tuple(state_columns),
        one_step=one_step,
        order_by=order_by,
        identify=identify,
        where=where,
        max_size=max_size,
        needed=tuple(needed),
        unread=tuple(unread),
        done=done,
    )
    frame = frame_of(source)
    if frame is not None:
        return load_frame(frame, request, collect_faults=collect_faults)
    return load_files(paths_of(source, "Trajectories"), request, collect_faults=collect_faults)


@takes(Reading)
def estimate(
    source: Any,
    *,
    episodes: int | None = None,
    gamma: float | None = None,
    visit: Literal["first", "every"] = "first",
    of: Literal["all", "v", "q", "a"] = "all",
    method: str = "mc",
    compare: str | Sequence[str] | None = None,
    lambda_: float | None = None,
    alpha: float | str | None = None,
    passes: int | None = None,
    order: Literal["file", "reverse"] | None = None,
    truncated: str = "keep",
    confidence: float = 0.95,
    rows: Literal["estimates", "convergence"] = "estimates",
    model: Any = None,
    precision: float | None = None,
    bins: BinsOption = None,
    jobs: int | None = None,
    play: Mapping[str, Any] | None = None,
    watch: Watch = without_progress,
    **reading: Unpack[Reading],
) -> Result:
    """Return estimates of V, Q and A: `monte_carlo.estimate` of `rlcalc.estimators`, and others.

    Args:
        source: and `**reading`, as in `load`; or with `episodes` a model, as in `simulate`.
        episodes: simulate so many episodes of the model, and estimate from them.
        gamma: 0..1 a step; default from the source, else 1.
        visit: which visits count; of mc.
        of: the quantities to estimate.
        method: one of `rlcalc.estimators.METHODS`.
        compare: several of them side by side, in a list or with commas between them.
        lambda_: trace decay of td-lambda, 0..1; default 0.95.
        alpha: step size of td and the like: a number, or `1/n`; default 0.05.
        passes: how often td and the like go through the data; default 1.
        order: whether they go from the first step to the last (`file`) or back (`reverse`).
        truncated: `keep`, `drop`, `bootstrap`, or for mc `cut[:tolerance]`.
        confidence: of the intervals.
        rows: `estimates`; `convergence`: V of mc after the first 1, 2, 3, 4, 6, ... trajectories.
        model: the model behind the data, whose exact values (of the policy in `play`, default its
            own, else the uniform one) then stand beside the estimates.
        precision: the half width of the intervals that are wanted: how many more trajectories
            they need, by the variance that was seen.
        bins: divide the numbers of the states into at most so many intervals of a round width:
            10; "10,5" or a list, for each number of a state; or columns that are the state
            together, {"x": 10, "y": 5} or "x=10,y=5".
        jobs: threads; the answer does not depend on it.
        play: how to simulate: policy, start, max_steps, seed, settings, as in `simulate`.
        watch: as in `simulate`.
        **reading: as in `load`.
    """
    from rlcalc.engines.threads import run
    from rlcalc.estimators import monte_carlo
    from rlcalc.estimators.precision import with_precision
    from rlcalc.estimators.request import EstimateRequest
    from rlcalc.numerics.sample_size import require_half_width

    require_numbers(gamma=gamma, confidence=confidence, lambda_=lambda_, whole={"passes": passes})
    require_numbers(precision=precision)
    require_half_width(precision)
    if compare is not None and method != "mc":
        raise UsageError(
            f"--compare names the methods, so --method {shown(method)} has no effect",
            fix="leave out --method",
        )
    methods = [method] if compare is None else names_of(compare)
    options = EstimateRequest(of, confidence, lambda_, alpha, passes, order)
    request = options.checked(methods, visit)
    run_pieces = partial(run, jobs=jobs)
    from rlcalc.estimators.passes import Passes

    if rows == "convergence" and (of not in ("all", "v") or compare or methods != ["mc"]):
        raise UsageError(
            "--rows convergence follows V of mc",
            fix="leave out --method, --compare and --of",
        )

    def estimates(experience: Experience, again: Callable[[], Experience] | None) -> Result:
        if rows == "convergence":
            from rlcalc.estimators.convergence import convergence

            return convergence(experience, gamma, visit, truncated, confidence, run_pieces)
        if methods == ["mc"] and compare is None:
            return monte_carlo.estimate(
                experience, gamma, visit, of, truncated, confidence, run_pieces
            )
        from rlcalc.estimators.comparison import estimate_by

        return estimate_by(
            Passes(experience, again),
            methods,
            request,
            gamma,
            visit,
            truncated,
            tools_of(jobs),
            side_by_side=compare is not None,
        )

    if episodes is None:
        experience, again = _read(source, bins, {"unread": unread_of(truncated), **reading})
        result = with_precision(estimates(experience, again), precision)
        if model is not None:
            how = {name: (play or {}).get(name) for name in ("policy", "settings")}
            result = _beside_model(result, model, **how)
        return _with_charts(result)
    from rlcalc.simulation.estimate import estimate_play

    bootstrap = truncated == "bootstrap" or methods != ["mc"]
    how = {"bootstrap": bootstrap, **(play or {}), **reading}
    play_ready = play_of(source, episodes, gamma=gamma, jobs=jobs, **how)
    return _with_charts(with_precision(estimate_play(play_ready, estimates, watch), precision))


def _read(
    source: Any, bins: BinsOption, keywords: dict[str, Any]
) -> tuple[Experience, Callable[[], Experience] | None]:
    """Return trajectories, in bins if asked for, and what reads them again where that is possible.

    Args:
        source: as in `estimate`.
        bins: as in `estimate`.
        keywords: of `load`.
    """
    from rlcalc.estimators.observation_bins import parse_bins, with_bins
    from rlcalc.estimators.passes import is_repeatable

    joined, most = parse_bins(bins)
    if joined:
        keywords["state_columns"] = joined
    load_again = partial(load, source, **keywords)
    if most:
        return with_bins(load_again(), most), None
    return load_again(), load_again if is_repeatable(source) else None


def _with_charts(result: Result) -> Result:
    """Return estimates with their pictures, which show the exact values too."""

    def charts() -> list[Chart]:
        from rlcalc.estimators.charts import estimate_charts

        return estimate_charts(result)

    return replace(result, charts=charts)


def tools_of(jobs: int | None) -> Tools:
    """Return what estimators take from other chapters.

    Args:
        jobs: threads.
    """
    from rlcalc.engines.threads import run
    from rlcalc.estimators.request import Tools
    from rlcalc.solvers.methods.linear import solve_adjoint

    return Tools(partial(run, jobs=jobs), linear_system, _best_action_values, solve_adjoint)


def linear_system(chain: ExpectedMDP, gamma: float, rewards: Floats, rough: bool) -> Floats:
    """Return the solution of v = rewards + γ P v for several rewards.

    Args:
        chain: one pair in each state that is not terminal.
        gamma: the discount factor a step.
        rewards: [pairs, several].
        rough: a few digits are enough.
    """
    from rlcalc.solvers.methods.linear import solve_system

    return solve_system(chain, gamma, rewards, 1e-4 if rough else 1e-12)


def _best_action_values(model: ExpectedMDP, gamma: float) -> Floats:
    """Return [K] the action values of the best policy of a model without names."""
    import numpy as np

    from rlcalc.labels import Numbers
    from rlcalc.mdp import MDP
    from rlcalc.solvers.dispatch import find_solution
    from rlcalc.solvers.request import SolveRequest
    from rlcalc.solvers.solve import make_setup

    mdp = MDP(
        pair_start=model.pair_start,
        action=(np.arange(model.n_pairs) - model.pair_start[model.pair_state]).astype(np.int32),
        outcome_start=model.outcome_start,
        next_state=model.next_state,
        probability=model.probability,
        reward=np.repeat(model.reward, np.diff(model.outcome_start)),
        states=Numbers(np.arange(model.n_states)),
        actions=Numbers(np.arange(max(np.diff(model.pair_start).tolist()))),
    )
    return find_solution(make_setup(mdp, SolveRequest(gamma=gamma), gamma)).action_value


def _beside_model(result: Result, model: Any, policy: Any, settings: Any) -> Result:
    """Return estimates with the exact values of a policy of a model beside them."""
    from rlcalc.policies.named import policy_by_name
    from rlcalc.simulation.estimate import exact_beside

    mdp = load_model(model, settings=settings)
    gamma = result.facts["gamma"]
    assert isinstance(gamma, float)
    return exact_beside(result, mdp, policy_by_name(policy, mdp, gamma), gamma)


@takes(Reading)
def gain(
    source: Any,
    *,
    gamma: float | None = None,
    k: int | None = None,
    truncated: str = "keep",
    rows: Literal["steps", "episodes"] = "steps",
    **reading: Unpack[Reading],
) -> Result:
    """Return the gain of every step: `rlcalc.estimators.gain.gain`; or of every trajectory.

    Args:
        source: and `**reading`, as in `load`.
        gamma: 0..1 a step; default from the source, else 1.
        k: sum only the first k rewards.
        truncated: `keep`, `drop`, `bootstrap` or `cut[:tolerance]`.
        rows: "episodes" gives a row a trajectory: gain, sum of the rewards, length and end.
        **reading: as in `load`.
    """
    from rlcalc.estimators.episodes import episodes
    from rlcalc.estimators.gain import gain as gain_of_steps

    require_numbers(gamma=gamma, whole={"k": k})
    if rows not in ("steps", "episodes"):
        raise UsageError(f"there are no rows {shown(rows)}", fix="use steps or episodes")
    keywords: dict[str, Any] = {"identify": True, "unread": unread_of(truncated), **reading}
    gain_of = episodes if rows == "episodes" else gain_of_steps
    return gain_of(load(source, **keywords), gamma, k, truncated)


def unread_of(truncated: str) -> tuple[str, ...]:
    """Return the fields of a step that a gain does not need."""
    values = () if truncated == "bootstrap" else ("value", "next_value")
    return (*values, "log_prob", "behaviour_prob", "old_log_prob", "advantage", "action_value")
