"""The model that a log shows, and what its randomness is."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, Unpack

from rlcalc.api.arguments import paths_or_none, read_request, require_numbers
from rlcalc.api.keywords import Reading, takes
from rlcalc.api.models import load_model, solve
from rlcalc.api.trajectories import linear_system, load, tools_of, unread_of
from rlcalc.errors import UsageError

if TYPE_CHECKING:
    from rlcalc.estimators.log_model.request import ModelRequest
    from rlcalc.estimators.observation_bins import BinsOption
    from rlcalc.result import Result


@takes(Reading)
def model(
    source: Any,
    *,
    rows: str = "transitions",
    gamma: float | None = None,
    truncated: str = "keep",
    seed: int | None = None,
    permutations: int = 999,
    bins: BinsOption = None,
    policy: Any = None,
    settings: Mapping[str, Any] | None = None,
    jobs: int | None = None,
    **reading: Unpack[Reading],
) -> Result:
    """Return the model that a log shows: `rlcalc.estimators.log_model.report.log_model`.

    Of a model itself, its outcomes and the exact split of the variance of the gain.

    Args:
        source: and `**reading`, as in `load`; or a model, as in `load_model`.
        rows: one of `rlcalc.estimators.log_model.ROWS`.
        gamma: 0..1 a step; default from the source, else 1.
        truncated: `keep`, `drop` or `bootstrap`.
        seed: of the permutations of `rows="markov"`; default 0.
        permutations: of each of its tables.
        bins: as in `estimate`.
        policy: of a model: whose gain varies, as in `simulate`; default its own, else uniform.
        settings: parameters of a model.
        jobs: threads; the answer does not depend on it.
        **reading: as in `load`.
    """
    from rlcalc.estimators.log_model.report import log_model
    from rlcalc.estimators.log_model.request import ModelRequest
    from rlcalc.estimators.observation_bins import parse_bins, with_bins
    from rlcalc.estimators.passes import Passes, is_repeatable
    from rlcalc.estimators.transitions import CountedTransitions

    require_numbers(gamma=gamma, whole={"seed": seed, "permutations": permutations})
    request = ModelRequest(rows, 0 if seed is None else seed, permutations)
    if policy is not None or settings or _is_model(source, reading):
        if bins is not None:
            raise UsageError("--bins divides the states of a log", fix="leave it out")
        return _exact_model(source, request, gamma, policy, settings, **reading)
    joined, most = parse_bins(bins)
    keywords: dict[str, Any] = {"unread": unread_of(truncated), **reading}
    if joined:
        keywords["state_columns"] = joined
    load_again = partial(load, source, **keywords)
    tools = tools_of(jobs)
    experience, again = load_again(), load_again if is_repeatable(source) else None
    if most:
        experience, again = with_bins(experience, most), None
    passes = Passes(experience, again)
    counted = CountedTransitions.of(passes, gamma, truncated, tools.engine)
    return log_model(counted, request, tools)


def _is_model(source: Any, reading: Mapping[str, Any]) -> bool:
    """Return whether a source is a model, by its content; standard input never is."""
    from rlcalc.environments import load as worlds
    from rlcalc.mdp import MDP

    paths = paths_or_none(source)
    if paths is None:
        return isinstance(source, MDP)
    return worlds.is_world(paths, read_request(**reading))


OF_MODELS = ("kind", "columns", "max_size")
"""The arguments of `load` that read a model too."""


def _exact_model(
    source: Any,
    request: ModelRequest,
    gamma: float | None,
    policy: Any,
    settings: Mapping[str, Any] | None,
    **reading: Any,
) -> Result:
    """Return the outcomes of a model, and the parts of the variance of its gain."""
    from rlcalc.estimators.log_model.exact import exact_model, randomness_of
    from rlcalc.estimators.log_model.variance_split import split_variance
    from rlcalc.policies.named import policy_by_name
    from rlcalc.solvers.questions.chains import endless
    from rlcalc.solvers.questions.submodel import without_actions

    paths = paths_or_none(source)
    if paths is not None and len(paths) != 1:
        raise UsageError("a model is one source", fix="name one of them")
    how = {name: value for name, value in reading.items() if name in OF_MODELS}
    mdp = load_model(source if paths is None else paths[0], settings=settings, **how)
    discount = next((g for g in (gamma, mdp.gamma) if g is not None), 1.0)
    chosen = policy_by_name(policy, mdp, discount)
    if mdp.start is None:
        return exact_model(mdp, request, chosen, discount, None)
    value = solve(mdp, policy=chosen, gamma=discount, rows="return")["mean"]
    chain = mdp.expected.induced_by(chosen.weight)
    chain = without_actions(chain, endless(chain, discount))
    world = randomness_of(mdp, chosen, mdp.start, discount)
    split = split_variance(world, value, chain, linear_system)
    return exact_model(mdp, request, chosen, discount, split)
