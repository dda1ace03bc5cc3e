"""The facts about rollouts: each worked out a second way."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import rlcalc
from rlcalc.groups.groups import Groups
from rlcalc.groups.pass_at_k import pass_at_k
from rlcalc.groups.summary import by_pairs, dead_share_at_sizes
from rlcalc.rollouts import Rollouts

rewards = st.sampled_from([0.0, 1.0, 0.5])


def facts(rollouts: Rollouts, **options: object) -> dict[str, object]:
    return dict(rlcalc.group(rollouts, rows="summary", **options).facts)  # type: ignore[arg-type]


@given(
    st.lists(st.lists(rewards, min_size=4, max_size=4), min_size=2, max_size=5),
    st.integers(2, 4),
)
def test_dead_shares_at_smaller_sizes_are_an_enumeration(
    groups: list[list[float]], size: int
) -> None:
    rollouts = Rollouts.from_arrays(np.repeat(np.arange(len(groups)), 4), np.ravel(groups))
    every = [len(set(draw)) == 1 for group in groups for draw in combinations(group, size)]

    share, n = dead_share_at_sizes(Groups(rollouts), [size])[size]

    assert share == pytest.approx(np.mean(every))
    assert n == len(groups)


@given(st.lists(st.lists(rewards, min_size=2, max_size=6), min_size=2, max_size=6))
def test_smaller_groups_count_in_dead_shares_with_all_that_they_have(
    groups: list[list[float]],
) -> None:
    name = np.repeat(np.arange(len(groups)), [len(group) for group in groups])
    found = Groups(Rollouts.from_arrays(name, np.concatenate(groups)))
    for size in range(2, 9):
        draws = [combinations(group, min(size, len(group))) for group in groups]
        each = [np.mean([len(set(draw)) == 1 for draw in of_group]) for of_group in draws]
        share, n = dead_share_at_sizes(found, [size])[size]

        assert share == pytest.approx(np.mean(each))
        assert n == sum(len(group) >= size for group in groups)


@given(
    st.lists(st.lists(st.floats(-3, 3) | rewards, min_size=1, max_size=9), min_size=1, max_size=9)
)
def test_the_dead_share_does_not_rise_with_the_size(groups: list[list[float]]) -> None:
    """A draw of G + 1 equal rewards holds G equal ones."""
    name = np.repeat(np.arange(len(groups)), [len(group) for group in groups])
    found = Groups(Rollouts.from_arrays(name, np.concatenate(groups)))
    shares = [share for share, _ in dead_share_at_sizes(found, list(range(2, 40))).values()]

    assert shares == sorted(shares, reverse=True)


def test_beyond_its_size_a_mixed_group_only_bounds_the_dead_share() -> None:
    """One right and one wrong: 4 rollouts may be dead for all we know, but no more often than 2."""
    found = facts(Rollouts.from_arrays(["a", "a"], [0, 1]))

    assert (found["dead_at_2"], found["dead_at_4"]) == (0, 0)
    assert "dead_at_2_is_bound" not in found
    assert found["dead_at_4_is_bound"] is True


def test_rewards_that_all_differ_are_dead_at_no_size() -> None:
    found = facts(Rollouts.from_arrays([0] * 8, np.linspace(0.1, 0.9, 8)))

    assert {value for name, value in found.items() if name in ("dead_at_2", "dead_at_8")} == {0}


def test_dead_now_is_dead_at_the_present_size() -> None:
    """A judge's 2/3 in float32 and in float64 is one reward here too."""
    judged = [2 / 3, float(np.float32(2 / 3))]
    found = facts(Rollouts.from_arrays([0, 0, 1, 1], [*judged, 0.0, 1.0]))

    assert found["dead_share"] == found["dead_at_2"] == 0.5


def test_facts_say_over_how_many_groups_they_are() -> None:
    rollouts = Rollouts.from_arrays([0] * 4 + [1] * 4 + [2] * 2, [1, 0, 0, 0, 1, 1, 0, 0, 1, 0])
    found = facts(rollouts)

    assert found["pass_at_4"] == 1
    assert found["pass_at_4_groups"] == found["dead_at_4_groups"] == 2
    assert "pass_at_2_groups" not in found
    assert "do not compare the values as one curve" in " ".join(
        rlcalc.group(rollouts, rows="summary").notes
    )


@given(st.lists(st.lists(rewards, min_size=1, max_size=4), min_size=2, max_size=8))
def test_the_line_of_a_step_says_what_the_facts_say(groups: list[list[float]]) -> None:
    name = np.repeat(np.arange(len(groups)), [len(group) for group in groups])
    result = rlcalc.group(Rollouts.from_arrays(name, np.concatenate(groups)), rows="summary")
    line = next(iter(result.rows()))

    assert line["pass_at_1"] == pytest.approx(result.facts["pass_at_1"])
    assert line["reward"] == pytest.approx(result.facts["reward_mean"])
    assert line["dead_share"] == result.facts.get("dead_share")


def test_a_prompt_in_several_steps_is_one_cluster() -> None:
    """The same two prompts twice tell no more than two prompts."""
    group, reward = ["a", "b"] * 2, [0.0, 1.0] * 2
    once = facts(Rollouts.from_arrays(group, reward))
    twice = facts(Rollouts.from_arrays(group, reward, step=[1, 1, 2, 2]))

    assert once["reward_se"] == twice["reward_se"]


def test_lengths_and_the_share_of_the_gradient() -> None:
    rollouts = Rollouts.from_arrays(
        [0] * 4, [1, 1, 0, 0], length=[1, 1, 1, 5], truncated=[False, False, False, True]
    )
    found = facts(rollouts)

    assert found["length_right"] == 1
    assert found["length_wrong"] == 3
    assert found["truncated_share"] == 0.25
    assert found["truncated_of_wrong"] == 0.5
    assert found["token_mean_share_of_wrong"] == pytest.approx(6 / 8)
    assert found["sequence_mean_share_of_wrong"] == pytest.approx(1 / 2)
    assert found["token_mean_share_of_longest_quarter"] == pytest.approx(5 / 8)


def test_judge_noise_is_a_spread_over_equal_responses() -> None:
    rollouts = Rollouts.from_arrays([0] * 4, [1.0, 0.25, 1.0, 1.0])
    held = {name: getattr(rollouts, name) for name in rollouts.__dataclass_fields__}
    found = facts(Rollouts(**{**held, "response": np.array([7, 7, 8, 8], np.uint64)}))

    assert found["repeated_responses"] == 2
    assert found["judged_differently"] == 1
    assert found["judge_noise"] == 0.75


def test_a_line_a_step() -> None:
    rollouts = Rollouts.from_arrays(
        ["a", "a", "b", "b"], [1, 0, 1, 1], step=[2, 2, 1, 1], length=[1, 3, 2, 2]
    )
    rows = list(rlcalc.group(rollouts, rows="summary").rows())

    assert [row["step"] for row in rows] == [1, 2]
    assert [row["reward"] for row in rows] == [1, 0.5]
    assert [row["too_easy_share"] for row in rows] == [1, 0]
    assert [row["length"] for row in rows] == [2, 2]


def test_nothing_scored_is_still_an_answer() -> None:
    found = facts(Rollouts.from_arrays([0, 0], [np.nan, np.nan]))

    assert found["unscored"] == 2
    assert found["dead"] == 0
    for rows in ("rollouts", "groups"):
        assert len(rlcalc.group(Rollouts.from_arrays([0, 0], [np.nan] * 2), rows=rows))  # type: ignore[arg-type]


def test_the_threshold_of_success_is_seen() -> None:
    rollouts = Rollouts.from_arrays([0, 0], [0.5, 0.2])

    assert facts(rollouts, success=0.5)["pass_at_1"] == 0.5
    assert facts(rollouts, success=0.5)["success"] == "reward >= 0.5"


def test_pass_at_k_of_another_scale_is_not_0_but_not_known() -> None:
    """0.5 may well be full marks: the note names it, and the option that says so."""
    result = rlcalc.group(Rollouts.from_arrays([0, 0], [0.5, 0.2], length=[1, 2]), rows="summary")
    rates = rlcalc.group(Rollouts.from_arrays([0, 0], [0.5, 0.2]), rows="groups")["pass_rate"]

    assert result.facts["pass_at_1"] is result.facts["pass_all_2"] is None
    assert result.facts["length_wrong"] is None
    assert np.isnan([*result["pass_at_1"], *rates]).all()
    assert (
        "no reward reaches --success 1, so pass@k is not known: the largest is 0.5; set --success "
        "to the smallest reward that is a success, such as --success 0.5"
    ) in result.notes


def test_pass_at_k_is_0_where_all_rewards_are_0() -> None:
    result = rlcalc.group(Rollouts.from_arrays([0, 0], [0.0, 0.0]), rows="summary")

    assert result.facts["pass_at_1"] == 0
    assert not any("no reward reaches" in note for note in result.notes)


@given(st.lists(st.tuples(st.integers(1, 5), st.integers(0, 5)), min_size=1, max_size=90))
def test_what_many_groups_share_is_worked_out_once_and_the_same(
    pairs: list[tuple[int, int]],
) -> None:
    size, right = np.array([(n, min(n, c)) for n, c in pairs]).T
    for k in range(1, 7):
        chance = by_pairs(pass_at_k, size, right, k)

        np.testing.assert_array_equal(chance, pass_at_k(size, right, k))
