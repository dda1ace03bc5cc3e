"""A process that matches regular expressions, for threads and systems without an alarm."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading

_PROGRAM = """
import faulthandler, json, os, re, sys
nowhere = open(os.devnull, "w")
print("ready", flush=True)
for line in sys.stdin:
    pattern, text, patience = json.loads(line)
    faulthandler.dump_traceback_later(patience, exit=True, file=nowhere)
    matches = re.fullmatch(pattern, text) is not None
    faulthandler.cancel_dump_traceback_later()
    print(int(matches), flush=True)
"""


class PatternProcess:
    """A process with a clock of its own, which ends it in the middle of a match.

    It is started on the first match, and ends with the process that started it.
    """

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.process: subprocess.Popen[str] | None = None

    def matches(self, pattern: str, text: str, patience: float) -> bool:
        """Return whether a regular expression matches a whole text.

        Raises:
            TimeoutError: the match takes longer than `patience` seconds.
        """
        with self.lock:
            alive = self.process and self.process.poll() is None
            process = self.process if alive else _started()
            if process is None:  # Python is embedded in a program and cannot be started
                return re.fullmatch(pattern, text) is not None
            self.process = None  # it is given back with the answer, not after an interrupt
            assert process.stdin
            assert process.stdout
            process.stdin.write(json.dumps([pattern, text, patience]) + "\n")
            process.stdin.flush()
            answer = process.stdout.readline()
            if not answer:
                process.communicate()
                raise TimeoutError
            self.process = process
            return answer == "1\n"


def _started() -> subprocess.Popen[str] | None:
    """Start the process, outside the group that Ctrl-C interrupts."""
    try:
        process = subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", _PROGRAM],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            encoding="utf-8",
            start_new_session=True,
        )
    except (OSError, ValueError):
        return None
    assert process.stdout
    return process if process.stdout.readline() == "ready\n" else None


_process = PatternProcess()


def matches_in_process(pattern: str, text: str, patience: float) -> bool:
    """Return whether a regular expression matches a whole text; see `PatternProcess.matches`."""
    return _process.matches(pattern, text, patience)


def _renew() -> None:
    """Let a forked process start its own: two would read each other's answers."""
    global _process
    _process = PatternProcess()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew)
