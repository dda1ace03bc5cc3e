"""Which trainer's records these are, and what is said where no log-probabilities are logged."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping
from typing import Any

from rlcalc.errors import InputError, RlcalcError, listed
from rlcalc.readers.rollouts import dumps
from rlcalc.readers.tokens.names import TokenRequest
from rlcalc.tokens import LOG_PROBABILITIES


class NoTokens(InputError):
    """A source is not damaged, but has no lists of tokens."""


def require_log_probabilities(
    names: Iterable[str], record: Mapping[str, Any], where: str, request: TokenRequest
) -> None:
    """Refuse a source without log-probabilities, with the lines that dump them."""
    chosen = request.chosen(names, where)
    lacking = [name for name in request.needs if name not in chosen and name != "log_prob"]
    if lacking:
        raise NoTokens(
            f"no column holds the {listed(lacking)} of tokens",
            where,
            f"name yours: --columns {lacking[0]}=COLUMN; there are {listed(names, most=12)}",
        )
    if "log_prob" not in request.needs or any(name in chosen for name in LOG_PROBABILITIES):
        return
    dump, lines = None, None
    with contextlib.suppress(RlcalcError):
        known = dumps.sniffed(record, where)
        dump = None if known.name == "columns" else known.name
        lines = getattr(known.module, "LOG_PROBABILITIES", None)
    what = "there are no log-probabilities of tokens"
    if dump is not None:
        what = f"{dump} does not write the log-probabilities of tokens"
    raise NoTokens(
        what,
        where,
        lines
        or "give list columns such as log_probs, old_log_probs, advantages and response_mask, or "
        f"name yours: --columns log_prob=COLUMN; there are {listed(names, most=12)}",
    )
