"""Documents that name a world: what they say besides its own parameters."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

import rlcalc
from rlcalc.errors import InputError
from tests.conftest import Shell

RIFLE = """environment: rifle
target: [1, 1]
start: (1,1)
policy:
  (1,1):
    (1,1): 1/4
    (0,0): 3/4
"""


def written(folder: Path, text: str) -> Path:
    (folder / "world.yaml").write_text(text)
    return folder / "world.yaml"


def test_a_start_and_a_policy_are_those_of_the_world(tmp_path: Path) -> None:
    path = written(tmp_path, RIFLE)
    batch = rlcalc.simulate(path, 200, seed=1, with_prob=True).whole()

    assert set(batch.states.named(batch.state)) == {"(1,1)"}
    assert set(batch.actions.named(batch.action)) == {"(1,1)", "(0,0)"}
    assert rlcalc.solve(path, policy="spec").facts["start_value"] == pytest.approx(0.25)


def test_set_gives_them_too() -> None:
    settings = {"start": {"(0,0)": 0.5, "(2,2)": "1/2"}, "policy": {"(0,0)": "(0,0)"}}
    result = rlcalc.solve("rifle", policy="spec", settings={**settings, "target": [0, 0]})

    assert result.facts["start_value"] == pytest.approx((1 + 1 / 9) / 2)


def test_a_language_model_says_what_the_policy_does_not() -> None:
    """The states that are not named keep their logits."""
    free = rlcalc.solve("language", policy="spec")
    held = rlcalc.solve("language", policy="spec", settings={"policy": {"1+1=": 2}})
    pi = {(s, a): p for s, a, p in zip(free["state"], free["action"], free["pi"], strict=True)}
    expected = {**pi, ("1+1=", "2"): 1.0, ("1+1=", "3"): 0.0, ("1+1=", "."): 0.0}
    rows = zip(held["state"], held["action"], held["pi"], strict=True)

    assert {(s, a): p for s, a, p in rows} == pytest.approx(expected)


@pytest.mark.parametrize(
    ("name", "settings", "what"),
    [
        ("rifle", {"start": "(9,9)"}, "no state .9,9."),
        ("rifle", {"start": {"(0,0)": 0.5}}, "sum to 0.5"),
        ("rifle", {"policy": {"(0,0)": {"(0,0)": 0.5}}}, "sum to 0.5"),
        ("rifle", {"policy": {"(0,0)": "(7,7)"}}, "no action .7,7."),
        ("rifle", {"policy": "uniform"}, "expected a mapping"),
        ("rifle", {"policy": {"(0,0)": {"(0,0)": 2}}}, "from 0 to 1"),
        ("language", {"horizon": 40, "start": "1+1="}, "does not take a start"),
        ("language", {"horizon": 40, "policy": {"1+1=": 2}}, "does not take a policy"),
    ],
)
def test_what_does_not_fit_the_world_is_refused(
    name: str, settings: dict[str, Any], what: str
) -> None:
    with pytest.raises(InputError, match=what) as caught:
        rlcalc.simulate(name, 3, settings=settings)

    assert f"--set {list(settings)[-1]}" in str(caught.value)


def test_faults_have_their_lines(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"world.yaml, line 3: start"):
        rlcalc.simulate(written(tmp_path, RIFLE.replace("start: (1", "start: (5")), 3)
    with pytest.raises(InputError, match=r"world.yaml, line 7: policy"):
        rlcalc.simulate(written(tmp_path, RIFLE.replace("(0,0): 3", "(5,0): 3")), 3)


def test_the_schema_describes_each_world(rlcalc: Shell) -> None:
    """Every shipped world has the keys that its schema knows, and those that it asks for."""
    schema = json.loads(rlcalc("specs", "--schema").stdout)
    shipped = Path(__file__).parents[2] / "specs"
    worlds = {
        kind["properties"]["environment"].get("const"): kind
        for name, kind in schema["$defs"].items()
        if name.startswith("Environment ")
    }
    named = [part["$ref"].rpartition("/")[2] for part in schema["anyOf"]]
    documents = [yaml.safe_load(path.read_text()) for path in shipped.glob("*.yaml")]
    found = [document for document in documents if "environment" in document]

    assert {"rifle", "language", "jacks-car-rental"} <= set(worlds)
    assert set(named) <= set(schema["$defs"])
    assert found
    for document in found:
        kind = worlds[document["environment"]]
        assert set(document) <= set(kind["properties"])
        assert set(kind["required"]) <= set(document)
        assert kind["additionalProperties"] is False


def test_the_schema_says_from_where_to_where_chances_go(rlcalc: Shell) -> None:
    text = rlcalc("specs", "--schema").stdout

    assert '"minimum": 0' in text
    assert '"ge"' not in text, "a keyword that no validator knows"
