"""ART (OpenPipe): {step}.parquet from 0.5 on, one trajectory a row; before, a group a line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rlcalc.readers.rollouts.dumps.layout import Layout, Row, finite


def fits(record: Mapping[str, Any]) -> bool:
    """Return whether a record, or a table with these columns, is one of ART."""
    return {"group_index", "messages", "reward"} <= record.keys() or (
        "trajectories" in record and "training_step" not in record and _old(record)
    )


def _old(record: Mapping[str, Any]) -> bool:
    trajectories = record["trajectories"]
    return isinstance(trajectories, list) and all(
        isinstance(t, dict) and "messages_and_choices" in t for t in trajectories
    )


def layout(names: Sequence[str], numbers: Sequence[str]) -> Layout | None:
    """Return where the table has what; None: it is a group a line. See `trl.layout`."""
    if "trajectories" in names:
        return None
    return Layout(("reward",), group="group_index", response="messages", restart=True)


def rows(record: Mapping[str, Any]) -> Iterator[Row]:
    """Yield the trajectories of a group; the line is the group."""
    for trajectory in record["trajectories"]:
        choices = trajectory.get("messages_and_choices") or []
        ends = [choice.get("finish_reason") for choice in choices if isinstance(choice, dict)]
        metrics = trajectory.get("metrics") or {}
        yield {
            "reward": {"reward": trajectory.get("reward")},
            "more": {name: value for name, value in metrics.items() if finite(value)},
            "truncated": "length" in ends,
            "stopped_by": next((end for end in reversed(ends) if end), None),
            "response": _content(choices[-1]) if choices else None,
        }


def _content(choice: Any) -> Any:
    message = choice.get("message", choice) if isinstance(choice, dict) else {}
    return message.get("content")
