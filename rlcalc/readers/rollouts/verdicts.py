"""Verdicts: the reports of an evaluation that stand beside the runs of an agent.

SWE-bench writes a JSON file with lists of instances, such as `resolved_ids`, or one a run with a
mapping `{instance: {"resolved": true}}`; OpenHands' remote evaluation writes JSONL.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import Any

from rlcalc.errors import InputError, shown
from rlcalc.readers import json as json_reader

LARGEST = 1 << 26
"""Bytes of a report; a larger file beside runs is something else."""
LEVELS = 2
"""Folders above that of a run in which its report may stand."""
RESOLVED = ("resolved_ids", "resolved")
NOT_TESTED = ("error_ids", "incomplete_ids")
Verdicts = Mapping[str, float | None]


class Reports:
    """The reports beside the runs of one reading, each folder looked at once."""

    def __init__(self) -> None:
        self.by_folder: dict[str, Mapping[str, Verdicts]] = {}

    def verdict(self, instance: str, path: str) -> float | None:
        """Return 1 for an instance that is resolved, 0 if it is not, None if it was not tested.

        Args:
            instance: its name.
            path: of the file with the run.

        Raises:
            InputError: no report stands beside the run, or two contradict each other.
        """
        near = self._near(path) if os.path.isfile(path) else {}
        if not near:
            raise InputError(
                f"the run of {shown(instance)} has no reward, and no evaluation stands beside it",
                shown(path, 200),
                "put the report of SWE-bench beside the runs, as results.json: a JSON file that "
                'has the list "resolved_ids"',
            )
        verdicts = {name: known[instance] for name, known in near.items() if instance in known}
        scored = {name: verdict for name, verdict in verdicts.items() if verdict is not None}
        if len(set(scored.values())) > 1:
            raise InputError(
                f"two reports contradict each other about {shown(instance)}",
                " and ".join(shown(name, 200) for name in list(scored)[:2]),
                "leave the report of this run alone beside it",
            )
        return next(iter(scored.values()), None)

    def _near(self, path: str) -> dict[str, Verdicts]:
        """Return the verdicts of the reports in the folder of a file and in those above it."""
        near: dict[str, Verdicts] = {}
        folder = os.path.dirname(os.path.abspath(path))
        for _ in range(LEVELS + 1):
            if folder not in self.by_folder:
                self.by_folder[folder] = reports_in(folder)
            near |= self.by_folder[folder]
            folder = os.path.dirname(folder)
        return near


def reports_in(folder: str) -> dict[str, Verdicts]:
    """Return the verdicts of each report in a folder, by its path.

    Raises:
        InputError: a report is not JSON.
    """
    try:
        names = sorted(name for name in os.listdir(folder) if _may_be_report(name))
    except OSError:
        return {}
    reports = {path: _report(path) for path in (os.path.join(folder, name) for name in names)}
    return {path: verdicts for path, verdicts in reports.items() if verdicts}


def _report(path: str) -> Verdicts:
    """Return the verdicts that a file holds; none if it is something else."""
    if not os.path.isfile(path) or os.path.getsize(path) > LARGEST:
        return {}
    with open(path, "rb") as file:
        data = file.read()
    if b'"resolved' not in data or b'"trajectory"' in data:
        return {}
    text = data.decode("utf-8", errors="replace")
    texts = text.splitlines() if path.endswith(".jsonl") else [text]
    values = [json_reader.value_of(one, shown(path, 200)) for one in texts if one.strip()]
    return dict(pair for value in values for pair in _verdicts(value))


def _may_be_report(name: str) -> bool:
    return name.endswith((".json", "_eval.jsonl")) and name not in ("preds.json", "metadata.json")


def _verdicts(report: Any) -> Iterator[tuple[str, float | None]]:
    """Yield the instances that a report knows, each with its verdict."""
    if not isinstance(report, dict):
        return
    if "instance_id" in report:
        inner = (report.get("test_result") or {}).get("report") or report.get("report")
        yield from _verdicts({report["instance_id"]: inner})
        return
    lists = {name: [str(one) for one in value] for name, value in report.items() if _is_ids(value)}
    for names in lists.values():
        yield from ((instance, 0.0) for instance in names)
    for name in NOT_TESTED:
        yield from ((instance, None) for instance in lists.get(name, ()))
    for name in RESOLVED:
        yield from ((instance, 1.0) for instance in lists.get(name, ()))
    for instance, value in report.items():
        if isinstance(value, dict) and isinstance(value.get("resolved"), bool):
            yield instance, None if value.get("error_eval") else float(value["resolved"])


def _is_ids(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(one, str) for one in value)
