"""Facts of an objective: loss, clip fractions, KL, effective sample size, shares of gradient."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from rlcalc.numerics.arrays import Flags, Floats, Ints
from rlcalc.numerics.moments import clustered_moments
from rlcalc.objectives.compute import RolloutSums
from rlcalc.objectives.convention import Objective
from rlcalc.objectives.terms import CLIP_HIGH, CLIP_LOW, DUAL_CLIP, MASKED, OUTSIDE, REGIONS
from rlcalc.result import Column, Fact

QUARTERS = ("shortest quarter", "second quarter", "third quarter", "longest quarter")


@dataclass(frozen=True)
class BatchSums:
    """The sums of all rollouts of a batch, with their prompts and rewards."""

    sums: RolloutSums
    cluster: Ints  # [N] the prompt; a rollout without one stands alone
    score: Floats | None  # [N] rewards; NaN where there is none

    @property
    def n_tokens(self) -> int:
        """The counted tokens."""
        return int(self.sums.length.sum())

    def loss(self, how: Objective) -> tuple[float, float, float]:
        """Return the loss of the batch, its policy term and its KL term."""
        policy = float(self.sums.loss.sum()) * self.factor(how) + 0.0  # not -0
        kl = how.beta * float(self.sums.kl.sum()) * self.factor(how, of_kl=True)
        kl = kl if how.kl != "none" and how.kl_in == "loss" else 0.0
        return policy + kl, policy, kl

    def factor(self, how: Objective, *, of_kl: bool = False) -> float:
        """Return the factor of the batch for the loss, or for its KL term."""
        width = int(self.sums.width.max(initial=0))
        return how.factor(self.sums.length, width, how.kl_aggregate if of_kl else None)

    def mean(self, total: Floats) -> tuple[float, float]:
        """Return the mean over tokens of a sum by rollout, and its error clustered by prompt."""
        if not np.isfinite(total).all():
            return float(total.max()), np.nan  # NaN where one is
        counted = self.sums.length.astype(np.float64)
        moments = clustered_moments(total, counted, self.cluster)
        if not len(moments.mean):
            return np.nan, np.nan
        return float(moments.mean[0]), float(moments.standard_error()[0])

    def share(self, tokens: Floats) -> float:
        """Return the share of the counted tokens."""
        return float(tokens.sum()) / max(self.n_tokens, 1)


def facts_of(batch: BatchSums, how: Objective, success: float) -> dict[str, Fact]:
    """Return the facts of a batch."""
    sums = batch.sums
    loss, policy, kl = batch.loss(how)
    regions = sums.by_region
    facts: dict[str, Fact] = {
        "loss": loss,
        "policy_loss": policy,
        "kl_loss": kl if how.kl != "none" else None,
        **describe(how),
        "clip_fraction": batch.share(regions[:, CLIP_LOW] + regions[:, CLIP_HIGH]),
        "clip_fraction_low": batch.share(regions[:, CLIP_LOW]),
        "clip_fraction_high": batch.share(regions[:, CLIP_HIGH]),
        "dual_clip_fraction": batch.share(regions[:, DUAL_CLIP]),
        "outside_fraction": batch.share(sums.outside),
        "outside_but_active_fraction": batch.share(regions[:, OUTSIDE]),
    }
    counts: dict[str, Fact] = {
        "rollouts": len(sums.length),
        "prompts": int(batch.cluster.max(initial=-1)) + 1,
        "tokens": batch.n_tokens,
        "masked_tokens": int(sums.width.sum()) - batch.n_tokens,
    }
    if how.loss == "value":
        return facts | _value(batch, how) | _gradient(batch, how, success) | counts
    for name, total in (
        ("kl", sums.kl_estimate),
        ("k1", sums.k1),
        ("k3", sums.k3),
        ("reference_k1", sums.reference_k1),
        ("reference_k3", sums.reference_k3),
    ):
        facts[name], facts[f"{name}_se"] = batch.mean(total)
    total_weight, squares = float(sums.weight.sum()), float(sums.squared_weight.sum())
    facts["effective_sample_size"] = total_weight**2 / squares if squares else np.nan
    facts["weight_mean"], facts["weight_mean_se"] = batch.mean(sums.weight)
    facts |= _mismatch(batch)
    facts |= _gradient(batch, how, success)
    return facts | _value(batch, how) | counts


def _value(batch: BatchSums, how: Objective) -> dict[str, Fact]:
    """Return the loss of the critic, where its values are logged."""
    sums = batch.sums
    if np.isnan(sums.value_loss).any():
        return {}
    return {
        "value_loss": float(sums.value_loss.sum()) * batch.factor(how),
        "value_clip_fraction": batch.share(sums.value_clipped),
    }


def describe(how: Objective) -> dict[str, Fact]:
    """Return the facts that repeat how the loss is made."""
    correction = how.correction
    if correction != "none":
        low, high = how.bounds
        correction += f":{high:g}" if correction == "tis" else f":{low:g}:{high:g}"
    return {
        "objective": how.description(),
        "trainer": how.trainer,
        "aggregate": how.aggregation(),
        "kl_term": None if how.kl == "none" else f"{how.kl} in the {how.kl_in}, beta {how.beta:g}",
        "rollout_correction": None if correction == "none" else correction,
    }


def _mismatch(batch: BatchSums) -> dict[str, Fact]:
    """Return how far the sampler's probabilities are from those of the trainer."""
    sums = batch.sums
    mean, error = batch.mean(sums.mismatch)
    if np.isnan(mean):
        return {}
    n = batch.n_tokens
    square = float(sums.squared_mismatch.sum()) / n
    return {
        "sampler_mismatch": mean,
        "sampler_mismatch_se": error,
        "sampler_mismatch_sd": float(np.sqrt(max(square - mean * mean, 0.0))),
        "sampler_outside_fraction": batch.share(sums.mismatched),
        "sampler_log_weight_sd": float(np.std(sums.mismatch[sums.length > 0])),
        "sampler_log_weight_max": float(np.abs(sums.mismatch).max()),
    }


def _gradient(batch: BatchSums, how: Objective, success: float) -> dict[str, Fact]:
    """Return the sum of |∂loss/∂log π|, its shares, and what clips and clamps took away."""
    sums, factor = batch.sums, batch.factor(how)
    total = float(sums.gradient.sum())
    clips, clamps = float(sums.lost_to_clips.sum()), float(sums.lost_to_clamps.sum())
    possible = total + clips + clamps
    facts: dict[str, Fact] = {
        "gradient": total * factor,
        "gradient_lost_to_clipping": clips / possible if possible else 0.0,
        "gradient_lost_to_clamps": clamps / possible if possible else 0.0,
        "clamped_kl_tokens": int(sums.clamped_kl.sum()) or None,
    }
    if not total:
        return facts
    quarter = _quarters(sums.length)
    by_length = np.bincount(quarter, sums.gradient, 4) / total
    facts["gradient_by_length"] = {
        name: float(share) for name, share in zip(QUARTERS, by_length, strict=True)
    }
    if batch.score is not None and np.isfinite(batch.score).any():
        facts["gradient_by_outcome"] = _by_outcome(batch.score, sums.gradient / total, success)
    return facts


def _quarters(length: Ints) -> Ints:
    """Return [N] the quarter of each rollout by its length; equal lengths are in one order."""
    place = np.empty(len(length), np.int64)
    place[np.argsort(length, kind="stable")] = np.arange(len(length))
    return place * 4 // max(len(length), 1)


def _by_outcome(score: Floats, share: Floats, success: float) -> Mapping[str, float]:
    right: Flags = score >= success
    unknown = np.isnan(score)
    outcomes = {"right": right, "wrong": ~right & ~unknown, "unscored": unknown}
    return {name: float(share[of].sum()) for name, of in outcomes.items() if of.any()}


def region_rows(batch: BatchSums, how: Objective) -> dict[str, Column]:
    """Return a row a region: its tokens, and its part of the gradient."""
    sums = batch.sums
    masked = int(sums.width.sum()) - batch.n_tokens
    counts = sums.by_region.sum(0).astype(np.int64)
    counts[MASKED] += masked
    share = counts / max(batch.n_tokens, 1)
    share[MASKED] = np.nan
    gradient = sums.gradient_by_region.sum(0) * batch.factor(how)
    total = float(gradient.sum())
    return {
        "region": Column(list(REGIONS), "key"),
        "tokens": Column(counts, "count"),
        "share": Column(share),
        "gradient": Column(gradient, symbol="Σ|gradient|"),
        "gradient_share": Column(gradient / total if total else np.zeros(len(gradient))),
    }


def notes_of(batch: BatchSums, how: Objective) -> list[str]:
    """Return what a reader of the facts should know."""
    sums, notes = batch.sums, []
    n_empty = int((sums.length == 0).sum())
    if n_empty:
        counted = "counts" if how.counts_empty else "does not count"
        have = "rollout has" if n_empty == 1 else "rollouts have"
        notes.append(f"{n_empty:,} {have} no counted token, which the mean {counted}")
    if how.loss == "value":
        return notes
    if not sums.k1.any() and not sums.k3.any() and batch.n_tokens:
        notes.append(
            "all ratios are 1: the first epoch, or only one kind of log-probabilities is logged. "
            "Nothing is clipped, and with advantages of mean 0 the loss is near 0: not an error"
        )
    else:
        k1, error = batch.mean(sums.k1)
        if k1 < 0:
            noise = f" (± {error:.2g})" if np.isfinite(error) else ""
            notes.append(f"k1 is below 0{noise}: a KL never is, this is noise; see k3")
        mean, error = batch.mean(sums.weight)
        if error > 0 and mean < 1 - error:
            notes.append(
                f"the mean weight is {mean:.4g} ± {error:.2g}, and 1 is expected: heavy weights "
                "are missing, and the effective sample size is too high"
            )
    if how.kl.startswith("k1") and how.kl == "k1" and how.kl_in == "loss":
        notes.append(
            "k1 in the loss has the gradient 1 for every token, whose expectation is 0: it is no "
            "penalty; use k2, k3 or k1+"
        )
    n_clamped = int(sums.clamped_kl.sum())
    if n_clamped:
        notes.append(
            f"{n_clamped:,} tokens are so far from the reference that the clamp of the KL estimate "
            "takes their gradient away"
        )
    if how.kl_in == "reward" and how.kl != "none":
        notes.append("KL in the reward is part of the advantages, and not of this loss")
    return notes
