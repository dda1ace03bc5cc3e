"""Every way in which the same three rollouts of tokens can be written gives the same loss."""

import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import rlcalc
from rlcalc.errors import InputError, UsageError
from rlcalc.tokens import Tokens
from tests.objectives.batches import batch, seeds, tokens_of

LOG = [[-1.0, -2.0], [-0.5, -0.25, -3.0], [-1.5]]
OLD = [[-1.25, -2.0], [-0.75, -0.25, -2.5], [-1.0]]
ADVANTAGE = [[0.5, 0.5], [-1.0, 2.0, 1.0], [-0.5]]
MASK = [[1, 1], [1, 0, 1], [1]]
GROUP = ["a", "a", "b"]
REWARD = [1.0, 0.0, 0.5]


def records(**names: str) -> list[dict[str, Any]]:
    usual = {"log": "log_probs", "old": "old_log_probs", "advantage": "advantages"}
    usual |= {"mask": "response_mask", "group": "prompt_id", "reward": "reward"}
    usual |= names
    values = {"log": LOG, "old": OLD, "advantage": ADVANTAGE, "mask": MASK}
    values |= {"group": GROUP, "reward": REWARD}
    return [{usual[k]: column[i] for k, column in values.items()} for i in range(3)]


EXPECTED = rlcalc.objective(pl.DataFrame(records()))


def padded(lists: list[list[Any]]) -> np.ndarray[Any, Any]:
    return np.array([row + [0] * (3 - len(row)) for row in lists], np.float64)


def write(folder: Path, kind: str) -> Path:
    path = folder / f"batch.{kind}"
    frame = pl.DataFrame(records())
    arrays = {"log_probs": padded(LOG), "old_log_probs": padded(OLD)}
    arrays |= {"advantages": padded(ADVANTAGE), "response_mask": padded(MASK)}
    if kind == "parquet":
        frame.write_parquet(path)
    elif kind == "arrow":
        frame.write_ipc(path)
    elif kind == "jsonl":
        path.write_text("".join(json.dumps(one) + "\n" for one in records()))
    elif kind == "json":
        path.write_text(json.dumps(records(), indent=1))
    elif kind == "csv":
        lists = pl.selectors.by_dtype(pl.List(pl.Float64), pl.List(pl.Int64))
        texts = [
            pl.Series(c, [json.dumps(v) for v in frame[c].to_list()])
            for c in frame.select(lists).columns
        ]
        frame.with_columns(texts).write_csv(path)
    elif kind == "npz":
        np.savez(path, prompt_id=np.array([0, 0, 1]), reward=REWARD, **arrays)
    return path


KINDS = ["parquet", "arrow", "jsonl", "json", "csv", "npz"]


@pytest.mark.parametrize("kind", KINDS)
def test_every_format_gives_the_same_loss(kind: str, tmp_path: Path) -> None:
    result = rlcalc.objective(str(write(tmp_path, kind)))
    counted = result["region"] != "masked"

    assert result.facts["loss"] == pytest.approx(EXPECTED.facts["loss"], abs=1e-15)
    assert result.facts["tokens"] == 5
    assert result.facts["prompts"] == 2
    np.testing.assert_array_equal(
        result["gradient"][counted], EXPECTED["gradient"][EXPECTED["region"] != "masked"]
    )


def test_a_table_with_a_row_a_token(tmp_path: Path) -> None:
    rows = [
        {"rollout": i, "t": t, "log_prob": LOG[i][t], "old_log_prob": OLD[i][t],
         "advantage": ADVANTAGE[i][t], "mask": MASK[i][t], "group": GROUP[i]}
        for i in range(3) for t in range(len(LOG[i]))
    ]  # fmt: skip
    pl.DataFrame(rows).write_csv(tmp_path / "a.csv")
    pl.DataFrame(rows[::-1]).write_parquet(tmp_path / "b.parquet")

    for name, t in (("a.csv", [0, 1, 0, 1, 2, 0]), ("b.parquet", [0, 0, 1, 2, 0, 1])):
        result = rlcalc.objective(str(tmp_path / name))

        assert result.facts["loss"] == pytest.approx(EXPECTED.facts["loss"], abs=1e-15)
        assert result["t"].tolist() == t


@pytest.mark.parametrize(
    "names",
    [
        {"log": "per_token_logps", "old": "old_per_token_logps", "mask": "completion_mask"},
        {"log": "trainer_logprobs", "old": "prev_logprobs", "mask": "loss_mask"},
        {"log": "action_log_probs", "old": "old_action_log_probs", "mask": "action_mask"},
        {"log": "Log_Probs", "old": "OLD_LOGPROBS", "mask": "masks"},
    ],
)
def test_columns_go_by_their_usual_names(names: dict[str, str]) -> None:
    result = rlcalc.objective(pl.DataFrame(records(**names)))

    assert result.facts["loss"] == EXPECTED.facts["loss"]


def test_of_areal_the_proximal_policy_is_the_old_one_and_the_old_one_the_sampler() -> None:
    frame = pl.DataFrame(records(old="proximal_logprobs")).with_columns(old_logprobs=pl.Series(LOG))
    result = rlcalc.objective(frame)

    assert result.facts["loss"] == EXPECTED.facts["loss"]
    assert result.facts["sampler_mismatch"] is not None


@settings(max_examples=15)
@given(seed=seeds, data=st.data())
def test_however_a_batch_is_written_its_loss_is_the_same(seed: int, data: st.DataObject) -> None:
    """Parquet, lines, a document, texts in CSV, arrays: nothing is lost or moved on the way."""
    padded, log_prob = batch(seed)
    expected = rlcalc.objective(tokens_of(padded, log_prob), kl="k3")
    lists = {"log_probs": log_prob, "old_log_probs": padded.old, "ref_log_probs": padded.ref}
    lists |= {"advantages": padded.advantage, "response_mask": padded.mask}
    frame = pl.DataFrame({name: table.tolist() for name, table in lists.items()})
    kind = data.draw(st.sampled_from(["parquet", "jsonl", "json", "columns", "csv", "npz"]))
    with TemporaryDirectory() as folder:
        path = f"{folder}/batch.{'json' if kind == 'columns' else kind}"
        if kind == "parquet":
            frame.write_parquet(path)
        elif kind == "jsonl":
            frame.write_ndjson(path)
        elif kind == "json":
            Path(path).write_text(json.dumps(frame.to_dicts()))
        elif kind == "columns":
            Path(path).write_text(json.dumps(frame.to_dict(as_series=False)))
        elif kind == "csv":
            texts = {
                name: [json.dumps(row) for row in table.tolist()] for name, table in lists.items()
            }
            pl.DataFrame(texts).write_csv(path)
        else:
            np.savez(path, **lists)  # type: ignore[arg-type]
        result = rlcalc.objective(path, kl="k3")

    assert result.facts["loss"] == expected.facts["loss"]
    np.testing.assert_array_equal(result["gradient"], expected["gradient"])


def test_columns_of_other_names_are_named() -> None:
    frame = pl.DataFrame(records(log="mine", advantage="gae"))
    result = rlcalc.objective(frame, columns={"log_prob": "mine"}, advantage="gae")

    assert result.facts["loss"] == EXPECTED.facts["loss"]


def test_records_with_a_group_a_line_hold_lists_of_lists(tmp_path: Path) -> None:
    one = {"log_probs": LOG, "old_log_probs": OLD, "advantages": ADVANTAGE, "response_mask": MASK}
    path = tmp_path / "batch.jsonl"
    path.write_text(json.dumps({**one, "rewards": REWARD}) + "\n")

    assert rlcalc.objective(str(path)).facts["loss"] == EXPECTED.facts["loss"]


def test_nan_may_stand_at_masked_tokens() -> None:
    """Padding is never read."""
    frame = pl.DataFrame(records())
    holes = [[-0.5, float("nan"), -3.0] if i == 1 else row for i, row in enumerate(LOG)]
    result = rlcalc.objective(frame.with_columns(log_probs=pl.Series(holes)))

    assert result.facts["loss"] == EXPECTED.facts["loss"]


NEMO = {
    "content": [["1+1?", "2"]], "rewards": [1.0], "input_lengths": [3], "token_ids": [[5, 6, 9]],
    "token_loss_mask": [[0, 0, 1]], "sample_loss_mask": [1.0], "advantages": [[0.5, 0.5, 0.5]],
    "generation_logprobs": [[0.0, 0.0, -0.1]], "prev_logprobs": [[0.0, 0.0, -0.11]], "idx": 0,
}  # fmt: skip
PRIME = {
    "schema_version": 1, "step": 2, "rank": 0, "micro_step": 0, "micro_sequence_idx": 0,
    "export_sequence_idx": 0, "env_name": "gsm8k", "token_ids": [5, 9, 4, 8],
    "position_ids": [0, 1, 0, 1], "loss_mask": [False, True, False, True],
    "advantages": [0.0, 0.5, 0.0, -0.5], "inference_logprobs": [0.0, -0.1, 0.0, -0.3],
    "trainer_logprobs": [0.0, -0.12, 0.0, -0.2], "entropy": [0.0, 0.3, 0.0, 0.1],
}  # fmt: skip
ATROPOS = {
    "tokens": [[5, 6, 9], [5, 6, 8]], "masks": [[-100, -100, 9], [-100, -100, 8]],
    "scores": [1.0, 0.0], "advantages": [[0.5] * 3, [-0.5] * 3], "ref_logprobs": None,
    "inference_logprobs": [[0.0, 0.0, -0.4], [0.0, 0.0, -0.2]], "messages": None,
}  # fmt: skip
OPEN_INSTRUCT = {
    "step": 1, "sample_idx": 3, "prompt_idx": 0, "prompt_tokens": [5, 6], "response_tokens": [9],
    "reward": 1.0, "advantage": 0.5, "finish_reason": "stop", "logprobs": [-0.1],
}  # fmt: skip
SLIME = {
    "group_index": 0, "index": 1, "rollout_id": None, "prompt": "1+1?", "tokens": [5, 6, 9],
    "response": "2", "response_length": 1, "reward": 1.0, "loss_mask": [1],
    "rollout_log_probs": [-0.1], "status": "completed", "advantages": [0.5],
}  # fmt: skip
NODES = [
    {"message": {"role": "user", "content": "1+1?"}, "sampled": False, "token_ids": [5, 6],
     "mask": [False, False]},
    {"parent": 0, "message": {"role": "assistant", "content": "2"}, "sampled": True,
     "token_ids": [9], "mask": [True], "logprobs": [-0.1], "advantages": [0.5]},
]  # fmt: skip
TRACES = {
    "id": "e1", "env": {"id": "gsm8k"}, "task": {"type": "T", "hash": "ab12"},
    "group": {"id": "g7"}, "ok": True,
    "run": {"type": "train", "id": "r", "work": {"type": "train", "step": 5}},
    "traces": [{"id": "t1", "agent": {"name": "agent", "trainable": True}, "nodes": NODES,
                "rewards": {"correct": {"score": 1.0, "weight": 1.0}}, "metrics": {}}],
}  # fmt: skip
LOGGED = {
    "nemo-rl": (NEMO, -0.5, 1),
    "prime-rl": (PRIME, (-0.5 * np.exp(-0.02) + 0.5 * np.exp(0.1)) / 2, 2),
    "atropos": (ATROPOS, 0.0, 2),
    "open-instruct": (OPEN_INSTRUCT, -0.5, 1),
    "slime": (SLIME, -0.5, 1),
    "traces": (TRACES, -0.5, 1),
}


@pytest.mark.parametrize("trainer", LOGGED)
def test_the_dumps_of_trainers_are_read_as_they_are(trainer: str, tmp_path: Path) -> None:
    record, loss, n_tokens = LOGGED[trainer]
    path = tmp_path / "dump.jsonl"
    path.write_text(json.dumps(record) + "\n")
    result = rlcalc.objective(str(path))

    assert result.facts["loss"] == pytest.approx(loss, abs=1e-12)
    assert result.facts["tokens"] == n_tokens
    assert result["token"].tolist()[-1] in (8, 9)


def test_where_a_trainer_logs_no_log_probabilities_the_error_shows_the_lines(
    tmp_path: Path,
) -> None:
    path = tmp_path / "1.jsonl"
    path.write_text('{"input": "1+1", "output": "2", "score": 1.0, "step": 3}\n')

    with pytest.raises(InputError, match="verl does not write") as error:
        rlcalc.objective(str(path))
    assert "old_log_probs" in error.value.faults[0].fix
    assert "write_parquet" in error.value.faults[0].fix


def test_pickles_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "train.pkl"
    path.write_bytes(b"\x80\x04\x95" + b"\0" * 20)

    with pytest.raises(InputError, match="this is a pickle"):
        rlcalc.objective(str(path))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"advantages": [[0.5], [-1.0, 2.0, 1.0], [-0.5]]}, "2 log_prob and 1 advantage"),
        ({"response_mask": [[0, 0], [0, 0, 0], [0]]}, "leaves out every token"),
        ({"response_mask": [[1, 1], [1, 2, 1], [1]]}, "the mask holds 2"),
        ({"log_probs": [[-1.0, 0.3], [-0.5, -0.25, -3.0], [-1.5]]}, "log_prob is 0.3, above 0"),
        ({"advantages": [[0.5, None], [-1.0, 2.0, 1.0], [-0.5]]}, "the advantage is nan"),
        ({"advantages": [[1e200, 1.0], [-1.0, 2.0, 1.0], [-0.5]]}, "the advantage is 1e\\+200"),
        ({"old_log_probs": [[-1e4, -2.0], [-0.75, -0.25, -2.5], [-1.0]]}, "the ratio overflows"),
    ],
)
def test_faults_are_named_with_their_row_and_a_fix(change: dict[str, Any], message: str) -> None:
    frame = pl.DataFrame(records()).with_columns(
        pl.Series(name, values) for name, values in change.items()
    )

    with pytest.raises(InputError, match=message) as error:
        rlcalc.objective(frame)
    assert "row" in error.value.faults[0].where
    assert error.value.faults[0].fix


def test_a_column_or_a_format_that_is_not_there_is_refused() -> None:
    frame = pl.DataFrame(records())

    with pytest.raises(InputError, match="did you mean log_probs"):
        rlcalc.objective(frame, columns={"log_prob": "log_prob"})
    with pytest.raises(InputError, match="no field lob_prob"):
        rlcalc.objective(frame, columns={"lob_prob": "log_probs"})
    with pytest.raises(UsageError, match="did you mean slime"):
        rlcalc.objective(frame, form="slimee")
    assert rlcalc.objective(frame, form="columns").facts["loss"] == EXPECTED.facts["loss"]


def test_where_reads_only_the_rows_that_fit(tmp_path: Path) -> None:
    path = write(tmp_path, "jsonl")
    result = rlcalc.objective(str(path), where=["reward >= 0.5"])

    assert result.facts["rollouts"] == 2


def test_a_large_file_is_read_in_batches(tmp_path: Path) -> None:
    """The pieces do not matter: the same loss as of the frame in memory, and the same rows."""
    rng = np.random.default_rng(0)
    old = (-rng.exponential(1, (9000, 3)) - 1).tolist()
    log = (np.array(old) + rng.normal(0, 0.3, (9000, 3))).tolist()
    frame = pl.DataFrame(
        {"log_probs": log, "old_log_probs": old, "advantages": rng.normal(size=9000)}
    )
    frame.write_parquet(tmp_path / "a.parquet")
    frame.write_ndjson(tmp_path / "a.jsonl")
    whole = Tokens.from_arrays(
        log_prob=np.array(log), old_log_prob=np.array(old), advantage=frame["advantages"].to_numpy()
    )
    expected = rlcalc.objective(whole, rows="rollouts")

    for name in ("a.parquet", "a.jsonl"):
        result = rlcalc.objective(str(tmp_path / name), rows="rollouts")

        np.testing.assert_allclose(result["loss"], expected["loss"], rtol=1e-12)
        assert result.facts["loss"] == pytest.approx(expected.facts["loss"], rel=1e-12)


def test_a_column_that_first_appears_late_is_not_overlooked(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    late = '{"log_probs": [-1.0], "advantages": [1.0], "old_log_probs": [-1.2]}\n'
    path.write_text('{"log_probs": [-1.0], "advantages": [1.0]}\n' * 150 + late)

    with pytest.raises(InputError, match="1 log_prob and 0 old_log_prob"):
        rlcalc.objective(str(path))


def test_files_that_log_different_columns_are_not_mixed(tmp_path: Path) -> None:
    frame = pl.DataFrame(records())
    frame.write_parquet(tmp_path / "1.parquet")
    frame.drop("old_log_probs").write_parquet(tmp_path / "2.parquet")

    with pytest.raises(InputError, match="old_log_prob is logged of some rollouts"):
        rlcalc.objective(str(tmp_path))


def test_a_torn_last_line_is_left_out(tmp_path: Path) -> None:
    """Files are appended to while a training runs."""
    path = tmp_path / "a.jsonl"
    path.write_text('{"log_probs": [-1.0], "advantages": [1.0]}\n{"log_probs": [-1.0')
    result = rlcalc.objective(str(path))

    assert result.facts["rollouts"] == 1
    assert any("torn" in note for note in result.notes)


def test_other_files_of_a_folder_are_passed_over(tmp_path: Path) -> None:
    pl.DataFrame(records()).write_parquet(tmp_path / "1.parquet")
    (tmp_path / "config.json").write_text('{"lr": 1}')
    (tmp_path / "table.csv").write_text("a,b\n1,2\n")

    assert rlcalc.objective(str(tmp_path)).facts["loss"] == EXPECTED.facts["loss"]
