import json
import subprocess
import sys
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

import rlcalc
from rlcalc import api
from rlcalc.errors import InputError, UsageError


def test_public_names_are_those_that_are_listed() -> None:
    """All of them can be had, and nothing else of ours is exported."""
    exported = {
        name
        for name, value in vars(rlcalc).items()
        if not name.startswith("_") and not isinstance(value, types.ModuleType)
    }
    borrowed = {"Any", "TYPE_CHECKING", "annotations", "import_module"}

    assert all(getattr(rlcalc, name) for name in rlcalc.__all__)
    assert exported - borrowed <= set(rlcalc.__all__)


def test_the_library_has_every_function_and_no_file_hides_one() -> None:
    """A file is an attribute of the package too, once something has imported it."""
    files = {path.stem for path in Path(str(api.__file__)).parent.glob("*.py")}

    assert set(api.__all__) == {n for n in rlcalc.__all__ if rlcalc._MODULES.get(n) is None}
    assert not files & set(api.__all__)
    for name in api.__all__:
        assert isinstance(getattr(api, name), types.FunctionType)
        assert getattr(rlcalc, name) is getattr(api, name)
    with pytest.raises(AttributeError, match="no attribute 'gains'"):
        getattr(api, "gains")  # noqa: B009


def test_a_function_of_the_library_imports_its_own_file_alone() -> None:
    """What a command does not need, it does not wait for."""
    program = (
        "import sys; from rlcalc import api; api.load_rollouts;"
        "print(*sorted(name for name in sys.modules if name.startswith('rlcalc.api.')))"
    )
    printed = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)

    assert printed.stdout.split() == [
        f"rlcalc.api.{name}" for name in ("arguments", "keywords", "rollouts")
    ]


def test_a_result_is_a_frame_and_a_table_in_a_notebook() -> None:
    result = rlcalc.estimate("two-states")
    frame = result.to_polars()

    assert frame["q"].to_list() == [1.5, 4.5, 3.0]
    assert frame.schema["v_n"] == pl.Int64
    assert "<table>" in result._repr_html_()
    assert "<td>1.50 ± 0.50</td>" in result._repr_html_()


def test_a_frame_can_be_checked() -> None:
    frame = pl.DataFrame(
        {"episode": [0, 1], "state": ["a", None], "action": "x", "reward": [1.0, 2.0]}
    )
    result = rlcalc.check(frame)

    assert result.facts["faults"] == 1
    assert "row 2" in result["where"][0]


@pytest.mark.parametrize("reward", [float("nan"), float("inf")])
def test_rewards_of_arrays_are_finite(reward: float) -> None:
    with pytest.raises(InputError, match="where: the arrays, entry 1"):
        rlcalc.Trajectories.from_arrays(["a", "b"], ["x", "x"], [1.0, reward])
    with pytest.raises(InputError, match="where: the arrays, entry 1"):
        rlcalc.MDP.from_rows([0, 1], [0, 0], [1, 0], [1.0, 1.0], [1.0, reward])


@pytest.mark.parametrize("chance", [0.0, 1.5])
def test_what_was_done_in_arrays_was_possible(chance: float) -> None:
    with pytest.raises(InputError, match="where: the arrays, entry 1"):
        rlcalc.Trajectories.from_arrays(
            ["a", "b"], ["x", "x"], [1.0, 1.0], behaviour_prob=[0.5, chance]
        )


ROLLOUTS = {"group": ["a", "a", "b", "b"], "reward": [0.0, 1.0, 1.0, 1.0]}


@pytest.mark.parametrize(
    "made",
    [
        dict,
        pd.DataFrame,
        lambda columns: {name: np.array(values) for name, values in columns.items()},
        lambda columns: pd.DataFrame(columns).astype({"group": "object"}),
    ],
)
def test_columns_in_memory_are_read_as_a_frame(made: Callable[[Any], Any]) -> None:
    steps = {"episode": [0, 0], "state": ["a", "b"], "action": ["x", "x"], "reward": [1.0, 2.0]}
    wanted = rlcalc.group(pl.DataFrame(ROLLOUTS))["advantage"]

    assert rlcalc.group(made(ROLLOUTS))["advantage"].tolist() == wanted.tolist()
    assert rlcalc.gain(made(steps | {"group": ["", ""]}))["gain"].tolist() == [3, 2]


def test_what_is_missing_in_pandas_is_missing() -> None:
    """NaN in a column of text is no label."""
    steps = {"episode": [0, 0], "state": ["a", None], "action": ["x", "x"], "reward": [1.0, 2.0]}
    with pytest.raises(InputError, match="state is missing"):
        rlcalc.gain(pd.DataFrame(steps))


@pytest.mark.parametrize("flag", [True, [True]])
def test_columns_that_are_no_table_are_refused(flag: object) -> None:
    """Polars would repeat the single value: every step would be an end."""
    steps = {"state": ["a", "b"], "action": ["x", "x"], "reward": [1.0, 2.0], "terminated": flag}
    with pytest.raises(InputError, match="where: the mapping"):
        rlcalc.gain(steps)


@pytest.mark.parametrize(
    "call",
    [
        lambda: rlcalc.solve("rifle", gamma="x"),  # type: ignore[arg-type]
        lambda: rlcalc.estimate("two-states", gamma="x"),  # type: ignore[arg-type]
        lambda: rlcalc.gain("two-states", gamma="x"),  # type: ignore[arg-type]
        lambda: rlcalc.simulate("rifle", "ten"),  # type: ignore[call-overload]
        lambda: rlcalc.simulate("rifle", 1.5),  # type: ignore[call-overload]
        lambda: rlcalc.gradient("rifle", "ten"),  # type: ignore[arg-type]
        lambda: rlcalc.solve(np.zeros((2, 2))),
        lambda: rlcalc.simulate(np.zeros((2, 2)), 3),
        lambda: rlcalc.gradient(np.zeros((2, 2)), 3),
        lambda: rlcalc.group(None),
        lambda: rlcalc.group([1, 2]),
    ],
)
def test_arguments_of_a_wrong_type_are_refused(call: Callable[[], object]) -> None:
    with pytest.raises(UsageError):
        call()


def test_a_result_shows_itself_in_one_line() -> None:
    shown = repr(rlcalc.estimate("two-states"))

    assert shown.startswith("<Result of estimate: ")
    assert "3 rows × " in shown
    assert len(shown) < 300
    assert "\n" not in shown


def test_every_public_name_is_listed_by_dir() -> None:
    assert dir(rlcalc) == sorted([*rlcalc.__all__, "__version__"])
    assert rlcalc.__version__


def test_a_json_answer_tells_its_version_and_its_sources() -> None:
    command = [sys.executable, "-m", "rlcalc", "estimate", "two-states", "--json"]
    answer = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    assert list(answer) == ["command", "version", "sources", "facts", "rows"]
    assert (answer["version"], answer["sources"]) == (rlcalc.__version__, ["two-states"])


def test_records_in_a_list_are_rows() -> None:
    records = [
        {"state": "a", "action": "x", "reward": 1},
        {"state": "b", "action": "x", "reward": 2},
    ]
    assert rlcalc.estimate(records, one_step=True)["q"].tolist() == [1, 2]
    groups = [{"prompt": "p", "reward": 1.0}, {"prompt": "p", "reward": 0.0}]
    assert len(rlcalc.group(groups)) == 2
    with pytest.raises(InputError, match="not a table"):
        rlcalc.estimate([{"state": 1}, {"state": [1, {}]}], one_step=True)


def test_a_wrong_choice_names_itself_alone() -> None:
    with pytest.raises(ValueError, match="visit is evry") as caught:
        rlcalc.estimate("two-states", visit="evry")  # type: ignore[arg-type]
    assert "did you mean every" in str(caught.value)


def test_states_as_vectors_are_refused() -> None:
    with pytest.raises(InputError, match="2 axes, and a label"):
        rlcalc.Trajectories.from_arrays(np.zeros((2, 3)), [0, 1], [0, 1])


def test_a_simulation_shows_its_first_steps_and_keeps_them() -> None:
    experience = rlcalc.simulate("rifle", 20, seed=1)
    assert "first_steps" in repr(experience)
    shown = experience._repr_html_()
    assert "<table>" in shown
    first = experience.first_steps(3)
    assert len(first) == 3
    whole = experience.whole()
    assert len(whole) == 20
    assert first["reward"].tolist() == whole.reward[:3].tolist()
