"""Conditions: `COLUMN OP VALUE`, on a row that is read, on a row of an answer, or on a fact."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Self

from rlcalc.errors import UsageError, shown
from rlcalc.labels import number_of_label, text_of_label

ORDER: dict[str, Callable[[Any, Any], Any]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}

_PATTERN = re.compile(r"\s*(.+?)\s*(!=|<=|>=|==|=|<|>|\s+in\s+)\s*(.*?)\s*", re.DOTALL)


@dataclass(frozen=True)
class Condition:
    """One condition: a cell compares so with a value, or is one of several.

    =, != and `in` compare labels, so 0 is 0.0; <, <=, > and >= compare numbers, which nothing else
    is. A missing cell is only different from every value.
    """

    column: str
    comparison: str
    values: tuple[str, ...]

    @classmethod
    def parse(cls, text: str, option: str = "--where") -> Self:
        """Return the condition that a text writes.

        >>> Condition.parse("step >= 100"), Condition.parse("env in a,b").values
        (Condition(column='step', comparison='>=', values=('100',)), ('a', 'b'))

        Args:
            text: the condition.
            option: the option that holds it, for messages.

        Raises:
            UsageError: it is not of the form COLUMN OP VALUE, or orders by what is not a number.
        """
        match = _PATTERN.fullmatch(text)
        if match is None or not match[3]:
            raise UsageError(
                f"{option} {shown(text)} is not a condition",
                fix="write COLUMN OP VALUE in quotes, with =, !=, <, <=, >, >= or in: "
                f"{option} {EXAMPLES.get(option, EXAMPLES['--where'])}",
            )
        comparison = {"==": "="}.get(match[2].strip(), match[2].strip())
        several = match[3].split(",") if comparison == "in" else [match[3]]
        values = tuple(text_of_label(value.strip().strip("'\"")) for value in several)
        if comparison in ORDER and number_of_label(values[0]) is None:
            raise UsageError(
                f"{option} {shown(text)} compares with {shown(values[0])}, which is not a number",
                fix="write a number, or use =, != or in",
            )
        return cls(match[1], comparison, values)

    def __str__(self) -> str:
        return f"{self.column} {self.comparison} {','.join(self.values)}"

    def keeps(self, cell: Any) -> bool:
        """Return whether a row with this cell stays."""
        if cell is None or cell == "":
            return self.comparison == "!="
        text = text_of_label(cell)
        if self.comparison in ORDER:
            number, limit = number_of_label(text), number_of_label(self.values[0])
            return number is not None and bool(ORDER[self.comparison](number, limit))
        return (folded(text) in self.known) == (self.comparison != "!=")

    @property
    def known(self) -> set[str]:
        """The values as they compare: True is true."""
        return set(map(folded, self.values))


EXAMPLES = {
    "--where": "'step >= 100', --where 'env in a,b'",
    "--having": "'v > 0.5', --having 'state in a,b'",
    "--fail-on": "'dead_share > 0.5'",
}
"""Conditions in the words of each option, for its error."""


def folded(text: str) -> str:
    """Return the text of a cell as it compares: True is true."""
    return text.lower() if text.lower() in ("true", "false") else text
