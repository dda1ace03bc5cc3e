"""The man page: synopsis, commands with their options, exit codes and environment, in roff."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from typing import Any, get_args

from rlcalc.errors import EXIT_CODES
from rlcalc.options import flatten_option_groups
from rlcalc.version import __version__

ENVIRONMENT = {
    "RLCALC_FORMAT": "the default of --format",
    "RLCALC_DEBUG": "shows the traceback of a bug",
}
"""The variables of the environment that rlcalc reads."""

Command = Callable[..., None]


def prose_and_examples(text: str) -> tuple[str, list[str]]:
    """Return the prose of a command's docstring, and its examples, which are lines of a shell."""
    paragraphs = inspect.cleandoc(text).split("\n\n")
    examples = [paragraph for paragraph in paragraphs if paragraph.startswith("rlcalc ")]
    return "\n\n".join(one for one in paragraphs if one not in examples), examples


def man_page(commands: Mapping[str, Command], sections: Mapping[str, tuple[str, ...]]) -> str:
    """Return the page, for `man -l -`.

    Args:
        commands: the functions that are commands, by name.
        sections: headings, and the names of the commands below each.
    """
    lines = [
        f'.TH RLCALC 1 "" "rlcalc {__version__}" "User Commands"',
        ".SH NAME",
        r"rlcalc \- the calculator of reinforcement learning",
        ".SH SYNOPSIS",
        r".B rlcalc",
        r".I COMMAND SOURCE",
        r"[options]",
        ".SH DESCRIPTION",
        "V, Q and A of a model or of experience, the advantages of a language model's",
        "rollouts, and what a batch's loss does; with error bars where they are estimated,",
        "and a proven bound where they are computed. A source is a path, several, a glob, a",
        "folder, \\- for standard input, or the name of a shipped spec.",
    ]
    for heading, names in sections.items():
        lines.append(f".SH {heading.upper()}")
        for name in names:
            lines += _command_lines(name, commands[name])
    lines.append(".SH EXIT STATUS")
    for code, meaning in EXIT_CODES.items():
        lines += [".TP", f".B {code}", _text(meaning)]
    lines.append(".SH ENVIRONMENT")
    for variable, meaning in ENVIRONMENT.items():
        lines += [".TP", f".B {variable}", _text(meaning)]
    lines += [".SH SEE ALSO", r"\fBrlcalc manual\fR, the whole reference."]
    return "\n".join(lines) + "\n"


def _command_lines(name: str, command: Command) -> Iterator[str]:
    prose, examples = prose_and_examples(command.__doc__ or "")
    yield f".SS rlcalc {name}"
    for paragraph in prose.split("\n\n"):
        yield from (".PP", _text(" ".join(paragraph.split())))
    for flags, text in options_of(command):
        yield from (".TP", rf"\fB{_text(flags)}\fR", _text(text))
    if examples:
        yield from (".PP", "Examples:", ".PP", ".nf")
        yield from (_text(example) for example in examples)
        yield ".fi"


def options_of(command: Command) -> Iterator[tuple[str, str]]:
    """Yield the flags of each option of a command, with its metavariable, and its help."""
    for parameter in inspect.signature(flatten_option_groups(command)).parameters.values():
        option: Any = get_args(parameter.annotation)[1]
        declared = [option.default, *(option.param_decls or ())]  # typer keeps the first there
        flags = [flag for flag in declared if isinstance(flag, str) and flag.startswith("-")]
        yield " ".join([", ".join(flags), str(option.metavar or "")]).strip(), option.help or ""


def _text(text: str) -> str:
    r"""Return text as roff shows it.

    >>> _text(".5 of C:\\x, -g")
    '\\&.5 of C:\\ex, \\-g'
    """
    plain = text.replace("\\", "\\e").replace("-", "\\-")
    return f"\\&{plain}" if plain[:1] in (".", "'") else plain
