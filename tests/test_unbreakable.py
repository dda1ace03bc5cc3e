"""Bad input: what, where, how to fix it, exit code 3; no traceback, and nothing half-written."""

import gzip
import json
import os
import re
import signal
import subprocess
import sys
import time
import tomllib
from pathlib import Path

import polars as pl
import pytest

import rlcalc as library
from rlcalc.errors import InputError
from tests.conftest import Shell
from tests.readers.trajectories.test_formats import steps, walks

GOOD_LINE = '{"states": ["a"], "actions": ["x"], "rewards": [1]}'
HEADER = "episode,t,state,action,reward\n"


def parquet(**columns: object) -> bytes:
    import io

    whole = io.BytesIO()
    frame = {"episode": [0, 0], "state": ["a", "b"], "action": ["x", "x"], "reward": [1.0, 2.0]}
    pl.DataFrame({**frame, **columns}).write_parquet(whole)
    return whole.getvalue()


BAD: dict[str, tuple[bytes, str, str]] = {  # name: content, what is said, where
    "empty.yaml": (b"", "empty", "empty.yaml"),
    "white.csv": (b" \n \n", "empty", "white.csv"),
    "junk.jsonl": (bytes(range(256)) * 20, "binary, of no known format", "junk.jsonl"),
    "pickle.csv": (b"\x80\x04\x95abc\0", "never unpickles", "pickle.csv"),
    "torn.jsonl": (f"{GOOD_LINE}\n{GOOD_LINE[:30]}".encode(), "ends in the middle", "line 2"),
    "torn.json": (b'{"trajectories": [\n["a", "x", 1,', "ends in the middle", "line 2"),
    "torn.csv": (f"{HEADER}0,0,a,x,1\n0,1,b".encode(), "action is missing", "line 3"),
    "cut.parquet": (parquet()[:-30], "cannot be read", "cut.parquet"),
    "cut.csv.gz": (
        gzip.compress(HEADER.encode() + os.urandom(999))[:-200],
        "cut off or damaged",
        "cut.csv.gz",
    ),
    "column.csv": (b"episode,state,action,rewrd\n0,a,x,1\n", "no column for the reward", "rewrd"),
    "text.csv": (f"{HEADER}0,0,a,x,one\n".encode(), "'one', expected a finite number", "line 2"),
    "nan.csv": (f"{HEADER}0,0,a,x,NaN\n".encode(), "expected a finite number", "line 2"),
    "inf.parquet": (parquet(reward=[1.0, float("inf")]), "expected a finite number", "row 2"),
    "null.parquet": (parquet(state=["a", None]), "expected a label", "row 2"),
    "nan.jsonl": (GOOD_LINE.replace("1", "NaN").encode(), "expected a finite number", "line 1"),
    "nan.yaml": (b"trajectories:\n  - [a, x, .nan]\n", "expected a reward", "line 2"),
    "text.json": (b'{"trajectories": [["a", "x", "1"]]}', "text '1', expected a reward", "line 1"),
    "gamma.yaml": (b"gamma: 1.5\ntrajectories: [[a, x, 1]]\n", "from 0 to 1", "line 1: gamma"),
    "twice.csv": (f"{HEADER}0,0,a,x,1\n0,0,b,x,1\n".encode(), "same time twice: 0", "row 2"),
    "twice.jsonl": (
        b'{"episode":0,"t":0,"state":"a","action":"x","reward":1}\n' * 2,
        "same time twice",
        "row 2",
    ),
    "none.yaml": (b"trajectories:\n  - []\n", "no steps", "line 2: trajectories.1"),
    "none.jsonl": (b'{"states": [], "actions": [], "rewards": []}', "no steps", "line 1"),
    "mixed.yaml": (
        b"trajectories:\n  - [{state: a, action: x, reward: 1}, b, x, 2]\n",
        "one form throughout",
        "line 2",
    ),
    "mixed.jsonl": (
        f'{GOOD_LINE}\n{{"state": "a", "action": "x", "reward": 1}}\n'.encode(),
        "states is missing",
        "line 2",
    ),
    "lengths.jsonl": (GOOD_LINE.replace("[1]", "[1, 2]").encode(), "2 rewards but 1", "line 1"),
    "key.yaml": (
        b"trajectories:\n  - {states: [a], actions: [x], rewards: [1], terminatd: true}\n",
        "did you mean terminated",
        "line 2",
    ),
    "key.json": (b'{"trajectorys": [["a", "x", 1]]}', "did you mean trajectories", "key.json"),
    "key.jsonl": (GOOD_LINE.replace("}", ', "valeus": [1]}').encode(), "mean values", "line 1"),
    "deep.yaml": (b"trajectories: " + b"[" * 100_000, "nested more than", "line 1"),
    "deep.json": (b'{"trajectories":\n' + b"[" * 100_000, "nested more than", "deep.json"),
    "deep.jsonl": (b"[" * 100_000, "nested more than", "line 1"),
    "bomb.yaml": (
        (
            "a0: &a0 [x]\n" + "".join(f"a{n + 1}: &a{n + 1} [{f'*a{n},' * 9}]\n" for n in range(12))
        ).encode(),
        "aliases make the document stand for more",
        "line",
    ),
    "utf16.csv": ("episode,state\n".encode("utf-16"), "UTF-16", "utf16.csv"),
    "latin.csv": (f"{HEADER}0,0,caf\xe9,x,1\n".encode("latin-1"), "not UTF-8", "latin.csv"),
    "quote.csv": (f'{HEADER}0,0,"a,x,1\n0,1,b,x,1\n'.encode(), "never closed", "line 2"),
    "ragged.csv": (f"{HEADER}0,0,a,x,1\n0,1,b,x,1,9\n".encode(), "6 cells, expected 5", "line 3"),
    "ends.csv": (b"state,action,reward\na,x,1\n", "--one-step", "ends.csv"),
    "two.yaml": (b"a: 1\n---\nb: 2\n", "second document", "line 2"),
    "list.parquet": (parquet(reward=[[1.0], [2.0]]), "no lists", "list.parquet"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_gets_one_clear_error(name: str, rlcalc: Shell, tmp_path: Path) -> None:
    content, what, where = BAD[name]
    (tmp_path / name).write_bytes(content)
    done = rlcalc("estimate", name, "-o", "answer.csv")

    assert done.returncode == 3, done.stderr
    assert done.stderr.startswith("error: ")
    assert what in done.stderr
    assert where in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_a_model_is_no_experience(rlcalc: Shell) -> None:
    done = rlcalc("estimate", stdin="states: {a: {x: {to: a, reward: 1}}}\n")

    assert done.returncode == 3
    assert "this is a model" in done.stderr


@pytest.mark.parametrize("name", BAD)
def test_check_lists_the_same_faults(name: str, rlcalc: Shell, tmp_path: Path) -> None:
    content, what, _ = BAD[name]
    (tmp_path / name).write_bytes(content)
    done = rlcalc("check", name, "--json")

    assert done.returncode == 3, done.stderr
    faults = json.loads(done.stdout)["rows"]
    assert any(what in " ".join(fault.values()) for fault in faults)


def test_check_lists_every_fault_with_its_place(rlcalc: Shell) -> None:
    table = HEADER + "0,0,a,x,1\n0,1,,x,1\n0,2,b,x,bad\n1,0,c,y,inf\n1,0,d,y,2\n"
    faults = json.loads(rlcalc("check", "--json", stdin=table).stdout)["rows"]

    assert [re.findall(r"line \d+", fault["where"]) for fault in faults] == [
        ["line 3"],
        ["line 4", "line 5"],
    ]


def test_a_missing_file_suggests_the_nearest(rlcalc: Shell, tmp_path: Path) -> None:
    (tmp_path / "walks.csv").write_text(HEADER)
    done = rlcalc("estimate", "walk.csv")

    assert done.returncode == 3
    assert "did you mean walks.csv" in done.stderr


def test_one_endless_line_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rlcalc.readers.sources.BLOCK", 1 << 16)
    monkeypatch.setattr("rlcalc.readers.sources.LONGEST_LINE", 1 << 20)
    monkeypatch.setattr("rlcalc.readers.sources.LARGEST_DOCUMENT", 1 << 20)
    for name in ("line.jsonl", "line.csv", "line.yaml"):
        path = tmp_path / name
        path.write_text('["a", "x", 1' + ', "a", "x", 1' * 200_000)
        with pytest.raises(InputError, match=r"longer than|larger than"):
            library.estimate(path)


@pytest.mark.parametrize("label", ["\x1b[31mred\x1b[0m", "[bold red]x[/]", "a\nb", "y" * 10_000])
def test_hostile_labels_are_shown_and_kept(label: str, rlcalc: Shell) -> None:
    """Escaped where people look, whole where programs do."""
    document = json.dumps({"trajectories": [[label, "x", 1]]})
    table = rlcalc("estimate", stdin=document)
    row = json.loads(rlcalc("estimate", "--json", stdin=document).stdout)["rows"][0]

    assert table.returncode == 0
    assert "\x1b" not in table.stdout
    assert label.encode("unicode_escape").decode() in table.stdout
    assert row["state"] == label


def test_head_is_silent() -> None:
    for form in ("table", "csv", "json", "parquet"):
        done = subprocess.run(
            ["bash", "-c", f"{sys.executable} -m rlcalc gain grid-walks -f {form} | true"],
            capture_output=True,
            check=False,
        )

        assert done.stderr == b""


def test_a_full_disk_is_told(rlcalc: Shell) -> None:
    done = rlcalc("gain", "two-states", "-o", "/dev/full", "-f", "csv")

    assert done.returncode == 3
    assert "No space left" in done.stderr


def test_interrupting_leaves_nothing_behind(tmp_path: Path) -> None:
    """The pipe never ends, so the command is in the middle of reading when it is stopped."""
    for name in ("INT", "TERM", "HUP", "QUIT", "USR1", "XCPU", "ABRT"):
        number = signal.Signals[f"SIG{name}"]
        with subprocess.Popen(
            [sys.executable, "-m", "rlcalc", "gain", "-", "-o", "answer.csv"],
            cwd=tmp_path,
            stdin=subprocess.PIPE,
            stderr=subprocess.PIPE,
        ) as process:
            assert process.stdin
            process.stdin.write(HEADER.encode())
            process.stdin.flush()
            _wait_until_it_listens(process.pid)
            time.sleep(0.5)
            process.send_signal(number)
            _, errors = process.communicate()

        assert process.returncode == 128 + number
        assert b"Traceback" not in errors
        assert list(tmp_path.iterdir()) == []


def _wait_until_it_listens(pid: int) -> None:
    """Wait until a process has its handler of SIGTERM, however busy the machine is."""
    for _ in range(600):
        caught = re.search(r"SigCgt:\s*(\w+)", Path(f"/proc/{pid}/status").read_text())
        if caught and int(caught[1], 16) >> (signal.SIGTERM - 1) & 1:
            return
        time.sleep(0.05)


def test_interrupting_the_imports_is_silent_too() -> None:
    """The signal comes when the first module beyond the entry is looked for."""
    code = (
        "import os, signal, sys\n"
        "class Finder:\n"
        "    def find_spec(self, name, *more):\n"
        "        if name == 'rlcalc.commands': os.kill(os.getpid(), signal.SIGINT)\n"
        "sys.meta_path.insert(0, Finder())\n"
        "sys.argv = ['rlcalc', 'gain', 'three-steps']\n"
        f"from {entry()[0]} import {entry()[1]} as entry\n"
        "entry()\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)

    assert (done.returncode, done.stdout, done.stderr) == (130, b"", b"")


def entry() -> list[str]:
    """The module and the function that the console script calls."""
    project = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text())
    return str(project["project"]["scripts"]["rlcalc"]).split(":")


def test_output_replaces_a_file_whole_and_keeps_its_mode(rlcalc: Shell, tmp_path: Path) -> None:
    old = tmp_path / "old.csv"
    old.write_text("old")
    old.chmod(0o600)
    (tmp_path / "link.csv").symlink_to(old)
    rlcalc("gain", "two-states", "-o", "link.csv")

    assert old.read_text().startswith("trajectory,")
    assert old.stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "link.csv").is_symlink()


def test_usage_is_exit_2(rlcalc: Shell) -> None:
    for arguments in (
        ("estimate", "two-states", "--json", "--csv"),
        ("estimate", "two-states", "-o", "answer.xyz"),
        ("estimate", "two-states", "--columns", "state"),
        ("estimate", "two-states", "--visit", "last"),
        ("gain", "two-states", "-k", "0"),
        ("gain", "two-states", "-o", ""),
        ("specs", "two-states", "-o", ""),
    ):
        assert rlcalc(*arguments).returncode == 2
    assert rlcalc("estimate", "two-states", RLCALC_FORMAT="jsn").returncode == 2


@pytest.mark.parametrize(
    ("document", "fix"),
    [
        ("gamma: 1.2\ntrajectories: [[a, x, 1]]", "write a number from 0 to 1"),
        ("gamma: 1.2\nstates: {a: {x: {to: a}}}", "write a number from 0 to 1"),
        ("gamma: '0.9'\nstates: {a: {x: {to: a}}}", "write a number, without quotes"),
        ("states: {a: null}", "write a: {} if nothing can be done there"),
        ("states: {a: {x: {to: a, p: null}}}", "write a number"),
        ("states: {a: {x: null}}", "write {to: STATE, p: 1, reward: 0}"),
        ("states: {}", "add an entry"),
        ("trajectories: {a: 1}", "write [one, two, ...]"),
        ("environment: rifle\nsize: 0", "write a whole number from 1"),
    ],
)
def test_what_is_not_as_expected_says_how_to_write_it(
    document: str, fix: str, rlcalc: Shell, tmp_path: Path
) -> None:
    (tmp_path / "wrong.yaml").write_text(document)
    rows = json.loads(rlcalc("check", "wrong.yaml", "--json").stdout)["rows"]

    assert [fix in row["fix"] for row in rows] == [True], rows


def test_formats_are_asked_for_in_three_ways(rlcalc: Shell, tmp_path: Path) -> None:
    plain = rlcalc("gain", "two-states", "--csv").stdout
    rlcalc("gain", "two-states", "-o", "gain.csv", RLCALC_FORMAT="json")

    assert rlcalc("gain", "two-states", RLCALC_FORMAT="csv").stdout == plain
    assert (tmp_path / "gain.csv").read_text() == plain


def test_help_and_version_load_nothing_heavy() -> None:
    code = (
        "import sys, rlcalc.cli\n"
        "heavy = {'numpy', 'polars', 'numba', 'scipy', 'pydantic', 'yaml'} & set(sys.modules)\n"
        "print(heavy or 'none')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)

    assert done.stdout == b"none\n"


def test_a_small_document_loads_neither_polars_nor_numba(tmp_path: Path) -> None:
    path = tmp_path / "lines.jsonl"
    path.write_text(GOOD_LINE)
    code = (
        "import sys, rlcalc\n"
        f"rlcalc.estimate('two-states'); rlcalc.estimate({str(path)!r})\n"
        "print({'polars', 'numba', 'scipy'} & set(sys.modules) or 'none')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)

    assert done.stdout == b"none\n"


def test_a_table_of_steps_loads_no_reader_of_documents(tmp_path: Path) -> None:
    path = tmp_path / "steps.csv"
    path.write_text("episode,state,action,reward\n0,a,x,1\n0,b,x,2\n")
    code = (
        "import sys, rlcalc.cli\n"
        f"rlcalc.cli.app_of(['estimate'])(['estimate', {str(path)!r}], standalone_mode=False)\n"
        "print({'yaml', 'rlcalc.documents', 'numba', 'scipy'} & set(sys.modules) or 'none')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)

    assert done.stdout.splitlines()[-1] == b"none"


@pytest.mark.parametrize("form", ["parquet", "jsonl"])
def test_rollouts_load_only_what_their_summary_needs(form: str, tmp_path: Path) -> None:
    path = tmp_path / f"rollouts.{form}"
    frame = pl.DataFrame({"uid": ["a", "a", "b", "b"], "score": [0.0, 1.0, 1.0, 1.0]})
    (frame.write_parquet if form == "parquet" else frame.write_ndjson)(path)
    code = (
        "import sys, rlcalc.cli\n"
        f"rlcalc.cli.app_of(['group'])(['group', {str(path)!r}, '-q'], standalone_mode=False)\n"
        "idle = {'yaml', 'numpy.ma', 'rich.console', 'rlcalc.documents', "
        "'rlcalc.groups.audit'}\n"
        "print(idle & set(sys.modules) or 'none')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True)

    assert done.stdout.splitlines()[-1] == b"none"


def test_an_unclosed_quote_is_found_quickly(tmp_path: Path) -> None:
    path = tmp_path / "quote.csv"
    path.write_text(HEADER + '0,0,"a,x,1\n' + "0,1,b,x,1\n" * 300_000)
    with pytest.raises(InputError, match="never closed"):  # counting afresh took minutes
        library.estimate(path)


def test_numbers_as_times_are_not_tried_as_dates(tmp_path: Path) -> None:
    frame = steps(walks(50))
    path = tmp_path / "dates.csv"
    frame.with_columns(
        t=pl.format("2024-01-01T10:00:{}Z", pl.col("t").cast(pl.String).str.zfill(2))
    ).sample(fraction=1, shuffle=True, seed=1).write_csv(path)
    dated = library.estimate(path, order_by="t", of="v")
    plain = library.estimate(frame, of="v")

    assert dict(zip(dated["state"], dated["v_n"], strict=True)) == dict(
        zip(plain["state"], plain["v_n"], strict=True)
    )
