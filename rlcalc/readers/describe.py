"""The description of a source: its size, its ends and its faults, for `rlcalc check`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from rlcalc.errors import Fault, InputError
from rlcalc.mdp import MDP
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
    lengths: Counter[int] = Counter()
    ends: Counter[str] = Counter()
    lowest, contradictions = LowestProbabilities(), Contradictions()
    reasons: dict[str, str] = {}
    optional: Counter[str] = Counter()
    low, high = np.inf, -np.inf
    for batch in experience:
        lengths.update(batch.length.tolist())
        ends["terminated"] += int(batch.terminated.sum())
        ends["truncated"] += int((batch.truncated & ~batch.terminated).sum())
        ends["unknown"] += len(batch) - int((batch.terminated | batch.truncated).sum())
        low, high = min(low, batch.reward.min()), max(high, batch.reward.max())
        for name in OF_STEPS:
            optional[name] += 0 if getattr(batch, name) is None else batch.n_steps
        contradictions.add(batch)
        lowest.add(batch)
        reasons |= refusals(batch)
    experience.count_oddity("probabilities_above_1", lowest.n_states_above_1())
    experience.note_oddities()
    n, steps = lengths.total(), sum(length * times for length, times in lengths.items())
    faults = [*(experience.faults or []), *contradictions.faults()]
    faults += [experience.disagreement] if experience.disagreement else []
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
        "reward_min": float(low) if n else None,
        "reward_max": float(high) if n else None,
        **{end: ends[end] for end in ("terminated", "truncated", "unknown")},
        "gamma": experience.gamma,
        "also_given": ", ".join(name for name, times in optional.items() if times == steps and n),
        "left_out": dict(experience.left_out),
        "oddities": dict(experience.oddities),
        "refused_by": ", ".join(reasons),
        "faults": len(faults),
    }
    notes = [f"rlcalc {command} refuses this: {why}" for command, why in reasons.items()]
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


class Contradictions:
    """Steps whose `next_value` is not the `value` of the next row: an autoreset, or a shift."""

    def __init__(self) -> None:
        self.n, self.first, self.before = 0, "", 0

    def add(self, batch: Trajectories) -> None:
        """Take in the steps of a batch."""
        wrong = contradicting_values(batch)
        if len(wrong) and not self.n:
            row = self.before + int(wrong[0]) if batch.row is None else int(batch.row[wrong[0]])
            self.first = f"row {row + 1:,}: next_value, the first of {{n:,}}"
        self.n += len(wrong)
        self.before += batch.n_steps

    def faults(self) -> list[Fault]:
        """Return the one fault, if there is any."""
        if not self.n:
            return []
        what = f"next_value contradicts the value of the next row in {self.n:,} steps"
        fix = (
            "give the value of the state that really followed, before any reset; or leave out "
            "next_value inside trajectories"
        )
        return [Fault(what, self.first.format(n=self.n), fix)]


class LowestProbabilities:
    """The lowest `behaviour_prob` of each action in each state.

    Whatever policies acted, the probabilities of the actions of a state sum to at most 1, so the
    lowest of each do: where they do not, they contradict each other.
    """

    def __init__(self) -> None:
        self.lowest: dict[tuple[int, int], float] = {}

    def add(self, batch: Trajectories) -> None:
        """Take in the steps of a batch."""
        if batch.behaviour_prob is None:
            return
        pair = batch.state.astype(np.int64) << 32 | batch.action
        pairs, number = np.unique(pair, return_inverse=True)
        chances = np.full(len(pairs), np.inf)
        np.fmin.at(chances, number, batch.behaviour_prob)
        for key, chance in zip(pairs.tolist(), chances.tolist(), strict=True):
            place = key >> 32, key & 0xFFFFFFFF
            self.lowest[place] = min(chance, self.lowest.get(place, np.inf))

    def n_states_above_1(self) -> int:
        """Return the number of states whose lowest probabilities sum to more than 1."""
        total: Counter[int] = Counter()
        for (state, _), chance in self.lowest.items():
            total[state] += chance if np.isfinite(chance) else 0.0  # type: ignore[assignment]
        return sum(chance > 1 + 1e-3 for chance in total.values())


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
