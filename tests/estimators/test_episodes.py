"""A row a trajectory: on paper, as the first rows of `gain`, and by direct summation."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import rlcalc
from rlcalc.errors import UsageError
from rlcalc.estimators.episodes import episodes
from rlcalc.trajectories import Experience, Trajectories
from tests import reference
from tests.strategies import batches, gammas


def of_arrays(trajectories: list[reference.Trajectory], truncated: list[bool]) -> Trajectories:
    """Trajectories of which some are truncated, and the others terminated."""
    state, action, reward = zip(*(step for steps in trajectories for step in steps), strict=True)
    ends = np.array([truncated[e % len(truncated)] for e in range(len(trajectories))])
    return Trajectories.from_arrays(
        state,
        action,
        reward,
        length=[len(steps) for steps in trajectories],
        terminated=~ends,
        truncated=ends,
    )


def test_two_episodes_on_paper() -> None:
    """1 + 0.5 · 2 = 2, and 3."""
    frame = pl.DataFrame({"episode": [7, 7, 8], "state": "a", "action": "x", "reward": [1, 2, 3]})
    rows = list(rlcalc.gain(frame, gamma=0.5, rows="episodes").rows())

    assert rows == [
        {"trajectory": 7, "gain": 2.0, "reward_sum": 3.0, "length": 2, "end": "unknown"},
        {"trajectory": 8, "gain": 3.0, "reward_sum": 3.0, "length": 1, "end": "unknown"},
    ]


@given(batches(), gammas, st.sampled_from([None, 1, 2, 50]))
def test_the_gain_is_that_of_the_first_step(
    trajectories: list[reference.Trajectory], gamma: float, k: int | None
) -> None:
    data = of_arrays(trajectories, [False])
    whole = episodes(Experience.of(data), gamma, k)
    steps = rlcalc.gain(data, gamma=gamma, k=k)
    starts = np.cumsum([0, *map(len, trajectories)])[:-1]

    assert whole["gain"].tolist() == steps["gain"][starts].tolist()
    assert whole.plain()["length"] == list(map(len, trajectories))
    np.testing.assert_allclose(
        whole["reward_sum"],
        [sum(step[2] for step in trajectory) for trajectory in trajectories],
        rtol=1e-12,
        atol=1e-9,
    )


@given(batches(), st.lists(st.booleans(), min_size=1, max_size=5), st.integers(1, 40))
def test_pieces_give_the_same_bits(
    trajectories: list[reference.Trajectory], truncated: list[bool], size: int
) -> None:
    data = of_arrays(trajectories, truncated)
    parts = list(data.parts(size))
    pieces = Experience(iter(parts), data.states, data.actions)
    together, apart = episodes(Experience.of(data), 0.9), episodes(pieces, 0.9)

    assert together["gain"].tobytes() == apart["gain"].tobytes()
    assert together.plain()["end"] == apart.plain()["end"]


def test_ends_and_what_the_policies_of_truncation_do() -> None:
    steps = [("a", "x", 1.0), ("b", "x", 2.0)]
    data = of_arrays([steps, steps, steps], [False, True, True])

    assert rlcalc.gain(data, rows="episodes").plain()["end"] == [
        "terminated",
        "truncated",
        "truncated",
    ]
    assert rlcalc.gain(data, rows="episodes", truncated="drop").plain()["trajectory"] == [0]
    cut = rlcalc.gain(data, gamma=0.9, rows="episodes", truncated="cut").plain()
    assert cut["gain"] == [1.0 + 0.9 * 2.0, None, None]


def test_episodes_come_in_the_order_of_their_first_rows(tmp_path: Path) -> None:
    path = tmp_path / "mixed.csv"
    rows = ["b,0,a,go,1,false", "a,0,a,go,1,true", "b,1,b,go,2,false", "7,0,c,go,3,true"]
    path.write_text("episode,t,state,action,reward,terminated\n" + "\n".join(rows) + "\n")

    assert rlcalc.gain(path, rows="episodes").plain()["trajectory"] == ["b", "a", "7"]


def test_other_rows_are_refused() -> None:
    with pytest.raises(UsageError, match="no rows episode"):
        rlcalc.gain("three-steps", rows="episode")  # type: ignore[arg-type]
