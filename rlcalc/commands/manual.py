"""rlcalc manual: the reference in the terminal, in the words of the README files."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from rlcalc.errors import UsageError


def manual(
    topic: Annotated[
        str | None,
        typer.Argument(help="The topic to print; without one: list them.", show_default=False),
    ] = None,
    raw: Annotated[
        bool, typer.Option("--raw", help="Print the Markdown text as it is written.")
    ] = False,
) -> None:
    """The reference in the terminal: list its topics, or print one.

    rlcalc manual estimate

    rlcalc manual rollouts | less

    rlcalc manual glossary --raw
    """
    from rlcalc import manual as pages

    if topic is None:
        if raw:
            raise UsageError("--raw needs a topic", fix="rlcalc manual lists the topics")
        text = pages.listing()
    else:
        found = pages.topic(topic)
        text = found.text if raw else pages.rendered(found, terminal=sys.stdout.isatty())
    sys.stdout.buffer.write(text.encode())
