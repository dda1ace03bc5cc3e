"""The sentences of a report of a model, by hand."""

import rlcalc
from rlcalc.reports.models import model_sections


def test_by_hand() -> None:
    described, solution = rlcalc.check("gridworld-4x4"), rlcalc.solve("gridworld-4x4")
    parts = model_sections(described, solution, lambda *_: "rlcalc solve gridworld-4x4")
    said = [sentence for part in parts for sentence in part.sentences]

    assert said[1] == "The next state is certain and the reward is certain; every reward is -1."
    assert said[2] == "The optimal policy earns -3 from the start, with γ = 1."
    assert "V is smallest in state 3: -3." in said
    assert parts[3].charts[0].name == "value_map"
