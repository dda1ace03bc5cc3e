"""Rollouts of a language model: prompt, response, reward and group, one JSON line each."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Any, BinaryIO

CHUNK = 1 << 12
"""Lines that are written together."""


def write(rollouts: Iterable[Mapping[str, Any]], stream: BinaryIO) -> int:
    """Write rollouts, and return how many there were."""
    rest = iter(rollouts)
    n = 0
    while several := [json.dumps(row, ensure_ascii=False) for row in islice(rest, CHUNK)]:
        stream.write("\n".join([*several, ""]).encode("utf-8", "backslashreplace"))
        n += len(several)
    return n
