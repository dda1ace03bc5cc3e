"""Dumps: what each trainer's rollouts look like. One file a trainer, in the order of sniffing.

A module has `fits(record)`, and `layout(names, numbers)` where a row is a rollout, `rows(record)`
where rollouts are nested in records, or `records(record)` where a record holds others.
`tokens(record)`, where a trainer logs tokens, yields a mapping of the fields of `rlcalc.tokens` a
rollout; LOG_PROBABILITIES are the lines that dump them where it does not. Where a rollout is not in
one file alone, `completed(record, path, reports)` adds to a record what stands beside its file.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import import_module
from types import ModuleType
from typing import Any, NamedTuple

from rlcalc.errors import UsageError, nearest, shown

FORMATS = {
    "prime-rl": "prime_rl",
    "art": "art",
    "trl": "trl",
    "wandb": "wandb",
    "traces": "traces",
    "verifiers": "verifiers",
    "tinker": "tinker",
    "verl": "verl",
    "skyrl": "skyrl",
    "nemo-rl": "nemo_rl",
    "ms-swift": "ms_swift",
    "atropos": "atropos",
    "rllm": "rllm",
    "open-instruct": "open_instruct",
    "areal": "areal",
    "slime": "slime",
    "harbor": "harbor",
    "terminal-bench": "terminal_bench",
    "nemo-gym": "nemo_gym",
    "swe-agent": "swe_agent",
    "openhands": "openhands",
    "tau-bench": "tau_bench",
    "tau2-bench": "tau2_bench",
    "inspect": "inspect_ai",
    "lm-eval": "lm_eval",
    "columns": "columns",
}
"""The name of each format, and its file in this folder; the first that fits is it."""


class Dump(NamedTuple):
    """A format of rollouts: its name, and the module that knows it."""

    name: str
    module: ModuleType


def sniffed(record: Mapping[str, Any], where: str) -> Dump:
    """Return the first format that fits a record, or a table with these columns."""
    return next(dump for dump in map(named, FORMATS) if dump.module.fits(record))


def named(name: str) -> Dump:
    """Return the format of this name.

    Raises:
        UsageError: there is no such format.
    """
    if name not in FORMATS:
        near = nearest(name, FORMATS)
        raise UsageError(
            f"--from {shown(name)}: rollouts are not read from that",
            fix=f"did you mean {near}?" if near else f"one of {', '.join(FORMATS)}",
        )
    return _dump(name)


@cache
def _dump(name: str) -> Dump:
    return Dump(name, import_module(f"rlcalc.readers.rollouts.dumps.{FORMATS[name]}"))
