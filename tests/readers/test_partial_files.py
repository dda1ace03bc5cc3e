"""Files that are no partials, or damaged ones: what, where and how to fix it."""

import contextlib
import random
from pathlib import Path

import polars as pl
import pytest

import rlcalc
from rlcalc.errors import InputError
from rlcalc.readers.partial_files import ENDS, fingerprint
from rlcalc.renderers.partials import write


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "a.partial"
    with open(path, "wb") as stream:
        write(rlcalc.partial("estimate", "two-states"), stream)
    return path


@pytest.mark.parametrize("content", [b"", b"state,action\n", b"ARROW1\0\0", b"\0" * 5000])
def test_other_files_are_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.partial"
    path.write_bytes(content)

    with pytest.raises(InputError, match="not a partial") as caught:
        rlcalc.merge(str(path))
    assert caught.value.faults[0].where.endswith("a.partial")
    assert caught.value.faults[0].fix


def test_a_table_is_no_partial(tmp_path: Path) -> None:
    path = tmp_path / "a.arrow"
    pl.DataFrame({"state": ["x"]}).write_ipc(path)

    with pytest.raises(InputError, match="not a partial"):
        rlcalc.merge(str(path))


def test_a_missing_file_is_told() -> None:
    with pytest.raises(InputError, match="there is no file"):
        rlcalc.merge("nowhere.partial")


def test_every_damage_is_noticed(file: Path) -> None:
    """One byte changed anywhere: an error, or what is read is what was written."""
    content = file.read_bytes()
    before = list(rlcalc.merge(str(file)).rows())
    places = random.Random(1)
    for _ in range(60):
        damaged = bytearray(content)
        place = places.randrange(len(content))
        damaged[place] ^= 1 << places.randrange(8)
        file.write_bytes(bytes(damaged))
        with contextlib.suppress(InputError):
            assert list(rlcalc.merge(str(file)).rows()) == before


@pytest.mark.parametrize("share", [0.1, 0.5, 0.99])
def test_a_truncated_file_is_refused(file: Path, share: float) -> None:
    content = file.read_bytes()
    file.write_bytes(content[: int(len(content) * share)])

    with pytest.raises(InputError):
        rlcalc.merge(str(file))


def test_another_format_is_refused(file: Path) -> None:
    frame = pl.read_ipc(file).with_columns(rlcalc=pl.lit("rlcalc partial 99"))
    frame.write_ipc(file)

    with pytest.raises(InputError, match="rlcalc partial 99"):
        rlcalc.merge(str(file))


def test_another_version_is_refused(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rlcalc.api.shards.__version__", "99")

    with pytest.raises(InputError, match="was made with rlcalc"):
        rlcalc.merge(str(file))


def test_a_fingerprint_sees_size_and_both_ends(tmp_path: Path) -> None:
    path = tmp_path / "a"
    prints = set()
    for content in (
        b"",
        b"x",
        b"y",
        b"x" * 3 * ENDS,
        b"x" * 3 * ENDS + b"y",
        b"y" + b"x" * 3 * ENDS,
    ):
        path.write_bytes(content)
        prints.add(fingerprint(str(path)))

    assert len(prints) == 6
    assert fingerprint(str(tmp_path)) == ""
