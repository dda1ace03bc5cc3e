"""Programs: what PPO programs and trainers compute as the advantage of a step, faults included.

A new program is one entry of PROGRAMS. No numpy is loaded.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from rlcalc.errors import UsageError, meant, shown

Tool = Literal["carry", "zero", "plain", "compress"]
TOOLS: Mapping[str, str] = {
    "carry": "V and A pass a masked token unchanged; its reward is lost",
    "zero": "a masked token has V = 0 and r = 0, and time passes",
    "plain": "the mask is not read",
    "compress": "masked tokens are left out, and have A = 0",
}
"""What a masked token inside an answer (a tool's output) does, by the name of the rule."""


@dataclass(frozen=True)
class Whitening:
    """(A − mean) / deviation over the steps that count; ε guards the division.

    `root`: √(variance + ε); `max`: √max(variance, ε).
    """

    ddof: int
    epsilon: float = 0.0
    guard: Literal["root", "max"] = "root"


WHITENINGS: Mapping[str, Whitening | None] = {
    "none": None,
    "ddof1": Whitening(1, 1e-8),
    "ddof0": Whitening(0, 1e-8, "max"),
}
"""The values of --whiten: as verl (ddof1) and as OpenRLHF (ddof0)."""

Flags = Literal["before", "after", "starts"]


@dataclass(frozen=True)
class Program:
    """How one program computes advantages; the defaults are what is right.

    Attributes:
        source: the code that was read.
        done: what dones[t] of its buffer means: an end before step t, after it, or, as
            episode_starts[t], that step t is the first of an episode.
        truncation: what follows a truncated step: V of the final observation, or nothing.
        tool: what a masked token does.
        whitening: of all advantages of the buffer, where the program always does it.
        target: of the value: A + V before whitening, or the bootstrapped gain.
        float32: γ, λ and γλ are rounded to float32.
        batch_first: arrays [N, T, 1] of its buffer hold the environments first.
        full_rows: rows as wide as the batch bootstrap from V of the last column.
        later: what the program does to the advantages afterwards, which is not applied here.
    """

    source: str
    done: Flags = "after"
    truncation: Literal["bootstrap", "terminate"] = "bootstrap"
    tool: Tool = "carry"
    whitening: Whitening | None = None
    target: Literal["advantage", "gain"] = "advantage"
    float32: bool = False
    batch_first: bool = False
    full_rows: bool = False
    later: str | None = None


RIGHT = Program("Schulman et al. (2016), eq. 16")
"""What rlcalc computes without --as."""

PER_MINIBATCH = "normalises the advantages of each minibatch (ddof 1, 1e-8 beside the deviation)"

PROGRAMS: Mapping[str, Program] = {
    "sb3": Program(
        "stable-baselines3 2.9.2, common/buffers.py: RolloutBuffer.compute_returns_and_advantage",
        done="starts",
        later=PER_MINIBATCH,
    ),
    "cleanrl": Program(
        "CleanRL fe8d8a0, cleanrl/ppo.py: the loop after the rollout; issue 198 about time limits",
        done="before",
        truncation="terminate",
        later=PER_MINIBATCH,
    ),
    "spinningup": Program(
        "Spinning Up 038665d, spinup/algos/pytorch/ppo/ppo.py: PPOBuffer.finish_path and get",
        whitening=Whitening(0),
        target="gain",
    ),
    "tianshou": Program(
        "tianshou 2.0.1, algorithm/algorithm_base.py: compute_episodic_return",
        later="normalises the advantages of each minibatch where advantage_normalization is set",
    ),
    "torchrl": Program(
        "torchrl 0.14.1, objectives/value/functional.py: generalized_advantage_estimate; "
        "objectives/value/advantages.py: GAE holds γ and λ as float32 tensors",
        float32=True,
        batch_first=True,
        later="standardises the advantages where average_gae is set",
    ),
    "verl": Program(
        "verl 0.9.1, trainer/ppo/core_algos.py: compute_gae_advantage_return",
        truncation="terminate",
        whitening=WHITENINGS["ddof1"],
    ),
    "openrlhf": Program(
        "OpenRLHF 0.11.2, trainer/ppo_utils/experience_maker.py: get_advantages_and_returns and "
        "the normalisation after it",
        truncation="terminate",
        tool="zero",
        whitening=WHITENINGS["ddof0"],
    ),
    "slime": Program(
        "slime 624b824, utils/ppo_utils.py: get_advantages_and_returns_batch; the reward of a "
        "rollout: backends/megatron_utils/loss.py: compute_advantages_and_returns",
        truncation="terminate",
        tool="plain",
        later="whitens the advantages where --normalize-advantages is set",
    ),
    "areal": Program(
        "AReaL 4aef98d, trainer/ppo/actor.py: PPOActor._compute_advantages",
        truncation="terminate",
        full_rows=True,
        later="normalises the advantages where adv_norm is set",
    ),
}
"""The programs of `advantage --as`."""


TOKEN_PROGRAMS = ("verl", "openrlhf", "slime", "areal")
"""Those whose steps are the tokens of a language model."""


def program_of(name: str | None) -> Program:
    """Return the program of a name; None: what is right.

    Raises:
        UsageError: there is no such program.
    """
    if name is None:
        return RIGHT
    if name not in PROGRAMS:
        raise UsageError(
            f"there is no program {shown(name)} of advantages",
            fix=f"{meant(name, PROGRAMS)}use one of {', '.join(PROGRAMS)}",
        )
    return PROGRAMS[name]


def require_0_to_1(name: str, value: float) -> None:
    """Refuse γ or λ outside 0..1."""
    if not 0 <= value <= 1:
        raise UsageError(
            f"{name} is {value:g}, expected 0..1",
            fix=f"give one from 0 to 1, such as --{name} 0.95",
        )
