"""Policies in files say the same as a document, a table and rows, and are refused with places."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlcalc.documents import Where
from rlcalc.errors import Fault, InputError
from rlcalc.mdp import MDP
from rlcalc.readers.models.policies import MOST_FAULTS, load_policy, policy_of
from rlcalc.readers.read_request import ReadRequest
from tests.solvers.models import mdp_of, models

MODEL = mdp_of({(0, 0): [(1, 1.0, 0.0)], (0, 1): [(0, 1.0, 1.0)], (1, 0): [(0, 1.0, 0.0)]}, 3)
"""State 0 has the actions 0 and 1, state 1 has 0 alone, state 2 is terminal."""

FORMS = {
    "bare.yaml": "0: {0: 1/4, 1: 3/4}\n",
    "policy.yaml": "name: mine\npolicy: {0: {0: 0.25, 1: 0.75}}\n",
    "policy.json": '{"policy": {"0": {"0": 0.25, "1": 0.75}}}',
    "rows.json": '{"facts": {}, "rows": [{"state": 0, "action": 0, "pi": 0.25},'
    ' {"state": 0, "action": 1, "pi": 0.75}]}',
    "table.csv": "state,action,pi\n0,1,0.75\n0,0,0.25\n",
    "short.tsv": "s\ta\tp\n0\t0\t0.25\n0\t1\t0.75\n",
}
BAD: dict[str, tuple[str, str, str, str]] = {
    "state.yaml": ("0: 1\n9: 0\n", "there is no state 9", "line 2: 9", "there are 0, 1 and 2"),
    "action.yaml": ("1: 1\n", "there is no action 1 in state 1", "line 1: 1", "it has 0"),
    "ended.yaml": ("2: 0\n", "there is no action 0 in state 2", "line 1: 2", "it has none"),
    "sum.yaml": (
        "0: {0: 0.5, 1: 0.4}\n",
        "probabilities in state '0' sum to 0.9",
        "line 1: 0",
        "make them sum to 1",
    ),
    "twice.csv": (
        "state,action,pi\n0,1,0.5\n0,1,0.5\n",
        "action '1' comes twice in state '0'",
        "twice.csv",
        "one probability for each",
    ),
    "columns.json": (
        '{"facts": {}, "rows": [{"state": 0, "action": 0}]}',
        "no columns state, action and pi",
        "columns.json",
        "as solve --json writes it",
    ),
    "nothing.yaml": ("policy: {}\n", "the policy names no state", "nothing.yaml", "state: action"),
}


def at(path: tuple[int | str, ...]) -> str:
    return "/".join(map(str, path))


@pytest.mark.parametrize("name", FORMS)
def test_every_form_of_a_policy_gives_the_same_weights(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(FORMS[name])
    weight = load_policy(str(tmp_path / name), MODEL, ReadRequest())

    assert weight.tolist() == [0.25, 0.75, 1.0]


@pytest.mark.parametrize("name", BAD)
def test_a_policy_that_does_not_fit_is_refused_with_its_place(name: str, tmp_path: Path) -> None:
    text, what, where, fix = BAD[name]
    (tmp_path / name).write_text(text)
    with pytest.raises(InputError) as error:
        load_policy(str(tmp_path / name), MODEL, ReadRequest())
    fault = error.value.faults[0]

    assert what in fault.what
    assert where in fault.where
    assert name in fault.where
    assert fix in fault.fix


@given(models(), st.data())
def test_one_named_state_leaves_the_others_uniform(mdp: MDP, data: st.DataObject) -> None:
    sizes = np.diff(mdp.pair_start)
    state = data.draw(st.sampled_from(np.flatnonzero(sizes).tolist()))
    first, last = mdp.pair_start[state : state + 2]
    pair = data.draw(st.integers(int(first), int(last) - 1))
    problems: list[Fault] = []
    weight = policy_of({str(state): str(mdp.action[pair])}, mdp, at, problems)
    expected = np.repeat(1 / np.maximum(sizes, 1), sizes)
    expected[first:last] = np.arange(first, last) == pair

    assert not problems
    assert weight is not None
    np.testing.assert_allclose(weight, expected, atol=1e-15)


def test_a_negative_probability_is_refused_although_the_sum_is_one() -> None:
    problems: list[Fault] = []
    weight = policy_of({"0": {"0": 1.5, "1": -0.5}}, MODEL, at, problems)

    assert weight is None
    assert [fault.what for fault in problems] == [
        "the policy's probabilities in state '0' are not within 0..1"
    ]
    assert problems[0].where == "policy/0"


def test_a_policy_of_another_model_gets_few_faults_after_those_before() -> None:
    """It may have a million states; what was wrong before does not use up its faults."""
    problems = [Fault("before")] * 3
    where: Where = at
    weight = policy_of({f"room {n}": "0" for n in range(100)}, MODEL, where, problems)

    assert weight is None
    assert len(problems) == 3 + MOST_FAULTS
