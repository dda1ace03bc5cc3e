"""Damaged npz files, with either thing that they may hold, are refused with their place."""

import contextlib
import io
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import rlcalc
from rlcalc.errors import InputError

BUFFER: dict[str, Any] = {
    "rewards": np.ones((50, 2)),
    "values": np.zeros((50, 2)),
    "terminated": np.ones((50, 2), dtype=bool),
}
MODEL = {"P": np.ones((1, 1, 1)), "R": np.zeros((1, 1))}


@pytest.mark.parametrize("arrays", [BUFFER, MODEL])
@pytest.mark.parametrize("place", range(40, 200, 7))
def test_a_spoilt_byte_is_an_error_of_the_input_or_harmless(
    tmp_path: Path, arrays: dict[str, Any], place: int
) -> None:
    stream = io.BytesIO()
    np.savez_compressed(stream, **arrays)
    content = bytearray(stream.getvalue())
    content[place] ^= 0xFF
    path = tmp_path / "spoilt.npz"
    path.write_bytes(content)

    for read in (rlcalc.advantage, rlcalc.solve):
        with contextlib.suppress(InputError):
            read(str(path))


def test_a_buffer_that_declares_more_than_it_holds_is_refused(tmp_path: Path) -> None:
    """Numpy would make room for all that it declares."""
    path = tmp_path / "hollow.npz"
    with zipfile.ZipFile(path, "w") as archive:
        for name in ("rewards", "values"):
            member = io.BytesIO()
            header = {"descr": "<f8", "fortran_order": False, "shape": (10**12, 8)}
            np.lib.format.write_array_header_1_0(member, header)
            archive.writestr(f"{name}.npy", member.getvalue())

    with pytest.raises(InputError, match="has the shape"):
        rlcalc.advantage(str(path))
