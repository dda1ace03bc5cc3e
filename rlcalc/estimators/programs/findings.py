"""The findings of an audit: the steps that differ from the right advantage, or fit nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress

import numpy as np

from rlcalc.errors import InputError
from rlcalc.estimators.programs import Whitening, report, require_0_to_1
from rlcalc.estimators.programs.audit import (
    ENOUGH,
    WHITENED,
    Candidate,
    Fit,
    best_fit,
    close,
    tolerance_of,
)
from rlcalc.estimators.programs.chains import Chain, chain_of_steps, chain_of_tokens, continued
from rlcalc.estimators.programs.compute import StepAdvantages, whitened
from rlcalc.numerics.arrays import Flags
from rlcalc.result import Column, Fact, Result
from rlcalc.tokens import Tokens
from rlcalc.trajectories import Trajectories

ENOUGH_TO_TELL = 6
"""Fewer advantages are explained by chance: γ, λ and two numbers of whitening are unknown."""


def audit(
    source: Trajectories | Tokens,
    gamma: float | None = None,
    lambda_: float | None = None,
    notes: Sequence[str] = (),
) -> Result:
    """Return the steps whose logged advantage differs from the right one, or fits no convention.

    Every convention is tried with γ and λ as given, and with those that least squares read off:
    `rlcalc.estimators.programs.audit.solve`.

    Args:
        source: steps or tokens with `advantage`.
        gamma: 0..1 a step; None: read off.
        lambda_: 0..1; None: read off.
        notes: of the reader.

    Returns:
        A row a finding; the facts name the convention, γ and λ that reproduce the advantages.

    Raises:
        InputError: there are no advantages to audit.
    """
    logged = source.advantage
    if logged is None:
        raise InputError(
            "there are no advantages to audit",
            fix="name their column: --columns advantage=COLUMN",
        )
    for name, value in (("gamma", gamma), ("lambda", lambda_)):
        if value is not None:
            require_0_to_1(name, value)
    counted = np.isfinite(logged)
    if isinstance(source, Tokens):
        counted &= source.mask
    right: dict[str, Chain] = {}
    candidates = list(_candidates(source, right))
    if not candidates:
        raise InputError(
            "V of what follows is not known, so no convention can be tried",
            fix="give the column next_value, or the flags terminated and truncated",
        )
    best, alike = best_fit(candidates, logged, counted, gamma, lambda_)
    n = int(counted.sum())
    explained = n > 0 and best.n > ENOUGH * n
    chain = right.get(best.candidate.label, best.candidate.chain)
    expected, target = chain.of_all(chain.advantage(best.gamma, best.lambda_))
    if best.whitening is not None:
        expected = whitened(expected, dict(WHITENED)[best.whitening] or Whitening(0), counted)
    tolerance = tolerance_of(chain, logged, counted)
    differs = counted & ~close(expected, logged, tolerance) if explained else counted & False
    misfits = counted & ~best.fits if explained else counted & False
    nan = ~np.isfinite(logged) & (source.mask if isinstance(source, Tokens) else True)
    finding = np.where(misfits, 2, np.where(differs, 1, np.where(nan, 3, 0)))
    order, keys = report.keys_of(source)
    chosen = order[finding[order] > 0]
    answer = StepAdvantages(
        chain.spread(chain.reward),
        chain.spread(chain.value),
        chain.spread(chain.next_value),
        chain.spread(chain.td_error(best.gamma)),
        expected,
        expected,
        target,
    )
    name, _, fault = best.candidate.label.partition(", ")
    answer = report.as_in_source(source, answer)
    label = [name, f"gamma {best.gamma:g}", f"lambda {best.lambda_:g}", fault, best.whitening]
    off = np.abs(expected - logged)[differs]
    alike_labels = dict.fromkeys(
        fit.candidate.label for fit in alike if fit.candidate.label != best.candidate.label
    )
    facts: dict[str, Fact] = {
        "reproduced_by": ", ".join(part for part in label if part) if explained else "nothing",
        "as": ", ".join(_named(alike)) or None if explained else None,
        "gamma": best.gamma if explained else None,
        "lambda": best.lambda_ if explained else None,
        "whitening": best.whitening if explained else None,
        "compared": n,
        "fit": best.n if explained else 0,
        "do_not_fit": int(misfits.sum()) if explained else n,
        "differ": int(differs.sum()) if explained else None,
        "largest_difference": float(off.max()) if len(off) else None,
        "nan": int(nan.sum()) or None,
        "fit_as_well": "; ".join(alike_labels) or None if explained else None,
        **report.ends_of(source),
    }
    columns = keys(chosen) | report.columns_of(answer, chosen, logged)
    columns["finding"] = Column([FINDINGS[code] for code in finding[chosen].tolist()], "text")
    for option, given, used in (
        ("--gamma", gamma, best.gamma),
        ("--lambda", lambda_, best.lambda_),
    ):
        if explained and given not in (None, used):
            notes = [*notes, f"{option} {given:g} does not give these advantages, {used:g} does"]
    more = _notes(source, best.candidate.label, n, int(differs.sum()), explained=explained)
    return Result("advantage", "Audit", columns, facts, [*notes, *more], facts_first=True)


NO_ROW = -1
"""A width that no rollout has, so that none bootstraps."""

FINDINGS = ("", "differs from the right advantage", "does not fit", "NaN")


def _named(alike: Sequence[Fit]) -> list[str]:
    """Return the programs that compute like one of these fits, each once."""
    return list(dict.fromkeys(name for fit in alike for name in fit.candidate.named(fit.whitening)))


def is_clean(result: Result) -> bool:
    """Return whether an audit reproduced every advantage and found each of them right."""
    return not len(result) and result.facts["reproduced_by"] != "nothing"


def _candidates(source: Trajectories | Tokens, right: dict[str, Chain]) -> Iterator[Candidate]:
    """Yield the conventions of a source; `right` takes the right chain of those that are wrong."""
    if isinstance(source, Tokens):
        programs = {"carry": "verl", "zero": "openrlhf", "plain": "slime", "compress": "miles"}
        if source.mask.all():
            yield Candidate("gae", chain_of_tokens(source), tuple(programs.values()))
        for tool, program in programs.items() if not source.mask.all() else ():
            yield Candidate(f"gae, masked tokens {tool}", chain_of_tokens(source, tool), (program,))
        label = "gae, masked tokens carry, rows that fill the width bootstrap"
        right[label] = chain_of_tokens(source, "carry", full_rows=True, width=NO_ROW)
        yield Candidate(label, chain_of_tokens(source, "carry", full_rows=True), ("areal",))
        return
    correct: Chain | None = None
    with suppress(InputError):
        correct = chain_of_steps(source)
    try:
        ended = chain_of_steps(source, "terminate")
    except InputError:
        return
    if correct is not None:
        usual = ["sb3", "tianshou", "torchrl", "spinningup"]
        if _equal(ended, correct):
            usual.insert(1, "cleanrl")
        yield Candidate("gae", correct, tuple(usual))
    wrong: dict[str, tuple[Chain, tuple[str, ...]]] = {
        "gae, truncation as termination": (ended, ("cleanrl",)),
        "gae, goes on after a truncation": (continued(source, ~source.flagged_truncated), ()),
        "gae, ends are ignored": (continued(source, _ends_of_data(source)), ()),
    }
    for fault, (chain, names) in wrong.items():
        if correct is None or not _equal(chain, correct):
            if correct is not None:
                right[fault] = correct
            yield Candidate(fault, chain, names)


def _ends_of_data(source: Trajectories) -> Flags:
    """Return [E] whether a trajectory stops because the data do."""
    return source.terminated & False if source.cut_off is None else source.cut_off


def _equal(one: Chain, other: Chain) -> bool:
    same = np.array_equal(one.start, other.start)
    return same and np.array_equal(one.next_value, other.next_value)


def _notes(
    source: Trajectories | Tokens, label: str, n: int, differ: int, *, explained: bool
) -> list[str]:
    """Return sentences about the findings of an audit."""
    if not explained:
        return [
            "no convention that rlcalc knows gives these advantages, whatever γ and λ are; were "
            "they made of other values or rewards (another critic, scaled rewards)?"
        ]
    notes = []
    if n < ENOUGH_TO_TELL:
        notes.append(f"too few to tell: {n} advantages, and γ and λ may be chosen to fit them")
    if label == "gae, truncation as termination" and differ:
        cut = (
            int(np.count_nonzero(source.flagged_truncated))
            if isinstance(source, Trajectories)
            else 0
        )
        steps = "1 truncated step was" if cut == 1 else f"{cut:,} truncated steps were"
        notes.append(
            f"{steps} given V' = 0; the {differ:,} steps that lead there are off by γ V' and its "
            "echo (γλ)^k γ V'"
        )
    return notes
