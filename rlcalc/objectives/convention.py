"""Objective: a loss with its clips, clamps, aggregation, KL term and correction of the sampler."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from rlcalc.numerics.arrays import Flags, Floats, Ints

AGGREGATES = ("token-mean", "seq-mean-token-mean", "seq-mean-token-sum", "token-sum", "constant")


@dataclass(frozen=True)
class Objective:
    """Everything that decides the loss of a batch, beside its tokens."""

    loss: str = "ppo"
    low: float = 0.2  # ε_low
    high: float = 0.2  # ε_high
    dual_clip: float | None = None  # c: where A < 0 the loss is at most −A c
    delta: float | None = None  # δ: the unclipped ratio is at most this
    aggregate: str = "token-mean"  # one of AGGREGATES
    constant: float | None = None  # of the aggregate `constant`; None: the longest list
    epsilon: float = 0.0  # added to the length in a mean over a rollout's tokens
    counts_empty: bool = False  # a rollout without a counted token is one of the mean
    kl: str = "none"
    beta: float = 0.0  # weight of the KL term
    kl_in: Literal["loss", "reward"] = "loss"
    kl_aggregate: str | None = None  # None: as the loss
    kl_input: float = np.inf  # k3 clamps log π − log π_ref to ± this
    kl_output: float = np.inf  # the estimate is clamped to ± this
    clamps_k3_only: bool = False  # the other estimates have no clamp
    kl_times_ratio: bool = False  # ρ times the estimate
    kl_scores: bool = False  # the gradient of the estimate has the score function's part, kl
    log_ratio_low: float = -np.inf  # the log-ratio is clamped to this and the next
    log_ratio_high: float = np.inf
    straight_through: bool = False  # gspo: a token's gradient is that of its own term
    mean_advantage: bool = False  # every token has the mean advantage of its rollout
    absolute_high: bool = False  # cispo: ε_high is the bound itself, and there is none below
    correction: str = "none"  # of the sampler: none, tis, mask or seq-mask
    bounds: tuple[float, float] = (0.0, np.inf)
    value_clip: float = 0.2  # how far V may move from the old V; inf: any distance
    value_scale: float = 0.5  # times the squared error of V
    ratio_to_sampler: bool = False  # a correction puts the sampler's log π in place of the old one
    trainer: str | None = None

    def clamped(self, log_ratio: Floats) -> tuple[Floats, Flags | None]:
        """Return the clamped log-ratios, and where the clamp changed one; None: nowhere."""
        if self.log_ratio_low == -np.inf and self.log_ratio_high == np.inf:
            return log_ratio, None
        changed = (log_ratio < self.log_ratio_low) | (log_ratio > self.log_ratio_high)
        if not changed.any():
            return log_ratio, None
        return np.clip(log_ratio, self.log_ratio_low, self.log_ratio_high), changed

    def kl_bounds(self) -> tuple[float, float]:
        """Return the largest input and the largest output of the estimator of KL."""
        k3 = self.kl.removesuffix("+") in ("k3", "low_var_kl")
        if self.kl == "none" or (self.clamps_k3_only and not k3):
            return np.inf, np.inf
        return self.kl_input, self.kl_output

    def weights(self, length: Ints, aggregate: str | None = None) -> Floats:
        """Return [N] the weight of each token of a rollout, but for a factor of the whole batch.

            token-mean, token-sum, constant, seq-mean-token-sum: 1;  seq-mean-token-mean: 1/L_i

        Args:
            length: [N] counted tokens.
            aggregate: default that of the loss.
        """
        if (aggregate or self.aggregate) != "seq-mean-token-mean":
            return np.ones(len(length))
        epsilon = 0.0 if self.loss == "gmpo" else self.epsilon  # verl's is inside its mean
        return 1.0 / (np.maximum(length, 1) + epsilon)

    def factor(self, length: Ints, width: int, aggregate: str | None = None) -> float:
        """Return the factor of a whole batch.

            token-mean 1/Σ L_i;  token-sum 1;  seq-mean-... 1/N;  constant 1/(N · constant)

        N counts the rollouts that have a counted token, or all of them (`counts_empty`).

        Args:
            length: [N] counted tokens.
            width: the most tokens of a rollout, masked or not.
            aggregate: default that of the loss.
        """
        aggregate = aggregate or self.aggregate
        n = len(length) if self.counts_empty else int((length > 0).sum())
        if aggregate == "token-mean":
            return 1.0 / max(int(length.sum()), 1)
        if aggregate == "token-sum":
            return 1.0
        if aggregate == "constant":
            return 1.0 / (max(n, 1) * (width if self.constant is None else self.constant))
        return 1.0 / max(n, 1)

    def description(self) -> str:
        """Return the loss in words: ppo clip 0.2:0.28 dual 3."""
        from rlcalc.objectives.losses import LOSSES

        uses = LOSSES[self.loss].uses
        parts = [self.loss]
        if self.loss == "value":
            return f"value clip {self.value_clip:g}"
        if "clip" in uses and self.absolute_high and self.loss == "cispo":
            parts.append(f"clip at {self.high:g}")
        elif "clip" in uses:
            same = self.low == self.high
            parts.append(f"clip {self.low:g}" + ("" if same else f":{self.high:g}"))
        parts += [f"dual clip {self.dual_clip:g}"] if self.dual_clip is not None else []
        parts += [f"delta {self.delta:g}"] if self.delta is not None else []
        return " ".join(parts)

    def aggregation(self) -> str:
        """Return the aggregation in words."""
        if self.aggregate != "constant":
            return self.aggregate
        return "constant" if self.constant is None else f"constant:{self.constant:g}"
