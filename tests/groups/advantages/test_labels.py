"""Labels: a convention that is printed is enough to repeat its numbers."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import rlcalc
from rlcalc.errors import UsageError
from rlcalc.groups.advantages import ESTIMATORS
from rlcalc.groups.advantages.compute import advantages
from rlcalc.groups.advantages.convention import Convention, Whiten, convention_of_label
from rlcalc.groups.advantages.request import ConventionRequest
from rlcalc.groups.advantages.trainers import TRAINERS, convention_of
from rlcalc.rollouts import Rollouts

NAMES = [(None, name) for name in ESTIMATORS] + [
    (trainer, name) for trainer, known in TRAINERS.items() for name in known
]
CHANGES: dict[str, st.SearchStrategy[object]] = {
    "epsilon": st.sampled_from([0.0, 1e-4, 0.3, 1 / 3]),
    "ddof": st.sampled_from([0, 1]),
    "scale": st.sampled_from(["group", "batch", "none"]),
    "leave_one_out": st.just(True),
    "k": st.integers(1, 3),
}


@st.composite
def conventions(draw: st.DrawFn) -> Convention:
    """Any estimator of any trainer, with changes that apply to it."""
    trainer, name = draw(st.sampled_from(NAMES))
    used = sorted(convention_of(name, trainer).options() & set(CHANGES))
    chosen = draw(st.sets(st.sampled_from(used))) if used else set()
    penalty = draw(st.sampled_from([None, None, "kimi", "overlong:9:4"]))
    success = draw(st.sampled_from([1.0, 0.25]))
    request = ConventionRequest(
        **{option: draw(CHANGES[option]) for option in sorted(chosen)},  # type: ignore[arg-type]
        success=success,
        length_penalty=penalty,
    )
    try:
        return request.convention(name, trainer)
    except UsageError:  # epsilon and ddof, with the scale none
        return convention_of(name, trainer)


def rollouts(seed: int) -> Rollouts:
    """12 groups of 1 to 5 in two steps; some rewards were never given."""
    rng = np.random.default_rng(seed)
    group = np.repeat(np.arange(12), rng.integers(1, 6, 12))
    n = len(group)
    return Rollouts.from_arrays(
        group,
        {
            "a": rng.choice([-0.5, 0.0, 0.25, 1.0, np.nan], n),
            "b": rng.choice([0.0, 0.7, np.nan], n),
        },
        step=group // 6,
        length=rng.integers(1, 12, n),
        baseline=rng.random(n),
    )


@given(conventions(), st.integers(0, 99))
def test_a_label_repeats_the_numbers(how: Convention, seed: int) -> None:
    """Whatever the estimator, the trainer and the changes: to the last bit."""
    label = how.description()
    again = convention_of_label(label)

    assert again.description() == label
    np.testing.assert_array_equal(
        advantages(rollouts(seed), again), advantages(rollouts(seed), how)
    )


@given(conventions(), conventions())
def test_conventions_that_differ_in_a_number_differ_in_their_labels(
    one: Convention, other: Convention
) -> None:
    """On rollouts with groups of one, and some without a reward."""
    both = [advantages(rollouts(seed), how) for how in (one, other) for seed in (1, 2)]
    same = all(
        np.array_equal(a, b, equal_nan=True) for a, b in zip(both[:2], both[2:], strict=True)
    )

    assert same or one.description() != other.description()


@given(
    st.sampled_from(list(ESTIMATORS)),
    st.sampled_from(["rollouts", "tokens"]),
    st.sampled_from(["add", "root", "max"]),
    st.booleans(),
)
def test_every_way_to_whiten_has_a_label(name: str, over: str, floor: str, centre: bool) -> None:
    whiten = Whiten(over, ddof=0, epsilon=0.5, floor=floor, centre=centre)  # type: ignore[arg-type]
    again = convention_of_label(Convention(name, whiten=whiten).description())

    assert again.whiten == (whiten if "whiten" in ESTIMATORS[name].uses else Whiten())


@pytest.mark.parametrize(("trainer", "name"), [pair for pair in NAMES if pair[0]])
def test_every_answer_shows_the_label_of_what_ran(trainer: str, name: str) -> None:
    """The table, one group explained, and the audit, whose own numbers it names."""
    answer = rlcalc.group(rollouts(5), name, trainer=trainer)
    shown = str(answer.facts["estimator"])
    why = rlcalc.group(rollouts(5), name, trainer=trainer, why="0/1").facts["estimator"]
    theirs = Rollouts.from_arrays(
        answer["group"], answer["reward"], advantage=np.nan_to_num(answer["advantage"])
    )

    np.testing.assert_array_equal(
        answer["advantage"], advantages(rollouts(5), convention_of_label(shown))
    )
    assert why == shown
    audited = rlcalc.audit(theirs).facts
    for label in filter(None, [audited["reproduced_by"], audited["nearest"]]):
        if label != "nothing":
            assert convention_of_label(str(label)).description() == label


def test_two_trainers_that_differ_have_two_labels() -> None:
    labels = [convention_of("grpo", name).description() for name in ("trl", "ms-swift", "verl")]
    ours = convention_of("grpo", None).description()

    assert labels == [
        "grpo, group std, ddof 1, epsilon 1e-4, unscored gets 0",
        "grpo, group std, ddof 1, epsilon 1e-4, unscored counts as 0",
        "grpo, group std, ddof 1, epsilon 1e-6, a group of one gets r",
    ]
    assert ours == "grpo, group std, ddof 1, epsilon 1e-6"


@pytest.mark.parametrize("label", ["grop", "grpo, whitened over rollouts", "grpo, of nothing"])
def test_what_is_not_a_label_is_refused(label: str) -> None:
    with pytest.raises(UsageError, match=r"no estimator|not a part"):
        convention_of_label(label)
