"""python -m rlcalc, and rlcalc, are the command line.

It stands before everything that takes time to import, so that Ctrl-C is silent then too.
"""

from __future__ import annotations

import os
import signal
from types import FrameType
from typing import NoReturn

from rlcalc.errors import INTERRUPTED


def main() -> NoReturn:
    """Run the command line."""
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


def _leave(number: int, frame: FrameType | None) -> NoReturn:
    os._exit(INTERRUPTED)


if __name__ == "__main__":
    main()
