"""The answer of an audit: a row for each finding, and the convention that fits best."""

from __future__ import annotations

import numpy as np

from rlcalc.errors import InputError
from rlcalc.groups.advantages.compute import advantages
from rlcalc.groups.advantages.convention import Convention
from rlcalc.groups.audit.borders import other_borders
from rlcalc.groups.audit.candidates import candidates
from rlcalc.groups.audit.clips import clipped_rewards
from rlcalc.groups.audit.fitting import Comparison, Fit, best_fit, fitting_trainers
from rlcalc.groups.audit.float32 import float32_error, float32_error_if_equal
from rlcalc.groups.audit.ghosts import ghosts, least_epsilon, unexplained
from rlcalc.groups.audit.weights import with_solved_weights
from rlcalc.groups.groups import EQUAL, Groups
from rlcalc.groups.rows import identity_columns
from rlcalc.numerics.arrays import Floats, Ints
from rlcalc.result import Column, Fact, Result
from rlcalc.rollouts import Rollouts

FINDINGS = (
    "ghost",
    "does not fit",
    "NaN",
    "infinite",
    "missing",
    "unscored",
    "foreign baseline",
)
GHOST, MISFIT, NAN, INFINITE, MISSING, UNSCORED, FOREIGN = range(1, 8)
ENOUGH = 20
"""A convention is claimed where so many advantages could have refuted it."""


@np.errstate(over="ignore", invalid="ignore")
def audit(
    rollouts: Rollouts,
    tolerance: float = EQUAL,
    how: Convention | None = None,
    shaping: str | None = None,
) -> Result:
    """Return the rollouts whose advantage differs from that of the convention that fits best.

    Rollouts with a reward are compared, in groups whose rewards differ. A difference that float32
    explains counts as equal: `float32_error`. In a group of equal rewards an advantage that should
    be 0 and exceeds `float32_error_if_equal` is a ghost, or a foreign baseline if it exceeds
    `largest_ghost` as well. Other findings are advantages that are NaN or infinite, that are
    missing where others of the group have one, and that are not 0 although the rollout has no
    reward. Where the weights of several reward functions give no fit, they are solved for.

    Args:
        rollouts: with the trainer's advantages.
        tolerance: rewards are equal if they differ by no more, relative to the larger.
        how: the convention to compare with; None: look for the one that fits best.
        shaping: the part of a label that names how the rewards were changed before.

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
    conventions = [how] if how else candidates(comparison.groups)
    comparison, best, alike = best_fit(comparison, conventions)
    solved = None
    if len(rollouts.rewards) > 1 and not (
        comparison.explains(best) and best.fits.sum() == comparison.n
    ):
        solved = with_solved_weights(comparison, conventions, best)
    if solved:
        comparison, best, alike = solved
        rollouts = comparison.rollouts
    explained = comparison.explains(best)
    advantage = advantages(rollouts, best.how)
    epsilon = least_epsilon(best, alike)
    finding = findings(comparison, best, advantage, epsilon)
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

    def words(how: Convention) -> str:
        return how.description() + (f", {shaping}" if shaping else "")

    nothing = (
        "nothing"
        if n and (misfit.size or not comparison.single[comparison.compared].all())
        else None
    )
    cut, at_0 = _causes(comparison, finding)
    facts: dict[str, Fact] = {
        "reproduced_by": words(best.how) if explained else nothing,
        "nearest": words(best.how) if near else None,
        "weights": _weights(rollouts, " ") if solved else None,
        "as": ", ".join(fitting_trainers(comparison, best)) or None if explained else None,
        "largest_difference": best.largest if explained else None,
        "rounded_to": str(comparison.rounding) if comparison.rounding else None,
        "largest_misfit": _most(misfit[np.isfinite(misfit)]),
        "compared": n,
        "fit": int(best.fits.sum()),
        "could_refute": comparison.could_refute(best.how) if explained else None,
        "do_not_fit": int(count[MISFIT]),
        "truncated_of_these": cut,
        "exactly_0_of_these": at_0,
        "fit_as_well": "; ".join(words(fit.how) for fit in alike[:4]) or None,
        "ghosts": int(count[GHOST]),
        "largest_ghost": _most(comparison.target[finding == GHOST]),
        "foreign_baselines": int(count[FOREIGN]) or None,
        "nan": int(count[NAN]) or None,
        "infinite": int(count[INFINITE]) or None,
        "unscored_with_advantage": int(count[UNSCORED]) or None,
        "missing": int((~comparison.present & ~np.isnan(rollouts.reward)).sum()) or None,
    }
    notes = [*rollouts.notes, *comparison.groups.warnings()]
    notes += _notes(comparison, best, finding, how)
    notes += _notes_on_the_claim(comparison, best, finding, how, facts)
    return Result("group", "Audit", columns, facts, notes, facts_first=True)


def findings(
    comparison: Comparison, best: Fit, advantage: Floats, epsilon: float | None = None
) -> Ints:
    """Return [N] the code of the finding about each advantage; 0 where there is none.

    Args:
        comparison: the trainer's advantages.
        best: the fit of the convention to compare with.
        advantage: [N] of that convention.
        epsilon: the least ε of those that fit as well; None: that of the convention.
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
    finding[unexplained(comparison, known)] = FOREIGN
    finding[ghosts(comparison, known, epsilon if known else None)] = GHOST
    expected = comparison.compared & best.fits  # a group of one has NaN in OpenRLHF and slime
    finding[comparison.present & np.isnan(target) & scored & ~expected] = NAN
    finding[np.isinf(target)] = INFINITE
    some = np.repeat(
        np.add.reduceat(comparison.present, rollouts.start[:-1], dtype=np.int64) > 0, rollouts.size
    )
    finding[~comparison.present & scored & some] = MISSING
    finding[~scored & np.isfinite(target) & (target != 0)] = UNSCORED
    return finding


def _weights(rollouts: Rollouts, between: str) -> str:
    return ", ".join(f"{name}{between}{weight:g}" for name, weight in rollouts.weights.items())


def _causes(comparison: Comparison, finding: Ints) -> tuple[int | None, int | None]:
    """Return how many of the misfits were truncated, and how many are exactly 0."""
    misfit = finding == MISFIT
    if not misfit.any():
        return None, None
    truncated = comparison.rollouts.truncated
    cut = None if truncated is None else int((misfit & truncated).sum())
    return cut or None, int((misfit & (comparison.target == 0)).sum()) or None


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
    if (finding == FOREIGN).any():
        notes.append(
            "a foreign baseline is an advantage that is not 0 although all rewards of its group "
            "are equal, and that no rounding can make: the trainer took another baseline than the "
            "mean of this group, or the groups are cut at another border"
        )
    if np.isnan(target[comparison.present]).all():
        notes.append(
            "every advantage of the trainer is NaN: one NaN reward makes its whole group or batch "
            "NaN, and so does a group of one in OpenRLHF and slime"
        )
    elif n and not explained and comparison.tells and not (target[comparison.compared].any()):
        notes.append(
            "the trainer's advantages are all 0 although rewards differ: they were masked or set "
            "to 0 after the estimator"
        )
    elif n and not explained and how:
        notes.append(
            f"{how.description()} does not give these advantages; without --as and --estimator "
            "rlcalc looks for the convention that does"
        )
    elif n and not explained and comparison.tells:
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
    if not comparison.tells:
        notes.append("no group has rewards that differ, so there is nothing to compare")
    return notes


def _notes_on_the_claim(
    comparison: Comparison, best: Fit, finding: Ints, how: Convention | None, facts: dict[str, Fact]
) -> list[str]:
    """Return sentences about what is claimed: how sure it is, and what is behind the misfits."""
    explained, rollouts, notes = comparison.explains(best), comparison.rollouts, []
    label, could = best.how.description(), facts["could_refute"]
    if facts["weights"]:
        names = ",".join(rollouts.weights)
        weights = ",".join(f"{weight:g}" for weight in rollouts.weights.values())
        notes.append(
            f"the weights of the reward functions were solved for: {facts['weights']}; repeat with "
            f"--reward {names} --weights {weights}"
        )
    if explained and not comparison.finite_target.any():
        notes.append(
            f"the trainer's advantages are all 0, as {label} gives for these rewards (it may also "
            "be that they were masked or set to 0 after the estimator)"
        )
    if explained and not how and isinstance(could, int) and could < ENOUGH:
        notes.append(
            f"too few to tell: {could} advantages could have refuted {label}, and a convention is "
            f"claimed only from {ENOUGH} on; others may give the same numbers"
        )
    misfit = finding == MISFIT
    if explained and misfit.any():
        cut = rollouts.truncated
        same = cut is not None and np.array_equal(misfit, cut & comparison.compared)
        zero = not comparison.target[misfit].any()
        if same or zero:
            are = ["exactly the truncated ones"] * same + ["all exactly 0"] * zero
            notes.append(
                f"the {int(misfit.sum()):,} rollouts that do not fit are {' and '.join(are)}"
                + (": masked or set to 0 after the estimator" if zero else "")
            )
    wrong = int((misfit | (finding == FOREIGN)).sum())
    if 16 * wrong > len(rollouts):  # a wrong border spoils more than a few
        other = other_borders(comparison, best) or clipped_rewards(comparison)
        notes += [other] if other else []
    return notes
