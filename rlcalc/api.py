"""The library: one function a command, and all orchestration in it.

A function takes paths, arrays or frames, and returns nouns and results; it prints nothing, and
raises the errors of `rlcalc.errors`. The commands call these functions too.
"""

from __future__ import annotations

import numbers
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, overload

from rlcalc.errors import InputError, UsageError, shown
from rlcalc.renderers.progress import without_progress

if TYPE_CHECKING:
    from rlcalc.expected_mdp import ExpectedMDP
    from rlcalc.mdp import MDP
    from rlcalc.numerics.arrays import Floats
    from rlcalc.policy import Policy
    from rlcalc.policy_gradient.setup import GradientSetup
    from rlcalc.readers.read_request import ReadRequest
    from rlcalc.readers.rollouts.request import RolloutRequest
    from rlcalc.readers.row_filter import RowFilter
    from rlcalc.result import Result
    from rlcalc.rollouts import Rollouts
    from rlcalc.simulation.play import Play
    from rlcalc.simulation.request import PlayRequest
    from rlcalc.tokens import Tokens
    from rlcalc.trajectories import Experience

Watch = Callable[[Iterable[Any], Callable[[Any], int]], Iterable[Any]]
"""A function that passes items on, and counts their episodes for a progress bar."""


def load(
    source: Any,
    *,
    kind: str | None = None,
    columns: dict[str, str] | None = None,
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
    request = _read_request(
        kind,
        columns,
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
    return load_files(_paths(source, "Trajectories"), request, collect_faults=collect_faults)


def _paths(source: Any, noun: str) -> list[str]:
    """Return the paths that a source is, or that it holds."""
    paths = _paths_or_none(source)
    if paths is None:
        raise UsageError(
            f"cannot read a {type(source).__name__}",
            fix=f"give a path, several in a list, a frame, a mapping of columns, or {noun}",
        )
    return paths


def _paths_or_none(source: Any) -> list[str] | None:
    several = [source] if isinstance(source, str | os.PathLike) else source
    are_paths = isinstance(several, Sequence) and all(
        isinstance(one, str | os.PathLike) for one in several
    )
    return list(map(os.fspath, several)) if are_paths else None


def _read_request(
    kind: str | None = None,
    columns: dict[str, str] | None = None,
    where: Sequence[str] = (),
    max_size: str | int | None = None,
    **reading: Any,
) -> ReadRequest:
    from rlcalc.readers.read_request import ReadRequest
    from rlcalc.readers.size_limit import parse_size
    from rlcalc.readers.sources import KINDS

    if kind is not None and kind not in KINDS:
        raise UsageError(
            f"there is no format of a source {shown(kind)}", fix=f"use one of {', '.join(KINDS)}"
        )
    size = parse_size(max_size)
    return ReadRequest(kind, columns or {}, where=_conditions(where), max_size=size, **reading)


def _rollout_request(
    where: Sequence[str] = (), max_size: str | int | None = None, **reading: Any
) -> RolloutRequest:
    from rlcalc.readers.rollouts.request import RolloutRequest
    from rlcalc.readers.size_limit import parse_size

    return RolloutRequest(where=_conditions(where), max_size=parse_size(max_size), **reading)


def _conditions(where: str | Sequence[str]) -> tuple[RowFilter, ...]:
    """Return the filters that one text, or each of several, writes."""
    if not where:
        return ()
    from rlcalc.readers.row_filter import RowFilter

    return tuple(map(RowFilter.parse, [where] if isinstance(where, str) else where))


def _require_numbers(*, whole: Mapping[str, Any] | None = None, **real: Any) -> None:
    """Refuse arguments that are not numbers, or not whole ones, by their names."""
    kinds = {numbers.Real: ("a number", real), numbers.Integral: ("a whole number", whole or {})}
    for kind, (expected, arguments) in kinds.items():
        for name, value in arguments.items():
            if value is not None and not isinstance(value, kind):
                raise UsageError(
                    f"{name} is {value!r}, expected {expected}", fix=f"give {expected}"
                )


def _not_a_model(source: Any) -> UsageError:
    return UsageError(
        f"a {type(source).__name__} is not a model",
        fix="give a path, the name of a spec or of an environment, or an MDP: see MDP.from_rows",
    )


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
    model: Any = None,
    jobs: int | None = None,
    play: Mapping[str, Any] | None = None,
    watch: Watch = without_progress,
    **reading: Any,
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
        model: the model behind the data, whose exact values (of the policy in `play`, default its
            own, else the uniform one) then stand beside the estimates.
        jobs: threads; the answer does not depend on it.
        play: how to simulate: policy, start, max_steps, seed, settings, as in `simulate`.
        watch: as in `simulate`.
        **reading: as in `load`.
    """
    from rlcalc.engines.threads import run
    from rlcalc.estimators import monte_carlo
    from rlcalc.estimators.request import EstimateRequest, Tools

    _require_numbers(gamma=gamma, confidence=confidence, lambda_=lambda_, whole={"passes": passes})
    if compare is not None and method != "mc":
        raise UsageError(
            f"--compare names the methods, so --method {shown(method)} has no effect",
            fix="leave out --method",
        )
    methods = [method] if compare is None else _names(compare)
    options = EstimateRequest(of, confidence, lambda_, alpha, passes, order)
    request = options.checked(methods, visit)
    run_pieces = partial(run, jobs=jobs)
    from rlcalc.estimators.passes import Passes, is_repeatable

    def estimates(experience: Experience, again: Callable[[], Experience] | None) -> Result:
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
            Tools(run_pieces, _linear_system, _best_action_values),
            side_by_side=compare is not None,
        )

    if episodes is None:
        load_again = partial(load, source, **{"unread": _unread(truncated), **reading})
        result = estimates(load_again(), load_again if is_repeatable(source) else None)
        if model is None:
            return result
        how = {name: (play or {}).get(name) for name in ("policy", "settings")}
        return _beside_model(result, model, **how)
    from rlcalc.simulation.estimate import estimate_play

    bootstrap = truncated == "bootstrap" or methods != ["mc"]
    how = {"bootstrap": bootstrap, **(play or {}), **reading}
    return estimate_play(_play(source, episodes, gamma=gamma, jobs=jobs, **how), estimates, watch)


def _linear_system(chain: ExpectedMDP, gamma: float, rewards: Floats, rough: bool) -> Floats:
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


def _names(names: str | Sequence[str]) -> list[str]:
    listed = names.split(",") if isinstance(names, str) else names
    return [name.strip() for name in listed]


def gain(
    source: Any,
    *,
    gamma: float | None = None,
    k: int | None = None,
    truncated: str = "keep",
    **reading: Any,
) -> Result:
    """Return the gain of every step: `rlcalc.estimators.gain.gain`.

    Args:
        source: and `**reading`, as in `load`.
        gamma: 0..1 a step; default from the source, else 1.
        k: sum only the first k rewards.
        truncated: `keep`, `drop`, `bootstrap` or `cut[:tolerance]`.
        **reading: as in `load`.
    """
    from rlcalc.estimators.gain import gain as gain_of

    _require_numbers(gamma=gamma, whole={"k": k})
    reading = {"identify": True, "unread": _unread(truncated), **reading}
    return gain_of(load(source, **reading), gamma, k, truncated)


def advantage(
    source: Any,
    *,
    method: str = "gae",
    lambda_: float | None = None,
    gamma: float | None = None,
    value: Any = None,
    policy: Any = None,
    clip_rho: float = 1.0,
    clip_c: float = 1.0,
    unknown_end: Literal["cut", "terminated"] | None = None,
    whiten: Literal["none", "ddof1", "ddof0"] | None = None,
    rows: Literal["steps", "summary", "lambda"] = "steps",
    model: Any = None,
    tool: str | None = None,
    trainer: str | None = None,
    audit: bool = False,
    **reading: Any,
) -> Result:
    """Return the advantage of every step: `rlcalc.estimators.advantages.report.advantage`.

    Args:
        source: and `**reading`, as in `load`; arrays [T, N] of a PPO buffer in an npz file or a
            mapping; or rollouts with lists of values and rewards of their tokens, as in
            `load_tokens`.
        method: `gae`, `td`, `n-step:K`, `lambda`, `mc`, `vtrace`, `retrace` or `tree-backup`.
        lambda_: 0..1; default 0.95, and 1 for methods with ratios.
        gamma: 0..1 a step; default from the source, else 1.
        value: the critic: the name of a column; a file with `state` and `v`, as `estimate` and
            `solve` write it (`state`, `action` and `q` for methods that need Q); `exact:MODEL`, the
            values of `policy` in a model; `ce` or `mc`, as in `estimate`. Default the column value.
        policy: a file with π, or {state: action or {action: probability}}; default exp(log_prob).
        clip_rho: largest π/b of V-trace.
        clip_c: largest π/b in a trace.
        unknown_end: how to treat ends after which the value is not known.
        whiten: give advantages the mean 0 and the deviation 1; default none, or as the program.
        rows: `steps`; `summary`, a row a quantity; or `lambda`: bias and spread of GAE(λ) in a
            model, `rlcalc.policy_gradient.lambda_bias.lambda_rows`.
        model: the model behind the data, for `rows="lambda"`; default that of `exact:MODEL`.
        tool: what a masked token does: one of `rlcalc.estimators.programs.TOOLS`; default carry, or
            as the program.
        trainer: compute as this program does: one of `rlcalc.estimators.programs.PROGRAMS`.
        audit: instead find the convention, γ and λ that give the source's own advantages, and
            return the steps that do not fit, or that differ from the right advantage.
        **reading: as in `load`.

    Raises:
        InputError: V of what follows a step is needed and is not known, or the data are wrong.
        UsageError: an option that does not fit the source.
    """
    from rlcalc.estimators.advantages import critic
    from rlcalc.estimators.advantages.report import advantage as advantage_of
    from rlcalc.estimators.advantages.request import AdvantageRequest
    from rlcalc.estimators.programs import PROGRAMS, answer
    from rlcalc.readers.models.policies import read_policy_of_log
    from rlcalc.tokens import Tokens
    from rlcalc.trajectories import Experience

    _require_numbers(gamma=gamma, lambda_=lambda_, clip_rho=clip_rho, clip_c=clip_c)
    if rows == "lambda":
        return _advantage_by_lambda(source, model, value, policy, gamma, **reading)
    _refuse_model(model)
    request = AdvantageRequest.parse(
        method,
        lambda_,
        clip_rho=clip_rho,
        clip_c=clip_c,
        unknown_end=unknown_end,
        whiten=whiten or "none",
        rows=rows,
    )
    how = answer.ProgramRequest.of(request, gamma, lambda_, trainer, tool, whiten, audit=audit)
    name = os.fspath(value) if isinstance(value, str | os.PathLike) else None
    model = name.removeprefix("exact:") if name and name.startswith("exact:") else None
    estimated = name in ("ce", "mc")
    from_file = not estimated and name is not None and model is None and os.path.isfile(name)
    by_state = from_file or bool(model) or estimated or policy is not None
    needed = ("state", "action", "reward") if by_state else ("reward",)
    if not (from_file or model or estimated):
        needed = (*needed, "value")
        if name is not None:
            reading = {**reading, "columns": {**(reading.get("columns") or {}), "value": name}}
    source = _critic_source(source, trainer, tool, reading)
    if isinstance(source, Tokens):
        return how.answer(source)
    before = trainer is not None and PROGRAMS[trainer].done == "before"
    done = "before" if before else "terminated" if unknown_end is None else "unsaid"
    reading = {"identify": True, "done": done, **reading}
    unread = () if "value" in needed else ("value", "next_value", "action_value")
    experience = load(source, needed=needed, unread=unread, **reading)
    if not (by_state or request.needs_policy or how.is_convention):
        return advantage_of(experience, request, gamma)
    batch = experience.whole()
    entries = policy
    if policy is not None and not isinstance(policy, Mapping):
        entries = read_policy_of_log(os.fspath(policy))
    chances = None if policy is None else critic.policy_of_log(entries)
    by_name = name if from_file or estimated else None
    of = Experience.of(batch, experience.gamma)
    known = _critic_values(by_name, model, of, gamma, policy)
    if known is not None:
        batch = critic.with_values(batch, *known, chances, request.needs_action_values)
    if how.is_convention:
        return how.answer(batch, experience.gamma, experience.notes)
    experience.batches = iter([batch])
    probability = None if chances is None else critic.chance_of_steps(batch, chances)
    return advantage_of(experience, request, gamma, probability)


def _critic_values(
    name: str | None, model: str | None, experience: Experience, gamma: float | None, policy: Any
) -> tuple[Any, Any] | None:
    """Return V by state and Q by state and action: of a model, an estimate or a file."""
    from rlcalc.estimators.advantages import critic
    from rlcalc.readers.value_tables import read_values

    if model:
        solved = solve(model, policy=_policy_or_own(policy, model), gamma=gamma)
        return critic.values_of_rows(solved.rows())
    if name in ("ce", "mc"):
        return critic.values_of_rows(estimate(experience, gamma=gamma, of="v", method=name).rows())
    if name is not None:
        return critic.values_of_rows(read_values(name), name)
    return None


def _refuse_model(model: Any) -> None:
    if model is not None:
        raise UsageError("--model applies to --rows lambda", fix="add --rows lambda")


def _advantage_by_lambda(
    source: Any, model: Any, value: Any, policy: Any, gamma: float | None, **reading: Any
) -> Result:
    """Return bias and spread of GAE(λ) in the model behind some data."""
    from rlcalc.labels import text_of_label
    from rlcalc.policies.named import policy_by_name
    from rlcalc.policy_gradient.lambda_bias import lambda_rows
    from rlcalc.readers.value_tables import read_values

    exact = isinstance(value, str) and value.startswith("exact:")
    if model is None and not exact:
        raise UsageError(
            "--rows lambda compares with the exact values of a model",
            fix="name it: --model MODEL, or --value exact:MODEL",
        )
    mdp = load_model(value.removeprefix("exact:") if model is None else model)
    name = None if value is None else os.fspath(value)
    critic: Any = "exact" if exact else "log"
    if name in ("ce", "mc"):
        rows = estimate(source, gamma=gamma, of="v", method=name, **reading).rows()
        critic = {text_of_label(row["state"]): row["v"] for row in rows}
    elif name is not None and not exact and os.path.isfile(name):
        critic = {text_of_label(row["state"]): row["v"] for row in read_values(name)}
    elif name is not None and not exact:
        reading = {**reading, "columns": {**(reading.get("columns") or {}), "value": name}}
    unread = () if critic == "log" else ("value", "next_value")
    experience = load(source, **{"unread": unread, **reading})
    discount = next((g for g in (gamma, mdp.gamma) if g is not None), 1.0)
    return lambda_rows(experience, mdp, policy_by_name(policy, mdp, discount), gamma, critic)


def _policy_or_own(policy: Any, model: Any) -> Any:
    """Return the policy whose exact values are a critic: by default the model's, else uniform."""
    if policy is not None:
        return policy
    return "uniform" if load_model(model).policy is None else "spec"


def _unread(truncated: str) -> tuple[str, ...]:
    """Return the fields of a step that a gain does not need."""
    values = () if truncated == "bootstrap" else ("value", "next_value")
    return (*values, "log_prob", "behaviour_prob", "old_log_prob", "advantage", "action_value")


def solve(
    source: Any,
    *,
    policy: Any = "optimal",
    gamma: float | None = None,
    horizon: int | None = None,
    criterion: Literal["reward", "average"] = "reward",
    method: str = "auto",
    bellman: Literal["vv", "qq", "vq", "qv"] | None = None,
    tol: float | None = None,
    max_iterations: int = 100_000,
    states: Sequence[Any] | None = None,
    start_only: bool = False,
    trace: bool = False,
    jobs: int | None = None,
    settings: Mapping[str, Any] | None = None,
    kind: str | None = None,
    columns: dict[str, str] | None = None,
    max_size: str | int | None = None,
) -> Result:
    """Return V, Q, A and the policy of a model, with a proven bound: `rlcalc.solvers.solve`.

    Args:
        source: a path, `-`, the name of a shipped spec or of an environment, or an `MDP`.
        policy: `optimal`, `uniform`, `spec`, `epsilon:0.1`, `softmax:1.0`, a file, a `Policy`, or a
            mapping {state: action or {action: probability}}.
        gamma: 0..1 a step; default from the source, else 1.
        horizon: values with 1 to so many steps to go.
        criterion: `reward`, discounted or total, or `average`: gain and bias.
        method: `auto`, or one of `rlcalc.solvers.methods.METHODS`.
        bellman: repeat one of the four recursions.
        tol: the largest acceptable bound; default 1e-6, and less where all rewards are below 1.
        max_iterations: the number of iterations after which the method stops.
        states: only the rows of these.
        start_only: only the rows of the start states.
        trace: a row an iteration.
        jobs: threads; the answer does not depend on it.
        settings: parameters of the source, e.g. {"gun": "bad"}.
        kind: the format of the source; default found by content.
        columns: the field of an outcome → the name of its column.
        max_size: as in `load`.

    Raises:
        InputError: the source is not a model, or the answer does not exist.
        NotConverged: the bound that was reached is above `tol`; `result` of it holds the answer.
    """
    from rlcalc.policies.named import policy_for_solve
    from rlcalc.readers.models.names import chosen_states
    from rlcalc.solvers import solve as solvers
    from rlcalc.solvers.request import SolveRequest

    whole = {"horizon": horizon, "max_iterations": max_iterations}
    _require_numbers(gamma=gamma, tol=tol, whole=whole)
    mdp = load_model(source, settings=settings, kind=kind, columns=columns, max_size=max_size)
    result = solvers.solve(
        mdp,
        SolveRequest(
            policy=policy_for_solve(policy, mdp, gamma),
            gamma=gamma,
            horizon=horizon,
            criterion=criterion,
            method=method,
            bellman=bellman,
            tol=tol,
            max_iterations=max_iterations,
            states=chosen_states(mdp, states, start_only=start_only),
            trace=trace,
            jobs=jobs,
        ),
    )
    solvers.require_solved(result, tol)
    return result


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
            returned as it is.
        settings: parameters of the source, e.g. {"gun": "bad"}.
        kind: the format; default found by content.
        columns: the field of an outcome → the name of its column.
        max_size: as in `load`.

    Raises:
        InputError: the source is not a model, or can only be simulated.
    """
    from rlcalc.environments import load as worlds
    from rlcalc.mdp import MDP

    if isinstance(source, MDP):
        return source
    if not isinstance(source, str | os.PathLike):
        raise _not_a_model(source)
    request = _read_request(kind, columns, max_size=max_size)
    return worlds.load_mdp(os.fspath(source), request, settings)


@overload
def simulate(
    source: Any, episodes: int, *, rows: Literal["trajectories"] = ..., **how: Any
) -> Experience: ...
@overload
def simulate(source: Any, episodes: int, *, rows: Literal["summary"], **how: Any) -> Result: ...
@overload
def simulate(
    source: Any, episodes: int, *, rows: Literal["rollouts"], **how: Any
) -> Iterator[dict[str, Any]]: ...
def simulate(
    source: Any,
    episodes: int,
    *,
    rows: str = "trajectories",
    watch: Watch = without_progress,
    **how: Any,
) -> Any:
    """Return episodes of a model or environment: trajectories, rollouts, or their statistics.

    Args:
        source: a path, `-`, the name of a shipped spec or of an environment, or an `MDP`.
        episodes: the number of episodes.
        rows: `trajectories`, an `Experience`; `summary`, a `Result`; or `rollouts`, the prompts
            and responses of a language world.
        watch: sees the blocks of episodes pass, with a function that gives their number of episodes
            (for a progress bar).
        **how: `policy`, as in `solve`, a `Policy`, or for a Gymnasium environment without a table
            a function from an observation to an action; `start`, a state, or `uniform`;
            `max_steps`; `seed`; `gamma`; `group`: so many episodes in a row share their start
            state; `with_prob`; `jobs`; `settings`, `kind`, `columns` and `max_size`, as in
            `solve`.

    Raises:
        InputError: the source is not a model, cannot be simulated so, or never ends.
    """
    if rows not in ("trajectories", "summary", "rollouts"):
        raise UsageError(f"rows is {shown(rows)}", fix="use trajectories, summary or rollouts")
    play = _play(source, episodes, **how)
    if rows == "summary":
        return play.summary(watch)
    if rows == "rollouts":
        return play.rollouts(watch(play.trajectories(), len))
    experience = play.experience()
    experience.batches = iter(watch(experience.batches, len))
    experience.facts = play.facts()
    return experience


def _world_and_request(
    load_world: Callable[..., Any],
    source: Any,
    episodes: int,
    *,
    settings: Mapping[str, Any] | None = None,
    kind: str | None = None,
    columns: dict[str, str] | None = None,
    max_size: str | int | None = None,
    **how: Any,
) -> tuple[Any, PlayRequest]:
    """Return the world of a source, and the request to simulate it; `how` as in `simulate`."""
    from rlcalc.simulation.request import PlayRequest

    whole = {"episodes": episodes, **{n: how.get(n) for n in ("max_steps", "seed", "group")}}
    _require_numbers(gamma=how.get("gamma"), whole=whole)
    request = PlayRequest(episodes, **how)
    reading = {"kind": kind, "columns": columns, "max_size": max_size}
    return load_world(source, settings=settings, **reading), request


def _play(source: Any, episodes: int, **how: Any) -> Play:
    from rlcalc.simulation.play import prepare_play

    return prepare_play(*_world_and_request(_load_world, source, episodes, **how))


def _load_world(
    source: Any,
    *,
    settings: Mapping[str, Any] | None,
    **reading: Any,
) -> Any:
    from rlcalc.environments import load as worlds
    from rlcalc.mdp import MDP

    request = _read_request(**reading)
    if isinstance(source, str | os.PathLike):
        return worlds.load_world(os.fspath(source), request, settings)
    if isinstance(source, MDP) or hasattr(source, "play"):
        return source
    raise _not_a_model(source)


def gradient(
    source: Any,
    episodes: int = 1000,
    *,
    form: Literal["all", "trajectory", "gain", "q", "advantage"] = "all",
    baseline: Literal["none", "mean", "value", "optimal"] = "none",
    critic: Literal["exact", "estimated"] = "exact",
    discount_weight: bool = True,
    rows: Literal["gradient", "variance"] = "gradient",
    batch: int | None = None,
    logits: str | None = None,
    from_data: Any = None,
    reading: Mapping[str, Any] | None = None,
    watch: Watch = without_progress,
    **how: Any,
) -> Result:
    """Return estimates of the policy gradient beside the exact one.

    Args:
        source: a model, as in `solve`.
        episodes: the number of episodes to simulate.
        form: the factor of the scores.
        baseline: the baseline of the forms trajectory and gain.
        critic: whether Q and V come from the model or from the other half of the episodes.
        discount_weight: with the factor γ^t.
        rows: a row a parameter and form, or a row a form.
        batch: episodes of one update; the facts tell its expected error.
        logits: a file with θ(s,a), or `zero`; default log π(a|s).
        from_data: trajectories to use instead, as in `load`; an `Experience`, which can be read
            once, is held in memory if it is needed twice.
        reading: how to read `from_data`: the arguments of `load`.
        watch: as in `simulate`.
        **how: `policy`, `start`, `max_steps`, `seed`, `gamma`, `jobs` and `settings`, `kind`,
            `columns`, `max_size`, as in `simulate`.

    Raises:
        InputError: the source is not a model, or there is no gradient.
    """
    from rlcalc.policy_gradient.compare import compare_with_exact
    from rlcalc.policy_gradient.logged_episodes import LoggedEpisodes
    from rlcalc.policy_gradient.request import GradientRequest

    request = GradientRequest(form, baseline, critic, discount_weight, rows, batch)
    setup = _gradient_setup(source, episodes, logits, plays=from_data is None, **how)
    data = None
    if from_data is not None:
        data = LoggedEpisodes.of(from_data, partial(load, **(reading or {})))
    return compare_with_exact(setup, request, data, watch)


def ascend(
    source: Any,
    steps: int,
    learning_rate: float,
    *,
    episodes: int | None = None,
    form: Literal["all", "trajectory", "gain", "q", "advantage"] = "advantage",
    baseline: Literal["none", "mean", "value", "optimal"] = "none",
    critic: Literal["exact", "estimated"] = "exact",
    discount_weight: bool = True,
    logits: str | None = None,
    watch: Watch = without_progress,
    **how: Any,
) -> tuple[Result, Policy]:
    """Return the objective after each step of gradient ascent, and the policy at its end.

    Args:
        source: a model, as in `solve`.
        steps: the number of steps.
        learning_rate: η in θ ← θ + η ∇J(θ).
        episodes: simulate so many for each step and follow an estimate; None: the exact gradient.
        form: and the others, of the estimate; as in `gradient`.
        baseline: as in `gradient`.
        critic: as in `gradient`.
        discount_weight: as in `gradient`.
        logits: as in `gradient`.
        watch: as in `simulate`.
        **how: as in `gradient`.

    Raises:
        InputError: the source is not a model, or there is no gradient.
    """
    from rlcalc.policy_gradient.ascent import ascend
    from rlcalc.policy_gradient.request import AscentRequest, GradientRequest

    request = GradientRequest(form, baseline, critic, discount_weight) if episodes else None
    setup = _gradient_setup(source, episodes or 1, logits, plays=request is not None, **how)
    return ascend(setup, AscentRequest(steps, learning_rate, request), watch)


def _gradient_setup(
    source: Any, episodes: int, logits: str | None, *, plays: bool, **how: Any
) -> GradientSetup:
    from rlcalc.policy_gradient.setup import set_up

    mdp, request = _world_and_request(load_model, source, episodes, **how)
    return set_up(mdp, request, logits, plays=plays)


def check(source: Any, *, settings: Mapping[str, Any] | None = None, **reading: Any) -> Result:
    """Return what a source is (trajectories, a model, rollouts or tokens), a row for every fault.

    Args:
        source: as in `load`.
        settings: parameters of a model, e.g. {"gun": "bad"}.
        **reading: as in `load`.
    """
    from rlcalc.environments import load as worlds
    from rlcalc.readers.describe import describe, describe_model
    from rlcalc.readers.read_request import ReadRequest

    request = _read_request(**reading)
    as_usual = ReadRequest(max_size=request.max_size)
    paths = _paths_or_none(source)
    if paths is None:
        return describe(load(source, collect_faults=True, **reading))
    if (buffer := _buffer_to_check(paths, request.columns)) is not None:
        return describe(buffer)
    failure: InputError | None = None
    result: Result | None = None
    try:
        if settings or worlds.is_world(paths, request):
            return describe_model(lambda: worlds.load_world(paths[0], request, settings))
        result = describe(load(paths, collect_faults=True, **reading))
        if not len(result) or result.facts["trajectories"]:
            return result
    except InputError as error:
        failure = error
    dump = _describe_dump(paths, result, request.max_size) if request == as_usual else None
    if dump is not None:
        return dump
    if failure is not None:
        raise failure
    assert result is not None
    return result


def _describe_dump(
    paths: list[str], as_trajectories: Result | None, size: int | None
) -> Result | None:
    """Return what rollouts or tokens in files are; None: they are neither.

    Args:
        paths: the files.
        as_trajectories: the faults that they have as trajectories; None: they could not be read.
        size: bytes that a compressed file may unpack to.
    """
    from rlcalc.readers.describe import describe_rollouts
    from rlcalc.readers.rollouts.detect import trainer_of
    from rlcalc.readers.tokens.describe import describe_tokens, holds_tokens, with_tokens

    trainer = trainer_of(paths, size)
    tokens = None
    if holds_tokens(paths, size):
        tokens = describe_tokens(load_tokens(paths, max_size=size))
    if tokens is not None and trainer in (None, "prime-rl"):  # whose exports hold nothing else
        return tokens
    read: Callable[[], Rollouts] = partial(load_rollouts, paths, max_size=size)
    no_rows = as_trajectories is not None and not as_trajectories.facts["rows"]
    if trainer is None and no_rows and "-" not in paths:
        try:  # they are rollouts by the names of their columns
            rollouts = load_rollouts(paths, max_size=size)
            trainer, read = str(rollouts.facts["format"]), lambda: rollouts
        except InputError:
            return None
    if trainer is None:
        return None
    from rlcalc.groups.oddities import rollout_oddities

    result = describe_rollouts(read, trainer, rollout_oddities)
    return result if tokens is None else with_tokens(result, tokens)


def load_rollouts(source: Any, **reading: Any) -> Rollouts:
    """Return the rollouts of a source.

    Args:
        source: a path, several in a list, a frame of Polars or pandas, a mapping of columns, or
            Rollouts, which are returned as they are.
        **reading: the columns and the format: `rlcalc.readers.rollouts.request`.
    """
    from rlcalc.readers.in_memory import frame_of
    from rlcalc.readers.rollouts import load as reader
    from rlcalc.rollouts import Rollouts

    if isinstance(source, Rollouts):
        if not len(source):
            raise InputError("there are no rollouts", fix="give at least one")
        return source
    request = _rollout_request(**reading)
    frame = frame_of(source)
    if frame is not None:
        return reader.load_frame(frame, request)
    return reader.load(_paths(source, "Rollouts"), request)


def group(
    source: Any,
    *estimators: str,
    trainer: str | None = None,
    side_by_side: bool | None = None,
    rows: Literal["rollouts", "groups", "steps", "summary"] = "rollouts",
    why: str | None = None,
    success: float = 1.0,
    tolerance: float = 2.0**-23,
    k: int | None = None,
    epsilon: float | None = None,
    ddof: int | None = None,
    scale: Literal["group", "batch", "none"] | None = None,
    leave_one_out: bool = False,
    length_penalty: str | None = None,
    **reading: Any,
) -> Result:
    """Return rollouts with their advantages: `rlcalc.groups.report.group`.

    Args:
        source: and `**reading`, as in `load_rollouts`.
        *estimators: one or several; default the trainer's first, else grpo.
        trainer: the trainer whose conventions apply; default rlcalc's own.
        side_by_side: each estimator has a column of its name, not one column `advantage`; default
            where there are several.
        rows: a row a rollout, a group or a step; `summary`: a step too, with the facts of all.
        why: the name of one group, or STEP/GROUP: only this group, with the arithmetic.
        success: the smallest reward that counts as success.
        tolerance: rewards are equal if they differ by at most this share of the larger.
        k: of pass-k-analytic; default 4.
        epsilon: added to the standard deviation.
        ddof: of the standard deviation, 0 or 1.
        scale: the standard deviation to divide by.
        leave_one_out: mean and deviation of the others.
        length_penalty: `kimi`, `efficiency` or `overlong:MAX:BUFFER`.
        **reading: as in `load_rollouts`.

    Raises:
        UsageError: a change that the estimator does not use.
    """
    reading = {"beginnings": why is not None, **reading}
    with _rollouts_beside_imports(source, **reading) as rollouts:
        from rlcalc.groups import explain, report
        from rlcalc.groups.advantages.request import ConventionRequest

        request = ConventionRequest(epsilon, ddof, scale, leave_one_out, k, success, length_penalty)
        if len(estimators) > 1 if side_by_side is None else side_by_side:
            conventions = request.conventions(estimators, trainer)
        else:
            how = request.convention(estimators[0] if estimators else None, trainer)
            conventions = {"advantage": how}
        if why is not None:
            how = next(iter(conventions.values()))
            return explain.explain(rollouts(), why, how, success, tolerance)
        return report.group(rollouts(), conventions, rows, success, tolerance)


def group_against(
    source: Any,
    against: Any,
    *,
    tolerance: float = 2.0**-23,
    confidence: float = 0.95,
    **reading: Any,
) -> Result:
    """Return the paired differences of two runs on the same prompts, a row a prompt.

    Prompts are matched by their text where both runs have it, else by the names of the groups, and
    by these too where `group` names their column: see `rlcalc.groups.against`.

    Args:
        source: and `**reading`, as in `load_rollouts`.
        against: the run to compare with, likewise.
        tolerance: a prompt is tied if its means differ by at most this share of the larger.
        confidence: of the interval of the mean difference.
        **reading: as in `load_rollouts`, for both.

    Raises:
        InputError: no prompt is in both runs.
    """
    from rlcalc.groups.against import compare_runs

    reading = {"prompts": reading.get("group") is None, **reading}
    first, second = (load_rollouts(run, **reading) for run in (source, against))
    return compare_runs(first, second, tolerance, confidence)


def audit(
    source: Any,
    estimator: str | None = None,
    *,
    trainer: str | None = None,
    tolerance: float = 2.0**-23,
    success: float = 1.0,
    k: int | None = None,
    epsilon: float | None = None,
    ddof: int | None = None,
    scale: Literal["group", "batch", "none"] | None = None,
    leave_one_out: bool = False,
    length_penalty: str | None = None,
    **reading: Any,
) -> Result:
    """Return the rollouts whose advantage is not the one that the best convention gives.

    Args:
        source: and `**reading`, as in `load_rollouts`.
        estimator: the estimator to compare the advantages with; default the one that fits best,
            if there is no trainer either.
        trainer: the trainer to compare them with.
        tolerance: rewards are equal if they differ by at most this share of the larger.
        success: and the others, as in `group`.
        k: as in `group`.
        epsilon: as in `group`.
        ddof: as in `group`.
        scale: as in `group`.
        leave_one_out: as in `group`.
        length_penalty: as in `group`.
        **reading: as in `load_rollouts`.

    Raises:
        UsageError: a change that the estimator does not use, or one without an estimator.
    """
    with _rollouts_beside_imports(source, **reading) as rollouts:
        from rlcalc.groups.advantages.length_penalty import penalised
        from rlcalc.groups.advantages.request import ConventionRequest
        from rlcalc.groups.audit import report as audits

        request = ConventionRequest(epsilon, ddof, scale, leave_one_out, k, success, length_penalty)
        if not (estimator or trainer):
            request.require_use(
                "in an audit without --estimator or --as, which tries every convention"
            )
        how = request.convention(estimator, trainer)
        against = replace(how, length_penalty=None) if estimator or trainer else None
        shaped = penalised(rollouts(), how.length_penalty, how.success)
        changed = length_penalty is not None and f"length penalty {length_penalty}"
        return audits.audit(shaped, tolerance, against, changed or None)


def load_tokens(
    source: Any,
    *,
    where: Sequence[str] = (),
    max_size: str | int | None = None,
    **reading: Any,
) -> Iterator[Tokens]:
    """Yield the tokens of rollouts, batch by batch.

    Args:
        source: a path, several in a list, a frame of Polars or pandas, a mapping of columns or of
            arrays [rollouts, tokens], or Tokens.
        where: as in `load`.
        max_size: as in `load`.
        **reading: `columns`, the field → its column; `group`, `reward`, `advantage`: columns;
            `group_size`: so many rows after each other are a group; `form`: the trainer whose
            records they are; `needs`: fields that must be there.

    Raises:
        InputError: the source has no lists of tokens, or is not as it should be.
    """
    from rlcalc.readers.in_memory import frame_of
    from rlcalc.readers.rollouts import dumps
    from rlcalc.readers.size_limit import parse_size
    from rlcalc.readers.tokens import load as reader
    from rlcalc.readers.tokens.names import TokenRequest
    from rlcalc.tokens import Tokens

    if isinstance(source, Tokens):
        return iter([source])
    request = TokenRequest(where=_conditions(where), max_size=parse_size(max_size), **reading)
    if request.form is not None:
        dumps.named(request.form)
    if isinstance(source, Mapping) and any(
        getattr(v, "ndim", 1) in (2, 3) for v in source.values()
    ):
        from rlcalc.readers.tokens.arrays import tokens_of_arrays

        return iter([tokens_of_arrays(source, request, "the arrays")])
    frame = frame_of(source)
    if frame is not None:
        return reader.load_frame(frame, request)
    return reader.load(_paths(source, "Tokens"), request)


def objective(
    source: Any,
    *,
    loss: str | None = None,
    clip: str | float | Sequence[float] | None = None,
    dual_clip: float | None = None,
    delta: float | None = None,
    aggregate: str | None = None,
    kl: str | None = None,
    beta: float | None = None,
    kl_in: Literal["loss", "reward"] | None = None,
    rollout_correction: str | None = None,
    value_clip: float | None = None,
    estimator: str | None = None,
    trainer: str | None = None,
    compare: str | Sequence[str] | None = None,
    rows: Literal["tokens", "rollouts", "summary"] = "tokens",
    success: float = 1.0,
    jobs: int | None = None,
    **reading: Any,
) -> Result:
    """Return what the loss of a batch of tokens is: `rlcalc.objectives.report.objective`.

    Args:
        source: and `**reading`, as in `load_tokens`.
        loss: one of `rlcalc.objectives.losses.LOSSES`; default ppo, or the trainer's.
        clip: ε, `LOW:HIGH` or a pair; default 0.2, or the trainer's.
        dual_clip: c: where A < 0 the loss is at most −A c.
        delta: δ: the unclipped ratio is at most this.
        aggregate: token-mean, seq-mean-token-mean, seq-mean-token-sum, token-sum or constant:L.
        kl: the estimator of the KL term: none, k1, k2, k3, k1+, k3+ or abs.
        beta: its weight; default 0.001, or the trainer's.
        kl_in: loss, or reward, from which `estimator` then computes.
        rollout_correction: none, tis:C, mask:LOW:HIGH or seq-mask:LOW:HIGH.
        value_clip: how far V may move from the old V in the value loss; default 0.2, or the
            trainer's; inf: any distance.
        estimator: compute the advantages from the rewards of the groups, as `group` does.
        trainer: compute as this trainer does.
        compare: several trainers, a row each.
        rows: a row a token, a rollout, or a region.
        success: the reward from which a rollout is right.
        jobs: threads; the answer does not depend on it.
        **reading: as in `load_tokens`.

    Raises:
        InputError: there are no log-probabilities or no advantages, or a number is wrong.
        UsageError: an option that is out of range, or that the loss does not use.
    """
    from rlcalc.engines.threads import run
    from rlcalc.objectives import report
    from rlcalc.objectives.request import ObjectiveRequest

    _require_numbers(dual_clip=dual_clip, delta=delta, beta=beta, value_clip=value_clip)
    request = ObjectiveRequest(
        loss, clip, dual_clip, delta, aggregate, kl, beta, kl_in, rollout_correction, value_clip
    )
    objectives = {trainer or "rlcalc": request.objective(trainer)}
    if compare is not None:
        names = compare.split(",") if isinstance(compare, str) else list(compare)
        names = [name.strip() for name in names]
        objectives = {n: request.objective(None if n == "rlcalc" else n) for n in names}
    how = next(iter(objectives.values()))
    batches = _token_batches(source, {"needs": _needed_columns(how.loss), **reading})
    if estimator is not None:
        batches = _with_advantages(batches, estimator, trainer, how)
    arguments: dict[str, Any] = {
        "success": success,
        "engine": partial(run, jobs=jobs),
    }
    if compare is not None:
        return report.compare(batches(), objectives, **arguments)
    return report.objective(batches(), how, rows, **arguments)


def _needed_columns(loss: str) -> tuple[str, ...]:
    return ("value", "target") if loss == "value" else ("log_prob",)


def _token_batches(source: Any, reading: Mapping[str, Any]) -> Callable[[], Iterable[Tokens]]:
    """Return a function that reads the tokens, again each time it is called."""
    paths = _paths_or_none(source)
    if paths is not None and "-" not in paths:
        return lambda: load_tokens(paths, **reading)
    in_memory = list(load_tokens(source, **reading))  # what comes through a pipe is gone once read
    return lambda: in_memory


def _with_advantages(
    batches: Callable[[], Iterable[Tokens]], estimator: str, trainer: str | None, how: Any
) -> Callable[[], Iterator[Tokens]]:
    """Return the batches with the advantages that an estimator gives the rollouts."""
    import numpy as np

    from rlcalc.groups.advantages.compute import advantages
    from rlcalc.groups.advantages.trainers import TRAINERS, convention_of
    from rlcalc.objectives.rewards import RolloutRewards, with_advantages
    from rlcalc.rollouts import Rollouts

    theirs = trainer if estimator in TRAINERS.get(trainer or "", ()) else None
    convention = convention_of(estimator, theirs)
    rewards = RolloutRewards(how)
    for tokens in batches():
        rewards.add(tokens)
    columns = rewards.columns()
    rollouts = Rollouts.from_arrays(**columns)
    answer = advantages(rollouts, convention)
    advantage = np.empty(len(answer))
    advantage[slice(None) if rollouts.row is None else rollouts.row] = answer
    return lambda: with_advantages(batches(), advantage)


def _critic_source(
    source: Any, trainer: str | None, tool: str | None, reading: Mapping[str, Any]
) -> Any:
    """Return the tokens of a source, the experience of a buffer, or the source as it is.

    Args:
        source: as in `advantage`.
        trainer: the program that wrote it, which tells what dones mean.
        tool: what masked tokens do; standard input has tokens where it is set.
        reading: the arguments of `load`.
    """
    from rlcalc.estimators.programs import TOKEN_PROGRAMS
    from rlcalc.readers import critic_sources
    from rlcalc.tokens import Tokens, joined
    from rlcalc.trajectories import Experience, Trajectories

    if isinstance(source, Tokens | Experience | Trajectories):
        return source
    paths = _paths_or_none(source)
    if paths is not None:
        kind = critic_sources.kind_of(paths)
        if "-" in paths and (tool is not None or trainer in TOKEN_PROGRAMS):
            kind = "tokens"
    elif isinstance(source, Mapping) and any(
        getattr(v, "ndim", 1) in (2, 3) for v in source.values()
    ):
        kind = critic_sources.kind_of_arrays(source)
    else:
        kind = critic_sources.kind_of_frame(source)
    columns = dict(reading.get("columns") or {})
    if kind == "tokens":
        batches = load_tokens(
            source if paths is None else paths,
            where=reading.get("where") or (),
            max_size=reading.get("max_size"),
            columns=columns,
            needs=(),
        )
        return joined(list(batches))
    if kind == "buffer":
        return _buffer(source if paths is None else paths, trainer, columns)
    return source


def _buffer_to_check(paths: list[str], columns: Mapping[str, str]) -> Experience | None:
    """Return the experience of a buffer, with its faults; None: the source is something else."""
    from rlcalc.labels import Labels
    from rlcalc.readers.critic_sources import kind_of
    from rlcalc.trajectories import Experience

    if not paths or not paths[0].endswith(".npz"):
        return None
    try:
        if kind_of(paths) != "buffer":
            return None
    except InputError:
        return None  # the reader of models tells what is wrong
    try:
        experience = _buffer(paths, None, dict(columns))
    except InputError as error:
        return Experience(iter(()), Labels(), Labels(), faults=list(error.faults))
    experience.kinds.append("npz")
    return experience


def _buffer(source: Any, trainer: str | None, columns: dict[str, str]) -> Experience:
    """Return the trajectories of arrays [T, N], in memory or in one npz file."""
    import numpy as np

    from rlcalc.estimators.programs import program_of
    from rlcalc.readers.critic_sources import arrays_of
    from rlcalc.readers.sources import opened, resolve_files
    from rlcalc.readers.trajectories.buffers import trajectories_of_arrays
    from rlcalc.trajectories import Experience

    where = "the arrays"
    if not isinstance(source, Mapping):
        files = resolve_files(list(source))
        if len(files) != 1:
            raise InputError(
                f"there are {len(files)} buffers", fix="give one npz file: each is cut at its end"
            )
        with opened(files[0], None) as file:
            source, where = arrays_of(file), file.at()
    arrays = {name: np.asarray(array) for name, array in source.items()}
    program = program_of(trainer)
    batch, notes = trajectories_of_arrays(
        arrays,
        where,
        program.done if trainer else None,
        columns,
        batch_first=program.batch_first,
    )
    gamma = arrays.get("gamma")
    one = gamma is not None and gamma.size == 1 and gamma.dtype.kind in "iuf"
    experience = Experience.of(batch, float(gamma.item()) if one and gamma is not None else None)
    experience.notes += notes
    experience.n_rows = batch.n_steps
    return experience


@contextmanager
def _rollouts_beside_imports(source: Any, **reading: Any) -> Iterator[Callable[[], Rollouts]]:
    """Read rollouts while modules are imported; yield the function that waits for them."""
    from rlcalc.readers.rollouts.load import loading

    paths = _paths_or_none(source)
    if paths is not None:
        with loading(paths, _rollout_request(**reading)) as rollouts:
            yield rollouts
    else:
        yield partial(load_rollouts, source, **reading)
