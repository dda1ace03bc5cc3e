"""A turn is named by the tools that it calls, whatever their arguments are."""

from rlcalc.readers.rollouts.turns import action_name, turns_of_messages


def call(name: str, arguments: str = "{}") -> dict[str, object]:
    return {"function": {"name": name, "arguments": arguments}}


def test_a_chat_has_a_turn_each_message_of_the_assistant() -> None:
    """As OpenAI has it, before and since tools, and as Anthropic and tau2-bench do."""
    turns = turns_of_messages(
        [
            {"role": "system", "content": "be good"},
            {"role": "assistant", "content": "hello"},
            {"role": "assistant", "content": None, "tool_calls": [call("a"), call("b"), call("a")]},
            {"role": "tool", "content": "1"},
            {"role": "assistant", "function_call": {"name": "old", "arguments": "{}"}},
            {"role": "assistant", "content": [{"type": "text"}, {"type": "tool_use", "name": "c"}]},
            {"role": "assistant", "tool_calls": [{"id": "1", "name": "flat", "arguments": {}}]},
            "no message",
        ]
    )

    assert turns == ["respond", "a+b", "old", "c", "flat"]


def test_arguments_do_not_tell_actions_apart() -> None:
    one, other = ({"role": "assistant", "tool_calls": [call("ls", a)]} for a in ('"x"', '"y"'))

    assert len({*turns_of_messages([one, other])}) == 1


def test_names_that_are_missing_are_none_at_all() -> None:
    assert action_name([None, ""]) == "respond"
