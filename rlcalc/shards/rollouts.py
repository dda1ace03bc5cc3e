"""Rollouts from shards: `rlcalc group`. Groups that lie in several shards are whole at the end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rlcalc.groups import report
from rlcalc.groups.advantages.convention import Convention
from rlcalc.partials import Shard
from rlcalc.readers.rollouts.request import RolloutRequest
from rlcalc.readers.rollouts.shard_frames import FileFrames, frames_of_file, rollouts_of_frames
from rlcalc.result import Result


@dataclass(frozen=True)
class RolloutPart:
    """The rollouts of some shards, in few bytes each."""

    files: tuple[FileFrames, ...]

    def merge(self, later: RolloutPart) -> RolloutPart:
        """Return the rollouts of these shards and of later ones."""
        return RolloutPart((*self.files, *later.files))

    def shifted(self, shards: int) -> RolloutPart:
        """Return the same: rollouts know the names of their shards, not the numbers."""
        return self


@dataclass(frozen=True)
class RolloutQuestion:
    """What the groups of rollouts are; the arguments are those of `groups.report.group`."""

    reading: RolloutRequest
    conventions: Mapping[str, Convention]
    rows: report.Rows
    success: float
    tolerance: float
    precision: float | None

    def part(self, shard: Shard) -> RolloutPart:
        """Return the rollouts of one shard."""
        return RolloutPart((frames_of_file(shard.name, shard.folder, self.reading),))

    def finish(self, part: RolloutPart, shards: Sequence[Shard]) -> Result:
        """Return the answer of all rollouts."""
        rollouts = rollouts_of_frames(part.files, self.reading)
        return report.group(
            rollouts, self.conventions, self.rows, self.success, self.tolerance, self.precision
        )
