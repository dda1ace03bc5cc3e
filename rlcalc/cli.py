"""The app: puts the commands together, and turns our errors into messages and exit codes."""

from __future__ import annotations

import contextlib
import gc
import os
import sys
import warnings
from collections.abc import Callable, Iterable
from importlib import import_module
from typing import Annotated, NoReturn

import typer
from typer._click.exceptions import ClickException, NoArgsIsHelpError

from rlcalc.commands import COMMANDS
from rlcalc.engines.process import fit_address_space, keep_freed_memory, use_one_blas_thread
from rlcalc.errors import CLOSED_PIPE, INTERRUPTED, InputError, RlcalcError
from rlcalc.help import WIDEST, CommandHelp, CommandSections, epilog
from rlcalc.options import flatten_option_groups
from rlcalc.renderers.messages import write_message
from rlcalc.signals import catch_ending_signals, leave
from rlcalc.version import __version__

MOST_FAULTS = 20
"""Faults of an error that are written."""


def _version(requested: bool) -> None:
    if requested:
        typer.echo(f"rlcalc {__version__}")
        raise typer.Exit


def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    pass


def command_of(name: str) -> Callable[..., None]:
    """Return the function that is a command."""
    command: Callable[..., None] = getattr(import_module(f"rlcalc.commands.{name}"), name)
    return command


def app_of(names: Iterable[str]) -> typer.Typer:
    """Return the app with some of the commands: making a parser of all takes 10 ms more."""
    app = typer.Typer(
        name="rlcalc",
        cls=CommandSections,
        no_args_is_help=True,
        add_completion=True,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,  # plain help: the other loads a Markdown parser and doubles its time
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": WIDEST},
        help="The calculator of reinforcement learning: V, Q and A of a model or of experience.",
        epilog=epilog(),
    )
    app.callback()(_options)
    for name in names:
        command = flatten_option_groups(command_of(name))
        app.command(name, cls=CommandHelp, epilog=epilog(name))(command)
    return app


def main() -> NoReturn:
    """Run the command line and exit: 0, 2 usage, 3 input, 4 not converged, 70 bug, 130, 141."""
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")  # their search costs 20 ms
    gc.set_threshold(100_000)  # imports make many objects and no garbage
    keep_freed_memory()
    use_one_blas_thread()
    catch_ending_signals()
    warnings.showwarning = _show_warning
    try:
        fit_address_space()
        names = [name for name in sys.argv[1:2] if name in COMMANDS]
        code = app_of(names or COMMANDS)(standalone_mode=False) or 0
    except ClickException as error:
        code = _report_usage(error)
    except RlcalcError as error:
        code = _report(error)
    except KeyboardInterrupt:
        code = INTERRUPTED
    except BrokenPipeError:
        code = CLOSED_PIPE
    except OSError as error:  # the disk behind > is full
        code = _report(
            InputError(
                f"cannot write: {error.strerror}",
                fix="close nothing that it writes to, or give another file with -o",
            )
        )
    except MemoryError:
        fix = "compute less at once: fewer rows, states, episodes or jobs"
        code = _report(InputError("there is not enough memory", fix=fix))
    except SystemExit as exit_:
        code = exit_.code if isinstance(exit_.code, int) else int(exit_.code is not None)
        code = CLOSED_PIPE if code == 1 else code  # typer's own code for a closed pipe
    except Exception as error:
        if os.environ.get("RLCALC_DEBUG"):
            raise
        message = f"this is a bug in rlcalc: {type(error).__name__}: {error}"
        fix = "please report it, with the traceback that RLCALC_DEBUG=1 shows"
        code = _report(RlcalcError(message, fix=fix))
    _exit(code)


def _report(error: RlcalcError) -> int:
    """Write an error to standard error, and return its exit code."""
    for fault in error.faults[:MOST_FAULTS]:
        write_message(fault)
    more = len(error.faults) - MOST_FAULTS
    if more > 0:
        write_message(f"and {more:,} more (rlcalc check lists them)")
    return error.exit_code


def _report_usage(error: ClickException) -> int:
    """Write what the parser of options refuses, and return its exit code."""
    if isinstance(error, NoArgsIsHelpError):
        for line in error.format_message().rstrip("\n").split("\n"):
            write_message(line)
        return error.exit_code
    from rlcalc.usage import usage_error

    return _report(usage_error(error))


def _show_warning(message: Warning | str, *_: object, **__: object) -> None:
    write_message(f"warning: {message}")


def _exit(code: int) -> NoReturn:
    """Exit at once, without waiting for threads; a closed pipe is not an error."""
    if progress := sys.modules.get("rlcalc.renderers.progress"):
        progress.stop_progress()
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        code = CLOSED_PIPE
    except OSError as error:
        code = _report(
            InputError(
                f"cannot write: {error.strerror}",
                fix="close nothing that it writes to, or give another file with -o",
            )
        )
    with contextlib.suppress(OSError):
        sys.stderr.flush()
    leave(code)
