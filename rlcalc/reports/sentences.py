"""Parts of sentences: numbers with their errors, counts with their nouns, and shares."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from rlcalc.result import Fact


def number(value: Any) -> str:
    """Return a number in six digits, a count with commas.

    >>> number(0.123456789), number(12500), number(None)
    ('0.123457', '12,500', '–')
    """
    if value is None:
        return "–"
    if isinstance(value, int):
        return f"{value:,}"
    return str(value) if isinstance(value, str) else f"{value:.6g}"


def with_error(value: Fact, error: Fact) -> str:
    """Return a number ± its error, in as many digits as two of the error need.

    >>> with_error(0.498123, 0.0041), with_error(0.5, None), with_error(2.0, 0.0)
    ('0.4981 ± 0.0041', '0.5', '2 ± 0')
    """
    if not isinstance(value, float | int) or not isinstance(error, float | int):
        return number(value)
    if not error or not math.isfinite(error):
        return f"{value:.6g} ± {error:.6g}"
    digits = 1 - math.floor(math.log10(abs(error)))
    if 0 <= digits <= 12:
        return f"{value:.{digits}f} ± {error:.{digits}f}"
    return f"{value:.6g} ± {error:.2g}"


def percent(share: Fact, error: Fact = None) -> str:
    """Return a share in percent, with its error if it is known.

    >>> percent(0.3434), percent(0.3434, 0.0121), percent(0.0)
    ('34.3 %', '34.3 ± 1.2 %', '0 %')
    """
    if not isinstance(share, float | int):
        return "–"
    if isinstance(error, float | int) and error:
        return f"{with_error(100 * share, 100 * error)} %"
    return f"{100 * share:.3g} %"


def count(n: Any, noun: str, several: str = "") -> str:
    """Return a count with its noun.

    >>> count(1, "group"), count(2500, "group"), count(0, "trajectory", "trajectories")
    ('1 group', '2,500 groups', '0 trajectories')
    """
    return f"{n:,} {noun if n == 1 else several or noun + 's'}"


def joined(names: Sequence[str]) -> str:
    """Return names as in a sentence.

    >>> joined(["a"]), joined(["a", "b", "c"])
    ('a', 'a, b and c')
    """
    return " and ".join(filter(None, [", ".join(names[:-1]), *names[-1:]]))


def rewards_between(least: Fact, most: Fact) -> str:
    """Return the range of rewards as a sentence without its end.

    >>> rewards_between(0.0, 1.0), rewards_between(-1.0, -1.0)
    ('rewards go from 0 to 1', 'every reward is -1')
    """
    if least == most:
        return f"every reward is {number(least)}"
    return f"rewards go from {number(least)} to {number(most)}"


def extremes(
    name: str, where: Sequence[Any], values: Sequence[Any], texts: Sequence[str]
) -> list[str]:
    """Return sentences about the largest and the smallest of some values; None is missing.

    >>> extremes("V", ["a", "b"], [1.0, 2.0], ["1", "2"])
    ['V is largest in state b: 2.', 'V is smallest in state a: 1.']
    >>> extremes("V", ["a", "b"], [1.0, 1.0], ["1", "1"])
    ['V is 1 in every state.']
    """
    known = [row for row, value in enumerate(values) if value is not None]
    if not known:
        return []
    most, least = (pick(known, key=values.__getitem__) for pick in (max, min))
    if values[most] == values[least] and texts[most] == texts[least]:
        return [f"{name} is {texts[most]} in every state."]
    return [
        f"{name} is largest in state {where[most]}: {texts[most]}.",
        f"{name} is smallest in state {where[least]}: {texts[least]}.",
    ]


def sentence(text: str) -> str:
    """Return a note of an answer as a sentence: with a capital and a full stop.

    >>> sentence("2 files are left out"), sentence("rewards differ")
    ('2 files are left out.', 'Rewards differ.')
    """
    begun = text[:1].upper() + text[1:] if not text.startswith("rlcalc ") else text
    return begun if begun.endswith((".", "?", "!")) else f"{begun}."
