"""Completion through the shells' own protocol: the variables that their scripts set."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from rlcalc import completion
from rlcalc.environments import WORLDS
from rlcalc.estimators.advantages import METHODS as ADVANTAGES
from rlcalc.groups.advantages import ESTIMATORS
from rlcalc.groups.advantages.trainers import TRAINERS
from rlcalc.manual import topics
from rlcalc.objectives.losses import KL_ESTIMATORS, LOSSES
from rlcalc.objectives.losses import TRAINERS as LOSS_TRAINERS
from rlcalc.readers.rollouts.dumps import FORMATS as DUMPS
from rlcalc.readers.shipped_specs import shipped_specs
from rlcalc.renderers import FORMATS
from rlcalc.solvers.methods import METHODS

CALLS = {
    "group --estimator ": set(ESTIMATORS),
    "group --as ": set(TRAINERS),
    "group --from ": set(DUMPS),
    "group --compare grpo,": {f"grpo,{name}" for name in ESTIMATORS if name != "grpo"},
    "group --rows ": {"rollouts", "groups", "summary"},
    "objective --loss ": set(LOSSES),
    "objective --kl ": {"none", *KL_ESTIMATORS},
    "objective --as ": set(LOSS_TRAINERS),
    "solve --method ": {"auto", *METHODS},
    "solve --policy ": {"optimal", "uniform", "spec", "epsilon:", "softmax:"},
    "simulate --policy uni": {"uniform"},
    "solve ": {*shipped_specs(), *WORLDS},
    "estimate ": set(shipped_specs()),
    "estimate --model stu": {"student"},
    "advantage --method ": set(ADVANTAGES),
    "advantage --value exact:stu": {"exact:student"},
    "specs ": {*shipped_specs(), *WORLDS},
    "manual est": {topic.name for topic in topics() if topic.name.startswith("est")},
    "gain --format ": set(FORMATS),
    "check dat": {"data.csv"},
}


def completed(shell: str, line: str, folder: Path) -> str:
    """What rlcalc prints for a shell that completes a line."""
    words = f"rlcalc {line}"
    variables = {
        "bash": {"COMP_WORDS": words, "COMP_CWORD": str(len(words.split(" ")) - 1)},
        "zsh": {"_TYPER_COMPLETE_ARGS": words},
        "fish": {"_TYPER_COMPLETE_ARGS": words, "_TYPER_COMPLETE_FISH_ACTION": "get-args"},
    }[shell]
    done = subprocess.run(
        [Path(sys.executable).parent / "rlcalc"],
        capture_output=True,
        text=True,
        cwd=folder,
        env={**os.environ, "_RLCALC_COMPLETE": f"complete_{shell}", **variables},
        check=False,
    )
    assert done.stderr == ""
    return done.stdout


def offered(shell: str, text: str) -> set[str]:
    """The words in what a shell gets."""
    if shell == "zsh":
        unescaped = text.replace("\\\\:", ":")
        return set(unescaped.partition("((")[2].partition("))")[0].replace('"', "").split("\n"))
    return set(text.rstrip("\n").split("\n"))


@pytest.mark.parametrize("line", CALLS)
@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_names_of_a_registry_are_offered(shell: str, line: str, tmp_path: Path) -> None:
    (tmp_path / "data.csv").touch()
    words = offered(shell, completed(shell, line, tmp_path))

    assert words >= CALLS[line]
    assert all(word.startswith(line.rpartition(" ")[2]) for word in words)


def test_files_and_folders_are_offered_beside_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / "rifle.csv").touch()
    (tmp_path / ".hidden").touch()
    monkeypatch.chdir(tmp_path)

    assert completion.files("") == ["runs/"]
    assert completion.files("runs/r") == ["runs/rifle.csv"]
    assert completion.files("nowhere/") == []
    assert completion.files(".h") == [".hidden"]
    assert "runs/" in completion.sources("r")
    assert "two-states" in completion.sources("")


def test_a_decoder_comes_behind_a_comma() -> None:
    assert set(completion.policies("softmax:1,")) == {
        "softmax:1,temperature:",
        "softmax:1,top-p:",
        "softmax:1,top-k:",
    }
