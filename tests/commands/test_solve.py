"""The command solve: what is asked of it and cannot be, and what a terminal is spared."""

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import Shell

HOSTILE = 'gamma: 0.5\nstart: s\nstates: {s: {"a\\e[31mb\\u009bc\\rd": {to: s, reward: 1}}}\n'
LABEL = "a\x1b[31mb\x9bc\rd"

REFUSED = {
    "--head 2 --all": (2, "--head 2 and --all"),
    "--json -o o.csv": (2, "there are two formats: json, and csv by the suffix of o.csv"),
    "--columns state=s": (3, "--columns applies to tables"),
    "--trace --start-only": (2, "--trace shows iterations"),
    "--policy empty.yaml": (3, "the policy names no state"),
    "--policy folder": (3, "folder is a folder, and a policy is one file"),
    "--horizon 100000000": (3, "--horizon 100,000,000 makes 400,000,000 rows"),
}


@pytest.mark.parametrize("asked", REFUSED)
def test_what_would_be_ignored_is_refused(asked: str, rlcalc: Shell, tmp_path: Path) -> None:
    (tmp_path / "empty.yaml").write_text("{}\n")
    (tmp_path / "folder").mkdir()
    done = rlcalc("solve", "two-rooms", *asked.split())
    code, what = REFUSED[asked]

    assert (done.returncode, done.stdout) == (code, "")
    assert f"error: {what}" in done.stderr
    assert not (tmp_path / "o.csv").exists()


@pytest.mark.parametrize("command", ["estimate", "gain", "group", "gradient"])
def test_so_many_rows_and_all_is_refused_everywhere(command: str, rlcalc: Shell) -> None:
    """Before anything is read."""
    done = rlcalc(command, "nowhere.csv", "--head", "2", "--all")

    assert (done.returncode, done.stdout) == (2, "")
    assert "--head 2 and --all" in done.stderr


def test_a_folder_is_no_model(rlcalc: Shell, tmp_path: Path) -> None:
    """The root of all files is not searched."""
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "model.yaml").write_text("{}")

    assert "name one of model.yaml" in rlcalc("solve", "folder").stderr
    assert "error: / is a folder, and a model is one file" in rlcalc("solve", "/").stderr


def test_a_format_may_have_any_name_that_is_no_other_format(rlcalc: Shell, tmp_path: Path) -> None:
    assert rlcalc("solve", "two-rooms", "--csv", "-o", "o.txt").returncode == 0
    assert rlcalc("solve", "two-rooms", "-f", "jsonl", "-o", "o.ndjson").returncode == 0
    assert (tmp_path / "o.txt").read_text().startswith("state,action")


@pytest.mark.parametrize("form", ["csv", "tsv", "json", "jsonl", "md", "table"])
@pytest.mark.parametrize("command", ["solve", "simulate"])
def test_a_terminal_never_gets_the_control_characters_of_a_label(
    command: str, form: str, tmp_path: Path
) -> None:
    (tmp_path / "hostile.yaml").write_text(HOSTILE)
    how = ["-n", "1", "--max-steps", "1", "--seed", "1"] if command == "simulate" else []
    text = on_terminal(command, "hostile.yaml", "-f", form, *how, folder=tmp_path)

    assert "\x1b[31m" not in text
    assert "\x9b" not in text
    assert "c\rd" not in text


def test_files_and_pipes_keep_every_byte(rlcalc: Shell, tmp_path: Path) -> None:
    (tmp_path / "hostile.yaml").write_text(HOSTILE)
    rlcalc("solve", "hostile.yaml", "-o", "o.csv")
    written = (tmp_path / "o.csv").read_bytes()
    piped = subprocess.run(
        [sys.executable, "-m", "rlcalc", "solve", "hostile.yaml", "--csv"],
        cwd=tmp_path,
        capture_output=True,
        check=True,
    ).stdout

    assert LABEL.encode() in written
    assert piped == written


def test_a_terminal_is_spared_parquet(tmp_path: Path) -> None:
    text = on_terminal("solve", "two-rooms", "-f", "parquet", folder=tmp_path)

    assert text == ""


def on_terminal(*arguments: str, folder: Path) -> str:
    """Return what a command writes to a terminal."""
    main, side = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "rlcalc", *arguments],
        stdout=side,
        stderr=subprocess.DEVNULL,
        cwd=folder,
    ):
        os.close(side)
        text = b""
        try:
            while part := os.read(main, 10_000):
                text += part
        except OSError:
            pass
    os.close(main)
    return text.decode()
