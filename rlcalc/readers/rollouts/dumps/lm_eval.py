"""lm-eval: samples_{task}_{date}.jsonl, one document a line, its answers in a list.

The metric of a document is one number, whatever its repeats; so several answers are not several
rollouts here, and a group is the lines of one document.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rlcalc.readers.rollouts.dumps.layout import Row, finite


def fits(record: Mapping[str, Any]) -> bool:
    """Return whether a record is one of lm-eval."""
    return {"doc_id", "resps"} <= record.keys()


def rows(record: Mapping[str, Any]) -> Iterator[Row]:
    """Yield the document with its first metric as the reward."""
    names = record.get("metrics") or []
    metrics = {name: record[name] for name in names if finite(record.get(name))}
    responses = record["resps"][0] if record["resps"] else []
    yield {
        "group": record["doc_id"],
        "reward": dict(list(metrics.items())[:1]) or {"metric": None},
        "more": metrics,
        "question": record.get("doc"),
        "response": responses[0] if isinstance(responses, list) and responses else None,
    }
