"""HDF5: arrays of the file itself, never of another one, and no more than its bytes can hold."""

import io
from pathlib import Path

import h5py
import numpy as np
import pytest

import rlcalc
from rlcalc.errors import InputError
from rlcalc.readers.hdf5 import datasets_of, node_at, opened_hdf5
from rlcalc.readers.sources import File

REWARDS = np.arange(1.0, 5.0)


def file_of(path: Path) -> File:
    return File(path.name, "hdf5", io.BufferedReader(io.BytesIO()), str(path))


def flat(path: Path, **arrays: object) -> Path:
    with h5py.File(path, "w") as file:
        for name, array in arrays.items():
            file[name] = array
    return path


def refusal(path: Path) -> str:
    with pytest.raises(InputError) as caught:
        rlcalc.load(path).whole()
    return caught.value.faults[0].what


USUAL = {"observations": [1, 2, 1, 2], "actions": [0, 1, 0, 1], "terminals": [0, 0, 0, 1]}


@pytest.mark.parametrize("name", ["rewards", "other"])
def test_a_link_to_another_file_is_refused_whatever_it_holds(name: str, tmp_path: Path) -> None:
    flat(tmp_path / "secret.hdf5", rewards=REWARDS)
    path = flat(tmp_path / "a.hdf5", **USUAL)
    with h5py.File(path, "a") as file:
        file.require_dataset("rewards" if name != "rewards" else "r", (4,), float)
        file[name] = h5py.ExternalLink("secret.hdf5", "/rewards")

    assert refusal(path) == f"/{name} stands in another file, which is not read"


def test_a_soft_link_is_followed_in_its_file_alone(tmp_path: Path) -> None:
    flat(tmp_path / "secret.hdf5", rewards=REWARDS)
    path = flat(tmp_path / "a.hdf5", **USUAL, kept=REWARDS)
    with h5py.File(path, "a") as file:
        file["rewards"] = h5py.SoftLink("/kept")

    assert rlcalc.load(path).whole().reward.tolist() == [1, 2, 3, 4]

    with h5py.File(path, "a") as file:
        del file["rewards"]
        file["out"] = h5py.ExternalLink("secret.hdf5", "/")
        file["rewards"] = h5py.SoftLink("/out/rewards")

    assert refusal(path) == "/out stands in another file, which is not read"


def test_links_that_lead_nowhere_or_in_circles_are_refused(tmp_path: Path) -> None:
    path = flat(tmp_path / "a.hdf5", **USUAL)
    with h5py.File(path, "a") as file:
        file["rewards"] = h5py.SoftLink("/nowhere")

    assert refusal(path).startswith("there are no rewards")

    with h5py.File(path, "a") as file:
        del file["rewards"]
        file["rewards"] = h5py.SoftLink("/rewards")

    assert "stands in another file" in refusal(path)


@pytest.mark.parametrize("own", [True, False])
def test_a_virtual_array_is_read_where_its_parts_stand_in_the_file(
    own: bool, tmp_path: Path
) -> None:
    flat(tmp_path / "secret.hdf5", part=REWARDS)
    path = flat(tmp_path / "a.hdf5", **USUAL, part=REWARDS)
    layout = h5py.VirtualLayout(shape=(4,), dtype=float)
    layout[:] = h5py.VirtualSource("." if own else str(tmp_path / "secret.hdf5"), "part", (4,))
    with h5py.File(path, "a") as file:
        file.create_virtual_dataset("rewards", layout)
    if own:
        assert rlcalc.load(path).whole().reward.tolist() == [1, 2, 3, 4]
    else:
        assert refusal(path) == "/rewards stands in another file, which is not read"


def test_a_virtual_array_cannot_hide_another_file_behind_a_link(tmp_path: Path) -> None:
    flat(tmp_path / "secret.hdf5", part=REWARDS)
    path = flat(tmp_path / "a.hdf5", **USUAL)
    layout = h5py.VirtualLayout(shape=(4,), dtype=float)
    layout[:] = h5py.VirtualSource(".", "out", (4,))
    with h5py.File(path, "a") as file:
        file.create_virtual_dataset("rewards", layout)
        file["out"] = h5py.ExternalLink("secret.hdf5", "/part")

    assert "stands in another file" in refusal(path)


def test_bytes_of_another_file_are_not_read(tmp_path: Path) -> None:
    (tmp_path / "raw").write_bytes(REWARDS.tobytes())
    path = flat(tmp_path / "a.hdf5", **USUAL)
    with h5py.File(path, "a") as file:
        file.create_dataset("rewards", (4,), float, external=[(str(tmp_path / "raw"), 0, 32)])

    assert refusal(path) == "/rewards stands in another file, which is not read"


def test_groups_in_a_circle_end(tmp_path: Path) -> None:
    path = flat(tmp_path / "a.hdf5", **USUAL, rewards=REWARDS)
    with h5py.File(path, "a") as file:
        file["one"] = file["/"]
        file["two"] = file["/"]

    assert refusal(path) == "the group / holds more than 10,000 arrays"


def test_few_bytes_do_not_stand_for_hours_of_zeros(tmp_path: Path) -> None:
    path = flat(tmp_path / "a.hdf5")
    with h5py.File(path, "w") as file:
        for name in ("observations", "actions", "rewards", "terminals"):
            file.create_dataset(name, (10**12,), "f8", chunks=(1 << 20,), compression="gzip")

    assert "of the source unpack to" in refusal(path)


def test_paths_are_those_of_the_group(tmp_path: Path) -> None:
    path = flat(tmp_path / "a.hdf5", **{"g/x": [1], "g/h/y": [2], "z": [3]})
    with opened_hdf5(file_of(path)) as root:
        group = node_at(root, "g", file_of(path))

        assert list(datasets_of(group, file_of(path))) == ["h/y", "x"]
        assert node_at(root, "g/h/y", file_of(path))[0] == 2
        assert node_at(root, "g/nothing/y", file_of(path)) is None
