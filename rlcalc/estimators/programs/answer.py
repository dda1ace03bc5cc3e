"""The answers: the advantages of a program, by its request."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from rlcalc.errors import UsageError, meant, shown
from rlcalc.estimators.advantages.critic_facts import summary_rows
from rlcalc.estimators.advantages.request import AdvantageRequest
from rlcalc.estimators.programs import (
    TOOLS,
    WHITENINGS,
    Program,
    Whitening,
    program_of,
    report,
    require_0_to_1,
)
from rlcalc.estimators.programs.chains import Chain, chain_of_steps, chain_of_tokens
from rlcalc.estimators.programs.compute import advantages
from rlcalc.estimators.programs.findings import audit
from rlcalc.numerics.spread import Spread
from rlcalc.result import Result
from rlcalc.tokens import Tokens
from rlcalc.trajectories import Trajectories

if TYPE_CHECKING:
    from rlcalc.charts import Chart


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
    require_0_to_1("gamma", gamma)
    require_0_to_1("lambda", lambda_)
    whitening = _whitening(program, whiten)
    chain = _chain(source, program, tool, unknown_end)
    counted = source.mask if isinstance(source, Tokens) else None
    answer = report.as_in_source(
        source, advantages(chain, program, gamma, lambda_, counted, whitening)
    )
    chosen, keys = report.keys_of(source)
    ends = report.ends_of(source)
    facts = report.facts_of(answer, source.start, gamma, lambda_, as_, ends)
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
