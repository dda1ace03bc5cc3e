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
    described: Result, estimates: Result, gains: Sequence[Chart], line: Line
) -> list[Section]:
    """Return the sections of the page.

    Args:
        described: the answer of `rlcalc check`.
        estimates: the answer of `rlcalc estimate`.
        gains: the pictures of `rlcalc gain`, if they were drawn.
        line: returns the command line of `rlcalc estimate` on this source.
    """
    notes = dict.fromkeys([*described.notes, *estimates.notes])
    charts = [*(() if estimates.charts is None else estimates.charts()), *gains]
    return [
        Section("data", "What is it?", sentences=_about(described)),
        Section("values", "What is it worth?", sentences=_values(estimates)),
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
