"""rlcalc compare as a process: pipes, exit codes, and what it says of wrong sources."""

import pytest

from tests.conftest import Shell


def test_an_estimate_against_its_model(rlcalc: Shell) -> None:
    run = rlcalc("simulate", "student", "--policy", "uniform", "-n", "400", "--seed", "1")
    for extra, code in ((["--within", "4se"], 0), (["--within", "1e-9"], 4), ([], 0)):
        done = rlcalc("compare", "-", "student", "--policy", "uniform", *extra, stdin=run.stdout)
        assert done.returncode == code, done.stderr
        assert "largest difference" in done.stdout


def test_one_source_is_compared_with_standard_input(rlcalc: Shell) -> None:
    done = rlcalc("compare", "student", "--within", "1e-3", stdin="state,v\nclass1,6\n")

    assert done.returncode == 4  # three states are missing
    assert "only second 3" in done.stdout.replace("\n", " ")


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        ([], 2, "nothing to compare"),
        (["-", "-"], 2, "standard input is one source"),
        (["student", "student", "--within", "x"], 2, "no difference"),
        (["student", "student", "--of", "vv"], 2, "both have pi, q, v and a"),
        (["nowhere.csv", "student"], 3, "there is no file"),
        (["student", "gridworld-4x4"], 3, "is in both"),
    ],
)
def test_errors(arguments: list[str], code: int, message: str, rlcalc: Shell) -> None:
    done = rlcalc("compare", *arguments)

    assert done.returncode == code
    assert message in done.stderr
