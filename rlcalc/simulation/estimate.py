"""Estimates from simulated episodes, with the exact values of the policy beside them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from rlcalc.numerics.intervals import standard_errors_apart
from rlcalc.result import Column, Result
from rlcalc.simulation.play import Play, Watch
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
    exact, bootstrap = play.exact, play.request.bootstrap
    unbiased = result.facts.get("truncated_policy", "keep") in ("keep", "bootstrap")
    start_value = exact.start_value if exact and unbiased else None
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
    if exact and start_value is not None and (play.request.max_steps is None or bootstrap):
        columns = _with_exact(result, exact.solution) if exact.solution else columns
    if exact and bootstrap and notes and exact.state_value is not None:
        notes = ["truncated episodes are bootstrapped with the exact values of the model"]
    return replace(result, columns=columns, facts=facts, notes=notes)


def _with_exact(estimates: Result, solution: Result) -> dict[str, Column]:
    """Return the columns of the estimates, each value followed by its exact one."""
    exact, rows = solution.plain(), estimates.plain()  # arrays of text would cut a \x00 off
    keys = {"v": ["state"], "q": ["state", "action"], "a": ["state", "action"]}
    columns: dict[str, Column] = {}
    for name, column in estimates.columns.items():
        columns[name] = column
        letter = name.removesuffix("_high")
        if letter in keys and letter != name:
            of_exact, of_row = (zip(*map(t.get, keys[letter]), strict=True) for t in (exact, rows))
            value = dict(zip(of_exact, exact[letter], strict=True))
            columns[f"{letter}_exact"] = Column([value[k] for k in of_row], symbol=letter.upper())
    return columns
