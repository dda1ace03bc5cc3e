"""Trainers: the objective of each by default, with its clamps. No numpy arrays are made.

Read from verl 0.9.1, TRL 1.16.0 and OpenRLHF 0.11.2 (wheels), slime 624b824, AReaL 4aef98d, NeMo-RL
7ea279a and prime-rl 559b447. A new trainer is one entry of TRAINERS.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

from rlcalc.errors import UsageError, meant, shown
from rlcalc.objectives.convention import Objective
from rlcalc.objectives.losses import LOSSES, SEQUENCE_MEAN, TOKEN_MEAN


@dataclass(frozen=True)
class TrainerObjective:
    """The losses that a trainer has, the first its default, and its conventions."""

    losses: tuple[str, ...]
    objective: Callable[[Objective], Objective]  # changes what rlcalc's own loss is
    beta: float  # of a KL term, where one is asked for


def _with_clamp(how: Objective) -> Objective:
    return replace(how, log_ratio_low=-20.0, log_ratio_high=20.0)


def _verl(own: Objective) -> Objective:
    how = replace(
        own, epsilon=1e-8, aggregate=TOKEN_MEAN, kl_input=20.0, kl_output=10.0, low=0.2, high=0.2
    )
    how = replace(how, value_clip=0.5, clamps_k3_only=True)
    if own.loss == "ppo":
        return replace(_with_clamp(how), dual_clip=3.0)
    if own.loss == "gspo":
        return replace(how, straight_through=True, log_ratio_high=10.0)
    if own.loss == "gmpo":
        return replace(how, aggregate=SEQUENCE_MEAN, counts_empty=True, kl_aggregate=TOKEN_MEAN)
    if own.loss == "sapo":
        return replace(_with_clamp(how), aggregate=SEQUENCE_MEAN, kl_aggregate=TOKEN_MEAN)
    return _with_clamp(how) if own.loss == "cispo" else how


def _trl(own: Objective) -> Objective:
    how = replace(own, counts_empty=True, kl_times_ratio=own.loss not in ("gmpo", "value"))
    if own.loss == "cispo":
        return replace(how, absolute_high=True, high=5.0)
    return how


def _openrlhf(own: Objective) -> Objective:
    """Its KL term is a mean over tokens even where the loss is one over rollouts."""
    how = replace(own, epsilon=1e-8, kl_output=10.0, kl_aggregate=TOKEN_MEAN, value_clip=0.5)
    how = replace(how, ratio_to_sampler=own.loss == "gspo")
    return _with_clamp(how) if own.loss == "ppo" else how


def _slime(own: Objective) -> Objective:
    return replace(own, aggregate=SEQUENCE_MEAN, counts_empty=True, value_scale=1.0)


def _areal(own: Objective) -> Objective:
    return replace(own, aggregate=TOKEN_MEAN, mean_advantage=own.loss == "gspo")


def _nemo_rl(own: Objective) -> Objective:
    """Its KL term is times exp(log π − sg(log π)): 1, with the gradient of the sampling."""
    how = replace(own, kl_input=20.0, kl_output=10.0, kl_scores=True, value_clip=math.inf)
    return replace(how, epsilon=1e-8, counts_empty=True)


def _prime_rl(own: Objective) -> Objective:
    return replace(own, aggregate=TOKEN_MEAN)


TRAINERS: dict[str, TrainerObjective] = {
    "verl": TrainerObjective(
        ("ppo", "gspo", "cispo", "gmpo", "sapo", "reinforce", "value"), _verl, beta=0.001
    ),
    "trl": TrainerObjective(("ppo", "gspo", "cispo", "gmpo", "sapo", "value"), _trl, beta=0.001),
    "openrlhf": TrainerObjective(("ppo", "gspo", "value"), _openrlhf, beta=0.01),
    "slime": TrainerObjective(("ppo", "gspo", "cispo", "value"), _slime, beta=0.001),
    "areal": TrainerObjective(("ppo", "gspo", "sapo", "value"), _areal, beta=0.001),
    "nemo-rl": TrainerObjective(
        ("ppo", "gspo", "cispo", "reinforce", "value"), _nemo_rl, beta=0.01
    ),
    "prime-rl": TrainerObjective(("dppo",), _prime_rl, beta=0.001),
}


def objective_of(loss: str | None, trainer: str | None) -> Objective:
    """Return the objective that a trainer, or rlcalc itself, has for a loss.

    Raises:
        UsageError: there is no such loss or trainer, or it is not one of the trainer's.
    """
    for kind, name, known in (("trainer", trainer, TRAINERS), ("loss", loss, LOSSES)):
        if name is not None and name not in known:
            raise UsageError(
                f"there is no {kind} {shown(name)}",
                fix=f"{meant(name, known)}use one of {', '.join(known)}",
            )
    if trainer is None:
        return _own(loss or "ppo")
    theirs = TRAINERS[trainer]
    if loss is not None and loss not in theirs.losses:
        raise UsageError(
            f"the trainer {trainer} has no loss {loss}",
            fix=f"use one of {', '.join(theirs.losses)}, or leave out --as for rlcalc's own {loss}",
        )
    return replace(theirs.objective(_own(loss or theirs.losses[0])), trainer=trainer)


def _own(loss: str) -> Objective:
    low, high = LOSSES[loss].clip
    return Objective(loss, low=low, high=high, aggregate=LOSSES[loss].aggregate)
