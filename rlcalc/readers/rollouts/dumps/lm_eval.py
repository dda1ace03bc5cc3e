"""lm-eval: samples_{task}_{date}.jsonl, one document a line, its answers in a list.

The metric of a document is one number, whatever its repeats; so several answers are not several
rollouts here, and a group is the lines of one document.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from typing import Any

from rlcalc.readers.rollouts.dumps.layout import Row, RunInfo, as_float, finite

EVALUATION = True
NAME = re.compile(r"samples_(?P<task>.+?)(_(?P<run>\d{4}-\d\d-\d\dT[\d.:-]+?))?\.jsonl?\b")


def fits(record: Mapping[str, Any]) -> bool:
    """Return whether a record is one of lm-eval."""
    return {"doc_id", "resps"} <= record.keys()


def rows(record: Mapping[str, Any]) -> Iterator[Row]:
    """Yield the document with its metrics; before 0.4.3 their names were not logged."""
    names = record["metrics"] if record.get("metrics") else record.keys() - {"doc_id", "target"}
    metrics = {
        name: as_float(value)
        for name, value in record.items()
        if name in names and (finite(value) or isinstance(value, bool))
    }
    responses = record["resps"][0] if record["resps"] else []
    yield {
        "group": record["doc_id"],
        "task": record.get("task") or record.get("task_name"),
        "filter": record.get("filter"),
        "scores": metrics,
        "question": record.get("doc"),
        "response": responses[0] if isinstance(responses, list) and responses else None,
    }


def about_run(record: Mapping[str, Any]) -> RunInfo:
    """Return how the repeats of a document are read."""
    responses = record.get("resps")
    answers = responses[0] if isinstance(responses, list) and responses else []
    n = len(answers) if isinstance(answers, list) else 1
    note = f"the {n:,} repeats of a document have one metric together, and are one rollout"
    return RunInfo(note=note if n > 1 else None)


def names_of_file(path: str) -> dict[str, str]:
    """Return the task and the run that the name of a file tells of; a file is of one task."""
    folder, name = os.path.split(path)
    match = NAME.match(name)
    if match is None:
        return {"task": name.partition(".")[0], "run": folder}
    return {"task": match["task"], "run": os.path.join(folder, match["run"] or "")}
