"""Groups in full: prompts and responses side by side, with the arithmetic of each advantage."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from rlcalc.groups.explain import Explanation
from rlcalc.groups.pass_at_k import is_success
from rlcalc.pages import Card, GroupInFull
from rlcalc.reports.choice import Chosen
from rlcalc.reports.sentences import number
from rlcalc.rollouts import Rollouts

MOST_CARDS = 32
"""Rollouts of a group that are shown."""
LONGEST, SHORTEST = 4000, 200
"""Characters of a text that are shown: at most, and at least where there are many."""
BUDGET = 1_000_000
"""Characters of all texts together."""

NAMES = {
    "reward": "reward",
    "advantage": "advantage",
    "arithmetic": "=",
    "trainer_advantage": "trainer's advantage",
    "length": "length",
}


@np.errstate(over="ignore", invalid="ignore")
def full_groups(
    explanation: Explanation, texts: Rollouts, chosen: Sequence[Chosen], every: bool
) -> list[GroupInFull]:
    """Return some groups in full.

    Args:
        explanation: of the advantages.
        texts: the same rollouts, with the texts of these groups.
        chosen: the groups.
        every: texts are whole, and every rollout of a group is there.
    """
    size = texts.size
    cards = sum(min(int(size[one.group]), MOST_CARDS) for one in chosen)
    longest = None if every else min(LONGEST, max(SHORTEST, BUDGET // max(cards, 1)))
    return [_full_group(explanation, texts, one, longest) for one in chosen]


def _full_group(
    explanation: Explanation, texts: Rollouts, one: Chosen, longest: int | None
) -> GroupInFull:
    groups, part = explanation.groups, explanation.rollouts_of(one.group)
    facts = explanation.facts(one.group)
    n = part.stop - part.start
    shown = n if longest is None else min(n, MOST_CARDS)
    columns = {name: column.values for name, column in explanation.columns(one.group).items()}
    reward = groups.rollouts.reward[part]
    scored, right = ~np.isnan(reward), is_success(reward, groups.success)
    cards = []
    for i in range(shown):
        place = part.start + i
        text, cut = _begun(None if texts.beginning is None else texts.beginning[place], longest)
        values = {name: _plain(columns[name][i]) for name in NAMES if name in columns}
        about = [(NAMES[name], number(value)) for name, value in values.items() if value != ""]
        if texts.truncated is not None and texts.truncated[place]:
            about.append(("truncated", "yes"))
        cards.append(
            Card(
                str(columns["rollout"][i]), about, text, cut, bool(right[i]) if scored[i] else None
            )
        )
    prompt, cut = _begun(None if texts.question is None else texts.question[part.start], longest)
    return GroupInFull(
        title=explanation.title(one.group),
        reason=one.reason,
        facts=[
            ("status", str(facts["status"])),
            ("rollouts", number(n)),
            ("mean μ", number(facts["mean"])),
            ("deviation σ", number(facts["std"])),
        ],
        cards=cards,
        prompt=prompt,
        cut=cut,
        hidden=n - shown,
    )


def _plain(value: object) -> object:
    """Return a value of a column; None where it is missing."""
    plain = value.item() if isinstance(value, np.generic) else value
    return None if isinstance(plain, float) and np.isnan(plain) else plain


def _begun(text: str | None, longest: int | None) -> tuple[str | None, int]:
    """Return how a text begins, and the number of characters that are left out."""
    if text is None or longest is None or len(text) <= longest:
        return text, 0
    return text[:longest], len(text) - longest
