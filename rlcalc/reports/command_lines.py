"""Command lines that a report names, for what it leaves out."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from typing import Any

FLAGS = {"kind": "from", "settings": "set", "trainer": "as"}
"""Options whose name differs from that of the library's argument."""
MOST = 3
"""Sources that a command line repeats."""


def command_line(verb: str, sources: Sequence[str], options: Mapping[str, Any], *more: str) -> str:
    """Return a command as it is typed in a shell.

    >>> command_line("group", ["my run"], {"reward": ("acc",), "step": None}, "--rows", "groups")
    "rlcalc group 'my run' --reward acc --rows groups"
    """
    words = ["rlcalc", verb, *(sources if len(sources) <= MOST else [*sources[:MOST], "..."])]
    for name, value in options.items():
        flag = f"--{FLAGS.get(name, name).replace('_', '-')}"
        if value is True:
            words.append(flag)
        elif name == "settings" or (name == "where" and not isinstance(value, str)):
            given = [f"{k}={v}" for k, v in value.items()] if name == "settings" else value
            words += [word for one in given or () for word in (flag, str(one))]
        elif isinstance(value, Mapping) and value:
            words += [flag, ",".join(f"{k}={v}" for k, v in value.items())]
        elif isinstance(value, tuple | list) and value:
            words += [flag, ",".join(map(str, value))]
        elif isinstance(value, str | int | float) and value is not False:
            words += [flag, str(value)]
    return shlex.join([*words, *more])
