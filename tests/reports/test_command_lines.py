"""Command lines in a report: what a shell reads is what was asked for."""

import shlex

from hypothesis import given
from hypothesis import strategies as st

from rlcalc.reports.command_lines import command_line


@given(st.text(min_size=1), st.text(min_size=1))
def test_a_shell_reads_what_was_given(source: str, column: str) -> None:
    line = command_line("group", [source], {"reward": (column,), "step": None, "one_step": False})

    assert shlex.split(line) == ["rlcalc", "group", source, "--reward", column]


def test_options_have_the_names_of_the_command_line() -> None:
    options = {"trainer": "verl", "kind": "csv", "settings": {"a": 1}, "where": ("r > 0",)}
    words = "--as verl --from csv --set a=1 --where 'r > 0'"

    assert command_line("solve", ["a", "b", "c", "d"], options) == f"rlcalc solve a b c ... {words}"
