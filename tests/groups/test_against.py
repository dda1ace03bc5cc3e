"""Two runs on the same prompts: paired differences, each number worked out a second way."""

import json
from math import comb
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import rlcalc as library
from rlcalc.errors import InputError, UsageError
from rlcalc.groups.against import compare_runs, sign_test
from rlcalc.rollouts import Rollouts
from tests.conftest import Shell

Run = dict[str, list[float]]
runs = st.dictionaries(
    st.sampled_from("pqrst"),
    st.lists(st.sampled_from([0.0, 0.25, 1.0]), min_size=1, max_size=4),
    min_size=1,
)


def rollouts_of(run: Run) -> Rollouts:
    names = [name for name, rewards in run.items() for _ in rewards]
    return Rollouts.from_arrays(names, np.concatenate([*run.values()]))


def test_an_example_on_paper() -> None:
    """p +1/2, q −1, r 0: the mean is −1/6, and Σ (d + 1/6)² = 42/36."""
    first = rollouts_of({"p": [1, 1], "q": [0, 0], "r": [1, 0], "s": [1]})
    second = rollouts_of({"r": [0, 1], "q": [1, 1, 1], "p": [1, 0]})
    result = compare_runs(first, second)

    assert result["prompt"].tolist() == ["p", "q", "r"]
    assert result["n"].tolist() == [2, 2, 2]
    assert result["n_against"].tolist() == [2, 3, 2]
    assert result["difference"].tolist() == [0.5, -1, 0]
    assert result["difference_se"].tolist() == pytest.approx([0.5, 0, 0.5**0.5])
    facts = result.facts
    error = (42 / 36 / 6) ** 0.5
    assert facts["difference"] == pytest.approx(-1 / 6)
    assert facts["difference_se"] == pytest.approx(error)
    assert facts["difference_high"] == pytest.approx(-1 / 6 + 4.302652729911 * error)  # t(2)
    assert facts["difference_low"] < -1 / 6 - 4.302652729911 * error  # −1 is far out
    assert facts["difference_needs"] == "difference: 15 prompts"
    assert [facts[name] for name in ("won", "lost", "tied")] == [1, 1, 1]
    assert facts["sign_test_p"] == 1
    assert facts["prompts_in_both"] == 3
    assert (facts["prompts_only_here"], facts["prompts_only_against"]) == (1, 0)


@given(runs, runs)
def test_every_number_is_that_of_a_loop(one: Run, two: Run) -> None:
    shared = [name for name in one if name in two]
    if not shared:
        with pytest.raises(InputError, match="is in both runs"):
            compare_runs(rollouts_of(one), rollouts_of(two))
        return
    result = compare_runs(rollouts_of(one), rollouts_of(two))
    difference = [np.mean(one[name]) - np.mean(two[name]) for name in shared]

    assert result["prompt"].tolist() == shared
    assert result["difference"] == pytest.approx(difference, abs=1e-12)
    assert result.facts["won"] == sum(d > 1e-9 for d in difference)
    assert result.facts["lost"] == sum(d < -1e-9 for d in difference)
    if len(shared) > 1:
        error = np.std(difference, ddof=1) / len(shared) ** 0.5
        assert result.facts["difference_se"] == pytest.approx(error, abs=1e-12)
    for row, name in zip(result.rows(), shared, strict=True):
        if min(len(one[name]), len(two[name])) > 1:
            variance = sum(np.var(run[name], ddof=1) / len(run[name]) for run in (one, two))
            assert row["difference_se"] == pytest.approx(variance**0.5, abs=1e-12)
        else:
            assert row["difference_se"] is None


@given(runs, runs)
def test_the_other_way_round_every_sign_turns(one: Run, two: Run) -> None:
    if not set(one) & set(two):
        return
    a, b = (compare_runs(rollouts_of(x), rollouts_of(y)).facts for x, y in ((one, two), (two, one)))

    assert a["difference"] == pytest.approx(-b["difference"])  # type: ignore[operator]
    assert (a["won"], a["lost"], a["tied"]) == (b["lost"], b["won"], b["tied"])
    assert a["sign_test_p"] == b["sign_test_p"]


@given(runs)
def test_a_run_against_itself_is_tied(run: Run) -> None:
    facts = compare_runs(rollouts_of(run), rollouts_of(run)).facts

    assert facts["difference"] == 0
    assert facts["tied"] == len(run)


@given(st.integers(0, 40), st.integers(0, 40))
def test_a_sign_test_is_a_count_of_coins(won: int, lost: int) -> None:
    n = won + lost
    as_uneven = sum(comb(n, i) for i in range(n + 1) if abs(2 * i - n) >= abs(won - lost))

    assert sign_test(won, lost) == pytest.approx(as_uneven / 2**n)


def test_a_sign_test_of_many_prompts_is_that_of_the_normal_distribution() -> None:
    """100,000 prompts, two standard deviations apart, with the correction for continuity."""
    from math import erfc

    n, wins = 100_000, 50_316
    z = (2 * wins - n - 1) / n**0.5

    assert sign_test(wins, n - wins) == pytest.approx(erfc(z / 2**0.5), rel=1e-3)


def test_the_interval_covers_the_truth() -> None:
    """12 prompts whose difficulty both runs share; the true difference is 0.1, 400 times."""
    random = np.random.default_rng(8)
    covered = []
    names = np.repeat(np.arange(12), 4)
    for _ in range(400):
        rate = random.uniform(0.1, 0.8, 12) + random.normal(0, 0.03, 12)
        rewards = [
            (random.random(48) < np.repeat(rate + more, 4)).astype(float) for more in (0.1, 0)
        ]
        facts = compare_runs(*(Rollouts.from_arrays(names, r) for r in rewards)).facts
        covered.append(facts["difference_low"] <= 0.1 <= facts["difference_high"])  # type: ignore[operator]

    assert abs(np.mean(covered) - 0.95) < 4 * (0.95 * 0.05 / 400) ** 0.5


def test_prompts_of_several_steps_are_put_together() -> None:
    steps = Rollouts.from_arrays(["p", "p", "p", "p"], [1.0, 0, 1, 1], step=[1, 1, 2, 2])
    row = next(iter(compare_runs(steps, rollouts_of({"p": [0, 0]})).rows()))

    assert (row["n"], row["mean"]) == (4, 0.75)


def write(path: Path, rows: list[dict[str, object]]) -> str:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return str(path)


def test_texts_match_prompts_whatever_their_ids(tmp_path: Path, rlcalc: Shell) -> None:
    def rows(ids: dict[str, int], right: dict[str, int]) -> list[dict[str, object]]:
        return [
            {"prompt_id": ids[text], "prompt": text, "reward": reward}
            for text in ids
            for reward in (right[text], right[text], 0)
        ]

    one = write(tmp_path / "a.jsonl", rows({"1+1": 0, "2+2": 1}, {"1+1": 1, "2+2": 0}))
    two = write(tmp_path / "b.jsonl", rows({"2+2": 0, "1+1": 1}, {"1+1": 0, "2+2": 1}))
    by_text = json.loads(rlcalc("group", one, "--against", two, "--json").stdout)
    by_id = json.loads(
        rlcalc("group", one, "--against", two, "--group", "prompt_id", "--json").stdout
    )

    assert by_text["facts"]["joined_by"] == "prompt text"
    assert [row["prompt"] for row in by_text["rows"]] == ["1+1", "2+2"]
    assert [row["difference"] for row in by_text["rows"]] == pytest.approx([2 / 3, -2 / 3])
    assert by_id["facts"]["joined_by"] == "group name"
    assert [row["difference"] for row in by_id["rows"]] == [0, 0]


def test_runs_without_a_shared_prompt_are_refused(tmp_path: Path, rlcalc: Shell) -> None:
    one = write(tmp_path / "a.jsonl", [{"prompt": "1+1", "reward": 1}])
    two = write(tmp_path / "b.jsonl", [{"prompt": "2+2", "reward": 1}])
    answer = rlcalc("group", one, "--against", two)

    assert answer.returncode == 3
    assert "no text of a prompt is in both runs: the first has 1+1, the other 2+2" in answer.stderr


def test_groups_by_order_have_no_names_to_match(tmp_path: Path, rlcalc: Shell) -> None:
    one = write(tmp_path / "a.jsonl", [{"reward": 1}, {"reward": 0}])
    answer = rlcalc("group", one, "--against", one, "--group-size", "2")

    assert answer.returncode == 3
    assert "cannot be matched" in answer.stderr


def test_the_fix_of_nested_formats_names_no_option() -> None:
    """As --group COLUMN is refused there."""
    fields = {**vars(rollouts_of({"p": [1.0]})), "facts": {"prompts_known": False, "nested": True}}
    run = Rollouts(**{name: fields[name] for name in Rollouts.__dataclass_fields__})
    with pytest.raises(InputError, match="column group") as caught:
        compare_runs(run, run)

    assert "--group" not in caught.value.faults[0].fix


def test_options_that_change_nothing_are_refused(rlcalc: Shell) -> None:
    for more in (["--estimator", "rloo"], ["--ddof", "0"], ["--rows", "groups"], ["--texts"]):
        answer = rlcalc("group", "rollouts", "--against", "rollouts", *more)
        assert answer.returncode == 2, more
        assert more[0] in answer.stderr


def test_a_confidence_is_between_0_and_1() -> None:
    with pytest.raises(UsageError, match="confidence of 1"):
        library.group_against("rollouts", "rollouts", confidence=1)
