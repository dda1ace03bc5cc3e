"""One reading of each answer: filters and scores of evaluations, whose ids are their task's own."""

import json
from operator import itemgetter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import rlcalc
from rlcalc.errors import InputError

A_FILTER = st.sampled_from(["strict", "flexible", "none"])


def lm_eval(folder: Path, task: str, records: list[dict[str, Any]], date: str = "01") -> Path:
    path = folder / f"samples_{task}_2026-01-{date}T00-00-00.123.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    return path


def document(number: int, name: str | None = None, **metrics: float) -> dict[str, Any]:
    record = {"doc_id": number, "doc": {}, "resps": [["x"]], "metrics": list(metrics)}
    return {**record, **({} if name is None else {"filter": name}), **metrics}


def sample(number: int, epoch: int = 1, **scores: Any) -> dict[str, Any]:
    values = {name: {"value": value} for name, value in scores.items()}
    return {"id": f"q{number}", "epoch": epoch, "scores": values, "output": {}}


def log(path: Path, samples: list[dict[str, Any]] | None, **more: Any) -> Path:
    record = {"version": 2, "status": "success", "eval": {"task": path.stem, "eval_id": path.stem}}
    path.write_text(
        json.dumps({**record, **more, **({} if samples is None else {"samples": samples})})
    )
    return path


def test_two_filters_are_two_readings_of_one_rollout(tmp_path: Path) -> None:
    rows = [document(d, name, acc=float(d == 0 or name == "b")) for name in "ab" for d in (0, 1)]
    path = lm_eval(tmp_path, "t", rows)
    first, second = rlcalc.group(path), rlcalc.group(path, filter="b")

    assert list(first["reward"]) == [1, 0]
    assert (first.facts["filter"], first.facts["groups"]) == ("a", 2)
    assert any("filter a; b is logged too: rlcalc group --filter b" in note for note in first.notes)
    assert list(second["reward"]) == [1, 1]
    assert not any("filter" in note for note in second.notes)


def test_an_unknown_filter_lists_those_there_are(tmp_path: Path) -> None:
    path = lm_eval(tmp_path, "t", [document(0, name, acc=1.0) for name in ("strict", "loose")])
    with pytest.raises(InputError, match=r"no filter strikt[\s\S]*strict and loose"):
        rlcalc.group(path, filter="strikt")
    one = lm_eval(tmp_path, "u", [document(0, "none", acc=1.0)])
    with pytest.raises(InputError, match=r"no filter strict[\s\S]*there are none"):
        rlcalc.group(one, filter="strict")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
@given(
    tasks=st.lists(st.lists(A_FILTER, min_size=1, max_size=3, unique=True), min_size=1, max_size=3),
    n=st.integers(1, 4),
    interleaved=st.booleans(),
)
def test_however_tasks_and_filters_are_logged_a_document_is_one_rollout(
    tmp_path: Path, tasks: list[list[str]], n: int, interleaved: bool
) -> None:
    paths = []
    for number, filters in enumerate(tasks):
        pairs = [(d, name) for name in filters for d in range(n)]
        pairs = sorted(pairs, key=itemgetter(0)) if interleaved else pairs
        rows = [document(d, name, **{f"m{number}": float(name == filters[0])}) for d, name in pairs]
        paths.append(str(lm_eval(tmp_path, f"t{number}", rows)))
    result = rlcalc.group(paths, rows="groups")
    name = tasks[0][-1]
    last = rlcalc.group(paths, filter=name)

    assert result.facts["rollouts"] == result.facts["groups"] == n * len(tasks)
    assert set(result["mean"]) == {1.0}
    assert len(set(result["group"])) == n * len(tasks)
    assert last["reward"].sum() == n * sum(names[0] == name or name not in names for names in tasks)


def test_the_same_task_on_two_dates_is_two_runs_of_the_same_prompts(tmp_path: Path) -> None:
    for date, acc in (("01", 0.0), ("02", 1.0)):
        lm_eval(tmp_path, "t", [document(d, acc=acc) for d in (0, 1)], date)
    result = rlcalc.group(tmp_path, rows="summary")

    names = ["2026-01-01T00-00-00.123/0", "2026-01-01T00-00-00.123/1"]
    assert list(rlcalc.load_rollouts(tmp_path).group)[:2] == names
    assert (result.facts["rollouts"], result.facts["groups"]) == (4, 4)
    assert result.facts["reward_se"] == pytest.approx(0, abs=1e-12)  # each prompt is 0 and 1


def test_models_in_folders_of_their_own_are_runs_of_their_own(tmp_path: Path) -> None:
    for model in ("a", "b"):
        lm_eval(tmp_path / model, "t", [document(d, acc=1.0) for d in (0, 1)])

    assert rlcalc.load_rollouts(tmp_path).size.tolist() == [1, 1, 1, 1]


def test_examples_of_two_evaluations_of_verifiers_are_not_one_group(tmp_path: Path) -> None:
    for env in ("a--m", "b--m"):
        (tmp_path / env).mkdir()
        record = {"example_id": 0, "prompt": "q", "completion": "x", "reward": 1.0}
        (tmp_path / env / "results.jsonl").write_text(2 * (json.dumps(record) + "\n"))

    assert rlcalc.load_rollouts(tmp_path).size.tolist() == [2, 2]


def test_train_and_test_of_an_iteration_of_tinker_are_apart(tmp_path: Path) -> None:
    for split, reward in (("train", 0.0), ("test", 1.0)):
        record = {"schema_version": 1, "split": split, "iteration": 1, "group_idx": 0,
                  "traj_idx": 0, "total_reward": reward, "steps": []}  # fmt: skip
        (tmp_path / f"{split}_rollout_summaries.jsonl").write_text(json.dumps(record) + "\n")
    rollouts = rlcalc.load_rollouts(tmp_path)

    assert sorted(rollouts.reward.tolist()) == [0, 1]
    assert rollouts.length is None  # no step, no length


def test_epochs_are_rollouts_and_tasks_are_not(tmp_path: Path) -> None:
    for task in "ab":
        log(tmp_path / f"{task}.json", [sample(q, e, match="C") for q in (1, 2) for e in (1, 2)])
    rollouts = rlcalc.load_rollouts(tmp_path)

    assert rollouts.size.tolist() == [2, 2, 2, 2]
    assert list(rollouts.group) == ["a/q1", "a/q2", "b/q1", "b/q2"]


def test_the_first_scorer_of_the_log_counts_whatever_a_sample_has(tmp_path: Path) -> None:
    """The first sample has only the second score; a scorer may give several numbers."""
    scorers = [{"name": "match"}, {"name": "num"}]
    samples = [sample(1, num=0.25), sample(2, num=0.5, match={"a": 1, "b": 0})]
    path = log(tmp_path / "t.json", samples, eval={"task": "t", "scorers": scorers})
    result = rlcalc.group(path)

    assert result.facts["reward"] == "match.a"
    assert str(result["reward"]) == "[nan  1.]"
    assert any("match.b and num are logged too" in note for note in result.notes)
    assert list(rlcalc.group(path, reward=("num",))["reward"]) == [0.25, 0.5]
    assert list(rlcalc.group(path, reward=("num", "match.a"))["reward"]) == [0.25, 1.5]
    with pytest.raises(InputError, match=r"no reward mach[\s\S]*match\.a"):
        rlcalc.group(path, reward=("mach",))


def test_a_sample_that_failed_has_no_reward_and_is_counted(tmp_path: Path) -> None:
    failed = {"id": "q2", "epoch": 1, "scores": {}, "error": {"message": "x"}, "output": {}}
    limited = {**sample(3, match="I"), "limit": {"type": "time", "limit": 3}}
    path = log(tmp_path / "t.json", [failed, sample(1, match="C"), limited], status="error")
    result = rlcalc.group(path, rows="summary")

    assert (result.facts["errors"], result.facts["unscored"]) == (1, 1)
    assert result.facts["stopped_by"] == {"time": 1}
    assert result.facts["run_status"] == {"error": 1}
    assert any("t.json: the run has the status error" in note for note in result.notes)
    assert list(rlcalc.load_rollouts(path).rewards) == ["match"]
    assert list(rlcalc.load_rollouts(log(tmp_path / "u.json", [failed])).rewards) == ["reward"]


def test_a_log_without_samples_is_left_out_if_others_have_some(tmp_path: Path) -> None:
    log(tmp_path / "a.json", None)
    with pytest.raises(InputError, match="holds no samples") as error:
        rlcalc.load_rollouts(tmp_path)
    log(tmp_path / "b.json", [sample(1, match="C")])
    rollouts = rlcalc.load_rollouts(tmp_path)

    assert error.value.exit_code == 3
    assert len(rollouts) == 1
    assert any("a.json" in note and "left out" in note for note in rollouts.notes)


def test_a_file_with_several_tasks_has_filters_and_metrics_of_each(tmp_path: Path) -> None:
    rows = [
        {**document(0, name, **{metric: 1.0}), "task": task}
        for task, name, metric in (("t", "a", "acc"), ("u", "b", "em"), ("t", "c", "acc"))
    ]
    (tmp_path / "all.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    result = rlcalc.group(tmp_path)

    assert sorted(result["group"]) == ["t/0", "u/0"]
    assert list(result["reward"]) == [1, 1]
    assert result.facts["reward"] == {"t": "acc", "u": "em"}


def test_a_filter_is_refused_where_there_are_none(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("group,reward\na,1\n")
    with pytest.raises(InputError, match="no filter strict"):
        rlcalc.group(tmp_path, filter="strict")


def test_files_of_any_name_are_tasks_of_their_own(tmp_path: Path) -> None:
    for task in ("arc", "mmlu"):
        rows = [json.dumps(document(d, acc=1.0)) for d in (0, 1)]
        (tmp_path / f"{task}.jsonl").write_text("\n".join(rows))
    rollouts = rlcalc.load_rollouts(tmp_path)

    assert list(rollouts.group) == ["arc/0", "arc/1", "mmlu/0", "mmlu/1"]
    assert len(rlcalc.group(tmp_path, why="mmlu/1")) == 1


def test_metrics_whose_names_are_not_logged_are_the_numbers(tmp_path: Path) -> None:
    record = {"doc_id": 3, "doc": {}, "target": 5, "resps": [["x"]], "acc": True, "acc_norm": 0.0}
    rollouts = rlcalc.load_rollouts(lm_eval(tmp_path, "t", [record]))

    assert {name: r.tolist() for name, r in rollouts.rewards.items()} == {"acc": [1]}


@pytest.mark.parametrize(
    ("value", "reward"),
    [("C", 1), ("P", 0.5), ("0.25", 0.25), ("yes", 1), ("False", 0), (True, 1), ("maybe", None)],
)
def test_scores_are_read_as_inspect_reads_them(tmp_path: Path, value: Any, reward: Any) -> None:
    rollouts = rlcalc.load_rollouts(log(tmp_path / "t.json", [sample(1, match=value)]))

    assert rollouts.reward.tolist() == pytest.approx(
        [np.nan if reward is None else reward], nan_ok=True
    )


def test_an_infinite_score_matters_only_if_it_counts(tmp_path: Path) -> None:
    path = lm_eval(tmp_path, "t", [document(0, acc=1.0, ppl=float("inf"))])

    assert rlcalc.load_rollouts(path).reward.tolist() == [1]
    with pytest.raises(InputError, match="ppl is inf"):
        rlcalc.load_rollouts(path, reward=("ppl",))


def test_epochs_of_inspect_are_noted(tmp_path: Path) -> None:
    """With the log's own way to make one number of them, if it is not the mean."""
    config = {"epochs": 2, "epochs_reducer": ["pass_at_2"]}
    samples = [{"id": "a", "epoch": epoch, "scores": {"match": {"value": "C"}}} for epoch in (1, 2)]
    path = tmp_path / "log.json"
    path.write_text(json.dumps({"eval": {"task": "t", "config": config}, "samples": samples}))

    assert any(
        "2 epochs" in note and "by pass_at_2" in note for note in rlcalc.load_rollouts(path).notes
    )


def test_repeats_of_lm_eval_are_noted(tmp_path: Path) -> None:
    record = {"doc_id": 0, "doc": {}, "resps": [["2", "3"]], "metrics": ["acc"], "acc": 1.0}
    path = tmp_path / "samples_t.jsonl"
    path.write_text(json.dumps(record))

    assert any("2 repeats" in note for note in rlcalc.load_rollouts(path).notes)
