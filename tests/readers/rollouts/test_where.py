"""--where reads the rollouts that fit, whatever wrote them, as if there were no others."""

import json
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import rlcalc
from rlcalc.errors import InputError
from rlcalc.readers.rollouts import jsonl
from tests.tables import TABLES

rollouts = st.lists(
    st.tuples(st.sampled_from("pq"), st.integers(0, 2), st.sampled_from(["a", "b", "1"])),
    min_size=1,
    max_size=15,
)


@given(rollouts, st.sampled_from(sorted(TABLES)), st.integers(30, 400))
@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60
)
def test_what_is_left_out_might_as_well_not_be_there(
    tmp_path_factory: pytest.TempPathFactory,
    rows: list[tuple[str, int, str]],
    name: str,
    block: int,
) -> None:
    frame = pl.DataFrame(rows, schema=["group", "reward", "kind"], orient="row")
    kept = frame.filter(pl.col("kind").is_in(["a", "1"]) & (pl.col("reward") > 0))
    path = tmp_path_factory.mktemp("where") / name
    TABLES[name](frame, path)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(jsonl, "BLOCK", block)
        if not len(kept):
            with pytest.raises(InputError, match="no rollouts"):
                rlcalc.group(str(path), where=["kind in a,1.0", "reward > 0"])
            return
        answer = rlcalc.group(str(path), where=["kind in a,1.0", "reward > 0"])

    of_kept = rlcalc.group(kept)
    assert list(answer.rows()) == [
        {**row, "row": number} for row, number in zip(of_kept.rows(), answer["row"], strict=True)
    ]


def test_the_step_of_a_files_name_is_a_column(tmp_path: Path) -> None:
    """verl writes {step}.jsonl, a hive folder step=N."""
    for step, reward in ((1, 0.0), (2, 1.0)):
        line = {"input": "q", "output": "a", "score": reward}
        (tmp_path / f"{step}.jsonl").write_text(json.dumps(line) + "\n")
    read = rlcalc.load_rollouts(str(tmp_path), where="step >= 2")

    assert read.reward.tolist() == [1]


def test_nested_records_are_filtered_by_their_rollouts(tmp_path: Path) -> None:
    """slime's samples: by a field of the record, or by what a rollout has."""
    samples = [
        {"group_index": n // 2, "index": n, "reward": n, "status": status, "response_length": 5 * n}
        for n, status in enumerate(["completed", "truncated", "completed", "aborted"])
    ]
    path = tmp_path / "slime.jsonl"
    path.write_text("".join(f"{json.dumps(sample)}\n" for sample in samples))

    for where, rewards in (
        ("status != aborted", [0, 1, 2]),
        ("truncated = true", [1]),
        ("length > 5", [2, 3]),
        ("group = 1", [2, 3]),
    ):
        assert rlcalc.load_rollouts(str(path), where=where).reward.tolist() == rewards


def test_an_unknown_column_is_refused_and_what_is_left_out_is_counted(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    path.write_text('{"group": 1, "reward": 1}\n{"group": 1, "reward": 0, "masked": true}\n')

    with pytest.raises(InputError, match="no column maskd") as error:
        rlcalc.group(str(path), where="maskd = true")
    assert "did you mean masked" in error.value.faults[0].fix
    assert rlcalc.load_rollouts(str(path), where="masked != true").facts["rows_left_out"] == 1
