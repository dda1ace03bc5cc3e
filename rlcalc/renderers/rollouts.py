"""Rollouts of a language model: prompt, response, reward and group, one JSON line each."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, BinaryIO

from rlcalc.errors import InputError, shown
from rlcalc.trajectories import Trajectories


def write(batches: Iterable[Trajectories], stream: BinaryIO, world: Any, group: int) -> int:
    """Write them, and return how many."""
    raise InputError(f"{shown(world.name)} has no prompts and responses")
