"""One group explained: its rewards, its advantages, and the arithmetic between them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from rlcalc.errors import shown
from rlcalc.groups.advantages.compute import advantages
from rlcalc.groups.advantages.convention import Convention, convention_number
from rlcalc.groups.advantages.maxrl import maxrl_warnings
from rlcalc.groups.advantages.normalise import centred, divisor
from rlcalc.groups.advantages.pass_k import pass_k_warnings
from rlcalc.groups.groups import EQUAL, STATUS, Groups
from rlcalc.groups.rows import as_whole_numbers
from rlcalc.numerics.arrays import Floats, take_rows
from rlcalc.result import Column, Fact, Result
from rlcalc.rollouts import Rollouts


@np.errstate(over="ignore", invalid="ignore")
def explain(
    rollouts: Rollouts, name: str, how: Convention, success: float = 1.0, tolerance: float = EQUAL
) -> Result:
    """Return one group in full: each reward, each advantage, and how one follows from the other.

    Args:
        rollouts: with the beginnings of their prompts and responses, where there are texts.
        name: the name of the group, or STEP/NAME.
        how: the estimator.
        success: the smallest reward that counts as success.
        tolerance: rewards are equal if they differ by no more, relative to the larger.

    Raises:
        UsageError: no group has the name, or several groups have it.
    """
    groups = Groups(rollouts, success, tolerance)
    number = rollouts.find(name)
    explanation = Explanation(groups, how)
    part = explanation.rollouts_of(number)
    columns = explanation.columns(number)
    if rollouts.beginning is not None:
        responses = [_beginning(text, 60) for text in rollouts.beginning[part]]
        columns["response"] = Column(responses, "text")
    question = None if rollouts.question is None else rollouts.question[part.start]
    facts = {"prompt": _beginning(question, 200), **explanation.facts(number)}
    notes = [*rollouts.notes, *pass_k_warnings(groups, [how]), *maxrl_warnings(groups, [how])]
    return Result("group", explanation.title(number), columns, facts, notes)


@dataclass(frozen=True, eq=False)
class Explanation:
    """The advantages of all rollouts, and what explains those of one group."""

    groups: Groups
    how: Convention

    @cached_property
    def advantage(self) -> Floats:
        """[N] the advantages."""
        return advantages(self.groups.rollouts, self.how)

    def rollouts_of(self, number: int) -> slice:
        """Return the rollouts of a group."""
        start = self.groups.rollouts.start
        return slice(int(start[number]), int(start[number + 1]))

    def title(self, number: int) -> str:
        """Return the name of a group, with its step where it is known."""
        rollouts = self.groups.rollouts
        step = rollouts.step[int(rollouts.step_of_group[number])]
        return f"Group {shown(rollouts.group[number])}" + (
            "" if step is None else f" of step {step}"
        )

    def columns(self, number: int) -> dict[str, Column]:
        """Return rewards, advantages and their arithmetic, a row a rollout of the group."""
        rollouts, part = self.groups.rollouts, self.rollouts_of(number)
        columns = {
            "rollout": Column(take_rows(rollouts.rollout, part), "key"),
            "reward": Column(rollouts.reward[part], symbol="r"),
            "advantage": Column(self.advantage[part], symbol="A"),
        }
        arithmetic = self._arithmetic(part)
        if arithmetic:
            columns["arithmetic"] = Column(arithmetic, "text")
        if rollouts.advantage is not None:
            columns["trainer_advantage"] = Column(rollouts.advantage[part], symbol="A (trainer)")
        if rollouts.length is not None:
            columns["length"] = Column(as_whole_numbers(rollouts.length[part]))
        return columns

    def facts(self, number: int) -> dict[str, Fact]:
        """Return the estimator, and the size, mean, deviation and status of a group."""
        part, how = self.rollouts_of(number), self.how
        reward = self.groups.rollouts.reward[part]
        scored = reward[~np.isnan(reward)]
        deviates = len(scored) > how.ddof
        return {
            "estimator": how.description(),
            "n": part.stop - part.start,
            "mean": float(scored.mean()) if len(scored) else None,
            "std": float((scored - scored[0]).std(ddof=how.ddof)) if deviates else None,
            "status": STATUS[int(self.groups.status[number])],
        }

    @cached_property
    def _terms(self) -> tuple[Floats, Floats]:
        """[N] r − μ and [N] the divisor; NaN where there is no reward."""
        rollouts = self.groups.rollouts
        scored = rollouts.scored
        left, by = np.full(len(rollouts), np.nan), np.full(len(rollouts), np.nan)
        left[scored.rollout] = centred(scored, self.how)
        by[scored.rollout] = divisor(scored, self.how)
        return left, by

    def _arithmetic(self, part: slice) -> list[str | None]:
        """Return r − μ or (r − μ) / (σ + ε) in numbers; nothing for estimators of another form.

        All lines have the digits, from 6, with which each comes to the advantage that is shown.
        """
        how, reward = self.how, self.groups.rollouts.reward[part]
        of_this_form = how.estimator in ("grpo", "dr-grpo", "rloo") and not how.leave_one_out
        if not of_this_form or how.length_penalty:
            return []
        left, by = self._terms
        n = int((~np.isnan(reward)).sum())
        lines = [
            _Line(*numbers, n=n, how=how)
            for numbers in zip(reward, left[part], by[part], strict=True)
        ]
        known = [line for line in lines if not np.isnan(line.reward) and not np.isnan(line.left)]
        digits = next((d for d in range(6, 18) if all(line.is_true(d) for line in known)), 17)
        return [line.text(digits) if line in known else None for line in lines]


def _beginning(text: str | None, most: int) -> str | None:
    return None if text is None else shown(" ".join(text.split()), most)


@dataclass(frozen=True, eq=False)
class _Line:
    """The arithmetic of one rollout: r, r − μ and the divisor."""

    reward: float
    left: float
    by: float
    n: int  # rollouts of the group that have a reward
    how: Convention

    def parts(self, digits: int) -> tuple[str, str, str]:
        """Return r, μ and σ in so many digits."""
        deviation = self.by - self.how.epsilon
        numbers = (self.reward, self.reward - self.left, deviation)
        reward, mean, sigma = (f"{number:.{digits}g}" for number in numbers)
        return reward, mean, sigma

    @property
    def is_divided(self) -> bool:
        """Whether r − μ is divided by σ + ε."""
        return self.how.estimator == "grpo" and self.how.scale != "none"

    def is_true(self, digits: int) -> bool:
        """Return whether the digits shown come to the advantage, in the 6 digits of a table."""
        reward, mean, deviation = map(float, self.parts(digits))
        by = deviation + self.how.epsilon if self.is_divided else 1.0
        exact = self.left / (self.by if self.is_divided and self.by else 1.0)
        times = self.n / max(self.n - 1, 1) if self.how.estimator == "rloo" else 1.0
        return f"{times * (reward - mean) / (by or 1.0):.6g}" == f"{times * exact:.6g}"

    def text(self, digits: int) -> str:
        """Return the arithmetic; r − μ as one number where float64 cannot hold r and μ apart."""
        reward, mean, deviation = self.parts(digits)
        top = f"{reward} − {mean}" if self.is_true(digits) else f"{self.left:.6g}"
        if self.how.estimator == "rloo":
            return f"{self.n}/{max(self.n - 1, 1)} · ({top})"
        if not self.is_divided:
            return top
        return f"({top}) / ({deviation} + {convention_number(self.how.epsilon)})"
