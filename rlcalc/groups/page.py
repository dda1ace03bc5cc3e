"""The page of a summary: what an engineer asks about rollouts, in that order, with the answers."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from rlcalc.groups.groups import DEAD, Groups
from rlcalc.numerics.arrays import Floats
from rlcalc.numerics.significant_digits import with_error
from rlcalc.result import Column, Fact, Section

BLOCKS = "▁▂▃▄▅▆▇█"
BARS = 48
"""Bars in a line; where there are more steps, each is the mean of several."""
MOST_K = 5
"""Columns of a table of k."""
DRAWS = {"pass_at": "pass@k", "pass_all": "pass^k", "majority_at": "maj@k", "max_at": "max@k"}
Line = tuple[str, Sequence[str]]


def sections(
    groups: Groups, facts: Mapping[str, Fact], columns: Mapping[str, Column]
) -> list[Section]:
    """Return the sections of the page.

    Args:
        groups: with their rewards.
        facts: of the summary; all numbers are among them.
        columns: a row a step.
    """
    page = Page(groups, facts, columns)
    return [
        Section("Is it learning?", page.learning(), "rlcalc group SOURCE --rows steps"),
        Section("What is wasted?", page.wasted(), "rlcalc group SOURCE --rows prompts"),
        Section(
            "Where does the gradient go?", page.gradient(), "rlcalc group SOURCE --rows rollouts"
        ),
        Section("Is anything wrong?", page.wrong(), page.more_of_wrong()),
        Section("What was read?", page.source()),
    ]


class Page:
    """The lines of each section; a fact without a value has none."""

    def __init__(
        self, groups: Groups, facts: Mapping[str, Fact], columns: Mapping[str, Column]
    ) -> None:
        self.groups, self.facts, self.columns = groups, facts, columns

    def learning(self) -> list[Line]:
        """Return the mean reward, a bar a step, and what k draws give."""
        if "reward_mean" not in self.facts:
            return [("reward", ["no rollout has one"])]
        lines = [self._measured("reward", "reward_mean", "reward")]
        values = np.asarray(self.columns["reward"].values, np.float64)
        if len(values) > 1:
            lines += [("by step", [bars(values)]), ("", [self._ends(values)])]
        return lines + self._draws()

    def _ends(self, values: Floats) -> str:
        known = np.flatnonzero(~np.isnan(values))
        at = dict.fromkeys(known[[0, -1]].tolist())
        each = -(-len(values) // BARS)
        several = f", {each} steps a bar" if each > 1 else ""
        ends = [f"{values[place]:.3g} at step {self.columns['step'].values[place]}" for place in at]
        return f"{' to '.join(ends)}{several}"

    def _draws(self) -> list[Line]:
        """Return a line of k, and one of each kind of draw, with k in columns."""
        ks = [int(name.removeprefix("pass_at_")) for name in self._names("pass_at_")]
        if not self.groups.tells_right:
            high = f"{self.groups.largest:.6g}"
            none = f"not known: no reward reaches {self.groups.success:g}, the largest is {high}"
            return [("pass@k", [f"{none} (--success {high})"])]
        chosen = ks if len(ks) <= MOST_K else [*ks[:1], *ks[1 - MOST_K :]]
        draws: list[Line] = []
        for name, label in DRAWS.items():
            numbers = [self._number(f"{name}_{k}").partition(" ± ") for k in chosen]
            if any(self.facts.get(f"{name}_{k}") is not None for k in chosen):
                draws.append((label, [number for number, _, _ in numbers]))
                draws.append(("  ± se", [error or "–" for _, _, error in numbers]))
        success = ("right is", [str(self.facts["success"])])
        return [("k", [str(k) for k in chosen]), *draws, success] if draws else [success]

    def wasted(self) -> list[Line]:
        """Return the dead groups by cause, and their share at other sizes."""
        several = int(self.facts["mixed"]) + int(self.facts["dead"])  # type: ignore[arg-type]
        lines: list[Line] = []
        if several:
            share = self._number("dead_share")
            lines.append(
                ("dead", [f"{share} of the groups: {self.facts['dead']:,} of {several:,}"])
            )
        causes = self.facts["dead_are"]
        if isinstance(causes, Mapping) and causes:
            lines.append(("causes", [", ".join(f"{causes[name]:,} {name}" for name in DEAD)]))
        if self.facts["single"]:
            lines.append(("single", [f"groups of one rollout: {self.facts['single']:,}"]))
        sizes = [name for name in self._names("dead_at_")]
        if sizes:
            lines.append(("G", [name.removeprefix("dead_at_") for name in sizes]))
            lines.append(("dead at G", [self._at_size(name) for name in sizes]))
        return lines

    def _at_size(self, name: str) -> str:
        bound = "≤ " if self.facts.get(f"{name}_is_bound") else ""
        return f"{bound}{self.facts[name]:.3g}"

    def gradient(self) -> list[Line]:
        """Return lengths, truncation, and the shares of the sum of |A|."""
        facts, lines = self.facts, []
        parts = {"mean": "length_mean", "right": "length_right", "wrong": "length_wrong"}
        means = {label: facts.get(name) for label, name in parts.items()}
        known = [f"{label} {mean:.4g}" for label, mean in means.items() if mean is not None]
        if known:
            longest = f"longest {facts['length_max']:.6g} {facts['length_unit']}"
            lines.append(("length", [f"{', '.join(known)}, {longest}"]))
        else:
            lines.append(("length", ["not known: --length COLUMN, or --texts"]))
        if facts.get("truncated_share") is not None:
            wrong = facts.get("truncated_of_wrong")
            of_wrong = "" if wrong is None else f", {wrong:.3g} of the wrong ones"
            lines.append(("truncated", [f"{facts['truncated_share']:.3g} of all{of_wrong}"]))
        weights = {"token_mean": "by token", "sequence_mean": "by sequence"}
        for stem, label in weights.items():
            long, share = (
                facts.get(f"{stem}_share_of_{part}") for part in ("longest_quarter", "wrong")
            )
            if long is not None:
                of_wrong = "" if share is None else f", the wrong ones {share:.3g}"
                lines.append((label, [f"the longest quarter has {long:.3g} of Σ|A|{of_wrong}"]))
        return [*lines, *self._functions()]

    def _functions(self) -> Iterable[Line]:
        """Yield a line of each of several reward functions."""
        names = {
            "mean": "function_mean",
            "spread": "function_spread",
            "decides alone": "decides_alone",
            "r(length)": "function_length_correlation",
        }
        columns = {head: self.facts.get(name) for head, name in names.items()}
        known = {head: by for head, by in columns.items() if isinstance(by, Mapping)}
        if not known:
            return
        yield "function", list(known)
        for function in known["mean"]:
            values = [by.get(function) for by in known.values()]
            yield function, ["–" if value is None else f"{value:.3g}" for value in values]

    def wrong(self) -> list[Line]:
        """Return what is odd; one line that says so where nothing is."""
        size = self.groups.usual_size
        uneven = int((self.groups.rollouts.size != size).sum())
        lines: list[Line] = [
            (name.replace("_", " "), [_text(value)])
            for name in WRONG
            if (value := self.facts.get(name))
        ]
        if uneven:
            n = _text(self.facts["groups"])
            lines.append(("uneven", [f"{uneven:,} of {n} groups do not have {size} rollouts"]))
        if self.facts.get("judged_differently"):
            n, of = (_text(self.facts[f]) for f in ("judged_differently", "repeated_responses"))
            lines.append(("judge", [f"{n} of {of} repeated responses got several rewards"]))
        return lines or [("nothing", ["groups are even, and all rollouts have a reward"])]

    def more_of_wrong(self) -> str:
        """Return the command that shows more of what is wrong."""
        return "rlcalc group SOURCE --audit" if self.facts.get("ghosts") else "rlcalc check SOURCE"

    def source(self) -> list[Line]:
        """Return the format and the counts, and what else the source logs."""
        seen = {*WRONG, "mixed", "dead", "dead_are", "single", "success"}
        others = [
            name
            for name, value in self.facts.items()
            if value not in (None, {}, "") and name not in seen and not name.startswith(SHOWN)
        ]
        return [(name.replace("_", " "), [_text(self.facts[name])]) for name in others]

    def _names(self, stem: str) -> list[str]:
        """Return the facts of a stem and a number, in order."""
        return [name for name in self.facts if name.removeprefix(stem).isdecimal()]

    def _number(self, name: str) -> str:
        value, error = self.facts.get(name), self.facts.get(f"{name}_se")
        return measured(value, error)

    def _measured(self, label: str, name: str, stem: str) -> Line:
        low, high = self.facts[f"{stem}_low"], self.facts[f"{stem}_high"]
        value = measured(self.facts[name], self.facts[f"{stem}_se"])
        known = all(isinstance(end, float) and math.isfinite(end) for end in (low, high))
        within = f"   95 % interval {low:.3g} to {high:.3g}" if known else ""
        return label, [f"{value}{within}"]


WRONG = (
    "unscored", "ghosts", "oddities", "errors", "run_status", "torn_lines", "files_left_out",
)  # fmt: skip
"""Facts that tell of something odd, where they are not 0."""
SHOWN = (
    "pass_", "majority_", "max_at_", "dead_", "reward_m", "reward_se", "reward_low", "reward_high",
    "length_", "truncated_", "token_mean_", "sequence_mean_", "function_", "decides_", "repeated_r",
    "judge",
)  # fmt: skip
"""How the names of facts begin that have a place in another section."""


def bars(values: Floats) -> str:
    """Return a bar a step, from 0, or from the lowest below it; a blank where nothing is known.

    >>> bars(np.array([0.0, 0.5, 1.0, np.nan]))
    '▁▅█ '
    """
    each = -(-len(values) // BARS)
    padded = np.full(-(-len(values) // each) * each, np.nan)
    padded[: len(values)] = values
    parts = padded.reshape(-1, each)
    known = ~np.isnan(parts)
    n = known.sum(axis=1)
    mean = np.where(known, parts, 0.0).sum(axis=1) / np.maximum(n, 1)
    there = mean[n > 0]
    low, high = min(there.min(initial=0.0), 0.0), there.max(initial=0.0)
    place = np.floor((mean - low) / max(high - low, 1e-300) * len(BLOCKS))
    level = np.clip(place, 0, len(BLOCKS) - 1).astype(int)
    return "".join(
        BLOCKS[one] if count else " " for one, count in zip(level, n.tolist(), strict=True)
    )


def measured(value: Any, error: Any) -> str:
    """Return a number with its error, both to two digits of the error.

    >>> measured(0.493333, 0.0213), measured(1.0, 0.0), measured(12345.6, 321.0)
    ('0.493 ± 0.021', '1 ± 0', '12346 ± 321')
    """
    if not isinstance(value, int | float) or math.isnan(value):
        return "–"
    if not isinstance(error, int | float) or not math.isfinite(error):
        return f"{value:.3g}"
    return " ± ".join(with_error(float(value), float(error)))


def _text(value: Fact) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{_text(part)} {name}" for name, part in value.items())
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)
    return f"{value:,}" if isinstance(value, int) else f"{value:.6g}"
