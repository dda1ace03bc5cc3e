"""The library: one function a command, and all orchestration in it.

A function takes paths, arrays or frames, and returns nouns and results; it prints nothing, and
raises the errors of `rlcalc.errors`. The commands call these functions too.
"""

from __future__ import annotations

import numbers
import os
from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, overload

from rlcalc.errors import UsageError

if TYPE_CHECKING:
    from rlcalc.formats import Kind
    from rlcalc.policy import Policy
    from rlcalc.policy_gradient.setup import GradientSetup
    from rlcalc.result import Result
    from rlcalc.rollouts import Rollouts
    from rlcalc.simulation.play import Play
    from rlcalc.trajectories import Experience


def load(
    source: Any,
    *,
    kind: Kind | str | None = None,
    columns: dict[str, str] | None = None,
    one_step: bool = False,
    order_by: str | None = None,
    identify: bool = False,
    collect_faults: bool = False,
) -> Experience:
    """Return the trajectories of a source, which are read as they are asked for.

    Args:
        source: a path, a glob, a folder, `-`, the name of a shipped spec, several of these in a
            list, a frame of Polars or pandas, a mapping of columns, `Trajectories`, or an
            `Experience`, which is returned as it is.
        kind: the format; default found by content.
        columns: what a step has → the name of its column, e.g. {"state": "position"}.
        one_step: every row of a table is a whole trajectory.
        order_by: the column by which each trajectory's steps are sorted.
        identify: keep row numbers, and the source's own names of trajectories and steps.
        collect_faults: go on when something is wrong, and collect what it is in `faults`.

    Returns:
        An iterator over batches of whole trajectories; `whole()` gives them all at once.

    Raises:
        InputError: the source is not there, or (while it is read) is not as it should be.
    """
    from rlcalc import readers
    from rlcalc.formats import Kind
    from rlcalc.readers.in_memory import frame_of
    from rlcalc.readers.sources import ReadRequest
    from rlcalc.trajectories import Experience, Trajectories

    if isinstance(source, Experience):
        return source
    if isinstance(source, Trajectories):
        return Experience.of(source)
    options = ReadRequest(Kind(kind) if kind else None, columns or {}, one_step, order_by, identify)
    frame = frame_of(source)
    if frame is not None:
        return readers.load_frame(frame, options, collect_faults=collect_faults)
    return readers.load(_paths(source, "Trajectories"), options, collect_faults=collect_faults)


def _paths(source: Any, noun: str) -> list[str]:
    """Return the paths that a source is, or that it holds."""
    several = [source] if isinstance(source, str | os.PathLike) else source
    if not isinstance(several, Sequence) or not all(
        isinstance(one, str | os.PathLike) for one in several
    ):
        raise UsageError(
            f"cannot read a {type(source).__name__}",
            fix=f"give a path, several in a list, a frame, a mapping of columns, or {noun}",
        )
    return list(map(os.fspath, several))


def _require_numbers(**given: Any) -> None:
    """Refuse what is no number, by the names of the arguments."""
    _require(numbers.Real, "a number", given)


def _require_whole(**given: Any) -> None:
    """Refuse what is no whole number, by the names of the arguments."""
    _require(numbers.Integral, "a whole number", given)


def _require(kind: type, expected: str, given: Mapping[str, Any]) -> None:
    for name, value in given.items():
        if value is not None and not isinstance(value, kind):
            raise UsageError(f"{name} is {value!r}, expected {expected}")


def _no_world(source: Any) -> UsageError:
    return UsageError(
        f"a {type(source).__name__} is no model",
        fix="give a path, the name of a spec or of an environment, or an MDP: see MDP.from_rows",
    )


def estimate(
    source: Any,
    *,
    episodes: int | None = None,
    gamma: float | None = None,
    visit: Literal["first", "every"] = "first",
    of: Literal["all", "v", "q", "a"] = "all",
    truncated: str = "keep",
    confidence: float = 0.95,
    jobs: int | None = None,
    play: Mapping[str, Any] | None = None,
    **reading: Any,
) -> Result:
    """Return Monte Carlo estimates of V, Q and A: `rlcalc.estimators.monte_carlo.estimate`.

    Args:
        source: and `**reading`, as in `load`; or with `episodes` a model, as in `simulate`.
        episodes: play the model so often, and estimate from that.
        gamma: 0..1 a step; default what the source says, else 1.
        visit: which visits count.
        of: what to estimate.
        truncated: `keep`, `drop`, `bootstrap` or `cut[:tolerance]`.
        confidence: of the intervals.
        jobs: threads; the answer does not depend on it.
        play: how to play the model: policy, start, max_steps, seed, settings, as in `simulate`.
        **reading: as in `load`.
    """
    from rlcalc.engines.threads import run
    from rlcalc.estimators import monte_carlo

    _require_numbers(gamma=gamma, confidence=confidence)
    ask = partial(
        monte_carlo.estimate,
        gamma=gamma,
        visit=visit,
        of=of,
        truncated=truncated,
        confidence=confidence,
        engine=partial(run, jobs=jobs),
    )
    if episodes is None:
        return ask(load(source, **reading))
    from rlcalc.simulation.estimate import estimate as estimate_play

    how = {"bootstrap": truncated == "bootstrap", **(play or {}), **reading}
    return estimate_play(_play(source, episodes, gamma=gamma, jobs=jobs, **how), ask)


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
        gamma: 0..1 a step; default what the source says, else 1.
        k: sum only the first k rewards.
        truncated: `keep`, `drop`, `bootstrap` or `cut[:tolerance]`.
        **reading: as in `load`.
    """
    from rlcalc.estimators.gain import gain as gain_of

    _require_numbers(gamma=gamma)
    _require_whole(k=k)
    return gain_of(load(source, identify=True, **reading), gamma, k, truncated)


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
    trace: bool = False,
    jobs: int | None = None,
    settings: Mapping[str, Any] | None = None,
    kind: Kind | str | None = None,
    columns: dict[str, str] | None = None,
) -> Result:
    """Return V, Q, A and the policy of a model, with a proven bound: `rlcalc.solvers.solve`.

    Args:
        source: a path, `-`, the name of a shipped spec or of an environment, or an `MDP`.
        policy: `optimal`, `uniform`, `spec`, `epsilon:0.1`, `softmax:1.0`, a file, a `Policy`.
        gamma: 0..1 a step; default what the source says, else 1.
        horizon: values with 1 to so many steps to go.
        criterion: `reward`, discounted or total, or `average`: gain and bias.
        method: `auto`, or one of `rlcalc.solvers.request.METHODS`.
        bellman: repeat one of the four recursions.
        tol: the bound that is wanted; default 1e-6, and less where all rewards are below 1.
        max_iterations: after which it gives up.
        states: only the rows of these.
        trace: the rows are the iterations.
        jobs: threads; the answer does not depend on it.
        settings: parameters of the source, e.g. {"gun": "bad"}.
        kind: the format of the source; default found by content.
        columns: what an outcome has → the name of its column.

    Raises:
        InputError: the source is no model, or the answer does not exist.
        NotConverged: the bound that was reached is above `tol`; `result` of it holds the answer.
    """
    from rlcalc.environments import load as worlds
    from rlcalc.formats import Kind
    from rlcalc.mdp import MDP
    from rlcalc.policies.named import policy_to_solve
    from rlcalc.readers.models.names import codes_of
    from rlcalc.readers.sources import ReadRequest
    from rlcalc.solvers import solve
    from rlcalc.solvers.request import SolveRequest

    _require_numbers(gamma=gamma, tol=tol)
    _require_whole(horizon=horizon, max_iterations=max_iterations)
    options = ReadRequest(Kind(kind) if kind else None, columns or {})
    mdp = source
    if not isinstance(source, MDP):
        if not isinstance(source, str | os.PathLike):
            raise _no_world(source)
        mdp = worlds.load_model(os.fspath(source), options, settings)
    result = solve.solve(
        mdp,
        SolveRequest(
            policy=policy_to_solve(policy, mdp, gamma),
            gamma=gamma,
            horizon=horizon,
            criterion=criterion,
            method=method,
            bellman=bellman,
            tol=tol,
            max_iterations=max_iterations,
            states=None if states is None else codes_of(list(map(str, states)), mdp.states),
            trace=trace,
            jobs=jobs,
        ),
    )
    solve.require_bound(result, tol)
    return result


@overload
def simulate(
    source: Any, episodes: int, *, rows: Literal["trajectories"] = ..., **how: Any
) -> Experience: ...
@overload
def simulate(source: Any, episodes: int, *, rows: Literal["summary"], **how: Any) -> Result: ...
def simulate(source: Any, episodes: int, *, rows: str = "trajectories", **how: Any) -> Any:
    """Return episodes of a world: as trajectories, or only what they come to.

    Args:
        source: a path, `-`, the name of a shipped spec or of an environment, or an `MDP`.
        episodes: how many.
        rows: `trajectories`, an `Experience`; or `summary`, a `Result`.
        **how: `policy`, as in `solve`, a `Policy`, or for a Gymnasium environment without a table
            a function from an observation to an action; `start`, a state, or `uniform`;
            `max_steps`; `seed`; `gamma`; `group`: so many episodes in a row begin in the same
            state; `with_prob`; `jobs`; `settings`, `kind` and `columns`, as in `solve`.

    Raises:
        InputError: the source is no world, or cannot be played so, or never ends.
    """
    if rows not in ("trajectories", "summary"):
        raise UsageError(f"rows {rows}", fix="trajectories or summary")
    play = _play(source, episodes, **how)
    return play.summary() if rows == "summary" else play.experience()


def _play(
    source: Any,
    episodes: int,
    *,
    settings: Mapping[str, Any] | None = None,
    kind: Kind | str | None = None,
    columns: dict[str, str] | None = None,
    **wish: Any,
) -> Play:
    from rlcalc.environments import load as worlds
    from rlcalc.formats import Kind
    from rlcalc.mdp import MDP
    from rlcalc.readers.sources import ReadRequest
    from rlcalc.simulation.play import prepare
    from rlcalc.simulation.request import PlayRequest

    _require_playable(episodes, wish)
    options = ReadRequest(Kind(kind) if kind else None, columns or {})
    named = isinstance(source, str | os.PathLike)
    if not (named or isinstance(source, MDP) or hasattr(source, "play")):
        raise _no_world(source)
    world = worlds.load(os.fspath(source), options, settings) if named else source
    return prepare(world, PlayRequest(episodes, **wish))


def _require_playable(episodes: int, wish: Mapping[str, Any]) -> None:
    _require_whole(episodes=episodes, **{n: wish.get(n) for n in ("max_steps", "seed", "group")})
    _require_numbers(gamma=wish.get("gamma"))


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
    **how: Any,
) -> Result:
    """Return estimates of the policy gradient beside the exact one.

    Args:
        source: a model, as in `solve`.
        episodes: how many to play.
        form: what the scores are multiplied by.
        baseline: what is taken off the gains of the forms trajectory and gain.
        critic: whether Q and V come from the model or from the other half of the episodes.
        discount_weight: with the factor γ^t.
        rows: a row a parameter and form, or a row a form.
        batch: episodes of one update, whose error the facts are to tell.
        logits: a file with θ(s,a), or `zero`; default log π(a|s).
        from_data: trajectories to use instead, as in `load`; of an `Experience`, which is gone
            through once, all are held if they must be looked at twice.
        **how: `policy`, `start`, `max_steps`, `seed`, `gamma`, `jobs` and `settings`, as in
            `simulate`.

    Raises:
        InputError: the source is no model, or there is no gradient.
    """
    from rlcalc.policy_gradient.compare import gradient
    from rlcalc.policy_gradient.logged_episodes import LoggedEpisodes
    from rlcalc.policy_gradient.request import GradientRequest

    question = GradientRequest(form, baseline, critic, discount_weight, rows, batch)
    at = _slope(source, episodes, logits, plays=from_data is None, **how)
    data = None if from_data is None else LoggedEpisodes.of(from_data, load)
    return gradient(at, question, data)


def ascend(
    source: Any,
    steps: int,
    learning_rate: float,
    *,
    episodes: int | None = None,
    form: Literal["trajectory", "gain", "q", "advantage"] = "advantage",
    baseline: Literal["none", "mean", "value", "optimal"] = "none",
    critic: Literal["exact", "estimated"] = "exact",
    discount_weight: bool = True,
    logits: str | None = None,
    **how: Any,
) -> tuple[Result, Policy]:
    """Return the objective after each step of gradient ascent, and the policy at its end.

    Args:
        source: a model, as in `solve`.
        steps: how many.
        learning_rate: η in θ ← θ + η ∇J(θ).
        episodes: play so many for each step and climb along an estimate; None: the exact gradient.
        form: and the others, of the estimate; as in `gradient`.
        baseline: as in `gradient`.
        critic: as in `gradient`.
        discount_weight: as in `gradient`.
        logits: as in `gradient`.
        **how: as in `gradient`.

    Raises:
        InputError: the source is no model, or there is no gradient.
    """
    from rlcalc.policy_gradient.ascent import AscentRequest, ascend
    from rlcalc.policy_gradient.request import GradientRequest

    question = GradientRequest(form, baseline, critic, discount_weight) if episodes else None
    at = _slope(source, episodes or 1, logits, plays=question is not None, **how)
    return ascend(at, AscentRequest(steps, learning_rate, question))


def _slope(
    source: Any,
    episodes: int,
    logits: str | None,
    *,
    plays: bool,
    settings: Mapping[str, Any] | None = None,
    **wish: Any,
) -> GradientSetup:
    from rlcalc.environments import load as worlds
    from rlcalc.mdp import MDP
    from rlcalc.policy_gradient.setup import set_up
    from rlcalc.simulation.request import PlayRequest

    _require_playable(episodes, wish)
    named = isinstance(source, str | os.PathLike)
    if not (named or isinstance(source, MDP)):
        raise _no_world(source)
    mdp = worlds.load_model(os.fspath(source), None, settings) if named else source
    return set_up(mdp, PlayRequest(episodes, **wish), logits, plays=plays)


def check(source: Any, **reading: Any) -> Result:
    """Return what a source is, trajectories or a model, and every fault in it as a row.

    Args:
        source: and `**reading`, as in `load`.
        **reading: as in `load`.
    """
    from rlcalc.environments import load as worlds
    from rlcalc.readers.describe import describe, describe_model
    from rlcalc.readers.sources import ReadRequest

    if isinstance(source, str | os.PathLike) and not reading:
        path = os.fspath(source)
        if worlds.is_model([path], ReadRequest()):
            return describe_model(lambda: worlds.load(path))
    return describe(load(source, collect_faults=True, **reading))


def load_rollouts(source: Any, **reading: Any) -> Rollouts:
    """Return the rollouts of a source.

    Args:
        source: a path, several in a list, a frame of Polars or pandas, a mapping of columns, or
            Rollouts, which are passed through.
        **reading: the columns and the format: `rlcalc.readers.rollouts.load.Asked`.
    """
    from rlcalc.readers.in_memory import frame_of
    from rlcalc.readers.rollouts import load as reader
    from rlcalc.readers.rollouts.request import RolloutRequest
    from rlcalc.rollouts import Rollouts

    if isinstance(source, Rollouts):
        return source
    asked = RolloutRequest(**reading)
    frame = frame_of(source)
    if frame is not None:
        return reader.load_frame(frame, asked)
    return reader.load(_paths(source, "Rollouts"), asked)


def group(
    source: Any,
    *estimators: str,
    trainer: str | None = None,
    rows: Literal["rollouts", "groups", "summary"] = "rollouts",
    success: float = 1.0,
    tolerance: float = 2.0**-23,
    k: int = 4,
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
        *estimators: one, for the column `advantage`, or several, each for a column of its name;
            default the trainer's first, else grpo.
        trainer: whose conventions; default rlcalc's own.
        rows: what a row is.
        success: the reward from which a rollout is right.
        tolerance: rewards are equal if they differ by no more, relative to the larger.
        k: of pass-k-analytic.
        epsilon: added to the standard deviation.
        ddof: of it, 0 or 1.
        scale: whose it is.
        leave_one_out: mean and deviation of the others.
        length_penalty: `kimi`, `efficiency` or `overlong:MAX:BUFFER`.
        **reading: as in `load_rollouts`.
    """
    from dataclasses import replace

    from rlcalc.groups import report as estimating
    from rlcalc.groups.advantages.trainers import convention_of

    conventions = {
        name if name and len(estimators) > 1 else "advantage": replace(
            convention_of(name, trainer), k=k, success=success, length_penalty=length_penalty
        ).but(epsilon=epsilon, ddof=ddof, scale=scale, leave_one_out=leave_one_out)
        for name in (estimators or (None,))
    }
    rollouts = load_rollouts(source, **reading)
    return estimating.group(rollouts, conventions, rows, success, tolerance)


def audit(source: Any, *, tolerance: float = 2.0**-23, **reading: Any) -> Result:
    """Return which convention gives the trainer's advantages, and what does not fit.

    Args:
        source: and `**reading`, as in `load_rollouts`.
        tolerance: rewards are equal if they differ by no more, relative to the larger.
        **reading: as in `load_rollouts`.
    """
    from rlcalc.groups.audit.report import audit as audited

    return audited(load_rollouts(source, **reading), tolerance)
