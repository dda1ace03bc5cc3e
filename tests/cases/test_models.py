"""Small models: probabilities as programs write them, forbidden actions, terminal rewards."""

from pathlib import Path

import pytest

from tests.cases.program import as_json, run

TABLE = "state,action,next_state,probability,reward\n"


@pytest.mark.parametrize("name", ["M08.csv", "M08.npz", "M08b.npz"])
def test_a_reward_of_minus_infinity_is_refused(name: str) -> None:
    answer = run("solve", name)

    assert answer.code == 3
    assert answer.notes("inf.*finite number")


@pytest.mark.parametrize("name", ["M08.csv", "M08.npz", "M08b.npz"])
def test_a_forbidden_action_is_to_be_left_out(name: str) -> None:
    """M08: −inf says that the action is not allowed."""
    assert run("solve", name).notes("fix:.*action")


def test_an_absorbing_state_earns_its_reward_for_ever() -> None:
    """M13: 1 / (1 − 0.9)."""
    assert as_json("solve", "M13.npz").by("state", "v") == pytest.approx(
        {"0": 9, "1": 10}, abs=1e-9
    )


def test_the_reward_of_a_terminal_state_counts_for_nothing() -> None:
    """M13b: an empty row of P is the end."""
    answer = as_json("solve", "M13b.npz")

    assert answer.facts["terminal"] == 1
    assert answer.by("state", "v") == pytest.approx({"0": 0}, abs=1e-9)


def test_a_reward_of_a_terminal_state_that_counts_for_nothing_is_said() -> None:
    """M13b."""
    answer = as_json("solve", "M13b.npz")

    assert answer.notes("reward")
    assert answer.notes("terminal")


def test_probabilities_in_float32_are_right() -> None:
    """M14c: V(s) = s + 1 + 0.9 · 20. M14d: V(A) = 2 / (1 − 0.9 / 3)."""
    array = as_json("solve", "M14c.npz")
    table = as_json("solve", "M14d.parquet", "--gamma", "0.9")

    assert array.by("state", "v") == pytest.approx({"0": 19, "1": 20, "2": 21}, abs=1e-5)
    assert table.by("state", "v") == pytest.approx({"A": 2 / 0.7}, abs=1e-6)


def test_probabilities_written_with_six_decimals_are_right() -> None:
    """M14e: seven times 0.142857; Storm takes 1e-6, PRISM 1e-5."""
    answer = as_json("solve", "M14e.csv", "--gamma", "0.9")

    assert answer.by("state", "v") == pytest.approx({"A": 1}, abs=2e-6)


def test_probabilities_that_no_rounding_explains_are_refused(tmp_path: Path) -> None:
    """The allowance for M14 is no more than that: 0.3 + 0.3 + 0.3 is not 1."""
    table = tmp_path / "short.csv"
    table.write_text(TABLE + "A,x,B,0.3,1\nA,x,C,0.3,1\nA,x,D,0.3,1\n")

    assert run("solve", table).code == 3


def test_a_percentage_is_read_alike_in_every_format(tmp_path: Path) -> None:
    """R37."""
    assert in_csv("50%", tmp_path) == in_yaml("50%", tmp_path)


def test_a_fraction_is_read_alike_in_every_format(tmp_path: Path) -> None:
    """R37."""
    assert in_csv("1/2", tmp_path) == in_yaml("1/2", tmp_path)


def in_csv(half: str, folder: Path) -> int:
    """Exit code of a model whose two probabilities are written so."""
    path = folder / "half.csv"
    path.write_text(f"{TABLE}A,x,B,{half},1\nA,x,C,{half},1\n")
    return run("solve", path).code


def in_yaml(half: str, folder: Path) -> int:
    path = folder / "half.yaml"
    b, c = (f"{{to: {state}, p: {half}, reward: 1}}" for state in "BC")
    path.write_text(f"states:\n  A: {{x: [{b}, {c}]}}\n  B: {{}}\n  C: {{}}\n")
    return run("solve", path).code


def test_a_table_with_a_percentage_and_a_fraction_is_solved() -> None:
    """R37: one rule for every format, and YAML reads the fraction."""
    assert as_json("solve", "R37.csv").by("state", "v") == pytest.approx({"A": 1}, abs=1e-9)
