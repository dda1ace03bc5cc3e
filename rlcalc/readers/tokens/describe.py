"""The description of a source of tokens, for `rlcalc check`: its size, its columns and faults."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

import numpy as np

from rlcalc.errors import Fault, InputError
from rlcalc.readers.tokens.assemble import TokenError
from rlcalc.readers.tokens.load import load
from rlcalc.readers.tokens.names import TokenRequest
from rlcalc.result import Column, Fact, Result
from rlcalc.tokens import PER_TOKEN, Tokens


def holds_tokens(paths: Sequence[str], max_size: int | None = None) -> bool:
    """Whether the first file has lists of log-probabilities, right or wrong."""
    if "-" in paths:
        return False
    try:
        next(iter(load(paths, TokenRequest(max_size=max_size))), None)
    except TokenError:
        return True
    except InputError:
        return False
    return True


def describe_tokens(batches: Iterable[Tokens]) -> Result:
    """Return what a source of tokens holds, a row a fault: what, where, fix.

    Args:
        batches: are read to their end, or to the first fault in their form.
    """
    faults: list[Fault] = []
    n_rollouts = n_tokens = n_masked = 0
    columns: dict[str, None] = {}
    prompts: set[str] = set()
    where = ""
    try:
        for tokens in batches:
            where = where or tokens.source
            n_rollouts += len(tokens)
            n_tokens += int(tokens.mask.sum())
            n_masked += int((~tokens.mask).sum())
            columns |= dict.fromkeys(n for n in PER_TOKEN if getattr(tokens, n) is not None)
            prompts |= set() if tokens.group is None else set(map(str, tokens.group))
            faults += faults_of(tokens)
    except InputError as error:
        faults += error.faults
    if n_masked and not n_tokens:
        what = "the mask leaves out every token, so there is no loss"
        faults.append(Fault(what, where, "give 1 in the mask for the tokens of the response"))
    facts: dict[str, Fact] = {
        "rollouts": n_rollouts,
        "prompts": len(prompts) or None,
        "tokens": n_tokens,
        "masked_tokens": n_masked,
        "columns": ", ".join(columns),
        "faults": len(faults),
    }
    return Result(
        command="check",
        title="Tokens" if not faults else f"{len(faults):,} fault{'s' * (len(faults) != 1)}",
        columns={
            name: Column([getattr(fault, name) for fault in faults], "text")
            for name in ("what", "where", "fix")
        },
        facts=facts,
        notes=["rlcalc objective reads them"],
        facts_first=True,
    )


def with_tokens(rollouts: Result, tokens: Result) -> Result:
    """Return the description of rollouts with that of their tokens: facts, faults and notes."""
    n_faults = len(rollouts) + len(tokens)
    facts = {name: tokens.facts[name] for name in ("tokens", "masked_tokens", "columns")}
    columns = {
        name: Column([*column.values, *tokens.columns[name].values], "text")
        for name, column in rollouts.columns.items()
    }
    return replace(
        rollouts,
        title=rollouts.title if not n_faults else f"{n_faults:,} fault{'s' * (n_faults != 1)}",
        columns=columns,
        facts={**rollouts.facts, **facts, "faults": n_faults},
        notes=[*rollouts.notes, *tokens.notes],
    )


def faults_of(tokens: Tokens) -> Iterator[Fault]:
    """Yield what `objective` would refuse in a batch: a fault of each kind, the first of them."""
    try:
        tokens.require_log_probabilities()
    except InputError as error:
        yield from error.faults
    if tokens.advantage is not None:
        wrong = ~np.isfinite(tokens.advantage) & tokens.mask
        if wrong.any():
            token = int(np.argmax(wrong))
            yield Fault(
                f"the advantage is {tokens.advantage[token]:g}",
                tokens.where(token),
                "give a finite number, or mask the token (0 in the mask)",
            )
