"""What can go wrong, and how it is said: what, where, how to fix it, and the exit code.

    RlcalcError            70   a bug of ours
    ├── UsageError          2   the call does not make sense
    ├── InputError          3   the data are wrong, at one place or at several
    │   └── ShapeError      3   arrays that do not belong together
    └── NotConverged        4   an answer that does not keep its promise

The library raises these; only the command line prints them.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice
from typing import Any


def shown(text: object, limit: int = 80) -> str:
    r"""Return text from a file as it may be shown: control characters escaped, cut at `limit`.

    >>> shown("a" + chr(27) + "[31mred")
    'a\\x1b[31mred'
    """
    plain = str(text)
    if len(plain) > limit:
        plain = f"{plain[: limit - 1]}…"
    if plain.isprintable():
        return plain
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in plain)


MOST_CANDIDATES = 10_000
"""Among more names than this, looking for the nearest would take longer than what went wrong."""


SHORT, ALIKE = 3, 0.7
"""Letters up to which a word must be more alike: foo and opo share two of three by chance."""


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
    """Return how a fix begins: with the known word that was probably meant, or with nothing.

    >>> meant("rewrd", ["state", "reward"]), meant("xyz", ["state", "reward"])
    ('did you mean reward? ', '')
    """
    near = nearest(word, known)
    return f"did you mean {shown(near)}? " if near else ""


def listed(words: Iterable[object], most: int = 8, total: int | None = None) -> str:
    """Return words as a sentence lists them, at most `most` of the `total` that there are.

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
    """One thing that is wrong: what it is, where it stands, and how to mend it."""

    what: str
    where: str = ""
    fix: str = ""

    def __str__(self) -> str:
        lines = [self.what]
        lines += [f"  where: {self.where}"] if self.where else []
        lines += [f"  fix:   {self.fix}"] if self.fix else []
        return "\n".join(lines)


INTERRUPTED = 130
"""The exit code after Ctrl-C, which is no error."""


class RlcalcError(Exception):
    """The root of the tree; raised as itself it would be a bug of ours."""

    exit_code = 70

    def __init__(self, what: str, where: str = "", fix: str = "") -> None:
        self.faults = [Fault(what, where, fix)]
        super().__init__(what)

    @classmethod
    def of(cls, faults: Iterable[Fault]) -> RlcalcError:
        """Return one error that tells of several faults, in the order given."""
        first, *others = faults
        error = cls(first.what, first.where, first.fix)
        error.faults += others
        return error

    def __str__(self) -> str:
        return "\n".join(map(str, self.faults))


class UsageError(RlcalcError):
    """The call does not make sense, whatever the data are."""

    exit_code = 2


class InputError(RlcalcError):
    """The data are wrong, or are not there."""

    exit_code = 3


class ShapeError(InputError):
    """Arrays that were given together do not belong together."""


class NotConverged(RlcalcError):
    """An answer exists but does not keep what was asked of it, or a check failed."""

    exit_code = 4
    result: Any = None  # the answer
