"""A rollout is a trajectory of one step, from its group by its response to its reward."""

from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import rlcalc
from rlcalc.labels import Labels
from rlcalc.readers.read_request import ReadRequest
from rlcalc.readers.rollouts.as_trajectories import UNSCORED, read
from rlcalc.trajectories import Experience, Trajectories
from tests.readers.rollouts.test_dumps import DUMPS, lines


def read_from(path: Path) -> tuple[Trajectories, Experience]:
    experience = Experience(iter(()), Labels(), Labels())
    return read([str(path)], "a trainer", experience, ReadRequest()), experience


def names(labels: Labels, codes: Any) -> list[str]:
    known = list(map(str, labels.names()))
    return [known[code] for code in codes.tolist()]


def answer(group: str, text: str, reward: float | None, step: int = 1, **more: Any) -> Any:
    return {"group": group, "response": text, "reward": reward, "step": step, **more}


def test_every_scored_rollout_is_one_step(tmp_path: Path) -> None:
    path = lines(
        "x.jsonl",
        answer("p", "yes", 1, truncated=True),
        answer("q", "yes", None),
        answer("p", "no", 0),
        answer("q", "no", 0.5),
    )(tmp_path)
    steps, experience = read_from(path)

    assert names(steps.states, steps.state) == ["p", "p", "q"]
    assert names(steps.actions, steps.action) == ["yes", "no", "no"]
    assert steps.reward.tolist() == [1, 0, 0.5]
    assert steps.length.tolist() == [1, 1, 1]
    assert steps.truncated.tolist() == [True, False, False]
    assert steps.terminated.tolist() == [True, True, True]  # nothing follows an answer
    assert any("1 of 3 responses were cut" in note for note in experience.notes)
    assert experience.left_out[UNSCORED] == 1
    assert experience.n_rows == 4


def test_a_group_that_comes_again_is_named_with_its_step(tmp_path: Path) -> None:
    """The policy is another one then, and its value too."""
    path = lines("x.jsonl", *[answer("p", "yes", step, step) for step in (3, 3, 12)])(tmp_path)
    steps, _ = read_from(path)

    assert names(steps.states, steps.state) == ["3/p", "3/p", "12/p"]


@pytest.mark.parametrize("length", [399, 400, 401])
def test_responses_that_begin_alike_are_other_actions(length: int, tmp_path: Path) -> None:
    """Only the beginning of a long one is kept, so its hash tells it apart."""
    texts = ["a" * length, "a" * length + "b", "a" * length + "c", "a" * length]
    path = lines("x.jsonl", *[answer("p", text, 1) for text in texts])(tmp_path)
    steps, _ = read_from(path)
    action = steps.action.tolist()

    assert action[0] == action[3]
    assert len(set(action)) == 3


def test_responses_without_texts_are_numbered_in_their_group(tmp_path: Path) -> None:
    steps, _ = read_from(DUMPS["slime"][1](tmp_path))

    assert names(steps.actions, steps.action) == ["0", "1"]


@given(
    st.lists(
        st.tuples(st.sampled_from("pq"), st.sampled_from("xy"), st.integers(-4, 4)),
        min_size=1, max_size=9,
    )
)  # fmt: skip
def test_values_are_means_over_groups_and_over_equal_responses(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str, int]]
) -> None:
    """V̂ and Q̂ of one-step trajectories, worked out from the rows alone."""
    records = [
        {"input_prompt": p, "output_response": text, "score": reward} for p, text, reward in rows
    ]
    result = rlcalc.estimate(lines("x.jsonl", *records)(tmp_path_factory.mktemp("x")))
    of_group, of_pair = defaultdict(list), defaultdict(list)
    for group, text, reward in rows:
        of_group[group].append(reward)
        of_pair[group, text].append(reward)
    wanted = sorted((np.mean(of_group[g]), np.mean(of_pair[g, x]), x) for g, x in of_pair)
    given = sorted(zip(result["v"], result["q"], map(str, result["action"]), strict=True))

    for (v, q, action), (mean, of_text, text) in zip(given, wanted, strict=True):
        assert (v, q) == pytest.approx((mean, of_text))
        assert action == text


def test_a_response_that_was_cut_has_its_whole_reward(tmp_path: Path) -> None:
    """V̂ is what dr-grpo subtracts, whatever --truncated is, and no note says otherwise."""
    rows = [
        {"example_id": 0, "prompt": "q", "completion": str(i), "reward": i % 2,
         "is_truncated": i > 1} for i in range(4)
    ]  # fmt: skip
    path = lines("x.jsonl", *rows)(tmp_path)
    for policy in ("keep", "drop", "cut"):
        result = rlcalc.estimate(path, of="v", truncated=policy)

        assert result["v"].tolist() == [0.5]
        assert not any("values are too low" in note for note in result.notes)
        assert any("reward is whole" in note for note in result.notes)
