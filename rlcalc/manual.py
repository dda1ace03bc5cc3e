"""The manual: topics and their text, read from the README files that are shipped with the package.

A page is a README; each of its sections is a topic, named by its heading. The list of topics has
the `##` sections; the smaller `###` sections are found by name. Nothing is written twice: who
changes a README changes the manual.
"""

from __future__ import annotations

import posixpath
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from rlcalc.errors import InputError, nearest, shown

PACKAGE = Path(__file__).parent
PIPE_WIDTH = 100


@dataclass(frozen=True)
class Page:
    """A README: its topic, its path in a checkout, and its path inside the package."""

    topic: str
    path: str
    inside: str
    sections: tuple[str, ...] = ()  # the sections that are topics; empty: all of them

    def read(self) -> str:
        """Return the Markdown text, from the checkout or from the installed package."""
        beside = PACKAGE.parent / self.path
        packed = PACKAGE / self.inside
        return (packed if packed.is_file() else beside).read_text(encoding="utf-8")


PAGES = (
    Page("readme", "README.md", "entrance.md", ("glossary", "library")),
    Page("commands", "rlcalc/commands/README.md", "commands/README.md"),
    Page("readers", "rlcalc/readers/README.md", "readers/README.md"),
    Page("shards", "rlcalc/engines/README.md", "engines/README.md", ("partials", "ray")),
    Page("examples", "specs/README.md", "specs/README.md"),
    Page("design", "rlcalc/README.md", "README.md"),
)
"""The pages, in the order in which the list of topics shows them."""


@dataclass(frozen=True)
class Topic:
    """A page or one of its sections: its name, its Markdown text, and the page it stands on."""

    name: str
    text: str
    page: str
    listed: bool = True  # in the list of topics; smaller sections are not

    @property
    def summary(self) -> str:
        """Return the first sentence of the text, without Markdown."""
        blocks = re.split(r"\n\s*\n", self.text)
        first = next((block for block in blocks if not block.startswith(("#", "```"))), "")
        plain = re.sub(r"[*`]", "", _LINK.sub(r"\1", " ".join(first.split())))
        return re.split(r"(?<=\.)\s", plain, maxsplit=1)[0].rstrip(".:")


_LINK = re.compile(r"\[([^\]]+)\]\(([^)\s]+)\)")
_FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
_SECTION = re.compile(r"^(###?) .+$", re.MULTILINE)


def topic_name(heading: str) -> str:
    """Return a heading as the name of a topic, which is also its anchor on the web.

    >>> topic_name("Exit codes"), topic_name("`solve`")
    ('exit-codes', 'solve')
    """
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


def topics() -> list[Topic]:
    """Return every page, each followed by its sections, large and small."""
    return [topic for page in PAGES for topic in _topics_of(page)]


def _topics_of(page: Page) -> Iterator[Topic]:
    text = page.read()
    hidden = _FENCE.sub(lambda fence: "~" * len(fence[0]), text)  # a comment is not a heading
    starts = [(heading.start(), len(heading[1])) for heading in _SECTION.finditer(hidden)]
    yield Topic(page.topic, text, page.topic)
    for number, (start, level) in enumerate(starts, 1):
        end = next((later for later, other in starts[number:] if other <= level), len(text))
        section = text[start:end].rstrip() + "\n"
        name = topic_name(section.split("\n", 1)[0].lstrip("# "))
        if not page.sections or name in page.sections:
            yield Topic(name, section, page.topic, listed=level == 2)


def topic(name: str) -> Topic:
    """Return the topic of this name.

    Raises:
        InputError: there is no such topic.
    """
    known = {one.name: one for one in topics()}
    key = topic_name(name)
    if key in known:
        return known[key]
    near = nearest(key, known) or next((one for one in known if one.startswith(key)), None)
    raise InputError(
        f"the manual has no topic '{shown(name)}'",
        fix=f"did you mean {near}?" if near and key else "rlcalc manual lists the topics",
    )


def topic_list() -> str:
    """Return the names of the listed topics, each with one line about it."""
    every = [one for one in topics() if one.listed]
    width = max(len(one.name) for one in every) + 4
    lines = [
        "The manual: rlcalc manual TOPIC prints one of these topics,",
        "or a smaller section by its heading, such as audit, methods or trainers.",
        "",
    ]
    for one in every:
        indent = "" if one.name == one.page else "  "
        lines.append(f"{indent + one.name:{width}}{one.summary}")
    return "\n".join(lines) + "\n"


def rendered_manual_topic(entry: Topic, *, terminal: bool) -> str:
    """Return a topic as text to read: with colours on a terminal, plain in a pipe."""
    from io import StringIO

    from rich.console import Console, ConsoleOptions, RenderResult
    from rich.markdown import CodeBlock, Heading, Markdown
    from rich.text import Text

    class Title(Heading):
        """A heading at the left margin, underlined."""

        def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
            line = "═" if self.tag == "h1" else "─" if self.tag == "h2" else ""
            yield self.text
            if line:
                yield Text(line * self.text.cell_len, style=self.style_name)

    class Verbatim(CodeBlock):
        """A block of code as it stands: no line is wrapped, so that it can be copied."""

        def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
            code = Text("\n".join(f"    {line}" for line in str(self.text).rstrip().split("\n")))
            code.stylize("markdown.code_block")
            code.no_wrap, code.overflow = True, "ignore"
            yield code

    class Manual(Markdown):
        elements: ClassVar = {
            **Markdown.elements,
            "heading_open": Title,
            "fence": Verbatim,
            "code_block": Verbatim,
        }

    stream = sys.stdout if terminal else StringIO()
    console = Console(
        file=stream,
        width=None if terminal else PIPE_WIDTH,
        color_system="auto" if terminal else None,
        highlight=False,
        soft_wrap=False,
    )
    with console.capture() as capture:
        console.print(Manual(_with_topics(entry), hyperlinks=False), crop=False)
    lines = "\n".join(line.rstrip() for line in capture.get().split("\n"))
    return re.sub(r"\n{3,}", "\n\n", lines).strip("\n") + "\n"


def _with_topics(entry: Topic) -> str:
    """Return the text of a topic, in which a link to a topic names the topic instead."""
    known = {one.name for one in topics()}
    pages = {page.path: page.topic for page in PAGES}
    folder = posixpath.dirname(next(path for path, name in pages.items() if name == entry.page))

    def named(link: re.Match[str]) -> str:
        words, target = link.groups()
        if "://" in target:
            return link[0]
        path, _, anchor = target.partition("#")
        page = pages.get(posixpath.normpath(posixpath.join(folder, path)))
        name = anchor if anchor in known else page if path else None
        if name is None or words.strip("`") in (name, f"rlcalc manual {name}"):
            return words
        return f"{words} (`rlcalc manual {name}`)"

    return _LINK.sub(named, entry.text)
