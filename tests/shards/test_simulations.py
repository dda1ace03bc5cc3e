"""Simulations from shards have the bytes of one run."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import rlcalc
from rlcalc.errors import InputError, UsageError
from rlcalc.shards import simulations
from rlcalc.shards.simulations import blocks_of_a_shard, shards_of


@pytest.mark.parametrize("episodes", [1, 4096, 4097, 20_000])
def test_blocks_of_episodes_give_the_bytes_of_one_run(episodes: int) -> None:
    how = {"seed": 3, "gamma": 0.9}
    one = rlcalc.simulate("student", episodes, rows="summary", **how)  # type: ignore[arg-type]
    n = shards_of(episodes)
    parts = [
        rlcalc.partial("simulate", "student", episodes=episodes, shard=f"{part}/{n}", **how)
        for part in range(1, n + 1)
    ]
    for many in (
        rlcalc.by_shards("simulate", "student", episodes=episodes, jobs=2, **how),
        rlcalc.merge(*parts),
    ):
        assert list(many.rows()) == list(one.rows())
        assert many.plain_facts() == one.plain_facts()
        assert many.sources == one.sources == ("student",)


def test_shards_of_several_blocks_have_the_same_tree(monkeypatch: pytest.MonkeyPatch) -> None:
    one = rlcalc.simulate("rifle", 30_000, rows="summary", seed=1)
    for most in (1, 2, 3, 5):
        monkeypatch.setattr(simulations, "MOST_SHARDS", most)
        many = rlcalc.by_shards("simulate", "rifle", episodes=30_000, seed=1)
        assert list(many.rows()) == list(one.rows())


@settings(max_examples=200)
@given(episodes=st.integers(1, 10**12))
def test_shards_are_few_and_hold_all_episodes(episodes: int) -> None:
    n, size = shards_of(episodes), blocks_of_a_shard(episodes) * 4096

    assert n <= simulations.MOST_SHARDS
    assert (n - 1) * size < episodes <= n * size


def test_a_partial_needs_a_seed_and_a_whole_answer_draws_one() -> None:
    with pytest.raises(UsageError, match="needs a seed"):
        rlcalc.partial("simulate", "student", episodes=100, shard="1/1")
    assert rlcalc.by_shards("simulate", "student", episodes=100).facts["seed"] is not None


def test_a_game_has_no_shards() -> None:
    pytest.importorskip("gymnasium")
    with pytest.raises(InputError, match="played from its first episode to its last"):
        rlcalc.by_shards("simulate", "gym:CartPole-v1", episodes=10, seed=1, settings={"bins": 4})


def test_a_part_without_episodes_is_refused() -> None:
    with pytest.raises(UsageError, match="has no episodes"):
        rlcalc.partial("simulate", "student", episodes=100, seed=1, shard="1/2")
