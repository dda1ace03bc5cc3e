"""Bellman sweeps: blocks give the same bits on any number of threads."""

import numpy as np
import pytest

import rlcalc
from rlcalc.solvers.methods.bellman_sweeps import Sweeper
from rlcalc.solvers.problem import Problem
from tests.solvers.models import random_model


def test_a_sweep_is_one_backup_of_every_state() -> None:
    model = random_model(np.random.default_rng(2), 30).expected
    value = np.random.default_rng(3).normal(size=30)
    sweeper = Sweeper(Problem(model, 0.9, 1e-6, 1))
    bound = sweeper.backup(value)
    backed = model.best(model.action_value(value, 0.9))

    np.testing.assert_allclose(sweeper.better, backed, atol=1e-12)
    np.testing.assert_allclose(bound, 0.9 / 0.1 * np.ptp(backed - value) / 2, rtol=1e-12)


def test_the_number_of_threads_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    from rlcalc.solvers.methods import bellman_sweeps

    monkeypatch.setattr(bellman_sweeps, "BLOCK", 100)
    mdp = random_model(np.random.default_rng(4), 3000)
    one, two = (
        rlcalc.solve(mdp, gamma=0.99, method="modified-policy-iteration", jobs=jobs)
        for jobs in (1, 2)
    )

    np.testing.assert_array_equal(one["q"], two["q"])
