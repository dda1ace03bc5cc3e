"""rlcalc manual: the reference in the terminal, in the words of the README files."""

from __future__ import annotations

import sys

from rlcalc import options
from rlcalc.errors import UsageError


def manual(topic: options.TopicName = None, raw: options.Raw = False) -> None:
    """The reference in the terminal: list topics, or print one.

    rlcalc manual estimate

    rlcalc manual rollouts | less

    rlcalc manual glossary --raw
    """
    from rlcalc import manual as pages

    if topic is None:
        if raw:
            raise UsageError("--raw needs a topic", fix="rlcalc manual lists the topics")
        text = pages.topic_list()
    else:
        entry = pages.topic(topic)
        text = (
            entry.text if raw else pages.rendered_manual_topic(entry, terminal=sys.stdout.isatty())
        )
    sys.stdout.buffer.write(text.encode())
