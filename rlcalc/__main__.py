"""python -m rlcalc, and rlcalc, are the command line.

It stands before everything that takes time to import, so that Ctrl-C is silent then too.
"""

from __future__ import annotations

import os
import signal
import sys
from types import FrameType
from typing import NoReturn

from rlcalc.errors import INTERRUPTED


def main() -> NoReturn:
    """Run the command line."""
    _fill_closed_streams()
    heard = signal.getsignal(signal.SIGINT) is signal.default_int_handler  # nohup may ignore it
    if heard:  # an exception would do for Python, but compiled modules turn it into their own
        signal.signal(signal.SIGINT, _leave)
    from rlcalc import cli

    try:
        if heard:
            signal.signal(signal.SIGINT, signal.default_int_handler)
        cli.main()
    except KeyboardInterrupt:
        os._exit(INTERRUPTED)


def _fill_closed_streams() -> None:
    """Open closed streams as /dev/null: cron closes them, and the next file would take their place.

    `sys.stdin` stays None: reading it is an error, not an empty source.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest free number, which is this one
    if sys.stdout is None:
        sys.stdout = os.fdopen(1, "w", encoding="utf-8")
    if sys.stderr is None:
        sys.stderr = os.fdopen(2, "w", encoding="utf-8", errors="backslashreplace")


def _leave(number: int, frame: FrameType | None) -> NoReturn:
    os._exit(INTERRUPTED)


if __name__ == "__main__":
    main()
