"""Limits of size: what a compressed source may become."""

import bz2
import gzip
import io
import lzma
import sys
import zipfile
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import rlcalc
from rlcalc.errors import InputError, UsageError
from rlcalc.readers import size_limit
from rlcalc.readers.size_limit import RATIO, in_units, parse_size, require_size
from rlcalc.readers.sources import copied, line_bounds, numbered_lines, opened
from rlcalc.readers.trajectories.csv import without_blank_lines

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

STEPS = "episode,state,action,reward\n" + "0,a,x,1\n" * 2000


@pytest.mark.parametrize(
    "size", ["", "GB", "20 XB", "-1", "0", "nan", "1e9", "٣GB", True, "9" * 20]
)
def test_what_is_not_a_size(size: str) -> None:
    with pytest.raises(UsageError, match="is not a size") as caught:
        parse_size(size)

    assert parse_size(caught.value.faults[0].fix.split()[-1])  # 20GB


@given(st.integers(1, 10**15))
def test_sizes_come_back(size: int) -> None:
    """To the four digits that people read."""
    assert parse_size(size) == parse_size(str(size)) == size
    assert parse_size(in_units(size)) == pytest.approx(size, rel=0.0005)


@pytest.mark.parametrize("max_size", [None, 10**9])
def test_a_limit_is_the_last_size_that_is_read(max_size: int | None) -> None:
    largest = 10**6 * RATIO if max_size is None else max_size
    require_size(largest, 10**6, "here", max_size)
    require_size(size_limit.FREE, 1, "here", None)

    with pytest.raises(InputError, match="max-size" if max_size else "800 times"):
        require_size(largest + 1, 10**6, "here", max_size)


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the size that anything may have smaller than what tests write."""
    monkeypatch.setattr(size_limit, "FREE", 10_000)
    monkeypatch.setattr("rlcalc.readers.sources.HEAD", 1 << 10)
    monkeypatch.setattr("rlcalc.readers.sources.SMALL_COPY", 1 << 12)


def packed(data: bytes, suffix: str) -> bytes:
    pack = {"gz": gzip.compress, "zst": zstd.compress, "xz": lzma.compress, "bz2": bz2.compress}
    return pack[suffix](data)


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("suffix", ["gz", "zst", "xz", "bz2"])
@pytest.mark.parametrize("form", ["csv", "jsonl", "json", "parquet", "npz", "arrow"])
@pytest.mark.parametrize("command", [rlcalc.gain, rlcalc.load_rollouts, rlcalc.load_model])
def test_zeros_are_refused_in_every_format(
    command: object, form: str, suffix: str, tmp_path: Path
) -> None:
    begin = {"parquet": b"PAR1", "npz": b"PK\x03\x04.npy", "arrow": b"ARROW1", "json": b'{\n"a": "'}
    zeros = begin.get(form, b"") + (b"0" if form in ("csv", "json") else b"\n") * (1 << 22)
    path = tmp_path / f"z.{form}.{suffix}"
    path.write_bytes(packed(zeros, suffix))

    with pytest.raises(InputError):
        command(path)  # type: ignore[operator]


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize(
    ("suffix", "most"), [("gz", 800), ("zst", 5000), ("xz", 5000), ("bz2", 5000)]
)
def test_the_ratio_is_that_of_the_compression_and_can_be_lifted(
    suffix: str, most: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(size_limit, "RATIO", 2)
    path = tmp_path / f"steps.csv.{suffix}"
    path.write_bytes(packed(STEPS.encode(), suffix))
    ratio = len(STEPS) / path.stat().st_size

    assert ratio < most
    assert len(rlcalc.gain(path, max_size="16 kB" if len(STEPS) < 16_000 else "17 kB")) == 2000
    assert len(rlcalc.gain(path)) == 2000
    with pytest.raises(InputError, match="more than --max-size, 15 kB"):
        rlcalc.gain(path, max_size=15_000)
    report = rlcalc.check(path, max_size=15_000).columns
    assert "more than --max-size" in report["what"].values[0]


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("suffix", ["gz", "zst", "xz", "bz2"])
def test_copies_of_what_was_compressed_are_read_as_the_file_is(suffix: str, tmp_path: Path) -> None:
    """Parquet and npz, which are read from several places: in memory if small, else from a file."""
    rng = np.random.default_rng(1)
    frame = pl.DataFrame({"episode": range(5000), "state": ["a"] * 5000, "action": ["x"] * 5000})
    frame = frame.with_columns(reward=rng.normal(size=5000), terminated=pl.lit(True))
    frame.write_parquet(tmp_path / "t.parquet")
    plain = tmp_path / "t.parquet"
    path = tmp_path / f"t.parquet.{suffix}"
    path.write_bytes(packed(plain.read_bytes(), suffix))

    assert rlcalc.gain(path).columns["gain"].values == pytest.approx(frame["reward"].to_list())
    with opened(str(path), None) as file:
        copy = copied(file)
        assert isinstance(copy, str)
        assert Path(copy).read_bytes() == plain.read_bytes()
    np.savez(tmp_path / "m.npz", P=np.eye(60)[None], R=rng.normal(size=60))
    model = tmp_path / f"m.npz.{suffix}"
    model.write_bytes(packed((tmp_path / "m.npz").read_bytes(), suffix))
    assert rlcalc.load_model(model).expected.n_states == 60


@pytest.mark.usefixtures("small")
def test_members_of_npz_are_limited_before_they_are_unpacked(tmp_path: Path) -> None:
    np.savez_compressed(tmp_path / "m.npz", P=np.zeros((1, 1000, 1000)), R=np.zeros(1000))

    with pytest.raises(InputError, match="over 800 times more"):
        rlcalc.load_model(tmp_path / "m.npz")
    with pytest.raises(InputError, match="all probabilities are zero"):
        rlcalc.load_model(tmp_path / "m.npz", max_size="1GB")


def test_an_array_is_not_larger_than_its_bytes(tmp_path: Path) -> None:
    """Numpy would make room for what the header declares."""
    header = io.BytesIO()
    about = {"descr": "<f8", "fortran_order": False, "shape": (1, 10**6, 10**6)}
    np.lib.format.write_array_header_1_0(header, about)
    with zipfile.ZipFile(tmp_path / "m.npz", "w") as archive:
        archive.writestr("P.npy", header.getvalue())

    with pytest.raises(InputError, match="takes 8,000,000,000,000 bytes, and holds"):
        rlcalc.load_model(tmp_path / "m.npz")


BLANK = st.sampled_from(["", "", " ", "\t", "\r"])
LINES = st.lists(st.one_of(BLANK, st.sampled_from(["1,a", '"', '2,"b"', "é"])), max_size=40)


@given(LINES, st.booleans())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_blank_lines_are_left_out_alike_one_by_one_and_by_millions(
    monkeypatch: pytest.MonkeyPatch, lines: list[str], newline: bool
) -> None:
    block = ("\n".join(lines) + "\n" * newline).encode()
    slow = [(n, line) for n, line in enumerate(block.split(b"\n"), 5) if line.strip()]
    one_by_one = without_blank_lines(block)
    with monkeypatch.context() as patched:
        patched.setattr("rlcalc.readers.sources.PART", 4)
        patched.setattr("rlcalc.readers.sources.SHORT_LINE", 10**6)

        assert list(numbered_lines(block, 5)) == slow
        if newline:  # blocks are whole lines
            assert without_blank_lines(block) == one_by_one
    begin, end, is_blank = line_bounds(block)
    assert [block[b:e].strip() == b"" for b, e in zip(begin, end, strict=True)] == is_blank.tolist()
