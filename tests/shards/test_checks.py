"""`check` of shards tells what one reading of all files tells."""

import polars as pl

import rlcalc
from tests.shards.conftest import Cut, log_of_steps


def test_shards_are_described_as_one_reading_describes_them(cut: Cut) -> None:
    names = cut(log_of_steps(4, 80).drop("env"), [5, 60, 61, 130])
    one, many = rlcalc.check(names), rlcalc.by_shards("check", names, jobs=3)

    assert many.plain_facts() == one.plain_facts()
    assert many.notes == one.notes
    assert len(many) == 0


def test_every_fault_of_every_shard_is_told(cut: Cut) -> None:
    names = cut(log_of_steps(4, 80).drop("env"), [60, 120])
    for name in names[1:]:
        frame = pl.read_parquet(name)
        frame[0, "reward"] = float("nan")
        frame.write_parquet(name)
    result = rlcalc.by_shards("check", names)

    assert [where.split("/")[-1] for where in result["where"]] == [
        "0001.parquet, row 1",
        "0002.parquet, row 1",
    ]
    assert list(result["where"]) == list(rlcalc.check(names)["where"])


def test_probabilities_of_one_state_in_two_shards_are_looked_at_together(cut: Cut) -> None:
    """The probability of a is 0.8, in the other file that of b is 0.8: of no policy."""
    frame = pl.DataFrame(
        {
            "trajectory": [1, 2],
            "state": ["x", "x"],
            "action": ["a", "b"],
            "reward": [0.0, 1.0],
            "behaviour_prob": [0.8, 0.8],
            "terminated": [True, True],
        }
    )
    names = cut(frame, [1])

    for result in (rlcalc.check(names), rlcalc.by_shards("check", names)):
        assert result.facts["oddities"] == {"probabilities_above_1": 1}


def test_a_contradiction_is_told_with_its_file(cut: Cut) -> None:
    frame = pl.DataFrame(
        {
            "trajectory": [1, 2, 3, 3, 3],
            "state": ["x"] * 5,
            "action": ["a"] * 5,
            "reward": [0.0] * 5,
            "value": [0.0, 0.0, 0.0, 2.0, 0.0],
            "next_value": [0.0, 0.0, 5.0, 0.0, 0.0],
            "terminated": [True, True, False, False, True],
        }
    )
    (name,) = cut(frame, [])
    result = rlcalc.by_shards("check", [name], shards_whole=True)

    assert result["where"][0] == f"{name}, row 3: next_value, the first of 1"
