import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlcalc.charts import Axis, Band, Chart
from rlcalc.renderers.pictures.blocks import chart_lines, write
from rlcalc.result import Result
from tests.cases.program import run
from tests.renderers.pictures.charts import charts


def text_of(chart: Chart, width: int = 60) -> list[str]:
    return ["".join(part for part, _ in line).rstrip() for line in chart_lines(chart, width)]


def test_bars_have_lengths_of_their_values() -> None:
    chart = Chart("a", "Bars", "bars", {"s": ["a", "b"], "v": [2.0, 4.0]},
                  Axis("s", "state", "names"), Axis("v", "V"))  # fmt: skip
    _, head, one, two = text_of(chart, 26)

    assert head.split() == ["V"]
    assert one.count("█") * 2 == two.count("█") == 20
    assert (one.split()[0], one.split()[-1]) == ("a", "2")


def test_bars_below_0_go_to_the_left() -> None:
    chart = Chart("a", "Bars", "bars", {"s": ["a", "b"], "v": [-4.0, 4.0]},
                  Axis("s", "state", "names"), Axis("v", "V"))  # fmt: skip
    _, _, one, two = text_of(chart, 26)

    assert one.index("█") < two.index("█")
    assert one.count("█") == two.count("█")


def test_points_have_intervals_and_what_stands_beside() -> None:
    columns = {"s": ["a"], "v": [1.0], "low": [0.0], "high": [2.0], "exact": [1.5]}
    chart = Chart("a", "Points", "points", columns, Axis("s", "", "names"), Axis("v", "V"),
                  bands=[Band("low", "high")], beside=Axis("exact", "exact"))  # fmt: skip
    lines = text_of(chart, 20)

    assert lines[-1] == "a  ├─────●───◇──┤  1"


def test_a_line_rises_from_the_lower_left() -> None:
    chart = Chart(
        "a", "Line", "line", {"x": [0, 1], "y": [0.0, 5.0]}, Axis("x", "x"), Axis("y", "y")
    )
    lines = text_of(chart, 20)

    assert lines[2].startswith("5 │")
    assert lines[2].endswith("●")
    assert lines[-3] == "0 │●"


def test_a_map_shows_the_text_of_its_cells() -> None:
    answer = run("solve", "gridworld-4x4", "--plot")

    assert answer.code == 0
    assert answer.stdout.splitlines()[2] == "0  0       ← -1    ← -2    ←↓ -3"


@given(
    st.lists(st.one_of(st.none(), st.floats(allow_nan=True, width=64)), min_size=1, max_size=12),
    st.sampled_from(["linear", "log"]),
)
def test_any_numbers_are_drawn_in_the_width(values: list[float | None], scale: str) -> None:
    columns = {
        "x": list(range(len(values))),
        "y": values,
        "name": [f"n{i}" for i in range(len(values))],
    }
    y = Axis("y", "y", scale)  # type: ignore[arg-type]
    for chart in (
        Chart("a", "t", "line", columns, Axis("x", "x"), y, bands=[Band("y", "y")]),
        Chart("a", "t", "bars", columns, Axis("name", "", "names"), y),
        Chart("a", "t", "points", columns, Axis("name", "", "names"), y, bands=[Band("y", "y")]),
        Chart(
            "a", "t", "map", columns, Axis("name", "", "names"), Axis("x", "", "names"), colour=y
        ),
    ):
        assert all(len(line) <= 70 for line in text_of(chart, 60))


@pytest.mark.parametrize("place", range(9))
def test_hostile_labels_are_escaped(place: int) -> None:
    for line in text_of(charts()[place]):
        assert line.isprintable()


def test_charts_stand_below_each_other() -> None:
    stream = io.BytesIO()
    write(Result("solve", "t", {}, {}, charts=charts), "plot", stream, None)

    assert stream.getvalue().decode().count("Title") == len(charts())


@pytest.mark.parametrize(
    "command",
    [
        ("solve", "frozen-lake", "--trace"),
        ("solve", "student"),
        ("estimate", "two-states"),
        ("estimate", "student", "-n", "50", "--seed", "1", "--rows", "convergence"),
        ("gain", "three-steps"),
        ("gradient", "student", "-n", "50", "--seed", "1"),
        ("gradient", "student", "--steps", "3", "--learning-rate", "0.1"),
        ("group", "rollouts"),
        ("group", "rollouts", "--rows", "groups"),
        ("simulate", "rifle", "-n", "20", "--seed", "1"),
    ],
)
def test_every_answer_with_a_picture_is_plotted(command: tuple[str, ...]) -> None:
    answer = run(*command, "--plot")

    assert answer.code == 0, answer.stderr
    assert any(mark in answer.stdout for mark in "█●→▏")


def test_an_answer_without_a_picture_says_which_have_one() -> None:
    answer = run("check", "two-states", "--plot")

    assert answer.code == 2
    assert answer.notes("no picture")
    assert answer.notes("estimate")


def test_two_formats_are_refused() -> None:
    answer = run("solve", "student", "--plot", "--json")

    assert answer.code == 2
    assert answer.notes("two formats")
