"""Npy files: records are a table, whatever their types; other arrays are refused with a way out."""

import io
from pathlib import Path

import numpy as np
import pytest

import rlcalc
from rlcalc.errors import InputError

RECORDS = np.array(
    [(0, (1, 2), 1, 2.5, False), (0, (3, 4), 0, 1, True), (1, (1, 2), 1, -1, True)],
    dtype=[("episode", ">i4"), ("obs", "f4", (2,)), ("act", "u1"), ("rew", "f2"), ("done", "?")],
)


@pytest.mark.parametrize("rows", [1, 2, 1000])
def test_records_are_steps(rows: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rlcalc.readers.trajectories.npy.ROWS", rows)
    np.save(tmp_path / "steps.npy", RECORDS)
    batch = rlcalc.load(tmp_path / "steps.npy").whole()

    assert batch.reward.tolist() == [2.5, 1, -1]
    assert batch.start.tolist() == [0, 2, 3]
    assert batch.states.names() == ["[1,2]", "[3,4]"]


def refusal(path: Path) -> str:
    with pytest.raises(InputError) as caught:
        rlcalc.load(path).whole()
    return caught.value.faults[0].what


def test_an_array_without_fields_is_refused_with_the_line_that_saves_several(
    tmp_path: Path,
) -> None:
    path = tmp_path / "rewards.npy"
    np.save(path, np.zeros((3, 2)))
    with pytest.raises(InputError) as caught:
        rlcalc.load(path).whole()
    (fault,) = caught.value.faults

    assert fault.what == "this array (npy) is float64 of the shape (3, 2), and not records of steps"

    names = ["observations", "actions", "rewards", "terminals"]
    line = fault.fix.partition(": ")[2].replace("'steps.npz'", repr(str(tmp_path / "steps.npz")))
    values = {"OBSERVATIONS": [1, 2], "ACTIONS": [0, 0], "REWARDS": [1.0, 2], "TERMINALS": [0, 1]}
    exec(line, {"numpy": np, **values})

    assert sorted(np.load(tmp_path / "steps.npz").files) == sorted(names)
    assert rlcalc.load(tmp_path / "steps.npz").whole().reward.tolist() == [1, 2]


def test_pickles_and_damage_are_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.array([{}, []], dtype=object))
    content = io.BytesIO()
    np.save(content, RECORDS)
    (tmp_path / "b.npy").write_bytes(content.getvalue()[:-5])
    np.save(tmp_path / "c.npy", np.zeros(2, [("rew", "c8"), ("obs", "O")]))
    np.save(tmp_path / "d.npy", np.zeros(2, [("rew", "c8")]))

    assert "needs unpickling" in refusal(tmp_path / "a.npy")
    assert "this npy file cannot be read" in refusal(tmp_path / "b.npy")
    assert "needs unpickling" in refusal(tmp_path / "c.npy")
    assert "has the fields rew, which are not numbers" in refusal(tmp_path / "d.npy")


def test_a_model_in_one_array_is_refused_with_the_way_out(tmp_path: Path) -> None:
    np.save(tmp_path / "P.npy", np.eye(2)[None])
    with pytest.raises(InputError) as caught:
        rlcalc.solve(tmp_path / "P.npy")

    assert "numpy.savez(FILE, P=P, R=R)" in caught.value.faults[0].fix
