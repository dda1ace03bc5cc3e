"""Findings: the steps whose advantages are not right, and what reproduces the others."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from rlcalc.estimators.programs.answer import of_program
from rlcalc.estimators.programs.findings import audit, is_clean
from rlcalc.readers.trajectories.buffers import trajectories_of_arrays
from rlcalc.tokens import Tokens
from rlcalc.trajectories import Trajectories
from tests.estimators.programs.sources import buffer, seeds, tokens


def logged(seed: int, as_: str, gamma: float, lambda_: float) -> Trajectories:
    batch, _ = trajectories_of_arrays(buffer(seed, least=20), "here")
    order = np.argsort(batch.row)
    answer = of_program(batch, gamma, lambda_, as_)
    advantage = np.empty(batch.n_steps)
    advantage[order] = answer["advantage"]
    return replace(batch, advantage=advantage)


@given(seeds, st.sampled_from([0.9, 0.99]), st.sampled_from([0.5, 0.95]))
def test_a_right_buffer_is_clean(seed: int, gamma: float, lambda_: float) -> None:
    result = audit(logged(seed, "sb3", gamma, lambda_))

    assert is_clean(result)
    assert (result.facts["gamma"], result.facts["lambda"]) == (gamma, lambda_)
    assert result.facts["fit"] == result.facts["compared"]
    assert "sb3" in str(result.facts["as"])


@given(seeds)
def test_a_truncation_taken_for_a_termination_shows(seed: int) -> None:
    batch = logged(seed, "cleanrl", 0.99, 0.95)
    assume(batch.truncated.any())
    result = audit(batch, 0.99, 0.95)
    right = of_program(batch, 0.99, 0.95)
    differ = np.abs(right["advantage"] - right["trainer_advantage"]) > 1e-3

    assert result.facts["as"] == "cleanrl"
    assert "truncation as termination" in str(result.facts["reproduced_by"])
    assert not is_clean(result)
    assert int(result.facts["differ"]) >= differ.sum()  # type: ignore[arg-type]
    np.testing.assert_allclose(
        result.facts["largest_difference"],
        np.abs(right["advantage"] - right["trainer_advantage"]).max(),
    )


@given(seeds, st.integers(0, 15))
def test_a_wrong_step_is_listed_alone(seed: int, place: int) -> None:
    batch = logged(seed, "tianshou", 0.99, 0.95)
    assert batch.advantage is not None
    batch.advantage[place] += 1.0
    result = audit(batch)

    assert result.facts["gamma"] == 0.99
    assert result.facts["lambda"] == 0.95
    assert len(result) == result.facts["do_not_fit"] == 1
    assert list(result["finding"]) == ["does not fit"]


@pytest.mark.parametrize("as_", ["verl", "openrlhf", "slime"])
@given(seeds)
def test_the_rule_of_masked_tokens_is_told(as_: str, seed: int) -> None:
    flat, _ = tokens(seed)
    assume(flat.mask.sum() > 8)
    advantage = of_program(flat, 0.97, 0.9, as_)["advantage"]
    result = audit(replace(flat, advantage=advantage), 0.97, 0.9)

    assert result.facts["fit"] == result.facts["compared"]
    assert is_clean(result)


def test_advantages_of_nothing_are_reproduced_by_nothing() -> None:
    batch, _ = trajectories_of_arrays(buffer(1, least=20), "here")
    noise = np.random.default_rng(0).normal(size=batch.n_steps)
    result = audit(replace(batch, advantage=noise))

    assert result.facts["reproduced_by"] == "nothing"
    assert not is_clean(result)


def test_every_program_that_computes_the_same_is_named() -> None:
    """Without a truncated step CleanRL computes what is right; without a mask slime does."""
    steps = {"rewards": np.arange(9.0), "values": np.ones(9), "terminated": np.arange(9) == 4}
    batch, _ = trajectories_of_arrays(steps | {"last_values": 2.0}, "here")
    advantage = np.array(of_program(batch, 0.9, 0.8)["advantage"])
    flat = Tokens.from_arrays(
        mask=[[1, 1, 1, 0, 1, 1, 1, 1]], value=[np.arange(8.0)], reward=[[0.0] * 7 + [1]]
    )
    same = of_program(flat, 1.0, 1.0, "slime")["advantage"]

    assert audit(replace(batch, advantage=advantage)).facts["as"] == (
        "sb3, cleanrl, tianshou, torchrl"
    )
    facts = audit(replace(flat, advantage=same)).facts
    assert "slime" in str(facts["as"]).split(", ")
    assert "masked tokens plain" in str(facts["fit_as_well"])
