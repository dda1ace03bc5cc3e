"""rlcalc evaluate as a process, and what it refuses."""

import json
from pathlib import Path

import pytest

from tests.conftest import Shell

INPUTS = Path(__file__).parent / "inputs"
LOG, TARGET = str(INPUTS / "off_policy.csv"), str(INPUTS / "target.json")


def test_rows_and_facts(rlcalc: Shell) -> None:
    answer = json.loads(rlcalc("evaluate", LOG, "--policy", TARGET, "--json").stdout)

    assert [row["method"] for row in answer["rows"]] == ["ce", "dr", "pdis"]
    assert list(answer["rows"][0]) == [
        "method", "value", "se", "low", "high", "z_weight", "ess", "largest_share", "needs",
    ]  # fmt: skip
    assert answer["facts"]["episodes"] == 3
    assert answer["facts"]["policy"] == "target.json"
    assert answer["facts"]["unsupported"] == 0


def test_the_exact_value_stands_beside(rlcalc: Shell, tmp_path: Path) -> None:
    log = tmp_path / "log.csv"
    play = ("-n", "200", "--seed", "1", "--policy", "uniform", "--with-prob", "-o", str(log))
    rlcalc("simulate", "student", *play)
    done = rlcalc("evaluate", str(log), "--policy", "epsilon:0.5", "--model", "student", "--json")
    answer = json.loads(done.stdout)
    solved = json.loads(rlcalc("solve", "student", "--policy", "epsilon:0.5", "--json").stdout)

    assert answer["facts"]["exact_value"] == pytest.approx(solved["facts"]["start_value"])
    assert answer["rows"][0]["errors_apart"] < 4


@pytest.mark.parametrize(
    ("options", "code", "what", "fix"),
    [
        (["--policy", "uniform"], 2, "depends on a model", "--model MODEL"),
        (["--policy", TARGET, "--method", "drr"], 2, "no method drr", "did you mean dr"),
        (["--policy", TARGET, "--method", "switch"], 2, "its number τ", "switch:10"),
        (["--policy", TARGET, "--method", "ips"], 3, "of one step", "--method dr,pdis,is"),
        (["--policy", TARGET, "--behaviour", "pscore"], 3, "no column pscore", "there are"),
        (["--policy", TARGET, "--bound", "1:0"], 2, "LOW below HIGH", "--bound 0:1"),
        (["--policy", TARGET, "--truncated", "cut"], 2, "--truncated cut", "keep"),
        (["--policy", TARGET, "--gamma", "2"], 2, "--gamma", "0.99"),
        (["--method", "ce"], 2, "needs π of every action", "--policy FILE"),
        ([], 3, "the policy to evaluate is not known", "--policy FILE"),
        (["--compare", TARGET], 2, "1 policies", "FIRST,SECOND"),
    ],
)
def test_what_is_refused(options: list[str], code: int, what: str, fix: str, rlcalc: Shell) -> None:
    done = rlcalc("evaluate", LOG, *options)

    assert (done.returncode, done.stdout) == (code, "")
    assert what in done.stderr
    assert fix in done.stderr.split("fix:")[1]


def test_a_log_without_probabilities_is_offered_counts(rlcalc: Shell, tmp_path: Path) -> None:
    log = tmp_path / "log.csv"
    log.write_text("episode,state,action,reward\n0,0,0,1\n1,0,1,2\n2,0,0,3\n")
    refused = rlcalc("evaluate", str(log), "--policy", TARGET)
    counted = rlcalc("evaluate", str(log), "--policy", TARGET, "--behaviour", "counts", "--json")
    without = rlcalc("evaluate", str(log), "--policy", TARGET, "--method", "ce", "--json")

    assert refused.returncode == 3
    assert "--behaviour counts" in refused.stderr
    assert json.loads(counted.stdout)["facts"]["behaviour"] == "counts"
    assert json.loads(without.stdout)["rows"][0]["value"] == pytest.approx(0.25 * 2 + 0.75 * 2)


def test_a_probability_of_0_has_its_row(rlcalc: Shell, tmp_path: Path) -> None:
    log = tmp_path / "log.csv"
    log.write_text("episode,state,action,reward,pscore\n0,0,0,1,0.5\n1,0,1,2,0\n")
    done = rlcalc("evaluate", str(log), "--policy", TARGET)

    assert done.returncode == 3
    assert "row 2" in done.stderr


def test_a_policy_that_lacks_a_state(rlcalc: Shell, tmp_path: Path) -> None:
    target = tmp_path / "target.yaml"
    target.write_text("0: {0: 0.5, 1: 0.5}\n")
    done = rlcalc("evaluate", LOG, "--policy", str(target))

    assert done.returncode == 3
    assert "no entry of state 1" in done.stderr


def test_a_log_with_the_probabilities_of_both_policies(rlcalc: Shell, tmp_path: Path) -> None:
    log = tmp_path / "log.csv"
    log.write_text(
        "episode,reward,log_prob,behaviour_prob\n0,1,-0.5,0.5\n0,2,-0.25,0.25\n1,4,-1,0.5\n"
    )
    done = rlcalc("evaluate", str(log), "--method", "is,pdis", "--json")
    default = rlcalc("evaluate", str(log), "--json")
    first, second, third = (2.718281828459045**x for x in (-0.5, -0.25, -1))
    rho = [first / 0.5, first / 0.5 * second / 0.25, third / 0.5]
    values = [row["value"] for row in json.loads(done.stdout)["rows"]]

    methods = [row["method"] for row in json.loads(default.stdout)["rows"]]
    assert methods == ["pdis", "wpdis", "is", "wis"]
    assert "contradict" not in done.stderr  # they are of two policies

    assert values[0] == pytest.approx((rho[1] * 3 + rho[2] * 4) / 2)
    assert values[1] == pytest.approx((rho[0] + rho[1] * 2 + rho[2] * 4) / 2)
