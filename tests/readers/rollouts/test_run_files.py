"""Folders of runs: counted against what was written, and refused with the place of a fault."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import rlcalc
from rlcalc.errors import InputError
from tests.readers.rollouts.test_dumps import CHAT, instances, lines, simulation, trials

TRIAL = {"trial_name": "add__0", "task_name": "add", "verifier_result": {"rewards": {"reward": 1}}}


def trial(folder: Path, name: str, task: str, result: Any, tools: list[str] | None) -> None:
    text = result if isinstance(result, str) else json.dumps(
        {"trial_name": name, "task_name": task, **result}, indent=4
    )  # fmt: skip
    (folder / name / "agent").mkdir(parents=True)
    (folder / name / "result.json").write_text(text)
    if tools is not None:
        steps = [{"source": "user", "message": "do"}]
        steps += [
            {"source": "agent", "message": "", "tool_calls": [{"function_name": tool}]}  # type: ignore[dict-item]
            for tool in tools
        ]
        document = {"schema_version": "ATIF-v1.8", "steps": steps}
        (folder / name / "agent" / "trajectory.json").write_text(json.dumps(document))


def verified(reward: float | None) -> dict[str, Any]:
    return {"verifier_result": None if reward is None else {"rewards": {"reward": reward}}}


def test_a_job_has_a_rollout_each_trial(tmp_path: Path) -> None:
    """The group is the task; the trial that could not begin is unscored, and counted."""
    rollouts = rlcalc.load_rollouts(trials(tmp_path))

    assert rollouts.facts["format"] == "harbor"
    assert list(rollouts.rollout) == ["add__0", "add__1", "add__2"]
    np.testing.assert_equal(rollouts.reward, [0, 1, np.nan])
    assert rollouts.facts["logged"]["errors"] == 1
    assert rollouts.facts["logged"]["stopped_by"] == {"AgentSetupTimeoutError": 1}


def test_the_path_of_a_trial_may_be_any_in_it(tmp_path: Path) -> None:
    """Its folder, its result, or its trajectory, which has no reward itself."""
    one = trials(tmp_path) / "add__1"
    for path in (one, one / "result.json", one / "agent" / "trajectory.json"):
        assert rlcalc.load_rollouts(path).reward.tolist() == [1]
        assert list(rlcalc.gain(path, gamma=1)["action"]) == ["respond"]


def test_turns_are_steps_and_the_reward_comes_last(tmp_path: Path) -> None:
    """By hand: two runs of one task, of two turns and of one."""
    trial(tmp_path, "t__1", "t", verified(1), ["bash", "edit"])
    trial(tmp_path, "t__2", "t", verified(0), ["bash"])
    result = rlcalc.estimate(tmp_path, gamma=1)
    steps = rlcalc.gain(tmp_path, gamma=0.5)

    assert list(steps["state"]) == ["t/1", "t/2", "t/1"]
    assert list(steps["action"]) == ["bash", "edit", "bash"]
    assert list(steps["reward"]) == [0, 1, 0]
    assert list(steps["gain"]) == [0.5, 1, 0]
    assert list(steps["trajectory"]) == ["t__1", "t__1", "t__2"]
    assert dict(zip(result["state"], result["v"], strict=True)) == {"t/1": 0.5, "t/2": 1.0}


def test_a_run_without_turns_on_record_is_one_step(tmp_path: Path) -> None:
    """So the value of the first state is the mean of the group, whatever agents write."""
    trial(tmp_path, "t__1", "t", verified(1), ["bash"])
    trial(tmp_path, "t__2", "t", verified(0), None)
    result = rlcalc.estimate(tmp_path, gamma=1)

    assert {*result["action"]} == {"bash", "none"}
    assert {*result["v"]} == {0.5}
    assert any("1 of 2 runs have no turns" in note for note in result.notes)


def test_copied_turns_count_once(tmp_path: Path) -> None:
    """A trajectory that goes on after a summary repeats what was before."""
    trial(tmp_path, "t__1", "t", verified(1), [])
    copied = {"source": "agent", "message": "", "is_copied_context": True}
    document = {
        "schema_version": "ATIF-v1.5",
        "steps": [copied, {"source": "agent", "message": ""}],
    }
    (tmp_path / "t__1" / "agent" / "trajectory.json").write_text(json.dumps(document))

    assert len(rlcalc.gain(tmp_path / "t__1", gamma=1)) == 1


def test_a_trajectory_goes_on_in_the_file_that_it_names(tmp_path: Path) -> None:
    """What the next one copies of it is no turn; a circle ends."""
    trial(tmp_path, "t__1", "t", verified(1), [])
    turn = {"source": "agent", "message": ""}
    for name, after, steps in (
        ("trajectory", "trajectory.cont-1.json", [turn, turn]),
        ("trajectory.cont-1", "trajectory.json", [{**turn, "is_copied_context": True}, turn]),
    ):
        document = {"schema_version": "ATIF-v1.6", "steps": steps}
        document["continued_trajectory_ref"] = after
        lines(f"t__1/agent/{name}.json", document)(tmp_path)

    assert len(rlcalc.gain(tmp_path, gamma=1)) == 3


@pytest.mark.parametrize("outside", ["../../other.json", "/etc/other.json", "x/../../../o.json"])
def test_a_trajectory_goes_on_in_no_other_folder(outside: str, tmp_path: Path) -> None:
    trial(tmp_path, "t__1", "t", verified(1), [])
    document = {"schema_version": "ATIF-v1.6", "steps": [{"source": "agent", "message": ""}]}
    lines("other.json", document)(tmp_path)
    document["continued_trajectory_ref"] = outside
    lines("t__1/agent/trajectory.json", document)(tmp_path)

    assert len(rlcalc.gain(tmp_path / "t__1", gamma=1)) == 1


@pytest.mark.parametrize(
    ("total", "each"), [(0.75, [0.0, 0.25, 0.5]), (1.0, [0.0, 0.0, 1.0])], ids=["mean", "final"]
)
def test_steps_of_a_task_have_their_share_of_the_reward(
    total: float, each: list[float], tmp_path: Path
) -> None:
    """The mean of 0.5 and 1 is 0.75; a reward of the last step alone comes at the end."""
    steps = [
        {"step_name": name, "verifier_result": {"rewards": {"reward": reward}}}
        for name, reward in (("one", 0.5), ("two", 1.0))
    ]
    trial(tmp_path, "t__1", "t", {**verified(total), "step_results": steps}, None)
    for name, turns in (("one", 2), ("two", 1)):
        document = {"schema_version": "ATIF-v1.7", "steps": [{"source": "agent"}] * turns}
        lines(f"t__1/steps/{name}/agent/trajectory.json", document)(tmp_path)

    assert list(rlcalc.gain(tmp_path, gamma=1)["reward"]) == each
    assert rlcalc.load_rollouts(tmp_path).reward.tolist() == [total]


def test_several_rewards_are_summed_unless_one_is_called_reward(tmp_path: Path) -> None:
    """Trials without any have none of the names, and are unscored all the same."""
    both = {"verifier_result": {"rewards": {"right": 1, "quick": 0.5}}}
    trial(tmp_path / "a", "t__1", "t", both, None)
    trial(tmp_path / "a", "t__2", "t", verified(None), None)
    trial(
        tmp_path / "b", "t__1", "t", {"verifier_result": {"rewards": {"reward": 1, "q": 2}}}, None
    )
    rollouts = rlcalc.load_rollouts(tmp_path / "a")

    np.testing.assert_equal(rollouts.reward, [1.5, np.nan])
    assert any("the reward is the sum of" in note for note in rollouts.notes)
    assert rlcalc.load_rollouts(tmp_path / "a", reward="right").reward[0] == 1
    assert rlcalc.load_rollouts(tmp_path / "b").reward.tolist() == [1]
    assert rlcalc.load_rollouts(tmp_path / "b", reward="q").reward.tolist() == [2]


def test_a_reward_that_is_not_valid_does_not_count(tmp_path: Path) -> None:
    trial(tmp_path, "t__1", "t", {**verified(0), "reward_valid": False}, None)

    assert np.isnan(rlcalc.load_rollouts(tmp_path).reward).all()


def test_models_are_told_apart(tmp_path: Path) -> None:
    for number, model in enumerate(("small", "large", "large")):
        agent = {"agent_info": {"name": "terminus", "model_info": {"name": model}}}
        trial(tmp_path, f"t__{number}", "t", {**verified(1), **agent}, None)
    rollouts = rlcalc.load_rollouts(tmp_path)

    assert rollouts.size.tolist() == [1, 2]
    assert list(rollouts.group) == ["small/t", "large/t"]


@pytest.mark.parametrize(
    ("text", "what"),
    {
        "": "the file is empty",
        '{"trial_name": "t", "task_name": "t", "verif': "the text ends in the middle of a value",
        '{"trial_name": "t", "task_name": "t", "task_name": "t"}': "comes twice",
        '{"trial_name": "t", "task_name": "t", "verifier_result": {"rewards": {"reward": "x"}}}':
            "reward is 'x', expected a number",
        '{"trial_name": "t", "verifier_result": null}': "'task_name' is missing",
        '["trial_name", "task_name"]': "this is not a mapping",
    }.items(),
)  # fmt: skip
def test_a_result_that_is_wrong_is_named(text: str, what: str, tmp_path: Path) -> None:
    trial(tmp_path, "a__1", "a", verified(1), None)
    trial(tmp_path, "b__1", "b", text, None)
    with pytest.raises(InputError, match=what) as error:
        rlcalc.load_rollouts(tmp_path)

    assert "b__1" in error.value.faults[0].where


def test_binary_in_place_of_a_result_is_named(tmp_path: Path) -> None:
    trial(tmp_path, "a__1", "a", verified(1), None)
    trial(tmp_path, "b__1", "b", "", None)
    (tmp_path / "b__1" / "result.json").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match="is not UTF-8"):
        rlcalc.load_rollouts(tmp_path)


def test_an_unknown_version_of_a_trajectory_is_named(tmp_path: Path) -> None:
    trial(tmp_path, "t__1", "t", verified(1), None)
    document = {"schema_version": "ATIF-v2.0", "steps": []}
    lines("t__1/agent/trajectory.json", document)(tmp_path)
    with pytest.raises(InputError, match=r"ATIF-v2\.0"):
        rlcalc.gain(tmp_path, gamma=1)


def test_a_trajectory_alone_has_no_reward(tmp_path: Path) -> None:
    path = lines("x.json", {"schema_version": "ATIF-v1.4", "steps": []})(tmp_path)
    with pytest.raises(InputError, match="has no reward") as error:
        rlcalc.load_rollouts(path)

    assert "result.json" in error.value.faults[0].fix


def test_a_job_without_results_is_an_error(tmp_path: Path) -> None:
    lines("job/result.json", {"n_total_trials": 1, "stats": {}})(tmp_path)
    lines("job/a/config.json", {})(tmp_path)
    with pytest.raises(InputError, match="this job of Harbor has no trials"):
        rlcalc.load_rollouts(tmp_path / "job")


def test_a_result_of_a_job_may_hold_its_trials(tmp_path: Path) -> None:
    """They count once where their folders are there too, and in a folder of several jobs."""
    result = {"n_total_trials": 2, "stats": {}, "trial_results": [
        {"trial_name": f"a__{n}", "task_name": "a", **verified(n)} for n in (0, 1)]}  # fmt: skip
    alone = lines("alone/result.json", result)(tmp_path)
    lines("jobs/1/result.json", result)(tmp_path)
    for number in (0, 1):
        trial(tmp_path / "jobs" / "1", f"a__{number}", "a", verified(number), ["bash"])
    for source in (alone, alone.parent, tmp_path / "jobs" / "1", tmp_path / "jobs"):
        rollouts = rlcalc.load_rollouts(source)

        assert rollouts.reward.tolist() == [0, 1]
        assert list(rollouts.rollout) == ["a__0", "a__1"]
    assert len(rlcalc.gain(tmp_path / "jobs", gamma=1)) == 2


def test_trials_that_have_not_ended_are_noted(tmp_path: Path) -> None:
    trial(tmp_path, "a__1", "a", verified(1), ["bash"])
    (tmp_path / "a__2" / "agent").mkdir(parents=True)
    rollouts = rlcalc.load_rollouts(tmp_path)

    assert len(rollouts) == 1
    assert any("1 trial has no result.json yet" in note for note in rollouts.notes)


def test_runs_of_swe_agent_take_their_reward_from_the_report(tmp_path: Path) -> None:
    """The action is the first word of a command."""
    folder = instances(tmp_path) / "b"
    record = {
        "trajectory": [{"action": 'find_file "x"\n'}, {"action": ""}, {"action": "cd /x && ls"}],
        "info": {"exit_status": "submitted (exit_cost)"}, "history": CHAT,
    }  # fmt: skip
    path = lines("runs/b/j/j.traj", record)(tmp_path)
    lines("runs/b/results.json", {"resolved_ids": ["i"], "unresolved_ids": ["j"]})(tmp_path)
    rollouts = rlcalc.load_rollouts(folder)

    assert list(rollouts.group) == ["i", "j"]
    assert rollouts.reward.tolist() == [1, 0]
    assert rollouts.truncated is not None
    assert rollouts.truncated.tolist() == [False, True]
    assert list(rlcalc.gain(path, gamma=1)["action"]) == ["find_file", "respond", "cd"]


def answer(text: str, *commands: str) -> dict[str, Any]:
    extra = {"actions": [{"command": one} for one in commands]} if commands else {}
    return {"role": "assistant", "content": text, "extra": extra}


def test_runs_of_mini_swe_agent_are_lists_of_messages(tmp_path: Path) -> None:
    """Version 2 has the commands, also with calls of tools; version 1 has them in the text."""
    call = {"tool_calls": [{"function": {"name": "bash", "arguments": "{}"}}]}
    messages = [
        *CHAT,
        answer("Look.\n\n```mswea_bash_command\nls -la\n```", "ls -la"),
        {**answer("", "cat x | head"), **call},
        {"role": "assistant", "content": None, **call},
        answer("```bash\nsed -i s/a/b/ x\n```"),
        answer("I give up."),
    ]
    config = {"model": {"model_name": "small"}, "agent": {}}
    record = {
        "info": {"exit_status": "Submitted", "submission": "patch", "config": config},
        "messages": messages, "trajectory_format": "mini-swe-agent-1.1",
    }  # fmt: skip
    path = lines("runs/i/i.traj.json", record)(tmp_path)
    lines("runs/results.json", {"resolved_ids": ["i"]})(tmp_path)
    lines("runs/preds.json", {"i": {"model_patch": "patch"}})(tmp_path)
    for source in (path, tmp_path / "runs", tmp_path):
        rollouts = rlcalc.load_rollouts(source)

        assert list(rollouts.group) == ["i"]
        assert rollouts.reward.tolist() == [1]
        assert rollouts.facts["logged"]["errors"] == 0
    steps = rlcalc.gain(tmp_path / "runs", gamma=1)

    assert list(steps["action"]) == ["ls", "cat", "bash", "sed", "respond"]
    assert {*steps["trajectory"]} == {str(tmp_path / "runs" / "i")}


def test_a_folder_of_tau2_is_its_simulations(tmp_path: Path) -> None:
    about = {"info": {"agent_info": {"llm": "m"}}, "tasks": [], "simulation_index": []}
    lines("results.json", about)(tmp_path)
    for number in (0, 1):
        lines(f"simulations/s{number}.json", simulation(number))(tmp_path)
    lines("simulations/notes.txt", "x")(tmp_path)
    for source in (tmp_path, tmp_path / "results.json"):
        rollouts = rlcalc.load_rollouts(source)

        assert rollouts.reward.tolist() == [0, 1]
        assert rollouts.facts["format"] == "tau2-bench"
    assert len(rlcalc.gain(tmp_path, gamma=1)) == 2


def test_trials_that_are_filtered_are_not_empty_logs(tmp_path: Path) -> None:
    trial(tmp_path, "a__1", "a", verified(1), None)
    trial(tmp_path, "b__1", "b", verified(0), None)
    result = rlcalc.group(tmp_path, where="task_name = a")

    assert list(result["group"]) == ["a"]
    assert not any("left out" in note for note in result.notes)


def test_trials_of_one_task_may_be_named_one_by_one(tmp_path: Path) -> None:
    trial(tmp_path, "a__1", "a", verified(1), None)
    trial(tmp_path, "a__2", "a", verified(0), None)
    rollouts = rlcalc.load_rollouts([tmp_path / "a__1", tmp_path / "a__2"])

    assert rollouts.size.tolist() == [2]
    assert not rollouts.notes


runs = st.lists(
    st.tuples(
        st.sampled_from(["p", "q"]),
        st.one_of(st.none(), st.floats(-5, 5)),
        st.lists(st.sampled_from(["bash", "edit"]), max_size=4),
    ),
    min_size=1,
    max_size=8,
)


@given(runs=runs)
def test_the_value_of_a_first_turn_is_the_mean_of_the_group(
    runs: list[Any], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """At γ = 1 the gain of every turn is the reward of its run, however many turns there are."""
    folder = tmp_path_factory.mktemp("job")
    for number, (task, reward, tools) in enumerate(runs):
        trial(folder, f"run__{number}", task, verified(reward), tools)
    scored = [(task, reward, tools) for task, reward, tools in runs if reward is not None]
    if not scored:
        return
    result = rlcalc.estimate(folder, gamma=1)
    value = dict(zip(result["state"], result["v"], strict=True))

    assert sum(result["n"]) == sum(max(len(tools), 1) for _, _, tools in scored)
    for task in {task for task, _, _ in scored}:
        rewards = [reward for other, reward, _ in scored if other == task]
        assert value[f"{task}/1"] == pytest.approx(np.mean(rewards), abs=1e-12)


def test_a_job_that_harbor_wrote_is_what_json_tells_of_it() -> None:
    """Its models wrote the files: see the README beside them."""
    job = Path(__file__).parent / "inputs" / "harbor"
    results = [json.loads(path.read_text()) for path in sorted(job.glob("*/result.json"))]
    rewards = [
        (one["verifier_result"] or {"rewards": {"reward": None}})["rewards"] for one in results
    ]
    turns = {
        path.parent.parent.name: sum(
            step["source"] == "agent" for step in json.loads(path.read_text())["steps"]
        )
        for path in job.glob("*/agent/trajectory.json")
    }
    rollouts = rlcalc.load_rollouts(job)
    steps = rlcalc.gain(job, gamma=1)

    np.testing.assert_equal(
        rollouts.reward, np.array([one["reward"] for one in rewards], dtype=float)
    )
    assert list(rollouts.length) == [one["agent_result"]["n_output_tokens"] for one in results]  # type: ignore[arg-type]
    assert {name: list(steps["trajectory"]).count(name) for name in turns} == turns
    assert list(rollouts.truncated) == [False, True, False]  # type: ignore[arg-type]
    assert rollouts.facts["logged"]["stopped_by"] == {
        "AgentTimeoutError": 1, "ApiRateLimitError": 1,
    }  # fmt: skip
