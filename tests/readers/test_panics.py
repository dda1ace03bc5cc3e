"""Panics of native threads are errors; other text that they write stays."""

import os
import sys
import threading

import pytest

from rlcalc.readers.panics import PanicError, panics_raised


def test_a_panic_is_raised_with_its_message(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(PanicError, match="no such row"), panics_raised():
        os.write(2, b"\nthread 'a' panicked at b.rs:1:2:\nno such row\nstack backtrace:\n")

    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("failing", [False, True])
def test_other_text_is_written_at_the_end(
    capfd: pytest.CaptureFixture[str], *, failing: bool
) -> None:
    try:
        with panics_raised():
            os.write(2, b"native\n")
            sys.stderr.write("python\n")
            if failing:
                raise ValueError
    except ValueError:
        assert failing

    assert sorted(capfd.readouterr().err.splitlines()) == ["native", "python"]


def test_a_second_reader_leaves_the_first_alone(capfd: pytest.CaptureFixture[str]) -> None:
    def second() -> None:
        with panics_raised():
            os.write(2, b"panicked at a.rs:1:2:\nboth\n")

    thread = threading.Thread(target=second)
    with pytest.raises(PanicError, match="both"), panics_raised():
        thread.run()

    assert capfd.readouterr().err == ""
