"""Sums, corrections of the sampler and pieces."""

from functools import partial

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import rlcalc
from rlcalc.engines.threads import run
from rlcalc.errors import InputError
from rlcalc.objectives import compute
from rlcalc.objectives.compute import batch_sums, blocks
from rlcalc.objectives.convention import Objective
from rlcalc.tokens import Tokens
from tests.objectives.batches import batch, seeds, tokens_of


@given(seed=seeds, size=st.integers(1, 9), loss=st.sampled_from(["ppo", "gspo", "gmpo", "sapo"]))
def test_cutting_a_batch_into_any_pieces_gives_the_same_bits(
    seed: int, size: int, loss: str
) -> None:
    tokens = tokens_of(*batch(seed))
    how = Objective(loss, kl="k3", beta=0.1)
    whole = compute.block_sums(tokens, how)
    pieces = compute.RolloutSums.joined(
        [compute.block_sums(part, how) for part in blocks(tokens, size)]
    )

    for name in vars(whole):
        np.testing.assert_array_equal(getattr(whole, name), getattr(pieces, name))


def test_threads_change_no_bit() -> None:
    rng = np.random.default_rng(0)
    old = -rng.exponential(1, (3000, 40)) - 1
    tokens = Tokens.from_arrays(
        log_prob=old + rng.normal(0, 0.2, old.shape).clip(max=0.9),
        old_log_prob=old,
        advantage=rng.normal(size=3000),
    )
    one, two = (batch_sums(tokens, Objective(), partial(run, jobs=j)) for j in (1, 2))

    for name in vars(one):
        np.testing.assert_array_equal(getattr(one, name), getattr(two, name))


@given(seed=seeds)
def test_corrections_of_the_sampler_are_those_of_the_formula(seed: int) -> None:
    """w = π_old/π_sampler: tis min(w, C), mask w inside, seq-mask by the mean of log w."""
    padded, lp = batch(seed, empty=False)
    rng = np.random.default_rng(seed)
    sampler = padded.old - rng.normal(0, 0.8, padded.old.shape).clip(-2, 2)
    weight = np.exp(padded.old - sampler)
    inside = (weight >= 0.6) & (weight <= 1.7)
    log_mean = ((padded.old - sampler) * padded.mask).sum(1) / padded.mask.sum(1)
    kept = (np.exp(log_mean) >= 0.6) & (np.exp(log_mean) <= 1.7)
    tokens = tokens_of(padded, lp, rollout_log_prob=sampler)
    plain = rlcalc.objective(tokens, aggregate="token-sum")
    expected = {
        "tis:1.2": np.minimum(weight, 1.2),
        "mask:0.6:1.7": weight * inside,
        "seq-mask:0.6:1.7": weight * kept[:, None],
    }
    for text, factor in expected.items():
        result = rlcalc.objective(tokens, aggregate="token-sum", rollout_correction=text)

        np.testing.assert_allclose(
            result["gradient"], plain["gradient"] * factor.reshape(-1), rtol=1e-12, atol=1e-15
        )
        gone = (factor.reshape(-1) == 0) & (padded.mask.reshape(-1) > 0)
        assert set(result["region"][gone]) <= {"masked"}


def test_a_correction_without_a_sampler_is_refused() -> None:
    tokens = Tokens.from_arrays(start=[0, 1], log_prob=[-1.0], advantage=[1.0])

    with pytest.raises(InputError, match="needs the sampler's log-probabilities"):
        rlcalc.objective(tokens, rollout_correction="tis:2")
    with pytest.raises(InputError, match="needs the reference's log-probabilities"):
        rlcalc.objective(tokens, kl="k3")


@given(seed=seeds, clip=st.sampled_from([np.inf, 0.2, 1.0]))
def test_the_value_loss_is_half_the_larger_square(seed: int, clip: float) -> None:
    padded, lp = batch(seed)
    rng = np.random.default_rng(seed)
    value, old, target = rng.normal(size=(3, *lp.shape))
    tokens = tokens_of(padded, lp, value=value, old_value=old, target=target)
    near = np.clip(value, old - clip, old + clip)
    square = np.maximum((value - target) ** 2, (near - target) ** 2)
    result = rlcalc.objective(tokens, value_clip=clip, rows="summary")

    assert result.facts["value_loss"] == pytest.approx(
        0.5 * (square * padded.mask).sum() / padded.mask.sum()
    )
    alone = rlcalc.objective(tokens, loss="value", clip=clip)
    step, slope = 1e-6, np.zeros(lp.size)
    for place in np.flatnonzero(padded.mask):
        sides = []
        for sign in (1, -1):
            moved = value.reshape(-1).copy()
            moved[place] += sign * step
            part = tokens_of(padded, lp, value=moved, old_value=old, target=target)
            sides.append(rlcalc.objective(part, loss="value", clip=clip, rows="summary"))
        slope[place] = (sides[0].facts["loss"] - sides[1].facts["loss"]) / (2 * step)  # type: ignore[operator]

    assert alone.facts["loss"] == pytest.approx(result.facts["value_loss"])
    np.testing.assert_allclose(alone["gradient"], slope, atol=1e-6)


def test_the_value_loss_needs_no_log_probabilities() -> None:
    """½ max(1², 0.8²) and ½ max(0.5², 0.7²): V = 1 and 0.5, R = 0, the old V 0.6 and 0.9."""
    columns = {"vpreds": [[1.0, 0.5]], "values": [[0.6, 0.9]], "returns": [[0.0, 0.0]]}
    result = rlcalc.objective(pl.DataFrame(columns), loss="value", clip=0.2)

    assert result.facts["loss"] == pytest.approx((0.5 * 1.0 + 0.5 * 0.49) / 2)
    assert result["gradient"].tolist() == [0.5, 0.0]
    assert result["region"].tolist() == ["active", "clip low"]
    with pytest.raises(InputError, match="no column holds the target"):
        rlcalc.objective(pl.DataFrame(columns).drop("returns"), loss="value")


@given(seed=seeds)
def test_the_value_loss_of_slime_has_no_half(seed: int) -> None:
    """max of the squares, a mean over rollouts; its gradient is twice as large too."""
    padded, lp = batch(seed, empty=False)
    value, old, target = np.random.default_rng(seed).normal(size=(3, *lp.shape))
    tokens = tokens_of(padded, lp, value=value, old_value=old, target=target)
    slime = rlcalc.objective(tokens, trainer="slime", loss="value")
    half = rlcalc.objective(tokens, loss="value", aggregate="seq-mean-token-mean")

    assert slime.facts["loss"] == pytest.approx(2 * half.facts["loss"])  # type: ignore[operator]
    assert slime.facts["value_loss"] == slime.facts["loss"]
    assert slime.facts["value_clip_fraction"] == half.facts["clip_fraction"]
    np.testing.assert_allclose(slime["gradient"], 2 * half["gradient"], rtol=1e-12)
    trl = rlcalc.objective(tokens, trainer="trl", loss="value").facts
    assert trl["loss"] == pytest.approx(rlcalc.objective(tokens, loss="value").facts["loss"])


@given(seed=seeds)
def test_gspo_of_openrlhf_corrects_by_the_ratio_to_the_sampler(seed: int) -> None:
    """With a correction its ratio is π/π_sampler, and no token has a weight or is left out."""
    padded, lp = batch(seed)
    sampler = padded.old + np.random.default_rng(seed).normal(0.0, 0.3, lp.shape)
    how = {"trainer": "openrlhf", "loss": "gspo"}
    tokens = tokens_of(padded, lp, rollout_log_prob=sampler)
    result = rlcalc.objective(tokens, rollout_correction="mask:0.8:1.2", **how)  # type: ignore[arg-type]
    padded.old[:] = sampler
    plain = rlcalc.objective(tokens_of(padded, lp), **how)  # type: ignore[arg-type]

    assert result.facts["loss"] == pytest.approx(plain.facts["loss"])
    np.testing.assert_allclose(result["gradient"], plain["gradient"], rtol=1e-12, atol=1e-15)
