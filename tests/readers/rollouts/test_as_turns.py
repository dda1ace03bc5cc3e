"""Runs of agents as trajectories, in every format that has turns."""

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import rlcalc
from rlcalc.errors import InputError
from tests.readers.rollouts.test_dumps import CHAT, DUMPS, lines, outcome, trials


def actions(path: Path) -> list[str]:
    return list(rlcalc.gain(path, gamma=1)["action"])


def call(name: str) -> dict[str, Any]:
    return {"type": "function_call", "name": name, "arguments": "{}", "call_id": "c"}


def test_a_turn_of_nemo_gym_ends_with_the_result_of_a_tool(tmp_path: Path) -> None:
    """Thoughts, a message and calls that come together are one answer of the model."""
    output = [
        {"type": "reasoning", "summary": []},
        call("search"),
        call("look"),
        {"type": "function_call_output", "call_id": "c", "output": "1"},
        {"type": "message", "role": "user", "content": "go on"},
        {"type": "message", "role": "assistant", "content": [{"text": "42"}]},
    ]
    record = {
        "_ng_task_index": 3, "_ng_rollout_index": 0, "reward": 1.0, "agent_ref": {"name": "a"},
        "responses_create_params": {"input": CHAT},
        "response": {"output": output, "incomplete_details": {"reason": "max_output_tokens"}},
    }  # fmt: skip
    path = lines("rollouts.jsonl", record)(tmp_path)
    rollouts = rlcalc.load_rollouts(path, texts=True, beginnings=True)

    assert actions(path) == ["search+look", "respond"]
    assert list(rlcalc.gain(path, gamma=1)["state"]) == ["3/1", "3/2"]
    assert rollouts.truncated is not None
    assert rollouts.truncated.tolist() == [True]
    assert rollouts.beginning is not None
    assert list(rollouts.beginning) == ["42"]
    assert rollouts.facts["logged"]["stopped_by"] == {"max_output_tokens": 1}


def test_nemo_gym_without_an_index_is_grouped_by_prompt(tmp_path: Path) -> None:
    other = [{"role": "user", "content": "2+2?"}]
    records = [
        {"responses_create_params": {"input": prompt}, "response": {"output": []}, "reward": reward}
        for prompt, reward in ((CHAT, 0.0), (CHAT, 1.0), (other, 1.0))
    ]
    rollouts = rlcalc.load_rollouts(lines("rollouts.jsonl", *records)(tmp_path))

    assert rollouts.size.tolist() == [2, 1]
    assert rollouts.facts["grouped_by"] == "prompt text"


EVENTS = [
    {"source": "agent", "action": "system"},
    {"source": "user", "action": "message"},
    {"source": "environment", "action": "recall"},
    {"source": "agent", "action": "run", "tool_call_metadata": {"function_name": "execute_bash"}},
    {"source": "agent", "observation": "run"},
    {"source": "agent", "action": "edit"},
    {"source": "agent", "action": "message"},
    {"source": "agent", "action": "finish"},
]
EVENTS_OF_VERSION_1 = [
    {"kind": "SystemPromptEvent", "source": "agent"},
    {"kind": "MessageEvent", "source": "user"},
    {"kind": "ActionEvent", "source": "agent", "tool_name": "execute_bash"},
    {"kind": "ObservationEvent", "source": "environment"},
    {"kind": "ActionEvent", "source": "agent", "tool_name": "edit"},
    {"kind": "MessageEvent", "source": "agent"},
    {"kind": "ActionEvent", "source": "agent", "tool_name": "finish"},
]


@pytest.mark.parametrize(
    "history",
    [EVENTS, EVENTS_OF_VERSION_1, [[event, {"observation": "x"}] for event in EVENTS]],
    ids=["events", "version 1", "pairs"],
)
def test_turns_of_openhands_are_the_actions_of_the_agent(history: Any, tmp_path: Path) -> None:
    record = {"instance_id": "i", "test_result": {"report": {"resolved": True}}}
    path = lines("output.jsonl", {**record, "history": history})(tmp_path)

    assert actions(path) == ["execute_bash", "edit", "respond", "finish"]


def test_openhands_takes_its_verdicts_from_a_report_beside(tmp_path: Path) -> None:
    """An instance with an error of the agent was not evaluated, and needs no report."""
    records = [
        {"instance_id": name, "test_result": {"git_patch": "x"}, "history": [], "error": error,
         "metadata": {"agent_class": "CodeAct", "llm_config": {"model": "m"}}}
        for name, error in (("i", None), ("j", None), ("k", "RuntimeError: it broke"))
    ]  # fmt: skip
    path = lines("m_maxiter_50/output.jsonl", *records)(tmp_path)
    report = {"resolved_ids": ["i"], "unresolved_ids": ["j"], "error_ids": []}
    (path.parent / "report.json").write_text(json.dumps(report))
    (path.parent / "metadata.json").write_text("{}")
    for source in (path, path.parent):
        rollouts = rlcalc.load_rollouts(source)

        assert rollouts.reward.tolist()[:2] == [1, 0]
        assert len(rollouts.scored) == 2
        assert rollouts.facts["logged"]["errors"] == 1
        assert rollouts.facts["logged"]["stopped_by"] == {"RuntimeError": 1}
        assert rollouts.step == [None]  # a limit of iterations is none


def test_a_failed_trial_of_tau_bench_has_the_reward_that_it_was_given(tmp_path: Path) -> None:
    fine = {"task_id": 0, "trial": 0, "reward": 1.0, "info": {}, "traj": CHAT}
    failed = {"task_id": 0, "trial": 1, "reward": 0.0, "info": {"error": "x"}, "traj": []}
    path = tmp_path / "results.json"
    path.write_text(json.dumps([fine, failed], indent=2))
    rollouts = rlcalc.load_rollouts(path)

    assert rollouts.reward.tolist() == [1, 0]
    assert rollouts.facts["logged"]["errors"] == 1


def test_shards_of_runs_are_an_error_that_tells_what_to_do(tmp_path: Path) -> None:
    """They are rollouts in shards, and steps in one reading alone."""
    folder = trials(tmp_path)
    rows = rlcalc.by_shards("group", folder, engine="threads", rows="groups")
    with pytest.raises(InputError, match="these are runs of harbor") as error:
        rlcalc.by_shards("estimate", folder, engine="threads", gamma=1.0)

    assert rows["mean"][0] == 0.5
    assert "leave out --engine" in error.value.faults[0].fix


def test_a_folder_of_nemo_gym_has_more_than_rollouts(tmp_path: Path) -> None:
    """Attempts that failed are tried again, and stand in a file of their own."""
    lines("run.jsonl", outcome(0), outcome(1))(tmp_path)
    lines("run_failures.jsonl", {**outcome(1), "reward": 0.0, "_ng_failure_class": "x"})(tmp_path)
    lines("run_materialized_inputs.jsonl", {"_ng_task_index": 0, "_ng_rollout_index": 0})(tmp_path)
    lines("run_aggregate_metrics.json", [{"reward": 0.5}])(tmp_path)

    assert rlcalc.load_rollouts(tmp_path).reward.tolist() == [0, 1]


AGENTS = ("harbor", "terminal-bench", "nemo-gym", "swe-agent", "openhands", "tau-bench",
          "tau2-bench")  # fmt: skip
junk = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2)
    ),
    max_leaves=3,
)  # fmt: skip


@pytest.mark.parametrize("name", AGENTS)
@given(data=st.data())
def test_a_record_with_anything_in_it_is_read_or_refused(
    name: str, data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Whatever stands in place of one value, or is missing, is no traceback."""
    path = DUMPS[name][1](tmp_path_factory.mktemp("runs"))
    endings = (".json", ".jsonl", ".traj")
    files = sorted(one for one in [path, *path.rglob("*")] if one.suffix in endings)
    file = data.draw(st.sampled_from(files))
    written = [json.loads(line) for line in file.read_text().splitlines()]
    place = data.draw(st.sampled_from(list(places_in(written))))
    inner: Any = written
    for key in place[:-1]:
        inner = inner[key]
    if data.draw(st.booleans()):
        inner[place[-1]] = data.draw(junk)
    else:
        del inner[place[-1]]
    file.write_text("".join(json.dumps(line) + "\n" for line in written))
    for read in (rlcalc.load_rollouts, rlcalc.gain):
        with contextlib.suppress(InputError):
            assert len(read(path)) >= 1


def places_in(value: Any, before: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the keys that lead to each value inside of another."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value)
    for key, inner in pairs:
        yield (*before, key)
        if isinstance(inner, dict | list):
            yield from places_in(inner, (*before, key))
