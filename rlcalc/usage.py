"""Usage errors: what the parser of options refuses, as errors with a fix like all others."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterable, Sequence
from importlib import import_module
from typing import Any, get_args

from typer._click import exceptions as parser

from rlcalc.commands import COMMANDS
from rlcalc.errors import UsageError, listed, meant, nearest, shown
from rlcalc.options import flatten_option_groups

OTHER_NAMES = {
    "--discount": "--gamma",
    "--trace-decay": "--lambda",
    "--gae-lambda": "--lambda",
    "--limit": "--head",
    "--filter": "--having",
    "--order": "--sort",
    "--threads": "--jobs",
    "--workers": "--jobs",
    "--num-episodes": "--episodes",
    "--trainer": "--as",
    "--out": "--output",
}
"""Names of other programs for an option."""

NUMBERS = {"float": "a number", "int": "a whole number"}
"""The first words of pydantic's types of errors about numbers."""

BOUNDS = {
    "greater_than_equal": ("ge", "below"),
    "greater_than": ("gt", "not above"),
    "less_than_equal": ("le", "above"),
    "less_than": ("lt", "not below"),
}
"""Pydantic's types of errors about bounds: the key of the bound, and how a value misses it."""


def usage_error(error: parser.ClickException) -> UsageError:
    """Return an error of the parser as one of ours."""
    context = getattr(error, "ctx", None)
    command = context.info_name if context else next(iter(sys.argv[1:2]), None)
    command = command if command in COMMANDS else None
    program = f"rlcalc {command}" if command else "rlcalc"
    general = f"{program} --help shows its options"
    if isinstance(error, parser.NoSuchOption):
        return _unknown_option(error.option_name, command, general)
    if isinstance(error, parser.BadParameter) and error.param is not None:
        return _wrong_value(error, general)
    message = error.format_message()
    if isinstance(error, parser.BadOptionUsage):
        name = shown(error.option_name)
        if "not take a value" in message:
            return UsageError(f"{name} takes no value", fix=f"write {name} alone")
        usage = usages_of(command).get(error.option_name, "VALUE") if command else "VALUE"
        return UsageError(f"{name} needs a value", fix=f"write {name} {usage}")
    if "No such command" in message:
        name = next((word for word in sys.argv[1:] if not word.startswith("-")), "")
        commands = "rlcalc --help lists the commands"
        return UsageError(
            f"there is no command {shown(name)}", fix=meant(name, COMMANDS) + commands
        )
    if "extra argument" in message:
        words = message.rpartition("(")[2].rstrip(")")
        return UsageError(
            f"{program} takes one argument, and {shown(words)} is more",
            fix="leave it out, put its option before it, or quote a name that holds blanks",
        )
    return UsageError(message.rstrip("."), fix=general)


def usages_of(command: str) -> dict[str, str]:
    """Return the flags of a command's options, each with the metavariable of its value."""
    function = getattr(import_module(f"rlcalc.commands.{command}"), command)
    usages: dict[str, str] = {}
    for parameter in inspect.signature(flatten_option_groups(function)).parameters.values():
        option = get_args(parameter.annotation)[1]
        for flag in (option.default, *(option.param_decls or ())):  # typer keeps the first there
            if isinstance(flag, str) and flag.startswith("-"):
                usages[flag] = str(option.metavar or "VALUE")
    return usages


def _unknown_option(name: str, command: str | None, general: str) -> UsageError:
    """Return the error of an option that a command lacks: which has it, or the nearest."""
    where = f"rlcalc {command}" if command else "rlcalc"
    what = f"{where} has no option {shown(name)}"
    own = usages_of(command) if command else {}
    others = [other for other in COMMANDS if other != command and name in usages_of(other)]
    other_name = OTHER_NAMES.get(name, "")
    if other_name in own:
        return UsageError(what, fix=f"use {other_name}")
    if others:
        has = "has it" if len(others) == 1 else "have it"
        return UsageError(what, fix=f"rlcalc {listed(others)} {has}; {general}")
    near = _nearest_option(name, own)
    return UsageError(what, fix=f"did you mean {near}? {general}" if near else general)


def _nearest_option(name: str, known: Iterable[str]) -> str | None:
    """Return the option that was probably meant: one that begins so, or that is alike."""
    words = {flag.lstrip("-"): flag for flag in known if flag.startswith("--")}
    word = name.lstrip("-")
    begun = [flag for known_word, flag in words.items() if known_word.startswith(word)]
    if len(begun) == 1 and len(word) > 1:
        return begun[0]
    return words.get(nearest(word, words) or "")


def _wrong_value(error: parser.BadParameter, general: str) -> UsageError:
    """Return the error of a value that an option does not take, without pydantic's words."""
    option: Any = error.param
    name = max(option.opts, key=len) if option.opts else option.name
    usage = option.metavar or ""
    cause: Any = error.__cause__
    details = cause.errors()[0] if hasattr(cause, "errors") else {}
    kind, value = details.get("type", ""), details.get("input", "")
    choices = _choices(error.message)
    if choices:
        return UsageError(
            f"{name} {shown(value)} is not one of {', '.join(choices)}",
            fix=meant(str(value), choices) + f"use one of {', '.join(choices)}",
        )
    noun = NUMBERS.get(kind.partition("_")[0])
    if noun:
        return UsageError(
            f"{name} {shown(value)} is not {noun}", fix=f"write {noun}: {name} {usage}".rstrip(": ")
        )
    if kind in BOUNDS:
        key, misses = BOUNDS[kind]
        limit = details["ctx"][key]
        fix = f"use {'at least' if key[0] == 'g' else 'at most'} {limit}"
        return UsageError(f"{name} {shown(value)} is {misses} {limit}", fix=fix)
    message = error.message.removeprefix("Value error, ").rstrip(".")
    return UsageError(f"{name}: {message}", fix=general)


def _choices(message: str) -> Sequence[str]:
    """Return the names that a message of the parser lists."""
    _, found, names = message.partition(" is not one of ")
    return [name.strip(" '.") for name in names.split(",")] if found else []
