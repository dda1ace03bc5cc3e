"""Every command as a process and as a call of the library: the same rows and the same facts."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import rlcalc as library
from rlcalc.commands import COMMANDS
from rlcalc.result import Result
from tests.conftest import Shell

SEED = {"seed": 3}
TOKENS = str(Path(__file__).parent / "inputs" / "tokens.jsonl")
LOG = TOKENS.replace("tokens.jsonl", "off_policy.csv")
TARGET = TOKENS.replace("tokens.jsonl", "target.json")
CRITIC = TOKENS.replace("tokens.jsonl", "critic.jsonl")
WAYS: dict[str, tuple[tuple[str, ...], Callable[[], Any]]] = {
    "gain": (
        ("grid-walks", "-g", "0.9", "-k", "3"),
        lambda: library.gain("grid-walks", gamma=0.9, k=3),
    ),
    "estimate": (
        ("two-states", "--visit", "every", "--of", "q", "--confidence", "0.9"),
        lambda: library.estimate("two-states", visit="every", of="q", confidence=0.9),
    ),
    "estimate a model": (
        ("rifle", "-n", "500", "--seed", "3", "--policy", "uniform", "--set", "gun=bad"),
        lambda: library.estimate(
            "rifle", episodes=500, play=SEED | {"policy": "uniform", "settings": {"gun": "bad"}}
        ),
    ),
    "estimate by the model that the data show": (
        ("grid-walks", "--method", "ce", "-g", "0.9"),
        lambda: library.estimate("grid-walks", method="ce", gamma=0.9),
    ),
    "estimate online": (
        ("grid-walks", "--method", "td-lambda", "-l", "0.5", "--alpha", "1/n", "--passes", "3"),
        lambda: library.estimate(
            "grid-walks", method="td-lambda", lambda_=0.5, alpha="1/n", passes=3
        ),
    ),
    "estimate side by side": (
        ("student", "-n", "300", "--seed", "3", "--compare", "mc,ce,sarsa", "--order", "reverse"),
        lambda: library.estimate(
            "student", episodes=300, play=SEED, compare="mc,ce,sarsa", order="reverse"
        ),
    ),
    "advantage": (
        ("two-states", "-g", "0.9", "-l", "0.8", "--value", "mc"),
        lambda: library.advantage("two-states", gamma=0.9, lambda_=0.8, value="mc"),
    ),
    "evaluate": (
        (LOG, "--policy", TARGET, "--method", "ce,dr,wis", "-g", "0.9", "--confidence", "0.9"),
        lambda: library.evaluate(
            LOG, policy=TARGET, method=["ce", "dr", "wis"], gamma=0.9, confidence=0.9
        ),
    ),
    "evaluate weights by time": (
        (LOG, "--policy", TARGET, "--rows", "steps", "--behaviour", "counts"),
        lambda: library.evaluate(LOG, policy=TARGET, rows="steps", behaviour="counts"),
    ),
    "model": (
        ("grid-walks", "-g", "0.9", "--truncated", "drop"),
        lambda: library.model("grid-walks", gamma=0.9, truncated="drop"),
    ),
    "model of numbers": (
        (str(Path(__file__).parent / "inputs" / "numbers.csv"), "--bins", "x=4,y=2"),
        lambda: library.model(
            str(Path(__file__).parent / "inputs" / "numbers.csv"), bins={"x": 4, "y": 2}
        ),
    ),
    "model whose states are tested": (
        ("grid-walks", "--rows", "markov", "--seed", "3", "--permutations", "99"),
        lambda: library.model("grid-walks", rows="markov", seed=3, permutations=99),
    ),
    "model of a model": (
        ("rifle", "--rows", "randomness", "--policy", "uniform", "--set", "gun=bad"),
        lambda: library.model(
            "rifle", rows="randomness", policy="uniform", settings={"gun": "bad"}
        ),
    ),
    "solve": (
        ("gridworld-5x5", "-g", "0.8", "--policy", "epsilon:0.2", "--method", "linear"),
        lambda: library.solve("gridworld-5x5", gamma=0.8, policy="epsilon:0.2", method="linear"),
    ),
    "solve the start": (
        ("two-rooms", "--start-only"),
        lambda: library.solve("two-rooms", start_only=True),
    ),
    "solve some states": (
        ("gridworld-4x4", "--states", "1,6", "--horizon", "3"),
        lambda: library.solve("gridworld-4x4", states=[1, 6], horizon=3),
    ),
    "simulate": (
        ("student", "-n", "300", "--seed", "3", "--rows", "summary", "--max-steps", "20"),
        lambda: library.simulate("student", 300, rows="summary", max_steps=20, **SEED),
    ),
    "gradient": (
        ("student", "-n", "300", "--seed", "3", "--baseline", "value", "--batch", "10"),
        lambda: library.gradient("student", 300, baseline="value", batch=10, **SEED),
    ),
    "gradient ascent": (
        ("student", "--steps", "3", "--learning-rate", "0.5"),
        lambda: library.ascend("student", 3, 0.5)[0],
    ),
    "group": (
        ("rollouts", "--estimator", "rloo"),
        lambda: library.group("rollouts", "rloo"),
    ),
    "group against": (
        ("rollouts", "--against", "rollouts"),
        lambda: library.group_against("rollouts", "rollouts"),
    ),
    "group side by side": (
        ("rollouts", "--compare", "grpo,rloo"),
        lambda: library.group("rollouts", "grpo", "rloo"),
    ),
    "group one of several": (
        ("rollouts", "--compare", "grpo"),
        lambda: library.group("rollouts", "grpo", side_by_side=True),
    ),
    "group by groups": (
        ("rollouts", "--rows", "groups", "--success", "0.5"),
        lambda: library.group("rollouts", rows="groups", success=0.5),
    ),
    "advantage as a program": (
        (CRITIC, "--as", "verl", "-g", "0.9"),
        lambda: library.advantage(CRITIC, trainer="verl", gamma=0.9),
    ),
    "advantage of masked tokens": (
        (CRITIC, "--tool", "zero", "--whiten", "ddof0", "-l", "0.5"),
        lambda: library.advantage(CRITIC, tool="zero", whiten="ddof0", lambda_=0.5),
    ),
    "advantage that is logged": (
        (CRITIC, "--audit", "-g", "1", "-l", "0.5"),
        lambda: library.advantage(CRITIC, audit=True, gamma=1.0, lambda_=0.5),
    ),
    "objective": (
        (TOKENS, "--clip", "0.1:0.3", "--dual-clip", "3", "--aggregate", "constant:10"),
        lambda: library.objective(TOKENS, clip="0.1:0.3", dual_clip=3.0, aggregate="constant:10"),
    ),
    "objective of rollouts": (
        (TOKENS, "--as", "trl", "--loss", "gspo", "--rows", "rollouts", "--estimator", "rloo"),
        lambda: library.objective(
            TOKENS, trainer="trl", loss="gspo", rows="rollouts", estimator="rloo"
        ),
    ),
    "objective of trainers": (
        (TOKENS, "--compare", "verl,areal"),
        lambda: library.objective(TOKENS, compare="verl,areal"),
    ),
    "compare": (
        ("student", "student", "--policy", "uniform", "--of", "v", "--within", "1e-6r"),
        lambda: library.compare("student", "student", policy="uniform", of="v", within="1e-6r"),
    ),
    "check": (("two-states",), lambda: library.check("two-states")),
    "check a model": (
        ("rifle", "--set", "gun=bad"),
        lambda: library.check("rifle", settings={"gun": "bad"}),
    ),
    "group by branches": (
        ("rollouts", "--rows", "branches", "--by", "characters", "--plan", "0.1", "--across-steps"),
        lambda: library.group(
            "rollouts", rows="branches", by="characters", plan=0.1, across_steps=True
        ),
    ),
    "check rollouts": (("rollouts",), lambda: library.check("rollouts")),
}  # fmt: skip
WITHOUT_A_CALL = {"specs", "manual", "merge"}
"""Commands that print what is shipped; what `merge` prints is tested with its partials."""
WITHOUT_ROWS = {"report"}
"""Commands that write something else than rows."""


@pytest.mark.parametrize("name", WAYS)
def test_a_command_and_its_call_give_the_same(name: str, rlcalc: Shell) -> None:
    arguments, call = WAYS[name]
    done = rlcalc(name.split()[0], *arguments, "--json")
    printed = json.loads(done.stdout)
    result = call()

    assert isinstance(result, Result)
    assert done.returncode == 0, done.stderr
    assert printed["rows"] == list(result.rows())
    assert printed["facts"] == result.plain_facts()


def test_every_command_is_called_both_ways() -> None:
    others = WITHOUT_A_CALL | WITHOUT_ROWS
    assert {name.split()[0] for name in WAYS} | others >= set(COMMANDS)


def test_a_report_is_the_same_as_a_command_and_as_a_call(rlcalc: Shell) -> None:
    done = rlcalc("report", "rollouts", "--estimator", "rloo", "--title", "mine", "-o", "-")

    assert done.returncode == 0, done.stderr
    assert done.stdout == library.report("rollouts", estimator="rloo", title="mine")
