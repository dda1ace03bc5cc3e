"""The audit: which convention gives the trainer's advantages, and which rollouts do not fit."""

from __future__ import annotations

import numpy as np

from rlcalc.errors import InputError
from rlcalc.groups.advantages.compute import advantages
from rlcalc.groups.advantages.convention import Convention
from rlcalc.groups.audit.candidates import candidates
from rlcalc.groups.audit.fitting import Comparison, Fit, best_of, trainers_of
from rlcalc.groups.audit.float32 import allowed, allowed_if_equal
from rlcalc.groups.audit.ghosts import ghosts
from rlcalc.groups.groups import EQUAL, Groups
from rlcalc.groups.report import keys
from rlcalc.numerics.arrays import Floats, Ints
from rlcalc.result import Column, Fact, Result
from rlcalc.rollouts import Rollouts

FINDINGS = ("ghost", "does not fit", "NaN", "infinite", "missing", "unscored")
GHOST, MISFIT, NAN, INFINITE, MISSING, UNSCORED = range(1, 7)


@np.errstate(over="ignore", invalid="ignore")
def audit(rollouts: Rollouts, tolerance: float = EQUAL, how: Convention | None = None) -> Result:
    """Return the rollouts whose advantage is not what the best convention gives.

    Compared are the rollouts with a reward, in groups whose rewards differ; what float32 may lose
    counts as equal: 2⁻²² of the advantage, and of the largest reward over what divides. In a group
    of equal rewards an advantage that should be 0 and is above `allowed_if_equal` is a ghost. Found
    are also advantages that are NaN or infinite, that are missing where others of the group have
    one, and that are not 0 where there is no reward.

    Args:
        rollouts: with the trainer's advantages.
        tolerance: rewards are equal if they differ by no more, relative to the larger.
        how: the convention to hold them against; None: the one that fits best is found.

    Returns:
        One row a finding; the facts say which convention it is and how close it comes.

    Raises:
        InputError: there are no advantages of a trainer to audit.
    """
    if rollouts.advantage is None or (rollouts.absent is not None and rollouts.absent.all()):
        empty = "" if rollouts.advantage is None else ": every one is missing"
        raise InputError(
            f"there are no advantages of a trainer in these rollouts{empty}",
            fix="name their column: --advantage COLUMN; verl, ART, SkyRL, rLLM, Tinker and AReaL "
            "do not write any",
        )
    compared = Comparison(Groups(rollouts, tolerance=tolerance))
    compared, best, alike = best_of(compared, [how] if how else candidates(compared.groups))
    found = compared.found(best)
    advantage = advantages(rollouts, best.how)
    finding = findings(compared, best, advantage)
    row = np.flatnonzero(finding)
    row = row[np.argsort(row if rollouts.row is None else rollouts.row[row], kind="stable")]
    columns = keys(rollouts, row)
    columns |= {
        "reward": Column(rollouts.reward[row], symbol="r"),
        "advantage": Column(advantage[row], symbol="A"),
        "trainer_advantage": Column(compared.held[row], symbol="A (trainer)"),
        "finding": Column([FINDINGS[code - 1] for code in finding[row].tolist()], "text"),
    }
    n, count = compared.n, np.bincount(finding, minlength=len(FINDINGS) + 1)
    facts: dict[str, Fact] = {
        "reproduced_by": _said(best) if found else ("nothing" if n else None),
        "nearest": None if found or how or np.isinf(compared.middle(best.how)) else _said(best),
        "as": ", ".join(trainers_of(compared, best)) or None if found else None,
        "largest_difference": best.largest if found else None,
        "rounded_to": str(compared.rounding) if compared.rounding else None,
        "largest_misfit": _largest(advantage, compared.held, np.flatnonzero(finding == MISFIT)),
        "compared": n,
        "fit": int(best.fits.sum()),
        "do_not_fit": int(count[MISFIT]),
        "fit_as_well": "; ".join(_said(fit) for fit in alike[:4]) or None,
        "ghosts": int(count[GHOST]),
        "largest_ghost": _most(compared.held[finding == GHOST]),
        "nan": int(count[NAN]) or None,
        "infinite": int(count[INFINITE]) or None,
        "unscored_with_advantage": int(count[UNSCORED]) or None,
        "missing": int((~compared.given & ~np.isnan(rollouts.reward)).sum()) or None,
    }
    notes = [*rollouts.notes, *compared.groups.findings(), *_notes(compared, best, finding, how)]
    return Result("group", "Audit", columns, facts, notes, facts_first=True)


def findings(compared: Comparison, best: Fit, advantage: Floats) -> Ints:
    """Return [N] what is wrong with each rollout's advantage; 0 where nothing is.

    Args:
        compared: the trainer's advantages.
        best: the convention that they are held against.
        advantage: [N] what it gives.
    """
    rollouts, held, how = compared.rollouts, compared.held, best.how
    scored = ~np.isnan(rollouts.reward)
    known = how if compared.found(best) else None
    finding = np.zeros(len(rollouts), np.int64)
    finding[compared.these & ~best.fits] = MISFIT
    if known:
        by_right = np.abs(advantage) > allowed_if_equal(compared.groups, compared.usual, how)
        off = np.abs(advantage - held) > allowed(rollouts, how, advantage) + compared.unit
        finding[compared.equal & scored & by_right & off] = MISFIT
    finding[ghosts(compared, known)] = GHOST
    expected = compared.these & best.fits  # a group of one has NaN in OpenRLHF and slime
    finding[compared.given & np.isnan(held) & scored & ~expected] = NAN
    finding[np.isinf(held)] = INFINITE
    some = np.repeat(
        np.add.reduceat(compared.given, rollouts.start[:-1], dtype=np.int64) > 0, rollouts.size
    )
    finding[~compared.given & scored & some] = MISSING
    finding[~scored & np.isfinite(held) & (held != 0)] = UNSCORED
    return finding


def _said(fit: Fit) -> str:
    counted = ", unscored counts as 0" if fit.how.unscored == "counts as 0" else ""
    return fit.how.description() + counted


def _most(values: Floats) -> float | None:
    return float(np.abs(values).max()) if len(values) else None


def _largest(advantage: Floats, held: Floats, rows: Ints) -> float | None:
    difference = np.abs(advantage - held)[rows]
    return _most(difference[np.isfinite(difference)])


def _notes(compared: Comparison, best: Fit, finding: Ints, how: Convention | None) -> list[str]:
    """Return what the findings mean, in words."""
    found, n = compared.found(best), compared.n
    held, notes = compared.held, []
    if (finding == GHOST).any():
        notes.append(
            "a ghost advantage is not 0 although all rewards of its group are equal: what rounding "
            "left of the mean was divided by epsilon"
        )
    if np.isnan(held[compared.given]).all():
        notes.append(
            "every advantage of the trainer is NaN: one reward that is NaN makes its group so, or "
            "its batch, and so does a group of one in OpenRLHF and slime"
        )
    elif n and not found and not held[compared.these].any():
        notes.append(
            "the trainer's advantages are all 0 although rewards differ: they were masked, or set "
            "to 0, after any estimator"
        )
    elif n and not found and how:
        notes.append(
            f"{how.description()} does not give these advantages; without --as and --estimator "
            "rlcalc looks for what does"
        )
    elif n and not found:
        notes.append("no convention that rlcalc knows gives these advantages; see --compare, --as")
    if compared.rounding:
        notes.append(
            f"the trainer's advantages look rounded to {compared.rounding}: what that explains "
            "counts as equal"
        )
    if (finding == UNSCORED).any():
        notes.append(
            "a rollout without a reward has an advantage: the reward was counted as 0, or written "
            "elsewhere"
        )
    if not n:
        notes.append("no group has rewards that differ, so nothing can be compared")
    return notes
