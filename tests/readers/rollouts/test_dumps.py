"""Every trainer's dump: its own example record, found by content, gives the same two rollouts."""

import contextlib
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from typer import Exit

import rlcalc
from rlcalc.cli import app_of
from rlcalc.commands import COMMANDS
from rlcalc.errors import InputError
from rlcalc.readers.rollouts import dumps
from rlcalc.rollouts import Rollouts

Write = Callable[[Path], Path]
CHAT = [{"role": "user", "content": "1+1?"}]


def lines(name: str, *records: Any) -> Write:
    def write(folder: Path) -> Path:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(json.dumps(record) + "\n" for record in records))
        return path

    return write


def table(name: str, **columns: Any) -> Write:
    def write(folder: Path) -> Path:
        pl.DataFrame(columns).write_parquet(folder / name)
        return folder / name

    return write


def trace(number: int) -> dict[str, Any]:
    question = {"message": CHAT[0], "sampled": False, "token_ids": [5, 6], "mask": [False, False]}
    answer = {
        "parent": 0, "message": {"role": "assistant", "content": "2"}, "sampled": True,
        "token_ids": [9, 9], "mask": [True, True], "advantages": [number - 0.5] * 2,
    }  # fmt: skip
    agent = {"name": "agent", "trainable": True}
    rewards = {"correct": {"score": float(number), "weight": 1.0}, "style": None}
    return {
        "id": f"e{number}",
        "task": {"type": "T", "data": {"idx": 3}, "hash": "ab12"},
        "group": {"id": "g7"},
        "run": {"type": "train", "id": "r", "work": {"type": "train", "step": 5}},
        "traces": [{"id": f"t{number}", "agent": agent, "nodes": [question, answer],
                    "rewards": rewards, "metrics": {}, "calls": [{"finish_reason": "length"}]}],
    }  # fmt: skip


def episode(number: int) -> dict[str, Any]:
    steps = [{"observation": "1+1?", "action": "2", "reward": 1.0, "done": True}]
    trajectory = {"name": "solver", "uid": "u", "reward": float(number), "steps": steps}
    return {
        "training_step": 1, "epoch": 0, "episode_id": f"q1:{number}", "task_hash": "0a1b2c3d",
        "termination_reason": "env_done", "trajectories": [trajectory],
    }  # fmt: skip


def sample(epoch: int, value: Any) -> dict[str, Any]:
    message = {"role": "assistant", "content": "2"}
    output = {"choices": [{"message": message, "stop_reason": "stop"}]}
    return {"id": "q1", "epoch": epoch, "scores": {"match": {"value": value}}, "output": output}


def archive(folder: Path) -> Path:
    with zipfile.ZipFile(folder / "log.eval", "w") as held:
        held.writestr("header.json", "{}")
        for epoch, value in ((1, "I"), (2, "C"), (3, float("nan"))):
            held.writestr(f"samples/q1_epoch_{epoch}.json", json.dumps(sample(epoch, value)))
    return folder / "log.eval"


def episodes(folder: Path) -> Path:
    inside = folder / "train_step_1_epoch_0"
    for number in (0, 1):
        lines(f"train_step_1_epoch_0/episode_hash0_id{number}.json", episode(number))(folder)
    return inside


def trials(folder: Path) -> Path:
    """Write a job of Harbor with two trials of one task, and one that could not begin."""
    for number in (0, 1, 2):
        name = f"add__{number}"
        trial = {
            "trial_name": name, "task_name": "add", "agent_info": {"name": "terminus"},
            "agent_result": {"n_output_tokens": 7},
            "verifier_result": {"rewards": {"reward": number}} if number < 2 else None,
            "exception_info": None if number < 2 else {"exception_type": "AgentSetupTimeoutError"},
        }  # fmt: skip
        steps = [{"source": "user", "message": "1+1?"}, {"source": "agent", "message": "2"}]
        lines(f"job/{name}/result.json", trial)(folder)
        lines(f"job/{name}/agent/trajectory.json",
              {"schema_version": "ATIF-v1.6", "steps": steps})(folder)  # fmt: skip
    lines("job/result.json", {"n_total_trials": 3, "stats": {}})(folder)
    return folder / "job"


def instances(folder: Path) -> Path:
    """Write two experiments of SWE-agent with one instance, and the reports of SWE-bench."""
    for name, report in {"a": {"unresolved_ids": ["i"]}, "b": {"resolved_ids": ["i"]}}.items():
        record = {
            "trajectory": [{"action": "submit"}], "history": CHAT,
            "info": {"exit_status": "submitted", "submission": "patch"},
        }  # fmt: skip
        lines(f"runs/{name}/i/i.traj", record)(folder)
        lines(f"runs/{name}/results.json", {"resolved_ids": [], **report})(folder)
    return folder / "runs"


def simulation(number: int) -> dict[str, Any]:
    return {
        "id": f"s{number}", "task_id": "t", "trial": number, "termination_reason": "user_stop",
        "reward_info": {"reward": float(number), "reward_breakdown": {"DB": 1.0}},
        "messages": [*CHAT, {"role": "assistant", "content": "2", "usage": {
            "completion_tokens": 3}}],
    }  # fmt: skip


def outcome(number: int) -> dict[str, Any]:
    message = {"role": "assistant", "content": [{"type": "output_text", "text": "2"}]}
    return {
        "_ng_task_index": 0, "_ng_rollout_index": number, "reward": float(number),
        "responses_create_params": {"input": CHAT},
        "response": {"output": [{"type": "message", **message}], "usage": {"output_tokens": 4}},
    }  # fmt: skip


ANSWER = {"role": "assistant", "content": "2"}
TRL = {"step": [7, 7], "completion": ["x", "y"], "acc": [0.0, 1.0], "advantage": [-0.7, 0.7]}
DUMPS: dict[str, tuple[str, Write, dict[str, Any]]] = {
    "trl": (
        "trl",
        table("completions_00007.parquet", prompt=["a", "a"], **TRL),
        {"step": [7], "advantage": [-0.7, 0.7]},
    ),
    "trl-messages": ("trl", table("x.parquet", prompt=[CHAT, CHAT], **TRL), {"step": [7]}),
    "trl-wandb": (
        "trl",
        lines("completions_0.table.json", {
            "columns": ["step", "prompt", "completion", "acc", "advantage"],
            "data": [[7, "a", "x", 0.0, -0.7], [7, "a", "y", 1.0, 0.7]],
        }),
        {"step": [7], "advantage": [-0.7, 0.7]},
    ),
    "verl-classic": (
        "verl",
        lines("3.jsonl", *[{"input": "q", "output": "2", "gts": None, "score": s, "step": 3}
                           for s in (0.0, 1)]),
        {"step": [3]},
    ),
    "verl-v1": (
        "verl",
        lines("3.jsonl", *[{"input": "q", "output": "2", "gts": "2", "score": float(s), "step": 3,
                            "uid": f"7d_3c_{s}_{o}"} for s in (0, 1) for o in range(s + 1)]),
        {"step": [3], "group": ["7d_3c"], "rollout": ["7d_3c_0", "7d_3c_1"], "several_rows": 1},
    ),
    "verifiers": (
        "verifiers",
        lines("results.jsonl", *[{"example_id": 4, "prompt": CHAT, "completion": CHAT,
                                  "reward": float(s), "is_truncated": bool(s),
                                  "token_usage": {"output_tokens": 5.0}} for s in (0, 1)]),
        {"truncated": [False, True], "length": [5, 5]},
    ),
    "traces": (
        "traces",
        lines("rollouts/step_9/train/all/traces.jsonl", trace(0), trace(1)),
        {"step": [5], "advantage": [-0.5, 0.5], "length": [2, 2], "truncated": [True, True],
         "group": ["g7"], "rollout": ["t0", "t1"]},
    ),
    "art": (
        "art",
        table("0012.parquet", group_index=[0, 0], reward=[0.0, 1.0], messages=[CHAT, CHAT]),
        {"step": [12]},
    ),
    "art-old": (
        "art",
        lines("0013.jsonl", {"trajectories": [
            {"messages_and_choices": [CHAT[0], {"finish_reason": "length", "message": CHAT[0]}],
             "reward": s, "metrics": {}} for s in (0, 1)]}),
        {"step": [13], "truncated": [True, True]},
    ),
    "skyrl": (
        "skyrl",
        lines("global_step_4_evals/gsm8k.jsonl", *[
            {"input_prompt": "q", "output_response": "2", "score": s, "stop_reason": "length"}
            for s in (0.0, [0.0, 1.0])]),
        {"step": [4], "truncated": [True, True]},
    ),
    "nemo-rl": (
        "nemo-rl",
        lines("train_data_step4.jsonl", *[
            {"content": [["1+1?", "2"]], "rewards": [float(s)], "token_ids": [[5, 6, 9]],
             "token_loss_mask": [[0, 0, 1]], "advantages": [[0.0, 0.0, s - 0.5]], "idx": s}
            for s in (0, 1)]),
        {"step": [4], "advantage": [-0.5, 0.5], "length": [1, 1]},
    ),
    "ms-swift": (
        "ms-swift",
        lines("completions.jsonl", {"step": ["5", "5"], "prompt": ["q", "q"], "solution": ["", ""],
                                    "completion": ["a", "b"], "acc": [0, 1.0],
                                    "advantages": [-0.7, 0.7]}),
        {"step": [5], "advantage": [-0.7, 0.7]},
    ),
    "open-instruct": (
        "open-instruct",
        lines("run_rollouts_000001.jsonl", *[
            {"step": 1, "sample_idx": s, "prompt_idx": 0, "response_tokens": [9] * (s + 1),
             "reward": float(s), "advantage": s - 0.5, "finish_reason": "length"} for s in (0, 1)]),
        {"step": [1], "advantage": [-0.5, 0.5], "length": [1, 2], "truncated": [True, True]},
    ),
    "tinker": (
        "tinker",
        lines("train_rollout_summaries.jsonl", *[
            {"schema_version": 1, "iteration": 3, "group_idx": 0, "traj_idx": s,
             "total_reward": float(s), "final_reward": 0.0, "trajectory_metrics": {},
             "steps": [{"ac_len": 40}, {"ac_len": 2}]} for s in (0, 1)]),
        {"step": [3], "length": [42, 42]},
    ),
    "rllm": ("rllm", episodes, {"step": [1], "group": ["0a1b2c3d"]}),
    "atropos": (
        "atropos",
        lines("groups.jsonl", {"tokens": [[5, 6], [5, 7]], "masks": [[-100, 6], [-100, 7]],
                               "scores": [0.0, 1.0], "advantages": [[-1.0, -1.0], [1.0, 1.0]]}),
        {"advantage": [-1, 1], "length": [1, 1]},
    ),
    "areal": (
        "areal",
        lines("4/12.jsonl", *[
            {"task_id": 12, "sample_idx": s, "seqlen": 90, "prompt_len": 50, "head_version": 3,
             "tail_version": 4, "reward": float(s), "prompt": "q", "completion": "2"}
            for s in (0, 1)]),
        {"step": [4], "length": [40, 40], "group": ["12"]},
    ),
    "slime": (
        "slime",
        lines("slime.jsonl", *[
            {"group_index": 0, "index": s, "rollout_id": None, "reward": float(s),
             "response_length": 3, "status": "truncated"} for s in (0, 1)]),
        {"length": [3, 3], "truncated": [True, True]},
    ),
    "inspect-eval": ("inspect", archive, {"unscored": 1}),
    "inspect-json": (
        "inspect",
        lines("log.json", {"eval": {}, "samples": [sample(1, 0.0), sample(2, "C")]}),
        {},
    ),
    "harbor": ("harbor", trials, {"unscored": 1, "length": [7, 7, 7], "group": ["add"]}),
    "terminal-bench": (
        "terminal-bench",
        lines("results.json", {"n_resolved": 1, "resolved_ids": ["t"], "results": [
            {"trial_name": f"t.{s}", "task_id": "t", "is_resolved": bool(s), "instruction": "q",
             "failure_mode": "unset", "total_output_tokens": 5} for s in (0, 1)]}),
        {"length": [5, 5], "group": ["t"]},
    ),
    "nemo-gym": (
        "nemo-gym",
        lines("rollouts.jsonl", outcome(0), outcome(1)),
        {"length": [4, 4], "rollout": ["0/0", "0/1"]},
    ),
    "nemo-gym of aviary": (
        "nemo-gym",
        lines("rollouts.jsonl", *[
            {"task_idx": 3, "reward": float(s), "responses_create_params": {"input": []},
             "response": {"output": [[{"type": "message", **ANSWER}]]}} for s in (0, 1)]),
        {"group": ["3"]},
    ),
    "swe-agent": ("swe-agent", instances, {"group": ["i"], "truncated": [False, False]}),
    "openhands": (
        "openhands",
        lines("output.jsonl", *[
            {"instance_id": "i", "instruction": "q", "history": [], "metrics": {}, "error": None,
             "test_result": {"git_patch": "x", "report": {"resolved": bool(s)}}} for s in (0, 1)]),
        {"group": ["i"]},
    ),
    "tau-bench": (
        "tau-bench",
        lines("results.json", [
            {"task_id": 0, "trial": s, "reward": float(s), "info": {}, "traj": [*CHAT, ANSWER]}
            for s in (0, 1)]),
        {"rollout": ["0/0", "0/1"]},
    ),
    "tau2-bench": (
        "tau2-bench",
        lines("results.json", {"info": {}, "tasks": [], "simulations": [
            simulation(0), simulation(1)]}),
        {"length": [3, 3], "group": ["t"], "rollout": ["s0", "s1"]},
    ),
    "lm-eval": (
        "lm-eval",
        lines("samples_gsm8k.jsonl", *[
            {"doc_id": 0, "doc": {}, "resps": [["2", "3"]], "metrics": ["exact_match"],
             "exact_match": float(s)} for s in (0, 1)]),
        {},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", DUMPS)
def test_each_dump_is_found_and_read(name: str, tmp_path: Path) -> None:
    form, write, expected = DUMPS[name]
    rollouts = rlcalc.load_rollouts(write(tmp_path))
    unscored = expected.get("unscored", 0)

    assert rollouts.facts["format"] == form
    assert rollouts.n_groups == 1
    assert rollouts.reward.tolist()[:2] == [0, 1]
    assert len(rollouts) == 2 + unscored
    assert len(rollouts.scored) == 2
    for column in ("advantage", "length", "truncated", "step", "group", "rollout"):
        if column in expected:
            assert list(getattr(rollouts, column)) == expected[column]
    assert rollouts.facts["several_rows"] == expected.get("several_rows", 0)


@pytest.mark.parametrize("name", DUMPS)
def test_check_says_what_each_dump_holds(name: str, tmp_path: Path) -> None:
    form, write, expected = DUMPS[name]
    path, answer = str(write(tmp_path)), tmp_path / "answer.json"
    app_of(COMMANDS)(["check", path, "-o", str(answer)], standalone_mode=False)
    facts = json.loads(answer.read_text())["facts"]

    assert (facts["format"], facts["groups"], facts["steps"]) == (form, 1, 1)
    assert (facts["scored"], facts["unscored"]) == (2, expected.get("unscored", 0))
    assert (facts["reward_min"], facts["reward_max"], facts["faults"]) == (0, 1, 0)


@pytest.mark.parametrize("name", DUMPS)
def test_estimate_reads_each_dump_as_one_step_trajectories(name: str, tmp_path: Path) -> None:
    """V̂ is the mean reward of the group, and Â what Dr. GRPO makes of it, response by response."""
    path = DUMPS[name][1](tmp_path)
    result = rlcalc.estimate(path)
    grouped = rlcalc.group(path, "dr-grpo")
    scored = np.isfinite(grouped["reward"].astype(float))

    assert result.facts["trajectories"] == scored.sum()
    assert result["v"][0] == pytest.approx(np.mean(grouped["reward"][scored].astype(float)))
    mean = np.average(result["q"], weights=result["n"])
    assert mean == pytest.approx(result["v"][0])
    if len(result) == scored.sum():  # no response occurs twice
        assert sorted(result["a"]) == pytest.approx(sorted(grouped["advantage"][scored]))
    assert any("rollouts of" in note for note in result.notes)


def test_check_says_what_is_wrong_with_a_dump(tmp_path: Path) -> None:
    records = [{"input": "q", "output": "2", "score": score} for score in (1, "x")]
    path, answer = str(lines("3.jsonl", *records)(tmp_path)), tmp_path / "answer.json"
    with contextlib.suppress(Exit):
        app_of(COMMANDS)(["check", path, "-o", str(answer)], standalone_mode=False)
    (fault,) = json.loads(answer.read_text())["rows"]

    assert fault["what"] == "score is 'x', expected a number"
    assert fault["where"].endswith("line 2")


@pytest.mark.parametrize("name", DUMPS)
def test_forcing_the_format_gives_the_same(name: str, tmp_path: Path) -> None:
    form, write, _ = DUMPS[name]
    path = write(tmp_path)
    forced = "wandb" if name == "trl-wandb" else form

    assert rlcalc.load_rollouts(path, form=forced).reward.tolist()[:2] == [0, 1]


@pytest.mark.parametrize("name", DUMPS)
def test_forcing_any_other_format_is_an_answer_or_an_error_of_ours(
    name: str, tmp_path: Path
) -> None:
    path = DUMPS[name][1](tmp_path)
    for forced in dumps.FORMATS:
        with contextlib.suppress(InputError):
            assert len(rlcalc.load_rollouts(path, form=forced, texts=True, beginnings=True))


def test_a_forced_format_says_which_column_it_lacks(tmp_path: Path) -> None:
    path = DUMPS["trl"][1](tmp_path)
    with pytest.raises(InputError, match="no column score") as error:
        rlcalc.load_rollouts(path, form="verl", group="prompt")

    assert "leave out --from, or name another format; there are prompt, step" in str(error.value)


def test_every_format_has_an_example() -> None:
    examples = {form for form, _, _ in DUMPS.values()} | {"wandb", "columns", "prime-rl"}

    assert examples == set(dumps.FORMATS)


WITHOUT_TEXT = ("tinker", "atropos", "slime", "open-instruct", "harbor", "terminal-bench")


@pytest.mark.parametrize("name", DUMPS)
def test_equal_responses_are_told_if_asked(name: str, tmp_path: Path) -> None:
    """Where a dump has responses at all."""
    _, write, _ = DUMPS[name]
    rollouts = rlcalc.load_rollouts(write(tmp_path), texts=True, beginnings=True)

    assert (rollouts.response is None) == (name in WITHOUT_TEXT)
    assert (rollouts.beginning is None) == (rollouts.response is None)


WITHOUT_PROMPT = (
    "tinker", "atropos", "slime", "open-instruct", "art", "art-old", "inspect-eval", "inspect-json",
    "harbor",
)  # fmt: skip


@pytest.mark.parametrize("name", DUMPS)
def test_how_prompts_begin_is_told_if_asked(name: str, tmp_path: Path) -> None:
    """Where these examples have prompts; groups stay the same ones."""
    _, write, expected = DUMPS[name]
    path = write(tmp_path)
    rollouts = rlcalc.load_rollouts(path, beginnings=True)

    assert (rollouts.question is None) == (name in WITHOUT_PROMPT)
    assert list(rollouts.group) == expected.get("group", list(rollouts.group))
    assert rlcalc.load_rollouts(path).question is None


@pytest.mark.parametrize("name", DUMPS)
def test_rows_of_every_dump_join_back(name: str, tmp_path: Path) -> None:
    """A prompt where these examples have one, and the number of the row or the record."""
    path = str(DUMPS[name][1](tmp_path))
    for rows in ("rollouts", "groups", "prompts"):
        result = rlcalc.group(path, rows=rows)  # type: ignore[arg-type]
        plain = rlcalc.load_rollouts(path)

        assert ("prompt" in result.columns) == (name not in WITHOUT_PROMPT)
        assert result["row"].min() >= 1
        assert len(result) == {"rollouts": len(plain), "groups": plain.n_groups}.get(
            rows, len(result)
        )


@pytest.mark.parametrize("suffix", ["jsonl", "parquet", "csv", "json", "arrow"])
def test_any_table_by_the_usual_names(suffix: str, tmp_path: Path) -> None:
    frame = pl.DataFrame(
        {"prompt_id": ["p", "p", "q"], "score": [0.0, 1.0, None], "global_step": [1, 1, 1],
         "n_tokens": [3, 4, 5]}
    )  # fmt: skip
    path = tmp_path / f"dump.{suffix}"
    if suffix == "json":
        path.write_text(json.dumps(frame.to_dicts(), indent=1))
    else:
        writers = {"jsonl": "write_ndjson", "arrow": "write_ipc"}
        getattr(frame, writers.get(suffix, f"write_{suffix}"))(path)
    rollouts = rlcalc.load_rollouts(path)

    assert list(rollouts.group) == ["p", "q"]
    assert rollouts.step == [1]
    assert rollouts.length is not None
    assert rollouts.length.tolist() == [3, 4, 5]
    assert len(rollouts.scored) == 2


def test_columns_can_be_named(tmp_path: Path) -> None:
    path = lines(
        "x.jsonl",
        {"who": 1, "m": {"right": 1, "form": 0.5}, "loss": -1, "n": "12", "at": 3},
        {"who": 1, "m": {"right": 0, "form": 0.5}, "loss": 1, "n": None, "at": 3},
    )(tmp_path)
    rollouts = rlcalc.load_rollouts(
        path, group="who", reward=("m.right", "m.form"), weights=(1.0, 0.2), advantage="loss",
        length="n", step="at",
    )  # fmt: skip

    assert rollouts.reward.tolist() == [1.1, 0.1]
    assert rollouts.step == [3]
    assert rollouts.advantage is not None
    assert rollouts.advantage.tolist() == [-1, 1]


def test_a_prompt_that_comes_twice_in_a_row_is_two_groups(tmp_path: Path) -> None:
    """TRL does not write the size of groups; it divides every run of equal prompts."""
    path = table(
        "completions_00001.parquet", step=[1] * 8, prompt=list("aabbbbcc"), completion=["x"] * 8,
        acc=[0.0] * 8, advantage=[0.0] * 8,
    )(tmp_path)  # fmt: skip

    assert rlcalc.load_rollouts(path).size.tolist() == [2, 2, 2, 2]
    assert rlcalc.load_rollouts(path, group_size=4).size.tolist() == [4, 4]


def test_the_last_group_of_a_dump_may_be_cut_short(tmp_path: Path) -> None:
    """ms-swift cuts its lists to what training has seen."""
    prompts = list("aabbbbccc")
    record = {"prompt": prompts, "completion": prompts, "acc": [0] * 9, "advantages": [0] * 9}
    rollouts = rlcalc.load_rollouts(lines("completions.jsonl", record)(tmp_path))

    assert rollouts.size.tolist() == [2, 2, 2, 2, 1]


def test_scattered_groups_of_one_step_come_together(tmp_path: Path) -> None:
    """verl's classic trainer mixes rows to balance lengths."""
    records = [{"input": f"q{n % 3}", "output": "", "score": float(n), "step": 4} for n in range(9)]
    path = lines("4.jsonl", *records)(tmp_path)
    result = rlcalc.group(path)

    assert rlcalc.load_rollouts(path).size.tolist() == [3, 3, 3]
    assert result["reward"].tolist() == list(range(9))
    assert result["group"].tolist() == [0, 1, 2] * 3
    assert result["rollout"].tolist() == [0, 0, 0, 1, 1, 1, 2, 2, 2]


def test_several_files_and_steps_from_their_names(tmp_path: Path) -> None:
    for step in (2, 10):
        records = [{"input": "q", "output": "", "score": s} for s in (0, 1)]
        lines(f"{step}.jsonl", *records)(tmp_path)
    rollouts = rlcalc.load_rollouts(tmp_path)

    assert rollouts.step == [2, 10]
    assert list(rollouts.group) == [0, 0]
    assert rollouts.prompt.tolist() == [0, 0]
    assert rlcalc.load_rollouts(tmp_path, step="none").size.tolist() == [4]


def test_steps_can_be_left_out_of_nested_dumps_too(tmp_path: Path) -> None:
    for step in (1, 2):
        record = {"input_prompt": "q", "output_response": "", "score": float(step)}
        lines(f"step_{step}.jsonl", record)(tmp_path)

    assert rlcalc.load_rollouts(tmp_path).size.tolist() == [1, 1]
    assert rlcalc.load_rollouts(tmp_path, step="none").size.tolist() == [2]


def test_a_run_folder_of_tinker_is_read_whole(tmp_path: Path) -> None:
    """As the RL logging page of its documentation lists it."""
    inside = tmp_path / "iteration_000003"
    DUMPS["tinker"][1](inside)
    (inside / "train_logtree.json").write_text('{"title": "x", "root": {"children": []}}')
    (tmp_path / "config.json").write_text('{"model_name": "m"}')
    for name in ("metrics", "checkpoints", "timing_spans"):
        (tmp_path / f"{name}.jsonl").write_text('{"step": 1}\n')
    rollouts = rlcalc.load_rollouts(tmp_path)

    assert rollouts.facts["files"] == 1
    assert rollouts.reward.tolist() == [0, 1]


def test_one_rollout_in_several_rows_counts_once(tmp_path: Path) -> None:
    rows = [("a", 1.0, 10), ("a", 1.0, 5), ("b", 0.0, 2)]
    records = [{"group": "g", "rollout": r, "reward": v, "length": n} for r, v, n in rows]
    path = lines("x.jsonl", *records)(tmp_path)
    rollouts = rlcalc.load_rollouts(path)

    assert rollouts.reward.tolist() == [1, 0]
    assert rollouts.length is not None
    assert rollouts.length.tolist() == [15, 2]
    assert len(rlcalc.load_rollouts(path, rollout="none")) == 3


def test_a_length_that_nobody_knows_stays_unknown(tmp_path: Path) -> None:
    rows = [("a", 1.0, None), ("a", 1.0, None), ("b", 0.0, 2)]
    records = [{"group": "g", "rollout": r, "reward": v, "length": n} for r, v, n in rows]
    rollouts = rlcalc.load_rollouts(lines("x.jsonl", *records)(tmp_path))

    assert str(rollouts.length) == "[nan  2.]"


def test_a_rollout_with_two_rewards_is_an_error(tmp_path: Path) -> None:
    records = [{"group": "g", "rollout": "r", "reward": v} for v in (0, 1)]
    path = lines("x.jsonl", *records)(tmp_path)
    with pytest.raises(InputError, match=r"twice, with the rewards 0\.0 and 1\.0") as error:
        rlcalc.load_rollouts(path)
    assert "row 1 and" in str(error.value)


def test_several_tables_of_wandb_are_one_source(tmp_path: Path) -> None:
    for number in (0, 1):
        columns = ["step", "prompt", "completion", "acc", "advantage"]
        data = [[number, "a", "x", 0.0, -0.7], [number, "a", "y", 1.0, 0.7]]
        lines(f"completions_{number}.table.json", {"columns": columns, "data": data})(tmp_path)
    rollouts = rlcalc.load_rollouts(tmp_path)

    assert rollouts.step == [0, 1]
    assert rollouts.size.tolist() == [2, 2]


def test_rollouts_are_the_same_however_a_file_is_cut(tmp_path: Path, monkeypatch: Any) -> None:
    from rlcalc.readers.rollouts import jsonl

    records = [
        {"input": f"q{n % 7}", "output": "é" * n, "score": n / 8, "step": n % 2} for n in range(50)
    ]
    records[30]["score"] = float("nan")
    path = lines("x.jsonl", *records)(tmp_path)
    whole = rlcalc.load_rollouts(path)
    monkeypatch.setattr(jsonl, "BLOCK", 1 << 10)

    assert same(rlcalc.load_rollouts(path), whole)


def same(one: Rollouts, two: Rollouts) -> bool:
    pairs = ((one.start, two.start), (one.prompt, two.prompt))
    return all(a.tolist() == b.tolist() for a, b in pairs) and str(one.reward) == str(two.reward)


def test_agents_of_one_group_are_groups_of_their_own(tmp_path: Path) -> None:
    both = episode(0)
    both["trajectories"].append({"name": "judge", "reward": 0.5, "steps": []})
    rollouts = rlcalc.load_rollouts(lines("e.json", both)(tmp_path))

    assert list(rollouts.group) == ["0a1b2c3d/solver", "0a1b2c3d/judge"]


def test_groups_of_several_steps_are_states_of_their_own(tmp_path: Path) -> None:
    """Equal responses are one action, long ones are told apart by more than their beginning."""
    long = "a" * 1000
    for step, texts in ((1, ["x", "x", long + "b", long + "c"]), (2, ["x", "y", "z", "z"])):
        records = [
            {"input": "q", "output": text, "score": float(i), "step": step}
            for i, text in enumerate(texts)
        ]
        lines(f"{step}.jsonl", *records)(tmp_path)
    result = rlcalc.estimate(str(tmp_path))

    assert len(set(result["state"])) == 2
    assert result["n"].tolist() == [2, 1, 1, 1, 1, 2]
    assert result["q"].tolist() == [0.5, 2, 3, 0, 1, 2.5]
