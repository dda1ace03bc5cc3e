"""The description of a source: its size, its ends and its faults, for `rlcalc check`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from rlcalc.errors import Fault, InputError
from rlcalc.mdp import MDP
from rlcalc.numerics.arrays import Floats, Ints
from rlcalc.numerics.merge import merged
from rlcalc.readers.column_names import OF_STEPS
from rlcalc.result import Column, Fact, Result
from rlcalc.rollouts import Rollouts
from rlcalc.trajectories import (
    LARGEST_GAIN,
    Experience,
    Trajectories,
    contradicting_values,
)


def describe(experience: Experience) -> Result:
    """Return what a source holds, and every fault that was found in it.

    The median length is the lower one of the two in the middle.

    Args:
        experience: read to its end.

    Returns:
        One row a fault: what, where, fix. Everything else is in the facts.

    Raises:
        InputError: the first fault, unless the experience collects them.
    """
    sums = merged(map(DescriptionSums.of, experience))
    return description_of(sums or DescriptionSums(), experience)


@dataclass(frozen=True)
class DescriptionSums:
    """What is counted of trajectories to describe them; it merges."""

    lengths: Counter[int] = field(default_factory=Counter)
    ends: Counter[str] = field(default_factory=Counter)
    low: float = np.inf  # the least reward
    high: float = -np.inf
    optional: Counter[str] = field(default_factory=Counter)  # steps that have it, by field
    contradictions: Contradictions = field(default_factory=lambda: Contradictions())
    lowest: LowestProbabilities = field(default_factory=lambda: LowestProbabilities())
    reasons: Mapping[str, str] = field(default_factory=dict)  # who refuses them, and why

    @classmethod
    def of(cls, batch: Trajectories) -> DescriptionSums:
        """Return the counts of a batch."""
        ends = Counter(
            terminated=int(batch.terminated.sum()),
            truncated=int((batch.truncated & ~batch.terminated).sum()),
            unknown=len(batch) - int((batch.terminated | batch.truncated).sum()),
        )
        given = [name for name in OF_STEPS if getattr(batch, name) is not None]
        return cls(
            Counter(batch.length.tolist()),
            ends,
            float(batch.reward.min(initial=np.inf)),
            float(batch.reward.max(initial=-np.inf)),
            Counter(dict.fromkeys(given, batch.n_steps)),
            Contradictions.of(batch),
            LowestProbabilities.of(batch),
            refusals(batch),
        )

    def merge(self, later: DescriptionSums) -> DescriptionSums:
        """Return the counts of these trajectories and of later ones."""
        return DescriptionSums(
            self.lengths + later.lengths,
            self.ends + later.ends,
            min(self.low, later.low),
            max(self.high, later.high),
            self.optional + later.optional,
            self.contradictions.merge(later.contradictions),
            self.lowest.merge(later.lowest),
            {**self.reasons, **later.reasons},
        )


def description_of(sums: DescriptionSums, experience: Experience) -> Result:
    """Return the description that the counts of all trajectories give.

    Args:
        sums: of all of them.
        experience: that they came from, with what its reader counted.
    """
    experience.count_oddity("probabilities_above_1", sums.lowest.n_states_above_1())
    experience.note_oddities()
    n, lengths = sums.lengths.total(), sums.lengths
    steps = sum(length * times for length, times in lengths.items())
    faults = [*(experience.faults or []), *sums.contradictions.faults()]
    faults += [experience.disagreement] if experience.disagreement else []
    given = [name for name in OF_STEPS if sums.optional[name] == steps and n]
    facts: dict[str, Fact] = {
        "format": ", ".join(experience.kinds),
        "rows": experience.n_rows,
        "trajectories": n,
        "steps": steps,
        "length_min": min(lengths, default=None),
        "length_median": _median(lengths),
        "length_max": max(lengths, default=None),
        "states": len(experience.states),
        "actions": len(experience.actions),
        "reward_min": sums.low if n else None,
        "reward_max": sums.high if n else None,
        **{end: sums.ends[end] for end in ("terminated", "truncated", "unknown")},
        "gamma": experience.gamma,
        "also_given": ", ".join(given),
        "left_out": dict(experience.left_out),
        "oddities": dict(experience.oddities),
        "refused_by": ", ".join(sums.reasons),
        "faults": len(faults),
    }
    notes = [f"rlcalc {command} refuses this: {why}" for command, why in sums.reasons.items()]
    return _report("Trajectories", facts, faults, [*experience.notes, *notes])


def refusals(batch: Trajectories) -> dict[str, str]:
    """Return the commands that refuse some trajectories, and why, though nothing is wrong in them.

    Args:
        batch: with everything that the source has.
    """
    reasons: dict[str, str] = {}
    with np.errstate(over="ignore"):
        total = np.add.reduceat(np.abs(batch.reward), batch.start[:-1])
    if not (total <= LARGEST_GAIN).all():
        reasons["estimate"] = f"a gain may be larger than {LARGEST_GAIN:.0g}"
    if not np.isfinite(total).all():
        reasons["gain"] = "a gain may be no number"
    cut = batch.truncated & ~batch.terminated
    if cut.any() and (batch.last_value is None or np.isnan(batch.last_value[cut]).any()):
        reasons["estimate --truncated bootstrap"] = (
            "the value after the last step of a truncated trajectory is not known"
        )
    chance = batch.log_prob if batch.behaviour_prob is None else batch.behaviour_prob
    if chance is not None and np.isnan(chance).any():
        reasons["gradient --from-data"] = "a step lacks the probability of its action"
    return reasons


@dataclass(frozen=True)
class Contradictions:
    """Steps whose `next_value` is not the `value` of the next row: an autoreset, or a shift."""

    n: int = 0
    first: int = 0  # the row of the first one
    steps: int = 0  # among which they were looked for
    file: str = ""  # that the row is counted in; empty: all of them

    @classmethod
    def of(cls, batch: Trajectories) -> Contradictions:
        """Return those of a batch."""
        wrong = contradicting_values(batch)
        if not len(wrong):
            return cls(steps=batch.n_steps)
        first = int(wrong[0]) if batch.row is None else int(batch.row[wrong[0]])
        return cls(len(wrong), first, batch.n_steps)

    def merge(self, later: Contradictions) -> Contradictions:
        """Return those of both parts of the data."""
        n, steps = self.n + later.n, self.steps + later.steps
        if self.n or not later.n:
            return replace(self, n=n, steps=steps)
        return Contradictions(n, later.first + (0 if later.file else self.steps), steps, later.file)

    def faults(self) -> list[Fault]:
        """Return the one fault, if there is any."""
        if not self.n:
            return []
        what = f"next_value contradicts the value of the next row in {self.n:,} steps"
        fix = (
            "give the value of the state that really followed, before any reset; or leave out "
            "next_value inside trajectories"
        )
        where = f"row {self.first + 1:,}: next_value, the first of {self.n:,}"
        return [Fault(what, f"{self.file}, {where}" if self.file else where, fix)]


@dataclass(frozen=True)
class LowestProbabilities:
    """The lowest `behaviour_prob` of each action in each state.

    Whatever policies acted, the probabilities of the actions of a state sum to at most 1, so the
    lowest of each do: where they do not, they contradict each other.
    """

    state: Ints = field(default_factory=lambda: np.empty(0, np.int64))  # [K] of each pair
    action: Ints = field(default_factory=lambda: np.empty(0, np.int64))  # [K]
    chance: Floats = field(default_factory=lambda: np.empty(0))  # [K]

    @classmethod
    def of(cls, batch: Trajectories) -> LowestProbabilities:
        """Return those of a batch."""
        if batch.behaviour_prob is None:
            return cls()
        return cls(
            batch.state.astype(np.int64), batch.action.astype(np.int64), batch.behaviour_prob
        ).once()

    def once(self) -> LowestProbabilities:
        """Return the lowest of each pair that is here several times."""
        pairs, number = np.unique(self.state << 32 | self.action, return_inverse=True)
        chances = np.full(len(pairs), np.inf)
        np.fmin.at(chances, number.reshape(-1), self.chance)
        return LowestProbabilities(pairs >> 32, pairs & 0xFFFFFFFF, chances)

    def merge(self, later: LowestProbabilities) -> LowestProbabilities:
        """Return those of both parts of the data."""
        if not (len(self.chance) and len(later.chance)):
            return self if len(self.chance) else later
        return LowestProbabilities(
            np.concatenate([self.state, later.state]),
            np.concatenate([self.action, later.action]),
            np.concatenate([self.chance, later.chance]),
        ).once()

    def n_states_above_1(self) -> int:
        """Return the number of states whose lowest probabilities sum to more than 1."""
        known = np.where(np.isfinite(self.chance), self.chance, 0.0)
        return int((np.bincount(self.state, known) > 1 + 1e-3).sum())


Oddities = Callable[[Rollouts], tuple[Mapping[str, int], list[str]]]


def describe_rollouts(
    read: Callable[[], Rollouts], form: str, oddities: Oddities = lambda _: ({}, [])
) -> Result:
    """Return what rollouts hold, and their faults, as `describe` does.

    Args:
        read: gives the rollouts, or raises what is wrong with them.
        form: whose they are.
        oddities: counts what is probably not as it was meant, with a note about each kind.
    """
    try:
        rollouts = read()
        reward = rollouts.scored.reward
        counts, notes = oddities(rollouts)
    except InputError as error:
        facts: dict[str, Fact] = {"format": form, "faults": len(error.faults)}
        return _report("Rollouts", facts, error.faults, [])
    facts = {
        "format": str(rollouts.facts["format"]),
        "rollouts": len(rollouts),
        "groups": rollouts.n_groups,
        "grouped_by": str(rollouts.facts["grouped_by"]),
        "steps": len(rollouts.step),
        "scored": len(reward),
        "unscored": len(rollouts) - len(reward),
        "reward_min": float(reward.min()) if len(reward) else None,
        "reward_max": float(reward.max()) if len(reward) else None,
        "oddities": dict(counts),
        "faults": 0,
    }
    return _report("Rollouts", facts, [], [*rollouts.notes, *notes, "rlcalc group reads them"])


def describe_model(read: Callable[[], Any]) -> Result:
    """Return what a model holds, and every fault that was found in it, as `describe` does.

    Args:
        read: gives the model, or a world that can only be played, or raises what is wrong with it.
    """
    try:
        mdp = read()
    except InputError as error:
        return _report("A model", {"faults": len(error.faults)}, error.faults, [])
    facts: dict[str, Fact]
    if not isinstance(mdp, MDP):
        facts = {"name": mdp.name, "not_listed": mdp.why, "gamma": mdp.gamma, "faults": 0}
        return _report("A world that is played", facts, [], [])
    model = mdp.expected
    facts = {
        "name": mdp.name,
        "states": model.n_states,
        "terminal": int(model.terminal.sum()),
        "actions": len(mdp.actions),
        "pairs": model.n_pairs,
        "outcomes": model.n_outcomes,
        "reward_min": float(mdp.reward.min()),
        "reward_max": float(mdp.reward.max()),
        "next_state_certain": mdp.next_state_certain,
        "reward_certain": mdp.reward_certain,
        "start_states": None if mdp.start is None else int((mdp.start > 0).sum()),
        "own_policy": mdp.policy is not None,
        "gamma": mdp.gamma,
        "faults": 0,
    }
    return _report("A model", facts, [], mdp.notes)


def _report(
    what: str, facts: dict[str, Fact], faults: Sequence[Fault], notes: Sequence[str]
) -> Result:
    return Result(
        command="check",
        title=what if not faults else f"{len(faults):,} fault{'s' * (len(faults) != 1)}",
        columns={
            "what": Column([fault.what for fault in faults], "text"),
            "where": Column([fault.where for fault in faults], "text"),
            "fix": Column([fault.fix for fault in faults], "text"),
        },
        facts=facts,
        notes=notes,
        facts_first=True,
    )


def _median(lengths: Counter[int]) -> int | None:
    before = 0
    for length in sorted(lengths):
        before += lengths[length]
        if 2 * before >= lengths.total():
            return length
    return None
