"""What groups are like, and which are wrong."""

import numpy as np

from rlcalc.groups.groups import EQUAL, STATUS, Groups
from rlcalc.rollouts import Rollouts


def status(*groups: list[float], tolerance: float = EQUAL) -> list[str]:
    name = np.repeat(np.arange(len(groups)), [len(group) for group in groups])
    rollouts = Rollouts.from_arrays(name, np.concatenate(groups))
    return [STATUS[code] for code in Groups(rollouts, tolerance=tolerance).status]


def test_each_status() -> None:
    none = float("nan")
    found = status([0, 1], [1, 1], [0, 0], [0.5, 0.5], [-1, -1], [1], [none, none], [1, none])

    assert found == [
        "mixed", "too easy", "too hard", "flat", "too hard", "single", "unscored", "single",
    ]  # fmt: skip


def test_dead_is_within_a_tolerance() -> None:
    """A judge's 2/3, once in float32 and once in float64, is one reward."""
    judged = [2 / 3, float(np.float32(2 / 3))]

    assert status(judged) == ["flat"]
    assert status(judged, tolerance=0) == ["mixed"]


def test_rewards_that_are_apart_in_float32_are_two() -> None:
    """Neighbours in float32 may be one reward, computed twice; those further apart are not."""
    for one in (0.7, 1.0, 3.0, 1e6, 1e-4):
        near = float(np.nextafter(np.float32(one), np.float32(np.inf)))

        assert status([float(np.float32(one)), near]) != ["mixed"]
        assert status([one, one * (1 + 4 * 2**-23)]) == ["mixed"]
    assert status([1e6 + 0.1, 1e6 + 0.2, 1e6 + 0.3]) == ["mixed"]
    assert status([1e-9, 2e-9]) == ["mixed"]
    assert status([0.3 - 0.1 - 0.2, 0.0]) != ["mixed"]


def findings(group: list[object], step: list[int] | None = None) -> str:
    rollouts = Rollouts.from_arrays(np.array(group), np.zeros(len(group)), step=step)
    held = {"grouped_by": "id"}
    return " ".join(Groups(Rollouts(**{**vars_of(rollouts), "facts": held})).warnings())


def vars_of(rollouts: Rollouts) -> dict[str, object]:
    return {name: getattr(rollouts, name) for name in rollouts.__dataclass_fields__}


def test_even_groups_are_fine() -> None:
    assert findings([1, 1, 2, 2]) == ""


def test_groups_of_one_are_said() -> None:
    assert "1 group has only one rollout" in findings([1, 1, 2])
    assert "every group has only one rollout" in findings([1, 2, 3])
    assert "check the column that identifies the group" in findings([1, 2, 3])


def test_uneven_and_merged_groups_are_said() -> None:
    merged = [1, 1, 2, 2, 3, 3, 4, 4, 4, 4]
    assert "1 of 4 groups have 2 or more times the usual 2" in findings(merged)
    assert "1 of 3 groups are not of the usual size 3 (3)" in findings([1, 1, 1, 2, 2, 2, 3, 3])


def test_a_group_across_steps_is_said() -> None:
    group, step = ["a", "a", "b", "b", "c", "c"], [1, 1, 1, 2, 2, 2]

    assert "1 group goes across steps (b)" in findings(list(group), step)


def test_ids_that_begin_anew_at_every_step_are_no_finding() -> None:
    assert findings([0, 0, 1, 1, 0, 0, 1, 1], [1, 1, 1, 1, 2, 2, 2, 2]) == ""
