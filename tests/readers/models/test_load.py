"""Models in every form: the same arrays come out, and what is wrong is told with its place."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given

import rlcalc
from rlcalc.mdp import MDP
from rlcalc.readers.models.load import load_model
from rlcalc.readers.models.npz import model_of_npz_arrays
from rlcalc.readers.read_request import ReadRequest
from tests.conftest import Shell
from tests.solvers.models import dense, models

ROBOT = """
states:
  high:
    search: [{to: high, p: 3/4, reward: 5}, {to: low, p: 1/4, reward: 5}]
    wait: {to: high, reward: 1}
  low:
    wait: {to: low, reward: 1}
    recharge: {to: high}
  scrap: {}
"""
TABLE = """state,action,next_state,probability,reward
high,search,high,0.75,5
high,search,low,0.25,5
high,wait,high,1,1
low,wait,low,1,1
low,recharge,high,1,0
"""


def read(path: Path) -> MDP:
    return load_model(str(path), ReadRequest())


def test_a_document_becomes_the_arrays_that_it_says(tmp_path: Path) -> None:
    (tmp_path / "robot.yaml").write_text(ROBOT)
    mdp = read(tmp_path / "robot.yaml")

    assert mdp.states.names() == ["high", "low", "scrap"]
    assert mdp.actions.names() == ["search", "wait", "recharge"]
    assert mdp.pair_start.tolist() == [0, 2, 4, 4]
    assert mdp.outcome_start.tolist() == [0, 2, 3, 4, 5]
    assert mdp.next_state.tolist() == [0, 1, 0, 1, 0]
    assert mdp.probability.tolist() == [0.75, 0.25, 1, 1, 1]
    assert mdp.expected.reward.tolist() == [5, 1, 1, 0]


@pytest.mark.parametrize("form", ["csv", "tsv", "parquet", "arrow", "shuffled"])
def test_a_table_of_transitions_is_the_same_model(form: str, tmp_path: Path) -> None:
    (tmp_path / "robot.yaml").write_text(ROBOT.replace("  scrap: {}\n", ""))
    frame = pl.read_csv(TABLE.encode())
    path = tmp_path / f"table.{form}"
    if form == "arrow":
        frame.write_ipc(path)
    elif form == "parquet":
        frame.write_parquet(path)
    elif form == "shuffled":
        path = tmp_path / "table.csv"
        frame[[0, 3, 2, 1, 4]].write_csv(path)
    else:
        frame.write_csv(path, separator="\t" if form == "tsv" else ",")
    document, table = read(tmp_path / "robot.yaml"), read(path)
    one, other = (rlcalc.solve(mdp, gamma=0.9) for mdp in (document, table))

    def rows(result: rlcalc.Result) -> set[tuple[object, ...]]:
        return {tuple(row.values()) for row in result.rows()}

    assert rows(one) == rows(other)


def test_states_that_are_whole_numbers_come_in_their_order(tmp_path: Path) -> None:
    path = tmp_path / "table.parquet"
    pl.DataFrame(
        {"s": [7, 3, -1], "a": [1, 0, 0], "s_next": [3, 90_000_000_000, 7], "p": 1.0, "r": 0.5}
    ).write_parquet(path)
    mdp = read(path)

    assert mdp.states.names() == [-1, 3, 7, 90_000_000_000]
    assert mdp.pair_start.tolist() == [0, 1, 2, 3, 3]
    assert mdp.next_state.tolist() == [2, 3, 1]


@given(models())
def test_arrays_dense_and_in_compressed_rows_are_the_same_model(mdp: MDP) -> None:
    """P[a, s, s'] and r[s, a], with rows of zeros where an action is not available."""
    p, r = dense(mdp)
    n, m = mdp.n_states, len(mdp.actions)
    transition, reward = np.zeros((m, n, n)), np.zeros((n, m))
    state = np.repeat(np.arange(n), np.diff(mdp.pair_start))
    transition[mdp.action, state] = p
    reward[state, mdp.action] = r
    rows = transition.reshape(m * n, n)
    kept = [np.flatnonzero(row) for row in rows]
    sparse = (
        np.concatenate([row[k] for row, k in zip(rows, kept, strict=True)]),
        np.concatenate(kept),
        np.cumsum([0, *map(len, kept)]),
    )
    expected = rlcalc.solve(mdp, gamma=0.9)
    for form in (transition, sparse):
        result = rlcalc.solve(model_of_npz_arrays(form, reward), gamma=0.9)

        np.testing.assert_allclose(result["q"], expected["q"], atol=1e-12)


def test_npz_holds_gamma_and_start_too(tmp_path: Path) -> None:
    """The example of mdptoolbox and QuantEcon: gamma 0.9."""
    path = tmp_path / "model.npz"
    p = np.array([[[0.5, 0.5], [0, 1]], [[0, 1], [1, 0]]])
    np.savez(path, P=p, R=np.array([[5.0, 10], [-1, 2]]), gamma=0.9, start=np.array([0, 1.0]))
    result = rlcalc.solve(path)

    assert result.facts["gamma"] == 0.9
    assert result.facts["start_value"] == pytest.approx(result["v"][2])
    np.testing.assert_allclose(result["q"], [59.0, 62.105263, 51.105263, 57.894737], rtol=1e-7)


BAD: dict[str, tuple[str, str, str]] = {
    "sum.yaml": (
        "states:\n  a:\n    x: [{to: b, p: 0.5}, {to: a, p: 0.47}]\n  b: {}\n",
        "probabilities of (state 'a', action 'x') sum to 0.97",
        "line 3: states.a.x",
    ),
    "negative.yaml": (
        "states: {a: {x: [{to: b, p: 1.5}, {to: a, p: -0.5}]}, b: {}}\n",
        "p is -0.5, expected a number from 0 to 1",
        "states.a.x.2.p",
    ),
    "unknown.yaml": (
        "states:\n  hall: {x: {to: rom}}\n  room: {}\n",
        "did you mean room?",
        "line 2",
    ),
    "policy.yaml": (
        "states: {a: {x: {to: b}}, b: {}}\npolicy: {a: y}\n",
        "there is no action y in state a",
        "line 2: policy.a",
    ),
    "shares.yaml": (
        "states: {a: {x: {to: b}}, b: {}}\npolicy: {a: {x: 0.5}}\n",
        "sum to 0.5",
        "line 2: policy.a",
    ),
    "start.yaml": ("start: c\nstates: {a: {x: {to: a}}}\n", "there is no state c", "line 1: start"),
    "twice.yaml": ("states: {a: {x: {to: a}, x: {to: a}}}\n", "key x comes twice", "line 1"),
    "twice.json": ('{"states": {"a": {"x": {"to": "a"}, "x": {"to": "a"}}}}', "comes twice", ""),
    "nan.yaml": ("states: {a: {x: {to: a, reward: .nan}}}\n", "reward is nan", "states.a.x.reward"),
    "inf.yaml": ("states: {a: {x: {to: a, reward: .inf}}}\n", "reward is inf", "states.a.x.reward"),
    "key.yaml": ("states: {a: {x: {to: a, rewrd: 1}}}\n", "did you mean reward?", "states.a.x"),
    "gamma.yaml": ("gamma: 1.2\nstates: {a: {x: {to: a}}}\n", "gamma is 1.2", "line 1: gamma"),
    "nothing.yaml": ("states: {}\n", "at least one entry", "line 1: states"),
    "ended.yaml": ("states: {a: {}, b: {}}\n", "no state has an action", "line 1: states"),
    "short.yaml": ("states: {a: {x: b}, b: {}}\n", "{to: STATE, p: 1, reward: 0}", "states.a.x"),
    "misspelt.yaml": ("stats: {a: {x: {to: a}}}\n", "did you mean states by stats?", ""),
    "experience.yaml": ("trajectories: [[a, x, 1]]\n", "these are trajectories, not a model", ""),
    "sum.csv": (TABLE.replace("0.25", "0.2"), "sum to 0.95", "row 1 and row 2"),
    "twice.csv": (TABLE + "low,wait,low,1,1\n", "perhaps the pair occurs twice", "row 4 and row 6"),
    "negative.csv": (TABLE + "low,x,low,-1,1\nlow,x,high,2,1\n", "probability is -1", "row 6"),
    "text.csv": (TABLE + "low,x,low,one,1\n", "probability is 'one'", "row 6 (line 7)"),
    "reward.csv": (TABLE + "low,x,low,1,inf\n", "reward is 'inf'", "row 6 (line 7)"),
    "label.csv": (TABLE + ",x,low,1,1\n", "state is missing", "row 6 (line 7)"),
    "column.csv": (TABLE.replace("reward", "gain"), "no column for the reward", "--columns"),
    "rows.csv": (TABLE.splitlines()[0] + "\n", "a header and no rows", ""),
    "chain.yaml": (
        "states:\n  a: {to: b, reward: 1}\n  b: [{to: a, p: 0.5}, {to: zz, p: 0.5}]\n",
        "there is no state zz",
        "line 3: states.b.2.to",
    ),
    "long.csv": (TABLE + "low,x,low,1,1,9\n", "a row has 6 cells, expected 5", "line 7"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_models_get_one_clear_error(name: str, rlcalc: Shell, tmp_path: Path) -> None:
    text, what, where = BAD[name]
    (tmp_path / name).write_text(text)
    done = rlcalc("solve", name, "-o", "answer.csv")

    assert done.returncode == 3, done.stderr
    assert what in done.stderr
    assert where in done.stderr
    assert name in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    assert [path.name for path in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize(
    ("arrays", "what"),
    [
        ({"P": np.ones((2, 3, 4)), "R": np.ones(2)}, "expected (A, S, S)"),
        ({"P": np.ones((1, 1, 1)), "R": np.ones((2, 3))}, "R[s], R[s, a] or R[a, s, s']"),
        ({"P": np.ones((1, 1, 1))}, "there is no R"),
        ({"R": np.ones(1)}, "there is no P"),
        ({"P": np.full((1, 2, 2), 0.4), "R": np.ones(2)}, "sum to 0.8"),
        ({"P": np.ones((1, 1, 1)), "R": np.array([np.nan])}, "R[0] is nan"),
        ({"P": np.array([None], dtype=object), "R": np.ones(1)}, "rlcalc never does"),
        ({"P": np.array(["a"]), "R": np.ones(1)}, "expected numbers"),
        ({"P": np.zeros((1, 1, 1)), "R": np.ones(1)}, "all probabilities are zero"),
    ],
)
def test_bad_arrays_get_one_clear_error(
    arrays: dict[str, np.ndarray], what: str, tmp_path: Path
) -> None:
    np.savez(tmp_path / "model.npz", **arrays)  # type: ignore[arg-type]
    with pytest.raises(rlcalc.InputError) as error:
        rlcalc.solve(tmp_path / "model.npz")

    assert what in str(error.value)
    assert "model.npz" in str(error.value)


def test_a_damaged_archive_is_told(tmp_path: Path) -> None:
    np.savez(tmp_path / "model.npz", P=np.ones((1, 1, 1)), R=np.ones(1))
    whole = (tmp_path / "model.npz").read_bytes()
    (tmp_path / "model.npz").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(rlcalc.InputError, match="cannot be read"):
        rlcalc.solve(tmp_path / "model.npz")


def test_unreachable_states_are_allowed_and_counted(tmp_path: Path) -> None:
    path = tmp_path / "model.yaml"
    path.write_text("gamma: 0.5\nstart: a\nstates: {a: {x: {to: a}}, b: {x: {to: a}}}\n")

    assert rlcalc.solve(path).facts["unreachable"] == 1


def test_check_says_what_a_model_is(rlcalc: Shell, tmp_path: Path) -> None:
    (tmp_path / "table.csv").write_text(TABLE)
    done = rlcalc("check", "table.csv", "--csv")
    (tmp_path / "bad.csv").write_text(TABLE.replace("0.25", "0.2"))
    bad = rlcalc("check", "bad.csv", "--csv")

    assert done.returncode == 0
    assert bad.returncode == 3
    assert "sum to 0.95" in bad.stdout


def test_a_small_model_needs_no_heavy_library(rlcalc: Shell) -> None:
    """Polars, numba and SciPy cost more to import than a small solve takes in all."""
    done = rlcalc("solve", "two-rooms", PYTHONPROFILEIMPORTTIME="1")
    heavy = {line.split("|")[-1].strip() for line in done.stderr.splitlines()}

    assert done.returncode == 0
    assert not heavy & {"polars", "numba", "scipy", "pandas"}
