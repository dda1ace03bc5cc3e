"""Folders of runs are known by the names in them, and by the first result."""

import json
import os
from pathlib import Path

import pytest

from rlcalc.readers.run_folders import files_of_runs, is_of_harbor, kind_of_source
from rlcalc.readers.sources import list_folder

TRIAL = json.dumps({"trial_name": "t", "task_name": "t", "verifier_result": None})
JOB = json.dumps({"n_total_trials": 1, "stats": {}})


def written(folder: Path, *names: str, text: str = "{}") -> str:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return str(folder)


def listed_in(folder: str) -> list[str] | None:
    path, folders, names = next(os.walk(folder))
    return files_of_runs(path, folders, names)


def test_a_job_and_a_trial_are_of_harbor(tmp_path: Path) -> None:
    written(tmp_path, "job/result.json", text=JOB)
    written(tmp_path, "job/a/result.json", "job/b/result.json", text=TRIAL)
    job = str(tmp_path / "job")

    assert kind_of_source(job) == kind_of_source(f"{job}/a") == "harbor"
    assert kind_of_source(f"{job}/a/result.json") == "harbor"
    assert kind_of_source(f"{job}/a/agent/trajectory.json") == "harbor"
    assert listed_in(job) == [job]


def test_a_job_that_has_not_ended_is_known_by_its_trials(tmp_path: Path) -> None:
    written(tmp_path, "a/config.json")
    written(tmp_path, "b/result.json", text=TRIAL)

    assert kind_of_source(str(tmp_path)) == "harbor"


def test_nothing_else_in_a_folder_of_runs_is_listed(tmp_path: Path) -> None:
    """Trials keep what the agent made, which may look like anything."""
    written(tmp_path, "job/result.json", text=JOB)
    written(tmp_path, "job/a/result.json", text=TRIAL)
    written(tmp_path, "job/a/artifacts/table.csv", text="group,reward\n1,1\n")
    listing = list_folder(str(tmp_path), lambda name: name.endswith((".json", ".csv")))

    assert listing.files == [str(tmp_path / "job")]


def test_runs_of_swe_agent_and_tau2_are_known(tmp_path: Path) -> None:
    written(tmp_path, "swe/i/i.traj", "flat/i.traj", "tau/simulations/1.json")
    about = json.dumps({"info": {}, "tasks": [], "simulation_index": []})
    written(tmp_path, "tau/results.json", text=about)

    assert kind_of_source(str(tmp_path / "swe")) == "swe-agent"
    assert kind_of_source(str(tmp_path / "flat")) == "swe-agent"
    assert kind_of_source(str(tmp_path / "tau")) == "tau2-bench"
    assert kind_of_source(str(tmp_path / "tau" / "results.json")) == "tau2-bench"


def test_data_beside_runs_is_not_passed_over(tmp_path: Path) -> None:
    """The folders of the runs are then read each by itself."""
    written(tmp_path, "steps.csv", "i/i.traj")
    listing = list_folder(str(tmp_path), lambda name: name.endswith(".csv"))

    assert listing.files == [str(tmp_path / "i"), str(tmp_path / "steps.csv")]


def test_results_of_other_simulations_are_left_alone(tmp_path: Path) -> None:
    written(tmp_path, "results.json", "simulations/1.json")

    assert kind_of_source(str(tmp_path)) is None


@pytest.mark.parametrize(
    ("beside", "kept"), [("metadata.json", "output.jsonl"), ("run_metadata.json", "results.json")]
)
def test_the_one_file_with_all_runs_is_listed_alone(beside: str, kept: str, tmp_path: Path) -> None:
    written(tmp_path, kept, beside, "logs/i/1.json", "task/trial/results.json")
    listing = list_folder(str(tmp_path), lambda name: True)

    assert listing.files == [str(tmp_path / kept)]


def test_other_folders_and_files_are_left_alone(tmp_path: Path) -> None:
    written(tmp_path, "result.json", "a/x.json", "trajectory.json", "x.jsonl")
    written(tmp_path, "binary/result.json", text="\0\1")

    assert kind_of_source(str(tmp_path)) is None
    assert kind_of_source(str(tmp_path / "result.json")) is None
    assert kind_of_source(str(tmp_path / "trajectory.json")) is None
    assert kind_of_source(str(tmp_path / "nowhere")) is None
    assert kind_of_source("-") is kind_of_source("s3://bucket/i.traj") is None
    assert not is_of_harbor(str(tmp_path / "binary" / "result.json"))
    assert listed_in(str(tmp_path)) is None
