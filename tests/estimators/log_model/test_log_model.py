"""The names of ends: an end is a state only where nothing ever follows it."""

from collections.abc import Sequence

import numpy as np

import rlcalc
from rlcalc import Trajectories


def log(*episodes: tuple[str, str | None]) -> Trajectories:
    """Episodes of one-letter states, and the state in which each ended; action `x`, reward 1."""
    states = [s for steps, _ in episodes for s in steps]
    batch = Trajectories.from_arrays(
        states, ["x"] * len(states), [1.0] * len(states),
        length=[len(steps) for steps, _ in episodes], terminated=[True] * len(episodes),
    )  # fmt: skip
    last = [-1 if end is None else batch.states.code(end) for _, end in episodes]
    return Trajectories(**{**vars(batch), "last_state": np.array(last, np.int32)})


def moves(source: Trajectories) -> list[Sequence[object]]:
    result = rlcalc.model(source)
    names = ("state", "next_state", "n")
    return [tuple(row[name] for name in names) for row in result.rows()]


def test_ends_have_the_names_of_their_states() -> None:
    assert moves(log(("a", "won"), ("a", "lost"), ("a", "won"))) == [
        ("a", "won", 2), ("a", "lost", 1),
    ]  # fmt: skip


def test_an_end_whose_state_goes_on_elsewhere_is_end() -> None:
    """A state has one value: 0 where an episode stops, and V(b) where it goes on."""
    assert moves(log(("ab", "won"), ("a", "b"))) == [
        ("a", "b", 1), ("a", "end", 1), ("b", "won", 1),
    ]  # fmt: skip


def test_an_end_without_a_state_is_that_whose_state_is_called_end() -> None:
    assert moves(log(("a", "end"), ("a", None))) == [("a", "end", 2)]


def test_the_name_of_an_end_is_free() -> None:
    states = ["end", "end"]
    batch = Trajectories.from_arrays(states, ["x", "x"], [1.0, 1.0], terminated=[True])

    assert moves(batch) == [("end", "end", 1), ("end", "end_", 1)]


def test_numbered_states_are_numbers_where_every_end_has_one() -> None:
    batch = Trajectories.from_arrays([0, 1], [0, 0], [1.0, 1.0], terminated=[True])
    named = Trajectories(**{**vars(batch), "last_state": np.array([batch.states.code("7")])})

    assert moves(batch) == [("0", "1", 1), ("1", "end", 1)]
    assert moves(named) == [(0, 1, 1), (1, 7, 1)]
