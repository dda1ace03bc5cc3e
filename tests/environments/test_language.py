"""Language worlds: one on paper, the identities between their levels, and two ways to play them."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import rlcalc
from rlcalc.environments import language, language_model
from tests.environments.languages import SUMS, model

P_RIGHT = math.e / (2 + math.e) / 2


def test_the_shipped_spec_has_its_known_answer() -> None:
    for level in ("token", "sequence", "turn"):
        result = rlcalc.solve("language", policy="spec", settings={"level": level})

        assert result.facts["start_value"] == pytest.approx(0.330446753906, abs=1e-12)


def test_states_and_actions_are_what_was_said() -> None:
    tokens, responses = model(), model(level="sequence")

    assert tokens.states.texts[:3] == ["1+1=", "1+2=", "1+1=|2"]
    assert tokens.actions.texts == ["2", "3", "."]
    assert responses.states.texts == ["1+1=", "1+2=", "(end)"]
    assert set(responses.actions.texts) == {".", "2|.", "3|.", "2|2", "2|3", "3|2", "3|3"}


@pytest.mark.parametrize(
    ("decoding", "first"),
    [
        ({"top_k": 1}, [1, 0, 0]),
        ({"top_p": 0.5}, [1, 0, 0]),
        ({"top_p": 0.6}, [math.e / (math.e + 1), 1 / (math.e + 1), 0]),
        (
            {"temperature": 0.5},
            [math.e**2 / (2 + math.e**2), 1 / (2 + math.e**2), 1 / (2 + math.e**2)],
        ),
        ({"temperature": 1e-3}, [1, 0, 0]),
    ],
)
def test_decoding_is_the_policy(decoding: dict[str, float], first: list[float]) -> None:
    """At the token level as a parameter, and as a policy, which is the same."""
    mdp = model(**decoding)
    assert mdp.policy is not None
    name = ",".join(f"{key.replace('_', '-')}:{value}" for key, value in decoding.items())
    play = rlcalc.simulate(model(), 1, policy=name, seed=0, with_prob=True)

    np.testing.assert_allclose(mdp.policy[:3], first, atol=1e-9)
    batch = play.whole()
    assert batch.behaviour_prob is not None
    assert batch.behaviour_prob[0] in mdp.policy


small = st.fixed_dictionaries(
    {
        "horizon": st.integers(1, 3),
        "logits": st.dictionaries(
            st.sampled_from(["", "=", "2", "3", "32", "1+1="]),
            st.dictionaries(st.sampled_from([2, 3]), st.none() | st.integers(-2, 2), max_size=2),
            max_size=3,
        ),
        "end": st.none() | st.just("."),
        "judge": st.sampled_from([0.0, 0.1, "1/4"]),
        "reward": st.sampled_from(
            [
                SUMS["reward"],
                {"regex": "(23)*2?"},
                {"table": {"1+1=": {"2": 2.5, "3": -1, "": 1}, "1+2=": {"33": 4}}},
            ]
        ),
    }
)


@given(small)
def test_tokens_and_sequences_have_the_same_values(changes: dict[str, Any]) -> None:
    by_token = rlcalc.solve(model(**changes), policy="spec")
    by_sequence = rlcalc.solve(model(**changes, level="sequence"), policy="spec")
    value = dict(zip(by_token["state"].tolist(), by_token["v"].tolist(), strict=True))

    for state, v in zip(by_sequence["state"].tolist(), by_sequence["v"].tolist(), strict=True):
        assert value[state] == pytest.approx(v, abs=1e-9)


@given(small)
def test_token_advantages_sum_to_the_advantage_of_the_sequence(changes: dict[str, Any]) -> None:
    """Σ_t A(s_t, a_t) = Q(response) − V(prompt): what is between cancels, for rewards come last."""
    by_token = rlcalc.solve(model(**changes), policy="spec")
    by_sequence = rlcalc.solve(model(**changes, level="sequence"), policy="spec")
    advantage = {(row["state"], row["action"]): row["a"] for row in by_token.rows()}
    for row in by_sequence.rows():
        tokens = row["action"].split("|")
        states = ["|".join([row["state"], *tokens[:t]]) for t in range(len(tokens))]
        along = sum(advantage[state, token] for state, token in zip(states, tokens, strict=True))

        assert along == pytest.approx(row["a"], abs=1e-9)


@given(small, st.integers(0, 1))
def test_rounds_are_listed_at_both_levels_alike(changes: dict[str, Any], rounds: int) -> None:
    asked = {**changes, "horizon": min(changes["horizon"], 2), "follow_ups": ["so?"] * rounds}
    by_token, by_turn = model(**asked), model(**asked, level="turn")
    values = [rlcalc.solve(mdp, policy="spec").facts["start_value"] for mdp in (by_token, by_turn)]

    assert values[0] == pytest.approx(values[1], abs=1e-9)
    for mdp in (by_token, by_turn):
        level = "token" if mdp is by_token else "turn"
        said = language.Parameters.model_validate({**SUMS, **asked, "level": level})
        assert language_model.LanguageModel(said).size() == (mdp.n_states, mdp.n_pairs)


@given(small)
def test_only_the_judge_is_random(changes: dict[str, Any]) -> None:
    mdp = model(**changes)

    assert mdp.next_state_certain
    if changes["judge"] == 0:
        assert mdp.reward_certain
