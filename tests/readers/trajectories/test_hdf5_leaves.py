"""Arrays of HDF5 files as columns: types that have none, and fields of groups."""

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

import rlcalc
from rlcalc.errors import InputError
from rlcalc.readers.trajectories.hdf5_leaves import fields_of, fits, length_of, reward_of

USUAL = {"actions": [0, 1], "rewards": [1.0, 2.0], "terminals": [False, True]}


def write(path: Path, states: Any, kind: Any = None) -> Path:
    with h5py.File(path, "w") as file:
        for name, array in USUAL.items():
            file[name] = array
        file.create_dataset("observations", data=states, dtype=kind)
    return path


@pytest.mark.parametrize(
    ("states", "kind", "labels"),
    [
        (["hall", "gärten"], h5py.string_dtype(), ["hall", "gärten"]),
        ([b"hall", b"yard"], None, ["hall", "yard"]),
        (np.array([3, 1], ">i8"), None, [3, 1]),
        (np.array([0.5, 1], "f2"), None, [0.5, 1]),
        ([True, False], None, ["true", "false"]),
        ([1, 2], h5py.enum_dtype({"A": 1, "B": 2}), [1, 2]),
        ([[[1, 2]], [[3, 4]]], "u1", ["[1,2]", "[3,4]"]),
    ],
)
def test_labels_of_every_type(states: Any, kind: Any, labels: list[Any], tmp_path: Path) -> None:
    batch = rlcalc.load(write(tmp_path / "a.h5", states, kind)).whole()

    assert batch.states.names() == labels


@pytest.mark.parametrize(
    ("states", "kind", "what"),
    [
        (np.zeros(2, [("x", "f4"), ("y", "f4")]), None, "records of 2 fields"),
        ([np.zeros(1, "u1"), np.zeros(2, "u1")], h5py.vlen_dtype("u1"), "lists of different"),
        (np.zeros(2, "c8"), None, "records of 2 fields|values of the type complex64"),
    ],
)
def test_types_that_are_not_columns_are_named(
    states: Any, kind: Any, what: str, tmp_path: Path
) -> None:
    path = tmp_path / "a.h5"
    if kind is None:
        write(path, states)
    else:
        with h5py.File(write(path, [0, 0]), "a") as file:
            del file["observations"]
            file.create_dataset("observations", (2,), kind)
            for place, one in enumerate(states):
                file["observations"][place] = one
    with pytest.raises(InputError, match=what):
        rlcalc.load(path).whole()


def test_references_are_not_followed(tmp_path: Path) -> None:
    path = write(tmp_path / "a.h5", [0, 0])
    with h5py.File(path, "a") as file:
        references = np.array([file["actions"].ref] * 2, dtype=h5py.ref_dtype)
        del file["observations"]
        file.create_dataset("observations", data=references, dtype=h5py.ref_dtype)

    with pytest.raises(InputError, match="observations holds references, which is not read"):
        rlcalc.load(path).whole()


def test_a_filter_that_is_not_installed_is_named(tmp_path: Path) -> None:
    """Its number in the file is changed to one that nobody has."""
    path = write(tmp_path / "a.h5", [0, 0])
    with h5py.File(path, "a") as file:
        del file["observations"]
        plan = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        plan.set_chunk((2,))
        plan.set_filter(32_000, h5py.h5z.FLAG_OPTIONAL, (1,))
        kind, space = h5py.h5t.NATIVE_INT64, h5py.h5s.create_simple((2,))
        h5py.h5d.create(file.id, b"observations", kind, space, plan).write_direct_chunk(
            (0,), b"1234567890123456"
        )

    with pytest.raises(InputError, match=r"this HDF5 file cannot be read: .*filter"):
        rlcalc.load(path).whole()


def test_rows_of_another_shape_are_refused(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        for number, width in enumerate((2, 3)):
            for name, array in {**USUAL, "observations": np.zeros((3, width))}.items():
                file[f"episode_{number}/{name}"] = array

    with pytest.raises(InputError, match=r"rows of the shape \(3,\), and the first one has .*2"):
        rlcalc.load(tmp_path / "a.h5").whole()


def test_whole_numbers_in_one_trajectory_may_be_floats_in_another(tmp_path: Path) -> None:
    """Minari keeps the types that rewards have in Python."""
    with h5py.File(tmp_path / "a.h5", "w") as file:
        for number, rewards in enumerate(([0, 1], [0.5, 1.0])):
            for name, array in {**USUAL, "observations": [1, 2, 3], "rewards": rewards}.items():
                file[f"episode_{number}/{name}"] = array

    assert rlcalc.load(tmp_path / "a.h5").whole().reward.tolist() == [0, 1, 0.5, 1]


def test_names_and_lengths(tmp_path: Path) -> None:
    path = write(tmp_path / "a.h5", [[0, 0], [1, 1]])
    with h5py.File(path) as file:
        assert length_of(file["observations"]) == 2
        assert fits("anything", file["observations"], 1, 1)
        assert not fits("anything", file["observations"], 1, 0)
        assert fits("obs/x", file["observations"], 1, 0)
    assert reward_of(["Reward", "x"], {}) == "Reward"
    assert reward_of(["reward", "x"], {"reward": "-x"}) == "x"
    assert fields_of(["obs/_index_0"])["obs"] == {"0": "obs/_index_0"}
    assert fields_of(["obs/in/_index_0"])["obs"] == {"in/0": "obs/in/_index_0"}
