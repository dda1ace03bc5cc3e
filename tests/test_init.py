import types

import polars as pl
import pytest

import rlcalc
from rlcalc.errors import InputError


def test_public_names_are_those_that_are_listed() -> None:
    """All of them can be had, and nothing else of ours is exported."""
    exported = {
        name
        for name, value in vars(rlcalc).items()
        if not name.startswith("_") and not isinstance(value, types.ModuleType)
    }
    borrowed = {"Any", "Literal", "Sequence", "TYPE_CHECKING", "annotations", "partial"}
    borrowed |= {"Mapping", "overload"}

    assert all(getattr(rlcalc, name) for name in rlcalc.__all__)
    assert exported - borrowed <= set(rlcalc.__all__)


def test_a_result_is_a_frame_and_a_table_in_a_notebook() -> None:
    result = rlcalc.estimate("two-states")
    frame = result.to_polars()

    assert frame["q"].to_list() == [1.5, 4.5, 3.0]
    assert frame.schema["v_n"] == pl.Int64
    assert "<table>" in result._repr_html_()
    assert "<td>1.5 ± 0.5</td>" in result._repr_html_()


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
