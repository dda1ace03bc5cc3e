"""The audit finds the convention behind a trainer's numbers, what does not fit, and ghosts."""

from pathlib import Path

import numpy as np
import pytest

import rlcalc
from rlcalc.cli import app
from rlcalc.errors import InputError
from rlcalc.estimators.advantages import advantages
from rlcalc.estimators.advantages.convention import small
from rlcalc.estimators.advantages.trainers import TRAINERS, convention_of
from rlcalc.rollouts import Rollouts
from rlcalc.trajectories import Floats

JUDGED = np.linspace(0.01, 0.97, 25)


def rollouts_with(advantage: Floats | None = None, seed: int = 0) -> Rollouts:
    """40 groups of 8 in two steps, judged in fractions, some of them constant."""
    rng = np.random.default_rng(seed)
    reward = rng.choice(JUDGED, (40, 8))
    reward[::5] = reward[::5, :1]
    return Rollouts.from_arrays(
        np.repeat(np.arange(40), 8),
        {"a": reward.ravel(), "b": rng.integers(0, 2, 320)} if seed else reward.ravel(),
        step=np.repeat([1, 2], 160),
        length=rng.integers(1, 90, 320),
        **({} if advantage is None else {"advantage": advantage}),
    )


@pytest.mark.parametrize(
    ("trainer", "name"),
    [(t, n) for t, known in TRAINERS.items() for n in known if n not in ("remax", "gdpo")],
)
def test_each_convention_is_found(trainer: str, name: str) -> None:
    """From float32, as trainers keep it; some trainers mean the same, and some epsilons look so."""
    how = convention_of(name, trainer)
    theirs = advantages(rollouts_with(), how).astype(np.float32).astype(float)
    facts = rlcalc.audit(rollouts_with(theirs)).facts
    alike = f"{facts['reproduced_by']}; {facts['fit_as_well']}"

    assert facts["fit"] == facts["compared"]
    assert how.said() in alike


@pytest.mark.parametrize("trainer", ["trl", "verl", "ms-swift", "nemo-rl"])
def test_gdpo_is_found(trainer: str) -> None:
    how = convention_of("gdpo", trainer)
    facts = rlcalc.audit(rollouts_with(advantages(rollouts_with(seed=1), how), seed=1)).facts

    assert facts["fit"] == facts["compared"]
    assert str(facts["reproduced_by"]).startswith("gdpo")


def test_epsilon_and_ddof_are_read_from_the_numbers() -> None:
    for epsilon, ddof in ((1e-4, 1), (1e-5, 0), (1e-6, 1)):
        how = convention_of("grpo", None).but(epsilon=epsilon, ddof=ddof)
        facts = rlcalc.audit(rollouts_with(advantages(rollouts_with(), how))).facts

        said = f"grpo, group std, ddof {ddof}, epsilon {small(epsilon)}"
        assert facts["reproduced_by"] == said
        assert facts["largest_difference"] == 0


def test_rollouts_that_do_not_fit_are_listed() -> None:
    theirs = advantages(rollouts_with(), convention_of("grpo", "trl"))
    theirs[17] += 0.01
    result = rlcalc.audit(rollouts_with(theirs))

    assert result.facts["do_not_fit"] == 1
    assert result["group"].tolist() == [2]
    assert result["rollout"].tolist() == [1]
    assert result["finding"].tolist() == ["does not fit"]


def test_ghosts_are_what_float32_makes_of_equal_rewards() -> None:
    """OpenRLHF: twelve times 0.97 in float32, divided by 1e-9."""
    reward = np.full(12, 0.97, np.float32)
    mean = reward.sum(dtype=np.float32) / np.float32(12)
    theirs = (reward - mean) / np.float32(1e-9)
    assert np.abs(theirs).max() > 1
    rollouts = Rollouts.from_arrays(
        [0] * 12 + [1] * 2,
        np.append(np.full(12, 0.97), [0, 1]),
        advantage=np.append(theirs, [-(0.5**0.5), 0.5**0.5]),
    )
    result = rlcalc.audit(rollouts)

    assert result.facts["ghosts"] == 12
    assert result.facts["largest_ghost"] == pytest.approx(np.abs(theirs).max())
    assert set(result["finding"]) == {"ghost"}
    assert rlcalc.group(rollouts).facts["ghosts"] == 12


def test_what_no_mean_was_divided_by_is_no_ghost() -> None:
    """RLOO in float32 leaves 4e-7 and does not blow it up."""
    rollouts = Rollouts.from_arrays([0, 0, 1, 1], [0.1, 0.1, 0, 1], advantage=[4e-7, 0, -1, 1])

    assert rlcalc.audit(rollouts).facts["ghosts"] == 0


def test_numbers_from_nowhere_are_reproduced_by_nothing() -> None:
    strange = np.random.default_rng(1).normal(size=320)
    result = rlcalc.audit(rollouts_with(strange))

    assert result.facts["reproduced_by"] == "nothing"
    assert result.facts["do_not_fit"] + result.facts["ghosts"] == len(result) == 320  # type: ignore[operator]


def test_what_the_given_convention_needs_is_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("group,reward,advantage\na,1,0.5\na,0,-0.5\n")
    with pytest.raises(InputError, match="no length is known"):
        app(["group", str(path), "--audit", "--estimator", "opo"], standalone_mode=False)


def test_without_advantages_there_is_nothing_to_audit() -> None:
    with pytest.raises(InputError, match="no advantages of a trainer"):
        rlcalc.audit(rollouts_with())
