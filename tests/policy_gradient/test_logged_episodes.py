"""Logged episodes: kept if they can be read once, and coded as in the model."""

from pathlib import Path
from typing import Any

import pytest

import rlcalc
from rlcalc.errors import InputError
from rlcalc.policy_gradient.logged_episodes import LoggedEpisodes, with_model_codes
from rlcalc.trajectories import Experience, Trajectories
from tests.policy_gradient.setups import looping
from tests.solvers.models import mdp_of


@pytest.mark.parametrize("how", [{"baseline": "mean"}, {"critic": "estimated"}])
def test_what_can_be_read_once_is_held(how: dict[str, str]) -> None:
    played = rlcalc.simulate("student", 300, seed=1).whole()
    stream = Experience.of(played)
    once = rlcalc.gradient("student", from_data=stream, **how)  # type: ignore[arg-type]
    again = rlcalc.gradient("student", from_data=played, **how)  # type: ignore[arg-type]

    assert once.plain() == again.plain()


def test_labels_get_the_codes_of_the_model() -> None:
    """The data know the states in another order."""
    mdp = mdp_of({(0, 0): [(1, 1.0, 0.0)], (1, 0): [(2, 1.0, 1.0)]}, 3)
    data = Trajectories.from_arrays(["1", "0", "1"], ["0"] * 3, [1.0, 0.0, 1.0], length=[1, 2])
    (piece,) = with_model_codes(Experience.of(data), mdp)

    assert piece.state.tolist() == [1, 0, 1]
    assert piece.states is mdp.states


def test_a_label_that_the_model_lacks_is_named() -> None:
    data = Trajectories.from_arrays(["0", "9"], ["0", "0"], [0.0, 1.0])
    with pytest.raises(InputError, match="the model has no state 9"):
        list(with_model_codes(Experience.of(data), looping()))


def test_a_path_is_repeatable_and_a_stream_is_not(tmp_path: Path) -> None:
    (tmp_path / "steps.csv").write_text("")
    sources: list[Any] = [str(tmp_path / "steps.csv"), "-", [str(tmp_path), "-"]]

    assert [LoggedEpisodes.of(source, lambda path: path).repeatable for source in sources] == [
        True,
        False,
        False,
    ]
