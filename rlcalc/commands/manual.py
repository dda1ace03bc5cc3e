"""rlcalc manual: the reference in the terminal, in the words of the README files."""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib import import_module

from rlcalc import options
from rlcalc.commands import COMMANDS, SECTIONS
from rlcalc.errors import UsageError


def manual(
    topic: options.TopicName = None, raw: options.Raw = False, man: options.ManPage = False
) -> None:
    """The reference in the terminal: list topics, or print one.

    rlcalc manual estimate

    rlcalc manual rollouts | less

    rlcalc manual glossary --raw

    rlcalc manual --man | man -l -
    """
    from rlcalc import manual as pages

    if man and (raw or topic is not None):
        raise UsageError("--man prints one page of all commands", fix="leave out the rest")
    if man:
        from rlcalc.man_page import man_page

        text = man_page({name: _command(name) for name in COMMANDS}, SECTIONS)
    elif topic is None:
        if raw:
            raise UsageError("--raw needs a topic", fix="rlcalc manual lists the topics")
        text = pages.topic_list()
    else:
        entry = pages.topic(topic)
        text = (
            entry.text if raw else pages.rendered_manual_topic(entry, terminal=sys.stdout.isatty())
        )
    sys.stdout.buffer.write(text.encode())


def _command(name: str) -> Callable[..., None]:
    command: Callable[..., None] = getattr(import_module(f"rlcalc.commands.{name}"), name)
    return command
