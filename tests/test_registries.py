"""A new member of a folder is one file and one line: then --help lists it, and it works.

The package is copied to a folder of its own, where the members are added.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "rlcalc"


class Copy:
    """A copy of the package in which members can be added."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        shutil.copytree(PACKAGE, folder / "rlcalc", ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copytree(PACKAGE.parent / "specs", folder / "specs")

    def add(self, place: str, registry: str, line: str, source: str) -> None:
        """Write a file, and add a line to the end of the registry in its folder's __init__."""
        (self.folder / "rlcalc" / place).write_text(source)
        init = (self.folder / "rlcalc" / place).parent / "__init__.py"
        if (self.folder / "rlcalc" / place).parent.name == "commands":
            text = init.read_text().replace('("check", ', f'("check", {line}, ')
        else:
            text = re.sub(
                rf"(?ms)^({registry}\b[^\n]*= \{{\n.*?)^\}}",
                rf"\1    {line},\n}}",
                init.read_text(),
            )
        assert text != init.read_text()
        init.write_text(text)

    def run(self, *arguments: str, stdin: str = "") -> str:
        """Return what rlcalc prints."""
        done = subprocess.run(
            [sys.executable, "-m", "rlcalc", *arguments],
            input=stdin.encode(),
            capture_output=True,
            cwd=self.folder,
            env={**os.environ, "PYTHONPATH": str(self.folder), "COLUMNS": "200"},
        )
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout.decode()


@pytest.fixture
def copy(tmp_path: Path) -> Copy:
    return Copy(tmp_path)


def test_a_method(copy: Copy) -> None:
    copy.add(
        "solvers/methods/careful.py",
        "METHODS",
        '"careful": "careful"',
        "from rlcalc.solvers.methods.value_iteration import solve\n\n__all__ = ['solve']\n",
    )
    answer = json.loads(copy.run("solve", "two-rooms", "--method", "careful", "--json"))

    assert "careful" in copy.run("solve", "--help")
    assert answer["facts"]["method"] == "careful"
    assert answer["facts"]["start_value"] == pytest.approx(3, abs=1e-5)


def test_a_method_of_evaluate(copy: Copy) -> None:
    copy.add(
        "estimators/off_policy/plain.py",
        "METHODS",
        '"plain": "plain"',
        "from rlcalc.estimators.off_policy.evaluated import mean_of\n\n\n"
        "def episode_values(steps, method):\n    return steps.gain[:, None]\n\n\n"
        "def estimate(values, method):\n    return mean_of(values[:, 0])\n",
    )
    inputs = PACKAGE.parent / "tests" / "commands" / "inputs"
    log, target = str(inputs / "off_policy.csv"), str(inputs / "target.json")
    answer = json.loads(copy.run("evaluate", log, "--policy", target, "--method=plain", "--json"))

    assert "plain" in copy.run("evaluate", "--help")
    assert answer["rows"][0]["value"] == pytest.approx(answer["facts"]["behaviour_value"])


def test_an_estimator_of_values(copy: Copy) -> None:
    copy.add(
        "estimators/mean_reward.py",
        "METHODS",
        '"mean-reward": "mean_reward"',
        "from rlcalc.estimators.value_table import Estimates, value_columns\n"
        "from rlcalc.result import Result\n\n\n"
        "def estimate(counted, request, method, tools):\n"
        "    mean = Estimates(counted.summary.states.mean)\n"
        "    columns = value_columns(counted, 'v', {'v': mean})\n"
        "    facts = {'method': method, 'gamma': 1.0, 'start_value': 0.0, 'start_value_se': None}\n"
        "    return Result('estimate', 'mean reward', columns, facts)\n",
    )
    arguments = ("estimate", "two-states", "--of", "v", "--json")
    alone = json.loads(copy.run(*arguments, "--method", "mean-reward"))["rows"]
    beside = json.loads(copy.run(*arguments, "--compare", "mc,mean-reward"))["rows"]

    assert "mean-reward" in copy.run("estimate", "--help")
    assert [row["v"] for row in alone] == [row["v_mean_reward"] for row in beside] == [2.25, 3.0]


def test_an_estimator_of_advantages(copy: Copy) -> None:
    copy.add(
        "groups/advantages/halved.py",
        "ESTIMATORS",
        '"halved": Estimator("halved:halved")',
        "def halved(scored, how):\n    return scored.reward / 2\n",
    )
    rows = json.loads(copy.run("group", "rollouts", "--estimator", "halved", "--json"))["rows"]

    assert "halved" in copy.run("group", "--help")
    assert all(row["advantage"] == row["reward"] / 2 for row in rows)


def test_a_trainer(copy: Copy) -> None:
    trainers = copy.folder / "rlcalc/groups/advantages/trainers.py"
    text = re.sub(
        r"(?ms)^(TRAINERS\b[^\n]*= \{\n)",
        r'\1    "mine": _by_estimator(Convention("dr-grpo")),\n',
        trainers.read_text(),
    )
    trainers.write_text(text)
    rows = json.loads(copy.run("group", "rollouts", "--as", "mine", "--json"))
    plain = json.loads(copy.run("group", "rollouts", "--estimator", "dr-grpo", "--json"))

    assert "mine" in copy.run("group", "--help")
    assert [row["advantage"] for row in rows["rows"]] == [r["advantage"] for r in plain["rows"]]


def test_a_dump(copy: Copy) -> None:
    copy.add(
        "readers/rollouts/dumps/mine.py",
        "FORMATS",
        '"mine": "mine"',
        "def fits(record):\n    return 'my_samples' in record\n\n"
        "def rows(record):\n"
        "    return [\n"
        "        {'group': record['q'], 'reward': {'reward': sample}, 'rollout': None}\n"
        "        for sample in record['my_samples']\n"
        "    ]\n",
    )
    lines = '{"q": "a", "my_samples": [0, 1]}\n{"q": "b", "my_samples": [1, 1]}\n'
    answer = json.loads(copy.run("group", "-", "--from", "mine", "--json", stdin=lines))

    assert "mine" in copy.run("group", "--help")
    assert [row["reward"] for row in answer["rows"]] == [0, 1, 1, 1]


def test_a_format_of_trajectories(copy: Copy) -> None:
    copy.add(
        "readers/trajectories/shouted.py",
        "FORMATS",
        '"shouted": "shouted"',
        "import io\n"
        "from dataclasses import replace\n\n"
        "from rlcalc.readers.trajectories import csv\n\n\n"
        "def read(file, context):\n"
        "    text = file.stream.read().lower()\n"
        "    stream = io.BufferedReader(io.BytesIO(text))\n"
        "    yield from csv.read(replace(file, stream=stream, path=None, kind='csv'), context)\n",
    )
    table = "EPISODE,STATE,ACTION,REWARD\n1,A,GO,1\n1,B,GO,2\n"
    rows = json.loads(copy.run("gain", "-", "--from", "shouted", "--json", stdin=table))["rows"]

    assert "shouted" in copy.run("gain", "--help")
    assert [(row["state"], row["gain"]) for row in rows] == [("a", 3), ("b", 2)]


def test_a_format_of_answers(copy: Copy) -> None:
    copy.add(
        "renderers/latex.py",
        "FORMATS",
        '"latex": "latex"',
        "def write(result, form, stream, head):\n"
        "    for row in result.rows():\n"
        "        line = ' & '.join(map(str, row.values()))\n"
        "        stream.write(line.encode() + b' \\\\\\\\\\n')\n",
    )

    assert "latex" in copy.run("gain", "--help")
    assert copy.run("gain", "three-steps", "-f", "latex").startswith("0 & 0 & a & go & 1.0 & 2.75")
    copy.run("gain", "three-steps", "-o", "answer.latex")
    assert (copy.folder / "answer.latex").read_text().count("\\\\") == 3


def test_an_environment(copy: Copy) -> None:
    copy.add(
        "environments/coin.py",
        "WORLDS",
        '"coin": "coin"',
        '"""A coin: heads pays 1."""\n\n'
        "from typing import Literal\n\n"
        "from rlcalc.documents import World\n"
        "from rlcalc.mdp import MDP\n\n\n"
        "class Parameters(World):\n"
        '    """What the coin is."""\n\n'
        '    environment: Literal["coin"] = "coin"\n'
        "    heads: float = 0.5\n\n\n"
        "def build(parameters):\n"
        "    p = parameters.heads\n"
        "    return MDP.from_rows([0, 0], [0, 0], [1, 1], [p, 1 - p], [1, 0])\n",
    )
    rows = json.loads(copy.run("solve", "coin", "--set", "heads=0.25", "--json"))["rows"]

    assert "coin" in copy.run("specs")
    assert rows[0]["v"] == pytest.approx(0.25)


def test_a_command(copy: Copy) -> None:
    copy.add(
        "commands/hello.py",
        "",
        '"hello"',
        "from rlcalc.options import Quiet\n\n\n"
        "def hello(quiet: Quiet = False) -> None:\n"
        '    """Greet."""\n'
        "    print('hello')\n",
    )

    assert "Greet." in copy.run("--help")
    assert copy.run("hello") == "hello\n"


def test_a_loss(copy: Copy) -> None:
    copy.add(
        "objectives/losses/linear.py",
        "LOSSES",
        '"linear": Loss()',
        "import numpy as np\n\n"
        "from rlcalc.objectives.terms import Terms\n\n\n"
        "def terms(tokens, how):\n"
        "    ratio = np.exp(tokens.log_ratio)\n"
        "    loss = -tokens.advantage * ratio\n"
        "    return Terms(loss, loss, ratio, np.zeros(len(ratio), np.int8))\n",
    )
    line = '{"log_probs": [-1.0], "old_log_probs": [-1.0], "advantages": [0.5]}\n'
    answer = json.loads(copy.run("objective", "-", "--loss", "linear", "--json", stdin=line))

    assert "linear" in copy.run("objective", "--help")
    assert answer["facts"]["loss"] == -0.5
