"""Turns of agents: the name of what each did, the tools that it calls.

Two calls of one tool have one name, whatever their arguments are, so that actions come again in
other runs and something can be averaged.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

RESPOND = "respond"
"""The name of a turn that calls no tool."""
ABSENT = "none"
"""The name of the one step of a run whose turns are not on record."""


def action_name(tools: Iterable[Any]) -> str:
    """Return the name of a turn that calls these tools.

    >>> action_name(["bash", "edit", "bash"]), action_name([])
    ('bash+edit', 'respond')
    """
    return "+".join(str(name) for name in dict.fromkeys(tools) if name) or RESPOND


def turns_of_messages(messages: Iterable[Any]) -> list[str]:
    """Return the names of the turns of the assistant in a chat, as OpenAI and Anthropic write it.

    >>> call = {"function": {"name": "search", "arguments": "{}"}}
    >>> turns_of_messages([{"role": "user"}, {"role": "assistant", "tool_calls": [call]}])
    ['search']
    """
    return [
        action_name(tools_of_message(message))
        for message in messages
        if isinstance(message, Mapping) and message.get("role") == "assistant"
    ]


def tools_of_message(message: Mapping[str, Any]) -> Iterator[Any]:
    """Yield the names of the tools that a message calls."""
    for call in message.get("tool_calls") or ():
        yield (call.get("function") or call).get("name")
    if isinstance(call := message.get("function_call"), Mapping):
        yield call.get("name")
    if isinstance(content := message.get("content"), list):
        yield from (
            part.get("name")
            for part in content
            if isinstance(part, Mapping) and part.get("type") == "tool_use"
        )
