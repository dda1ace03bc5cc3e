"""terminal-bench up to 0.2: `results.json` of a run, whose trials are resolved or not.

Source: `BenchmarkResults` and `TrialResults` of terminal-bench 0.2.18. Later ones are Harbor's.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rlcalc.readers.rollouts.dumps.layout import Row

EVALUATION = True
EMPTY = "this run of terminal-bench has no trials", "give the results of a run that has some"
FINE = (None, "none", "unset")


def fits(record: Mapping[str, Any]) -> bool:
    """Return whether a record is the results of a run, or of a trial."""
    return {"trial_name", "task_id", "is_resolved"} <= record.keys() or (
        {"results", "n_resolved", "resolved_ids"} <= record.keys()
    )


def rows(record: Mapping[str, Any]) -> Iterator[Row]:
    """Yield the trials; one that was not tested has no reward."""
    for trial in record.get("results", [record]):
        resolved, mode = trial["is_resolved"], trial.get("failure_mode")
        yield {
            "group": trial["task_id"],
            "rollout": trial["trial_name"],
            "reward": {"is_resolved": None if resolved is None else float(resolved)},
            "length": trial.get("total_output_tokens"),
            "truncated": mode in ("agent_timeout", "context_length_exceeded"),
            "failed": mode not in FINE,
            "stopped_by": None if mode in FINE else mode,
            "question": trial.get("instruction"),
        }
