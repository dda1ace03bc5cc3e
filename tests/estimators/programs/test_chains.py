"""Chains: which steps follow each other, and what V follows each of them."""

import numpy as np
import pytest
from hypothesis import given

from rlcalc.errors import InputError
from rlcalc.estimators.programs import TOOLS
from rlcalc.estimators.programs.chains import (
    chain_of_steps,
    chain_of_tokens,
    continued,
    reward_of_tokens,
    unpadded_size,
)
from rlcalc.readers.trajectories.buffers import trajectories_of_arrays
from rlcalc.tokens import Tokens
from tests.estimators.programs import peers
from tests.estimators.programs.sources import buffer, discounts, seeds, tokens

TOOL_CALL = Tokens.from_arrays(
    mask=[[1, 0, 1]], reward=[[0.0, 5.0, 1.0]], value=[[0.5, 9.0, 0.25]], rollout=["a"]
)
"""Two tokens of the model, and one of a tool between them."""


@pytest.mark.parametrize(
    ("tool", "expected"),
    [
        ("carry", [0.125, 0.75, 0.75]),  # δ_0 = 0 + 0.25 − 0.5, A_0 = −0.25 + 0.5 · 0.75
        ("zero", [-0.1875, 0.625, 0.75]),  # δ = −0.5, 0.25, 0.75; A_1 = 0.25 + 0.375
        ("plain", [6.8125, -3.375, 0.75]),  # δ = 8.5, −3.75, 0.75; A_1 = −3.75 + 0.375
        ("compress", [0.125, 0.0, 0.75]),
    ],
)
def test_masked_tokens_on_paper(tool: str, expected: list[float]) -> None:
    """γ = 1, λ = 1/2."""
    chain = chain_of_tokens(TOOL_CALL, tool)
    advantage, _ = chain.of_all(chain.advantage(1.0, 0.5))

    np.testing.assert_allclose(advantage, expected, atol=1e-15)


@given(seeds, discounts, discounts)
def test_each_rule_of_masked_tokens_is_the_peers_loop(
    seed: int, gamma: float, lambda_: float
) -> None:
    flat, padded = tokens(seed)
    for tool in TOOLS:
        chain = chain_of_tokens(flat, tool)
        advantage, target = chain.of_all(chain.advantage(gamma, lambda_))
        theirs = peers.token_gae(
            padded["reward"], padded["value"], padded["mask"], gamma, lambda_, tool
        )

        inside = padded["inside"]
        np.testing.assert_allclose(advantage, theirs[0][inside], atol=1e-9)
        np.testing.assert_allclose(target, theirs[1][inside], atol=1e-9)


@given(seeds, discounts, discounts)
def test_rows_of_full_width_bootstrap_as_in_areal(seed: int, gamma: float, lambda_: float) -> None:
    flat, padded = tokens(seed)
    chain = chain_of_tokens(flat, "carry", full_rows=True)
    advantage, target = chain.of_all(chain.advantage(gamma, lambda_))
    theirs = peers.areal(
        padded["reward"], padded["value"], padded["mask"], padded["size"], gamma, lambda_
    )

    np.testing.assert_allclose(advantage, theirs[0][padded["inside"]], atol=1e-9)
    np.testing.assert_allclose(target, theirs[1][padded["inside"]], atol=1e-9)


@given(seeds)
def test_padding_does_not_make_a_row_full(seed: int) -> None:
    """The same rollouts padded to one width with V = 0, r = 0 and a mask of 0."""
    for score in (False, True):
        flat, padded = tokens(seed, score=score)
        more = {"score": padded["score"]} if score else {"reward": padded["reward"]}
        wide = Tokens.from_arrays(mask=padded["mask"], value=padded["value"], **more)
        inside = padded["inside"].reshape(-1)
        answers = []
        for batch in (flat, wide):
            chain = chain_of_tokens(batch, "carry", full_rows=True)
            answers.append(chain.of_all(chain.advantage(0.9, 0.8))[0])

        np.testing.assert_array_equal(unpadded_size(wide), unpadded_size(flat))
        np.testing.assert_allclose(answers[1][inside], answers[0], atol=1e-12)


@given(seeds)
def test_without_masked_tokens_every_rule_is_one(seed: int) -> None:
    flat, _ = tokens(seed)
    whole = Tokens.from_arrays(
        start=flat.start, mask=np.ones(len(flat.mask)), reward=flat.reward, value=flat.value
    )
    answers = [chain_of_tokens(whole, tool).advantage(0.9, 0.8) for tool in TOOLS]

    for answer in answers[1:]:
        np.testing.assert_array_equal(answer, answers[0])


@given(seeds)
def test_the_reward_of_a_rollout_is_that_of_its_last_counted_token(seed: int) -> None:
    flat, padded = tokens(seed, score=True)
    reward = reward_of_tokens(flat, "carry")
    table = np.zeros(padded["mask"].shape)
    table[padded["inside"]] = reward
    for i, row in enumerate(padded["mask"]):
        counted = np.flatnonzero(row)
        last = counted[-1] if len(counted) else padded["size"][i] - 1

        assert table[i, last] == padded["score"][i] == table[i].sum()


@given(seeds, discounts, discounts)
def test_steps_are_cut_at_both_flags_and_bootstrap_at_one(
    seed: int, gamma: float, lambda_: float
) -> None:
    """The loop of tianshou and torchrl, an environment after the other."""
    arrays = buffer(seed)
    batch, _ = trajectories_of_arrays(arrays, "here")
    chain = chain_of_steps(batch)
    table = np.empty(arrays["rewards"].shape)
    table.reshape(-1)[batch.row] = chain.advantage(gamma, lambda_)
    for n in range(table.shape[1]):
        r, v, term, cut, final = (
            arrays[name][:, n].astype(float)
            for name in ("rewards", "values", "terminated", "truncated", "final_values")
        )
        following = np.where(cut, final, np.append(v[1:], arrays["last_values"][n]))
        ended = np.maximum(term, cut)
        ended[-1] = 1
        theirs = peers.gae_of_paths(r, v, following, term, ended, gamma, lambda_)

        np.testing.assert_allclose(table[:, n], theirs, atol=1e-9)


@given(seeds)
def test_ends_that_are_ignored_leave_one_chain_an_environment(seed: int) -> None:
    arrays = buffer(seed, least=2)
    batch, _ = trajectories_of_arrays(arrays, "here")
    chain = continued(batch, np.zeros(len(batch), bool))

    assert len(chain.start) - 1 == arrays["rewards"].shape[1]


def test_gain_and_advantage_differ_by_value_where_lambda_is_1() -> None:
    """A = G − V: every bootstrap but the last cancels."""
    batch, _ = trajectories_of_arrays(buffer(3), "here")
    chain = chain_of_steps(batch)

    np.testing.assert_allclose(chain.advantage(0.9, 1.0), chain.gain(0.9) - chain.value, atol=1e-12)


def test_an_unknown_value_after_a_truncation_is_refused() -> None:
    arrays = {"rewards": np.ones(2), "values": np.ones(2), "terminated": np.zeros(2)}
    batch, _ = trajectories_of_arrays(arrays | {"truncated": np.array([0, 1])}, "here")

    with pytest.raises(InputError, match="a trajectory was truncated") as error:
        chain_of_steps(batch)
    assert "next_value" in error.value.faults[0].fix
    np.testing.assert_allclose(chain_of_steps(batch, "terminate").next_value, [1, 0])


@pytest.mark.parametrize(
    ("columns", "match"),
    [
        ({"value": [[1.0]]}, "no column of rewards"),
        ({"score": [1.0], "mask": [[1]]}, "no column of values"),
        ({"score": [1.0], "value": [[1.0]], "mask": [[0]]}, "masks every token"),
        ({"score": [1.0], "value": [[np.nan]]}, "value of a token is nan"),
    ],
)
def test_tokens_without_what_an_advantage_needs_are_refused(columns: dict, match: str) -> None:
    with pytest.raises(InputError, match=match):
        chain_of_tokens(Tokens.from_arrays(**columns), "carry")
