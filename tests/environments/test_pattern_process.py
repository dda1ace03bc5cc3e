"""The process of patterns has a clock, and answers whoever is left after it was ended."""

import subprocess
import sys

import pytest

from rlcalc.environments.pattern_process import PatternProcess


def test_it_answers_again_after_a_match_without_end_and_after_a_kill() -> None:
    patterns = PatternProcess()
    with pytest.raises(TimeoutError):
        patterns.matches("(a+)+c", "a" * 40, 0.2)
    assert patterns.matches("(a+)+c", "aac", 5)
    process = patterns.process
    assert process
    process.kill()
    process.communicate()

    assert not patterns.matches("(a+)+c", "aa", 5)
    assert patterns.process
    patterns.process.communicate("")  # its input is closed: it ends
    assert patterns.process.returncode == 0


def test_without_a_python_to_start_it_matches_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/nonexistent/python")

    assert PatternProcess().matches("(a+)+c", "aac", 5)


def test_forked_processes_have_their_own_process_of_patterns() -> None:
    code = (
        "import os, threading\n"
        "from rlcalc.environments.pattern_process import matches_in_process as match\n"
        "assert match('a+', 'aa', 5)\n"
        "child = os.fork()\n"
        "for _ in range(200):\n"
        "    assert match('a+', 'ab' if child else 'aa', 5) == (not child)\n"
        "if child: assert os.waitpid(child, 0)[1] == 0\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
