"""Files that cannot be read are named, and never passed by in silence."""

import gzip
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

import rlcalc
from rlcalc.errors import InputError
from rlcalc.readers import sources
from rlcalc.readers.sources import list_folder, opened, resolve_files

STEPS = "episode,state,action,reward\n0,a,x,1\n"
ROLLOUTS = '{"group": 1, "reward": 1}\n{"group": 1, "reward": 0}\n'
READERS: list[Callable[[Any], Any]] = [rlcalc.gain, rlcalc.load_rollouts]


def files_in(folder: Path) -> list[str]:
    files = list_folder(str(folder), lambda name: name.endswith((".csv", ".jsonl"))).files
    return [os.path.relpath(file, folder) for file in files]


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    for name in ("a", "b"):
        (tmp_path / "runs" / name).mkdir(parents=True)
        (tmp_path / "runs" / name / "s.csv").write_text(STEPS)
        (tmp_path / "runs" / name / "r.jsonl").write_text(ROLLOUTS)
    return tmp_path / "runs"


@pytest.mark.parametrize("read", READERS)
@pytest.mark.parametrize("target", ["/nonexistent", "loop.csv"])
@pytest.mark.parametrize("source", ["loop.csv", ".", "*.csv", "l*", "**/*.csv"])
def test_broken_links_and_loops_are_named(
    read: Callable[[Any], Any], target: str, source: str, runs: Path
) -> None:
    (runs / "loop.csv").symlink_to(target)

    with pytest.raises(InputError) as error:
        read(str(runs / source) if source != "." else str(runs))
    assert "loop.csv" in str(error.value)
    assert "link" in error.value.faults[0].fix + error.value.faults[0].what


def test_links_to_folders_are_read_once(runs: Path, tmp_path: Path) -> None:
    """`latest` is a run that is there already; a folder elsewhere is not."""
    before = files_in(runs)
    (runs / "latest").symlink_to("b")
    (runs / "self").symlink_to("self")
    assert files_in(runs) == before
    (tmp_path / "c").mkdir()
    (tmp_path / "c" / "s.csv").write_text(STEPS)
    (tmp_path / "c" / "again").symlink_to(tmp_path / "c")
    (runs / "c").symlink_to("../c")
    (runs / "d").symlink_to("../c")

    assert files_in(runs) == sorted([*before, "c/s.csv"])


def test_a_link_to_a_folder_around_it_is_refused(runs: Path) -> None:
    (runs / "up").symlink_to("..")

    with pytest.raises(InputError, match="is a link to a folder that it stands in"):
        files_in(runs)


@pytest.mark.parametrize("pattern", ["*/s.csv", "**/s.csv", "*/*.csv"])
def test_a_glob_does_not_pass_by_a_folder_that_cannot_be_read(
    pattern: str, runs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = str(runs / "b")
    assert len(resolve_files([str(runs / pattern)])) == 2
    monkeypatch.setattr(os, "access", lambda path, _: os.path.normpath(path) != closed)

    with pytest.raises(InputError, match="Permission denied") as error:
        resolve_files([str(runs / pattern)])
    assert error.value.faults[0].where == closed


@pytest.mark.parametrize("name", ["s.csv", "s.jsonl", "s.json", "s.yaml", "s.csv.gz"])
def test_a_file_that_becomes_shorter_while_it_is_read_is_said(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / name
    line = '{"episode": 0, "state": "a", "action": "x", "reward": 1}\n'
    n = 50_000 if name.endswith("gz") else 5_000  # more than what gzip reads ahead
    text = STEPS + "0,a,x,1\n" * n if ".csv" in name else line * n
    data = text.encode()
    path.write_bytes(gzip.compress(data, 0) if name.endswith("gz") else data)
    monkeypatch.setattr(sources, "HEAD", 1 << 10)
    monkeypatch.setattr(sources, "BLOCK", 1 << 10)

    with opened(str(path), None) as file:
        file.stream.read(2000)
        os.truncate(path, 10_000)
        with pytest.raises(InputError, match="while it was read"):
            list(iter(partial(file.stream.read, 1 << 10), b""))


def test_lines_of_rollouts_that_vanish_are_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from rlcalc.readers.rollouts import jsonl

    path = tmp_path / "r.jsonl"
    path.write_text(ROLLOUTS * 1000)
    monkeypatch.setattr(jsonl, "BLOCK", 1 << 10)
    blocks = jsonl._from_disk(str(path), opened_file(path))
    next(blocks)
    os.truncate(path, 3000)

    with pytest.raises(InputError, match="while it was read"):
        list(blocks)


def opened_file(path: Path) -> sources.File:
    with opened(str(path), None) as file:
        return file
