"""Small dumps of rollouts: every column, line and step counts once, and oddities are said."""

import re

import pytest

from tests.cases.program import as_json, run

SUMMARY = ("--rows", "summary")
GSM8K = "samples_gsm8k_2026-01-01.jsonl"


def test_maxrl_of_a_negative_mean_is_0() -> None:
    """L17: (r − μ) / μ would turn every sign."""
    answer = as_json("group", "L17.csv", "--estimator", "maxrl")

    assert answer.column("advantage") == [0, 0, 0]


def test_maxrl_of_a_negative_mean_says_so() -> None:
    """L17."""
    answer = as_json("group", "L17.csv", "--estimator", "maxrl")

    assert answer.notes("mean|μ")
    assert "-0.0" not in answer.stdout


def test_a_group_that_shaping_alone_tells_apart_is_not_dead() -> None:
    """L24: all of a fail, yet their rewards differ by a term of the length."""
    answer = as_json("group", "L24.csv", *SUMMARY)

    assert (answer.facts["dead"], answer.facts["mixed"]) == (0, 2)
    assert answer.facts["pass_at_1"] == pytest.approx(0.25, abs=1e-9)


def test_a_group_that_fails_whole_and_yet_gets_gradient_is_said() -> None:
    """L24."""
    assert as_json("group", "L24.csv").notes("success|fail")


def test_a_length_that_the_first_line_lacks_is_read() -> None:
    """L34s: 7, 3 and 3."""
    answer = as_json("group", "L34s.jsonl", *SUMMARY)

    assert answer.facts["length_mean"] == pytest.approx(13 / 3, abs=1e-9)
    assert answer.facts["length_max"] == 7


def test_a_flag_written_only_where_it_is_true_is_read() -> None:
    """L34r: `truncated` stands on one line of four."""
    answer = as_json("group", "L34r.jsonl", *SUMMARY)

    assert answer.facts["truncated_share"] == pytest.approx(0.25, abs=1e-9)
    assert answer.facts["length_max"] == 99


def test_true_and_false_in_csv_are_rewards_of_1_and_0() -> None:
    """L40T."""
    grouped = as_json("group", "L40T.csv")

    assert grouped.column("reward") == [1, 0, 1, 0]


def test_true_and_false_in_csv_are_rewards_of_steps_too() -> None:
    """L40T."""
    steps = as_json("gain", "L40T.csv", "--one-step", "--columns", "state=group,action=group")

    assert steps.column("gain") == [1, 0, 1, 0]


@pytest.mark.parametrize("name", ["score.score", "score.acc"])
def test_a_reward_inside_a_score_can_be_named(name: str) -> None:
    """L42: score is {score: 1.0, acc: true}."""
    answer = as_json("group", "L42.jsonl", "--reward", name)

    assert answer.column("reward") == [1, 0]
    assert answer.column("advantage") == pytest.approx(
        [0.5 / (0.5**0.5 + 1e-6), -0.5 / (0.5**0.5 + 1e-6)], abs=1e-9
    )


def test_a_score_with_several_numbers_suggests_to_name_one() -> None:
    """L42."""
    answer = as_json("group", "L42.jsonl")

    assert answer.code == 3
    assert answer.notes(r"fix:.*--reward score\.(score|acc)")


def test_a_step_logged_twice_keeps_its_groups_apart() -> None:
    """L48: the second line of step 2 has other rewards."""
    answer = as_json("group", "L48.jsonl", "--rows", "groups")

    assert [str(step) for step in answer.column("step")] == ["1", "2", "2", "3"]
    assert answer.column("mean") == pytest.approx([0.5, 1, 0, 0.5], abs=1e-9)


def test_a_step_logged_twice_is_said() -> None:
    """L48."""
    answer = as_json("group", "L48.jsonl", "--rows", "groups")

    assert answer.notes("step.*(twice|again|repeat|2 times|more than once)")


def test_a_spread_far_below_the_mean_keeps_its_digits() -> None:
    """L59: 1e9 + {0, 1}."""
    advantage = 0.5 / (3**-0.5 + 1e-6)
    far = as_json("group", "L59.csv").column("advantage")
    equal = as_json("group", "L59b.csv").column("advantage")

    assert far == pytest.approx([advantage, -advantage, -advantage, advantage], abs=1e-9)
    assert equal == [0, 0, 0]


@pytest.mark.parametrize(
    "name",
    [
        "L59.csv",
        "L59b.csv",
    ],
)
def test_the_arithmetic_that_why_prints_is_true(name: str) -> None:
    """L59, L59b: what is shown of (r − μ) / (σ + ε) gives A to six digits."""
    answer = as_json("group", name, "--why", "a")
    number = r"-?\d[\d,.]*(?:e[+-]?\d+)?"

    for row in answer.rows:
        shown = [float(n.replace(",", "")) for n in re.findall(number, row["arithmetic"])]
        reward, mean, deviation, epsilon = shown[:4]
        assert (reward - mean) / (deviation + epsilon) == pytest.approx(row["advantage"], rel=1e-5)


@pytest.mark.parametrize(("name", "right"), [("strict-match", 1), ("flexible-extract", 2)])
def test_one_filter_of_an_evaluation_can_be_read(name: str, right: int) -> None:
    """lm-eval: 3 answers, each logged once per filter."""
    answer = as_json("group", GSM8K, *SUMMARY, "--filter", name)

    assert answer.code == 0
    assert (answer.facts["rollouts"], answer.facts["groups"]) == (3, 3)
    assert answer.facts["pass_at_1"] == pytest.approx(right / 3, abs=1e-9)
    assert "pass_at_2" not in answer.facts


def test_two_filters_are_not_two_rollouts() -> None:
    """lm-eval: one filter is taken and named, or the user is asked which."""
    answer = as_json("group", GSM8K, *SUMMARY)

    assert answer.says("strict-match")
    assert answer.notes("--filter")
    assert answer.code in (2, 3) or answer.facts["rollouts"] == 3


def test_four_repeats_that_were_scored_once_are_one_rollout() -> None:
    """lm-eval: `resps` holds four answers, the line one score."""
    answer = as_json("group", "samples_rep_2026-01-01.jsonl", *SUMMARY)

    assert (answer.facts["rollouts"], answer.facts["groups"]) == (2, 2)
    assert answer.facts["pass_at_1"] == pytest.approx(0.5, abs=1e-9)


def test_a_table_in_the_terminal_says_the_same() -> None:
    """L24, without --format json."""
    shown = run("group", "L24.csv").stdout

    assert re.search(r"\n  k +1 .*\n  pass@k +0\.25 ", shown)
