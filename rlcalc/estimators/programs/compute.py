"""The advantages that a program gives the steps of a chain, and their whitening."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rlcalc.errors import InputError
from rlcalc.estimators.programs import Program, Whitening
from rlcalc.estimators.programs.chains import Chain
from rlcalc.numerics.arrays import Flags, Floats


@dataclass(frozen=True)
class StepAdvantages:
    """[T] what a program computes of every step; NaN for δ and V' of a masked token."""

    reward: Floats
    value: Floats
    next_value: Floats
    td_error: Floats
    raw: Floats  # A before whitening
    advantage: Floats
    target: Floats


def advantages(
    chain: Chain,
    program: Program,
    gamma: float,
    lambda_: float,
    counted: Flags | None = None,
    whitening: Whitening | None = None,
) -> StepAdvantages:
    """Return what a program computes: δ, A and the target of V.

        A_t = δ_t + γλ A_{t+1},   target_t = A_t + V(s_t) before whitening, or the gain

    Args:
        chain: of the program: `chain_of_steps`, `chain_of_tokens`.
        program: the convention.
        gamma: 0..1 a step.
        lambda_: 0..1.
        counted: [T] the steps over which to whiten; default all.
        whitening: of the advantages.

    Raises:
        InputError: whitening divides by 0.

    Source: that of the program.
    """
    of_chain = chain.advantage(gamma, lambda_, float32=program.float32)
    if program.float32:
        gamma = float(np.float32(gamma))
    raw, target = chain.of_all(of_chain)
    if program.target == "gain":
        target = chain.spread(chain.gain(gamma))
    advantage = raw if whitening is None else whitened(raw, whitening, counted)
    return StepAdvantages(
        reward=chain.spread(chain.reward),
        value=chain.spread(chain.value),
        next_value=chain.spread(chain.next_value),
        td_error=chain.spread(chain.td_error(gamma)),
        raw=raw,
        advantage=advantage,
        target=target,
    )


def whitened(advantage: Floats, how: Whitening, counted: Flags | None = None) -> Floats:
    """Return [T] (A − mean) / deviation; mean and deviation are of the steps that count.

    Raises:
        InputError: there are too few steps, or all of them are equal and nothing guards the
            division.

    Source: verl masked_whiten (ddof 1, ε in the root); OpenRLHF (ddof 0, max); Spinning Up (ddof 0,
    no ε).
    """
    some = advantage if counted is None else advantage[counted]
    if len(some) <= how.ddof:
        raise InputError(
            f"whitening with ddof {how.ddof} needs {how.ddof + 1} steps that count, and there are "
            f"{len(some)}",
            fix="give more steps, or --whiten none",
        )
    mean = some.mean()
    variance = float(((some - mean) ** 2).sum() / (len(some) - how.ddof))
    guarded = max(variance, how.epsilon) if how.guard == "max" else variance + how.epsilon
    if not guarded > 0:
        raise InputError(
            "all advantages are equal, and this program divides by their deviation of 0",
            fix="use --whiten none",
        )
    answer: Floats = (advantage - mean) / np.sqrt(guarded)
    return answer
