"""Errors: each with what is wrong, where, how to fix it, and an exit code.

    RlcalcError            70   a bug in rlcalc
    ├── UsageError          2   the options or arguments contradict each other
    ├── InputError          3   the data are wrong, in one place or several
    │   └── ShapeError      3   arrays of lengths that do not fit
    └── NotConverged        4   a bound was not reached, or a check failed

The library raises these; only the command line prints them. A UsageError and an InputError are
also a ValueError.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import islice
from typing import Any

_INVISIBLE = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0d\uffa0\U000e0100-\U000e01ef]"
    "|(?<![\u203c-\u3299\U0001f000-\U0001faff])[\ufe0e\ufe0f]"
)
"""Letters and marks that show nothing; behind a symbol, U+FE0F makes it an emoji."""


def _escape(sign: str) -> str:
    return sign.encode("unicode_escape").decode()


def escaped(text: str, escape: Callable[[str], str] = _escape) -> str:
    r"""Return text with everything escaped that a terminal obeys, hides or writes backwards.

    >>> escaped("a" + chr(27) + "[31mred" + chr(0x200B) + chr(0x202E))
    'a\\x1b[31mred\\u200b\\u202e'
    """
    if not text.isprintable():
        text = "".join(c if c.isprintable() else escape(c) for c in text)
    return text if text.isascii() else _INVISIBLE.sub(lambda sign: escape(sign[0]), text)


def shown(text: object, limit: int = 80) -> str:
    r"""Return text from a file for a message: escaped, and cut at `limit`.

    >>> shown("a" + chr(27) + "[31mred")
    'a\\x1b[31mred'
    """
    plain = str(text)
    if len(plain) > limit:
        plain = f"{plain[: limit - 1]}…"
    return escaped(plain)


MOST_CANDIDATES = 10_000
"""Names among which the nearest is searched; more would take seconds."""


SHORT, ALIKE = 3, 0.7
"""Words of so few letters must be more alike: foo and opo share two of three by chance."""


def nearest(word: str, known: Iterable[str], alike: float = 0.6) -> str | None:
    """Return the known word that `word` was probably meant to be, or None.

    >>> nearest("rewrd", ["state", "action", "reward"]), nearest("foo", ["opo"])
    ('reward', None)
    """
    alike = max(alike, ALIKE) if len(word) <= SHORT else alike
    candidates = list(islice(known, MOST_CANDIDATES))
    by_lower = {name.lower(): name for name in candidates}
    found = difflib.get_close_matches(word.lower(), list(by_lower), n=1, cutoff=alike)
    return by_lower[found[0]] if found else None


def meant(word: str, known: Iterable[str]) -> str:
    """Return the start of a fix: the known word that was probably meant, or an empty text.

    >>> meant("rewrd", ["state", "reward"]), meant("xyz", ["state", "reward"])
    ('did you mean reward? ', '')
    """
    near = nearest(word, known)
    return f"did you mean {shown(near)}? " if near else ""


def listed(words: Iterable[object], most: int = 8, total: int | None = None) -> str:
    """Return words as in a sentence, at most `most` of the `total`.

    >>> listed([1, 2, 3], most=2)
    '1, 2 and 1 more'
    """
    given = list(words)
    names = [shown(word) for word in given[: most + 1]]
    more = (total or len(given)) - min(len(given), most)
    if more:
        return f"{', '.join(names[:most])} and {more:,} more"
    return ", ".join(names[:-1]) + (" and " if len(names) > 1 else "") + "".join(names[-1:])


@dataclass(frozen=True)
class Fault:
    """One fault: what is wrong, where, and how to fix it."""

    what: str
    where: str = ""
    fix: str = ""

    def __str__(self) -> str:
        lines = [self.what]
        lines += [f"  where: {self.where}"] if self.where else []
        lines += [f"  fix:   {self.fix}"] if self.fix else []
        return "\n".join(map(escaped, lines))


INTERRUPTED = 130
"""The exit code after Ctrl-C, which is not an error."""
CLOSED_PIPE = 141
"""The exit code where nobody reads the answer to its end, as `| head`."""

EXIT_CODES = {
    0: "success",
    2: "wrong usage",
    3: "wrong or missing input",
    4: "not converged or a check failed",
    70: "a bug of rlcalc",
    INTERRUPTED: "interrupted",
    CLOSED_PIPE: "closed pipe",
}
"""What the exit codes mean."""


class RlcalcError(Exception):
    """The root of the tree; raised as itself it is a bug in rlcalc."""

    exit_code = 70

    def __init__(self, what: str, where: str = "", fix: str = "") -> None:
        self.faults = [Fault(what, where, fix)]
        super().__init__(what)

    @classmethod
    def of(cls, faults: Iterable[Fault]) -> RlcalcError:
        """Return one error with several faults, in their order."""
        first, *others = faults
        error = cls(first.what, first.where, first.fix)
        error.faults += others
        return error

    def __str__(self) -> str:
        return "\n".join(map(str, self.faults))


class UsageError(RlcalcError, ValueError):
    """The options or arguments contradict each other, whatever the data are."""

    exit_code = 2


class InputError(RlcalcError, ValueError):
    """The data are wrong or missing."""

    exit_code = 3


class ShapeError(InputError):
    """Arrays have lengths that do not fit each other."""


class NotConverged(RlcalcError):
    """The answer misses the requested bound, or a check failed."""

    exit_code = 4
    result: Any = None  # the answer
