"""Advantages: the registry is all that the command line and the audit need to know."""

import subprocess
import sys
from types import ModuleType

import numpy as np
import pytest

import rlcalc
from rlcalc.groups.advantages import ESTIMATORS, Estimator
from rlcalc.groups.advantages.compute import advantages
from rlcalc.groups.advantages.convention import Convention
from rlcalc.numerics.arrays import Floats
from rlcalc.rollouts import Rollouts, ScoredRollouts


def halved(scored: ScoredRollouts, how: Convention) -> Floats:
    """Return A_i = (r_i − μ) / 2 + ε."""
    return scored.centred / 2 + how.epsilon


@pytest.fixture
def new_estimator(monkeypatch: pytest.MonkeyPatch) -> None:
    """One file and one line: the module that a file would be, and the line of the registry."""
    module = ModuleType("rlcalc.groups.advantages.halved")
    monkeypatch.setattr(module, "halved", halved, raising=False)
    monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.setitem(ESTIMATORS, "halved", Estimator("halved:halved", ("epsilon",)))


@pytest.mark.usefixtures("new_estimator")
def test_a_new_estimator_needs_one_file_and_one_line() -> None:
    rollouts = Rollouts.from_arrays([0, 0], [0.0, 1.0])
    result = rlcalc.group(rollouts, "halved", epsilon=1.0)

    assert result["advantage"].tolist() == [0.75, 1.25]
    assert result.facts["estimator"] == "halved, epsilon 1e+0"
    assert Convention("halved").options() == {"epsilon"}
    both = rlcalc.group(rollouts, "halved", "dr-grpo", epsilon=0.0)
    assert both["halved"].tolist() == (both["dr-grpo"] / 2).tolist()


@pytest.mark.usefixtures("new_estimator")
def test_the_audit_tries_a_new_estimator() -> None:
    rollouts = Rollouts.from_arrays([0, 0, 1, 1, 1], [0.0, 1.0, 3.0, 1.0, 9.0])
    held = advantages(rollouts, Convention("halved"))
    copy = Rollouts.from_arrays([0, 0, 1, 1, 1], rollouts.reward, advantage=held)

    assert str(rlcalc.audit(copy).facts["reproduced_by"]).startswith("halved")


def test_names_are_listed_without_numpy() -> None:
    """`rlcalc group --help` lists estimators and trainers."""
    code = (
        "import sys; from rlcalc.groups.advantages import ESTIMATORS; "
        "from rlcalc.groups.advantages.trainers import TRAINERS; "
        "print(len(ESTIMATORS), len(TRAINERS), 'numpy' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.split()[2] == "False"


def test_rollouts_without_a_reward_get_nan_0_or_count_as_0() -> None:
    rollouts = Rollouts.from_arrays([0, 0, 0], [2.0, 4.0, np.nan])
    answers = [
        advantages(rollouts, Convention("dr-grpo", unscored=unscored)).tolist()
        for unscored in ("gets 0", "counts as 0")
    ]

    assert answers == [[-1, 1, 0], [0, 2, -2]]
    assert np.isnan(advantages(rollouts, Convention("dr-grpo"))[2])
