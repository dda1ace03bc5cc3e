"""Every loss: by hand on one token, against the peers' loops, and its own finite difference."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import rlcalc
from rlcalc.objectives.losses import LOSSES, TRAINERS
from rlcalc.objectives.trainers import TRAINERS as OBJECTIVES
from rlcalc.objectives.trainers import objective_of
from rlcalc.tokens import Tokens
from tests.objectives import peers
from tests.objectives.batches import batch, seeds, tokens_of
from tests.objectives.peers import Padded, Table

OTHERS = ("dppo", "value")
PAIRS = [(t, loss) for t, one in OBJECTIVES.items() for loss in one.losses if loss not in OTHERS]
MODES = ("token-mean", "token-sum", "seq-mean-token-sum", "seq-mean-token-mean", "constant")


def one(log_ratio: float, advantage: float, loss: str, **how: object) -> dict[str, object]:
    tokens = Tokens.from_arrays(
        start=[0, 1], log_prob=[-2.0 + log_ratio], old_log_prob=[-2.0], advantage=[advantage]
    )
    result = rlcalc.objective(tokens, loss=loss, **how)  # type: ignore[arg-type]
    return next(iter(result.rows())) | dict(result.facts)


def test_ppo_on_paper() -> None:
    """ρ = 1.5, ε = 0.2: with A = 2 the loss is −2.4 and flat; with A = −2 it is 3, slope 3."""
    high, low = one(math.log(1.5), 2.0, "ppo"), one(math.log(1.5), -2.0, "ppo")

    assert (high["loss"], high["gradient"], high["region"]) == (pytest.approx(-2.4), 0, "clip high")
    assert (low["loss"], low["region"]) == (pytest.approx(3.0), "outside but active")
    assert low["gradient"] == pytest.approx(3.0)


def test_the_dual_clip_and_delta_on_paper() -> None:
    """ρ = 5, A = −1, c = 3: the loss is 3 and flat; TRL's δ = 3 does the same."""
    for option in ("dual_clip", "delta"):
        row = one(math.log(5.0), -1.0, "ppo", **{option: 3.0})

        assert (row["loss"], row["gradient"]) == (pytest.approx(3.0), 0)
        assert row["region"] == "dual clip"


def test_other_losses_on_paper() -> None:
    """At ρ = 2 and log π = −2 + ln 2: CISPO −1.2 A log π, REINFORCE −A log π, SAPO −4 A σ(1)."""
    log_prob = -2.0 + math.log(2.0)

    assert one(math.log(2.0), 1.0, "cispo")["loss"] == pytest.approx(-1.2 * log_prob)
    assert one(math.log(2.0), 1.0, "reinforce")["loss"] == pytest.approx(-log_prob)
    assert one(math.log(2.0), 1.0, "sapo")["loss"] == pytest.approx(-4 / (1 + math.exp(-1)))
    assert one(math.log(2.0), 1.0, "gmpo")["loss"] == pytest.approx(-math.exp(0.4))
    assert one(math.log(2.0), 1.0, "gspo")["loss"] == pytest.approx(-1.2)


def test_dppo_leaves_out_a_token_whose_probability_moved_far() -> None:
    """prime-rl: π from e^−2 = 0.135 to 0.406 is +0.27 > 0.2."""
    far, near = one(1.1, 1.0, "dppo"), one(0.1, 1.0, "dppo")

    assert far["region"] == "clip high"
    assert far["loss"] == pytest.approx(1e-3 * 1.1**2)
    assert far["gradient"] == pytest.approx(2e-3 * 1.1)
    assert near["loss"] == pytest.approx(-math.exp(0.1) + 1e-5)


def peer_value(
    trainer: str, loss: str, padded: Padded, lp: Table, frozen: Table, mode: str
) -> float:
    how = objective_of(loss, trainer)
    terms = peers.policy_loss(trainer, loss, padded, lp, frozen, how.low, how.high)
    if loss == "gmpo":
        rows = [padded.counted(i) for i in range(len(lp))]
        return sum(terms[i, row[0]] for i, row in enumerate(rows) if row) / len(rows)
    return peers.aggregated(terms, padded, mode, trainer)


@pytest.mark.parametrize(("trainer", "loss"), PAIRS)
@given(seed=seeds)
def test_every_loss_of_every_trainer_is_that_of_its_own_loop(
    trainer: str, loss: str, seed: int
) -> None:
    padded, lp = batch(seed)
    result = rlcalc.objective(tokens_of(padded, lp), trainer=trainer, loss=loss)
    mode = objective_of(loss, trainer).aggregate

    assert result.facts["loss"] == pytest.approx(
        peer_value(trainer, loss, padded, lp, lp, mode), abs=1e-12, rel=1e-11
    )


@pytest.mark.parametrize(("trainer", "loss"), PAIRS)
@given(seed=seeds)
def test_every_gradient_is_the_finite_difference_of_the_trainer_loop(
    trainer: str, loss: str, seed: int
) -> None:
    """Where the trainer stops a gradient, the loop holds that part."""
    padded, lp = batch(seed)
    result = rlcalc.objective(tokens_of(padded, lp), trainer=trainer, loss=loss)
    mode = objective_of(loss, trainer).aggregate
    step, slope = 1e-6, np.zeros_like(lp)
    for place in np.argwhere(padded.mask > 0):
        up, down = lp.copy(), lp.copy()
        up[tuple(place)] += step
        down[tuple(place)] -= step
        values = [peer_value(trainer, loss, padded, x, lp, mode) for x in (up, down)]
        slope[tuple(place)] = (values[0] - values[1]) / (2 * step)

    np.testing.assert_allclose(result["gradient"], slope.reshape(-1), atol=2e-7, rtol=1e-5)


@pytest.mark.parametrize("loss", [name for name in LOSSES if name not in ("cispo", "value")])
@given(
    seed=seeds, mode=st.sampled_from(MODES), kl=st.sampled_from(["none", "k1", "k2", "k3", "abs"])
)
def test_the_gradient_of_our_own_loss_is_its_finite_difference(
    loss: str, seed: int, mode: str, kl: str
) -> None:
    """Without stop-gradients the loss itself says so: no second implementation is needed."""
    padded, lp = batch(seed)
    how = {"loss": loss, "aggregate": mode, "kl": kl}

    def value(log_prob: Table) -> float:
        result = rlcalc.objective(tokens_of(padded, log_prob), rows="summary", **how)  # type: ignore[arg-type]
        return float(result.facts["loss"])  # type: ignore[arg-type]

    gradient = rlcalc.objective(tokens_of(padded, lp), **how)["gradient"]  # type: ignore[arg-type]
    rng, step = np.random.default_rng(seed), 1e-6
    direction = rng.normal(size=lp.shape) * padded.mask
    slope = (value(lp + step * direction) - value(lp - step * direction)) / (2 * step)

    assert gradient @ direction.reshape(-1) == pytest.approx(slope, abs=1e-6, rel=1e-5)


@given(seed=seeds)
def test_at_ratio_one_every_loss_has_the_gradient_of_reinforce(seed: int) -> None:
    """Clips change nothing there: PPO's surrogate and the policy gradient are one object."""
    padded, _ = batch(seed, same_advantage=True)
    gradients = {
        name: rlcalc.objective(tokens_of(padded, padded.old), loss=name, aggregate="token-sum")
        for name in LOSSES
        if name != "value"
    }

    for result in gradients.values():
        np.testing.assert_allclose(
            result["gradient"], gradients["reinforce"]["gradient"], rtol=1e-12, atol=1e-12
        )


def test_the_registry_of_trainers_is_that_of_the_help() -> None:
    assert tuple(OBJECTIVES) == TRAINERS


def test_a_clamped_ratio_above_the_dual_clip_is_one_of_the_dual_clip() -> None:
    """verl at ρ = e^25: with A < 0 it counts a dual clip, and the clamp takes nothing more away."""
    tokens = {"start": [0, 1, 2], "log_prob": [-1.0, -1.0], "old_log_prob": [-26.0, -26.0]}
    result = rlcalc.objective(Tokens.from_arrays(advantage=[-1.0, 1.0], **tokens), trainer="verl")

    assert result["region"].tolist() == ["dual clip", "clip high"]
    assert result["gradient"].tolist() == [0, 0]
    assert result.facts["loss"] == pytest.approx((3 - 1.2) / 2)
    assert result.facts["gradient_lost_to_clamps"] == 0
