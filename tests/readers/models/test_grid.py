"""Which state is which cell of a grid."""

import pytest

import rlcalc
from rlcalc.errors import InputError
from rlcalc.readers.models.grid import with_grid
from tests.cases.program import run

CHAIN = {"a": {"go": {"to": "b"}}, "b": {"go": {"to": "end"}}, "end": {}}


def model() -> rlcalc.MDP:
    """Two states, and the end."""
    return rlcalc.MDP.from_rows([0, 1], [0, 0], [1, 2], [1.0, 1.0], [0.0, 1.0])


def cells(grid: object) -> list[list[int]]:
    found = with_grid(model(), grid, "--grid").cells  # type: ignore[arg-type]
    assert found is not None
    return found.tolist()


def test_states_fill_rows() -> None:
    assert cells("1x3") == [[0, 0], [0, 1], [0, 2]]
    assert cells(" 3 x 1 ") == [[0, 0], [1, 0], [2, 0]]


def test_terminal_states_that_are_left_over_have_no_cell() -> None:
    assert cells("2x1") == [[0, 0], [1, 0], [-1, -1]]


def test_a_mapping_leaves_the_other_states_out() -> None:
    assert cells({"1": [2, 5], 0: [0, 0]}) == [[0, 0], [2, 5], [-1, -1]]


@pytest.mark.parametrize(
    ("grid", "message"),
    [
        ("4x4", "16 cells"),
        ("1x1", "1 cells"),
        ("4", "not ROWSxCOLUMNS"),
        ("0x3", "0 cells"),
        ({"x": [0, 0]}, "x"),
        ({0: [0, 0], 1: [0, 0]}, "one cell"),
        ({0: [0]}, "row and a column"),
        ({0: [0, -1]}, "row and a column"),
        ({0: [0, 0.5]}, "row and a column"),
        ([1, 2], "row and a column"),
    ],
)
def test_a_grid_that_does_not_fit_is_refused(grid: object, message: str) -> None:
    with pytest.raises(InputError, match=message):
        cells(grid)


def test_a_document_has_a_grid() -> None:
    answer = run("solve", "gridworld-4x4", "--set", "grid=2x8", "--plot")

    assert answer.code == 0
    assert len(answer.stdout.splitlines()) == 2 + 2 + 1


@pytest.mark.parametrize("grid", ["5", "[1, 2]", "{0: [1]}", "{0: [-1, 2]}"])
def test_a_grid_that_is_none_is_refused_with_what_it_should_be(grid: str) -> None:
    answer = run("solve", "gridworld-4x4", "--set", f"grid={grid}")

    assert answer.code == 3
    assert answer.says("ROWSxCOLUMNS")


def test_an_option_replaces_the_grid_of_the_source() -> None:
    answer = run("solve", "gridworld-4x4", "--grid", "5x4", "--plot")

    assert answer.code == 3
    assert answer.says("--grid")


def test_a_grid_without_a_picture_is_refused() -> None:
    answer = run("solve", "gridworld-4x4", "--grid", "4x4", "--json")

    assert answer.code == 2
    assert answer.notes("--plot")
