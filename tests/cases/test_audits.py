"""Audits of small dumps: what fits is named as it ran, and what cannot fit is not claimed."""

import json

import pytest

from tests.cases.program import Answer, as_json


def mentions(answer: Answer, estimator: str) -> bool:
    """Whether any fact names the estimator, be it claimed or called too few to tell."""
    return estimator in json.dumps(answer.facts)


def test_rloo_whose_singleton_gets_0_is_found() -> None:
    """L04c: verl's vectorised form zeroes a group of one; its scalar form keeps r."""
    answer = as_json("group", "L04c.csv", "--audit")

    assert answer.code == 0
    assert mentions(answer, "rloo")
    assert (answer.facts["compared"], answer.facts["do_not_fit"]) == (7, 0)
    assert answer.facts["largest_difference"] == pytest.approx(0, abs=1e-9)


def test_rloo_whose_singleton_gets_0_is_verls_too() -> None:
    """L04c."""
    answer = as_json("group", "L04c.csv", "--audit")

    assert answer.notes("verl.*vectori") or "verl" in str(answer.facts["as"])


def test_centring_on_the_batch_without_scale_only_centres() -> None:
    """L05b: the mean of 11 rewards is 19/11."""
    answer = as_json("group", "L05b.csv", "--estimator", "batch", "--scale", "none")

    assert answer.column("advantage") == pytest.approx(
        [reward - 19 / 11 for reward in answer.column("reward")], abs=1e-9
    )


def test_centring_alone_is_not_called_whitened() -> None:
    """L05b: −0.727 is r − μ; whitened it is −0.338, and the label must tell them apart."""
    whitened = as_json("group", "L05b.csv", "--estimator", "batch")
    centred = as_json("group", "L05b.csv", "--estimator", "batch", "--scale", "none")

    assert whitened.column("advantage")[0] == pytest.approx(-0.338, abs=1e-3)
    assert centred.facts["estimator"] != whitened.facts["estimator"]


def test_an_audit_names_the_convention_that_gives_the_numbers() -> None:
    """L05b."""
    whitened = as_json("group", "L05b.csv", "--estimator", "batch").facts["estimator"]
    answer = as_json("group", "L05b.csv", "--audit")

    assert mentions(answer, "batch")
    assert answer.facts["reproduced_by"] != whitened
    assert whitened not in str(answer.facts["fit_as_well"])


def test_a_large_advantage_among_equal_rewards_is_a_finding() -> None:
    """L05c: three rewards of 5 with A = −1.0909."""
    answer = as_json("group", "L05c.csv", "--audit")

    assert answer.code == 4
    assert answer.column("group") == ["q", "q", "q"]
    assert answer.column("trainer_advantage") == pytest.approx([-1.090909] * 3, abs=1e-9)


def test_an_advantage_that_no_rounding_can_make_is_a_foreign_baseline() -> None:
    """L05c: what float32 leaves of the mean of 5, 5, 5 is 0, so no ε makes −1.09 of it."""
    answer = as_json("group", "L05c.csv", "--audit")

    assert "ghost" not in " ".join(answer.column("finding"))
    assert answer.says("baseline|border")


def test_nothing_fits_groups_of_one() -> None:
    """L06: r − r is exact, so 0 is the only advantage that a group of one can have."""
    answer = as_json("group", "L06.jsonl", "--audit")

    assert answer.code != 0
    assert answer.facts["reproduced_by"] in (None, "nothing")
    assert answer.facts["fit"] in (None, 0)


def test_a_window_of_two_is_the_group() -> None:
    """L06: the prompts p1 p2 p1 p2 stand interleaved."""
    answer = as_json("group", "L06.jsonl", "--group-size", "2", "--audit")

    assert answer.code == 0
    assert mentions(answer, "dr-grpo")
    assert (answer.facts["fit"], answer.facts["do_not_fit"]) == (4, 0)


def test_four_numbers_are_too_few_to_tell() -> None:
    """L06: several conventions could have given them."""
    assert as_json("group", "L06.jsonl", "--group-size", "2", "--audit").says("too few")


def test_minus_50_does_not_fit_a_singleton_whose_reward_is_1() -> None:
    """L06y: the other five are r − μ over σ, ε 1e-9."""
    answer = as_json("group", "L06y.csv", "--audit")

    assert answer.code == 4
    assert "c" in answer.column("group")
    assert (answer.facts["largest_difference"] or 0) < 1e-3


def test_a_reward_of_an_empty_response_counts_as_it_stands() -> None:
    """L08: verl left the response out of the baseline, the dump holds it."""
    computed = as_json("group", "L08.csv", "--estimator", "dr-grpo")
    audit = as_json("group", "L08.csv", "--audit")

    assert computed.column("advantage") == pytest.approx([49.5, -49.5, 0.5, -0.5], abs=1e-9)
    assert audit.code == 4
    assert audit.column("group") == ["a", "a"]


def test_empty_responses_can_be_left_out() -> None:
    """L08."""
    answer = as_json("group", "L08.csv", "--estimator", "dr-grpo", "--where", "length > 0")

    assert answer.code == 0
    assert answer.column("reward") == [1, 1, 0]
    assert answer.column("advantage")[1:] == pytest.approx([0.5, -0.5], abs=1e-9)


def test_rows_masked_after_the_estimator_do_not_fit() -> None:
    """L53: both are truncated, with A = 0."""
    answer = as_json("group", "L53.csv", "--audit")

    assert answer.code == 4
    assert answer.facts["reproduced_by"] == "dr-grpo"
    assert (answer.facts["fit"], answer.facts["do_not_fit"]) == (6, 2)
    assert answer.column("group") == ["a", "b"]
    assert answer.column("rollout") == [1, 1]


def test_misfits_that_are_exactly_the_truncated_rollouts_are_said_to_be() -> None:
    """L53."""
    assert as_json("group", "L53.csv", "--audit").notes("truncated")


@pytest.mark.parametrize("named", [(), ("--advantage", "advantage")])
def test_an_advantage_that_the_first_line_lacks_is_audited(named: tuple[str, ...]) -> None:
    """L34s: three of four lines have it."""
    answer = as_json("group", "L34s.jsonl", "--audit", *named)

    assert answer.facts["compared"] == 3
    assert answer.facts["do_not_fit"] == 0
    assert answer.facts["missing"] == 1
    assert mentions(answer, "dr-grpo")
