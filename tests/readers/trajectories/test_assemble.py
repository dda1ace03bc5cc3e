"""Rows into trajectories: interleaved, unordered, and with rows that are not steps."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import rlcalc
from rlcalc.errors import InputError
from tests import reference
from tests.readers.trajectories.test_formats import same, steps, walks
from tests.strategies import batches


def by_trajectory(frame: pl.DataFrame, **options: object) -> list[list[tuple[str, str, float]]]:
    """The trajectories that are read, as lists again."""
    batch = rlcalc.load(frame, **options).whole()  # type: ignore[arg-type]
    states, actions = batch.states.names(), batch.actions.names()
    return [
        [
            (str(states[batch.state[t]]), str(actions[batch.action[t]]), float(batch.reward[t]))
            for t in range(int(batch.start[e]), int(batch.start[e + 1]))
        ]
        for e in range(len(batch))
    ]


@given(batches(), st.randoms(use_true_random=False))
def test_interleaved_rows_are_put_together(
    trajectories: list[reference.Trajectory], random: object
) -> None:
    """As parallel environments write them: any order that keeps each trajectory's own."""
    frame = steps(trajectories)
    turns = [e for e, trajectory in enumerate(trajectories) for _ in trajectory]
    random.shuffle(turns)  # type: ignore[attr-defined]
    queues = {e: iter(frame.filter(episode=e).to_dicts()) for e in set(turns)}
    mixed = pl.DataFrame([next(queues[e]) for e in turns], schema=frame.schema)

    assert sorted(by_trajectory(mixed)) == sorted(trajectories)
    unflagged = mixed.drop("terminated")
    assert sorted(by_trajectory(unflagged)) == sorted(trajectories)


@given(batches(), st.integers(0, 100))
def test_order_by_takes_rows_in_any_order(
    trajectories: list[reference.Trajectory], seed: int
) -> None:
    frame = steps(trajectories).sample(fraction=1, shuffle=True, seed=seed)

    assert sorted(by_trajectory(frame, order_by="t")) == sorted(trajectories)


@pytest.mark.parametrize("n", [1, 3])
def test_parallel_environments_have_one_trajectory_after_the_other(n: int) -> None:
    """No trajectory column: env says which environment, flags say where its trajectories end."""
    data = walks(12)
    logs: list[list[dict[str, object]]] = [[] for _ in range(n)]
    for e, trajectory in enumerate(data):
        for t, (s, a, r) in enumerate(trajectory):
            last = t == len(trajectory) - 1
            logs[e % n].append(
                {"env": e % n, "obs": s, "act": a, "rew": r, "terminated": last, "truncated": False}
            )
    longest = max(map(len, logs))
    rows = [log[i] for i in range(longest) for log in logs if i < len(log)]

    assert sorted(by_trajectory(pl.DataFrame(rows))) == sorted(data)


def test_any_blocks_give_the_same_order(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Interleaved trajectories come in the order in which they end, not in that of the blocks."""
    frame = steps(walks(400)).sort("t", "episode")
    path = tmp_path / "log.parquet"
    frame.write_parquet(path, row_group_size=100)
    whole = rlcalc.estimate(path, gamma=0.9)
    for rows in (64, 300):
        monkeypatch.setattr("rlcalc.readers.trajectories.parquet.ROWS", rows)
        monkeypatch.setattr("rlcalc.readers.trajectories.assemble.SAMPLE", 500)

        same(rlcalc.estimate(path, gamma=0.9), whole)


def test_rlds_last_rows_are_not_steps() -> None:
    """is_last rows hold only an observation; is_terminal says whether the world ended."""
    frame = pl.DataFrame(
        {
            "is_first": [True, False, False, True, False],
            "is_last": [False, False, True, False, True],
            "is_terminal": [False, False, True, False, False],
            "observation": ["a", "b", "end", "a", "c"],
            "action": [1, 2, 0, 1, 0],
            "reward": [0.5, 0.25, 99.0, 1.0, 99.0],
        }
    )
    batch = rlcalc.load(frame).whole()
    result = rlcalc.estimate(frame, gamma=1.0, of="v")

    assert dict(zip(result["state"], result["v"], strict=True)) == {"a": 0.875, "b": 0.25}
    assert batch.terminated.tolist() == [True, False]
    assert batch.truncated.tolist() == [False, True]
    assert [batch.states.texts[s] for s in batch.last_state] == ["end", "c"]  # type: ignore[union-attr]
    assert result.facts["left_out"] == {"rows that hold only a last state": 2}


def test_minari_pad_rows_are_not_steps(tmp_path: Path) -> None:
    for episode, observations in ((0, [0, 2, 4]), (1, [0, 1, 2, 3])):
        n = len(observations) - 1
        folder = tmp_path / str(episode)
        folder.mkdir()
        pl.DataFrame(
            {
                "observations": observations,
                "actions": [1] * n + [0],
                "rewards": [0.5] * n + [0.0],
                "terminations": [False] * (n - 1) + [episode == 0, False],
                "truncations": [False] * (n - 1) + [episode == 1, False],
            }
        ).write_ipc(folder / "part-0.arrow")
    result = rlcalc.check(f"{tmp_path}/*/part-0.arrow")

    assert result.facts["steps"] == 5
    assert result.facts["trajectories"] == 2
    assert result.facts["terminated"] == 1
    assert result.facts["truncated"] == 1
    assert result.facts["left_out"] == {"padding rows": 2}


@pytest.mark.parametrize("block", [1 << 18, 7])
def test_reset_rows_are_not_steps(
    block: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After an end the environment resets: action ignored, reward 0, still the last state."""
    rows = []
    for _ in range(30):
        for t in range(3):
            rows.append((f"s{t}", "go", 1.0, f"s{t + 1}", t == 2))
        rows.append(("s3", "go", 0.0, "s0", False))
    frame = pl.DataFrame(
        rows, schema=["obs", "action", "reward", "next_obs", "terminated"], orient="row"
    )
    path = tmp_path / "log.parquet"
    frame.write_parquet(path)
    monkeypatch.setattr("rlcalc.readers.trajectories.parquet.ROWS", block)
    monkeypatch.setattr("rlcalc.readers.trajectories.assemble.SAMPLE", 40)
    result = rlcalc.estimate(path, of="v")

    assert dict(zip(result["state"], result["v"], strict=True)) == {"s0": 3, "s1": 2, "s2": 1}
    assert result.facts["left_out"] == {"reset rows": 30}


def test_ordinary_rows_are_never_taken_for_resets() -> None:
    """A world that begins where it ends, and pays nothing at first: every row counts."""
    frame = pl.DataFrame(
        {
            "state": ["a", "b", "a", "b"],
            "action": ["x"] * 4,
            "reward": [0.0, 1.0, 0.0, 1.0],
            "next_state": ["b", "a", "b", "a"],
            "terminated": [False, True, False, True],
        }
    )

    assert rlcalc.check(frame).facts["steps"] == 4


def test_time_that_comes_twice_is_refused_with_its_rows() -> None:
    frame = pl.DataFrame(
        {"episode": [0, 0, 0], "t": [0, 1, 1], "state": ["a"] * 3, "action": [0] * 3, "reward": 1.0}
    )
    with pytest.raises(InputError, match="same time twice: 1") as caught:
        rlcalc.estimate(frame)

    assert "row 3" in caught.value.faults[0].where


def test_rows_of_a_trajectory_far_apart_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing flags an end, the first rows stand together, and later one comes back."""
    monkeypatch.setattr("rlcalc.readers.trajectories.assemble.SAMPLE", 4)
    monkeypatch.setattr("rlcalc.readers.trajectories.parquet.ROWS", 4)
    frame = pl.DataFrame(
        {"episode": [0, 0, 1, 1, 2, 2, 0], "state": ["a"] * 7, "action": [0] * 7, "reward": 1.0}
    )
    with pytest.raises(InputError, match="come after those of another"):
        rlcalc.estimate(frame)

    assert rlcalc.estimate(frame.with_row_index("t"), order_by="t").facts["trajectories"] == 3


def test_a_missing_flag_means_truncated() -> None:
    """The log was cut: others have flags, so the last trajectory did not end by itself."""
    frame = pl.DataFrame(
        {
            "state": ["a", "b", "c"],
            "action": ["x"] * 3,
            "reward": [1.0] * 3,
            "terminated": [False, True, False],
        }
    )
    result = rlcalc.estimate(frame)

    assert result.facts["terminated"] == 1
    assert result.facts["truncated"] == 1
    assert any("no end is flagged" in note for note in result.notes)


def test_done_does_not_say_why() -> None:
    frame = pl.DataFrame(
        {"state": ["a", "b"], "action": [0, 0], "reward": [1.0, 1.0], "done": [False, True]}
    )

    assert rlcalc.estimate(frame).facts["unknown"] == 1
    assert rlcalc.estimate(frame, columns={"truncated": "done"}).facts["truncated"] == 1


def test_one_step_makes_every_row_a_trajectory() -> None:
    frame = pl.DataFrame({"position": [1, 1, 2], "item": [7, 8, 7], "cost": [-1.0, 0.0, -3.0]})
    columns = {"state": "position", "action": "item", "reward": "-cost"}
    result = rlcalc.estimate(frame, one_step=True, columns=columns)

    np.testing.assert_array_equal(result["q"], [1, 0, 3])
    with pytest.raises(InputError, match="--one-step"):
        rlcalc.estimate(frame, columns=columns)
    with pytest.raises(InputError, match="there is no column itm"):
        rlcalc.estimate(frame, one_step=True, columns={**columns, "action": "itm"})


def test_many_rows_in_any_order_are_sorted_by_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """An end that is flagged among the first rows is not the end of what has been read so far."""
    monkeypatch.setattr("rlcalc.readers.trajectories.parquet.ROWS", 100)
    monkeypatch.setattr("rlcalc.readers.trajectories.assemble.SAMPLE", 300)
    data = walks(400)
    frame = steps(data).sample(fraction=1, shuffle=True, seed=3)

    assert sorted(by_trajectory(frame)) == sorted(data)


def test_a_trajectory_that_comes_twice_in_one_block_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("rlcalc.readers.trajectories.assemble.SAMPLE", 4)
    monkeypatch.setattr("rlcalc.readers.trajectories.parquet.ROWS", 8)
    keys = [0, 0, 1, 1, 2, 2, 3, 3, 7, 8, 7, 8, 7, 9]
    frame = pl.DataFrame({"episode": keys, "state": "a", "action": "x", "reward": 1.0})
    with pytest.raises(InputError, match="come after those of another"):
        rlcalc.estimate(frame)


@pytest.mark.parametrize("kind", [pl.UInt8, pl.UInt32, pl.Int16, pl.Float32])
def test_time_may_be_of_any_type(kind: type[pl.DataType]) -> None:
    frame = pl.DataFrame(
        {
            "t": pl.Series([0, 1, 2, 0, 1, 2], dtype=kind),
            "state": "a",
            "action": "x",
            "reward": 1.0,
            "terminated": [False, False, False, False, False, True],
        }
    )

    assert rlcalc.estimate(frame).facts["trajectories"] == 2


def test_files_may_lack_flags_and_nothing_else(tmp_path: Path) -> None:
    one, two, three = (tmp_path / f"{name}.csv" for name in ("one", "two", "three"))
    one.write_text("episode,state,action,reward,terminated\n0,a,x,1,1\n")
    two.write_text("episode,state,action,reward\n1,a,x,1\n")
    three.write_text("episode,t,state,action,reward,terminated\n2,0,a,x,1,1\n")

    assert rlcalc.estimate([one, two]).facts["truncated"] == 1
    with pytest.raises(InputError, match="the files differ"):
        rlcalc.estimate([one, three])


def test_keys_that_come_late_in_json_lines_are_read() -> None:
    lines = ['{"episode": 0, "state": "a", "action": "x", "reward": 1}'] * 1500
    lines.append('{"episode": 0, "state": "a", "action": "x", "reward": 1, "truncated": true}')
    frame = pl.read_ndjson("\n".join(lines).encode(), infer_schema_length=None)

    assert rlcalc.estimate(frame).facts["truncated"] == 1


def test_bad_values_are_faults_and_missing_ones_are_not(tmp_path: Path) -> None:
    path = tmp_path / "values.csv"
    header = "episode,state,action,reward,value,truncated\n"
    path.write_text(header + "0,a,x,1,,0\n0,b,x,1,5,1\n")

    assert rlcalc.estimate(path, truncated="bootstrap").facts["start_value"] == 6
    for wrong in ("oops", "inf"):
        path.write_text(header + f"0,a,x,1,{wrong},0\n")
        with pytest.raises(InputError, match="expected a finite number"):
            rlcalc.estimate(path, truncated="bootstrap")
        assert rlcalc.estimate(path).facts["start_value"] == 1


def test_discount_factors_of_files_must_agree_unless_one_is_asked(tmp_path: Path) -> None:
    for name, gamma in (("one", "gamma: 0.5\n"), ("two", "gamma: 0.9\n"), ("none", "")):
        (tmp_path / f"{name}.yaml").write_text(f"{gamma}trajectories: [[a, x, 1, a, x, 1]]\n")
    one, two, none = (tmp_path / f"{name}.yaml" for name in ("one", "two", "none"))
    with pytest.raises(InputError, match=r"gamma is 0.9 here and 0.5"):
        rlcalc.estimate([one, two])

    assert rlcalc.estimate([one, two], gamma=0.7).facts["gamma"] == 0.7
    assert rlcalc.estimate([one, none]).facts["gamma"] == 0.5


def test_files_are_read_in_the_order_in_which_they_are_named(tmp_path: Path) -> None:
    (tmp_path / "one.csv").write_text("episode,state,action,reward\n0,a,x,1\n")
    (tmp_path / "two.yaml").write_text("trajectories: [[b, x, 1]]\n")
    result = rlcalc.gain([tmp_path / "one.csv", tmp_path / "two.yaml"])

    assert result["state"].tolist() == ["a", "b"]


def test_lines_of_trajectories_come_after_the_table_before_them(tmp_path: Path) -> None:
    (tmp_path / "one.csv").write_text("episode,state,action,reward\n0,a,x,1\n")
    (tmp_path / "two.jsonl").write_text('{"states": ["b"], "actions": ["x"], "rewards": [2]}\n')
    result = rlcalc.gain([tmp_path / "one.csv", tmp_path / "two.jsonl"])

    assert result["state"].tolist() == ["a", "b"]


def test_blank_and_bad_lines_do_not_shift_the_lines_that_are_told(tmp_path: Path) -> None:
    path = tmp_path / "steps.jsonl"
    step = '{"episode": 0, "state": "a", "action": "x", "reward": 1}'
    lines = [step, "", step.replace("1}", "NaN}"), step.replace("1}", '"one"}')]
    path.write_text("\n".join(lines))

    assert [fault[-6:] for fault in rlcalc.check(path)["where"].tolist()] == ["line 3", "line 4"]


def test_a_flag_that_is_none_is_a_fault_in_lists_too() -> None:
    frame = pl.DataFrame(
        {"states": [["a"]], "actions": [["x"]], "rewards": [[1.0]], "terminated": ["maybe"]}
    )
    with pytest.raises(InputError, match="terminated is not true or false"):
        rlcalc.estimate(frame)


@pytest.mark.parametrize("chance", [0.0, -0.5, 1.5, float("inf")])
def test_nothing_was_done_with_a_probability_outside_0_to_1(chance: float, tmp_path: Path) -> None:
    """The fault has its place, where the column is read: estimates have no use for it."""
    frame = pl.DataFrame(
        {"episode": [0, 0], "state": ["a", "b"], "action": ["x", "x"], "reward": [1.0, 2.0]}
    ).with_columns(behaviour_prob=pl.Series([0.5, chance]))
    frame.write_csv(tmp_path / "steps.csv")
    lists = frame.group_by("episode").all()

    assert "row 2" in rlcalc.check(frame)["where"][0]
    assert "line 3" in rlcalc.check(tmp_path / "steps.csv")["where"][0]
    assert "row 1" in rlcalc.check(lists)["where"][0]
    for source in (frame, lists):
        with pytest.raises(InputError, match="above 0 and at most 1"):
            rlcalc.load(source).whole()
        assert rlcalc.estimate(source).facts["steps"] == 2


def test_a_probability_of_one_in_float32_is_taken() -> None:
    """And one that is not known, too: only a gradient needs all of them."""
    frame = pl.DataFrame(
        {"episode": [0, 0], "state": ["a", "b"], "action": ["x", "x"], "reward": [1.0, 2.0]}
    ).with_columns(behaviour_prob=pl.Series([1 + 2.0**-23, float("nan")], dtype=pl.Float32))
    lists = frame.group_by("episode").all()

    assert rlcalc.check(frame).facts["faults"] == rlcalc.check(lists).facts["faults"] == 0


def test_values_after_steps_are_kept_for_every_step(tmp_path: Path) -> None:
    """The same steps as a table, as documents of steps and of lists, and as arrays."""
    table = tmp_path / "t.csv"
    table.write_text(
        "episode,state,action,reward,value,next_value,truncated\n"
        "1,a,go,1,5,6,0\n1,b,go,2,6,7,1\n2,a,go,3,5,8,1\n"
    )
    steps = tmp_path / "t.jsonl"
    steps.write_text(
        '[{"state":"a","action":"go","reward":1,"value":5,"next_value":6},'
        '{"state":"b","action":"go","reward":2,"value":6,"next_value":7,"truncated":true}]\n'
        '[{"state":"a","action":"go","reward":3,"value":5,"next_value":8,"truncated":true}]\n'
    )
    lists = tmp_path / "l.jsonl"
    lists.write_text(
        '{"states":["a","b"],"actions":["go","go"],"rewards":[1,2],"values":[5,6],'
        '"next_values":[6,7],"truncated":true}\n'
        '{"states":["a"],"actions":["go"],"rewards":[3],"values":[5],"next_values":[8],'
        '"truncated":true}\n'
    )
    arrays = rlcalc.Trajectories.from_arrays(
        ["a", "b", "a"], ["go"] * 3, [1, 2, 3], length=[2, 1], next_value=[6, 7, 8]
    )
    read = [rlcalc.load(str(path)).whole() for path in (table, steps, lists)]
    for batch in [*read, arrays]:
        assert batch.next_value is not None
        assert batch.last_value is not None
        assert batch.next_value.tolist() == [6, 7, 8]
        assert batch.last_value.tolist() == [7, 8]
