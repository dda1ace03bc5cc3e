"""Reports beside runs: SWE-bench's lists, a report an instance, OpenHands' lines."""

import json
from pathlib import Path
from typing import Any

import pytest

from rlcalc.errors import InputError
from rlcalc.readers.rollouts.verdicts import LEVELS, Reports, reports_in

LISTS = {
    "total_instances": 5,
    "submitted_ids": ["right", "wrong", "empty", "broken"],
    "completed_ids": ["right", "wrong"],
    "resolved_ids": ["right"],
    "unresolved_ids": ["wrong"],
    "empty_patch_ids": ["empty"],
    "error_ids": ["broken"],
    "incomplete_ids": ["later"],
}
VERDICTS = {"right": 1.0, "wrong": 0.0, "empty": 0.0, "broken": None, "later": None, "other": None}


def beside(folder: Path, report: Any, name: str = "results.json") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    text = report if isinstance(report, str) else json.dumps(report)
    (folder / name).write_text(text)
    (folder / "run.traj").touch()
    return folder / "run.traj"


@pytest.mark.parametrize(("instance", "verdict"), VERDICTS.items())
def test_lists_of_instances_are_verdicts(
    instance: str, verdict: float | None, tmp_path: Path
) -> None:
    """One with an error of the evaluation was not tested, whatever other lists it is in."""
    assert Reports().verdict(instance, str(beside(tmp_path, LISTS))) == verdict


@pytest.mark.parametrize(
    ("name", "report"),
    [
        ("model.run.json", {"resolved": ["i"], "no_generation": []}),
        ("report.json", {"i": {"resolved": True, "patch_exists": True}}),
        (
            "output.swebench_eval.jsonl",
            '{"instance_id": "i", "test_result": {"report": {"resolved": true}}}\n',
        ),
    ],
)
def test_other_reports_are_known_too(name: str, report: Any, tmp_path: Path) -> None:
    assert Reports().verdict("i", str(beside(tmp_path, report, name))) == 1.0


@pytest.mark.parametrize("depth", range(LEVELS + 1))
def test_a_report_may_stand_above(depth: int, tmp_path: Path) -> None:
    beside(tmp_path, LISTS)
    run = tmp_path.joinpath(*["inner"] * depth, "right.traj")
    run.parent.mkdir(parents=True, exist_ok=True)
    run.touch()

    assert Reports().verdict("right", str(run)) == 1.0


def test_without_a_report_the_error_tells_where_to_put_one(tmp_path: Path) -> None:
    beside(tmp_path, {"right": "a patch"}, "preds.json")
    with pytest.raises(InputError, match="no evaluation stands beside it") as error:
        Reports().verdict("right", str(tmp_path / "run.traj"))

    assert "results.json" in error.value.faults[0].fix


def test_nothing_stands_beside_a_pipe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The report in the working directory is one of other runs."""
    monkeypatch.chdir(beside(tmp_path, LISTS).parent)
    with pytest.raises(InputError, match="no evaluation stands beside it"):
        Reports().verdict("right", "standard input")


def test_reports_that_contradict_each_other_are_refused(tmp_path: Path) -> None:
    beside(tmp_path, {"resolved_ids": [], "unresolved_ids": ["i"]}, "a.json")
    run = beside(tmp_path, {"resolved_ids": ["i"]}, "b.json")
    with pytest.raises(InputError, match="contradict each other") as error:
        Reports().verdict("i", str(run))

    assert "a.json" in error.value.faults[0].where


def test_a_report_that_is_cut_is_an_error(tmp_path: Path) -> None:
    run = beside(tmp_path, '{"resolved_ids": ["i"')
    with pytest.raises(InputError, match="ends in the middle of a value") as error:
        Reports().verdict("i", str(run))

    assert "results.json" in error.value.faults[0].where


def test_other_files_are_no_reports(tmp_path: Path) -> None:
    beside(tmp_path, '{"trajectory": [], "resolved_ids": []}', "x.json")
    beside(tmp_path, "[1, 2]", "list.json")
    beside(tmp_path, '{"resolved_ids": 3}', "number.json")

    assert reports_in(str(tmp_path)) == {}
    assert reports_in(str(tmp_path / "nowhere")) == {}
