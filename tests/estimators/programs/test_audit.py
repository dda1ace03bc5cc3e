"""Audit: γ, λ and the convention are read off the advantages."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from rlcalc.estimators.programs import PROGRAMS, TOOLS
from rlcalc.estimators.programs.answer import audit, is_clean, of_program
from rlcalc.estimators.programs.audit import solve
from rlcalc.estimators.programs.chains import chain_of_steps
from rlcalc.readers.trajectories.buffers import trajectories_of_arrays
from rlcalc.trajectories import Trajectories
from tests.estimators.programs.sources import buffer, seeds, tokens


def logged(seed: int, as_: str, gamma: float, lambda_: float) -> Trajectories:
    batch, _ = trajectories_of_arrays(buffer(seed, least=20), "here")
    order = np.argsort(batch.row)
    answer = of_program(batch, gamma, lambda_, as_)
    advantage = np.empty(batch.n_steps)
    advantage[order] = answer["advantage"]
    return replace(batch, advantage=advantage)


@given(seeds, st.sampled_from([0.9, 0.99, 0.995]), st.sampled_from([0.0, 0.5, 0.95, 1.0]))
def test_the_regression_gives_gamma_and_lambda_at_once(
    seed: int, gamma: float, lambda_: float
) -> None:
    batch, _ = trajectories_of_arrays(buffer(seed, least=20), "here")
    chain = chain_of_steps(batch)
    solved = solve(chain, chain.advantage(gamma, lambda_), None, is_whitened=False)

    assert solved is not None
    np.testing.assert_allclose(solved, (gamma, lambda_), atol=1e-6)


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


def test_the_registry_of_programs_is_whole() -> None:
    names = "sb3 cleanrl spinningup tianshou torchrl verl openrlhf slime areal"

    assert set(PROGRAMS) == set(names.split())
    assert all(program.source and program.tool in TOOLS for program in PROGRAMS.values())
