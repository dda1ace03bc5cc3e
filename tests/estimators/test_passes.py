import json
from pathlib import Path

import pytest

import rlcalc
from rlcalc.estimators import passes
from tests.conftest import Shell


@pytest.mark.parametrize("method", ["ce", "td", "sarsa"])
def test_reading_again_gives_what_keeping_gives(
    method: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "walks.jsonl"
    lines = [{"states": ["a", "b"], "actions": ["x", "y"], "rewards": [i, 1]} for i in range(9)]
    path.write_text("\n".join(map(json.dumps, lines)))
    kept = rlcalc.estimate(path, method=method)
    monkeypatch.setattr(passes, "MOST_STEPS", 3)
    again = rlcalc.estimate(path, method=method)

    assert list(kept.rows()) == list(again.rows())


def test_a_source_that_changes_between_two_passes_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(passes, "MOST_STEPS", 0)
    path = tmp_path / "log.csv"
    path.write_text("episode,state,action,reward\n1,a,x,1\n")

    def load() -> rlcalc.Experience:
        return rlcalc.load(path)

    several = passes.Passes(load(), load)
    list(several.experience_again().pieces())
    path.write_text("episode,state,action,reward\n1,b,x,1\n")
    with pytest.raises(rlcalc.InputError, match="changed while it was read twice"):
        list(several.pieces())


@pytest.mark.parametrize("method", ["ce", "td-lambda", "q-learning"])
def test_a_pipe_is_kept(method: str, rlcalc: Shell) -> None:
    table = "episode,state,action,reward\n1,a,x,1\n1,b,x,2\n2,a,y,3\n"
    done = rlcalc("estimate", "-", "--method", method, "--json", stdin=table)

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["rows"]


def test_a_source_is_repeatable_unless_it_is_a_stream(tmp_path: Path) -> None:
    assert passes.is_repeatable(["a.csv", tmp_path])
    assert not passes.is_repeatable(["a.csv", "-"])
    assert not passes.is_repeatable(rlcalc.load("two-states"))
