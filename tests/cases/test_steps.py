"""Small tables of steps: columns that do not matter never block, oddities of time are said."""

import pytest

from tests.cases.program import Answer, as_json, run


def gains(answer: Answer) -> dict[tuple[str, str], float]:
    """The gain by trajectory and t."""
    return {(str(row["trajectory"]), str(row["t"])): row["gain"] for row in answer.rows}


def test_a_density_above_1_does_not_block_the_gain() -> None:
    """C16: RLlib's continuous actions; G needs no probability."""
    answer = as_json("gain", "C16.csv")

    assert answer.code == 0
    assert answer.column("gain") == pytest.approx([2, 1], abs=1e-9)


def test_steps_after_an_end_are_not_of_the_episode_that_ended() -> None:
    """C20: γ = 1, and the first two steps are 1 + 100."""
    answer = as_json("gain", "C20.csv")

    assert answer.column("gain") == pytest.approx([101, 100, 200, 100, 1], abs=1e-9)


def test_an_episode_that_goes_on_after_its_end_is_said() -> None:
    """C20."""
    assert as_json("gain", "C20.csv").notes(r"(after|past|beyond)[^\n]*\bend|goes on|continue")


def test_a_k_step_gain_stops_after_k_rewards() -> None:
    """C21: one trajectory meets the time limit, one the end of the world."""
    answer = as_json("gain", "C21.csv", "-k", "2")

    assert answer.column("gain") == pytest.approx([3, 2, 300, 200], abs=1e-9)


def test_a_k_step_gain_and_bootstrapping_exclude_each_other() -> None:
    """C21: refused as long as there is no n-step gain with V."""
    answer = run("gain", "C21.csv", "-k", "2", "--truncated", "bootstrap")

    assert answer.code == 2
    assert answer.notes("bootstrap")


def test_a_trajectory_without_steps_is_a_fault() -> None:
    """T03."""
    answer = as_json("check", "T03.jsonl")

    assert answer.code == 3
    assert answer.facts["faults"] == 1
    assert "line 1" in answer.rows[0]["where"]


def test_a_trajectory_without_steps_has_a_fix() -> None:
    """T03."""
    assert as_json("check", "T03.jsonl").rows[0]["fix"]


@pytest.mark.parametrize(
    ("name", "right"),
    [
        ("T04.csv", {("0", "0"): 11, ("0", "1"): 10}),
        ("T04b.csv", {("0", "0"): 102, ("0", "2"): 101, ("0", "3"): 1}),
        ("T04c.csv", {("0", "0"): 11, ("0", "1"): 10, ("1", "0"): 55, ("1", "1"): 50}),
        ("T04d.csv", {("0", "9"): 16, ("0", "10"): 15, ("0", "11"): 5}),
    ],
)
def test_steps_are_read_in_the_order_of_time(
    name: str, right: dict[tuple[str, str], float]
) -> None:
    """T04: backwards; T04b: with a hole; T04c: interleaved; T04d: 9, 10, 11 as numbers."""
    assert gains(as_json("gain", name)) == pytest.approx(right, abs=1e-9)


def test_a_hole_in_time_is_said() -> None:
    """T04b: 0, 2, 3."""
    assert as_json("gain", "T04b.csv").notes("jump|hole|gap|skip|missing")


@pytest.mark.parametrize("name", ["T04.csv", "T04c.csv", "T04d.csv"])
def test_a_time_without_holes_is_not_said_to_have_one(name: str) -> None:
    assert not as_json("gain", name).notes("jump|hole|gap|skip|missing")


def test_a_probability_is_taken_before_a_log_probability() -> None:
    """G02: ρ is 0.8 / 0.5 and 0.2 / 0.5, so J is the mean of 1.6, 1.6, 0 and 0."""
    answer = as_json("gradient", "G01.yaml", "--from-data", "G02.csv")

    assert answer.facts["objective_estimated"] == pytest.approx(0.8, abs=1e-9)


@pytest.mark.parametrize(
    "command", [("gradient", "G01.yaml", "--from-data", "G02.csv"), ("check", "G02.csv")]
)
def test_contradictory_probabilities_are_said(command: tuple[str, ...]) -> None:
    """G02: action_prob 0.5, action_logp log 0.25."""
    assert as_json(*command).says("contradict|disagree|differ|do not agree")


def test_a_log_probability_above_0_is_refused() -> None:
    """G05b: +0.77 is the probability 2.16."""
    answer = run("gradient", "G01.yaml", "--from-data", "G05b.csv")

    assert answer.code == 3
    assert answer.notes("probability")


def test_a_log_probability_above_0_is_refused_with_its_place() -> None:
    """G05b: the second row, the third line."""
    answer = run("gradient", "G01.yaml", "--from-data", "G05b.csv")

    assert answer.notes(r"where:.*G05b\.csv.*(row 2|line 3)")


def test_check_finds_what_another_command_refuses() -> None:
    """G05b."""
    answer = as_json("check", "G05b.csv")

    assert answer.code == 3
    assert answer.facts["faults"] >= 1
    assert any("row 2" in row["where"] or "line 3" in row["where"] for row in answer.rows)
