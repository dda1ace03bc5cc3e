"""One reading of some sources: what it was asked, what it has found, and what its files share."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING

from rlcalc.readers.sources import Options
from rlcalc.trajectories import Experience, Trajectories

if TYPE_CHECKING:
    import polars as pl

    from rlcalc.readers.steps import Assembler
    from rlcalc.readers.tables import Books, Table


class Reading:
    """Passed to every reader. What needs Polars is made when the first table comes."""

    def __init__(self, experience: Experience, options: Options) -> None:
        self.experience, self.options = experience, options

    @cached_property
    def books(self) -> Books:
        """The labels that the tables of this reading share."""
        from rlcalc.readers.tables import Books

        return Books.of(self.experience)

    @cached_property
    def assembler(self) -> Assembler:
        """What makes trajectories of rows, across the borders of files."""
        from rlcalc.readers.steps import Assembler

        return Assembler(self.experience, self.books, self.options)

    def table(
        self,
        name: str,
        schema: Mapping[str, pl.DataType],
        place: Callable[[int], str],
        *,
        typed: bool = True,
        padded: bool = False,
    ) -> Table:
        """Return a table whose columns are chosen, and tell the assembler that its rows follow."""
        from rlcalc.readers.tables import Table

        table = Table(schema, self.options, self.experience, self.books, name, place, typed=typed)
        self.assembler.begin_file(
            name, by_environment="trajectory" not in table.column, padded=padded
        )
        return table

    def rest(self) -> Iterator[Trajectories]:
        """Yield what is whole because nothing more comes."""
        if "assembler" in self.__dict__:
            yield from self.assembler.finish()
