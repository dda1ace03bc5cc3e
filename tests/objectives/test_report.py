import numpy as np
import pytest
from hypothesis import given

import rlcalc
from rlcalc.errors import UsageError
from rlcalc.tokens import Tokens
from tests.objectives.batches import batch, seeds, tokens_of
from tests.objectives.test_summary import DUAL


def test_rows_of_tokens_have_the_columns_of_the_contract() -> None:
    result = rlcalc.objective(DUAL)

    assert list(result.columns) == [
        "group", "rollout", "t", "token", "ratio", "advantage", "region", "gradient", "kl",
    ]  # fmt: skip
    assert result["rollout"].tolist() == [0, 0, 0, 0, 1, 1, 1]
    assert result["group"].tolist() == ["a"] * 4 + ["b"] * 3


def test_an_advantage_of_0_has_the_gradient_0_and_not_minus_0() -> None:
    tokens = rlcalc.Tokens.from_arrays(start=[0, 1], log_prob=[-1.0], advantage=[0.0])
    result = rlcalc.objective(tokens)

    assert not np.signbit(result["gradient"][0])
    assert not np.signbit(result.facts["loss"])  # type: ignore[arg-type]


@given(seed=seeds)
def test_rollouts_add_up_to_the_loss(seed: int) -> None:
    tokens = tokens_of(*batch(seed))
    rows = rlcalc.objective(tokens, rows="rollouts")

    assert rows["loss"].sum() == pytest.approx(rows.facts["loss"])
    assert rows["gradient"].sum() == pytest.approx(rows.facts["gradient"])
    assert len(rows) == len(tokens)


@given(seed=seeds)
def test_a_comparison_has_the_loss_that_each_trainer_has_alone(seed: int) -> None:
    tokens = tokens_of(*batch(seed))
    names = ["verl", "trl", "openrlhf", "areal", "slime", "nemo-rl", "rlcalc"]
    result = rlcalc.objective(tokens, loss="gspo", compare=names)
    alone = [
        rlcalc.objective(tokens, loss="gspo", trainer=None if n == "rlcalc" else n) for n in names
    ]

    assert result["trainer"].tolist() == names
    assert result["loss"].tolist() == [one.facts["loss"] for one in alone]


@given(seed=seeds)
def test_the_kl_of_a_loss_with_another_aggregation_has_its_own(seed: int) -> None:
    """verl takes gmpo's mean over rollouts, and that of KL over tokens."""
    tokens = tokens_of(*batch(seed))
    how = {"trainer": "verl", "loss": "gmpo", "kl": "k2", "beta": 0.5}
    result = rlcalc.objective(tokens, **how)  # type: ignore[arg-type]
    mean = np.nanmean(result["kl"])

    assert result.facts["kl_loss"] == pytest.approx(0.5 * mean)
    assert result.facts["gradient"] == pytest.approx(np.abs(result["gradient"]).sum())


def test_other_rows_and_other_trainers_are_refused() -> None:
    with pytest.raises(UsageError, match="use tokens, rollouts or summary"):
        rlcalc.objective(DUAL, rows="token")  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="no trainer verll"):
        rlcalc.objective(DUAL, compare="verll,trl")


Key = tuple[object, object]


def answers(about: dict[Key, tuple[float, float]]) -> list[tuple[float, list[Key]]]:
    """Every answer of the language world: its probability, and its states and actions."""
    mdp = rlcalc.load_model("language")
    names, words = mdp.states.names(), mdp.actions.names()
    todo = [(int(s), float(mdp.start[s]), list[Key]()) for s in np.flatnonzero(mdp.start)]
    complete = []
    while todo:
        state, chance, path = todo.pop()
        pairs = range(int(mdp.pair_start[state]), int(mdp.pair_start[state + 1]))
        if not pairs:
            complete.append((chance, path))
        for pair in pairs:
            key = names[state], words[mdp.action[pair]]
            for n in range(int(mdp.outcome_start[pair]), int(mdp.outcome_start[pair + 1])):
                p = chance * about[key][0] * float(mdp.probability[n])
                todo += [(int(mdp.next_state[n]), p, [*path, key])] if p else []
    return complete


def test_the_policy_gradient_and_the_gradient_of_the_surrogate_at_ratio_1_are_one() -> None:
    """All answers of the language world by their probability, with their exact advantages.

    Σ_τ P(τ) Σ_t −∂loss/∂log π · ∂log π/∂θ is the ∂J/∂θ that `gradient` derives from the model.
    """
    solved = rlcalc.solve("language", policy="spec")
    about = {(r["state"], r["action"]): (r["pi"], r["a"]) for r in solved.rows()}
    exact = {
        (r["state"], r["action"]): r["exact"]
        for r in rlcalc.gradient("language", 10, seed=1, form="advantage").rows()
    }
    log_prob, advantage, start, places = [], [], [0], []
    for chance, path in answers(about):
        log_prob += [np.log(about[key][0]) for key in path]
        advantage += [chance * about[key][1] for key in path]
        places += path
        start.append(len(places))
    tokens = rlcalc.Tokens.from_arrays(start=start, log_prob=log_prob, advantage=advantage)
    gradient = rlcalc.objective(tokens, aggregate="token-sum")["gradient"]
    slopes = dict.fromkeys(exact, 0.0)
    for (state, action), slope in zip(places, gradient, strict=True):
        for s, a in slopes:
            if s == state:
                slopes[s, a] -= slope * ((a == action) - about[s, a][0])

    assert list(slopes.values()) == pytest.approx(list(exact.values()), abs=1e-12)


def test_without_old_log_probabilities_trl_has_ratio_one_whatever_the_sampler_logged() -> None:
    """TRL puts the policy of now in the place of the old one; the sampler serves corrections."""
    tokens = Tokens.from_arrays(
        start=[0, 1], log_prob=[-1.0], rollout_log_prob=[-2.0], advantage=[0.5]
    )

    assert rlcalc.objective(tokens)["ratio"].tolist() == pytest.approx([np.e])
    assert rlcalc.objective(tokens, trainer="trl")["ratio"].tolist() == [1.0]
