"""The report of trajectories: what they are, and the values that they estimate."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rlcalc.charts import Chart
from rlcalc.pages import Section
from rlcalc.reports.sentences import (
    count,
    extremes,
    joined,
    number,
    percent,
    rewards_between,
    sentence,
    with_error,
)
from rlcalc.reports.tables import facts_table, row_table
from rlcalc.result import Result

Line = Callable[..., str]


def trajectory_sections(
    described: Result,
    estimates: Result,
    gains: Sequence[Chart],
    line: Line,
    log_model: Result | None = None,
) -> list[Section]:
    """Return the sections of the page.

    Args:
        described: the answer of `rlcalc check`.
        estimates: the answer of `rlcalc estimate`.
        gains: the pictures of `rlcalc gain`, if they were drawn.
        line: returns the command line of `rlcalc estimate` on this source.
        log_model: the answer of `rlcalc model --rows markov`, if the states were tested.
    """
    notes = dict.fromkeys([*described.notes, *estimates.notes])
    charts = [*(() if estimates.charts is None else estimates.charts()), *gains]
    randomness = []
    if log_model is not None:
        charts += () if log_model.charts is None else log_model.charts()
        randomness = [Section("randomness", "How random is it?", sentences=_randomness(log_model))]
    return [
        Section("data", "What is it?", sentences=_about(described)),
        Section("values", "What is it worth?", sentences=_values(estimates)),
        *randomness,
        Section(
            "wrong",
            "Is anything wrong?",
            sentences=["rlcalc check finds no fault."],
            warnings=[sentence(note) for note in notes],
        ),
        Section("pictures", "Pictures", charts=charts),
        Section(
            "tables",
            "Tables",
            tables=[
                row_table("Estimates of V, Q and A", estimates, line()),
                facts_table("Everything that rlcalc estimate says", estimates, line()),
                facts_table("Everything that rlcalc check says", described),
            ],
        ),
    ]


def _about(described: Result) -> list[str]:
    facts = described.facts
    ends = [
        f"{facts[name]:,} {words}"
        for name, words in (
            ("terminated", "terminated"),
            ("truncated", "were truncated"),
            ("unknown", "have an unknown end"),
        )
        if facts[name]
    ]
    least, middle, most = (number(facts[f"length_{name}"]) for name in ("min", "median", "max"))
    between = rewards_between(facts["reward_min"], facts["reward_max"])
    return [
        f"{count(facts['trajectories'], 'trajectory', 'trajectories')} with "
        f"{count(facts['steps'], 'step')}, {least} to {most} steps long (median {middle}).",
        f"There are {count(facts['states'], 'state')} and {count(facts['actions'], 'action')}; "
        f"{between}.",
        f"Of the trajectories, {joined(ends)}.",
    ]


def _values(estimates: Result) -> list[str]:
    facts, rows = estimates.facts, estimates.plain()
    sentences = [f"Values are of {facts['method']} with γ = {number(facts['gamma'])}."]
    if facts.get("start_value") is not None:
        value = with_error(facts["start_value"], facts.get("start_value_se"))
        low, high = facts.get("start_value_low"), facts.get("start_value_high")
        interval = (
            ""
            if low is None
            else f", {percent(facts['confidence'])} interval {low:.6g} to {high:.6g}"
        )
        sentences.append(f"A trajectory earns {value} on average{interval}.")
    values = rows.get("v", [])
    texts = [with_error(*pair) for pair in zip(values, rows.get("v_se", values), strict=True)]
    return sentences + extremes("V", rows.get("state", []), values, texts)


ALPHA = 0.05
"""The p below which a dependence on the past is told."""


def _randomness(log_model: Result) -> list[str]:
    """Return where the gain's variance comes from, and what the past tells of the next step."""
    facts = log_model.facts
    total = facts["variance_of_gain"]
    sentences = []
    if isinstance(total, float) and total > 0:
        shares = [
            f"{with_error(part, error)} ({percent(part / total)}) from {words}"
            for name, words in (
                ("policy", "the policy's choices"),
                ("environment", "what follows them"),
                ("start", "the start"),
            )
            if isinstance(part := facts[f"variance_{name}"], float)
            and isinstance(error := facts[f"variance_{name}_se"], float)
        ]
        variance = with_error(total, facts["variance_of_gain_se"])
        sentences.append(f"The gain has the variance {variance}: {joined(shares)}.")
    for name, what in (("next_state", "the next state"), ("reward", "the reward")):
        p = facts[f"p_{name}"]
        if isinstance(p, float):
            found = "depends" if p < ALPHA else "is not seen to depend"
            sentences.append(
                f"Given state and action, {what} {found} on the state before (p {p:.2g})."
            )
    if facts["p_next_state"] is None:
        sentences.append(
            "No step is repeated in such a way that it tells whether states are Markov."
        )
    return sentences
