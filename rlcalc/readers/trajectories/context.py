"""One reading of some sources: what it was asked, what it has found, and what its files share."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

from rlcalc.readers.sources import ReadRequest
from rlcalc.trajectories import Experience, Trajectories

if TYPE_CHECKING:
    from concurrent.futures import Future

    import polars as pl

    from rlcalc.readers.trajectories.assemble import Assembler
    from rlcalc.readers.trajectories.step_table import LabelEncoders, Table


Item = TypeVar("Item")
Worked = TypeVar("Worked")


def one_ahead(
    work: Callable[[Item], Worked], items: Iterable[Item]
) -> Iterator[tuple[Item, Worked]]:
    """Yield each item with what the work makes of it, while the next one is being worked on."""
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(1) as pool:
        before: tuple[Item, Future[Worked]] | None = None
        try:
            for item in items:
                following = item, pool.submit(work, item)
                if before:
                    yield before[0], before[1].result()
                before = following
        finally:  # also when there are no more items because reading them failed
            if before and not before[1].cancelled() and sys.exc_info()[0] is not GeneratorExit:
                yield before[0], before[1].result()


class ReaderContext:
    """Passed to every reader. What needs Polars is made when the first table comes."""

    def __init__(self, experience: Experience, request: ReadRequest) -> None:
        self.experience, self.request = experience, request

    @cached_property
    def encoders(self) -> LabelEncoders:
        """The labels that the tables of this reading share."""
        from rlcalc.readers.trajectories.step_table import LabelEncoders

        return LabelEncoders.of(self.experience)

    @cached_property
    def assembler(self) -> Assembler:
        """What makes trajectories of rows, across the borders of files."""
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
    ) -> Table:
        """Return a table whose columns are chosen, and tell the assembler that its rows follow."""
        from rlcalc.readers.trajectories.step_table import Table

        request = ReadRequest(identify=self.request.identify) if plainly else self.request
        table = Table(schema, request, self.experience, self.encoders, name, place, typed=typed)
        self.assembler.begin_file(
            name, by_environment="trajectory" not in table.column, padded=padded
        )
        return table

    def rest(self) -> Iterator[Trajectories]:
        """Yield what is whole because nothing more comes."""
        if "assembler" in self.__dict__:
            yield from self.assembler.finish()
