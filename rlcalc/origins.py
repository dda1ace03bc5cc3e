"""Origins: where rollouts stand in their source, and what it calls them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rlcalc.numerics.arrays import take_rows

if TYPE_CHECKING:
    from rlcalc.numerics.arrays import Ints


@dataclass(frozen=True)
class Origins:
    """What joins N rollouts back to the rows that they are from."""

    row: Ints  # [N] of the file, from 1; of several rows of a rollout the first
    file: Ints | None  # [N] which of the files; None: there is one
    files: Sequence[str]
    ids: Mapping[str, Any]  # [N] the values of each column of ids that the source has

    def __len__(self) -> int:
        return len(self.row)

    def gather(self, rows: Ints) -> Origins:
        """Return the origins of some of the rollouts."""
        return Origins(
            row=self.row[rows],
            file=None if self.file is None else self.file[rows],
            files=self.files,
            ids={name: take_rows(values, rows) for name, values in self.ids.items()},
        )
