"""Explicit models: names of states by their labels, reward models, and every way back to one V."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rlcalc.errors import InputError
from rlcalc.mdp import MDP
from rlcalc.readers.models.explicit import reward_model, state_names, value_of
from rlcalc.readers.models.load import load_model
from rlcalc.readers.read_request import ReadRequest
from tests.solvers.models import dense

LABELS = {"init": [0], "done": [1, 2, 3], "six": [3], "five": [1, 2], "7": [4]}


def test_states_are_named_by_their_labels_the_most_frequent_first() -> None:
    """What all states of a label share begins their names, so that done* is each of them."""
    names = state_names(6, LABELS).texts

    assert names == ["0", "done:five:1", "done:five:2", "done:six", "7:4", "5"]


def test_values_of_variables_stand_in_the_place_of_the_number() -> None:
    assert state_names(2, {"end": [1]}, ["x=0", "x=1"]).texts == ["x=0", "end:x=1"]


def test_a_label_that_is_the_name_of_another_state_takes_nothing_from_it() -> None:
    names = state_names(3, {"a": [0], "a:1": [2], "b": [1]}).texts

    assert len(set(names)) == 3


def test_the_reward_model_is_the_only_one_or_that_of_the_user() -> None:
    assert reward_model([], ReadRequest(), "here") is None
    assert reward_model(["a"], ReadRequest(), "here") == "a"
    assert reward_model(["a", "b"], ReadRequest(columns={"reward": "b"}), "here") == "b"
    assert reward_model(["a", "b"], ReadRequest(columns={"reward": "none"}), "here") is None
    for names, columns, what in (
        (["a", "b"], {}, "2 reward models: a and b"),
        (["steps"], {"reward": "stesp"}, "did you mean steps"),
        (["a"], {"state": "s"}, "have no columns"),
    ):
        with pytest.raises(InputError, match=what) as caught:
            reward_model(names, ReadRequest(columns=columns), "here")
        assert caught.value.faults[0].fix


def test_a_value_is_a_number_or_a_quotient() -> None:
    assert value_of(b"1/8") == 0.125
    for wrong in (b"1/0", b"", b"[0, 1]", b"1/x"):
        with pytest.raises(ValueError, match=r"^$|could not|invalid"):
            value_of(wrong)


def as_drn(transition: Any, reward: Any) -> str:
    """Return P[s, a, s'] and R[s, a] as DRN, 0.5 of each reward being that of its state."""
    n, m, _ = transition.shape
    lines = ["@type: MDP", "@parameters", "", "@reward_models", "r", "@nr_states", n, "@model"]
    for s in range(n):
        lines.append(f"state {s} [0.5]")
        for a in range(m):
            lines.append(f"\taction {a} [{float(reward[s, a]) - 0.5!r}]")
            lines += [f"\t\t{t} : {float(p)!r}" for t, p in enumerate(transition[s, a]) if p]
    return "\n".join(map(str, lines)) + "\n"


def written(
    form: str, folder: Path, transition: Any, reward: Any, off: float = 0.0
) -> tuple[Path, ReadRequest]:
    """Write P[s, a, s'] and R[s, a] in a format; probabilities are too large by a factor."""
    scaled = transition * (1 + off)
    n, m, _ = transition.shape
    path, request = folder / f"model.{form.partition('-')[0]}", ReadRequest()
    pairs = [(s, a) for s in range(n) for a in range(m)]
    if form == "drn":
        path.write_text(as_drn(scaled, reward))
    elif form == "tra":
        rows = [(s, a, t) for s, a in pairs for t in range(n) if scaled[s, a, t]]
        head = f"{n} {len(pairs)} {len(rows)}\n"
        path.write_text(head + "".join(f"{s} {a} {t} {float(scaled[s, a, t])!r}\n"
                                       for s, a, t in rows[::-1]))  # fmt: skip
        (folder / "model.trew").write_text(
            head + "".join(f"{s} {a} {t} {float(reward[s, a])!r}\n" for s, a, t in rows)
        )
    elif form == "json":
        table = {str(s): {str(a): [[float(p), t, float(reward[s, a]), False]
                                   for t, p in enumerate(scaled[s, a])]
                          for a in range(m)} for s in range(n)}  # fmt: skip
        path.write_text(json.dumps(table, indent=1))
    elif form == "yaml":
        states = {s: {a: [{"to": t, "p": float(p), "reward": float(reward[s, a])}
                          for t, p in enumerate(scaled[s, a])] for a in range(m)}
                  for s in range(n)}  # fmt: skip
        path.write_text(json.dumps({"states": states}, indent=1))
    elif form == "csv":
        path.write_text("state,action,next_state,probability,reward\n" + "".join(
            f"{s},{a},{t},{float(scaled[s, a, t])!r},{float(reward[s, a])!r}\n"
            for s, a in pairs for t in range(n)))  # fmt: skip
    elif form == "npz-quantecon":
        np.savez(path, R=reward, Q=scaled, beta=0.5)
    elif form == "npz-pairs":
        state, action = np.array(pairs).T
        np.savez(path, R=reward[state, action], Q=scaled[state, action], s_indices=state,
                 a_indices=action)  # fmt: skip
    elif form == "npz-sas":
        np.savez(path, P=scaled, R=reward, layout="s,a,s'")
    else:
        np.savez(path, P=scaled.transpose(1, 0, 2), R=reward)
    return path, request


FORMS = ("drn", "tra", "json", "yaml", "csv", "npz", "npz-sas", "npz-quantecon", "npz-pairs")


def read_back(form: str, folder: Path, transition: Any, reward: Any, off: float = 0.0) -> MDP:
    path, request = written(form, folder, transition, reward, off)
    model = load_model(str(path), request)
    assert isinstance(model, MDP)
    return model


@st.composite
def models(draw: st.DrawFn) -> tuple[Any, Any]:
    n, m = draw(st.integers(1, 4)), draw(st.integers(1, 3))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    transition = rng.dirichlet(np.ones(n), (n, m)) * (rng.random((n, m, n)) < 0.7)
    transition[..., 0] += transition.sum(axis=2) == 0
    return transition / transition.sum(axis=2, keepdims=True), rng.normal(size=(n, m)).round(3)


@given(models())
@settings(max_examples=15)
def test_a_model_written_in_any_format_reads_back(
    tmp_path_factory: pytest.TempPathFactory, model: tuple[Any, Any]
) -> None:
    """The arrays say everything that V depends on, so V is the same too."""
    transition, reward = model
    n, m = reward.shape
    for form in FORMS:
        mdp = read_back(form, tmp_path_factory.mktemp("m"), transition, reward)
        p, r = dense(mdp)

        np.testing.assert_allclose(p.reshape(n, m, n), transition, atol=1e-15)
        np.testing.assert_allclose(r.reshape(n, m), reward, atol=1e-12)


@given(models(), st.sampled_from([3e-7, -3e-7, 9e-6, -9e-6]))
@settings(max_examples=6)
def test_rounded_chances_are_scaled_to_1_in_every_format(
    tmp_path_factory: pytest.TempPathFactory, model: tuple[Any, Any], off: float
) -> None:
    transition, reward = model
    n, m = reward.shape
    for form in FORMS:
        mdp = read_back(form, tmp_path_factory.mktemp("m"), transition, reward, off)

        np.testing.assert_allclose(dense(mdp)[0].reshape(n, m, n), transition, atol=1e-15)
        assert any(f"only within {abs(off):.0e}" in note for note in mdp.notes), (form, mdp.notes)


@given(models(), st.sampled_from([3e-5, -3e-5, 0.1]))
@settings(max_examples=6)
def test_chances_further_off_are_refused_in_every_format(
    tmp_path_factory: pytest.TempPathFactory, model: tuple[Any, Any], off: float
) -> None:
    for form in FORMS:
        with pytest.raises(InputError, match=r"sum to|a number from 0 to 1"):
            read_back(form, tmp_path_factory.mktemp("m"), *model, off)
