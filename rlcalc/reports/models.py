"""The report of a model: what it is, its best values, and how far they can be off."""

from __future__ import annotations

from collections.abc import Callable

from rlcalc.pages import Section
from rlcalc.reports.sentences import count, extremes, number, rewards_between, sentence
from rlcalc.reports.tables import facts_table, row_table
from rlcalc.result import Result

Line = Callable[..., str]


def model_sections(described: Result, solution: Result, line: Line) -> list[Section]:
    """Return the sections of the page.

    Args:
        described: the answer of `rlcalc check`.
        solution: the answer of `rlcalc solve`.
        line: returns the command line of `rlcalc solve` on this model.
    """
    notes = dict.fromkeys([*described.notes, *solution.notes])
    return [
        Section("model", "What is it?", sentences=_about(described)),
        Section("values", "What is it worth?", sentences=_values(solution)),
        Section(
            "wrong",
            "Is anything wrong?",
            sentences=["rlcalc check finds no fault.", *_sound(solution)],
            warnings=[sentence(note) for note in notes],
        ),
        Section(
            "pictures",
            "Pictures",
            charts=() if solution.charts is None else solution.charts(),
        ),
        Section(
            "tables",
            "Tables",
            tables=[
                row_table("Values and the best policy", solution, line()),
                facts_table("Everything that rlcalc solve says", solution, line()),
                facts_table("Everything that rlcalc check says", described),
            ],
        ),
    ]


def _about(described: Result) -> list[str]:
    facts = described.facts
    between = rewards_between(facts["reward_min"], facts["reward_max"])
    chance = "certain" if facts["next_state_certain"] else "random"
    reward = "certain" if facts["reward_certain"] else "random"
    return [
        f"A model with {count(facts['states'], 'state')} ({facts['terminal']:,} terminal), "
        f"{count(facts['actions'], 'action')} and {count(facts['pairs'], 'pair')} of both.",
        f"The next state is {chance} and the reward is {reward}; {between}.",
    ]


def _values(solution: Result) -> list[str]:
    facts, rows = solution.facts, solution.plain()
    value = facts.get("start_value")
    sentences = []
    if value is not None:
        sentences.append(
            f"The {facts['policy']} policy earns {number(value)} from the start, with "
            f"γ = {number(facts['gamma'])}."
        )
    values = rows.get("v", [])
    return sentences + extremes("V", rows.get("state", []), values, [*map(number, values)])


def _sound(solution: Result) -> list[str]:
    facts = solution.facts
    bound = facts.get("bound")
    sentences = []
    if isinstance(bound, float):
        sentences.append(
            f"It is proven that no value is off by more than {bound:.2g} ({facts['method']}, "
            f"{count(facts['iterations'], 'iteration')})."
        )
    if n := facts.get("unreachable"):
        sentences.append(f"{count(n, 'state')} cannot be reached from the start.")
    return sentences
