import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import rlcalc
from rlcalc.errors import InputError
from rlcalc.objectives.kl import kl_terms
from rlcalc.objectives.losses import KL_ESTIMATORS
from rlcalc.objectives.trainers import objective_of
from tests.objectives import peers
from tests.objectives.batches import batch, seeds, tokens_of

numbers = st.floats(-4, 4).filter(lambda x: abs(x) > 1e-3)


def test_the_estimators_on_paper() -> None:
    """x = ln 2: k1 = 0.693, k2 = 0.240, k3 = 1/2 − 1 + 0.693 = 0.193; slopes 1, 0.693, 1/2."""
    answers = {kind: kl_terms(np.log([0.5]), np.log([0.25]), kind)[:2] for kind in KL_ESTIMATORS}
    half = np.log(2.0)

    assert answers["k1"] == (pytest.approx([half]), pytest.approx([1.0]))
    assert answers["k2"] == (pytest.approx([half**2 / 2]), pytest.approx([half]))
    assert answers["k3"] == (pytest.approx([half - 0.5]), pytest.approx([0.5]))
    assert answers["k3+"] == (pytest.approx([half - 0.5]), pytest.approx([half]))
    assert answers["k1+"] == (pytest.approx([half]), pytest.approx([half]))


@given(x=numbers, kind=st.sampled_from(["k1", "k2", "k3", "abs", "k1+", "k3+"]))
def test_gradients_are_finite_differences(x: float, kind: str) -> None:
    value, gradient, _ = kl_terms(np.array([x - 5.0]), np.array([-5.0]), kind)
    up, down = (peers.kl(kind, x + step, x) for step in (1e-6, -1e-6))

    assert value[0] == pytest.approx(peers.kl(kind, x, x), abs=1e-12)
    assert gradient[0] == pytest.approx((up - down) / 2e-6, rel=1e-5, abs=1e-6)


def test_the_clamp_at_10_takes_the_gradient_of_k3_away() -> None:
    """verl's own gradient at log π − log π_ref = −3 is 0; at −2.6 it is 1 − e^2.6."""
    _, gradient, free = kl_terms(np.array([-5.0, -4.6]), np.array([-2.0, -2.0]), "k3", 20.0, 10.0)

    assert gradient.tolist() == [0.0, pytest.approx(1 - np.exp(2.6))]
    assert free[0] == pytest.approx(1 - np.exp(3.0))


def test_the_clamp_is_said_and_its_share_is_a_fact() -> None:
    how = {"ref_log_prob": [-2.0, -2.0], "old_log_prob": [-5.0, -2.1], "advantage": [1.0, -1.0]}
    tokens = rlcalc.Tokens.from_arrays(start=[0, 2], log_prob=[-5.0, -2.1], **how)
    result = rlcalc.objective(tokens, trainer="verl", kl="k3", beta=1.0)

    assert result.facts["clamped_kl_tokens"] == 1
    assert result.facts["gradient_lost_to_clamps"] > 0.5  # type: ignore[operator]
    assert any("clamp" in note for note in result.notes)


def answers_of_language() -> list[tuple[list[float], list[float]]]:
    """Every complete answer of the shipped language world: log-probabilities of two policies."""
    mdp = rlcalc.load_model("language")
    rng = np.random.default_rng(5)
    other = [rng.dirichlet(np.ones(n)) for n in np.diff(mdp.pair_start)]
    paths: list[tuple[list[float], list[float]]] = []

    def walk(state: int, now: list[float], reference: list[float]) -> None:
        begin, end = int(mdp.pair_start[state]), int(mdp.pair_start[state + 1])
        if begin == end:
            paths.append((now, reference))
            return
        for pair in range(begin, end):
            outcome = int(mdp.outcome_start[pair])
            step_now = [*now, -float(np.log(end - begin))]
            step_ref = [*reference, float(np.log(other[state][pair - begin]))]
            walk(int(mdp.next_state[outcome]), step_now, step_ref)

    walk(int(np.argmax(mdp.start)), [], [])
    return paths


def test_over_all_answers_of_the_language_world_k1_and_k3_are_the_divergence() -> None:
    """E k1 = E k3 = KL of whole answers, token by token by the chain rule; and E ∇k2 = ∇KL."""
    paths = answers_of_language()
    start = np.cumsum([0, *(len(now) for now, _ in paths)])
    now = np.concatenate([now for now, _ in paths])
    ref = np.concatenate([reference for _, reference in paths])
    chance = np.exp(np.add.reduceat(now, start[:-1]))
    divergence = chance @ (np.add.reduceat(now, start[:-1]) - np.add.reduceat(ref, start[:-1]))
    means = {}
    for kind in ("k1", "k3"):
        tokens = rlcalc.Tokens.from_arrays(
            start=start,
            log_prob=now,
            old_log_prob=now,
            ref_log_prob=ref,
            advantage=np.zeros(len(now)),
        )
        kl = rlcalc.objective(tokens, kl=kind, beta=1.0)["kl"]
        means[kind] = chance @ np.add.reduceat(kl, start[:-1])

    assert chance.sum() == pytest.approx(1)
    assert means["k1"] == pytest.approx(divergence, abs=1e-12)
    assert means["k3"] == pytest.approx(divergence, abs=1e-12)


def test_in_expectation_k2_has_the_gradient_of_the_divergence_and_k1_has_none() -> None:
    """One state, softmax over 4 actions: E[k2' ∇log π] = ∇KL, E[k1' ∇log π] = 0."""
    rng = np.random.default_rng(3)
    theta, ref = rng.normal(size=4), np.log(rng.dirichlet(np.ones(4)))

    def log_policy(x: np.ndarray) -> np.ndarray:  # type: ignore[type-arg]
        return np.asarray(x - np.log(np.exp(x).sum()))

    def divergence(x: np.ndarray) -> float:  # type: ignore[type-arg]
        return float(np.exp(log_policy(x)) @ (log_policy(x) - ref))

    log_prob = log_policy(theta)
    score = np.eye(4) - np.exp(log_prob)
    steps = 1e-6 * np.eye(4)
    exact = [(divergence(theta + s) - divergence(theta - s)) / 2e-6 for s in steps]
    for kind, expected in (("k2", exact), ("k1", np.zeros(4)), ("k3+", exact), ("k1+", exact)):
        slope = kl_terms(log_prob, ref, kind)[1]

        np.testing.assert_allclose((np.exp(log_prob) * slope) @ score, expected, atol=1e-8)


def test_json_of_a_batch_without_a_reference_has_no_kl() -> None:
    tokens = rlcalc.Tokens.from_arrays(start=[0, 1], log_prob=[-1.0], advantage=[1.0])
    row = next(iter(rlcalc.objective(tokens).rows()))

    assert json.dumps(row["kl"]) == "null"


def peer_total(
    trainer: str, loss: str, kind: str, padded: peers.Padded, lp: peers.Table, frozen: peers.Table
) -> float:
    """Policy and KL term as the trainer adds them up, token by token."""
    how = objective_of(loss, trainer)
    assert padded.ref is not None
    policy = peers.policy_loss(trainer, loss, padded, lp, frozen, how.low, how.high)
    divergence = np.zeros_like(lp)
    largest = {"verl": 10.0 if kind == "k3" else np.inf, "openrlhf": 10.0, "nemo-rl": 10.0}
    for i in range(len(lp)):
        row = padded.counted(i)
        mean = np.exp(sum(lp[i, t] - padded.old[i, t] for t in row) / max(len(row), 1))
        for t in row:
            x, fixed = lp[i, t] - padded.ref[i, t], frozen[i, t] - padded.ref[i, t]
            bound = largest.get(trainer, np.inf)
            divergence[i, t] = peers.kl(kind, x, fixed, bound)
            if trainer == "nemo-rl":  # 1, with the gradient of the sampling
                through = peers.kl(kind, x, fixed) * np.exp(lp[i, t] - frozen[i, t])
                divergence[i, t] = peers.clip(through, -bound, bound)
            if trainer == "trl":
                divergence[i, t] *= mean if loss == "gspo" else np.exp(lp[i, t] - padded.old[i, t])
    mode = how.aggregate
    of_kl = "token-mean" if trainer == "openrlhf" else mode
    return peers.aggregated(policy, padded, mode, trainer) + 0.3 * peers.aggregated(
        divergence, padded, of_kl, trainer
    )


@pytest.mark.parametrize("trainer", ["verl", "trl", "openrlhf", "slime", "areal", "nemo-rl"])
@pytest.mark.parametrize("loss", ["ppo", "gspo"])
@given(seed=seeds, kind=st.sampled_from(["k1", "k2", "k3"]))
def test_the_kl_term_of_every_trainer_is_that_of_its_loop(
    trainer: str, loss: str, seed: int, kind: str
) -> None:
    """Its value, and its gradient by finite differences; TRL's is times ρ, and so is its slope."""
    padded, lp = batch(seed)
    result = rlcalc.objective(tokens_of(padded, lp), trainer=trainer, loss=loss, kl=kind, beta=0.3)
    direction = np.random.default_rng(seed).normal(size=lp.shape) * padded.mask
    up, down = (
        peer_total(trainer, loss, kind, padded, lp + s * direction, lp) for s in (1e-6, -1e-6)
    )

    assert result.facts["loss"] == pytest.approx(
        peer_total(trainer, loss, kind, padded, lp, lp), rel=1e-9, abs=1e-10
    )
    assert result["gradient"] @ direction.reshape(-1) == pytest.approx(
        (up - down) / 2e-6, rel=1e-4, abs=1e-5
    )


def test_an_estimate_that_overflows_is_refused_with_its_row() -> None:
    columns = {"log_prob": [-900.0], "old_log_prob": [-900.0], "ref_log_prob": [-1.0]}
    tokens = rlcalc.Tokens.from_arrays(start=[0, 1], advantage=[1.0], **columns)

    with pytest.raises(InputError, match="k3 of KL overflows"):
        rlcalc.objective(tokens, kl="k3")
    assert rlcalc.objective(tokens, kl="k3", trainer="verl").facts["clamped_kl_tokens"] == 1
    assert rlcalc.objective(tokens).facts["reference_k3"] == np.inf
