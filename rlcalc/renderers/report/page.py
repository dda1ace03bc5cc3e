"""The page of a report: HTML that needs nothing else, and in which no text of data does anything.

Every text is escaped by the template, control and bidi characters are written as escapes, and the
page forbids itself every script but its own, by its hash.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rlcalc.errors import InputError, escaped
from rlcalc.pages import Page, Table
from rlcalc.renderers.pictures.images import drawing_program
from rlcalc.renderers.report.drawings import dark_rules, picture
from rlcalc.version import __version__

HERE = Path(__file__).parent


def html_page(page: Page) -> str:
    """Return a report as HTML.

    Raises:
        InputError: what draws pictures is not installed.
    """
    from jinja2 import Environment, FileSystemLoader
    from markupsafe import Markup

    required_programs()
    script, style = (
        (HERE / name).read_text(encoding="utf-8") for name in ("script.js", "style.css")
    )
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    environment = Environment(
        loader=FileSystemLoader(HERE),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=visible,
    )
    pictures = {
        (section.name, number): picture(chart, f"{section.name}-{number}")
        for section in page.sections
        for number, chart in enumerate(section.charts)
    }
    return environment.get_template("page.html").render(
        page=page,
        pictures=pictures,
        grid=grid,
        version=__version__,
        script=Markup(script),
        script_hash=digest,
        style=Markup(style.replace("/* dark drawings */", "\n  ".join(dark_rules()))),
    )


def required_programs() -> None:
    """Refuse a report if what makes it is not installed.

    Raises:
        InputError: it is not.
    """
    try:
        import jinja2  # noqa: F401

        drawing_program()
    except (ImportError, InputError) as error:
        raise InputError(
            "a report needs vl-convert and Jinja, which are not installed",
            fix="pip install 'rlcalc[plot]'",
        ) from error


def visible(value: Any) -> Any:
    r"""Return text with everything escaped that a screen hides or writes backwards.

    >>> visible("two\nlines, a" + chr(0x202E))
    'two\nlines, a\\u202e'
    """
    if not isinstance(value, str) or hasattr(value, "__html__"):
        return value
    return "\n".join(
        "\t".join(escaped(cell) for cell in line.split("\t")) for line in value.split("\n")
    )


@dataclass(frozen=True)
class Cell:
    """A cell of a table: its text, and its value in full where the text rounds it."""

    text: str
    value: str


@dataclass(frozen=True)
class Grid:
    """The heads and the cells of a table, and which columns are numbers."""

    heads: list[str]
    numeric: list[bool]
    rows: Iterator[list[Cell]]


def grid(table: Table) -> Grid:
    """Return what a table shows: six digits, value ± error in one cell."""
    result = table.result
    heads, rows = result.display(range(len(result)))
    plain = result.plain()
    names = [name for name, c in result.columns.items() if c.role not in ("bound", "error")]
    numeric = [not left for left in result.left()]
    values = zip(*(plain[name] for name in names), strict=True)
    cells = (
        [_cell(text.strip(), value) for text, value in zip(texts, row, strict=True)]
        for texts, row in zip(rows, values, strict=True)
    )
    return Grid(heads, numeric, cells)


def _cell(text: str, value: Any) -> Cell:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    exact = repr(value) if is_number else ""
    return Cell(text, "" if exact in (text, f"{text}.0") else exact)
