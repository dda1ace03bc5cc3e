"""Off-policy evaluation: return the value of a policy from the episodes of another."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, Unpack

from rlcalc.api.arguments import names_of, require_numbers
from rlcalc.api.keywords import Reading, takes
from rlcalc.api.models import load_model, solve
from rlcalc.api.trajectories import load
from rlcalc.errors import InputError, UsageError, shown

if TYPE_CHECKING:
    from rlcalc.estimators.off_policy.behaviour import Behaviour
    from rlcalc.expected_mdp import ExpectedMDP
    from rlcalc.mdp import MDP
    from rlcalc.numerics.arrays import Floats
    from rlcalc.result import Result

Table = Mapping[str, Mapping[str, float]]


@takes(Reading)
def evaluate(
    source: Any,
    *,
    policy: Any = None,
    method: str | Sequence[str] | None = None,
    behaviour: Any = None,
    compare: str | Sequence[Any] | None = None,
    gamma: float | None = None,
    horizon: int | None = None,
    value: Any = None,
    bound: str | tuple[float, float] | None = None,
    truncated: str = "keep",
    confidence: float = 0.95,
    rows: Literal["methods", "episodes", "steps", "states"] = "methods",
    model: Any = None,
    precision: float | None = None,
    jobs: int | None = None,
    **reading: Unpack[Reading],
) -> Result:
    """Return what a policy is worth, from episodes in which another one acted.

    Args:
        source: and `**reading`, as in `load`; with the probabilities of the actions that were
            taken: a column behaviour_prob, old_log_prob or log_prob.
        policy: π, a file, or {state: action or {action: probability}}; with `model` also a name as
            in `solve`. Default exp(log_prob), beside behaviour_prob.
        method: names in `rlcalc.estimators.off_policy`, in a list or with commas between them:
            `ce`, `dr`, `pdis`, `wpdis`, `is`, `wis`, `dm`; for episodes of one step also `ips`,
            `snips`, `switch:τ`, `dros:λ`, `mrdr`. Default ce, dr and pdis; with `one_step` dr, ips
            and snips; without `policy` pdis, wpdis, is and wis.
        behaviour: b: the column of the probabilities, a file or mapping as for `policy`, or
            `counts`: N(s,a)/N(s).
        compare: two policies; the answer has their values and the differences, on the same
            episodes.
        gamma: 0..1 a step; default from the source, else 1.
        horizon: only the first H rewards of an episode count.
        value: Q̂ for dm and dr and the like: a file with state, action and q. Default the model
            that the log shows, for dr that of the other half of the episodes.
        bound: the least and the largest gain that is possible, or "LOW:HIGH".
        truncated: `keep`, `drop` or `bootstrap`.
        confidence: of the intervals.
        rows: `methods`; `episodes`, with their weights; `steps`, the weights by time; or `states`,
            π, b and the policy's visits of each pair.
        model: the model behind the log, whose exact value of the policy then stands beside.
        precision: the half width of the intervals that are wanted: how many more episodes they
            need, by the variance that was seen.
        jobs: threads; the answer does not depend on it.
        **reading: as in `load`.

    Raises:
        InputError: a probability is missing or 0, or the policy lacks a state of the log.
        UsageError: an option that does not fit.

    Source: Precup, Sutton & Singh (2000); Jiang & Li (2016); Dudík et al. (2014).
    """
    from rlcalc.engines.threads import run
    from rlcalc.estimators.off_policy import evaluation, report
    from rlcalc.estimators.off_policy import rows as other_rows
    from rlcalc.estimators.off_policy.request import EvaluateRequest, Solvers
    from rlcalc.estimators.passes import Passes, is_repeatable
    from rlcalc.estimators.precision import methods_with_precision
    from rlcalc.numerics.sample_size import require_half_width

    require_numbers(
        gamma=gamma, confidence=confidence, precision=precision, whole={"horizon": horizon}
    )
    require_half_width(precision)
    if precision is not None and rows != "methods":
        raise UsageError("--precision is about methods", fix=f"leave out --rows {rows}")
    request = EvaluateRequest.parse(
        [] if method is None else names_of(method),
        confidence,
        bound,
        rows,
        horizon,
        one_step=bool(reading.get("one_step")),
        logged=policy is None and compare is None,
    )
    mdp = None if model is None else load_model(model)
    if compare is not None and rows != "methods":
        raise UsageError(f"--rows {rows} shows one policy", fix="use --policy, or leave out --rows")
    policies = _policies(policy, compare, mdp, gamma)
    acting, column = _behaviour(behaviour)
    weighs = rows in ("episodes", "steps") or any(one.needs_weights for one in request.methods)
    keywords = _reading(dict(reading), weighs and acting.kind == "logged", column, truncated)
    keywords["identify"] = keywords.get("identify", rows == "episodes")
    if not policies:
        from rlcalc.estimators.off_policy.prepare import require_policy_table

        require_policy_table(request.methods, rows)
        keywords.setdefault("needed", ("reward",))
    load_again = partial(load, source, **keywords)
    passes = Passes(load_again(), load_again if is_repeatable(source) else None)
    tools = Solvers(partial(run, jobs=jobs), _linear_system, _visits)
    exact = partial(_exact_value, mdp, horizon)
    answers = evaluation.answers(
        passes, policies, acting, _given_values(value), gamma, truncated, request, tools, exact
    )
    if rows != "methods":
        return other_rows.of(rows, answers[0], request)
    result = report.method_rows(answers, request, side_by_side=compare is not None)
    return methods_with_precision(result, precision)


def _policies(
    policy: Any, compare: str | Sequence[Any] | None, mdp: MDP | None, gamma: float | None
) -> dict[str, Table]:
    """Return the policies by their names; none: the log holds π(a|s) itself."""
    if compare is None:
        return {} if policy is None else dict([_named_policy(policy, mdp, gamma)])
    if policy is not None:
        raise UsageError("--policy and --compare both name the policy", fix="leave out --policy")
    several = compare.split(",") if isinstance(compare, str) else list(compare)
    if len(several) != 2:
        raise UsageError(
            f"--compare names {len(several)} policies, expected 2",
            fix="write --compare FIRST,SECOND",
        )
    tables = dict(
        _named_policy(one, mdp, gamma, f"policy {place}") for place, one in enumerate(several, 1)
    )
    if len(tables) < 2:
        raise UsageError("--compare names the same policy twice", fix="name two policies")
    return tables


def _named_policy(
    policy: Any, mdp: MDP | None, gamma: float | None, name: str = "mapping"
) -> tuple[str, Table]:
    """Return a policy by the texts of states and actions, and its name."""
    from rlcalc.estimators.advantages.critic import policy_of_log
    from rlcalc.policies.named import parse, policy_by_name
    from rlcalc.readers.models.policies import read_policy_of_log

    if isinstance(policy, Mapping):
        return name, policy_of_log(policy)
    if isinstance(policy, str | os.PathLike):
        text = os.fspath(policy)
        if os.path.exists(text) or parse(text).kind == "file":
            return os.path.basename(text), policy_of_log(read_policy_of_log(text), text)
        if mdp is None:
            raise UsageError(
                f"the policy {shown(text)} depends on a model",
                fix="add --model MODEL, or name a file with state: {action: probability}",
            )
    if mdp is None:
        raise UsageError(
            f"a {type(policy).__name__} is not a policy of a log",
            fix="give {state: {action: probability}}, a file, or model=MODEL",
        )
    known = next((g for g in (gamma, mdp.gamma) if g is not None), 1.0)
    chosen = policy_by_name(policy, mdp, known)
    table: dict[str, dict[str, float]] = {}
    pairs = zip(
        mdp.expected.pair_state.tolist(), mdp.action.tolist(), chosen.weight.tolist(), strict=True
    )
    for state, action, chance in pairs:
        table.setdefault(mdp.states.texts[state], {})[mdp.actions.texts[action]] = chance
    return chosen.name, table


def _behaviour(behaviour: Any) -> tuple[Behaviour, str | None]:
    """Return where b(a|s) comes from, and the column if one is named."""
    from rlcalc.estimators.advantages.critic import policy_of_log
    from rlcalc.estimators.off_policy.behaviour import Behaviour
    from rlcalc.readers.models.policies import read_policy_of_log

    if behaviour is None:
        return Behaviour("logged", "logged"), None
    if isinstance(behaviour, Mapping):
        return Behaviour("table", "mapping", policy_of_log(behaviour)), None
    text = os.fspath(behaviour)
    if text == "counts":
        return Behaviour("counts", "counts"), None
    if os.path.isfile(text):
        return Behaviour(
            "table", os.path.basename(text), policy_of_log(read_policy_of_log(text), text)
        ), None
    return Behaviour("logged", f"column {text}"), text


def _reading(
    keywords: dict[str, Any], logged: bool, column: str | None, truncated: str
) -> dict[str, Any]:
    """Return the arguments of `load`, with the fields that are not needed left unread."""
    if column is not None:
        keywords["columns"] = {**(keywords.get("columns") or {}), "behaviour_prob": column}
    values = () if truncated == "bootstrap" else ("value", "next_value")
    chances = () if logged else ("log_prob", "behaviour_prob", "old_log_prob")
    return {"unread": (*values, *chances, "advantage", "action_value"), **keywords}


def _given_values(value: Any) -> Mapping[str, Mapping[str, float]] | None:
    """Return Q̂ by the texts of states and actions.

    Raises:
        InputError: there is no Q in it.
    """
    from rlcalc.estimators.advantages.critic import values_of_rows
    from rlcalc.readers.value_tables import read_values

    if value is None:
        return None
    if isinstance(value, Mapping):
        from rlcalc.labels import text_of_label

        return {
            text_of_label(s): {text_of_label(a): float(q) for a, q in of.items()}
            for s, of in value.items()
        }
    name = os.fspath(value)
    _, action_values = values_of_rows(read_values(name), name)
    if not action_values:
        raise InputError(
            "the file has no values of actions", name, "give the columns state, action and q"
        )
    return action_values


def _exact_value(mdp: MDP | None, horizon: int | None, policy: Table, gamma: float) -> float | None:
    """Return the exact value of a policy from the start of a model; None without a model.

    Raises:
        InputError: the policy does not belong to the model, or no value exists.
    """
    if mdp is None:
        return None
    fact = solve(mdp, policy=policy, gamma=gamma, steps_to_go=horizon).facts.get("start_value")
    if not isinstance(fact, float):
        raise InputError(
            "the model does not say where it starts, so there is no value of the start",
            fix="add start: STATE to it, or leave out --model",
        )
    return fact


def _linear_system(chain: ExpectedMDP, gamma: float, rewards: Floats, rough: bool) -> Floats:
    from rlcalc.solvers.methods.linear import solve_system

    return solve_system(chain, gamma, rewards, 1e-4 if rough else 1e-12)


def _visits(chain: ExpectedMDP, start: Floats, gamma: float) -> Floats:
    from rlcalc.solvers.methods.linear import visits_of_chain

    return visits_of_chain(chain, gamma, start)
