"""What each program computes: targets, whitening, and its rounding of γ and λ."""

import numpy as np
import pytest
from hypothesis import assume, given

from rlcalc.errors import InputError
from rlcalc.estimators.programs import PROGRAMS, WHITENINGS, Whitening
from rlcalc.estimators.programs.chains import chain_of_steps, chain_of_tokens
from rlcalc.estimators.programs.compute import advantages, whitened
from rlcalc.readers.trajectories.buffers import trajectories_of_arrays
from tests.estimators.programs import peers
from tests.estimators.programs.sources import buffer, seeds, tokens


@given(seeds)
def test_verl_whitens_with_ddof_1_and_keeps_targets(seed: int) -> None:
    flat, padded = tokens(seed)
    program = PROGRAMS["verl"]
    answer = advantages(
        chain_of_tokens(flat, program.tool), program, 0.9, 0.8, flat.mask, program.whitening
    )
    raw, target = peers.token_gae(
        padded["reward"], padded["value"], padded["mask"], 0.9, 0.8, "carry"
    )
    theirs = peers.masked_whiten(raw, padded["mask"], 1, 1e-8)

    np.testing.assert_allclose(answer.advantage, theirs[padded["inside"]], atol=1e-9)
    np.testing.assert_allclose(answer.target, target[padded["inside"]], atol=1e-9)


def test_spinning_up_normalises_and_takes_the_gain_as_target() -> None:
    """One path, γ = 1/2, λ = 1: G = 1.5, 1; A = G − V = 1, −1; normalised with ddof 0: 1, −1."""
    batch, _ = trajectories_of_arrays(
        {
            "rewards": np.array([1.0, 1.0]),
            "values": np.array([0.5, 2.0]),
            "terminated": np.array([0, 1]),
        },
        "here",
    )
    program = PROGRAMS["spinningup"]
    answer = advantages(chain_of_steps(batch), program, 0.5, 1.0, whitening=program.whitening)

    np.testing.assert_allclose(answer.target, [1.5, 1.0])
    np.testing.assert_allclose(answer.advantage, [1.0, -1.0])


@given(seeds)
def test_targets_of_spinning_up_do_not_depend_on_lambda(seed: int) -> None:
    batch, _ = trajectories_of_arrays(buffer(seed), "here")
    program, chain = PROGRAMS["spinningup"], chain_of_steps(batch)
    targets = [advantages(chain, program, 0.9, lambda_).target for lambda_ in (0.0, 0.5)]

    np.testing.assert_array_equal(targets[0], targets[1])


@given(seeds)
def test_sb3_adds_the_bootstrap_to_the_reward(seed: int) -> None:
    """Its loop over rewards that hold γ V of the final observation gives the right advantage."""
    arrays = buffer(seed)
    batch, _ = trajectories_of_arrays(arrays, "here")
    cut = arrays["truncated"] & ~arrays["terminated"]
    reward = arrays["rewards"] + np.where(cut, 0.9 * arrays["final_values"], 0.0)
    ended = (arrays["terminated"] | arrays["truncated"]).astype(float)
    theirs = peers.gae_of_buffer(reward, arrays["values"], ended, arrays["last_values"], 0.9, 0.8)
    ours = advantages(chain_of_steps(batch), PROGRAMS["sb3"], 0.9, 0.8).advantage

    np.testing.assert_allclose(ours, theirs.reshape(-1)[batch.row], atol=1e-9)


@given(seeds)
def test_cleanrl_takes_a_truncation_for_a_termination(seed: int) -> None:
    arrays = buffer(seed)
    batch, _ = trajectories_of_arrays(arrays, "here")
    ended = (arrays["terminated"] | arrays["truncated"]).astype(float)
    theirs = peers.gae_of_buffer(
        arrays["rewards"], arrays["values"], ended, arrays["last_values"], 0.9, 0.8
    )
    program = PROGRAMS["cleanrl"]
    ours = advantages(chain_of_steps(batch, program.truncation), program, 0.9, 0.8).advantage

    np.testing.assert_allclose(ours, theirs.reshape(-1)[batch.row], atol=1e-9)


def test_torchrl_rounds_its_parameters_to_float32() -> None:
    batch, _ = trajectories_of_arrays(buffer(5), "here")
    chain = chain_of_steps(batch)
    ours = advantages(chain, PROGRAMS["torchrl"], 0.99, 0.95).advantage
    rounded = chain.advantage(0.99, 0.95, float32=True)

    np.testing.assert_array_equal(ours, rounded)
    assert (ours != chain.advantage(0.99, 0.95)).any()
    np.testing.assert_allclose(ours, chain.advantage(0.99, 0.95), atol=2e-5)


@given(seeds)
def test_whitened_advantages_have_mean_0_and_ignore_shift_and_scale(seed: int) -> None:
    values = np.random.default_rng(seed).normal(size=6)
    assume(np.std(values) > 1e-3)
    for how in filter(None, WHITENINGS.values()):
        answer = whitened(values, how)

        assert abs(answer.mean()) < 1e-9
        np.testing.assert_allclose(whitened(3 * values + 2, how), answer, rtol=1e-2)
        np.testing.assert_allclose(answer.std(ddof=how.ddof), 1, rtol=1e-2)


@pytest.mark.parametrize(
    ("values", "how", "match"),
    [
        ([1.0], WHITENINGS["ddof1"], "needs 2 steps"),
        ([2.0, 2.0], Whitening(0), "deviation of 0"),
    ],
)
def test_what_cannot_be_whitened_is_refused(
    values: list[float], how: Whitening, match: str
) -> None:
    with pytest.raises(InputError, match=match):
        whitened(np.array(values), how)
