"""The answers: the advantages of a program, and the audit of those that a buffer holds."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from rlcalc.errors import InputError, UsageError, meant, shown
from rlcalc.estimators.advantages.critic_facts import summary_rows
from rlcalc.estimators.advantages.request import AdvantageRequest
from rlcalc.estimators.programs import TOOLS, WHITENINGS, Program, Whitening, program_of, report
from rlcalc.estimators.programs.audit import (
    ENOUGH,
    WHITENED,
    Candidate,
    best_fit,
    close,
    tolerance_of,
)
from rlcalc.estimators.programs.chains import Chain, chain_of_steps, chain_of_tokens, continued
from rlcalc.estimators.programs.compute import StepAdvantages, advantages, whitened
from rlcalc.numerics.arrays import Flags, Ints
from rlcalc.numerics.spread import Spread
from rlcalc.result import Column, Fact, Result
from rlcalc.tokens import Tokens
from rlcalc.trajectories import Trajectories

if TYPE_CHECKING:
    from rlcalc.charts import Chart

ENOUGH_TO_TELL = 6
"""Fewer advantages are explained by chance: γ, λ and two numbers of whitening are unknown."""


@dataclass(frozen=True)
class ProgramRequest:
    """The convention of a program, or the audit of logged advantages; None: as the program."""

    gamma: float | None = None
    lambda_: float | None = None
    trainer: str | None = None
    tool: str | None = None
    whiten: str | None = None
    unknown_end: str | None = None
    rows: str = "steps"
    audit: bool = False
    method: str = "gae"

    @classmethod
    def of(
        cls,
        request: AdvantageRequest,
        gamma: float | None,
        lambda_: float | None,
        trainer: str | None,
        tool: str | None,
        whiten: str | None,
        *,
        audit: bool,
    ) -> ProgramRequest:
        """Return the request of a command.

        Raises:
            UsageError: there is no such program, or programs do not compute the method.
        """
        program_of(trainer)
        decay = FIXED_LAMBDA.get(request.method, lambda_)
        ends, rows = request.unknown_end, request.rows
        how = cls(gamma, decay, trainer, tool, whiten, ends, rows, audit, method=request.method)
        unused = {"--whiten": whiten, "--unknown-end": ends, "--rows": rows != "steps"}
        for option in [name for name, value in unused.items() if audit and value]:
            raise UsageError(
                f"{option} changes nothing in an audit, which tries every convention",
                fix=f"leave out {option}",
            )
        if how.is_convention:
            how.require_method()
        return how

    def require_method(self) -> None:
        """Refuse methods that programs and tokens have no convention of.

        Raises:
            UsageError: the method is not gae, lambda, td or mc.
        """
        if self.method not in ("gae", "lambda", *FIXED_LAMBDA):
            raise UsageError(
                f"--method {self.method} is for steps, without --as, --tool and --audit; lists of "
                "tokens have gae, lambda, td and mc",
                fix="leave out --method",
            )

    @property
    def is_convention(self) -> bool:
        """Whether more is asked for than the right advantages of steps."""
        return self.audit or self.trainer is not None or self.tool is not None

    def answer(
        self, source: Trajectories | Tokens, gamma: float | None = None, notes: Sequence[str] = ()
    ) -> Result:
        """Return the advantages of a source, or their audit.

        Args:
            source: steps with `value`, or tokens with `value` and rewards.
            gamma: of the source.
            notes: of its reader.
        """
        self.require_method()
        known = gamma if self.gamma is None else self.gamma
        if self.audit:
            return audit(source, known, self.lambda_, notes)
        result = of_program(
            source,
            1.0 if known is None else known,
            0.95 if self.lambda_ is None else self.lambda_,
            self.trainer,
            self.tool,
            self.whiten,
            notes,
            unknown_end=self.unknown_end,
            rows=self.rows,
        )
        return replace(result, facts={**result.facts, "method": self.method})


FIXED_LAMBDA = {"td": 0.0, "mc": 1.0}
"""Methods that are GAE with this λ; `lambda` has the same advantages as `gae`."""


def of_program(
    source: Trajectories | Tokens,
    gamma: float,
    lambda_: float,
    as_: str | None = None,
    tool: str | None = None,
    whiten: str | None = None,
    notes: Sequence[str] = (),
    *,
    unknown_end: str | None = None,
    rows: str = "steps",
) -> Result:
    """Return what a program computes of every step: δ, A and the target of V.

    Args:
        source: steps with `value`, or tokens with `value` and rewards.
        gamma: 0..1 a step.
        lambda_: 0..1.
        as_: one of `PROGRAMS`; None: what is right.
        tool: what masked tokens do; default as the program, else carry.
        whiten: one of `WHITENINGS`; default as the program, else none.
        notes: of the reader.
        unknown_end: how to treat ends after which V is not known.
        rows: `steps`, or `summary`, a row a quantity.

    Raises:
        UsageError: γ or λ is outside 0..1, or there is no such program, tool or whitening.
        InputError: V of what follows is needed and is not known, or whitening divides by 0.
    """
    program = program_of(as_)
    _require_0_to_1("gamma", gamma)
    _require_0_to_1("lambda", lambda_)
    whitening = _whitening(program, whiten)
    chain = _chain(source, program, tool, unknown_end)
    counted = source.mask if isinstance(source, Tokens) else None
    answer = _of_source(source, advantages(chain, program, gamma, lambda_, counted, whitening))
    chosen, keys = _keys(source)
    facts = report.facts_of(answer, source.start, gamma, lambda_, as_, _ends(source))
    facts |= report.bootstrap_facts(chain.bootstrap_weight(gamma, lambda_))
    more = report.notes_of(program, as_, is_whitened=whitening is not None)
    title = "Advantage" if as_ is None else f"Advantage as {as_} computes it"
    columns = report.columns_of(answer, chosen, source.advantage)

    def charts() -> list[Chart]:
        from rlcalc.estimators.charts import time_chart

        time = np.asarray(keys(chosen)["t"].values)
        values = np.asarray(columns["advantage"].values)
        return time_chart(time, values, "advantage", "A", f"{title} by time")

    if rows == "summary":
        spreads = {name: Spread.of(np.asarray(one.values)) for name, one in columns.items()}
        summary = summary_rows(title, spreads)
        return replace(summary, facts=facts, notes=[*notes, *chain.notes, *more], charts=charts)
    columns = keys(chosen) | columns
    notes = [*notes, *chain.notes, *more]
    return Result("advantage", title, columns, facts, notes, charts=charts)


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
            _require_0_to_1(name, value)
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
    order, keys = _keys(source)
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
    answer = _of_source(source, answer)
    label = [name, f"gamma {best.gamma:g}", f"lambda {best.lambda_:g}", fault, best.whitening]
    off = np.abs(expected - logged)[differs]
    alike_labels = dict.fromkeys(
        fit.candidate.label for fit in alike if fit.candidate.label != best.candidate.label
    )
    facts: dict[str, Fact] = {
        "reproduced_by": ", ".join(part for part in label if part) if explained else "nothing",
        "as": ", ".join(best.candidate.named(best.whitening)) or None if explained else None,
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
        **_ends(source),
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
        yield Candidate("gae", correct, ("sb3", "tianshou", "torchrl", "spinningup"))
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


def _require_0_to_1(name: str, value: float) -> None:
    if not 0 <= value <= 1:
        raise UsageError(
            f"{name} is {value:g}, expected 0..1",
            fix=f"give one from 0 to 1, such as --{name} 0.95",
        )


def _known(value: str, known: Iterable[str], option: str) -> str:
    if value not in known:
        raise UsageError(
            f"{option} is {shown(value)}", fix=f"{meant(value, known)}use {', '.join(known)}"
        )
    return value


def _whitening(program: Program, whiten: str | None) -> Whitening | None:
    return program.whitening if whiten is None else WHITENINGS[_known(whiten, WHITENINGS, "whiten")]


def _chain(
    source: Trajectories | Tokens, program: Program, tool: str | None, unknown_end: str | None
) -> Chain:
    if isinstance(source, Tokens):
        rule = program.tool if tool is None else _known(tool, TOOLS, "tool")
        return chain_of_tokens(source, rule, full_rows=program.full_rows)
    if tool is not None:
        raise UsageError(
            "--tool tells what masked tokens do, and this source has steps, not tokens",
            fix="leave it out, or give rollouts with a list of a mask (response_mask)",
        )
    return chain_of_steps(source, program.truncation, unknown_end)


def _keys(source: Trajectories | Tokens) -> tuple[Ints, Callable[[Ints], dict[str, Column]]]:
    """Return the order of the source, and a function that returns the columns of its keys."""
    if isinstance(source, Tokens):
        return np.arange(len(source.mask)), partial(report.keys_of_tokens, source)
    order: Ints = np.arange(source.n_steps)[source.source_order]
    return order, partial(report.keys_of_steps, source)


def _ends(source: Trajectories | Tokens) -> dict[str, Fact]:
    """Return how many trajectories ended so, or how many tokens count."""
    if isinstance(source, Tokens):
        return {"masked": int((~source.mask).sum())}
    over, cut = source.terminated, source.truncated & ~source.terminated
    return {
        "terminated": int(over.sum()),
        "truncated": int(cut.sum()),
        "unknown": int((~over & ~cut).sum()),
    }


def _of_source(source: Trajectories | Tokens, answer: StepAdvantages) -> StepAdvantages:
    """Return the answer with r and V as the source has them, of masked tokens too."""
    if not isinstance(source, Tokens):
        return answer
    value = source.value if source.old_value is None else source.old_value
    reward = source.reward
    if reward is None:
        reward = np.nan_to_num(answer.reward, nan=0.0)
    return replace(answer, reward=reward, value=answer.value if value is None else value)


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
