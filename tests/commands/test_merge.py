"""rlcalc merge, and --partial of the commands whose sums merge."""

from pathlib import Path

import pytest

from tests.conftest import Shell
from tests.shards.conftest import Cut, cut, log_of_steps

__all__ = ["cut"]


@pytest.fixture
def names(cut: Cut) -> list[str]:
    return cut(log_of_steps(3, 60).drop("env"), [40, 90])


def test_partials_give_the_bytes_of_one_run(rlcalc: Shell, names: list[str]) -> None:
    whole = rlcalc("estimate", *names, "--engine", "threads", "--csv", "-g", "0.9")
    for number, name in enumerate(names, start=1):
        done = rlcalc(
            "estimate", name, "-g", "0.9", "--shard", f"{number}/3", "--like", names[0],
            "--partial", "-o", f"{number}.partial",
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        assert done.stdout == ""
    merged = rlcalc("merge", "1.partial", "2.partial", "3.partial", "--csv")

    assert merged.returncode == 0, merged.stderr
    assert merged.stdout == whole.stdout
    assert rlcalc("merge", "*.partial", "--csv").stdout == whole.stdout
    lacking = rlcalc("merge", "1.partial", "3.partial")
    assert lacking.returncode == 3
    assert "1 of 3 shards are missing: 2" in lacking.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--partial",), "--partial needs a file"),
        (("--partial", "-o", "a.partial", "--json"), "writes no answer, so --json"),
        (("--partial", "-o", "a.partial", "--sort", "v"), "writes no answer, so --sort"),
        (("--shard", "1/3"), "a part, and an answer is of the whole"),
        (("--partial", "-o", "a.partial", "--shard", "4/3"), "--shard 4/3 is not a part"),
        (("--engine", "threads", "--engine-address", "x:1"), "--engine-address changes nothing"),
        (("--engine", "threads", "--method", "td"), "--method has no answer from shards"),
    ],
)
def test_options_that_contradict_each_other_are_refused(
    rlcalc: Shell, names: list[str], arguments: tuple[str, ...], message: str, tmp_path: Path
) -> None:
    done = rlcalc("estimate", *names, *arguments)

    assert done.returncode == 2, done.stderr
    assert message in done.stderr
    assert not (tmp_path / "a.partial").exists()


def test_standard_input_is_no_shard(rlcalc: Shell) -> None:
    done = rlcalc("estimate", "-", "--engine", "threads", stdin="state,action,reward\n")

    assert done.returncode == 2
    assert "standard input is no shard" in done.stderr


def test_nothing_to_merge_is_told(rlcalc: Shell) -> None:
    done = rlcalc("merge")

    assert done.returncode == 2
    assert "there are no partials" in done.stderr


def test_merged_faults_exit_as_a_check_does(rlcalc: Shell, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("trajectory,state,action,reward\n1,x,u,nan\n1,y,u,1\n")
    done = rlcalc("check", "a.csv", "--partial", "-o", "a.partial")
    assert done.returncode == 0, done.stderr
    merged = rlcalc("merge", "a.partial")

    assert merged.returncode == 3
    assert "expected a finite number" in merged.stdout


def test_other_commands_write_partials(rlcalc: Shell) -> None:
    for command in (
        ("simulate", "student", "-n", "5000", "--seed", "1"),
        ("group", "rollouts", "--rows", "summary"),
    ):
        one = rlcalc(
            *command, "--json", *(("--rows", "summary") if command[0] == "simulate" else ())
        )
        assert rlcalc(*command, "--partial", "-o", "a.partial").returncode == 0
        assert rlcalc(
            "merge", "a.partial", "--fact", "seed" if command[0] == "simulate" else "groups"
        )
        merged = rlcalc("merge", "a.partial", "--json")
        assert merged.returncode == 0, merged.stderr
        facts = '"facts"'
        assert merged.stdout[merged.stdout.index(facts) :] == one.stdout[one.stdout.index(facts) :]
