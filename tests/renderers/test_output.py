"""The format of an answer, and files that are there whole or not at all."""

from pathlib import Path

import pytest

from rlcalc import Column, InputError, Result, UsageError
from rlcalc.renderers import FORMATS, PICTURES
from rlcalc.renderers.output import open_output, output_format, write_output

RESULT = Result("gain", "Gain", {"gain": Column([1.0, 2.0])}, {}, ["two steps"])


@pytest.mark.parametrize(
    ("options", "form"),
    [
        ({}, "table"),
        ({"option": "md"}, "md"),
        ({"json": True}, "json"),
        ({"output": "a.ndjson"}, "jsonl"),
        ({"output": "a.markdown"}, "md"),
        ({"option": "csv", "output": "a.txt"}, "csv"),
    ],
)
def test_the_format_follows_from_options_and_suffix(
    options: dict[str, object], form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("RLCALC_FORMAT", raising=False)

    assert output_format(**({"option": None} | options)) == form  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "options",
    [
        {"option": "md", "json": True},
        {"option": "md", "output": "a.csv"},
        {"option": None, "output": "a.docx"},
        {"option": None, "json": True, "csv": True},
    ],
)
def test_contradictions_are_refused(options: dict[str, object]) -> None:
    with pytest.raises(UsageError):
        output_format(**options)  # type: ignore[arg-type]


def test_the_environment_sets_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RLCALC_FORMAT", "csv")
    assert output_format(None) == "csv"

    monkeypatch.setenv("RLCALC_FORMAT", "parqet")
    with pytest.raises(UsageError, match="did you mean parquet"):
        output_format(None)


def test_a_file_is_replaced_as_a_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "answer.csv"
    path.write_text("before")

    def killed() -> None:
        with open_output(str(path)) as stream:
            stream.write(b"half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        killed()

    assert path.read_text() == "before"
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    path = tmp_path / "nowhere" / "answer.csv"

    with pytest.raises(InputError, match="cannot write"), open_output(str(path)):
        pass


@pytest.mark.parametrize("form", [name for name in FORMATS if name not in PICTURES])
def test_notes_go_to_standard_error(
    form: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "answer"
    write_output(RESULT, form, str(path), head=None, quiet=False)
    captured = capfd.readouterr()

    assert captured.out == ""
    assert captured.err == f"note: two steps\nwrote 2 rows to {path}\n"
    assert path.stat().st_size > 0


def test_quiet_hides_the_notes(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    write_output(RESULT, "csv", str(tmp_path / "a.csv"), head=None, quiet=True)

    assert capfd.readouterr().err == ""
