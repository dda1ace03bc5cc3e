"""The numbers of the peers' own code, run on small buffers; γ = 0.9, λ = 0.8.

Environment 0 terminates with step 1; environment 1 is truncated with step 2, where V of the final
observation is 0.6. Digits of: stable-baselines3 2.9.2, CleanRL fe8d8a0, Spinning Up 038665d,
tianshou 2.0.1, torchrl 0.14.1 (torch 2.13), slime 624b824 and AReaL 4aef98d.
"""

from typing import Any

import numpy as np
import pytest

from rlcalc import api
from rlcalc.result import Result

REWARD = np.array([[1, 0.5], [0, -1], [2, 0.25], [-0.5, 1]])
VALUE = np.array([[0.5, 1], [0.25, -0.5], [1, 0.75], [0.5, 0.25]])
FINAL = np.array([[0.0, 0], [0, 0], [0, 0.6], [0, 0]])
LAST = np.array([0.8, -0.4])
TERMINATED = np.array([[0, 0], [1, 0], [0, 0], [0, 0]])
TRUNCATED = np.array([[0, 0], [0, 0], [0, 1], [0, 0]])
DONE = TERMINATED + TRUNCATED
BEFORE = np.array([[0, 0], *DONE[:-1]])
NEXT = np.array([[0.25, -0.5], [0, 0.75], [0.5, 0.6], [0.8, -0.4]])

RIGHT = [[0.545, -0.803264], [-0.25, 0.2038], [1.2484, 0.04], [-0.28, 0.39]]
RIGHT_TARGET = [[1.045, 0.196736], [0, -0.2962], [2.2484, 0.79], [0.22, 0.64]]

STEPS = {"rewards": REWARD, "values": VALUE}
SB3 = {"rewards": REWARD + 0.9 * FINAL, "values": VALUE, "last_values": LAST}
SB3 |= {"episode_starts": np.array([[1, 1], *DONE[:-1]]), "dones": DONE[-1]}
CLEANRL = STEPS | {"dones": BEFORE, "next_done": np.zeros(2), "next_value": LAST[None]}
TIANSHOU = {"rew": REWARD, "v_s": VALUE, "v_s_": NEXT}
TIANSHOU |= {"terminated": TERMINATED, "truncated": TRUNCATED}
ENDS = {"end_flag": np.array([*DONE[:-1], [1, 1]]), "value_mask": 1 - TERMINATED}


def advantage(source: Any, as_: str | None, **how: Any) -> Result:
    return api.advantage(source, trainer=as_, gamma=0.9, **{"lambda_": 0.8, **how})


def close(result: Result, expected: Any, target: Any, tolerance: float = 1e-12) -> None:
    shape = np.shape(result["advantage"])
    np.testing.assert_allclose(
        result["advantage"], np.reshape(expected, shape), rtol=0, atol=tolerance
    )
    np.testing.assert_allclose(result["target"], np.reshape(target, shape), rtol=0, atol=tolerance)


@pytest.mark.parametrize(
    ("as_", "arrays", "expected", "target"),
    [
        ("sb3", SB3, RIGHT, RIGHT_TARGET),
        ("tianshou", TIANSHOU, RIGHT, RIGHT_TARGET),
        ("tianshou", {"rew": REWARD, "v_s": VALUE, "v_s_": NEXT, **ENDS}, RIGHT, RIGHT_TARGET),
        (
            "cleanrl",
            CLEANRL,
            [[0.545, -1.0832], [-0.25, -0.185], [1.2484, -0.5], [-0.28, 0.39]],
            [[1.045, -0.0832], [0, -0.685], [2.2484, 0.25], [0.22, 0.64]],
        ),
    ],
)
def test_buffers(as_: str, arrays: Any, expected: Any, target: Any) -> None:
    close(advantage(arrays, as_), expected, target)


def test_a_flat_buffer_of_tianshou_is_cut_by_its_end_flags() -> None:
    """The environments stand after each other in one array, and the first is not over."""
    arrays = {"rew": REWARD, "v_s": VALUE, "v_s_": NEXT, "terminated": TERMINATED}
    arrays |= {"truncated": TRUNCATED, "end_flag": ENDS["end_flag"]}
    flat = {name: array.T.reshape(-1, 1) for name, array in arrays.items()}

    close(advantage(flat, "tianshou"), np.transpose(RIGHT), np.transpose(RIGHT_TARGET))


def test_torchrl_multiplies_gamma_and_lambda_in_float32() -> None:
    """GAE(vectorized=False), with environments first; the data are float64."""
    flags = {"done": DONE, "terminated": TERMINATED}
    named = {"reward": REWARD, "state_value": VALUE, "next_state_value": NEXT, **flags}
    arrays = {name: array.T[:, :, None] for name, array in named.items()}
    expected = [0.545000001788, -0.25, 1.248399983025, -0.280000019073]
    expected += [-0.803264015579, 0.203799970579, 0.039999985695, 0.390000009537]
    target = [1.045000001788, 0, 2.248399983025, 0.219999980927]
    target += [0.196735984421, -0.296200029421, 0.789999985695, 0.640000009537]

    close(advantage(arrays, "torchrl"), expected, target, 2e-12)


def test_spinning_up_normalises_the_buffer() -> None:
    """Environment 1: finish_path(0.6) after step 2, finish_path(-0.4) at the end; float32."""
    arrays = {"rew_buf": REWARD, "val_buf": VALUE, "next_values": NEXT}
    arrays |= {"terminated": TERMINATED, "truncated": TRUNCATED}
    arrays = {name: array[:, 1:] for name, array in arrays.items()}
    expected = [-1.66708934, 0.5393374, 0.1804598, 0.94729227]

    close(advantage(arrays, "spinningup"), expected, [0.2399, -0.289, 0.79, 0.64], 5e-7)


def test_tianshou_sums_two_steps() -> None:
    """compute_nstep_return with n_step=2, where the target Q is V of the next observation."""
    target = [1.0, 0.2075, 0, -0.289, 2.198, 0.79, 0.22, 0.64]

    np.testing.assert_allclose(
        advantage(TIANSHOU, None, method="n-step:2")["target"], target, atol=1e-12
    )


def test_vtrace_of_a_buffer_is_that_of_torchrl() -> None:
    """vtrace_advantage_estimate with rho_thresh=1.5, c_thresh=1 and γ in float64."""
    chance = {
        "log_prob": [[0.5, 0.25], [0.8, 0.1], [0.3, 0.9], [0.6, 0.2]],
        "old_log_prob": [[0.25, 0.5], [0.5, 0.4], [0.6, 0.3], [0.5, 0.5]],
    }
    arrays = TIANSHOU | {name: np.log(rows) for name, rows in chance.items()}
    result = advantage(arrays, None, method="vtrace", clip_rho=1.5, lambda_=1.0)
    expected = [0.58125, -0.4492375, -0.375, 0.05725, 0.5738, 0.06, -0.336, 0.156]
    target = [1.25, 0.5507625, -0.125, -0.44275, 1.5738, 0.81, 0.164, 0.406]

    close(result, expected, target)


def test_slime_reads_no_mask() -> None:
    """get_advantages_and_returns_batch (chunked) of two responses; the reward is on the last."""
    rows = {"values": [[0.5, 0.25, 1.0], [0.75, -0.5, 0.0]], "rewards": [1.0, -0.5]}
    masks = {"loss_mask": [[1, 0, 1], [1, 1, 0]], "attention_mask": [[1, 1, 1], [1, 1, 0]]}
    result = advantage({name: np.array(a) for name, a in (rows | masks).items()}, "slime")
    expected, target = [0.193, 0.65, 0, -1.2, 0], [0.693, 0.9, 1, -0.45, -0.5]

    np.testing.assert_allclose(result["advantage"][:5], expected, atol=1e-12)
    np.testing.assert_allclose(result["target"][:5], target, atol=1e-12)


AREAL = {
    "values": np.array([[0.5, 0.25, 1, 0.75, 0.2], [0.1, -0.5, 0.4, 0.3, 0.6]]),
    "attention_mask": np.array([[1, 1, 1, 1, 1], [1, 1, 1, 0, 0]]),
}


@pytest.mark.parametrize(
    "more",
    [
        {"rewards": [1.0, -0.5], "loss_mask": [[0, 1, 0, 1, 1], [0, 1, 1, 0, 0]]},
        {
            "token_level_rewards": [[0, 0, 0, 1.0, 0], [0, -0.5, 0, 0, 0]],
            "loss_mask": [[1, 0, 1, 1, 0], [1, 1, 0, 0, 0]],
        },
    ],
    ids=["before compute_advantages", "after it"],
)
def test_areal_tells_padding_by_the_attention_mask(more: dict[str, Any]) -> None:
    """Row 1 is padded with tokens whose V is not 0, and does not bootstrap; row 0 does."""
    expected = [[0.388912, -0.0154, -0.0154, 0.43, 0], [-0.55, 0, 0, 0, 0]]
    arrays = AREAL | {name: np.array(rows) for name, rows in more.items()}

    close(advantage(arrays, "areal"), expected, expected + AREAL["values"])


def test_the_last_column_of_areal_is_in_no_chain() -> None:
    """A mask that begins with 1 is rolled to the last column, which its loop never visits."""
    arrays = {
        "values": np.array([[0.5, 0.25], [0.5, 0.25]]),
        "attention_mask": np.array([[1, 1], [1, 0]]),
        "token_level_rewards": np.array([[1.0, 0], [1.0, 0]]),
        "loss_mask": np.array([[1, 0], [0, 1]]),
    }
    expected = [[1 + 0.9 * 0.25 - 0.5, 0], [0, 0]]

    close(advantage(arrays, "areal"), expected, expected + arrays["values"])
