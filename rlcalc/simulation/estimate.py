"""Estimates from simulated episodes, with the exact values of the policy beside them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from rlcalc.errors import InputError, listed, meant, shown
from rlcalc.labels import text_of_label
from rlcalc.mdp import MDP
from rlcalc.numerics.intervals import standard_errors_apart
from rlcalc.policies.named import policy_by_name
from rlcalc.policy import Policy
from rlcalc.result import Column, Result
from rlcalc.simulation.exact_value import ExactValue
from rlcalc.simulation.play import Play, Watch
from rlcalc.trajectories import Experience


def estimate_play(
    play: Play,
    estimator: Callable[[Experience, Callable[[], Experience]], Result],
    watch: Watch = lambda items, done: items,
) -> Result:
    """Return the estimates from the episodes of a play, with the exact values beside them.

    If no episode is truncated, or truncated ones are bootstrapped from the model, the rows have the
    exact V, Q and A of the policy.

    Args:
        play: the world and its policy.
        estimator: from experience, and a function that plays it again, to the estimates.
        watch: is called with the batches and a function that counts the episodes of one.

    Raises:
        UsageError: episodes in groups are not independent.
    """
    play.require_independent()
    experience = play.experience()
    experience.batches = iter(watch(experience.batches, len))
    result = estimator(experience, play.experience)
    exact, bootstrap = play.exact and _target(play.exact, result), play.request.bootstrap
    unbiased = result.facts.get("truncated_policy", "keep") in ("keep", "bootstrap")
    start_value = exact.start_value if exact and unbiased else None
    result = replace(
        result, facts={**play.facts(), **result.facts, **_start_facts(result, start_value)}
    )
    solution = exact.solution if exact and start_value is not None else None
    if solution and (play.request.max_steps is None or bootstrap):
        result = with_exact(result, solution)
    bootstrapped = result.facts.get("truncated_policy") == "bootstrap"
    if exact and bootstrapped and result.notes and exact.state_value is not None:
        note = "truncated episodes are bootstrapped with the exact values of the model"
        result = replace(result, notes=[note])
    return result


def _target(exact: ExactValue, result: Result) -> ExactValue:
    """Return the exact value that an estimate aims at: for q-learning that of the best policy."""
    if result.facts.get("method") != "q-learning":
        return exact
    return replace(exact, policy=policy_by_name("optimal", exact.mdp, exact.gamma))


def _start_facts(result: Result, exact: float | None) -> dict[str, float | None]:
    """Return the exact value of the start, and how far the estimate is from it."""
    facts: dict[str, float | None] = {"exact_start_value": exact}
    mean, error = result.facts.get("start_value"), result.facts.get("start_value_se")
    if isinstance(mean, float):
        error = error if isinstance(error, float) else 0.0
        facts["standard_errors_apart"] = standard_errors_apart(mean, error, exact)
    return facts


def with_exact(estimates: Result, solution: Result) -> Result:
    """Return the estimates with the exact V, Q and A behind the last column of each.

    Args:
        estimates: of states or pairs.
        solution: of the model, whose rows are all of its pairs.
    """
    exact, rows = solution.plain(), estimates.plain()  # arrays of text would cut a \x00 off
    keys = {"v": ["state"], "q": ["state", "action"], "a": ["state", "action"]}
    last = {name[0]: name for name in estimates.columns if name[0] in keys and name[1:2] in "_"}
    columns: dict[str, Column] = {}
    for name, column in estimates.columns.items():
        columns[name] = column
        letter = name[0]
        if last.get(letter) == name:
            of_exact, of_row = (zip(*map(t.get, keys[letter]), strict=True) for t in (exact, rows))
            value = dict(zip(of_exact, exact[letter], strict=True))
            values = [value[k] for k in of_row]
            columns[f"{letter}_exact"] = Column(values, symbol=letter.upper())
    return replace(estimates, columns=columns)


def exact_beside(result: Result, mdp: MDP, policy: Policy, gamma: float) -> Result:
    """Return estimates from a log with the exact values of a policy of the model behind it.

    Raises:
        InputError: the model lacks a state or an action of the log, or has no values.
    """
    exact = _target(ExactValue(mdp, policy, gamma, None), result)
    if exact.solution is None:
        raise InputError(
            f"the values of the policy {shown(policy.name)} in the model do not exist",
            fix="use --gamma 0.99, or another --policy",
        )
    for noun, labels in (("state", mdp.states), ("action", mdp.actions)):
        names = result.plain().get(noun, [])
        unknown = next((n for n in names if text_of_label(n) not in labels), None)
        if unknown is not None:
            raise InputError(
                f"the model has no {noun} {shown(unknown)}",
                fix=f"{meant(str(unknown), labels.texts)}give the model of these trajectories, "
                f"which has {listed(labels.texts)}",
            )
    facts = {"world": mdp.name, "policy": policy.name, **result.facts}
    start_value = exact.solution.facts.get("start_value")
    facts |= _start_facts(result, start_value if isinstance(start_value, float) else None)
    return with_exact(replace(result, facts=facts), exact.solution)
