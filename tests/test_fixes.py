"""A fix that names options works: it is tried as it is printed, its placeholders filled in."""

import ast
import contextlib
import re
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

from rlcalc.cli import app_of
from rlcalc.errors import RlcalcError

STEPS = "episode,state,action,reward\n0,a,x,1\n0,b,x,2\n"
NO_ENDS = "run,state,action,reward,over\n1,a,x,1,0\n1,b,x,2,1\n"
ROLLOUTS = "q,score,tokens\na,1,3\na,0,4\nb,1,5\nb,1,6\n"
TWICE = '{"group":"a","rollout":1,"reward":1}\n{"group":"a","rollout":1,"reward":0}\n'
LOOP = "states: {a: {go: {to: a, reward: 1}}}\n"
MODEL = "states: {a: {go: {to: b, reward: 1}, stay: {to: a}}, b: {}}\nstart: a\n"
CUT = "episode,state,action,reward,truncated\n0,a,x,1,0\n0,b,x,2,1\n"
SAME_TIME = "episode,t,state,action,reward,id\n0,1,a,x,1,7\n0,1,b,x,2,8\n"

PLAIN = ROLLOUTS.replace("q,score", "group,reward").replace("tokens", "words")
DRN = """@type: MDP
@reward_models
steps cost
@nr_states
1
@model
state 0 [1, 2]
  action 0
    0 : 1
"""
CASES: list[tuple[str, str, str, str]] = [  # content, command, fix, what for what
    (STEPS.replace("reward", "rewardd"), "gain f.csv", "--columns reward=rewardd", ""),
    (STEPS.replace("state", "my state"), "gain f.csv", "--columns 'state=my state'", ""),
    (STEPS.replace("state", "where"), "gain f.csv", "--columns state=COLUMN", "COLUMN=where"),
    (NO_ENDS, "gain f.csv", "--one-step", ""),
    (NO_ENDS, "gain f.csv", "--columns trajectory=COLUMN", "COLUMN=run"),
    (NO_ENDS, "gain f.csv", "--columns terminated=COLUMN", "COLUMN=over"),
    (SAME_TIME, "gain f.csv", "--columns trajectory=COLUMN", "COLUMN=id"),
    (ROLLOUTS.replace("q,score", "group,mark"), "group f.csv", "--reward COLUMN", "COLUMN=mark"),
    (ROLLOUTS.replace("score", "reward"), "group f.csv", "--group COLUMN", "COLUMN=q"),
    (ROLLOUTS.replace("score", "reward"), "group f.csv", "--group-size N", "N=2"),
    (
        ROLLOUTS.replace("q,", "group,"),
        "group f.csv --weights 1",
        "--reward a,b --weights 1,0.5",
        "a,b=score,tokens",
    ),
    (
        ROLLOUTS.replace("q,", "group,"),
        "group f.csv --reward score,tokens --weights 1",
        "--weights 1,1",
        "",
    ),
    (PLAIN, "group f.csv --rows rollouts --estimator remax", "--baseline COLUMN", "COLUMN=words"),
    (PLAIN, "group f.csv --rows rollouts --estimator opo", "--length COLUMN", "COLUMN=words"),
    (PLAIN, "group f.csv --audit", "--advantage COLUMN", "COLUMN=words"),
    (PLAIN, "group f.csv --epsilon=-1", "--epsilon 1e-6", ""),
    (PLAIN, "group f.csv --ddof 2", "--ddof 1", ""),
    (PLAIN, "group f.csv --ddof 2", "--ddof 0", ""),
    (PLAIN, "group f.csv --tolerance=-1", "--tolerance 1e-6", ""),
    (PLAIN, "group f.csv --success nan", "--success 1", ""),
    (TWICE, "group f.jsonl", "--rollout none", ""),
    (LOOP, "solve f.yaml", "--gamma 0.99", ""),
    (LOOP, "solve f.yaml", "--horizon N", "N=3"),
    (LOOP, "solve f.yaml", "--criterion average", ""),
    (MODEL, "solve f.yaml --policy spec", "--policy uniform", ""),
    (LOOP, "simulate f.yaml -n 2 --max-steps 3", "--start uniform", ""),
    (LOOP, "simulate f.yaml -n 2 --start a", "--max-steps N", "N=3"),
    (DRN, "solve f.drn -g 0.5", "--columns reward=steps", ""),
    ("mdp\n0 0 0 1\n", "solve f.tra", "--columns reward=none", ""),
    (CUT, "estimate f.csv --truncated bootstrap", "--truncated keep", ""),
    (CUT, "estimate f.csv --gamma 0.1 --truncated cut:9", "--truncated cut:0.01", ""),
    (STEPS, "gain f.csv --gamma 2", "--gamma 0.99", ""),
    (STEPS, "gain f.csv --where reward", "--where 'env in a,b'", "env=state"),
    (MODEL, "estimate f.yaml", "-n EPISODES", "EPISODES=5"),
    (MODEL, "estimate f.yaml --seed 1", "-n EPISODES", "EPISODES=5"),
]  # fmt: skip


def run(arguments: list[str], folder: Path) -> tuple[int, str]:
    with contextlib.chdir(folder):
        done = CliRunner().invoke(app_of(arguments[:1]), arguments)
    if isinstance(done.exception, RlcalcError):
        return done.exception.exit_code, "\n".join(map(str, done.exception.faults))
    return (70, repr(done.exception)) if done.exit_code == 1 else (done.exit_code, done.output)


@pytest.mark.parametrize(("content", "command", "option", "filled"), CASES)
def test_a_fix_works_as_it_is_printed(
    content: str, command: str, option: str, filled: str, tmp_path: Path
) -> None:
    """The options that it names replace those of the command."""
    arguments = shlex.split(command)
    (tmp_path / arguments[1]).write_text(content)
    code, text = run(arguments, tmp_path)
    assert code in (2, 3, 4), text
    assert option in re.sub(r"\s+", " ", text)

    placeholder, _, value = filled.partition("=")
    words = shlex.split(option)
    words = [word.replace(placeholder, value) if filled else word for word in words]
    names = {word for word in words if word.startswith("-")}
    pairs = zip(["", *arguments], arguments, strict=False)
    kept = [word for before, word in pairs if not {word.split("=")[0], before} & names]
    code, text = run([*kept, *words], tmp_path)

    assert code == 0 or ("--audit" in kept and code == 4), text


def test_every_option_that_a_fix_names_exists() -> None:
    """In all fixes of the program: the command line has each option that they name."""
    source = "".join(path.read_text() for path in (PACKAGE / "commands").glob("*.py"))
    source += (PACKAGE / "options.py").read_text()
    known = set(re.findall(r"--?[a-z][a-z-]*", source)) | {"-n", "-k"}
    named: set[str] = set()
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ERRORS:
                texts = [n.value for n in ast.walk(node) if isinstance(n, ast.Constant)]
                words = " ".join(text for text in texts if isinstance(text, str))
                named |= set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", words))

    assert named
    assert named - known == set()


PACKAGE = Path(__file__).parents[1] / "rlcalc"
ERRORS = ("InputError", "UsageError", "Fault", "NoRollouts", "NotConverged", "ShapeError")


def test_every_error_says_how_to_fix_it() -> None:
    """Wherever one is raised; a fix that is empty at run time has nothing to add to the rest."""
    without: list[str] = []
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and (name := getattr(node.func, "id", "")) in ERRORS:
                place = 1 if name in ("UsageError", "ShapeError") else 2
                starred = any(isinstance(argument, ast.Starred) for argument in node.args)
                named = any(keyword.arg == "fix" for keyword in node.keywords)
                if not (starred or named or len(node.args) > place):
                    without.append(f"{path}:{node.lineno}")

    assert without == []
