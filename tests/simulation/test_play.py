"""Plays: groups that share a start state, and games with their own policies."""

from dataclasses import replace

import numpy as np
import pytest

import rlcalc
from rlcalc.environments import load
from rlcalc.errors import InputError, UsageError
from rlcalc.simulation.play import prepare_play
from rlcalc.simulation.request import PlayRequest
from rlcalc.trajectories import concatenate
from tests.simulation.plays import played
from tests.solvers.models import mdp_of, random_model


def test_episodes_that_begin_alike_have_no_error_bars() -> None:
    """They are not independent: bars for independent ones would be too small."""
    world = replace(mdp_of({(0, 0): [(1, 1.0, 1.0)]}, 2), start=np.array([1.0, 0]))
    with pytest.raises(UsageError, match="not independent"):
        played(world, 8, group=2).summary()
    with pytest.raises(UsageError, match="not independent"):
        rlcalc.estimate(world, episodes=8, play={"group": 2})


def test_episodes_of_a_group_begin_alike() -> None:
    mdp = random_model(np.random.default_rng(1), 50)
    play = played(mdp, 64, 3, group=8)
    batch = concatenate([*play.trajectories()])
    first = batch.state[batch.start[:-1]].reshape(-1, 8)

    assert (first == first[:, :1]).all()
    assert len(np.unique(first[:, 0])) > 3


def test_a_game_has_its_own_policies_and_start() -> None:
    game = load.load_world("language", settings={"horizon": 40})

    assert prepare_play(game, PlayRequest(5)).policy_name == "spec"
    assert prepare_play(game, PlayRequest(5, policy="top-k:1")).policy_name == "top-k:1"
    with pytest.raises(InputError, match="use one of its policies: spec"):
        prepare_play(game, PlayRequest(5, policy="optimal"))
    with pytest.raises(InputError, match="chooses its own start state"):
        prepare_play(game, PlayRequest(5, start="uniform"))


def test_cut_responses_are_not_rollouts() -> None:
    play = prepare_play(load.load_world("language"), PlayRequest(5, max_steps=1))
    with pytest.raises(InputError, match="a cut response is not a rollout"):
        play.rollouts(play.trajectories())
