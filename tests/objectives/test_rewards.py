import numpy as np
import polars as pl
import pytest

import rlcalc
from rlcalc.errors import InputError

LOG = [[-1.0, -2.0], [-0.5], [-1.5], [-0.7]]
FRAME = pl.DataFrame(
    {"log_probs": LOG, "group": ["a", "b", "a", "b"], "reward": [1.0, 0.0, 0.0, 4.0]}
)


def test_an_estimator_gives_the_advantages_that_group_gives() -> None:
    """Groups whose rollouts stand apart: a 1, 0 and b 0, 4; r − μ is ±0.5 and ∓2."""
    tokens = rlcalc.objective(FRAME, estimator="dr-grpo")
    grouped = rlcalc.group({"group": list("abab"), "reward": FRAME["reward"]}, "grpo")
    scaled = rlcalc.objective(FRAME, estimator="grpo", rows="rollouts")

    assert tokens["advantage"].tolist() == [0.5, 0.5, -2.0, -0.5, 2.0]
    assert sorted(scaled["advantage"]) == pytest.approx(sorted(grouped["advantage"]))


def test_kl_in_the_reward_is_taken_from_it_before_the_baseline() -> None:
    """r_i − β Σ_t (log π_old − log π_ref): 1 − 0.1 · 0.8 for the first, whose mate has none."""
    ref = [[-1.5, -2.3], [-0.5], [-1.5], [-0.7]]
    frame = FRAME.with_columns(ref_log_probs=pl.Series(ref))
    result = rlcalc.objective(frame, estimator="dr-grpo", kl="k1", beta=0.1, kl_in="reward")
    rewards = np.array([1 - 0.1 * 0.8, 0.0])

    assert result["advantage"][0] == pytest.approx(rewards[0] - rewards.mean())
    assert result.facts["kl_loss"] == 0.0


def test_an_unscored_rollout_is_masked() -> None:
    frame = FRAME.with_columns(reward=pl.Series([1.0, 0.0, None, 4.0]))
    result = rlcalc.objective(frame, estimator="dr-grpo")

    assert result["region"].tolist()[3] == "masked"


@pytest.mark.parametrize(
    ("frame", "message"),
    [(FRAME.drop("reward"), "no rewards"), (FRAME.drop("group"), "identifies the groups")],
)
def test_without_rewards_or_groups_there_are_no_advantages(
    frame: pl.DataFrame, message: str
) -> None:
    with pytest.raises(InputError, match=message):
        rlcalc.objective(frame, estimator="grpo")


def test_without_advantages_the_error_offers_an_estimator() -> None:
    with pytest.raises(InputError, match="there is no advantage") as error:
        rlcalc.objective(FRAME)
    assert "--estimator grpo" in error.value.faults[0].fix


def test_groups_may_be_blocks_of_rows() -> None:
    result = rlcalc.objective(FRAME.drop("group"), estimator="dr-grpo", group_size=2)

    assert result["advantage"].tolist() == [0.5, 0.5, -0.5, -2.0, 2.0]
