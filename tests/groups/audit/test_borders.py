"""Borders: the groups in which advantages that do not fit would fit."""

import numpy as np
import pytest

import rlcalc
from rlcalc.groups.advantages.compute import advantages
from rlcalc.groups.advantages.convention import Convention
from rlcalc.rollouts import Rollouts

N = 48
REWARD = np.random.default_rng(0).choice([0.0, 0.25, 0.7, 1.0], N)


def audited(group: list[int], theirs_by: list[int], how: Convention, **columns: object) -> str:
    """The notes of an audit in some groups, of advantages that were computed in others."""
    grouped = Rollouts.from_arrays(theirs_by, REWARD)
    theirs = np.empty(N)
    theirs[np.arange(N) if grouped.row is None else grouped.row] = advantages(grouped, how)
    held = Rollouts.from_arrays(group, REWARD, advantage=theirs, **columns)  # type: ignore[arg-type]
    return " ".join(rlcalc.audit(held).notes)


@pytest.mark.parametrize(
    "how", [Convention("grpo", 1e-4), Convention("dr-grpo"), Convention("rloo")]
)
@pytest.mark.parametrize("size", [4, 6, 8])
def test_a_window_of_rows_is_found(how: Convention, size: int) -> None:
    """The ids of the dump are of every rollout, or of interleaved prompts."""
    windows = [row // size for row in range(N)]
    for group in (list(range(N)), [row % 12 for row in range(N)]):
        notes = audited(group, windows, how)

        assert f"the same numbers fit {how.description()} in groups of {size} rows" in notes
        assert f"--group-size {size}" in notes


def test_groups_across_steps_are_found() -> None:
    prompts = [row % 6 for row in range(N)]
    steps = [row // 24 for row in range(N)]

    assert "--step none" in audited(prompts, prompts, Convention("dr-grpo"), step=steps)


def test_nothing_is_said_where_the_borders_are_right() -> None:
    windows = [row // 6 for row in range(N)]

    assert "the same numbers fit" not in audited(windows, windows, Convention("dr-grpo"))


def test_a_convention_that_needs_lengths_has_them_in_other_groups_too() -> None:
    windows, length = [row // 6 for row in range(N)], np.arange(1.0, N + 1)
    held = Rollouts.from_arrays(windows, REWARD, length=length)
    theirs = advantages(held, Convention("opo"))
    theirs[5] = 7.0
    spoilt = Rollouts.from_arrays(windows, REWARD, length=length, advantage=theirs)

    assert rlcalc.audit(spoilt).facts["do_not_fit"] == 1


def test_nothing_is_said_where_no_border_fits() -> None:
    strange = np.random.default_rng(1).normal(size=N)
    held = Rollouts.from_arrays([row // 6 for row in range(N)], REWARD, advantage=strange)

    assert "the same numbers fit" not in " ".join(rlcalc.audit(held).notes)
