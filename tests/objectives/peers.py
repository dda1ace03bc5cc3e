"""The peers' losses once more: one token after the other, on padded rows, as their code reads.

Parts under a stop-gradient read `frozen`, so a finite difference by `log_prob` with `frozen` fixed
is what their automatic differentiation gives.
"""

from dataclasses import dataclass
from math import exp
from typing import Any

import numpy as np

Table = np.ndarray[Any, np.dtype[np.float64]]


@dataclass
class Padded:
    old: Table
    advantage: Table
    mask: Table
    ref: Table | None = None

    def counted(self, i: int) -> list[int]:
        return [t for t in range(self.mask.shape[1]) if self.mask[i, t]]


def clip(x: float, low: float, high: float) -> float:
    return min(max(x, low), high)


def aggregated(values: Table, batch: Padded, mode: str, trainer: str) -> float:
    rows = [batch.counted(i) for i in range(len(values))]
    sums = [sum(values[i, t] for t in row) for i, row in enumerate(rows)]
    all_rows = trainer in ("trl", "slime", "nemo-rl")
    n = len(rows) if all_rows else sum(bool(row) for row in rows)
    if mode == "token-mean":
        return sum(sums) / sum(map(len, rows))
    if mode == "token-sum":
        return sum(sums)
    if mode == "seq-mean-token-sum":
        return sum(sums) / n
    if mode == "constant":
        return sum(sums) / (n * values.shape[1])
    small = 1e-8 if trainer in ("verl", "openrlhf", "nemo-rl") else 0.0
    return sum(s / (max(len(row), 1) + small) for s, row in zip(sums, rows, strict=True)) / n


def pessimistic(
    ratio: float, advantage: float, low: float, high: float, dual: float | None
) -> float:
    loss = max(-advantage * ratio, -advantage * clip(ratio, 1 - low, 1 + high))
    return min(loss, -advantage * dual) if dual is not None and advantage < 0 else loss


def policy_loss(
    trainer: str, loss: str, batch: Padded, lp: Table, frozen: Table, low: float, high: float
) -> Table:
    """Per-token terms, as the trainer's own code has them by default."""
    terms = np.zeros_like(lp)
    dual = 3.0 if trainer == "verl" and loss == "ppo" else None
    clamp = 20.0 if (trainer, loss) in CLAMPED else np.inf
    for i in range(len(lp)):
        row = batch.counted(i)
        if not row:
            continue
        n = len(row)
        mean_a = sum(batch.advantage[i, t] for t in row) / n
        mean_log = sum(lp[i, t] - batch.old[i, t] for t in row) / n
        mean_frozen = sum(frozen[i, t] - batch.old[i, t] for t in row) / n
        for t in row:
            a, log_ratio = batch.advantage[i, t], lp[i, t] - batch.old[i, t]
            ratio = exp(clip(log_ratio, -clamp, clamp))
            if loss == "ppo":
                terms[i, t] = pessimistic(ratio, a, low, high, dual)
            elif loss == "gspo" and trainer == "verl":
                s = exp(min(lp[i, t] - frozen[i, t] + mean_frozen, 10.0))
                terms[i, t] = pessimistic(s, a, low, high, None)
            elif loss == "gspo":
                a = mean_a if trainer == "areal" else a
                terms[i, t] = pessimistic(exp(mean_log), a, low, high, None)
            elif loss == "cispo":
                fixed = exp(clip(frozen[i, t] - batch.old[i, t], -clamp, clamp))
                fixed = min(fixed, high) if trainer == "trl" else clip(fixed, 1 - low, 1 + high)
                terms[i, t] = -fixed * a * lp[i, t]
            elif loss == "sapo":
                tau = 1.0 if a > 0 else 1.05
                terms[i, t] = -a * 4 / tau / (1 + exp(-tau * (ratio - 1)))
            elif loss == "gmpo":
                small = 1e-8 if trainer == "verl" else 0.0
                kept = [
                    min(lp[i, u] - batch.old[i, u], high)
                    if batch.advantage[i, u] > 0
                    else max(lp[i, u] - batch.old[i, u], -low)
                    for u in row
                    if batch.advantage[i, u] != 0
                ]
                mean = sum(batch.advantage[i, u] for u in row) / (n + small)
                terms[i, t] = -mean * exp(sum(kept) / (n + small))
            else:
                terms[i, t] = -a * lp[i, t]
    return terms


CLAMPED = {("verl", "ppo"), ("verl", "cispo"), ("verl", "sapo"), ("openrlhf", "ppo")}


def kl(kind: str, x: float, frozen: float, largest: float = np.inf) -> float:
    value = {"k1": x, "k2": x * x / 2, "k3": exp(-x) - 1 + x, "abs": abs(x)}[kind.rstrip("+")]
    value = clip(value, -largest, largest)
    if not kind.endswith("+"):
        return value
    fixed = {"k1": frozen, "k3": exp(-frozen) - 1 + frozen}[kind[:2]]
    return x * x / 2 - frozen * frozen / 2 + clip(fixed, -largest, largest)
