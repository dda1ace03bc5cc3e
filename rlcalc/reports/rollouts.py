"""The report of rollouts: is it learning, what is wasted, what is wrong, and groups in full."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from rlcalc.groups.advantages.convention import Convention
from rlcalc.groups.audit.report import audit
from rlcalc.groups.branch_report import BranchRequest, branch_report
from rlcalc.groups.explain import Explanation
from rlcalc.groups.groups import Groups
from rlcalc.groups.report import group
from rlcalc.numerics.arrays import Ints
from rlcalc.pages import Section
from rlcalc.reports.choice import Chosen, chosen_groups, every_group
from rlcalc.reports.full_groups import MOST_CARDS, full_groups
from rlcalc.reports.sentences import count, joined, percent, rewards_between, sentence, with_error
from rlcalc.reports.tables import facts_table, row_table
from rlcalc.result import Result
from rlcalc.rollouts import Rollouts

Line = Callable[..., str]
"""Returns the command line of `rlcalc group` on these rollouts, with more options."""


@dataclass(frozen=True, eq=False)
class RolloutReport:
    """What a report says of rollouts: answers are computed once, and when they are first needed."""

    rollouts: Rollouts
    how: Convention
    success: float = 1.0
    every: bool = False  # every group is shown in full

    @cached_property
    def groups(self) -> Groups:
        """The groups with their statuses."""
        return Groups(self.rollouts, self.success)

    @cached_property
    def summary(self) -> Result:
        """The answer of `rlcalc group`."""
        return group(self.rollouts, {"advantage": self.how}, "summary", self.success)

    @cached_property
    def rows(self) -> Result:
        """The answer of `rlcalc group --rows groups`."""
        return group(self.rollouts, {"advantage": self.how}, "groups", self.success)

    @cached_property
    def audit(self) -> Result | None:
        """The answer of `rlcalc group --audit`; None: no advantages of a trainer are logged."""
        absent = self.rollouts.absent
        if self.rollouts.advantage is None or (absent is not None and absent.all()):
            return None
        return audit(self.rollouts)

    @cached_property
    def chosen(self) -> Sequence[Chosen]:
        """The groups that are shown in full."""
        return every_group(self.groups) if self.every else chosen_groups(self.groups, self.audit)

    def places(self) -> Ints | None:
        """Return the rows whose texts are shown; None: that of all."""
        rollouts = self.rollouts
        if self.every or rollouts.place is None:
            return None
        most = [
            rollouts.place[start : min(start + MOST_CARDS, end)]
            for start, end in (rollouts.start[one.group : one.group + 2] for one in self.chosen)
        ]
        return np.sort(np.concatenate(most)) if most else np.zeros(0, np.int64)

    def sections(
        self, described: Result, texts: Rollouts, line: Line, reading: Line | None = None
    ) -> list[Section]:
        """Return the sections of the page.

        Args:
            described: the answer of `rlcalc check`.
            texts: the same rollouts, with the texts of those that are shown in full.
            line: returns command lines.
            reading: likewise, with the options of the source alone; None: `line`.
        """
        full = full_groups(Explanation(self.groups, self.how), texts, self.chosen, self.every)
        charts = () if self.summary.charts is None else self.summary.charts()
        tables = [
            row_table("Steps", self.summary, line()),
            row_table("Groups", self.rows, line("--rows", "groups")),
            facts_table("Everything that rlcalc group says", self.summary, line()),
        ]
        branches = self._branches(texts)
        if branches is not None:
            by = ("--rows", "branches", "--by", str(branches.facts["by"]))
            title = "Branches of the groups in full"
            tables.append(row_table(title, branches, (reading or line)(*by)))
        if self.audit is not None:
            tables.append(row_table("Advantages that do not fit", self.audit, line("--audit")))
        tables.append(facts_table("Everything that rlcalc check says", described, is_open=False))
        return [
            Section("learning", "Is it learning?", sentences=self._learning()),
            Section("waste", "What is wasted?", sentences=self._waste()),
            Section(
                "wrong",
                "Is anything wrong?",
                sentences=self._sound(described),
                warnings=self._wrong(described),
            ),
            Section("pictures", "Pictures", charts=charts),
            Section("groups", "Groups in full", sentences=self._choice(line), groups=full),
            Section("tables", "Tables", tables=[t for t in tables if len(t.result)]),
        ]

    def _branches(self, texts: Rollouts) -> Result | None:
        """Return the branches of the groups whose texts are all there; None: of none."""
        beginning: Any = texts.beginning
        size, whole = texts.size, np.zeros(texts.n_groups, bool)
        whole[[one.group for one in self.chosen]] = True
        whole &= self.every | (size <= MOST_CARDS)
        there = np.repeat(whole, size) & ~np.isnan(texts.reward)
        if beginning is None or not (there & beginning.is_not_null().to_numpy()).any():
            return None
        return branch_report(texts, BranchRequest(), only=there)

    def _learning(self) -> list[str]:
        facts, rows = self.summary.facts, self.summary.plain()
        sentences = [
            f"{count(facts['rollouts'], 'rollout')} in {count(facts['groups'], 'group')}"
            f" and {count(facts['steps'], 'step')}; format {facts['format']}, grouped by "
            f"{facts['grouped_by']}. Advantages here are of {facts['estimator']}."
        ]
        if "reward_mean" not in facts:
            return [*sentences, "No rollout has a reward."]
        mean = with_error(facts["reward_mean"], facts.get("reward_se"))
        between = rewards_between(facts["reward_min"], facts["reward_max"])
        sentences.append(f"The mean reward is {mean}; {between}.")
        steps = [b for b, mean in enumerate(rows["reward"]) if mean is not None]
        if len(steps) > 1:
            first, last = (
                with_error(rows["reward"][b], rows.get("reward_se", {b: None})[b])
                for b in (steps[0], steps[-1])
            )
            names = [rows["step"][b] if "step" in rows else b for b in (steps[0], steps[-1])]
            sentences.append(f"It is {first} at step {names[0]} and {last} at step {names[1]}.")
        sentences += self._draws()
        return sentences

    def _draws(self) -> list[str]:
        """Return a sentence about pass@k with the least and the largest k."""
        facts = self.summary.facts
        ks = [int(name[8:]) for name in facts if name.startswith("pass_at_") and name[8:].isdigit()]
        if not ks:
            return []
        if not self.groups.n_right.any():
            return [f"No reward reaches {self.success:g}, so pass@k is 0: see --success."]
        parts = [
            f"pass@{k} is {with_error(facts[f'pass_at_{k}'], facts.get(f'pass_at_{k}_se'))}"
            for k in dict.fromkeys((ks[0], ks[-1]))
        ]
        return [f"With success meaning {facts['success']}, {' and '.join(parts)}."]

    def _waste(self) -> list[str]:
        facts = self.summary.facts
        mixed, dead = facts["mixed"], facts["dead"]
        assert isinstance(mixed, int)
        assert isinstance(dead, int)
        if not mixed + dead:
            return ["No group has two or more rewards, so no group can be dead."]
        share = percent(facts["dead_share"], facts.get("dead_share_se"))
        sentences = [
            f"{count(dead, 'group')} of {mixed + dead:,} with two or more rewards "
            f"{'is' if dead == 1 else 'are'} dead ({share}): all rewards are equal, so nothing is "
            "learned from them."
        ]
        if isinstance(by := facts["dead_are"], dict) and dead:
            names = [f"{n:,} {name}" for name, n in by.items() if n]
            sentences.append(f"Of these, {joined(names)}.")
        usual = self.groups.usual_size
        larger = facts.get(f"dead_at_{2 * usual}")
        now = facts["dead_share"]
        if isinstance(larger, float) and isinstance(now, float) and larger < now:
            sentences.append(
                f"With {2 * usual} rollouts a group instead of {usual}, at most {percent(larger)} "
                "would be dead."
            )
        if isinstance(facts.get("truncated_share"), float):
            sentences.append(
                f"{percent(facts['truncated_share'])} of the rollouts were cut at the length limit."
            )
        long, of_wrong = (
            facts.get(f"token_mean_share_of_{of}") for of in ("longest_quarter", "wrong")
        )
        if isinstance(long, float):
            sentences.append(
                f"In a mean over tokens, the longest quarter of the rollouts makes {percent(long)} "
                f"of the gradient, and wrong rollouts make {percent(of_wrong)}."
            )
        return sentences

    def _sound(self, described: Result) -> list[str]:
        """Return what was looked at and is not wrong."""
        sentences = [] if described.facts.get("faults") else ["rlcalc check finds no fault."]
        if not self.summary.facts.get("unscored"):
            sentences.append("Every rollout has a reward.")
        if self.audit is not None:
            facts = self.audit.facts
            by, fit = facts["reproduced_by"] or facts["nearest"], facts["fit"]
            sentences.append(
                f"{fit:,} of {facts['compared']:,} advantages of the trainer that can be compared "
                f"are those of {by}."
                if by and by != "nothing"
                else "No convention that rlcalc knows gives the trainer's advantages."
            )
        return sentences

    def _wrong(self, described: Result) -> list[str]:
        """Return the notes of the answers, each once."""
        notes = [*described.notes, *self.summary.notes]
        if self.audit is not None:
            notes += self.audit.notes
            if n := len(self.audit):
                notes.insert(
                    0,
                    f"{count(n, 'advantage')} of the trainer {'does' if n == 1 else 'do'} not fit",
                )
        if unscored := self.summary.facts.get("unscored"):
            they = "it counts" if unscored == 1 else "they count"
            notes.insert(0, f"{count(unscored, 'rollout')} without a reward: {they} in no mean")
        kept = [note for note in dict.fromkeys(notes) if not note.startswith("rlcalc ")]
        return [sentence(note) for note in kept]

    def _choice(self, line: Line) -> list[str]:
        """Return which groups are shown in full, and what shows the others."""
        n, total = len(self.chosen), self.rollouts.n_groups
        if n == total:
            return []
        return [
            f"{count(n, 'group')} of {total:,} {'is' if n == 1 else 'are'} here: "
            f"{joined(self._kinds_of_choice())}. {line('--why', 'STEP/GROUP')} shows any other "
            "one, and --texts all makes a report with all of them."
        ]

    def _kinds_of_choice(self) -> list[str]:
        """Return which kinds of groups are shown, in words."""
        reasons = {one.reason.split(":")[0] for one in self.chosen}
        words = {"rewards vary most": "those whose rewards vary most", "dead": "dead ones"}
        kinds = [text for reason, text in words.items() if reason in reasons]
        return (
            ["those that fit the trainer's convention least"] if reasons - set(words) else []
        ) + kinds
