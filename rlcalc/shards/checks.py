"""What shards of trajectories hold, and every fault in them: `rlcalc check`."""

from __future__ import annotations

from dataclasses import dataclass, replace

from rlcalc.errors import shown
from rlcalc.numerics.arrays import Ints
from rlcalc.partials import Shard
from rlcalc.readers.describe import DescriptionSums, description_of
from rlcalc.result import Result
from rlcalc.shards.steps import StepQuestion
from rlcalc.trajectories import Experience, Trajectories


@dataclass(frozen=True)
class ShardDescription:
    """What was counted of trajectories, by the codes of states and actions."""

    sums: DescriptionSums

    def merge(self, later: ShardDescription) -> ShardDescription:
        """Return the counts of these shards and of later ones."""
        return ShardDescription(self.sums.merge(later.sums))

    def recoded(self, states: Ints | None, actions: Ints | None) -> ShardDescription:
        """Return the same counts by other codes of states and actions."""
        lowest = self.sums.lowest
        lowest = replace(
            lowest,
            state=lowest.state if states is None else states[lowest.state],
            action=lowest.action if actions is None else actions[lowest.action],
        )
        return ShardDescription(replace(self.sums, lowest=lowest.once()))

    def shifted(self, shards: int) -> ShardDescription:
        """Return the same: nothing is counted by shard."""
        return self


@dataclass(frozen=True)
class CheckQuestion(StepQuestion[ShardDescription]):
    """What trajectories are, and what is wrong in them."""

    @property
    def collects_faults(self) -> bool:
        """Whether a shard is read on after a fault."""
        return True

    @property
    def discount(self) -> float | None:
        """The discount factor, which nothing is computed with."""
        return 1.0

    def summarise(self, piece: Trajectories, gamma: float) -> ShardDescription:
        """Return the counts of some trajectories."""
        return ShardDescription(DescriptionSums.of(piece))

    def placed(self, summary: ShardDescription, shard: Shard, rows_before: int) -> ShardDescription:
        """Return counts whose first contradiction is in a row of the shard."""
        at = replace(
            summary.sums.contradictions,
            file=shown(shard.name, 400),
            first=summary.sums.contradictions.first + rows_before,
        )
        return ShardDescription(replace(summary.sums, contradictions=at))

    def answer(
        self, summary: ShardDescription | None, experience: Experience, gamma: float
    ) -> Result:
        """Return the description."""
        return description_of(DescriptionSums() if summary is None else summary.sums, experience)
