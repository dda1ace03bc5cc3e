"""Real logs, and a second route to the same numbers: group-bys, and the exact values of a world."""

from pathlib import Path

import gymnasium
import numpy as np
import polars as pl

import rlcalc

ARMS = {"state": "position", "action": "item_id", "reward": "click"}


def test_a_shop_is_a_bandit(data: Path) -> None:
    for name in ("random-men", "bts-men"):
        path = data / "open-bandit" / f"{name}.csv"
        result = rlcalc.estimate(path, one_step=True, columns=ARMS)
        second = (
            pl.read_csv(path)
            .group_by("position", "item_id", maintain_order=True)
            .agg(
                n=pl.len(),
                q=pl.col("click").mean(),
                se=pl.col("click").std() / pl.len().sqrt(),
            )
        )
        mine = result.to_polars().join(
            second, left_on=["state", "action"], right_on=["position", "item_id"], validate="1:1"
        )

        assert len(mine) == len(second)
        assert (mine["n"] == mine["n_right"]).all()
        np.testing.assert_allclose(mine["q"], mine["q_right"], atol=1e-14)
        several = mine.filter(pl.col("n") > 1)
        np.testing.assert_allclose(several["q_se"], several["se"], atol=1e-14)


def test_blackjack_is_its_group_by(data: Path) -> None:
    """γ = 1 and only the last reward is not 0, so every gain is the game's result."""
    path = data / "gymnasium" / "blackjack-stick-on-20.parquet"
    steps = pl.read_parquet(path).with_columns(gain=pl.col("reward").sum().over("episode"))
    for visit in ("first", "every"):
        result = rlcalc.estimate(path, visit=visit, of="v").to_polars()  # type: ignore[arg-type]
        rows = steps if visit == "every" else steps.unique(["episode", "observation"])
        second = rows.group_by("observation").agg(
            n=pl.len(), v=pl.col("gain").mean(), se=pl.col("gain").std() / pl.len().sqrt()
        )
        both = result.join(second, left_on="state", right_on="observation", validate="1:1")

        assert len(both) == len(second) == len(result)
        assert (both["v_n"] == both["n"]).all()
        np.testing.assert_allclose(both["v"], both["v_right"], atol=1e-12)
        if visit == "first":
            several = both.filter(pl.col("n") > 1)
            np.testing.assert_allclose(several["v_se"], several["se"], atol=1e-12)


def table() -> dict[int, dict[int, list[tuple[float, int, float, bool]]]]:
    world = gymnasium.make("FrozenLake-v1", map_name="4x4", is_slippery=True)
    return world.unwrapped.P  # type: ignore[attr-defined, no-any-return]


def backup(value: np.ndarray, gamma: float) -> np.ndarray:
    """One step of the uniform policy, from Gymnasium's own table."""
    return np.array(
        [
            np.mean(
                [
                    sum(p * (r + gamma * value[s2] * (not end)) for p, s2, r, end in outcomes)
                    for outcomes in actions.values()
                ]
            )
            for actions in table().values()
        ]
    )


def test_the_lake_from_its_start_is_exact(data: Path) -> None:
    """Walks are cut after 20 steps, so the mean gain from the start is V with 20 steps to go."""
    value = np.zeros(16)
    for _ in range(20):
        value = backup(value, 1.0)
    facts = rlcalc.estimate(data / "gymnasium" / "frozenlake-uniform-limit20.parquet").facts

    assert abs(facts["start_value"] - value[0]) < 3 * facts["start_value_se"]  # type: ignore[operator]


def test_the_lake_is_exact_in_every_state_where_the_cut_is_far(data: Path) -> None:
    """γ = 0.5 and only steps that miss at most 0.001: V, Q and A of 11 states and 44 pairs."""
    value = np.zeros(16)
    for _ in range(200):
        value = backup(value, 0.5)
    path = data / "gymnasium" / "frozenlake-uniform-limit20.parquet"
    for visit in ("first", "every"):
        result = rlcalc.estimate(path, gamma=0.5, truncated="cut:0.001", visit=visit)  # type: ignore[arg-type]
        s, a = result["state"].astype(int), result["action"].astype(int)
        action_value = np.array(
            [
                sum(
                    p * (r + 0.5 * value[s2] * (not end))
                    for p, s2, r, end in table()[int(state)][int(action)]
                )
                for state, action in zip(s, a, strict=True)
            ]
        )
        for name, true in (
            ("v", value[s]),
            ("q", action_value),
            ("a", action_value - value[s]),
        ):
            error = np.abs(result[name] - true)

            assert (error <= 4.5 * result[f"{name}_se"] + 1e-3).all(), name
            assert np.mean(error <= 2 * result[f"{name}_se"]) > 0.8, name
