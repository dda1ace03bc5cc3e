"""A file is the old one or the whole new one, whatever its name and whoever is killed."""

import contextlib
import os
import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlcalc import InputError
from rlcalc.renderers.whole_file import opened_file

SHM = Path("/dev/shm")


def write(path: Path, content: bytes) -> None:
    with opened_file(str(path)) as stream:
        stream.write(content)


@pytest.mark.parametrize("length", [1, 40, 41, 245, 246, 251, 255])
@pytest.mark.parametrize("letter", ["a", "é"])
def test_a_name_may_be_as_long_as_the_file_system_allows(
    length: int, letter: str, tmp_path: Path
) -> None:
    path = tmp_path / (letter * (length // len(letter.encode())) or "a")
    write(path, b"new")

    assert [p.name for p in tmp_path.iterdir()] == [path.name]
    assert path.read_bytes() == b"new"


def test_a_name_that_is_too_long_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="File name too long"):
        write(tmp_path / ("a" * 256), b"")


@pytest.mark.skipif(not SHM.is_dir(), reason="a file system in memory, as Linux has")
def test_a_file_under_dev_is_a_file() -> None:
    path = SHM / f"rlcalc-test-{os.getpid()}.csv"
    path.write_bytes(b"old")
    try:
        with contextlib.suppress(RuntimeError), opened_file(str(path)) as stream:
            stream.write(b"half")
            stream.flush()
            assert path.read_bytes() == b"old"
            raise RuntimeError

        assert path.read_bytes() == b"old"
        assert [p.name for p in SHM.iterdir() if path.name in p.name] == [path.name]
    finally:
        path.unlink()


def test_devices_and_pipes_are_written_as_they_are(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.csv"
    os.mkfifo(pipe)
    received: list[bytes] = []
    reader = threading.Thread(target=lambda: received.append(pipe.read_bytes()))
    reader.start()
    write(pipe, b"answer")
    reader.join()
    write(Path("/dev/null"), b"answer")

    assert received == [b"answer"]
    assert pipe.is_fifo()


@pytest.mark.parametrize("name", ["/dev/stdout", "/dev/fd/1", "/proc/self/fd/1", "link"])
def test_what_standard_output_has_already_stays(name: str, tmp_path: Path) -> None:
    (tmp_path / "out").write_text("before\n")
    (tmp_path / "link").symlink_to("/dev/stdout")
    subprocess.run(
        ["bash", "-c", f"{sys.executable} -m rlcalc gain three-steps -f csv -q -o {name} >> out"],
        cwd=tmp_path,
        check=True,
    )

    assert (tmp_path / "out").read_text().startswith("before\ntrajectory,t,")


@pytest.mark.parametrize("mode", [0o444, 0o400, 0o555])
def test_a_read_only_file_is_refused(mode: int, tmp_path: Path) -> None:
    """By its owner's mark, so for root too."""
    path = tmp_path / "a.csv"
    path.write_bytes(b"old")
    path.chmod(mode)
    with pytest.raises(InputError, match="read-only") as error:
        write(path, b"new")

    assert "chmod u+w" in error.value.faults[0].fix
    assert path.read_bytes() == b"old"
    path.chmod(mode | 0o200)
    write(path, b"new")
    assert path.read_bytes() == b"new"


def test_links_are_followed_and_loops_are_errors(tmp_path: Path) -> None:
    (tmp_path / "dangling").symlink_to("target")
    (tmp_path / "loop").symlink_to("loop")
    write(tmp_path / "dangling", b"new")

    assert (tmp_path / "target").read_bytes() == b"new"
    assert (tmp_path / "dangling").is_symlink()
    with pytest.raises(InputError, match="symbolic links"):
        write(tmp_path / "loop", b"new")


WRITER = """
import sys
from rlcalc.renderers.whole_file import opened_file
while True:
    with opened_file(sys.argv[1]) as stream:
        for letter in range(200):
            stream.write(sys.argv[2].encode() * 1000)
"""


def test_kill_leaves_the_old_file_and_the_next_run_nothing_else(tmp_path: Path) -> None:
    path, rng = tmp_path / "a.csv", random.Random(0)
    path.write_bytes(b"x" * 200_000)
    n_left = 0
    for letter in "bcdef" * 3:
        writer = subprocess.Popen([sys.executable, "-c", WRITER, str(path), letter])
        time.sleep(0.15 + rng.random() * 0.2)
        writer.send_signal(signal.SIGKILL)
        writer.wait()
        content = path.read_bytes()
        n_left += len(list(tmp_path.iterdir())) - 1

        assert len(content) == 200_000
        assert len(set(content)) == 1
    write(path, b"new")

    assert n_left > 0
    assert [p.name for p in tmp_path.iterdir()] == ["a.csv"]
    assert path.read_bytes() == b"new"


def test_runs_at_the_same_time_leave_each_other_alone(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    with contextlib.ExitStack() as stack:
        streams = [stack.enter_context(opened_file(str(path))) for _ in range(12)]
        for number, stream in enumerate(streams):
            stream.write(b"%d" % number)
        assert len(list(tmp_path.iterdir())) == 12

    assert [p.name for p in tmp_path.iterdir()] == ["a.csv"]
    assert path.read_bytes() == b"0"  # the last that was closed


def test_files_of_other_targets_and_people_stay(tmp_path: Path) -> None:
    others = [".a.csv", ".a.csv.0", ".a.csv.abcdefgh", ".b.csv.0.0"]
    for name in others:
        (tmp_path / name).write_text("mine")
    write(tmp_path / "a.csv", b"new")

    assert sorted(p.name for p in tmp_path.iterdir()) == sorted([*others, "a.csv"])


@given(names=st.lists(st.sampled_from("ab"), max_size=12), data=st.data())
def test_any_order_of_writers_ends_with_a_whole_file(
    names: list[str], data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Writers begin in one order and end in another, some by an error; the last to end wins."""
    folder = tmp_path_factory.mktemp("order")
    writers = [opened_file(str(folder / name)) for name in names]
    for number, writer in enumerate(writers):
        writer.__enter__().write(b"%d" % number)
    expected: dict[str, bytes] = {}
    for number in data.draw(st.permutations(range(len(names)))):
        if data.draw(st.booleans()):
            writers[number].__exit__(None, None, None)
            expected[names[number]] = b"%d" % number
        else:
            with contextlib.suppress(RuntimeError):
                writers[number].__exit__(RuntimeError, RuntimeError(), None)

    assert {path.name: path.read_bytes() for path in folder.iterdir()} == expected
