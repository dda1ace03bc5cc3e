"""The audit: which convention gives the trainer's advantages, and which rollouts do not fit."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np

from rlcalc.errors import InputError
from rlcalc.estimators.advantages import advantages
from rlcalc.estimators.advantages.convention import Convention, Single, Whiten
from rlcalc.estimators.advantages.trainers import OPENRLHF_TOKENS, TRAINERS, VERL_TOKENS
from rlcalc.estimators.group import ghosts, keys
from rlcalc.estimators.groups import SINGLE, Groups
from rlcalc.result import Column, Fact, Result
from rlcalc.rollouts import Rollouts
from rlcalc.trajectories import Flags, Floats, Ints

EPSILONS = (1e-4, 1e-5, 1e-6, 1e-8, 1e-9)
ROUNDING = 2.0**-22
"""What float32 leaves of a number, some operations later, relative to its size."""


@dataclass(frozen=True)
class Fit:
    """How well a convention gives what the trainer has."""

    how: Convention
    fits: Flags  # [N] among those that are compared
    largest: float  # the largest difference of those that fit


@np.errstate(over="ignore", invalid="ignore")
def audit(rollouts: Rollouts, tolerance: float, how: Convention | None = None) -> Result:
    """Return the rollouts whose advantage is not what the best convention gives, and ghosts.

    Compared are the rollouts with a reward and an advantage, in groups whose rewards differ. What
    float32 may lose counts as equal: 2⁻²² of the advantage, and of the largest reward over σ + ε.

    Args:
        rollouts: with the trainer's advantages.
        tolerance: rewards are equal if they differ by less, relative to the larger.
        how: the convention to hold them against; None: the one that fits best is found.

    Returns:
        One row a finding; the facts say which convention it is and how close it comes.

    Raises:
        InputError: there are no advantages of a trainer to audit.
    """
    if rollouts.advantage is None or np.isnan(rollouts.advantage).all():
        raise InputError(
            "there are no advantages of a trainer in these rollouts",
            fix="name their column: --advantage COLUMN; verl, ART, SkyRL, rLLM, Tinker and AReaL "
            "do not write any",
        )
    groups = Groups(rollouts, tolerance=tolerance)
    live = np.repeat(~groups.equal | (groups.status == SINGLE), rollouts.size)
    compared = live & ~np.isnan(rollouts.reward) & ~np.isnan(rollouts.advantage)
    tried = [how] if how else candidates(rollouts)
    fits = [fit for fit in (_fit(rollouts, one, compared) for one in tried) if fit]
    if not fits and how:
        advantages(rollouts, how)  # says what is missing
    best = max(fits, key=lambda fit: (int(fit.fits.sum()), -fit.largest))
    found = 2 * int(best.fits.sum()) > int(compared.sum())  # a few fit by accident
    advantage, ghost = advantages(rollouts, best.how), ghosts(groups)
    wrong = np.flatnonzero(compared & ~best.fits)
    same = [
        fit.how.said()
        for fit in fits
        if found and fit is not best and np.array_equal(fit.fits, best.fits)
    ]
    row = np.concatenate([ghost, wrong])
    row = row[np.argsort(row if rollouts.row is None else rollouts.row[row], kind="stable")]
    held = np.asarray(rollouts.advantage)
    columns = keys(rollouts, row)
    columns |= {
        "reward": Column(rollouts.reward[row], symbol="r"),
        "advantage": Column(advantage[row], symbol="A"),
        "trainer_advantage": Column(held[row], symbol="A (trainer)"),
        "finding": Column(
            ["ghost" if ghostly else "does not fit" for ghostly in np.isin(row, ghost)], "text"
        ),
    }
    n = int(compared.sum())
    facts: dict[str, Fact] = {
        "reproduced_by": best.how.said() if found else ("nothing" if n else None),
        "as": ", ".join(_trainers(best.how)) if found else None,
        "largest_difference": best.largest if found else None,
        "largest_misfit": _largest(advantage, held, wrong),
        "compared": n,
        "fit": int(best.fits.sum()),
        "do_not_fit": len(wrong),
        "fit_as_well": "; ".join(same[:4]) or None,
        "ghosts": len(ghost),
        "largest_ghost": float(np.abs(held[ghost]).max()) if len(ghost) else None,
        "missing": int((np.isnan(held) & ~np.isnan(rollouts.reward)).sum()) or None,
    }
    notes = [*rollouts.notes, *groups.findings()]
    if len(ghost):
        notes.append(
            "a ghost advantage is not 0 although all rewards of its group are equal: what rounding "
            "left of the mean was divided by epsilon"
        )
    if n and not found and how:
        notes.append(
            f"{how.said()} does not give these advantages; without --as and --estimator "
            "rlcalc looks for what does"
        )
    elif n and not found:
        notes.append("no convention that rlcalc knows gives these advantages; see --compare, --as")
    if not n:
        notes.append("no group has rewards that differ, so nothing can be compared")
    return Result("group", "Audit", columns, facts, notes, facts_first=True)


def _fit(rollouts: Rollouts, how: Convention, compared: Flags) -> Fit | None:
    try:
        advantage = advantages(rollouts, how)
    except InputError:
        return None
    assert rollouts.advantage is not None
    difference = np.abs(advantage - rollouts.advantage)
    fits = compared & (difference <= _allowed(rollouts, how, advantage))
    return Fit(how, fits, float(difference[fits].max(initial=0.0)))


def _largest(advantage: Floats, held: Floats, rows: Ints) -> float | None:
    difference = np.abs(advantage - held)[rows]
    known = difference[~np.isnan(difference)]
    return float(known.max()) if len(known) else None


def _allowed(rollouts: Rollouts, how: Convention, advantage: Floats) -> Floats:
    """Return [N] the difference that float32 explains."""
    scored = rollouts.scored
    spread = scored.deviation(how.ddof) + how.epsilon
    divided = how.estimator in ("grpo", "gdpo", "pass-k") and how.scale == "group"
    most = np.maximum(np.abs(scored.low), np.abs(scored.high))
    of_group = most / np.where(spread > 0, spread, 1.0) if divided else most
    allowed = np.full(len(rollouts), np.nan)
    allowed[scored.rollout] = scored.each(of_group)
    batch = (
        4.0 if how.estimator in ("batch", "reinforce++", "reinforce++-baseline", "gdpo") else 1.0
    )
    within: Floats = ROUNDING * batch * (1 + np.abs(advantage) + allowed)
    return within


def _trainers(how: Convention) -> list[str]:
    """Return the trainers that mean just that."""
    said = how.said()
    return [name for name, known in TRAINERS.items() if said in {h.said() for h in known.values()}]


def candidates(rollouts: Rollouts) -> list[Convention]:
    """Return the conventions that an audit tries, the most usual first."""
    singles: list[Single] = ["zero", "raw"] if (rollouts.size == 1).any() else ["zero"]
    numbers = list(product(EPSILONS, (1, 0)))
    whitens = [Whiten(ddof=d, epsilon=e, centre=c) for (e, d), c in product(numbers, (True, False))]
    found = [Convention("grpo", e, d, single=one) for (e, d), one in product(numbers, singles)]
    found += [Convention(name, single=one) for name in ("dr-grpo", "rloo") for one in singles]
    found += [Convention("grpo", epsilon, leave_one_out=True) for epsilon in EPSILONS]
    found += [Convention("grpo", epsilon, ddof, scale="batch") for epsilon, ddof in numbers]
    found += [Convention("batch", whiten=whiten) for whiten in whitens if whiten.centre]
    found += [Convention("batch", scale="none")]
    tokens = [VERL_TOKENS, OPENRLHF_TOKENS]
    found += [Convention("reinforce++", whiten=whiten) for whiten in tokens]
    found += [Convention("reinforce++-baseline", whiten=whiten) for whiten in (*tokens, *whitens)]
    found += [Convention("maxrl", epsilon) for epsilon in (0.0, 1e-6)]
    found += [Convention(name) for name in ("opo", "gpg", "pass-k", "remax", "reinforce")]
    if len(rollouts.rewards) > 1:
        found += [Convention("gdpo", e, whiten=Whiten(epsilon=e)) for e in EPSILONS]
        found += [Convention("gdpo", whiten=VERL_TOKENS)]
        found += [Convention("gdpo", leave_one_out=True, whiten=Whiten(epsilon=0.0))]
    return found
