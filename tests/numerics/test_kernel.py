"""Kernels: plain Python while that is quick, compiled once it is not."""

import sys
from pathlib import Path

import numpy as np
import pytest

from rlcalc.numerics.arrays import Floats
from rlcalc.numerics.kernel import Kernel, kernel


def total(values: Floats) -> float:
    """Σ values, one after the other."""
    found = 0.0
    for value in values:
        found += value
    return found


def test_a_small_array_is_answered_in_plain_python(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Kernel, "patience", 1.0)
    loop = kernel(total)

    assert loop(np.ones(10)) == 10
    assert loop._compiled is None
    assert Kernel.patience < 1


@pytest.mark.parametrize(("length", "patience"), [(10, 0.0), (10_000, 1.0)])
def test_it_is_compiled_for_large_arrays_or_when_plain_python_took_too_long(
    length: int, patience: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Kernel, "patience", patience)
    loop = kernel(total)

    assert loop(np.ones(length)) == length
    assert loop._compiled is not None


@pytest.mark.parametrize("suffix", ["nbi", "nbc"])
@pytest.mark.parametrize("size", [0, 30])
def test_a_damaged_cache_is_made_anew(
    suffix: str, size: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import numba

    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path))
    monkeypatch.setattr("rlcalc.numerics.kernel.NOTES", notes := [])
    assert kernel(total).compiled(np.ones(10)) == 10
    for path in tmp_path.rglob(f"*.{suffix}"):
        path.write_bytes(path.read_bytes()[:size])

    assert kernel(total).compiled(np.ones(10)) == 10
    assert "is damaged" in notes[0]
    assert kernel(total).compiled(np.ones(10)) == 10
    assert len(notes) == 1


@pytest.mark.parametrize("stand_in", [None, 0])
def test_without_a_compiler_loops_run_as_they_are(
    stand_in: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Missing (`None` in `sys.modules` is an ImportError), or of an unexpected kind."""
    monkeypatch.setitem(sys.modules, "numba", stand_in)  # type: ignore[arg-type]
    monkeypatch.setattr("rlcalc.numerics.kernel.NOTES", notes := [])

    assert [kernel(total).compiled(np.ones(length)) for length in (10, 10_000)] == [10, 10_000]
    assert len(notes) == 1
    assert "plain Python" in notes[0]
