"""Storm's DRN: real files, and files that are cut off or not as they should be."""

from pathlib import Path

import numpy as np
import pytest

import rlcalc
from rlcalc.errors import InputError

INPUTS = Path(__file__).parent / "inputs"
HEAD = "@type: MDP\n@parameters\n\n@reward_models\nsteps cost\n@nr_states\n2\n@model\n"
BODY = """state 0 [1, 2] init
\taction go [0, 5]
\t\t0 : 1/2
\t\t1 : 0.5
state 1 goal
\taction 0
\t\t1 : 1
"""


def test_the_die_of_knuth_and_yao_takes_11_thirds_flips() -> None:
    """The file is Storm's export; 11/3 is the known answer."""
    result = rlcalc.solve(INPUTS / "die.drn")

    assert abs(result.facts["start_value"] - 11 / 3) <= result.facts["bound"]
    assert result["state"][-1] == "done:six"


def test_two_dice_take_22_thirds_flips() -> None:
    result = rlcalc.solve(INPUTS / "two_dice.drn")

    assert abs(result.facts["start_value"] - 22 / 3) <= result.facts["bound"]


def read(tmp_path: Path, text: str, **options: str) -> rlcalc.MDP:
    path = tmp_path / "model.drn"
    path.write_text(text)
    return rlcalc.load_model(path, columns=options or None)


def test_rewards_of_states_and_actions_are_added(tmp_path: Path) -> None:
    """In state 0, cost is 2 of the state and 5 of its action go."""
    model = read(tmp_path, HEAD + BODY, reward="cost")

    assert model.reward.tolist() == [7, 7, 0]
    assert model.actions.texts == ["go", "0"]
    assert model.states.texts == ["0", "goal"]
    assert model.state_sets["goal"].tolist() == [1]
    np.testing.assert_array_equal(model.start, [1, 0])


def test_placeholders_stand_for_numbers(tmp_path: Path) -> None:
    text = (HEAD + BODY).replace("@reward", "@placeholders\n$half : 1/2\n@reward")
    model = read(tmp_path, text.replace("0 : 1/2", "0 : $half"), reward="none")

    assert model.probability.tolist() == [0.5, 0.5, 1]
    assert "no rewards" in model.notes[0]


@pytest.mark.parametrize(
    ("text", "what"),
    [
        (HEAD, "declares 2 states, and there are 0"),
        (HEAD + BODY[:40], "has no"),
        (HEAD + BODY[: BODY.index("state 1")], "declares 2 states, and there are 1"),
        (HEAD + BODY + "state 2\n", "more states than the 2"),
        (HEAD + BODY.replace("1 : 1", "7 : 1"), "the next state is 7"),
        (HEAD + BODY.replace("1 : 1", "1 : x"), "line 15"),
        (HEAD + BODY.replace("1 : 1", "99999999999 : 1"), "line 15"),
        (HEAD + BODY.replace("0.5", "0.4"), "sum to 0.9"),
        (HEAD + BODY.replace("state 1", "state 3"), "numbered in order"),
        (HEAD + BODY.replace("[0, 5]", "[0, 5"), "rewards as numbers"),
        (HEAD + "\x01\x02junk\n", "junk"),
        (HEAD.replace("2\n@model", "two\n@model") + BODY, "the line is two"),
        (HEAD.replace("@model\n", "@nr_choices\n9\n@model\n") + BODY, "declares 9 choices"),
        (HEAD.replace("MDP", "CTMC") + BODY, "of the type CTMC"),
        (HEAD.replace("@parameters\n", "@parameters\np q"), "are parametric"),
        (HEAD.replace("@nr_states\n2\n", "") + BODY, "no @nr_states"),
        (HEAD[: HEAD.index("@model")], "ends before @model"),
    ],
)
def test_bad_files_get_one_clear_error(tmp_path: Path, text: str, what: str) -> None:
    with pytest.raises(InputError) as caught:
        read(tmp_path, text, reward="steps")
    assert what in str(caught.value)
    assert "model.drn" in caught.value.faults[0].where
    assert caught.value.faults[0].fix


@pytest.mark.parametrize("end", range(0, len(HEAD + BODY) - 2, 7))
def test_a_file_cut_anywhere_is_an_error_of_the_input(tmp_path: Path, end: int) -> None:
    with pytest.raises(InputError):
        read(tmp_path, (HEAD + BODY)[:end], reward="steps")


def test_several_reward_models_are_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="2 reward models: steps and cost"):
        read(tmp_path, HEAD + BODY)


STORM = {
    "mdp/two_dice.nm": "coinflips",
    "mdp/leader4.nm": "rounds",
    "mdp/csma2-2.nm": "time",
    "mdp/coin2-2.nm": "steps",
    "mdp/firewire3-0.5.nm": "time_sending",
    "mdp/slipgrid.nm": "",
    "dtmc/leader-3-5.pm": "num_rounds",
    "dtmc/brp-16-2.pm": "",
}
"""Programs that come with stormpy, and a reward model of each."""


@pytest.mark.parametrize("program", STORM)
def test_every_state_has_the_value_that_storm_computes(program: str, tmp_path: Path) -> None:
    """An independent route, where stormpy is installed: Storm's iteration is right to 1e-6."""
    stormpy = pytest.importorskip("stormpy")
    from stormpy.core._io import export_to_drn

    path = Path(stormpy.__file__).parent / "examples" / "files" / program
    options = stormpy.BuilderOptions(build_full=True)
    options.set_build_choice_labels(True)
    theirs = stormpy.build_model(stormpy.parse_prism_program(str(path)), options=options)
    export_to_drn(theirs, str(tmp_path / "model.drn"))
    name, several = STORM[program], len(theirs.reward_models) > 1
    best = "max" if program.startswith("mdp") else ""
    reward = f'R{{"{name}"}}{best}' if name else f"R{best}"
    formula = stormpy.parse_properties(f"{reward}=? [Cdiscount=9/10]")[0]
    value = np.array(stormpy.model_checking(theirs, formula).get_value_vector())
    columns = {"reward": name} if several else None
    model = rlcalc.load_model(tmp_path / "model.drn", columns=columns)
    result = rlcalc.solve(model, gamma=0.9)

    assert len(model.next_state) == theirs.nr_transitions
    np.testing.assert_allclose(result["v"][model.pair_start[:-1]], value, rtol=1e-6)
