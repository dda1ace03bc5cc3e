"""Help: the pages of --help, in sections and as wide as the terminal, by the parser's formatter."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import typer.core

from rlcalc.commands import COMMANDS, SECTIONS
from rlcalc.errors import EXIT_CODES
from rlcalc.man_page import ENVIRONMENT, prose_and_examples
from rlcalc.options import COMPUTATION, OUTPUT, SHARDS, SOURCE

WIDEST = 120
"""Columns of help on a wide terminal."""
FLAGS_WIDTH = 38
"""Columns of the names of options, where there are some 100 columns."""


def epilog(command: str = "") -> str:
    """Return the end of a page: exit codes, variables of the environment, and where to read on."""
    codes = ", ".join(f"{code} {meaning}" for code, meaning in EXIT_CODES.items())
    variables = "; ".join(f"{name}: {meaning}" for name, meaning in ENVIRONMENT.items())
    more = f"rlcalc manual {command}".rstrip()
    return f"Exit codes: {codes}.\n\n{variables}. Read on: {more}."


class CommandHelp(typer.core.TyperCommand):
    """A command whose help has its options in sections, and its examples as they are typed."""

    def format_help_text(self, ctx: Any, formatter: Any) -> None:
        """Write the prose, and an example a line, which is never wrapped."""
        prose, examples = prose_and_examples(self.help or "")
        formatter.write_paragraph()
        with formatter.indentation():
            formatter.write_text(prose)
        if examples:
            with formatter.section("Examples"):
                for example in examples:
                    formatter.write(f"{'':{formatter.current_indent}}{example}\n")

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write the options in sections of one width; the source is first, the output last."""
        sections = dict(self.sections(ctx))
        widest = min(FLAGS_WIDTH, formatter.width * 3 // 8)
        usages = [usage for records in sections.values() for usage, _ in records]
        width = max(len(usage) for usage in usages if len(usage) <= widest)
        for heading, records in sections.items():
            with formatter.section(heading):
                rows = [(usage.ljust(width), text) for usage, text in records]
                formatter.write_dl(rows, col_max=width)

    def sections(self, ctx: Any) -> Iterator[tuple[str, list[tuple[str, str]]]]:
        """Yield the sections that are not empty, each with the usage and help of its options."""
        headings = (SOURCE, COMPUTATION, SHARDS, OUTPUT)
        records: dict[str, list[tuple[str, str]]] = {heading: [] for heading in headings}
        for option in self.get_params(ctx):
            record = option.get_help_record(ctx)
            if record is not None:
                usage = record[0]
                if option.param_type_name == "argument":  # without the name of a type of Python
                    usage = option.metavar or usage
                records[getattr(option, "rich_help_panel", None) or OUTPUT].append(
                    (usage, record[1])
                )
        return ((heading, several) for heading, several in records.items() if several)


class CommandSections(typer.core.TyperGroup):
    """The list of commands under the headings of `rlcalc.commands.SECTIONS`, a line each."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write the sections of --help."""
        width = max(map(len, COMMANDS))
        for heading, names in SECTIONS.items():
            rows = []
            for name in names:
                command = self.get_command(ctx, name)
                if command is not None:
                    rows.append((name.ljust(width), (command.help or "").split("\n", 1)[0]))
            with formatter.section(heading):
                formatter.write_dl(rows)
