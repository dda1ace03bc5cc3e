"""One group explained: its rewards, its advantages, and the arithmetic between them."""

from __future__ import annotations

import numpy as np

from rlcalc.errors import shown
from rlcalc.groups.advantages.compute import advantages
from rlcalc.groups.advantages.convention import Convention, convention_number
from rlcalc.groups.advantages.normalise import centred, divisor
from rlcalc.groups.advantages.pass_k import pass_k_warnings
from rlcalc.groups.groups import EQUAL, STATUS, Groups
from rlcalc.groups.rows import as_whole_numbers
from rlcalc.numerics.arrays import take_rows
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
    part = slice(int(rollouts.start[number]), int(rollouts.start[number + 1]))
    advantage = advantages(rollouts, how)[part]
    step = rollouts.step[int(rollouts.step_of_group[number])]
    rollout = take_rows(rollouts.rollout, part)
    columns = {
        "rollout": Column(rollout, "key"),
        "reward": Column(rollouts.reward[part], symbol="r"),
        "advantage": Column(advantage, symbol="A"),
    }
    arithmetic = _arithmetic(rollouts, part, how)
    if arithmetic:
        columns["arithmetic"] = Column(arithmetic, "text")
    if rollouts.advantage is not None:
        columns["trainer_advantage"] = Column(rollouts.advantage[part], symbol="A (trainer)")
    if rollouts.length is not None:
        columns["length"] = Column(as_whole_numbers(rollouts.length[part]))
    if rollouts.beginning is not None:
        responses = [_beginning(text, 60) for text in rollouts.beginning[part]]
        columns["response"] = Column(responses, "text")
    scored = rollouts.reward[part][~np.isnan(rollouts.reward[part])]
    question = None if rollouts.question is None else rollouts.question[part.start]
    facts: dict[str, Fact] = {
        "prompt": _beginning(question, 200),
        "estimator": how.description(),
        "n": part.stop - part.start,
        "mean": float(scored.mean()) if len(scored) else None,
        "std": float(scored.std(ddof=how.ddof)) if len(scored) > how.ddof else None,
        "status": STATUS[int(groups.status[number])],
    }
    title = f"Group {shown(rollouts.group[number])}" + ("" if step is None else f" of step {step}")
    notes = [*rollouts.notes, *pass_k_warnings(groups, [how])]
    return Result("group", title, columns, facts, notes)


def _beginning(text: str | None, most: int) -> str | None:
    return None if text is None else shown(" ".join(text.split()), most)


def _arithmetic(rollouts: Rollouts, part: slice, how: Convention) -> list[str | None]:
    """Return r − μ or (r − μ) / (σ + ε) in numbers; nothing for estimators of another form."""
    of_this_form = how.estimator in ("grpo", "dr-grpo", "rloo") and not how.leave_one_out
    if not of_this_form or how.length_penalty:
        return []
    scored = rollouts.scored
    mean, by = np.full(len(rollouts), np.nan), np.full(len(rollouts), np.nan)
    mean[scored.rollout] = scored.reward - centred(scored, how)
    by[scored.rollout] = divisor(scored, how)
    lines: list[str | None] = []
    for place in range(part.start, part.stop):
        reward = rollouts.reward[place]
        if np.isnan(reward) or np.isnan(mean[place]):
            lines.append(None)
            continue
        top = f"{reward:.6g} − {mean[place]:.6g}"
        if how.estimator == "rloo":
            n = int((~np.isnan(rollouts.reward[part])).sum())
            lines.append(f"{n}/{max(n - 1, 1)} · ({top})")
        elif how.estimator == "dr-grpo" or how.scale == "none":
            lines.append(top)
        else:
            lines.append(
                f"({top}) / ({by[place] - how.epsilon:.6g} + {convention_number(how.epsilon)})"
            )
    return lines
