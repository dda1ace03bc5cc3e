"""Gymnasium: its own tables, and environments that are only played, beside its own loop."""

import sys
import warnings
from typing import Any
from unittest import mock

import gymnasium
import numpy as np
import pytest

import rlcalc
from rlcalc.environments import load
from rlcalc.environments.gym import GymnasiumGame, observation_labeller
from rlcalc.errors import InputError
from rlcalc.readers.models.gym_table import mdp_of_gym_table
from tests.conftest import Shell

TABLES = ("FrozenLake-v1", "CliffWalking-v1", "Taxi-v4")


def value_iteration(table: Any, gamma: float, sweeps: int) -> np.ndarray:
    """As Gymnasium's own documents do it: what follows a terminated transition is worth nothing."""
    value = np.zeros(len(table))
    for _ in range(sweeps):
        value = np.array(
            [
                max(
                    sum(
                        p * (r + gamma * value[after] * (not over))
                        for p, after, r, over in outcomes
                    )
                    for outcomes in table[s].values()
                )
                for s in range(len(table))
            ]
        )
    return value


@pytest.mark.parametrize("name", TABLES)
def test_the_values_are_those_of_its_own_table(name: str) -> None:
    table = gymnasium.make(name).unwrapped.P  # type: ignore[attr-defined]
    result = rlcalc.solve(f"gym:{name}", gamma=0.9)
    exact = value_iteration(table, 0.9, 300)

    for state, value in zip(result["state"].tolist(), result["v"].tolist(), strict=True):
        assert value == pytest.approx(exact[int(str(state).removesuffix(" (end)"))], abs=1e-8)


def test_the_lake_is_the_shipped_one() -> None:
    known = rlcalc.solve("frozen-lake", gamma=0.99).facts["start_value"]

    assert rlcalc.solve("gym:FrozenLake-v1", gamma=0.99).facts["start_value"] == pytest.approx(
        known
    )


def test_options_stand_behind_the_name_or_are_set() -> None:
    one = load.load_mdp("gym:FrozenLake-v1,is_slippery=false,map_name=8x8")
    two = load.load_mdp("gym:FrozenLake-v1", settings={"is_slippery": False, "map_name": "8x8"})

    assert one.n_states == 64
    assert one.next_state_certain
    assert (one.next_state == two.next_state).all()


def test_a_state_that_is_also_passed_through_has_a_twin_that_ends() -> None:
    """From 0 one goes on to 1, or ends there; from 1 back to 0. At gamma 1/2: V(0) = 1 + V(1)/2."""
    table = {
        0: {0: [(1.0, 1, 1.0, False)], 1: [(1.0, 1, 1.0, True)]},
        1: {0: [(1.0, 0, 0.0, False)]},
    }
    mdp = mdp_of_gym_table(table, np.array([1.0, 0.0]))
    result = rlcalc.solve(mdp, gamma=0.5)

    assert mdp.states.texts == ["0", "1", "1 (end)"]
    assert result["q"].tolist() == pytest.approx([4 / 3, 1, 2 / 3])


def test_blackjack_is_worth_what_its_own_loop_says() -> None:
    """The other route: Gymnasium's own environment, one at a time, with its own random actions."""
    env = gymnasium.make("Blackjack-v1")
    env.reset(seed=3)
    env.action_space.seed(3)
    gains = []
    for _ in range(4000):
        env.reset()
        over = False
        while not over:
            _, reward, terminated, truncated, _ = env.step(env.action_space.sample())
            over = terminated or truncated
        gains.append(float(reward))
    result = rlcalc.simulate("gym:Blackjack-v1", 4000, rows="summary", seed=1)
    error = np.hypot(result["se"][0], np.std(gains) / np.sqrt(len(gains)))

    assert result.facts["terminated"] == 4000
    assert abs(result["mean"][0] - np.mean(gains)) < 4 * error


def test_rewards_of_a_pole_count_its_steps_and_resets_are_none() -> None:
    """One a step: an autoreset row that slipped in would have 0."""
    batch = rlcalc.simulate("gym:CartPole-v1", 100, seed=2, settings={"bins": 3}).whole()

    assert len(batch) == 100
    assert (batch.reward == 1).all()
    assert batch.terminated.all()
    assert set(batch.actions.named(batch.action)) == {0, 1}


def test_the_end_of_time_is_no_end_of_the_world() -> None:
    own = rlcalc.simulate("gym:MountainCar-v0", 3, seed=2, settings={"bins": 3}).whole()
    ours = rlcalc.simulate(
        "gym:MountainCar-v0", 3, seed=2, max_steps=7, settings={"bins": 3}
    ).whole()

    assert own.truncated.all()
    assert own.length.tolist() == [200] * 3
    assert ours.length.tolist() == [7] * 3
    assert not ours.terminated.any()


def test_the_first_episodes_are_the_same_however_many_there_are() -> None:
    few = rlcalc.simulate("gym:Blackjack-v1", 20, seed=4).whole()
    many = rlcalc.simulate("gym:Blackjack-v1", 100, seed=4).whole().cut(0, 20)

    assert few.states.named(few.state).tolist() == many.states.named(many.state).tolist()
    assert few.reward.tolist() == many.reward.tolist()


def test_a_function_is_a_policy() -> None:
    seen = []

    def stick_on_seventeen(observation: Any) -> int:
        seen.append(observation)
        return int(observation[0] < 17)

    batch = rlcalc.simulate("gym:Blackjack-v1", 50, seed=4, policy=stick_on_seventeen).whole()
    totals = [int(str(text)[1:].split(",")[0]) for text in batch.states.named(batch.state)]

    assert batch.action.tolist() == [int(total < 17) for total in totals]
    assert len(seen) >= batch.n_steps
    with pytest.raises(InputError, match="does not exist"):
        rlcalc.simulate("gym:Blackjack-v1", 5, policy=lambda _: 7).whole()


def test_bins_have_equal_width_between_bounds_and_in_arctan_without() -> None:
    box = gymnasium.spaces.Box(np.array([0, -np.inf]), np.array([1, np.inf]), dtype=np.float64)
    label = observation_labeller(box, 4, "box")

    assert label(np.array([0.0, -1e9])) == "(0, 0)"
    assert label(np.array([0.3, -0.5])) == "(1, 1)"
    assert label(np.array([1.0, 1.5])) == "(3, 3)"


def test_what_cannot_be_labelled_says_how() -> None:
    for name, what in (
        ("CartPole-v1", "--bins"),
        ("Pendulum-v1", "discrete actions"),
        ("Blakjack-v1", "Did you mean"),
        ("os:FrozenLake-v1", "names a module"),
        ("FrozenLake-v1,is_slippy=1", "unexpected keyword"),
    ):
        with pytest.raises(InputError) as error:
            rlcalc.simulate(f"gym:{name}", 1)
        assert what in str(error.value), name


def test_options_that_would_do_nothing_are_refused() -> None:
    for name, settings, what in (
        ("gym:FrozenLake-v1", {"bins": 3}, "bins do not apply"),
        ("gym:Blackjack-v1", {"bins": 3}, "bins do not apply"),
        ("gym:CartPole-v1", {"bins": 10**7}, "from 1 to 1,000,000"),
        ("gym:CartPole-v1", {"bins": 3, "max_episode_steps": 9}, "--max-steps"),
        ("gym:FrozenLake-v1", {"max_episode_steps": 9}, "--max-steps"),
    ):
        with pytest.raises(InputError, match=what):
            rlcalc.simulate(name, 3, settings=settings)


def test_what_an_environment_raises_is_no_bug_of_ours() -> None:
    with pytest.raises(InputError, match="cannot make FrozenLake-v1: KeyError: '9x9'"):
        rlcalc.simulate("gym:FrozenLake-v1", 3, settings={"map_name": "9x9"})
    pole = "gymnasium.envs.classic_control.CartPoleEnv"
    for name, what in (
        ("reset", "CartPole-v1 cannot be reset"),
        ("step", "a step of CartPole-v1 failed"),
    ):
        broken = mock.patch(f"{pole}.{name}", side_effect=OSError)
        with broken, pytest.raises(InputError, match=f"{what}: OSError"):
            rlcalc.simulate("gym:CartPole-v1", 3, settings={"bins": 3}).whole()


def test_what_has_no_table_is_not_solved() -> None:
    with pytest.raises(InputError, match="no table of transitions"):
        rlcalc.solve("gym:Blackjack-v1")
    with pytest.raises(InputError, match="use one of its policies: uniform"):
        rlcalc.simulate("gym:Blackjack-v1", 1, policy="optimal")
    assert isinstance(load.load_world("gym:Blackjack-v1"), GymnasiumGame)


def test_without_gymnasium_the_extra_is_named(
    rlcalc: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "gymnasium", None)
    with warnings.catch_warnings(), pytest.raises(InputError, match=r"rlcalc\[gym\]"):
        load.load_world("gym:FrozenLake-v1")
