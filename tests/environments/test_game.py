"""A game: the number of its episodes, and its play with and without probabilities."""

from typing import Any

import numpy as np
import pytest

from rlcalc.environments import language
from tests.environments.languages import world


@pytest.fixture
def game(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(language, "LARGEST", 1)
    return world()


def test_a_game_yields_the_episodes_that_are_asked_for(game: Any) -> None:
    batches = list(game.play(5, 1, "spec", None, 1, with_prob=False))

    assert sum(len(batch) for batch in batches) == 5
    assert all(batch.behaviour_prob is None for batch in batches)


def test_probabilities_do_not_change_what_is_played(game: Any) -> None:
    (plain,) = game.play(20, 3, "spec", None, 1, with_prob=False)
    (probable,) = game.play(20, 3, "spec", None, 1, with_prob=True)

    np.testing.assert_array_equal(plain.action, probable.action)
    assert ((probable.behaviour_prob > 0) & (probable.behaviour_prob <= 1)).all()
