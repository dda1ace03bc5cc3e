"""What a source is: counts that fit on paper, and every fault as a row."""

from dataclasses import replace
from statistics import median_low
from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import rlcalc
from rlcalc.errors import Fault, InputError
from rlcalc.mdp import MDP
from rlcalc.readers.describe import describe, describe_model, describe_rollouts
from rlcalc.rollouts import Rollouts
from rlcalc.trajectories import Experience
from tests import reference
from tests.solvers.models import mdp_of
from tests.strategies import batches

MODEL = mdp_of({(0, 0): [(1, 0.5, -2.0), (0, 0.5, 3.0)], (1, 0): [(2, 1.0, 1.0)]}, 3)
FAULTS = [Fault("one", "line 1", "mend it"), Fault("two", "line 2")]


@given(batches())
def test_counts_are_those_of_the_lists(trajectories: list[reference.Trajectory]) -> None:
    facts = describe(Experience.of(reference.arrays(trajectories))).facts
    lengths = [len(trajectory) for trajectory in trajectories]
    rewards = [reward for trajectory in trajectories for _, _, reward in trajectory]
    states = {state for trajectory in trajectories for state, _, _ in trajectory}

    assert (facts["trajectories"], facts["steps"]) == (len(lengths), sum(lengths))
    assert (facts["length_min"], facts["length_max"]) == (min(lengths), max(lengths))
    assert facts["length_median"] == median_low(lengths)
    assert (facts["reward_min"], facts["reward_max"]) == (min(rewards), max(rewards))
    assert facts["states"] == len(states)


def test_every_trajectory_ends_in_one_way() -> None:
    """One that is terminated and truncated at once counts as terminated."""
    flags = {"terminated": [1, 1, 0, 0], "truncated": [0, 1, 1, 0]}
    walks = reference.arrays([[("a", "x", 1.0)]] * 4, **flags)
    facts = describe(Experience.of(walks)).facts

    assert [facts[end] for end in ("terminated", "truncated", "unknown")] == [2, 1, 1]


def test_what_only_some_batches_give_is_not_told_as_given() -> None:
    with_value = reference.arrays([[("a", "x", 1.0)]], value=[0.5], log_prob=[-1.0])
    without = replace(with_value, value=None)
    both = Experience(iter([with_value, without]), with_value.states, with_value.actions)

    assert describe(Experience.of(with_value)).facts["also_given"] == "value, log_prob"
    assert describe(both).facts["also_given"] == "log_prob"


def test_faults_become_rows_and_nothing_read_has_no_numbers() -> None:
    walks = reference.arrays([[("a", "x", 1.0)]])
    experience = Experience(iter(()), walks.states, walks.actions, faults=list(FAULTS))
    experience.disagreement = Fault("gamma differs", "b.json", "give --gamma")
    result = describe(experience)

    assert result.title == "3 faults"
    assert result.facts["faults"] == 3
    assert result["what"].tolist() == ["one", "two", "gamma differs"]
    assert result["where"].tolist() == ["line 1", "line 2", "b.json"]
    assert result["fix"].tolist() == ["mend it", "", "give --gamma"]
    assert [result.facts[name] for name in ("length_median", "reward_min")] == [None, None]


@pytest.mark.parametrize(
    ("start", "expected"), [(None, None), (np.array([0.5, 0.0, 0.5]), 2)], ids=["none", "two"]
)
def test_a_model_is_counted(start: np.ndarray | None, expected: int | None) -> None:
    """Two pairs with three outcomes; state 2 is terminal."""
    facts = describe_model(lambda: replace(MODEL, start=start, gamma=0.9)).facts

    assert [facts[name] for name in ("states", "terminal", "actions")] == [3, 1, 1]
    assert [facts[name] for name in ("pairs", "outcomes")] == [2, 3]
    assert (facts["reward_min"], facts["reward_max"]) == (-2, 3)
    assert (facts["next_state_certain"], facts["own_policy"]) == (False, False)
    assert (facts["start_states"], facts["gamma"], facts["faults"]) == (expected, 0.9, 0)


def test_a_model_that_cannot_be_read_is_its_faults() -> None:
    def read() -> MDP:
        raise InputError.of(FAULTS)

    for result in (describe_model(read), describe_rollouts(read, "trl")):  # type: ignore[arg-type]
        assert result.title == "2 faults"
        assert result.facts["faults"] == 2
        assert result["what"].tolist() == ["one", "two"]


def test_a_world_that_is_only_played_says_why_it_is_not_listed() -> None:
    world = SimpleNamespace(name="game", why="too many states", gamma=1.0)
    result = describe_model(lambda: world)

    assert result.title == "A world that is played"
    assert result.facts["not_listed"] == "too many states"


def test_rollouts_without_a_reward_are_counted_apart() -> None:
    rollouts = Rollouts.from_arrays(["a", "a", "b"], [1.0, np.nan, -0.5], step=[1, 1, 2])
    told = replace(rollouts, facts={"format": "trl", "grouped_by": "prompt"})
    result = describe_rollouts(lambda: told, "trl")

    assert [result.facts[n] for n in ("rollouts", "groups", "steps")] == [3, 2, 2]
    assert [result.facts[n] for n in ("scored", "unscored")] == [2, 1]
    assert (result.facts["reward_min"], result.facts["reward_max"]) == (-0.5, 1)
    assert result.notes[-1] == "rlcalc group reads them"


def test_check_says_which_commands_refuse_what_is_no_fault() -> None:
    """Each of them really refuses it, and the other commands do not."""
    steps = {"episode": [0, 0], "state": ["a", "b"], "action": ["x", "x"], "reward": [1.0, 2.0]}
    huge = pl.DataFrame(steps | {"reward": [1e160, 1.0]})
    cut = pl.DataFrame(steps | {"truncated": [False, True]})
    unknown = pl.DataFrame(steps | {"behaviour_prob": [0.5, None]})

    assert rlcalc.check(huge).facts["refused_by"] == "estimate"
    with pytest.raises(InputError, match="a gain is 1e"):
        rlcalc.estimate(huge)
    assert rlcalc.check(cut).facts["refused_by"] == "estimate --truncated bootstrap"
    with pytest.raises(InputError, match="no value to bootstrap from"):
        rlcalc.estimate(cut, truncated="bootstrap")
    assert rlcalc.check(unknown).facts["refused_by"] == "gradient --from-data"
    assert rlcalc.check(pl.DataFrame(steps)).facts["refused_by"] == ""


@given(st.lists(st.floats(0.01, 1), min_size=2, max_size=5))
def test_probabilities_of_a_state_that_no_policy_can_have_are_counted(chances: list[float]) -> None:
    """However often an action was taken: its lowest probability counts."""
    steps = [(0, "s", f"a{k}", 1.0, chance) for k, chance in enumerate(chances)]
    steps += [(0, "s", action, 1.0, 1.0) for _, _, action, _, _ in steps]
    names = ["episode", "state", "action", "reward", "behaviour_prob"]
    frame = pl.DataFrame(steps, schema=names, orient="row")
    odd = rlcalc.check(frame).facts["oddities"]

    assert (odd == {"probabilities_above_1": 1}) == (sum(chances) > 1.001)
