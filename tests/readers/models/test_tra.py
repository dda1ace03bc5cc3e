"""PRISM's explicit files: a real model, and files that do not fit each other."""

from pathlib import Path

import pytest

import rlcalc
from rlcalc.errors import InputError

INPUTS = Path(__file__).parent / "inputs"
FILES = {
    "m.tra": "2 3 4\n0 1 1 1 stop\n0 0 0 0.5\n0 0 1 0.5\n1 0 1 1\n",
    "m.trew": "2 3 1\n0 0 1 3\n",
    "m.srew": "2 1\n0 2\n",
    "m.lab": '0="init" 1="deadlock" 2="goal"\n0: 0\n1: 2\n',
}


def read(folder: Path, files: dict[str, str], **columns: str) -> rlcalc.MDP:
    for name, text in files.items():
        (folder / name).write_text(text)
    return rlcalc.load_model(folder / "m.tra", columns=columns or None)


def test_the_files_of_storms_die_are_its_drn() -> None:
    result, same = rlcalc.solve(INPUTS / "die.tra"), rlcalc.solve(INPUTS / "die.drn")

    assert abs(result.facts["start_value"] - 11 / 3) <= result.facts["bound"]
    assert result["v"].tolist() == same["v"].tolist()
    assert list(result["state"]) == list(same["state"])


def test_files_beside_the_transitions_give_rewards_and_names(tmp_path: Path) -> None:
    """In state 0 each step earns 2, and choice 0 earns 3 more where it leads to state 1."""
    model = read(tmp_path, FILES)

    assert model.actions.texts == ["0", "stop"]
    assert model.probability.tolist() == [0.5, 0.5, 1, 1]
    assert model.reward.tolist() == [2, 5, 2, 0]
    assert model.states.texts == ["0", "goal"]


def test_states_are_named_by_their_variables(tmp_path: Path) -> None:
    model = read(tmp_path, FILES | {"m.sta": "(x,y)\n0:(0,1)\n1:(1,1)\n"})

    assert model.states.texts == ["x=0,y=1", "goal:x=1,y=1"]


def test_a_reward_model_is_chosen_by_its_name(tmp_path: Path) -> None:
    files = FILES | {"m.cost.trew": "2 3 1\n0 1 1 9\n"}
    with pytest.raises(InputError, match="2 reward models: cost and default"):
        read(tmp_path, files)

    assert read(tmp_path, files, reward="cost").reward.tolist() == [0, 0, 9, 0]
    assert read(tmp_path, files, reward="none").reward.tolist() == [0, 0, 0, 0]


@pytest.mark.parametrize(
    ("changed", "what"),
    [
        ({"m.tra": "2 3 9\n0 0 1 1\n1 0 1 1\n"}, "declares"),
        ({"m.tra": "2 3 4\n"}, "no transitions"),
        ({"m.tra": "999999999 1 1\n0 0 1 1\n"}, "declares 999,999,999"),
        ({"m.tra": "dtmc\n0 1999999999 1\n"}, "the largest is 1,999,999,999"),
        ({"m.tra": "2 2 2\n0 0 1 1\n1 0 5 1\n"}, "the next state is 5"),
        ({"m.tra": "2 2 2\n0 0 1 1\n5 0 1 1\n"}, "the state is 5"),
        ({"m.tra": "2 2 2\n0 0 1 1\n1 0 x 1\n"}, "line 3"),
        ({"m.tra": "2 2 2\n0 0 1 1\n-1 0 0 1\n"}, "line 3"),
        ({"m.tra": "2 2 2\n0 0 1 0.25\n1 0 1 1\n"}, "sum to 0.25"),
        ({"m.tra": "ctmc\n0 1 1\n1 1 1\n"}, "CTMC"),
        ({"m.tra": "hello\n"}, "the line is hello"),
        ({"m.trew": "2 3 1\n1 0 0 3\n"}, "a reward of no transition"),
        ({"m.trew": "2 3 2\n0 0 1 3\n0 0 1 3\n"}, "a second reward"),
        ({"m.trew": "2 3 5\n0 0 1 3\n"}, "declares 5 rewards"),
        ({"m.srew": "2 1\n7 2\n"}, "a state that is not there"),
        ({"m.lab": '0="init"\n0: 4\n'}, "the number of a label"),
        ({"m.lab": '0="init"\n9: 0\n'}, "a state from 0 to 1"),
        ({"m.sta": "(x)\n0:(1)\n"}, "there are 1 states"),
        ({"m.sta": "(x)\n1:(1)\n"}, "in order"),
    ],
)
def test_files_that_do_not_fit_get_one_clear_error(
    tmp_path: Path, changed: dict[str, str], what: str
) -> None:
    with pytest.raises(InputError) as caught:
        read(tmp_path, FILES | changed)
    assert what in str(caught.value)
    assert next(iter(changed)) in caught.value.faults[0].where
    assert caught.value.faults[0].fix


def test_transitions_without_rewards_are_refused_with_the_way_out(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="reward=none") as caught:
        read(tmp_path, {"m.tra": FILES["m.tra"]})

    assert "m.srew" in caught.value.faults[0].fix
    assert not read(tmp_path, {}, reward="none").reward.any()
