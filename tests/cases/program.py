"""The command line in this process, beside the small inputs, and what it answered."""

import contextlib
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from rlcalc.cli import app_of
from rlcalc.errors import RlcalcError

INPUTS = Path(__file__).parent / "inputs"


@dataclass(frozen=True)
class Answer:
    """Exit code, standard output and standard error of one command."""

    code: int
    stdout: str
    stderr: str

    @property
    def document(self) -> dict[str, Any]:
        assert self.stdout, self.stderr
        return dict(json.loads(self.stdout))

    @property
    def facts(self) -> dict[str, Any]:
        return dict(self.document["facts"])

    @property
    def rows(self) -> list[dict[str, Any]]:
        return list(self.document["rows"])

    def column(self, name: str) -> list[Any]:
        return [row[name] for row in self.rows]

    def by(self, key: str, value: str) -> dict[str, Any]:
        """One column by the text of another."""
        return {str(row[key]): row[value] for row in self.rows}

    def notes(self, pattern: str) -> bool:
        """Whether standard error says it, in whatever words the pattern allows."""
        return re.search(pattern, self.stderr, re.IGNORECASE) is not None

    def says(self, pattern: str) -> bool:
        """Whether standard output or standard error says it."""
        return self.notes(pattern) or re.search(pattern, self.stdout, re.IGNORECASE) is not None


def run(*arguments: str | Path, inside: Path = INPUTS) -> Answer:
    """Run a command inside a folder; errors become messages and exit codes, as in `cli.main`."""
    given = [str(argument) for argument in arguments]
    with contextlib.chdir(inside):
        done = CliRunner().invoke(app_of(given[:1]), given)
    error = done.exception
    if isinstance(error, RlcalcError):
        faults = "".join(f"error: {fault}\n" for fault in error.faults)
        return Answer(error.exit_code, done.stdout, done.stderr + faults)
    if error is not None and not isinstance(error, SystemExit):
        return Answer(70, done.stdout, f"{done.stderr}{type(error).__name__}: {error}\n")
    return Answer(done.exit_code, done.stdout, done.stderr)


def as_json(*arguments: str | Path, inside: Path = INPUTS) -> Answer:
    """Run a command that answers in JSON."""
    return run(*arguments, "--format", "json", inside=inside)
