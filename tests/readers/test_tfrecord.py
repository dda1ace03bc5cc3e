"""Episodes of RLDS: a file of tensorflow_datasets, and the wire format against its own writer."""

import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import rlcalc as library
from rlcalc.errors import InputError
from rlcalc.readers import tfrecord
from tests.conftest import Shell

REAL = Path(__file__).parent / "inputs" / "rlds" / "lake-train.tfrecord-00000-of-00001"
NAME = "lake-train.tfrecord-00000-of-00001"


def varint(value: int) -> bytes:
    value &= 2**64 - 1
    data = bytearray()
    while value >= 0x80:
        data.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*data, value])


def field(number: int, data: bytes) -> bytes:
    return varint(number << 3 | 2) + varint(len(data)) + data


def feature(values: list[int] | list[float] | list[bytes]) -> bytes:
    if values and isinstance(values[0], bytes):
        return field(1, b"".join(field(1, value) for value in values))  # type: ignore[arg-type]
    if values and isinstance(values[0], float):
        return field(2, field(1, struct.pack(f"<{len(values)}f", *values)))
    return field(3, field(1, b"".join(map(varint, values))))  # type: ignore[arg-type]


def record(features: dict[str, list[int] | list[float] | list[bytes]]) -> bytes:
    entries = (
        field(1, field(1, name.encode()) + field(2, feature(values)))
        for name, values in features.items()
    )
    example = field(1, b"".join(entries))
    head = struct.pack("<Q", len(example))
    return head + struct.pack("<I", tfrecord._masked_crc32c(head)) + example + bytes(4)


def episode(n: int, *, terminal: bool = True) -> dict[str, list[int] | list[float] | list[bytes]]:
    """T = n steps, and the row of the last state."""
    return {
        "steps/observation/state": [float(x) for t in range(n + 1) for x in (t, -t)],
        "steps/observation/image": [b"\x89PNG\xff"] * (n + 1),
        "steps/action": [-1] * (n + 1),
        "steps/reward": [float(t) for t in range(n + 1)],
        "steps/is_first": [int(t == 0) for t in range(n + 1)],
        "steps/is_last": [int(t == n) for t in range(n + 1)],
        "steps/is_terminal": [int(t == n and terminal) for t in range(n + 1)],
        "steps/words": [b"go"] * (n + 1),
        "episode_metadata/path": [b"x"],
    }


@given(st.lists(st.integers(-(2**63), 2**63 - 1)))
def test_whole_numbers_come_back(values: list[int]) -> None:
    assert tfrecord._varints(b"".join(map(varint, values))).tolist() == values


def test_a_file_of_tensorflow_datasets_is_read(rlcalc: Shell) -> None:
    """Episodes of 2, 3 and 4 steps whose last step earns 1; the second one is truncated."""
    facts = library.check(REAL).facts
    episodes = library.gain(REAL, rows="episodes").columns

    assert list(episodes["length"].values) == [2, 3, 4]
    assert list(episodes["end"].values) == ["terminated", "truncated", "terminated"]
    assert list(episodes["reward_sum"].values) == [1.0, 1.0, 1.0]
    assert facts["left_out"] == {"rows that hold only a last state": 3}
    shards = rlcalc("estimate", REAL, "--engine", "threads", "--csv")
    assert shards.stdout == rlcalc("estimate", REAL, "--csv").stdout


@pytest.mark.parametrize("rows", [1, 1 << 15])
def test_vectors_are_labels_and_images_are_left_out(
    rows: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tfrecord, "ROWS", rows)
    path = tmp_path / NAME
    path.write_bytes(record(episode(2)) + record(episode(1, terminal=False)))
    result = library.gain(path, gamma=0.5).columns

    assert list(result["state"].values) == ["[0,0]", "[1,-1]", "[0,0]"]
    np.testing.assert_allclose(result["gain"].values, [0.5, 1.0, 0.0])
    assert list(result["action"].values) == [-1, -1, -1]
    words = library.gain(path, columns={"action": "words"}).columns
    assert list(words["action"].values) == ["go"] * 3
    with pytest.raises(InputError, match=r"there is no column observation\.image"):
        library.gain(path, columns={"state": "observation.image"})


def refused(path: Path) -> str:
    with pytest.raises(InputError) as error:
        library.gain(path)
    fault = error.value.faults[0]
    return f"{fault.what} | {fault.where}"


def test_files_that_are_not_as_they_should_be(tmp_path: Path) -> None:
    path, good = tmp_path / NAME, record(episode(2))
    for data, what in (
        (good[:5], "the file is cut off"),
        (good[:-5], "the file is cut off"),
        (good + good[:-9], "cut off"),
        (b"junk" * 99, "this is not a TFRecord file"),
        (b"", "the source is empty"),
        (record({"steps/reward": [1.0]}), "not an episode of RLDS"),
        (good + record({**episode(2), "steps/action": [1.0] * 3}), "steps/action is not as it is"),
        (good[:12] + b"\xff" * (len(good) - 12), "this is not a tf.train.Example"),
    ):
        path.write_bytes(data)

        assert what in refused(path)
        assert str(path) in refused(path)


def test_damaged_bytes_are_errors(tmp_path: Path) -> None:
    """Whatever stands in a record, nothing but an input error comes of it."""
    rng = np.random.default_rng(7)
    path, good = tmp_path / NAME, record(episode(2))
    outcomes = set()
    for _ in range(200):
        data = bytearray(good)
        for place in rng.integers(12, len(good), size=rng.integers(1, 4)):
            data[place] = rng.integers(256)
        path.write_bytes(data)
        try:
            library.gain(path)
            outcomes.add("read")
        except InputError:
            outcomes.add("refused")

    assert outcomes == {"read", "refused"}
