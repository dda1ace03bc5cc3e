"""The audit finds the convention behind a trainer's numbers, what does not fit, and ghosts."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import rlcalc
from rlcalc.cli import app_of
from rlcalc.commands import COMMANDS
from rlcalc.errors import InputError
from rlcalc.groups.advantages.compute import advantages
from rlcalc.groups.advantages.convention import convention_number
from rlcalc.groups.advantages.request import ConventionRequest
from rlcalc.groups.advantages.trainers import TRAINERS, convention_of
from rlcalc.numerics.arrays import Floats
from rlcalc.rollouts import Rollouts

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
    alike = f"{facts['reproduced_by']}; {facts['fit_as_well']}".split("; ")
    shown = replace(how, single="zero", unscored="gets none")  # no group of one, nothing unscored

    assert facts["fit"] == facts["compared"]
    assert shown.description() in alike


@pytest.mark.parametrize("trainer", ["trl", "verl", "ms-swift", "nemo-rl"])
def test_gdpo_is_found(trainer: str) -> None:
    how = convention_of("gdpo", trainer)
    facts = rlcalc.audit(rollouts_with(advantages(rollouts_with(seed=1), how), seed=1)).facts

    assert facts["fit"] == facts["compared"]
    assert str(facts["reproduced_by"]).startswith("gdpo")


def test_epsilon_and_ddof_are_read_from_the_numbers() -> None:
    for epsilon, ddof in ((1e-4, 1), (1e-5, 0), (1e-6, 1)):
        how = ConventionRequest(epsilon=epsilon, ddof=ddof).changed(convention_of("grpo", None))
        facts = rlcalc.audit(rollouts_with(advantages(rollouts_with(), how))).facts

        said = f"grpo, group std, ddof {ddof}, epsilon {convention_number(epsilon)}"
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
    rollouts = Rollouts.from_arrays([0, 0, 1, 1], [0.9, 0.9, 0, 1], advantage=[4e-7, 0, -1, 1])

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
        app_of(COMMANDS)(
            ["group", str(path), "--audit", "--estimator", "opo"], standalone_mode=False
        )


FLOAT = np.float32
SIZES = (2, 3, 8, 12, 32, 128)


def left_over(reward: float, size: int) -> Floats:
    """Return r − μ of equal rewards in float32, the mean summed one after the other."""
    total = FLOAT(0)
    for _ in range(size):
        total = FLOAT(total + FLOAT(reward))
    return np.full(size, FLOAT(reward) - FLOAT(total / FLOAT(size)))


@given(st.floats(1e-3, 1e6), st.sampled_from(SIZES), st.sampled_from([1e-4, 1e-6, 1e-9]))
def test_what_float32_divides_is_a_ghost_and_what_it_does_not_divide_is_none(
    reward: float, size: int, epsilon: float
) -> None:
    left = left_over(reward, size)
    spread = np.sqrt((left * left).sum(dtype=FLOAT) / FLOAT(size - 1))
    others = np.array([0, 0.5, 1, 1])
    group, rewards = [0] * size + [1] * 4, np.append(np.full(size, reward), others * reward)
    for divided, of_others in (
        (False, reward * (others - others.mean())),
        (True, (others - others.mean()) / others.std(ddof=1)),
    ):
        theirs = left / (spread + FLOAT(epsilon)) if divided else left * FLOAT(size / (size - 1))
        held = Rollouts.from_arrays(group, rewards, advantage=np.append(theirs, of_others))
        expected = size if divided and left.any() else 0

        assert rlcalc.audit(held).facts["ghosts"] == expected
        assert rlcalc.group(held).facts["ghosts"] == expected


def test_rewards_apart_in_float32_are_no_ghosts_however_large() -> None:
    """1,000,000.1 and 1,000,000.4 are five units of float32 apart."""
    reward = 1e6 + np.array([0.1, 0.2, 0.3, 0.4])
    held = (reward - reward.mean()) / (reward.std(ddof=1) + 1e-4)
    facts = rlcalc.audit(Rollouts.from_arrays([0] * 4, reward, advantage=held)).facts

    assert facts["ghosts"] == 0
    assert facts["reproduced_by"] == "grpo, group std, ddof 1, epsilon 1e-4"


def test_a_ghost_of_a_large_reward_is_large_beside_the_others() -> None:
    """Of 10⁶ and a bit, whose rounding over a σ of its own size is about 1."""
    reward = [1e6 + 0.1] * 4 + [1.0, 0, 0, 0]
    rollouts = Rollouts.from_arrays(
        [0] * 4 + [1] * 4, reward, advantage=[0.9] * 4 + [1.5, -0.5, -0.5, -0.5]
    )

    assert rlcalc.audit(rollouts).facts["ghosts"] == 4


def test_an_estimator_without_a_group_mean_has_no_ghosts() -> None:
    """REINFORCE gives the reward itself, in groups of equal rewards too."""
    reward = np.array([1.0, 0, 0.7, 0.7, 0.2, 0.4])
    held = reward.copy()
    group = [0, 0, 1, 1, 2, 2]
    result = rlcalc.audit(Rollouts.from_arrays(group, reward, advantage=held))
    held[2] = 0.5
    wrong = rlcalc.audit(Rollouts.from_arrays(group, reward, advantage=held))

    assert result.facts["reproduced_by"] == "reinforce"
    assert len(result) == 0
    assert rlcalc.group(Rollouts.from_arrays(group, reward, advantage=held)).facts["ghosts"] == 0
    assert wrong["finding"].tolist() == ["does not fit"]


MIXED = np.array([1.0, 1, 1, 0, 0, 0, 0, 0])
GRPO = (MIXED - MIXED.mean()) / (MIXED.std(ddof=1) + 1e-4)


def audited(*groups: tuple[object, object], absent: object = None) -> rlcalc.Result:
    """Audit groups of 8, each with its rewards and advantages."""
    rollouts = Rollouts.from_arrays(
        np.repeat(np.arange(len(groups)), 8),
        np.concatenate([np.asarray(reward, float) for reward, _ in groups]),
        advantage=np.concatenate([np.asarray(advantage, float) for _, advantage in groups]),
        **({} if absent is None else {"absent": absent}),
    )
    return rlcalc.audit(rollouts)


def with_one(values: Floats, place: int, value: float) -> Floats:
    changed = values.copy()
    changed[place] = value
    return changed


@pytest.mark.parametrize(
    ("value", "finding"), [(np.nan, "NaN"), (np.inf, "infinite"), (-np.inf, "infinite")]
)
def test_an_advantage_that_is_no_number_is_a_finding(value: float, finding: str) -> None:
    result = audited((MIXED, GRPO), (MIXED, with_one(GRPO, 7, value)), ([0.5] * 8, [0.0] * 8))

    assert result["finding"].tolist() == [finding]
    assert result.facts[finding.lower()] == 1
    assert result.facts["reproduced_by"] == "grpo, group std, ddof 1, epsilon 1e-4"
    assert audited((MIXED, GRPO), ([0.5] * 8, [value] * 8))["finding"].tolist() == [finding] * 8


def test_advantages_that_are_all_nan_are_said() -> None:
    result = audited((MIXED, np.full(8, np.nan)))

    assert result["finding"].tolist() == ["NaN"] * 8
    assert "every advantage of the trainer is NaN" in " ".join(result.notes)
    assert result.facts["nearest"] is None


def test_nan_is_right_where_the_trainer_always_has_it() -> None:
    """OpenRLHF gives a group of one NaN; and so does nobody else here but slime."""
    reward, held = [*MIXED, 1.0], [*GRPO, np.nan]
    group = [0] * 8 + [1]
    facts = rlcalc.audit(Rollouts.from_arrays(group, reward, advantage=held)).facts
    theirs = advantages(Rollouts.from_arrays(group, reward), convention_of("grpo", "openrlhf"))
    result = rlcalc.audit(Rollouts.from_arrays(group, reward, advantage=theirs))

    assert facts["nan"] is None
    assert len(result) == 0
    assert result.facts["as"] == "openrlhf"


def test_an_advantage_without_a_reward_is_a_finding() -> None:
    """The reward of an answer that could not be parsed, counted as 0."""
    unscored = with_one(MIXED, 7, np.nan)
    counted = advantages(Rollouts.from_arrays([0] * 8, unscored), convention_of("grpo", "ms-swift"))
    left_out = with_one(
        advantages(Rollouts.from_arrays([0] * 8, unscored), convention_of("grpo", "trl")), 7, 0.0
    )
    result = audited((unscored, counted))

    assert counted[7] < -0.5
    assert result["finding"].tolist() == ["unscored"]
    assert str(result.facts["reproduced_by"]).endswith("unscored counts as 0")
    assert result.facts["as"] == "ms-swift"
    assert len(audited((unscored, left_out))) == 0


def test_an_advantage_that_is_missing_beside_others_is_a_finding() -> None:
    absent = np.arange(16) == 15
    result = audited((MIXED, GRPO), (MIXED, with_one(GRPO, 7, np.nan)), absent=absent)
    whole = audited((MIXED, GRPO), (MIXED, np.full(8, np.nan)), absent=np.arange(16) >= 8)

    assert result["finding"].tolist() == ["missing"]
    assert len(whole) == 0  # a group that was not trained on
    assert whole.facts["missing"] == 8


def test_zeros_everywhere_are_no_estimator() -> None:
    """Pass@k training gives the best of these groups an advantage, so the zeros mean nothing."""
    best = np.arange(8.0)
    result = audited((best, np.zeros(8)), (best, np.zeros(8)))

    assert result.facts["reproduced_by"] == "nothing"
    assert "all 0 although rewards differ" in " ".join(result.notes)
    assert len(result) == 16


def test_groups_of_one_that_all_have_0_are_nothing_to_compare() -> None:
    rollouts = Rollouts.from_arrays([0, 1, 2], [1.3, 0.4, 0.4], advantage=[0.0, 0.0, 0.0])
    result = rlcalc.audit(rollouts)

    assert result.facts["reproduced_by"] is None
    assert "nothing to compare" in " ".join(result.notes)
    assert len(result) == 0


@given(
    st.lists(st.tuples(st.sampled_from([0.0, 1.0, 0.417, 1.333]), st.floats(-60, 60)), min_size=2),
    st.lists(st.integers(0, 3), min_size=1, max_size=8),
)
def test_a_fit_never_hides_a_large_difference(
    ones: list[tuple[float, float]], sizes: list[int]
) -> None:
    """Of advantages that no convention gives, beside groups of one: −50 fitted a reward of 1."""
    reward, advantage = map(list, zip(*ones, strict=True))
    group = np.cumsum([sizes[i % len(sizes)] % 2 for i in range(len(ones))])
    result = rlcalc.audit(Rollouts.from_arrays(group, reward, advantage=advantage))

    assert (result.facts["largest_difference"] or 0) <= (  # half a unit, where rounded
        0.51 if result.facts["rounded_to"] else 1e-4
    )


def test_zeros_that_ties_for_the_best_make_are_those_of_pass_k() -> None:
    result = audited(*[(MIXED, np.zeros(8))] * 3)

    assert str(result.facts["reproduced_by"]).startswith("pass-k, group std")
    assert result.facts["as"] == "verl"
    assert "all 0, as pass-k" in " ".join(result.notes)
    assert len(result) == 0


def test_zeros_beside_advantages_do_not_hide_what_they_are() -> None:
    result = audited((MIXED, np.zeros(8)), (MIXED, np.zeros(8)), (MIXED, GRPO))

    assert result.facts["reproduced_by"] == "grpo, group std, ddof 1, epsilon 1e-4"
    assert result["finding"].tolist() == ["does not fit"] * 16


def test_the_plainest_of_those_that_fit_is_named() -> None:
    """In a batch of one group GRPO and whitening over the batch are the same."""
    result = audited((MIXED, GRPO.astype(np.float32)))

    assert result.facts["reproduced_by"] == "grpo, group std, ddof 1, epsilon 1e-4"
    assert "batch, whitened" in str(result.facts["fit_as_well"])


@pytest.mark.parametrize("digits", [2, 3, 4])
def test_rounded_advantages_are_still_found(digits: int) -> None:
    reward = np.random.default_rng(3).choice(JUDGED, (2, 8))
    exact = [(r - r.mean()) / (r.std(ddof=1) + 1e-6) for r in reward]
    decimals = audited(*zip(reward, np.round(exact, digits), strict=True))
    places = [[float(f"{a:.{digits}g}") for a in one] for one in exact]
    significant = audited(*zip(reward, places, strict=True))

    for result in (decimals, significant):
        assert str(result.facts["reproduced_by"]).startswith("grpo, group std, ddof 1")
        assert "look rounded to" in " ".join(result.notes)
        assert len(result) == 0
    assert decimals.facts["rounded_to"] == f"{digits} decimals"
    assert 0 < decimals.facts["largest_difference"] <= 0.5001 * 10.0**-digits  # type: ignore[operator]


@pytest.mark.parametrize("name", ["float16", "bfloat16"])
def test_advantages_in_short_floats_are_still_found(name: str) -> None:
    theirs = advantages(rollouts_with(), convention_of("grpo", "verl")).astype(np.float32)
    if name == "float16":
        short = theirs.astype(np.float16).astype(float)
    else:  # to the nearest of the upper half of the bits
        short = (theirs.view(np.uint32) + 0x8000 & 0xFFFF0000).view(np.float32).astype(float)
    facts = rlcalc.audit(rollouts_with(short)).facts

    assert str(facts["reproduced_by"]).startswith("grpo, group std, ddof 1")
    assert facts["fit"] == facts["compared"]
    assert facts["rounded_to"] == name


def test_exact_fractions_are_not_called_rounded() -> None:
    result = audited((MIXED, MIXED - MIXED.mean()))

    assert result.facts["reproduced_by"] == "dr-grpo"
    assert result.facts["rounded_to"] is None


def test_trainers_are_named_that_agree_with_the_whole_dump() -> None:
    """They all centre, but differ in a group of one."""
    group, reward = [0, 0, 1], [1.0, 0.0, 0.7]
    raw = rlcalc.audit(Rollouts.from_arrays(group, reward, advantage=[0.5, -0.5, 0.7])).facts
    zero = rlcalc.audit(Rollouts.from_arrays(group, reward, advantage=[0.5, -0.5, 0.0])).facts

    assert "verl" in str(raw["as"])
    assert "trl" not in str(raw["as"])
    assert "trl" in str(zero["as"])
    assert "verl" not in str(zero["as"])


def test_of_epsilons_that_float32_does_not_tell_apart_a_trainers_is_named() -> None:
    theirs = advantages(rollouts_with(), convention_of("grpo", "openrlhf")).astype(np.float32)
    facts = rlcalc.audit(rollouts_with(theirs.astype(float))).facts

    assert facts["reproduced_by"] == "grpo, group std, ddof 1, epsilon 1e-9"
    assert facts["as"] == "openrlhf"
    assert "epsilon 1e-8" in str(facts["fit_as_well"])


def test_the_nearest_is_named_where_nothing_fits() -> None:
    result = audited((MIXED, GRPO * 1.02 + np.arange(8) * 1e-3))

    assert result.facts["reproduced_by"] == "nothing"
    assert str(result.facts["nearest"]).startswith("grpo")


def test_without_advantages_there_is_nothing_to_audit() -> None:
    with pytest.raises(InputError, match="no advantages of a trainer"):
        rlcalc.audit(rollouts_with())
