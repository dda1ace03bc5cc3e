"""Language worlds without a table: simulated like those that have one."""

import numpy as np
import pytest
from scipy import stats

import rlcalc
from rlcalc import MDP
from rlcalc.environments import language, load
from rlcalc.errors import InputError
from tests.environments.languages import model, world


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
        load.load_mdp("language", settings={"horizon": 40})

    assert rlcalc.simulate(game, 50, seed=1).whole().length.max() > 2
