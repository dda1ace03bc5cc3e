"""The losses by name. No numpy is loaded. A new loss is one file here and one entry of LOSSES.

Its file has `terms(tokens, how)`, which returns the `Terms` of every token: ℓ, and what the sum of
a rollout's ℓ changes by with log π of the token.
"""

from __future__ import annotations

from dataclasses import dataclass

TOKEN_MEAN, SEQUENCE_MEAN = "token-mean", "seq-mean-token-mean"


@dataclass(frozen=True)
class Loss:
    """What a loss is unless an option changes it."""

    clip: tuple[float, float] = (0.2, 0.2)
    aggregate: str = TOKEN_MEAN
    uses: tuple[str, ...] = ()  # of clip, dual_clip, delta


LOSSES: dict[str, Loss] = {
    "ppo": Loss(uses=("clip", "dual_clip", "delta")),
    "gspo": Loss(aggregate=SEQUENCE_MEAN, uses=("clip", "dual_clip", "delta")),
    "cispo": Loss(uses=("clip",)),
    "gmpo": Loss(clip=(0.4, 0.4), aggregate=SEQUENCE_MEAN, uses=("clip",)),
    "sapo": Loss(aggregate=SEQUENCE_MEAN),
    "reinforce": Loss(),
    "dppo": Loss(uses=("clip",)),
    "value": Loss(uses=("clip",)),  # of the critic
}

KL_ESTIMATORS = ("k1", "k2", "k3", "k1+", "k3+", "abs", "low_var_kl")
"""Estimators of the KL term; `+`: with the gradient of k2; low_var_kl is verl's name of k3."""

TRAINERS = ("verl", "trl", "openrlhf", "slime", "areal", "nemo-rl", "prime-rl")
"""The trainers of `rlcalc.objectives.trainers`, whose file loads numpy."""
