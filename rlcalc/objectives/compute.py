"""Terms and sums of a batch of tokens: block by block, in whole rollouts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rlcalc.errors import InputError
from rlcalc.numerics.arrays import Floats, Ints
from rlcalc.objectives.convention import Objective
from rlcalc.objectives.kl import kl_terms
from rlcalc.objectives.terms import (
    CLIP_HIGH,
    CLIP_LOW,
    DUAL_CLIP,
    MASKED,
    REGIONS,
    LossInput,
    Terms,
    terms_function,
)
from rlcalc.tokens import Tokens

BLOCK = 1 << 16
"""Tokens of a block, which its arrays keep in the cache."""
LARGEST = 1e150
"""Squares of larger advantages, and sums of them, overflow."""
MISMATCH = 0.1
"""The sampler's probability differs by more than this share."""


@dataclass(frozen=True)
class TokenTerms:
    """What the loss makes of every token, masked ones included."""

    ratio: Floats  # [T] NaN where masked
    region: NDArray[np.int8]  # [T]
    loss: Floats  # [T] of the policy, weighted for the aggregation
    gradient: Floats  # [T] ∂loss/∂log π, weighted
    kl: Floats  # [T] the estimate; NaN where masked, or without a reference


@dataclass(frozen=True)
class RolloutSums:
    """Sums over the counted tokens of each rollout; those of the loss before the batch's factor."""

    length: Ints  # [N]
    width: Ints  # [N] tokens, masked or not
    loss: Floats  # [N] Σ w ℓ
    kl: Floats  # [N] Σ w kl, of the KL term
    gradient: Floats  # [N] Σ |w g|
    lost_to_clips: Floats  # [N] Σ |w A ρ| where the gradient is 0 by a clip
    lost_to_clamps: Floats  # [N] likewise by a clamp of the log-ratio or of the KL estimate
    clamped_kl: Floats  # [N] tokens whose KL estimate was clamped
    by_region: Floats  # [N, 6] counted tokens of each region; masked: by the correction
    gradient_by_region: Floats  # [N, 6]
    outside: Floats  # [N] tokens with ρ outside the clip, whatever the sign of A
    advantage: Floats  # [N] Σ A
    weight: Floats  # [N] Σ ρ
    squared_weight: Floats  # [N] Σ ρ²
    kl_estimate: Floats  # [N] Σ kl against the reference; NaN without one
    k1: Floats  # [N] Σ log π_old − log π
    k3: Floats  # [N] Σ ρ − 1 − log ρ
    reference_k1: Floats  # [N] Σ log π − log π_ref; NaN without a reference
    reference_k3: Floats  # [N]
    mismatch: Floats  # [N] Σ log π_old − log π_sampler; NaN without a sampler
    squared_mismatch: Floats  # [N]
    mismatched: Floats  # [N] tokens whose ratio of the two is outside 1 ± 0.1
    value_loss: Floats  # [N] Σ w (V − R)²/2, clipped; NaN without values
    value_clipped: Floats  # [N] tokens whose clipped value loss counts

    @classmethod
    def joined(cls, parts: list[RolloutSums]) -> RolloutSums:
        """Return the sums of several batches, in their order."""
        return cls(*(np.concatenate([getattr(p, f.name) for p in parts]) for f in fields(cls)))


def blocks(tokens: Tokens, size: int = BLOCK) -> Iterator[Tokens]:
    """Yield parts of some `size` tokens, in whole rollouts."""
    first, n = 0, len(tokens)
    while first < n:
        last = int(np.searchsorted(tokens.start, tokens.start[first] + size, side="left"))
        last = min(max(last, first + 1), n)
        yield tokens.part(first, last)
        first = last


def batch_sums(
    tokens: Tokens,
    how: Objective,
    engine: Callable[..., Any],
    relative: float = 1.0,
) -> RolloutSums:
    """Return the sums of a batch, from its blocks; the arguments of `block_sums`, and an engine.

    Raises:
        InputError: a log-probability or an advantage is wrong, or a ratio overflows.
    """

    def work(part: Tokens) -> RolloutSums:
        return block_sums(part, how, relative)

    return RolloutSums.joined(list(engine(work, blocks(tokens))))


class Counted:
    """The counted tokens of a block, those that the mask leaves."""

    def __init__(self, tokens: Tokens) -> None:
        self.tokens = tokens
        self.all = bool(tokens.mask.all())
        self.place = np.zeros(0, np.int64) if self.all else np.flatnonzero(tokens.mask)
        edge = tokens.start if self.all else np.searchsorted(self.place, tokens.start)
        self.length = np.diff(edge)
        self.rollouts = np.flatnonzero(self.length > 0)
        self.start = np.concatenate([[0], np.cumsum(self.length[self.rollouts])])

    def of(self, column: Floats | None) -> Floats | None:
        """Return the counted entries of a column."""
        return column if column is None or self.all else column.take(self.place)

    def spread(self, values: NDArray[Any], empty: Any) -> NDArray[Any]:
        """Return [T] values of counted tokens, with `empty` at the masked ones."""
        if self.all:
            return values
        column = np.full(len(self.tokens.mask), empty, values.dtype)
        column[self.place] = values
        return column

    def sums(self, values: NDArray[Any]) -> Floats:
        """Return [N] sums over the counted tokens of each rollout."""
        total = np.zeros(len(self.length))
        if len(self.rollouts):
            total[self.rollouts] = np.add.reduceat(values, self.start[:-1], dtype=np.float64)
        return total

    def few(self, places: Ints, values: Floats | None = None) -> Floats:
        """Return [N] sums over some counted tokens: their number, or that of their values."""
        rollout = self.rollouts[np.searchsorted(self.start, places, side="right") - 1]
        return np.bincount(rollout, values, len(self.length)).astype(np.float64, copy=False)

    def token(self, place: int) -> int:
        """Return the token of the block that a counted one is."""
        return place if self.all else int(self.place[place])


@dataclass(frozen=True)
class CountedTerms:
    """What the loss makes of the counted tokens of a block, and the inputs that sums need."""

    counted: Counted
    log_prob: Floats
    log_ratio: Floats
    advantage: Floats
    terms: Terms
    kl: Floats | None  # the estimate, of the KL term or k3
    kl_gradient: Floats | None
    kl_free: Floats | None  # the gradient without clamps
    gone: NDArray[np.bool_] | None  # the correction leaves these out
    mismatch: Floats | None  # log π_old − log π_sampler


@np.errstate(over="ignore", invalid="ignore")
def counted_terms(tokens: Tokens, how: Objective) -> CountedTerms:
    """Return the terms of the counted tokens of a block.

    Raises:
        InputError: a log-probability or an advantage is wrong, or a ratio overflows.
    """
    counted = Counted(tokens)
    if how.loss == "value":
        entry = _value_input(counted)
        nothing = np.zeros(len(entry.log_prob))
        values = terms_function("value")(entry, how)
        rest = (None,) * 5
        return CountedTerms(counted, nothing, nothing, nothing, values, *rest)
    tokens.require_log_probabilities()
    to_sampler = how.ratio_to_sampler and how.correction != "none"
    old_name = "rollout_log_prob" if to_sampler else "old_log_prob"
    log_prob, old = _needed(counted, "log_prob"), _needed(counted, "old_log_prob")
    advantage = _needed(counted, "advantage")
    if len(advantage) and not max(advantage.max(), -advantage.min()) <= LARGEST:
        token = counted.token(int(np.argmin(np.abs(advantage) <= LARGEST)))
        raise InputError(
            f"the advantage is {tokens.advantage[token]:g}",  # type: ignore[index]
            tokens.where(token),
            "give a number up to 1e150, or mask the token (0 in the mask)",
        )
    log_ratio = log_prob - (_needed(counted, old_name) if to_sampler else old)
    weighed, gone, mismatch = _corrected(counted, how, advantage, old)
    entry = LossInput(counted.start, log_prob, log_ratio, weighed)
    terms = terms_function(how.loss)(entry, how)
    if not np.isfinite(terms.ratio.sum()):
        token = counted.token(int(np.argmin(np.isfinite(terms.ratio))))
        raise InputError(
            f"the ratio overflows: log π is {tokens.log_prob[token]:g} and the old one is "  # type: ignore[index]
            f"{getattr(tokens, old_name)[token]:g}",
            tokens.where(token),
            "see whether both are of the same token; verl's clamp of ±20 hides it: --as verl",
        )
    kl = kl_gradient = kl_free = None
    reference = counted.of(tokens.ref_log_prob)
    if reference is not None:
        kind = "k3" if how.kl == "none" else how.kl
        base = log_prob if how.kl_in == "loss" else old
        kl, kl_gradient, kl_free = kl_terms(base, reference, kind, *how.kl_bounds())
        if how.kl != "none" and not np.isfinite(kl).all():
            token = counted.token(int(np.argmin(np.isfinite(kl))))
            raise InputError(
                f"the estimate {kind} of KL overflows: log π is {tokens.log_prob[token]:g} and "  # type: ignore[index]
                f"that of the reference {tokens.ref_log_prob[token]:g}",  # type: ignore[index]
                tokens.where(token),
                "see whether both are of the same token; verl's clamp hides it: --as verl",
            )
        if how.kl_scores and how.kl != "none" and how.kl_in == "loss":
            stopped = kl_gradient != kl_free
            kl_gradient = np.where(stopped, 0.0, kl_gradient + kl)
            kl_free = kl_free + kl
        if how.kl_times_ratio and how.kl != "none" and how.kl_in == "loss":
            kl, kl_gradient, kl_free = _times_ratio(entry, terms, kl, kl_gradient, kl_free)
    elif how.kl != "none":
        raise InputError(
            f"the KL term {how.kl} needs the reference's log-probabilities, and there are none",
            tokens.source,
            "give the column ref_log_probs, name yours with --columns ref_log_prob=COLUMN, or "
            "leave out --kl",
        )
    return CountedTerms(
        counted, log_prob, log_ratio, advantage, terms, kl, kl_gradient, kl_free, gone, mismatch
    )


def _needed(counted: Counted, name: str) -> Floats:
    column = counted.of(getattr(counted.tokens, name))
    if column is None:
        raise InputError(
            f"there is no {name.replace('_', ' ')}",
            counted.tokens.source,
            "give the column advantages, or compute them from the rewards of the groups: "
            "--estimator grpo"
            if name == "advantage"
            else f"give the column {name}s, or name yours: --columns {name}=COLUMN",
        )
    return column


def _times_ratio(
    entry: LossInput, terms: Terms, kl: Floats, gradient: Floats, free: Floats
) -> tuple[Floats, Floats, Floats]:
    """Return ρ kl and its gradient: ρ kl' + ρ kl, where ρ is one of the token or the rollout."""
    ratio = terms.ratio
    through = ratio * kl
    moved = entry.each(entry.sums(through) / entry.length) if terms.whole else through
    return through, ratio * gradient + moved, ratio * free + moved


def _corrected(
    counted: Counted, how: Objective, advantage: Floats, old: Floats
) -> tuple[Floats, NDArray[np.bool_] | None, Floats | None]:
    """Return the weighted advantage, the tokens without weight, and log π_old − log π_sampler.

    w = π_old/π_sampler;  tis: min(w, C);  mask: w where LOW ≤ w ≤ HIGH, else 0;
    seq-mask: w where LOW ≤ exp(mean log w) ≤ HIGH over the rollout, else 0
    """
    sampler = counted.of(counted.tokens.rollout_log_prob)
    mismatch = None if sampler is None else old - sampler
    entry = LossInput(counted.start, old, old, advantage)
    if how.mean_advantage:
        advantage = entry.each(entry.sums(advantage) / entry.length)
    if how.correction == "none" or how.ratio_to_sampler:
        return advantage, None, mismatch
    if mismatch is None:
        raise InputError(
            "the correction needs the sampler's log-probabilities, and there are none",
            counted.tokens.source,
            "give the column rollout_log_probs, or name yours: --columns rollout_log_prob=COLUMN",
        )
    low, high = how.bounds
    weight = np.exp(mismatch)
    gone = None
    if how.correction == "tis":
        weight = np.clip(weight, low, high)
    else:
        gated = weight
        if how.correction == "seq-mask":
            gated = entry.each(np.exp(entry.sums(mismatch) / entry.length))
        gone = (gated < low) | (gated > high)
        weight[gone] = 0.0
    if how.loss == "gmpo":  # one weight a rollout
        weight = entry.each(
            np.exp(entry.sums(np.log(weight + 1e-10)) / (entry.length + how.epsilon))
        )
    return advantage * weight, gone, mismatch


@np.errstate(over="ignore", invalid="ignore")
def token_terms(tokens: Tokens, how: Objective, factor: float, kl_factor: float) -> TokenTerms:
    """Return what the loss makes of every token of a block, weighted.

    Args:
        tokens: the block.
        how: the objective.
        factor: of the whole batch.
        kl_factor: likewise, of the KL term.
    """
    part = counted_terms(tokens, how)
    counted, terms = part.counted, part.terms
    length = counted.length[counted.rollouts]
    weight = np.repeat(how.weights(length) * factor, length)
    gradient = weight * terms.gradient
    if how.kl != "none" and how.kl_in == "loss" and part.kl_gradient is not None:
        kl_weight = np.repeat(how.weights(length, how.kl_aggregate) * kl_factor, length)
        gradient = gradient + how.beta * kl_weight * part.kl_gradient
    region = terms.region
    if part.gone is not None:
        region = np.where(part.gone, np.int8(MASKED), region)
    kl = np.full(len(weight), np.nan) if part.kl is None else part.kl
    return TokenTerms(
        ratio=counted.spread(terms.ratio, np.nan),
        region=counted.spread(region, MASKED),
        loss=counted.spread(weight * terms.loss, 0.0),
        gradient=counted.spread(gradient + 0.0, 0.0),  # not -0
        kl=counted.spread(kl, np.nan),
    )


@np.errstate(over="ignore", invalid="ignore")
def block_sums(tokens: Tokens, how: Objective, relative: float = 1.0) -> RolloutSums:
    """Return the sums of a block.

    Args:
        tokens: the block.
        how: the objective.
        relative: the factor of the KL term by that of the loss, where they differ.
    """
    part = counted_terms(tokens, how)
    counted, terms, sums = part.counted, part.terms, part.counted.sums
    length = counted.length
    weight = np.maximum(how.weights(length), 0.0)
    in_loss = how.kl != "none" and how.kl_in == "loss" and part.kl is not None
    gradient, kl_weight = terms.gradient, how.weights(length, how.kl_aggregate)
    if in_loss and part.kl_gradient is not None:
        beta: Any = how.beta
        if how.kl_aggregate is not None:
            beta = np.repeat(how.beta * relative * kl_weight / weight, length)
        gradient = gradient + beta * part.kl_gradient
    size = np.abs(gradient)
    region = terms.region
    if part.gone is not None:
        region = np.where(part.gone, np.int8(MASKED), region)
    lost_clip, lost_clamp, clamped_kl = _lost(part, region, how)
    total_gradient = sums(size)
    by_region, gradient_by_region = _by_region(counted, region, size, total_gradient)
    ratio = np.exp(part.log_ratio) if terms.whole else terms.ratio
    nothing = np.full(len(length), np.nan)
    reference_k1 = reference_k3 = mismatch = squared_mismatch = mismatched = nothing
    if tokens.ref_log_prob is not None:
        x = part.log_prob - counted.of(tokens.ref_log_prob)  # type: ignore[operator]
        reference_k1, reference_k3 = sums(x), sums(np.expm1(-x) + x)
    if part.mismatch is not None:
        mismatch, squared_mismatch = sums(part.mismatch), sums(part.mismatch * part.mismatch)
        far = (part.mismatch > np.log1p(MISMATCH)) | (part.mismatch < np.log1p(-MISMATCH))
        mismatched = counted.few(np.flatnonzero(far))
    value_loss, value_clipped = _value_sums(counted, how)
    estimate = nothing if part.kl is None else sums(part.kl)
    log_ratio = sums(part.log_ratio)
    total = sums(ratio)
    outside = (terms.ratio < 1 - how.low) | (terms.ratio > 1 + how.high)
    return RolloutSums(
        length=length,
        width=tokens.size,
        loss=weight * sums(terms.loss),
        kl=kl_weight * estimate if in_loss else np.zeros(len(length)),
        gradient=weight * total_gradient,
        lost_to_clips=weight * lost_clip,
        lost_to_clamps=weight * lost_clamp,
        clamped_kl=clamped_kl,
        by_region=by_region,
        gradient_by_region=weight[:, None] * gradient_by_region,
        outside=counted.few(np.flatnonzero(outside)),
        advantage=sums(part.advantage),
        weight=total,
        squared_weight=sums(ratio * ratio),
        kl_estimate=estimate,
        k1=-log_ratio,
        k3=total - length - log_ratio,
        reference_k1=reference_k1,
        reference_k3=reference_k3,
        mismatch=mismatch,
        squared_mismatch=squared_mismatch,
        mismatched=mismatched,
        value_loss=value_loss * weight,
        value_clipped=value_clipped,
    )


def _lost(
    part: CountedTerms, region: NDArray[np.int8], how: Objective
) -> tuple[Floats, Floats, Floats]:
    """Return [N] the |gradient| that clips and clamps take away, and the clamped KL estimates."""
    counted, terms = part.counted, part.terms
    codes = (CLIP_LOW, CLIP_HIGH, DUAL_CLIP)
    places = np.flatnonzero(region)
    places = places[np.isin(region[places], codes) & (terms.gradient[places] == 0)]
    full = np.abs(part.advantage[places] * terms.ratio[places])
    by_clip = counted.few(places, full)
    by_clamp, clamped_kl = np.zeros((2, len(by_clip)))
    if terms.clamped is not None:
        clamped = terms.clamped[places]
        by_clamp = counted.few(places[clamped], full[clamped])
        by_clip = counted.few(places[~clamped], full[~clamped])
    in_loss = how.kl != "none" and how.kl_in == "loss"
    if in_loss and part.kl_gradient is not None and part.kl_free is not None:
        stopped = np.flatnonzero(part.kl_gradient != part.kl_free)
        difference = np.abs(part.kl_free[stopped] - part.kl_gradient[stopped])
        by_clamp = by_clamp + counted.few(stopped, how.beta * difference)
        clamped_kl = counted.few(stopped)
    return by_clip, by_clamp, clamped_kl


def _by_region(
    counted: Counted, region: NDArray[np.int8], size: Floats, total: Floats
) -> tuple[Floats, Floats]:
    """Return [N, 6] the tokens of each region, and their |gradient|, of which `total` is the sum.

    Most tokens are active: those are the rest.
    """
    tokens, gradient = np.zeros((2, len(counted.length), len(REGIONS)))
    places = np.flatnonzero(region)
    codes, sizes = region[places], size[places]
    for code in range(1, len(REGIONS)):
        chosen = places[codes == code]
        if len(chosen):
            tokens[:, code] = counted.few(chosen)
            gradient[:, code] = counted.few(chosen, sizes[codes == code])
    tokens[:, 0] = counted.length - tokens.sum(1)
    gradient[:, 0] = np.maximum(total - gradient.sum(1), 0.0)
    return tokens, gradient


def _value_input(counted: Counted) -> LossInput:
    """Return the values and targets of the counted tokens.

    Raises:
        InputError: there are none, or one is not finite.
    """
    columns: dict[str, Any] = {}
    for name, usual in (("value", "values"), ("target", "returns"), ("old_value", "old_values")):
        column = counted.of(getattr(counted.tokens, name))
        if column is None and name != "old_value":
            raise InputError(
                f"there is no {name}, which the value loss needs",
                counted.tokens.source,
                f"give the column {usual}, or name yours: --columns {name}=COLUMN",
            )
        if column is not None and not np.isfinite(column).all():
            token = counted.token(int(np.argmin(np.isfinite(column))))
            raise InputError(
                f"the {name} is {getattr(counted.tokens, name)[token]:g}",
                counted.tokens.where(token),
                "give a finite number, or mask the token (0 in the mask)",
            )
        columns[name] = column
    nothing = np.zeros(int(counted.start[-1]))
    return LossInput(counted.start, nothing, nothing, nothing, **columns)


def _value_sums(counted: Counted, how: Objective) -> tuple[Floats, Floats]:
    """Return [N] Σ ℓ of the value loss, and the tokens that it clips; NaN without values."""
    if counted.tokens.value is None or counted.tokens.target is None:
        return np.full((2, len(counted.length)), np.nan)  # type: ignore[return-value]
    values = terms_function("value")(_value_input(counted), how)
    return counted.sums(values.loss), counted.few(np.flatnonzero(values.region))
