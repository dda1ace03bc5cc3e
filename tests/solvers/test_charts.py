import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import rlcalc
from rlcalc.charts import Chart
from rlcalc.readers.models.grid import with_grid
from rlcalc.solvers.charts import MOST_BARS, action_directions


def chart(source: object, **how: object) -> Chart:
    result = rlcalc.solve(source, **how)  # type: ignore[arg-type]
    assert result.charts is not None
    (only,) = result.charts()
    return only


def test_the_map_of_a_gridworld_has_the_values_and_arrows_of_the_book() -> None:
    """Sutton & Barto (2018), figure 4.1: two moves are best in 3, all four in 6."""
    drawn = chart("gridworld-4x4")
    by_state = dict(zip(drawn.columns["state"], drawn.columns["policy"], strict=True))

    assert drawn.kind == "map"
    assert by_state["1"] == "←\n-1"
    assert by_state["3"] == "←↓\n-3"
    assert by_state["6"] == "←↑→↓\n-3"
    assert by_state["0"] == "0"
    assert drawn.columns["row"][:5] == [0, 0, 0, 0, 1]


def test_a_slippery_lake_has_the_arrows_of_its_actions() -> None:
    """Left slips up and down too, and holes are near: the mean move is still to the left."""
    drawn = chart("frozen-lake")

    assert [text[0] for text in drawn.columns["policy"][:4]] == ["←", "↑", "↑", "↑"]


@given(st.permutations(range(4)))
def test_arrows_follow_from_the_moves_and_not_from_the_names(order: list[int]) -> None:
    mdp = rlcalc.load_model("gridworld-5x5")
    pair = np.arange(mdp.n_pairs)
    names = np.array(order)[mdp.action]
    state = np.repeat(mdp.expected.pair_state[pair], np.diff(mdp.outcome_start))
    renamed = with_grid(
        rlcalc.MDP.from_rows(
            state,
            np.repeat(names, np.diff(mdp.outcome_start)),
            mdp.next_state,
            mdp.probability,
            mdp.reward,
        ),
        "5x5",
        "",
    )
    assert mdp.cells is not None
    assert renamed.cells is not None
    before, after = action_directions(mdp, mdp.cells), action_directions(renamed, renamed.cells)

    assert [after[order[a]] for a in range(4)] == before
    assert sorted(before) == sorted("←↑→↓")


def test_actions_that_lead_anywhere_have_their_names() -> None:
    """The rifle aims at any cell: no direction; a rental has the numbers of figure 4.2."""
    drawn = chart("jacks-car-rental")
    by_state = dict(zip(drawn.columns["state"], drawn.columns["policy"], strict=True))

    assert {by_state[s] for s in ("20+0", "10+10", "0+20")} == {"5", "0", "-4"}


def test_states_without_cells_are_bars() -> None:
    drawn = chart("student", policy="uniform")

    assert drawn.kind == "bars"
    assert drawn.columns["state"][0] == "facebook"
    assert drawn.note == ""


def test_many_states_are_the_first_ones_or_a_line_of_numbers() -> None:
    n = 100
    states = [f"s{i}" for i in range(n)]
    document = {s: {"go": {"to": t}} for s, t in zip(states, [*states[1:], "s0"], strict=True)}
    mdp = rlcalc.MDP.from_rows(
        np.arange(n), np.zeros(n), np.roll(np.arange(n), -1), np.ones(n), np.ones(n)
    )
    line = chart(mdp, gamma=0.5)

    assert len(document) == n
    assert line.kind == "line"
    assert len(line.columns["v"]) == n
    np.testing.assert_allclose(line.columns["v"], 2, atol=1e-5)
    assert n > MOST_BARS


def test_cells_of_a_large_grid_are_drawn_together() -> None:
    """V of state s is (n − s) if each step earns 1; the mean of a tile is that of its cells."""
    rows, columns = 3, 200
    n = rows * columns
    mdp = rlcalc.MDP.from_rows(
        np.arange(n), np.zeros(n), np.arange(1, n + 1), np.ones(n), np.ones(n)
    )
    drawn = chart(mdp, grid=f"{rows}x{columns}")

    assert drawn.columns["v"][0] == pytest.approx(
        n - np.mean([0, 1, 2, 200, 201, 202, 400, 401, 402])
    )
    assert sum(drawn.columns["states"]) == n
    assert drawn.note == "mean of 3 x 3 cells"


def test_a_trace_is_drawn_on_a_logarithm_without_zeros() -> None:
    drawn = chart("frozen-lake", trace=True, method="value-iteration")
    trace = rlcalc.solve("frozen-lake", trace=True, method="value-iteration")
    of = np.array(drawn.columns["of"])
    size = np.array(drawn.columns["size"])

    assert drawn.y.scale == "log"
    assert (size > 0).all()
    np.testing.assert_array_equal(size[of == "proven bound"], trace["bound"])


def test_steps_to_go_show_the_values_with_the_most() -> None:
    drawn = chart("gridworld-4x4", horizon=2)

    assert drawn.columns["v"][:4] == [0.0, -1.0, -2.0, -2.0]


@pytest.mark.parametrize(
    ("minimise", "gains"), [(False, [3.5, 2, 2, 5, 0]), (True, [0.5, 1, 1, 0, 0])]
)
def test_gains_that_differ_are_drawn_beside_the_bias(minimise: bool, gains: list[float]) -> None:
    result = rlcalc.solve("careers", criterion="average", minimise=minimise)
    assert result.charts is not None
    gain, bias = result.charts()

    assert (gain.name, bias.name) == ("gain", "values")
    assert gain.columns["gain"] == gains
    assert (gain.y.column, gain.y.title) == ("gain", "gain, reward a step")
    assert bias.columns["v"][3] == (20 if minimise else 0)


def test_one_gain_is_not_drawn() -> None:
    assert chart("forest", criterion="average").name == "values"
