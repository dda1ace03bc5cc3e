"""The answer of an audit: a row for each finding, and the convention that fits best."""

from __future__ import annotations

import numpy as np

from rlcalc.errors import InputError
from rlcalc.groups.advantages.compute import advantages
from rlcalc.groups.advantages.convention import Convention
from rlcalc.groups.audit.candidates import candidates
from rlcalc.groups.audit.fitting import Comparison, Fit, best_fit, fitting_trainers
from rlcalc.groups.audit.float32 import float32_error, float32_error_if_equal
from rlcalc.groups.audit.ghosts import ghosts
from rlcalc.groups.groups import EQUAL, Groups
from rlcalc.groups.rows import identity_columns
from rlcalc.numerics.arrays import Floats, Ints
from rlcalc.result import Column, Fact, Result
from rlcalc.rollouts import Rollouts

FINDINGS = ("ghost", "does not fit", "NaN", "infinite", "missing", "unscored")
GHOST, MISFIT, NAN, INFINITE, MISSING, UNSCORED = range(1, 7)


@np.errstate(over="ignore", invalid="ignore")
def audit(rollouts: Rollouts, tolerance: float = EQUAL, how: Convention | None = None) -> Result:
    """Return the rollouts whose advantage differs from that of the convention that fits best.

    Rollouts with a reward are compared, in groups whose rewards differ. A difference that float32
    explains counts as equal: 2⁻²² of the advantage, and of the largest reward over the divisor. In
    a group of equal rewards an advantage that should be 0 and exceeds `float32_error_if_equal` is a
    ghost. Other findings are advantages that are NaN or infinite, that are missing where others of
    the group have one, and that are not 0 although the rollout has no reward.

    Args:
        rollouts: with the trainer's advantages.
        tolerance: rewards are equal if they differ by no more, relative to the larger.
        how: the convention to compare with; None: look for the one that fits best.

    Returns:
        One row a finding; the facts hold the convention and how close it comes.

    Raises:
        InputError: there are no advantages of a trainer to audit.
    """
    if rollouts.advantage is None or (rollouts.absent is not None and rollouts.absent.all()):
        empty = "" if rollouts.advantage is None else ": every one is missing"
        raise InputError(
            f"these rollouts have no advantages of a trainer{empty}",
            fix="name their column: --advantage COLUMN (verl, ART, SkyRL, rLLM, Tinker and AReaL "
            "write no advantages)",
        )
    comparison = Comparison(Groups(rollouts, tolerance=tolerance))
    comparison, best, alike = best_fit(comparison, [how] if how else candidates(comparison.groups))
    explained = comparison.explains(best)
    advantage = advantages(rollouts, best.how)
    finding = findings(comparison, best, advantage)
    row = np.flatnonzero(finding)
    row = row[np.argsort(row if rollouts.row is None else rollouts.row[row], kind="stable")]
    columns = identity_columns(rollouts, row)
    columns |= {
        "reward": Column(rollouts.reward[row], symbol="r"),
        "advantage": Column(advantage[row], symbol="A"),
        "trainer_advantage": Column(comparison.target[row], symbol="A (trainer)"),
        "finding": Column([FINDINGS[code - 1] for code in finding[row].tolist()], "text"),
    }
    near = not (explained or how or np.isinf(comparison.median_difference(best.how)))
    n, count = comparison.n, np.bincount(finding, minlength=len(FINDINGS) + 1)
    misfit = (advantage - comparison.target)[finding == MISFIT]
    facts: dict[str, Fact] = {
        "reproduced_by": _words(best.how) if explained else ("nothing" if n else None),
        "nearest": _words(best.how) if near else None,
        "as": ", ".join(fitting_trainers(comparison, best)) or None if explained else None,
        "largest_difference": best.largest if explained else None,
        "rounded_to": str(comparison.rounding) if comparison.rounding else None,
        "largest_misfit": _most(misfit[np.isfinite(misfit)]),
        "compared": n,
        "fit": int(best.fits.sum()),
        "do_not_fit": int(count[MISFIT]),
        "fit_as_well": "; ".join(_words(fit.how) for fit in alike[:4]) or None,
        "ghosts": int(count[GHOST]),
        "largest_ghost": _most(comparison.target[finding == GHOST]),
        "nan": int(count[NAN]) or None,
        "infinite": int(count[INFINITE]) or None,
        "unscored_with_advantage": int(count[UNSCORED]) or None,
        "missing": int((~comparison.present & ~np.isnan(rollouts.reward)).sum()) or None,
    }
    warnings = comparison.groups.warnings()
    notes = [*rollouts.notes, *warnings, *_notes(comparison, best, finding, how)]
    return Result("group", "Audit", columns, facts, notes, facts_first=True)


def findings(comparison: Comparison, best: Fit, advantage: Floats) -> Ints:
    """Return [N] the code of the finding about each advantage; 0 where there is none.

    Args:
        comparison: the trainer's advantages.
        best: the fit of the convention to compare with.
        advantage: [N] of that convention.
    """
    rollouts, target, how = comparison.rollouts, comparison.target, best.how
    scored = ~np.isnan(rollouts.reward)
    known = how if comparison.explains(best) else None
    finding = np.zeros(len(rollouts), np.int64)
    finding[comparison.compared & ~best.fits] = MISFIT
    if known:
        limit = float32_error_if_equal(comparison.groups, comparison.typical, how)
        nonzero = np.abs(advantage) > limit
        error = float32_error(rollouts, how, advantage) + comparison.half_unit
        misfit = np.abs(advantage - target) > error
        finding[comparison.equal & scored & nonzero & misfit] = MISFIT
    finding[ghosts(comparison, known)] = GHOST
    expected = comparison.compared & best.fits  # a group of one has NaN in OpenRLHF and slime
    finding[comparison.present & np.isnan(target) & scored & ~expected] = NAN
    finding[np.isinf(target)] = INFINITE
    some = np.repeat(
        np.add.reduceat(comparison.present, rollouts.start[:-1], dtype=np.int64) > 0, rollouts.size
    )
    finding[~comparison.present & scored & some] = MISSING
    finding[~scored & np.isfinite(target) & (target != 0)] = UNSCORED
    return finding


def _words(how: Convention) -> str:
    return how.description() + ", unscored counts as 0" * (how.unscored == "counts as 0")


def _most(values: Floats) -> float | None:
    return float(np.abs(values).max()) if len(values) else None


def _notes(comparison: Comparison, best: Fit, finding: Ints, how: Convention | None) -> list[str]:
    """Return sentences that explain the findings."""
    explained, n = comparison.explains(best), comparison.n
    target, notes = comparison.target, []
    if (finding == GHOST).any():
        notes.append(
            "a ghost is an advantage that is not 0 although all rewards of its group are equal: "
            "the rounding error of the mean was divided by epsilon"
        )
    if np.isnan(target[comparison.present]).all():
        notes.append(
            "every advantage of the trainer is NaN: one NaN reward makes its whole group or batch "
            "NaN, and so does a group of one in OpenRLHF and slime"
        )
    elif n and not explained and not target[comparison.compared].any():
        notes.append(
            "the trainer's advantages are all 0 although rewards differ: they were masked or set "
            "to 0 after the estimator"
        )
    elif n and not explained and how:
        notes.append(
            f"{how.description()} does not give these advantages; without --as and --estimator "
            "rlcalc looks for the convention that does"
        )
    elif n and not explained:
        notes.append("no convention that rlcalc knows gives these advantages; see --compare, --as")
    if comparison.rounding:
        notes.append(
            f"the trainer's advantages look rounded to {comparison.rounding}: differences "
            "that this explains count as equal"
        )
    if (finding == UNSCORED).any():
        notes.append(
            "a rollout without a reward has an advantage: the trainer counted the reward as 0, or "
            "wrote it to another place"
        )
    if not n:
        notes.append("no group has rewards that differ, so nothing can be compared")
    return notes
