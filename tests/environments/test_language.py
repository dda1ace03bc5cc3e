"""Language worlds: one on paper, the identities between their levels, and two ways to play them."""

import json
import math
import signal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

import rlcalc
from rlcalc import MDP
from rlcalc.environments import language, language_model, language_parameters, load
from rlcalc.environments.language_rollouts import rollouts
from rlcalc.errors import InputError
from rlcalc.trajectories import concatenate
from tests.conftest import Shell

SUMS: dict[str, Any] = {
    "environment": "language",
    "vocabulary": [2, 3, "."],
    "end": ".",
    "horizon": 2,
    "prompts": ["1+1=", "1+2="],
    "logits": {"1+1=": {2: 1}, "1+2=": {3: 1}, "2": {2: None}, "3": {3: None}},
    "reward": {"exact": {"1+1=": 2, "1+2=": 3}},
    "judge": 0.1,
}
P_RIGHT = math.e / (2 + math.e) / 2


def world(**changes: Any) -> Any:
    return load.build(load.document_of("language", {**SUMS, **changes}))


def model(**changes: Any) -> MDP:
    found = world(**changes)
    assert isinstance(found, MDP)
    return found


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


def test_the_longest_context_counts() -> None:
    said = language.Parameters.model_validate(
        {**SUMS, "logits": {"": {2: 5}, "=": {3: 5}, "2=": {".": 5}}}
    )
    model_of_language = language_model.LanguageModel(said)

    assert model_of_language.token_probabilities("1+1").argmax() == 0
    assert model_of_language.token_probabilities("1+1=").argmax() == 1
    assert model_of_language.token_probabilities("1+2=").argmax() == 2
    assert model_of_language.token_probabilities("x2").sum() == pytest.approx(1)


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


@pytest.mark.parametrize("level", ["token", "turn"])
def test_a_world_that_is_not_listed_is_played_like_one_that_is(
    level: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two ways to play: chi-square over whole trajectories, and the mean beside the exact value."""
    changes = {"level": level, "follow_ups": ["1+1="], "prompts": {"1+1=": 0.3, "1+2=": 0.7}}
    listed = model(**changes)
    exact = rlcalc.solve(listed, policy="spec").facts["start_value"]
    monkeypatch.setattr(language, "LARGEST", 1)
    game = world(**changes)
    assert not isinstance(game, MDP)
    counts: dict[str, list[int]] = {}
    for place, source in enumerate((listed, game)):
        batch = rlcalc.simulate(source, 20_000, seed=5, policy="spec").whole()
        for e in range(len(batch)):
            steps = slice(batch.start[e], batch.start[e + 1])
            said = [batch.actions.texts[a] for a in batch.action[steps]]
            begin = batch.states.texts[batch.state[steps][0]]
            counts.setdefault(f"{begin} {said} {batch.reward[steps]}", [0, 0])[place] += 1
    table = np.array([row for row in counts.values() if sum(row) >= 20])
    result = rlcalc.simulate(world(**changes), 20_000, seed=6, rows="summary")

    assert len(table) > 20
    assert stats.chi2_contingency(table.T).pvalue > 1e-4
    assert result["low"][0] <= exact <= result["high"][0]


def test_a_world_that_is_not_listed_is_cut_where_it_is_asked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(language, "LARGEST", 1)
    whole = rlcalc.simulate(world(), 200, seed=1).whole()
    cut = rlcalc.simulate(world(), 200, seed=1, max_steps=1).whole()

    assert (cut.truncated == (whole.length > 1)).all()
    assert cut.n_steps == 200
    assert cut.last_state is not None
    assert (cut.states.named(cut.last_state)[cut.terminated] == "(end)").all()


def test_groups_share_a_prompt(monkeypatch: pytest.MonkeyPatch) -> None:
    for largest in (10**6, 1):
        monkeypatch.setattr(language, "LARGEST", largest)
        batch = rlcalc.simulate(world(), 400, seed=1, group=8).whole()
        first = batch.states.named(batch.state[batch.start[:-1]]).reshape(-1, 8)

        assert (first == first[:, :1]).all()
        assert len(set(first[:, 0])) == 2


def test_sizes_are_told_however_large() -> None:
    """In closed form: the sums themselves would take minutes."""
    assert "about 10^" in world(horizon=1000, vocabulary=[*range(500), "."], logits={}).why


def test_rules_for_other_prompts_do_no_harm() -> None:
    """A part of the prompts, and rounds that earn nothing, are no slips."""
    assert rlcalc.solve(
        "language", policy="spec", settings={"prompts": ["1+1="], "judge": 0}
    ).facts["start_value"] == pytest.approx(P_RIGHT)
    world(follow_ups=["sure?"])


def test_words_that_yaml_takes_for_something_else_are_words() -> None:
    said = model(
        vocabulary=[True, 1, "."],
        prompts=["x"],
        reward={"exact": {"x": True}},
        logits={True: {1: 1}},
    )

    assert "x|true" in said.states


@pytest.mark.parametrize("key", ["horizon", "judge", "top_p", "logits", "end"])
def test_what_is_wrong_has_its_line(key: str, rlcalc: Shell, tmp_path: Path) -> None:
    wrong = {"horizon": 0, "judge": 2, "top_p": 2, "logits": {"": {"x": 1}}, "end": "!"}[key]
    lines = [f"{name}: {json.dumps(value)}" for name, value in {**SUMS, key: wrong}.items()]
    (tmp_path / "world.yaml").write_text("\n".join(lines))
    line = 1 + next(n for n, text in enumerate(lines) if text.startswith(f"{key}:"))

    assert f"world.yaml, line {line}: {key}" in rlcalc("simulate", "world.yaml").stderr


def test_an_expression_that_takes_for_ever_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(language_parameters, "PATIENCE", 0.2)
    endless = world(reward={"regex": "(2+)+3"}, logits={"": {2: 9}}, horizon=40)
    with pytest.raises(InputError, match=r"takes longer than 0\.2 s"):
        rlcalc.simulate(endless, 50, seed=1).whole()

    assert signal.getsignal(signal.SIGALRM) is signal.SIG_DFL


def test_a_world_that_is_not_listed_is_decoded_like_one_that_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for policy in ("temperature:0.4", "spec,top-k:1", "top-k:2,temperature:3"):
        listed = rlcalc.solve(world(), policy=policy).facts["start_value"]
        with monkeypatch.context() as patch:
            patch.setattr(language, "LARGEST", 1)
            played = rlcalc.simulate(world(), 4000, policy=policy, seed=1, rows="summary")

        assert played["low"][0] <= listed <= played["high"][0], policy
        assert played.facts["policy"] == policy
    with pytest.raises(InputError, match="cannot be simulated with the policy top-k:1"):
        rlcalc.simulate(world(horizon=40, level="sequence"), 5, policy="top-k:1")


def test_what_is_too_large_is_played_and_says_how_large_it_is() -> None:
    game = world(horizon=40)
    with pytest.raises(InputError, match=r"about 10\^12 states"):
        load.load_model("language", settings={"horizon": 40})

    assert rlcalc.simulate(game, 50, seed=1).whole().length.max() > 2


@settings(max_examples=20)
@given(st.sampled_from(["token", "turn"]), st.integers(1, 4), st.integers(0, 99))
def test_rollouts_are_the_responses_with_their_rewards(level: str, group: int, seed: int) -> None:
    mdp = model(level=level, follow_ups=["1+1="])
    model_of_language = mdp.language_model  # type: ignore[attr-defined]
    batch = concatenate([*rlcalc.simulate(mdp, 12, seed=seed, group=group)])
    rows = list(rollouts([batch], model_of_language, group))

    assert len(rows) == 24
    assert sum(row["reward"] for row in rows) == batch.reward.sum()
    assert {row["prompt"] for row in rows[::2]} <= set(SUMS["prompts"])
    assert all(row["prompt"].endswith("1+1=") for row in rows[1::2])
    if group > 1:
        assert [row["group"] for row in rows[::2]] == [f"{e // group}.0" for e in range(12)]


def test_rollouts_are_written_a_line_each(rlcalc: Shell) -> None:
    done = rlcalc("simulate", "language", "-n", 6, "--seed", 1, "--rollouts", "--group-size", 3)
    rows = [json.loads(line) for line in done.stdout.splitlines()]

    assert [row["group"] for row in rows] == [0, 0, 0, 1, 1, 1]
    assert list(rows[0]) == ["prompt", "response", "reward", "group"]
    groups = json.loads(
        rlcalc("group", "-", "--rows", "groups", "--json", stdin=done.stdout).stdout
    )
    assert [row["n"] for row in groups["rows"]] == [3, 3]
    assert rlcalc("simulate", "rifle", "-n", 6, "--rollouts").returncode == 3


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"vocabulary": ["a"]}, "two or more different tokens"),
        ({"vocabulary": ["a", "a"]}, "two or more different tokens"),
        ({"vocabulary": ["a", "b|c"]}, "without |"),
        ({"end": "!"}, "is not a token"),
        ({"horizon": 0}, "expected 1 to"),
        ({"prompts": {"x": 0.5}}, "expected probabilities that sum to 1"),
        ({"prompts": []}, "no prompts"),
        ({"prompts": ["1+1=", "1+2"]}, r"prompt '1\+2'; did you mean it by '1\+2='"),
        ({"reward": {"exact": {}}}, "no rule for the prompt"),
        ({"prompts": ["(end)"]}, "other than .end."),
        ({"logits": {"": {"x": 1}}}, "have no token 'x'"),
        ({"logits": {"": {2: None, 3: None, ".": None}}}, "no token can come"),
        ({"logits": {"": {2: float("nan")}}}, "expected −700 to 700"),
        ({"logits": {"": 3}}, "expected {token: number}"),
        ({"reward": {"exct": {}}}, "did you mean exact"),
        ({"reward": {"regex": "("}}, "cannot be read"),
        ({"reward": {"table": {"x": {"y": "z"}}}}, "expected a finite number"),
        ({"judge": 2}, "number from 0 to 1"),
        ({"level": "word"}, "level is text 'word'"),
        ({"level": "sequence", "follow_ups": ["so?"]}, "one response"),
        ({"temperature": 0}, "above 0"),
        ({"top_p": 2}, "above 0"),
        ({"tempratur": 1}, "did you mean temperature"),
    ],
)
def test_wrong_parameters_are_named(changes: dict[str, Any], what: str) -> None:
    with pytest.raises(InputError, match=what):
        world(**changes)
