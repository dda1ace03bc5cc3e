"""Audit: γ, λ and the convention are read off the advantages."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlcalc.estimators.programs import PROGRAMS, TOOLS
from rlcalc.estimators.programs.audit import Candidate, best_fit, solve
from rlcalc.estimators.programs.chains import chain_of_steps
from rlcalc.estimators.programs.compute import whitened
from rlcalc.readers.trajectories.buffers import trajectories_of_arrays
from tests.estimators.programs.sources import buffer, seeds


@given(seeds, st.sampled_from([0.9, 0.99, 0.995]), st.sampled_from([0.0, 0.5, 0.95, 1.0]))
def test_the_regression_gives_gamma_and_lambda_at_once(
    seed: int, gamma: float, lambda_: float
) -> None:
    batch, _ = trajectories_of_arrays(buffer(seed, least=20), "here")
    chain = chain_of_steps(batch)
    solved = solve(chain, chain.advantage(gamma, lambda_), None, is_whitened=False)

    assert solved is not None
    np.testing.assert_allclose(solved, (gamma, lambda_), atol=1e-6)


@given(seeds, st.sampled_from([None, "verl"]))
def test_gamma_0_is_read_off_whatever_lambda_is(seed: int, as_: str | None) -> None:
    batch, _ = trajectories_of_arrays(buffer(seed, least=20), "here")
    chain = chain_of_steps(batch)
    advantage = chain.advantage(0.0, 0.95)
    if as_ is not None and (how := PROGRAMS[as_].whitening) is not None:
        advantage = whitened(advantage, how)

    assert solve(chain, advantage, None, as_ is not None) == (0.0, 0.0)


@pytest.mark.parametrize("n", [1, 3])
def test_a_few_steps_are_compared_with_usual_parameters(n: int) -> None:
    """One step cannot be whitened with ddof 1; that is no error of an audit."""
    arrays = {"rewards": np.arange(n) + 1.5, "values": np.ones(n), "terminated": np.zeros(n)}
    batch, _ = trajectories_of_arrays(arrays | {"last_values": 2.0}, "here")
    chain = chain_of_steps(batch)
    every = np.ones(n, bool)
    fit, alike = best_fit([Candidate("gae", chain)], chain.advantage(0.99, 0.95), every, None, None)
    nothing, _ = best_fit([Candidate("gae", chain)], np.full(n, 77.0), every, None, None)

    assert (fit.gamma, fit.lambda_, fit.n, len(alike)) == (0.99, 0.95, n, 1)
    assert nothing.n == 0


def test_the_registry_of_programs_is_whole() -> None:
    names = "sb3 cleanrl spinningup tianshou torchrl verl openrlhf slime areal"

    assert set(PROGRAMS) == set(names.split())
    assert all(program.source and program.tool in TOOLS for program in PROGRAMS.values())
