"""The contract of every environment of the registry, and what it takes to add one."""

import json
from pathlib import Path

import numpy as np
import pytest
import yaml

import rlcalc
from rlcalc import MDP, environments
from rlcalc.documents import World
from rlcalc.environments import describe, load
from rlcalc.environments.registry import environment_module, parameters_type, parameters_types
from rlcalc.errors import InputError

COIN = '''"""A coin: heads pay 1."""

from rlcalc.documents import World
from rlcalc.labels import Labels
from rlcalc.mdp import MDP


class Parameters(World):
    """The parameters of the coin."""

    environment: str = "coin"
    heads: float = 0.5


def build(parameters: Parameters) -> MDP:
    """Return the coin."""
    states = Labels(["hand", "table"])
    p = parameters.heads
    return MDP.from_rows([0, 0], [0, 0], [1, 1], [p, 1 - p], [1.0, 0.0], states, Labels(["flip"]))
'''


@pytest.mark.parametrize("name", environments.WORLDS)
def test_an_environment_keeps_the_contract(name: str) -> None:
    """A title, described parameters, a document that builds it, a start and probabilities."""
    module = environment_module(name)
    document = yaml.safe_load(describe.example_document(name))
    model = load.load_world(name)  # a shipped spec of the name has the required parameters
    fields = parameters_type(name).model_fields

    assert issubclass(module.Parameters, World)
    assert (module.__doc__ or "").split("\n")[0].endswith(".")
    assert document["environment"] == name
    assert all(field.description for key, field in fields.items() if key != "environment")
    assert isinstance(model, MDP)
    assert model.start is not None
    assert model.start.sum() == pytest.approx(1)
    np.testing.assert_allclose(np.add.reduceat(model.probability, model.outcome_start[:-1]), 1)
    assert len(rlcalc.simulate(model, 20, seed=1, max_steps=5).whole()) == 20


def test_a_new_environment_is_a_file_and_a_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is loaded, listed, described, in the schema, and suggested for a typo."""
    (tmp_path / "coin.py").write_text(COIN)
    monkeypatch.setattr(environments, "__path__", [*environments.__path__, str(tmp_path)])
    monkeypatch.setitem(environments.WORLDS, "coin", "coin")

    assert rlcalc.solve("coin", settings={"heads": 0.25})["v"].tolist() == [0.25]
    assert describe.environment_list()["coin"] == "A coin: heads pay 1."
    assert "heads: 0.5" in describe.example_document("coin")
    assert "heads" in json.dumps(parameters_types()["coin"].model_json_schema())
    with pytest.raises(InputError, match="did you mean coin"):
        load.build_environment(load.environment_document("coyn", {}))
