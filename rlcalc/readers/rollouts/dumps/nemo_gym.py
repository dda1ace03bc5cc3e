"""NeMo-Gym: rollouts.jsonl, one rollout a line with its response as OpenAI's Responses API has it.

Source: `rollout_collection.py` of NVIDIA-NeMo/Gym, 2026-08. Older lines have no index of the task:
a group is then the prompt.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rlcalc.readers.rollouts.dumps.layout import Row, finite
from rlcalc.readers.rollouts.turns import action_name

EVALUATION = True
TASK, ROLLOUT = "_ng_task_index", "_ng_rollout_index"
OF_AVIARY = "task_idx"


def fits(record: Mapping[str, Any]) -> bool:
    """Return whether a record is one of NeMo-Gym."""
    return {"reward", "response", "responses_create_params"} <= record.keys() or (
        {TASK, ROLLOUT, "reward"} <= record.keys()
    )


def rows(record: Mapping[str, Any]) -> Iterator[Row]:
    """Yield the rollout, with the numbers that its verifier gave besides the reward."""
    response = record.get("response") or {}
    items = _items(response.get("output") or [])
    ids = [item["generation_token_ids"] for item in items if item.get("generation_token_ids")]
    cut = (response.get("incomplete_details") or {}).get("reason")
    others = record.keys() - {TASK, ROLLOUT, OF_AVIARY, "reward", "_ng_attempt_index"}
    prompt = (record.get("responses_create_params") or {}).get("input")
    group: Row = {"prompt": prompt}
    if TASK in record:
        group = {"group": record[TASK], "rollout": f"{record[TASK]}/{record[ROLLOUT]}"}
    elif OF_AVIARY in record:  # whose prompts are empty
        group = {"group": record[OF_AVIARY]}
    yield {
        **group,
        "task": (record.get("agent_ref") or {}).get("name"),
        "reward": {"reward": record["reward"]},
        "more": {name: record[name] for name in others if finite(record[name])},
        "length": sum(map(len, ids)) if ids else _tokens(response),
        "truncated": cut is not None or record.get("truncated") is True,
        "failed": response.get("error") is not None or "_ng_failure_class" in record,
        "stopped_by": record.get("_ng_failure_class") or cut or response.get("status"),
        "question": prompt,
        "response": _last_text(items),
        "turns": _turns(items),
    }


def names_of_file(path: str) -> dict[str, str]:
    """Return the file as the run: tasks are numbers, which another run counts anew."""
    return {"run": path}


def _items(output: list[Any]) -> list[Mapping[str, Any]]:
    """Return what was written, of which aviary's environments have a list a turn."""
    return [item for one in output for item in (one if isinstance(one, list) else [one])]


def _tokens(response: Mapping[str, Any]) -> Any:
    return (response.get("usage") or {}).get("output_tokens")


def _turns(items: list[Mapping[str, Any]]) -> list[str]:
    """Return the actions: what the model writes up to the next result of a tool is one turn."""
    turns: list[list[Any]] = []
    speaks = False
    for item in items:
        if not _is_of_model(item):
            speaks = False
            continue
        if not speaks:
            turns.append([])
        speaks = True
        if item.get("type", "").endswith("_call"):
            turns[-1].append(item.get("name") or item["type"])
    return [action_name(tools) for tools in turns]


def _is_of_model(item: Mapping[str, Any]) -> bool:
    kind = item.get("type", "message")
    return bool(item.get("role") == "assistant" if kind == "message" else kind.count("output") == 0)


def _last_text(items: list[Mapping[str, Any]]) -> str | None:
    """Return the text of the last message of the model."""
    for item in reversed(items):
        if item.get("role") == "assistant":
            content = item.get("content")
            parts = content if isinstance(content, list) else [{"text": content}]
            return "".join(str(part.get("text") or "") for part in parts)
    return None
