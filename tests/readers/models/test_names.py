"""Names of files and of states are taken as the user writes them, or refused with a guess."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import rlcalc
from rlcalc.errors import InputError, UsageError
from rlcalc.labels import Labels
from rlcalc.readers.models.names import (
    chosen_states,
    codes_of,
    repeated_names,
    target_states,
    unknown_name,
)
from rlcalc.readers.sources import only_file
from tests.solvers.models import mdp_of

MODEL = mdp_of({(0, 0): [(1, 1.0, 0.0)], (1, 0): [(2, 1.0, 0.0)]}, 3)


def test_a_folder_is_no_model_and_its_files_are_named(tmp_path: Path) -> None:
    """What is no format of rlcalc is not offered."""
    for name in ("b.csv.gz", "a.yaml", "notes.txt"):
        (tmp_path / name).write_text("x")
    with pytest.raises(InputError) as error:
        only_file(str(tmp_path))

    assert "is a folder, and a model is one file" in error.value.faults[0].what
    assert error.value.faults[0].fix == "name one of a.yaml and b.csv.gz"


def test_an_empty_folder_offers_nothing(tmp_path: Path) -> None:
    with pytest.raises(InputError) as error:
        only_file(str(tmp_path), "policy")

    assert error.value.faults[0].fix == "none of its files is a policy"


def test_a_glob_must_match_one_file(tmp_path: Path) -> None:
    (tmp_path / "one.yaml").write_text("x")
    only = only_file(f"{tmp_path}/*.yaml")
    (tmp_path / "two.yaml").write_text("x")
    with pytest.raises(UsageError, match=r"names 2 files, and a model is one"):
        only_file(f"{tmp_path}/*.yaml")

    assert only == str(tmp_path / "one.yaml")


def test_states_keep_the_order_in_which_they_are_named() -> None:
    labels = Labels(["hall", "room", "cellar"])

    assert codes_of(["cellar", "hall", "cellar"], labels, "--states") == [2, 0, 2]


def test_an_unknown_name_gets_the_nearest_one_and_is_not_added() -> None:
    """Labels give new names a number when asked for it; asking for a wrong one must not."""
    labels = Labels(["hall", "room"])
    with pytest.raises(InputError) as error:
        codes_of(["hall", "rom"], labels, "--states")
    fault = unknown_name("action", "xyz", labels.texts, "line 3", "; see above")

    assert error.value.faults[0].what == "there is no state rom"
    assert error.value.faults[0].fix == "did you mean room? there are hall and room"
    assert (fault.where, fault.fix) == ("line 3", "there are hall and room; see above")
    assert labels.texts == ["hall", "room"]


def test_states_are_chosen_by_name_or_by_the_start_never_by_both() -> None:
    started = replace(MODEL, start=np.array([0.5, 0.0, 0.5]))
    with pytest.raises(UsageError, match="do not go together"):
        chosen_states(started, ["1"], start_only=True)
    with pytest.raises(InputError, match="does not say where it starts"):
        chosen_states(MODEL, None, start_only=True)

    assert chosen_states(started, None) is None
    assert chosen_states(started, [2, "0"]) == [2, 0]
    assert chosen_states(started, None, start_only=True) == [0, 2]


@pytest.mark.parametrize(
    ("names", "twice"),
    [([0, "0"], "0"), ([0.0, 1, 0], "0"), (["1.0", 1], "1"), ([[1], "[1.0]"], "[1]")],
)
def test_names_that_are_one_label_are_refused(names: list[Any], twice: str) -> None:
    (fault,) = repeated_names(names, lambda path: ".".join(path), "policy", "hall")

    assert fault.what == f"there are two by the name {twice}"
    assert fault.where == "policy.hall"
    assert "rename one" in fault.fix


def test_true_and_1_are_two_names() -> None:
    assert repeated_names([True, 1, "a", "01"], lambda path: "") == []


def test_a_label_of_a_model_names_its_states() -> None:
    model = rlcalc.load_model("gridworld-4x4")
    labelled = replace(model, state_sets={"corner": np.array([3, 12])})

    assert target_states(labelled, ["corner"], "--reach") == [3, 12]
    assert target_states(labelled, ["corner", "0"], "--reach") == [0, 3, 12]
    with pytest.raises(InputError, match="no state corner"):
        target_states(model, ["corner"], "--reach")
