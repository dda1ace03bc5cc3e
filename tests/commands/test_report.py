"""rlcalc report as a process: one whole file or none, and a message."""

from pathlib import Path

from tests.conftest import Shell


def test_it_writes_one_file_and_says_how_large(rlcalc: Shell, tmp_path: Path) -> None:
    done = rlcalc("report", "frozen-lake", "-o", "report.html")
    size = (tmp_path / "report.html").stat().st_size

    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr == f"wrote a report of {size:,} bytes to report.html\n"
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]


def test_a_file_stays_as_it_was_if_the_source_has_a_fault(rlcalc: Shell, tmp_path: Path) -> None:
    report = tmp_path / "report.html"
    report.write_text("before")
    (tmp_path / "log.csv").write_text("trajectory,state,action,reward\n0,a,b,x\n")
    done = rlcalc("report", "log.csv", "-o", "report.html")

    assert done.returncode == 3
    assert "where: log.csv, row 1" in done.stderr or "log.csv" in done.stderr
    assert report.read_text() == "before"


def test_a_missing_extra_is_named(rlcalc: Shell, tmp_path: Path) -> None:
    (tmp_path / "vl_convert.py").write_text("raise ImportError")
    done = rlcalc("report", "frozen-lake", "-o", "report.html", PYTHONPATH=str(tmp_path))

    assert done.returncode == 3
    assert "pip install 'rlcalc[plot]'" in done.stderr
    assert not (tmp_path / "report.html").exists()


def test_a_device_takes_the_page(rlcalc: Shell) -> None:
    done = rlcalc("report", "frozen-lake", "-o", "/dev/null", "--quiet")

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
