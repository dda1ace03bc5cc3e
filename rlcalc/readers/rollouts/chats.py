"""Chats: a prompt and its response as one list of messages, told apart by who speaks last."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import polars as pl

NAMES = ("messages", "conversation", "conversations", "chat")
"""The usual names of a column of messages."""
SPEAKERS = (("role", "assistant"), ("from", "gpt"))
"""The key with who speaks, and the model's name there: OpenAI's, and ShareGPT's."""


def is_chat(record: Mapping[str, Any]) -> bool:
    """Return whether a record of JSON holds messages.

    >>> is_chat({"messages": [{"role": "user", "content": "1+1"}]}), is_chat({"messages": 3})
    (True, False)
    """
    chats = [record[name] for name in NAMES if isinstance(record.get(name), list)]
    return any(
        isinstance(one, dict) and any(key in one for key, _ in SPEAKERS)
        for chat in chats
        for one in chat[:1]
    )


def prompt_of(chat: pl.Expr) -> pl.Expr:
    """Return the messages up to the last turn of the assistant, as JSON text."""
    return chat.map_batches(lambda texts: _parts(texts, 0), pl.String)


def response_of(chat: pl.Expr) -> pl.Expr:
    """Return the last turn of the assistant, as JSON text."""
    return chat.map_batches(lambda texts: _parts(texts, 1), pl.String)


def _parts(texts: pl.Series, which: int) -> pl.Series:
    parts = [None if text is None else split_chat(text)[which] for text in texts]
    return pl.Series(texts.name, parts, dtype=pl.String)


def split_chat(text: str) -> tuple[str, str | None]:
    """Return the prompt and the response of a chat that is written as JSON.

    What stands behind the last turn of the assistant, such as the result of a tool, belongs to the
    response. A chat without such a turn, and text that is no chat, is a prompt.

    >>> split_chat('[{"role": "user", "content": "1+1"}, {"role": "assistant", "content": "2"}]')
    ('[{"role":"user","content":"1+1"}]', '[{"role":"assistant","content":"2"}]')
    """
    try:
        messages = json.loads(text)
    except ValueError:
        return text, None
    if not isinstance(messages, list):
        return text, None
    turns = [place for place, message in enumerate(messages) if _is_answer(message)]
    if not turns:
        return _written(messages), None
    return _written(messages[: turns[-1]]), _written(messages[turns[-1] :])


def _is_answer(message: Any) -> bool:
    return isinstance(message, dict) and any(message.get(key) == name for key, name in SPEAKERS)


def _written(messages: list[Any]) -> str:
    return json.dumps(messages, ensure_ascii=False, separators=(",", ":"))
