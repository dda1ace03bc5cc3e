"""A request to simulate a world, and its checks."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from rlcalc.errors import InputError, UsageError, shown
from rlcalc.numerics.random_streams import LARGEST_SEED

MOST_STEPS = 2**31 - 1
"""Largest number of steps of an episode: they are counted in 32 bits."""

MOST_EPISODES = 10**12
"""Largest number of episodes, which take a day or more."""

FASTEST = 1e12
"""Episodes a day, of one step each and on one core."""


@dataclass(frozen=True)
class PlayRequest:
    """How a world is simulated."""

    episodes: int
    policy: Any = None  # a name, a file, a Policy; None: the world's own, else uniform
    start: Any = None  # the name of a state, or uniform; None: the world's own
    max_steps: int | None = None  # then an episode is truncated
    seed: int | None = None  # None: a random one
    gamma: float | None = None  # for optimal policies and exact values; None: the world's own
    group: int = 1  # number of successive episodes that share a start state
    with_prob: bool = False  # trajectories have the probabilities of their actions
    jobs: int | None = None
    bootstrap: bool = False  # the last state of a truncated episode has its exact value

    def checked(self, world_gamma: float | None) -> PlayRequest:
        """Return the request with its gamma, and with groups no larger than all episodes.

        Args:
            world_gamma: the discount factor of the world, if it has one.

        Raises:
            InputError: gamma is not from 0 to 1.
            UsageError: a number is out of range.
        """
        if self.episodes < 1:
            raise UsageError(f"episodes is {self.episodes}", fix="simulate at least one episode")
        if self.episodes > MOST_EPISODES:
            days = self.episodes / FASTEST
            raise UsageError(
                f"episodes is {shown(self.episodes)}, which would take {days:,.0f} days or more",
                fix=f"simulate at most {MOST_EPISODES:,}: the error falls with their square root",
            )
        if self.group < 1:
            raise UsageError(f"group is {self.group}", fix="give a group size of at least 1")
        if self.max_steps is not None and not 1 <= self.max_steps <= MOST_STEPS:
            raise UsageError(
                f"max_steps is {self.max_steps}", fix=f"give a whole number from 1 to {MOST_STEPS}"
            )
        if self.seed is not None and not 0 <= self.seed <= LARGEST_SEED:
            raise UsageError(f"seed is {self.seed}", fix="give a whole number from 0 to 2^63 − 1")
        gamma = world_gamma if self.gamma is None else self.gamma
        gamma = 1.0 if gamma is None else gamma
        if not 0 <= gamma <= 1:
            raise InputError(
                f"gamma is {gamma:g}", fix="give one from 0 to 1, such as --gamma 0.99"
            )
        return replace(self, gamma=gamma, group=min(self.group, self.episodes))
