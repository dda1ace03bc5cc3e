"""The progress bar passes everything on, and is silent where nobody looks."""

import sys

import pytest

from rlcalc.renderers import progress


@pytest.mark.parametrize("terminal", [False, True])
@pytest.mark.parametrize("quiet", [False, True])
def test_items_pass_in_their_order(
    terminal: bool,
    quiet: bool,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: terminal)
    monkeypatch.setattr(progress, "PATIENCE", -1.0)
    items = list(progress.with_progress_bar([[1, 2], [3]], len, 3, quiet=quiet))
    shown = capfd.readouterr().err

    assert items == [[1, 2], [3]]
    assert ("simulating" in shown) == (terminal and not quiet)
