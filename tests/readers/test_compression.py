"""Compressed sources are read as what was compressed is, in one stream or several."""

import bz2
import gzip
import io
import lzma
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import rlcalc as library
from rlcalc.errors import InputError
from rlcalc.readers import compression
from rlcalc.readers.compression import COMPRESSED, unpacker_of
from tests.conftest import Shell

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

PACK: dict[str, Callable[[bytes], bytes]] = {
    ".gz": gzip.compress,
    ".zst": zstd.compress,
    ".xz": lzma.compress,
    ".bz2": bz2.compress,
}
STEPS = b"episode,state,action,reward\n" + b"".join(b"%d,a,x,%d\n" % (n, n) for n in range(99))


def test_every_suffix_has_a_case() -> None:
    assert tuple(PACK) == COMPRESSED


def unpacked(data: bytes, size: int) -> bytes:
    unpacker = unpacker_of(data[:6], io.BytesIO(data), "here")
    assert unpacker is not None
    return b"".join(iter(lambda: unpacker.stream.read(size), b""))


@given(
    st.sampled_from(COMPRESSED),
    st.lists(st.binary(max_size=50), min_size=1, max_size=3),
    st.integers(1, 99),
)
def test_streams_one_after_the_other_are_one_source(
    suffix: str, parts: list[bytes], size: int
) -> None:
    """As `cat` joins them, and as programs write them that compress blocks in parallel."""
    data = b"".join(map(PACK[suffix], parts))

    assert unpacked(data, size) == b"".join(parts)


@given(st.sampled_from(COMPRESSED[2:]), st.integers(1, 99))
def test_pieces_of_any_length_are_unpacked(suffix: str, piece: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(compression, "PACKED", piece)

        assert unpacked(PACK[suffix](STEPS) + bytes(8) + PACK[suffix](b"end"), 7) == STEPS + b"end"


@pytest.mark.parametrize("suffix", COMPRESSED)
def test_every_command_reads_what_is_compressed_by_its_content(
    suffix: str, tmp_path: Path, rlcalc: Shell
) -> None:
    """A file by its name or without one, a file in a folder, a pipe, and rollouts."""
    plain = tmp_path / "steps.csv"
    plain.write_bytes(STEPS)
    named, nameless = tmp_path / "packed" / f"steps.csv{suffix}", tmp_path / "steps"
    named.parent.mkdir()
    named.write_bytes(PACK[suffix](STEPS))
    nameless.write_bytes(PACK[suffix](STEPS))
    gains = list(library.gain(plain).columns["gain"].values)
    dump = tmp_path / f"dump.jsonl{suffix}"
    lines = "".join(f'{{"prompt": "p{n // 2}", "reward": {n}}}\n' for n in range(8))
    dump.write_bytes(PACK[suffix](lines.encode()))

    for source in (named, nameless, named.parent):
        assert list(library.gain(source).columns["gain"].values) == gains
    assert rlcalc("gain", "-", "--csv", stdin=PACK[suffix](STEPS)).stdout.count("\n") == 100
    assert library.load_rollouts(dump).n_groups == 4


@pytest.mark.parametrize("suffix", COMPRESSED)
@pytest.mark.parametrize("cut", [5, 11, 20, -1])
def test_cut_files_are_errors(suffix: str, cut: int, tmp_path: Path) -> None:
    path = tmp_path / f"steps.csv{suffix}"
    path.write_bytes(PACK[suffix](STEPS)[:cut])

    with pytest.raises(InputError) as error:
        library.gain(path)
    assert str(path) in error.value.faults[0].where


@pytest.mark.parametrize("suffix", COMPRESSED)
def test_what_follows_the_last_stream_is_not_left_out_silently(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"steps.csv{suffix}"
    path.write_bytes(PACK[suffix](STEPS) + b"a,b\n")

    with pytest.raises(InputError, match="cut off or damaged"):
        library.gain(path)


def test_memory_that_xz_asks_for_is_limited(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A header of xz may ask for 4 GB before the first byte is unpacked."""
    monkeypatch.setattr(compression, "MEMORY", 1 << 20)
    path = tmp_path / "steps.csv.xz"
    path.write_bytes(lzma.compress(STEPS))

    with pytest.raises(InputError, match="takes more than 0 GB of memory") as error:
        library.gain(path)
    assert "xz -dk" in error.value.faults[0].fix
