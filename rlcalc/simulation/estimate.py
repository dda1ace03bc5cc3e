"""Estimates from simulated episodes, with the exact values of the policy beside them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from rlcalc.result import Column, Result
from rlcalc.simulation.play import Play, Watch
from rlcalc.simulation.statistics import standard_errors_apart
from rlcalc.trajectories import Experience


def estimate_play(
    play: Play, estimator: Callable[[Experience], Result], watch: Watch = lambda items, done: items
) -> Result:
    """Return the estimates from the episodes of a play, with the exact values beside them.

    If no episode is truncated, or truncated ones are bootstrapped from the model, the rows have the
    exact V, Q and A of the policy.

    Args:
        play: the world and its policy.
        estimator: from experience to the estimates.
        watch: is called with the batches and a function that counts the episodes of one.

    Raises:
        UsageError: episodes in groups are not independent.
    """
    play.require_independent()
    experience = play.experience()
    experience.batches = iter(watch(experience.batches, len))
    result = estimator(experience)
    unbiased = result.facts.get("truncated_policy", "keep") in ("keep", "bootstrap")
    start_value = play.exact.start_value if play.exact and unbiased else None
    mean, error = result.facts["start_value"], result.facts["start_value_se"]
    assert isinstance(mean, float)
    error = error if isinstance(error, float) else 0.0
    facts = {
        **play.facts(),
        **result.facts,
        "exact_start_value": start_value,
        "standard_errors_apart": standard_errors_apart(mean, error, start_value),
    }
    columns, notes = dict(result.columns), result.notes
    bootstrap = play.request.bootstrap
    solution = play.exact.solution if play.exact and start_value is not None else None
    if solution and (play.request.max_steps is None or bootstrap):
        columns = _with_exact(result, solution)
    if bootstrap and notes and play.exact and play.exact.state_value is not None:
        notes = ["truncated episodes are bootstrapped with the exact values of the model"]
    return replace(result, columns=columns, facts=facts, notes=notes)


def _with_exact(estimates: Result, solution: Result) -> dict[str, Column]:
    """Return the columns of the estimates, each value followed by its exact one."""
    exact, rows = solution.plain(), estimates.plain()  # arrays of text would cut a \x00 off
    solved_pairs = [*zip(exact["state"], exact["action"], strict=True)]
    pairs = [*zip(rows["state"], rows["action"], strict=True)] if "action" in rows else []
    by_pair = {name: dict(zip(solved_pairs, exact[name], strict=True)) for name in ("q", "a")}
    by_state = dict(zip(exact["state"], exact["v"], strict=True))
    columns: dict[str, Column] = {}
    for name, column in estimates.columns.items():
        columns[name] = column
        letter = name.removesuffix("_high")
        if letter == "v" and name != letter:
            columns["v_exact"] = Column([by_state[s] for s in rows["state"]], symbol="V")
        elif letter in by_pair and name != letter:
            values = [by_pair[letter][pair] for pair in pairs]
            columns[f"{letter}_exact"] = Column(values, symbol=letter.upper())
    return columns
