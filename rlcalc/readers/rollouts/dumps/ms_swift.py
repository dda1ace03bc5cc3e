"""ms-swift: completions.jsonl, one logging step a line, in which every column is a list."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rlcalc.errors import InputError
from rlcalc.readers.rollouts.dumps.layout import Row, finite

OTHERS = ("step", "prompt", "completion", "advantages", "solution", "num_turns", "entropy")
GROUPED = "runs"


def fits(record: Mapping[str, Any]) -> bool:
    """Return whether a record is one of ms-swift."""
    return {"prompt", "completion", "advantages"} <= record.keys() and isinstance(
        record["prompt"], list
    )


def rows(record: Mapping[str, Any]) -> Iterator[Row]:
    """Yield the rollouts of a logging step.

    Raises:
        InputError: its lists are of different lengths.
    """
    lists = {name: values for name, values in record.items() if isinstance(values, list)}
    lengths = {name: len(values) for name, values in lists.items()}
    if len(set(lengths.values())) > 1:
        raise InputError(f"lists of different lengths: {lengths}", fix="leave out this line")
    rewards = [
        name
        for name, values in lists.items()
        if name not in OTHERS and all(value is None or finite(value) for value in values)
    ]
    for place in range(len(record["prompt"])):
        at = {name: values[place] for name, values in lists.items()}
        yield {
            "prompt": at["prompt"],
            "step": int(at["step"]) if str(at.get("step", "")).isdigit() else None,
            "reward": {name: at[name] for name in rewards},
            "advantage": at["advantages"],
            "response": at["completion"],
        }
