"""The state of one reading: its request, its experience, and the encoders that its files share."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING

from rlcalc.readers.column_names import COLUMN_NAMES
from rlcalc.readers.partitions import Partition
from rlcalc.readers.read_request import ReadRequest
from rlcalc.readers.sources import File
from rlcalc.trajectories import Experience, Trajectories

if TYPE_CHECKING:
    import polars as pl

    from rlcalc.readers.label_encoder import LabelEncoders
    from rlcalc.readers.trajectories.assemble import Assembler
    from rlcalc.readers.trajectories.step_table import Table


class ReaderContext:
    """Passed to every reader. What needs Polars is made when the first table comes."""

    def __init__(self, experience: Experience, request: ReadRequest) -> None:
        self.experience, self.request = experience, request

    @cached_property
    def encoders(self) -> LabelEncoders:
        """The labels that the tables of this reading share."""
        from rlcalc.readers.label_encoder import LabelEncoders

        return LabelEncoders.of(self.experience)

    @cached_property
    def assembler(self) -> Assembler:
        """What makes trajectories of rows, across the borders of files."""
        return self._new_assembler()

    def _new_assembler(self) -> Assembler:
        from rlcalc.readers.trajectories.assemble import Assembler

        return Assembler(self.experience, self.encoders, self.request)

    def table(
        self,
        name: str,
        schema: Mapping[str, pl.DataType],
        place: Callable[[int], str],
        *,
        typed: bool = True,
        padded: bool = False,
        plainly: bool = False,
        exact: bool = False,
    ) -> Table:
        """Return a table whose columns are chosen, and tell the assembler that its rows follow."""
        from rlcalc.readers.trajectories.step_table import Table

        request = (
            ReadRequest(
                identify=self.request.identify,
                needed=self.request.needed,
                unread=self.request.unread,
            )
            if plainly
            else self.request
        )
        table = Table(
            schema,
            request,
            self.experience,
            self.encoders,
            name,
            place,
            typed=typed,
            needed=request.needed,
        )
        self.assembler.begin_file(
            name,
            by_environment="trajectory" not in table.column,
            padded=padded,
            exact=exact,
        )
        return table

    def partition(self, file: File) -> Partition:
        """Return the columns that the path of a file holds: no time, as all rows have one value."""
        named = {*self.request.columns.values(), self.request.order_by}
        return {
            name: value
            for name, value in file.partition.items()
            if name in named or name.lower() not in COLUMN_NAMES["time"]
        }

    def rest(self) -> Iterator[Trajectories]:
        """Yield what is whole because nothing more comes."""
        if "assembler" in self.__dict__:
            yield from self.assembler.finish()
