"""Branches of groups: which columns are read for them, tokens or texts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from rlcalc.api.arguments import paths_or_none
from rlcalc.api.keywords import TokenReading
from rlcalc.api.tokens import load_tokens
from rlcalc.errors import InputError, UsageError, shown

if TYPE_CHECKING:
    from rlcalc.groups.branch_report import BranchRequest
    from rlcalc.groups.response_units import TokenIds
    from rlcalc.rollouts import Rollouts
    from rlcalc.tokens import Tokens

NOT_OF_TOKENS = ("length", "texts", "beginnings", "prompts", "origins")
"""Arguments that name columns which trees do not need."""


LACKING = {
    "token": ("there are no token ids", "use --by words"),
    "score": ("there are no rewards", "name the column: --reward COLUMN"),
    "group": ("no column identifies the groups", "name it: --group COLUMN"),
    "rollout": (
        "a rollout has several rows, whose tokens are not put together",
        "use --by turns or words; if every row is a rollout, --rollout none",
    ),
}
"""What tokens may lack, and the fix."""


def require_branches(request: BranchRequest, by: str | None, reading: Mapping[str, Any]) -> None:
    """Refuse unknown units, and trees that would mix the policies of several steps.

    Raises:
        UsageError: with the option.
    """
    from rlcalc.groups.response_units import UNITS

    if by is not None and by not in UNITS:
        raise UsageError(
            f"--by {shown(by)}: there are no such units", fix=f"use one of {', '.join(UNITS)}"
        )
    if reading.get("step") == "none" and not request.across_steps:
        raise UsageError(
            "--step none puts the rollouts of several steps into one tree, and their policies "
            "differ",
            fix="leave it out, for a tree a step; or add --across-steps",
        )


def rollouts_with_tokens(
    source: Any, by: str | None, reading: Mapping[str, Any]
) -> tuple[Rollouts, TokenIds] | None:
    """Return the rollouts of a source with their token ids; None: they are to be read as text.

    Args:
        source: as in `load_rollouts`.
        by: tokens; None: tokens where their ids are logged. Other units are of texts.
        reading: as in `load_rollouts`.

    Raises:
        InputError: tokens were requested, and the source does not hold them.
    """
    from rlcalc.groups.response_units import TokenIds
    from rlcalc.rollouts import Rollouts

    tokens = None
    if by in (None, "tokens") and not isinstance(source, Rollouts):
        tokens = _tokens(source, reading, required=by == "tokens")
    if tokens is None or tokens.score is None:
        return None
    step, names = tokens.step, tokens.rollout
    names_of_groups = list(tokens.group) if tokens.group is not None else []
    if step is not None and (reading.get("step") == "none" or (step < 0).any()):
        step = None
    named: dict[str, Any] = {} if names is None else {"rollout": np.array(list(names), object)}
    rollouts = Rollouts.from_arrays(
        np.array([str(name) for name in names_of_groups]), tokens.score, step=step, **named
    )
    return replace(rollouts, notes=tokens.notes), TokenIds(tokens, rollouts.row)


def _tokens(source: Any, reading: Mapping[str, Any], *, required: bool) -> Tokens | None:
    """Return the tokens of a source with their ids; None: it is read as text.

    Only if it is `required` a pipe is read as tokens, as it cannot be read twice, and are texts
    in their place taken for tokens.

    Raises:
        InputError: they are required, and are not there.
        UsageError: they are required, with an option of rollouts that are texts.
    """
    from rlcalc.tokens import joined

    options = {
        name: value
        for name, value in reading.items()
        if value not in (None, (), False) and name not in NOT_OF_TOKENS
    }
    one_row_each = options.get("rollout") == "none"
    if one_row_each:
        del options["rollout"]
    if options.pop("step", None) not in (None, "none"):
        options["columns"] = {"step": reading["step"]}
    other = [name for name in options if name not in TokenReading.__annotations__]
    if other and required:
        raise UsageError(
            f"--{other[0]} is not for --by tokens", fix=f"leave out --{other[0]}, or use --by words"
        )
    if not required and (other or "-" in (paths_or_none(source) or ())):
        return None
    try:
        parts = [_of_trees(part) for part in load_tokens(source, needs=("token",), **options)]
        tokens = joined(parts)
    except InputError:
        if required:
            raise
        return None
    lacking = next(
        (name for name in ("token", "score", "group") if getattr(tokens, name) is None), None
    )
    if lacking is None and not one_row_each and _has_several_rows(tokens):
        lacking = "rollout"
    if lacking is None and (required or tokens.token.dtype.kind in "iuf"):  # type: ignore[union-attr]
        return tokens
    if lacking is not None and required:
        what, fix = LACKING[lacking]
        raise InputError(what, tokens.source, fix)
    return None


def _has_several_rows(tokens: Tokens) -> bool:
    """Return whether a rollout has several rows, such as one a turn."""
    if tokens.rollout is None:
        return False
    step = np.zeros(len(tokens)) if tokens.step is None else tokens.step
    groups = tokens.cluster.tolist()
    rows = set(zip(groups, map(str, tokens.rollout), step.tolist(), strict=True))
    return len(rows) < len(tokens)


def _of_trees(tokens: Tokens) -> Tokens:
    """Return what trees are made of, without what else was logged of tokens."""
    from rlcalc.tokens import PER_TOKEN

    nothing: dict[str, Any] = dict.fromkeys(PER_TOKEN)
    token = tokens.token
    if token is not None and token.dtype.kind == "f":  # JSON is read as floats
        with np.errstate(invalid="ignore"):
            whole = token.astype(np.int32)
        token = whole if (whole == token).all() else token
    return replace(tokens, **nothing, token=token)
