"""A file is the old one or the whole new one, whatever its name and whoever is killed."""

import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
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
print(flush=True)
while True:
    with opened_file(sys.argv[1]) as stream:
        for letter in range(200):
            stream.write(sys.argv[2].encode() * 1000)
"""


def test_kill_leaves_the_old_file_and_the_next_run_nothing_else(tmp_path: Path) -> None:
    """At 100 moments, of four writers at a time with a target each."""
    rng = random.Random(0)
    paths = [tmp_path / f"{number}.csv" for number in range(4)]
    for path in paths:
        path.write_bytes(b"x" * 200_000)
    n_left = 0
    for number in range(25):
        letter = "bcdef"[number % 5]
        writers = [
            subprocess.Popen([sys.executable, "-c", WRITER, path, letter], stdout=subprocess.PIPE)
            for path in paths
        ]
        for writer, path in zip(writers, paths, strict=True):
            with writer:
                assert writer.stdout
                assert writer.stdout.readline() == b"\n"
                time.sleep(rng.random() * 0.01)
                writer.send_signal(signal.SIGKILL)
            content = path.read_bytes()
            n_left += len(list(tmp_path.glob(".*")))

            assert len(content) == 200_000
            assert len(set(content)) == 1
    for path in paths:
        write(path, b"new")

    assert n_left > 0
    assert sorted(tmp_path.iterdir()) == paths
    assert {path.read_bytes() for path in paths} == {b"new"}


@given(old=st.binary(max_size=40), new=st.binary(max_size=40), whole=st.booleans())
def test_hard_links_stay_linked(
    old: bytes, new: bytes, whole: bool, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """The copy is as short or long as the new content; after an error it is the old one."""
    folder = tmp_path_factory.mktemp("links")
    (folder / "a.csv").write_bytes(old)
    (folder / "b.csv").hardlink_to(folder / "a.csv")
    with contextlib.suppress(RuntimeError), opened_file(str(folder / "a.csv")) as stream:
        stream.write(new)
        if not whole:
            raise RuntimeError

    assert (folder / "b.csv").read_bytes() == (new if whole else old)
    assert (folder / "a.csv").samefile(folder / "b.csv")
    assert len(list(folder.iterdir())) == 2


def test_a_copy_that_has_no_space_changes_nothing(tmp_path: Path) -> None:
    """The limit of the size of files stands for a full disk."""
    resource = pytest.importorskip("resource")
    path = tmp_path / "a.csv"
    path.write_bytes(b"old")
    (tmp_path / "b.csv").hardlink_to(path)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        with contextlib.ExitStack() as stack:
            stream = stack.enter_context(opened_file(str(path)))
            stream.write(b"n" * 5000)
            stream.flush()
            resource.setrlimit(resource.RLIMIT_FSIZE, (4000, limits[1]))
            with pytest.raises(InputError, match="File too large"):
                stack.pop_all().close()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)

    assert path.read_bytes() == b"old"
    assert len(list(tmp_path.iterdir())) == 2


IN_A_CLOSED_FOLDER = """
import os, sys
from rlcalc.renderers.whole_file import opened_file
from rlcalc.errors import InputError
import concurrent.futures.thread, tempfile
if os.getuid() == 0:
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
with opened_file("a.csv") as stream:
    stream.write(b"new")
try:
    with opened_file("b.csv") as stream:
        pass
except InputError as error:
    print(error)
"""


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="folders with permissions, as in POSIX")
@pytest.mark.parametrize("mode", [0o555, 0o1777], ids=["read-only", "sticky"])
def test_a_file_that_cannot_be_replaced_is_written(mode: int) -> None:
    """The folder takes no new name, or lets nobody but its owner replace one (as /tmp does)."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.csv"
        path.write_bytes(b"an old file")
        path.chmod(0o666)
        before = path.stat()
        os.chmod(folder, mode)
        done = subprocess.run(
            [sys.executable, "-c", IN_A_CLOSED_FOLDER], cwd=folder, capture_output=True, check=False
        )
        os.chmod(folder, 0o755)

        assert (done.returncode, done.stderr) == (0, b"")
        assert path.read_bytes() == b"new"
        assert (path.stat().st_ino, path.stat().st_uid) == (before.st_ino, before.st_uid) or (
            mode == 0o1777 and os.getuid()
        )
        assert (b"Permission denied" in done.stdout) == (mode == 0o555)
        assert [p.name for p in Path(folder).iterdir() if p.name != "b.csv"] == ["a.csv"]


SLOW_COPY = """
import shutil, sys, time
from rlcalc import __main__
from rlcalc.renderers import whole_file

def copy(source, target, size):
    while block := source.read(100):
        target.write(block)
        target.flush()
        print(flush=True)
        time.sleep(0.05)

whole_file.shutil.copyfileobj = copy
sys.argv = ["rlcalc", "gain", "three-steps", "-f", "json", "-o", "a.json"]
__main__.main()
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_waits_for_a_copy(number: int, tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text("old")
    (tmp_path / "b.json").hardlink_to(tmp_path / "a.json")
    with subprocess.Popen(
        [sys.executable, "-c", SLOW_COPY], cwd=tmp_path, stdout=-1, stderr=-1
    ) as process:
        assert process.stdout
        process.stdout.readline()
        process.send_signal(number)
        _, errors = process.communicate()

    assert (process.returncode, errors) == (128 + number, b"")
    assert json.loads((tmp_path / "b.json").read_text())["rows"]
    assert len(list(tmp_path.iterdir())) == 2


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
