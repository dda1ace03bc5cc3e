"""Arguments: options that are drawn from the parameters of each command."""

import inspect
import random
import re
from typing import Any, get_args

from rlcalc import options
from rlcalc.cli import command_of
from tests.test_escapes import SIGNS

NUMBERS = ("nan", "inf", "-inf", "-1", "0", "1", "2", "3", "0.5", "1.5", "1e400", "1e-320", "-0",
           "5e-324", str(10**30), "9" * 400, "", "x", "1_0", "٣", "0x10", " 1")  # fmt: skip
SLOW = {"max_steps", "steps", "horizon", "episodes"}
"""Options that may well run for a long time: they get no large number."""
FORMATS = ("table", "json", "jsonl", "csv", "tsv", "md", "parquet")
NAMES = ("reward", "state", "action", "episode", "t", "group", "prompt", "advantage", "length",
         "step", "gamma", "start", "a", "x", "gun", "vocabulary", "value", "nope")  # fmt: skip
OTHER = "FILE"
"""Stands for the second file of a case."""


def _number(name: str, rng: random.Random) -> str:
    number = rng.choice(NUMBERS)
    return "2" if name in SLOW and len(number) > 9 else number


def _text(name: str, about: Any, rng: random.Random) -> str:
    """Return a value of an option: one that its help names, a hostile one, or a mixture."""
    words = re.findall(r"[A-Za-z][\w.:/-]*", f"{about.metavar or ''} {about.help}")
    if about.autocompletion:
        words += about.autocompletion()
    one, two = rng.choice(words), rng.choice(NAMES)
    signs = rng.choice(list(SIGNS.values())).replace("\0", "\1")
    operator = rng.choice(("=", "!=", "<", "<=", ">", ">=", " in ", "=="))
    match rng.randrange(10):
        case 0:
            return f"{one}{signs}"
        case 1:
            return f"{one.split(':')[0]}:{_number(name, rng)}"
        case 2:
            return f"{one},{rng.choice(words)}:{_number(name, rng)}"
        case 3 | 4:
            return f"{two}{operator}{rng.choice((two, *NAMES, *NUMBERS, OTHER, '[a', '{', signs))}"
        case 5:
            return rng.choice((two, *NUMBERS))
        case 6:
            return OTHER
        case 7:
            return f"{two},{rng.choice(NAMES)}{rng.choice((',', '', signs))}"
        case _:
            return one


def drawn_options(command: str, rng: random.Random) -> list[str]:
    """Return up to four options of a command, each with a value; no -o, and no format."""
    signature = inspect.signature(options.flatten_option_groups(command_of(command)))
    others = ("source", "name", "topic", "format_", "json", "csv", "output")
    known = [one for one in signature.parameters.values() if one.name not in others]
    words: list[str] = []
    for option in rng.sample(known, min(len(known), rng.choice((0, 0, 0, 0, 1, 1, 2, 4)))):
        kind, about = get_args(option.annotation)
        flags = [f for f in (about.default, *about.param_decls) if isinstance(f, str)]
        if kind is bool:
            words += [rng.choice(flags)]
        elif kind in (int, float, int | None, float | None):
            words += [rng.choice(flags), _number(option.name, rng)]
        else:
            words += [rng.choice(flags), _text(option.name, about, rng)]
    return words
