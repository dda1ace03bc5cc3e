"""Facts against direct sums, on the example of the reference: two rollouts of seven tokens."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import rlcalc
from rlcalc.tokens import Tokens
from tests.objectives.batches import batch, seeds, tokens_of

RATIO = np.exp([-0.1, 1.5, 1.5, -0.7, 2.5, 0.1, -0.05])
ADVANTAGE = [0.5, -1.0, 0.8, -0.4, -0.6, 0.3, -1.4]
DUAL = Tokens.from_arrays(
    start=[0, 4, 7],
    log_prob=np.log(RATIO) - 3.0,
    old_log_prob=np.full(7, -3.0),
    advantage=ADVANTAGE,
    group=["a", "b"],
    score=[1.0, 0.0],
)


def test_regions_clip_fractions_and_effective_sample_size_on_paper() -> None:
    """As in credit.md: k1 = −4.75/7, k3 = 1.836, (Σρ)²/Σρ² = 3.16 of 7."""
    result = rlcalc.objective(DUAL, clip="0.2:0.28", dual_clip=3.0)
    facts = result.facts

    assert result["region"].tolist() == [
        "active", "dual clip", "clip high", "clip low", "dual clip", "active", "active",
    ]  # fmt: skip
    assert result["gradient"][:2] == pytest.approx([-0.5 * RATIO[0] / 7, 0])
    assert facts["k1"] == pytest.approx(-4.75 / 7)
    assert facts["k3"] == pytest.approx(1.836, abs=5e-4)
    assert facts["effective_sample_size"] == pytest.approx(3.16, abs=5e-3)
    assert facts["clip_fraction"] == pytest.approx(2 / 7)
    assert facts["clip_fraction_low"] == facts["clip_fraction_high"] == pytest.approx(1 / 7)
    assert facts["dual_clip_fraction"] == pytest.approx(2 / 7)
    assert facts["outside_fraction"] == pytest.approx(4 / 7)
    assert any("k1 is below 0" in note for note in result.notes)


def test_the_error_of_k1_is_clustered_by_prompt() -> None:
    """Sums −2.2 and −2.55 over 4 and 3 tokens: √(2 Σ (T_e − m k_e)²)/7."""
    facts = rlcalc.objective(DUAL, rows="summary").facts
    mean, totals, counts = -4.75 / 7, np.array([-2.2, -2.55]), np.array([4, 3])
    error = np.sqrt(2 * ((totals - mean * counts) ** 2).sum()) / 7

    assert facts["k1_se"] == pytest.approx(error)


@given(
    seed=seeds,
    loss=st.sampled_from(["ppo", "gspo", "cispo", "gmpo"]),
    correction=st.sampled_from(["none", "mask:0.8:1.1"]),
)
def test_shares_of_the_gradient_are_those_of_the_rows(
    seed: int, loss: str, correction: str
) -> None:
    padded, lp = batch(seed)
    sampler = padded.old - np.random.default_rng(seed).normal(0, 0.2, lp.shape)
    score = np.arange(len(lp)) % 2
    tokens = tokens_of(padded, lp, score=score, rollout_log_prob=sampler)
    how = {"loss": loss, "kl": "k3", "beta": 0.1, "rollout_correction": correction}
    rows = rlcalc.objective(tokens, **how)  # type: ignore[arg-type]
    summary = rlcalc.objective(tokens, rows="summary", **how)  # type: ignore[arg-type]
    size = np.abs(rows["gradient"])
    by_region = {
        region: size[rows["region"] == region].sum() for region in summary["region"].tolist()
    }

    assert summary.facts["gradient"] == pytest.approx(size.sum())
    np.testing.assert_allclose(summary["gradient"], list(by_region.values()), atol=1e-12)
    assert sum(summary["tokens"]) == len(rows)
    if size.sum():
        for name in ("gradient_by_length", "gradient_by_outcome"):
            assert sum(summary.facts[name].values()) == pytest.approx(1)  # type: ignore[union-attr]


def test_all_ratios_of_1_are_explained() -> None:
    """open-r1#239: loss 0 in the first epoch is not an error."""
    tokens = Tokens.from_arrays(start=[0, 2], log_prob=[-1.0, -2.0], advantage=[0.5, -0.5])
    result = rlcalc.objective(tokens)

    assert result.facts["loss"] == 0
    assert any("all ratios are 1" in note for note in result.notes)


def test_the_mismatch_of_the_sampler_is_told_by_token_and_by_answer() -> None:
    """log π_old − log π_sampler of 0.2, 0 and −0.05: mean 0.05, one of three beyond 10 %."""
    tokens = Tokens.from_arrays(
        start=[0, 2, 3],
        log_prob=[-1.0, -1.0, -1.0],
        old_log_prob=[-1.0, -1.0, -1.0],
        rollout_log_prob=[-1.2, -1.0, -0.95],
        advantage=[1.0, 1.0, 1.0],
    )
    facts = rlcalc.objective(tokens, rows="summary").facts

    assert facts["sampler_mismatch"] == pytest.approx(0.05)
    assert facts["sampler_mismatch_sd"] == pytest.approx(np.std([0.2, 0, -0.05]))
    assert facts["sampler_outside_fraction"] == pytest.approx(1 / 3)
    assert facts["sampler_log_weight_max"] == pytest.approx(0.2)


@given(seed=seeds, kind=st.sampled_from([None, "k1", "k2", "k3", "abs", "k3+"]))
def test_the_fact_kl_is_the_mean_of_its_column(seed: int, kind: str | None) -> None:
    padded, lp = batch(seed)
    result = rlcalc.objective(tokens_of(padded, lp), kl=kind, beta=kind and 0.1)  # type: ignore[arg-type]

    assert result.facts["kl"] == pytest.approx(np.nanmean(result["kl"]))
    if kind in (None, "k3"):
        assert result.facts["kl"] == pytest.approx(result.facts["reference_k3"])
    if kind is not None:
        assert result.facts["kl_loss"] == pytest.approx(0.1 * np.nanmean(result["kl"]))
