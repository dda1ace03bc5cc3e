"""Language worlds of two sums, for the tests of their modules."""

from typing import Any

from rlcalc import MDP
from rlcalc.environments import load

SUMS: dict[str, Any] = {
    "environment": "language",
    "vocabulary": [2, 3, "."],
    "end": ".",
    "horizon": 2,
    "prompts": ["1+1=", "1+2="],
    "logits": {"1+1=": {2: 1}, "1+2=": {3: 1}, "2": {2: None}, "3": {3: None}},
    "reward": {"exact": {"1+1=": 2, "1+2=": 3}},
    "judge": 0.1,
}


def world(**changes: Any) -> Any:
    return load.build_environment(load.environment_document("language", {**SUMS, **changes}))


def model(**changes: Any) -> MDP:
    mdp = world(**changes)
    assert isinstance(mdp, MDP)
    return mdp
