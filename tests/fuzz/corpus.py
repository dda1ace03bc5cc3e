"""The files that the fuzzer starts from: the specs, the tests' inputs, and the trainers' dumps."""

import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

ROOT = Path(__file__).parents[2]
LARGEST = 20_000
"""Bytes of a file: hostile inputs are small."""

STEP = {"episode": 0, "t": 0, "state": "a", "action": "x", "reward": 1.5, "next_state": "b",
        "terminated": True, "truncated": False, "value": 0.5, "log_prob": -0.5,
        "behaviour_prob": 0.5}  # fmt: skip
ROLLOUT = {"group": "g", "prompt": "p", "response": "r", "reward": 1.0, "advantage": 0.5,
           "length": 3, "step": 1, "answer": "4"}  # fmt: skip
STEPS = [STEP | {"episode": e, "t": t, "reward": e + t} for e in range(3) for t in range(2)]
ROLLOUTS = [ROLLOUT | {"group": g, "reward": float(n % 2)} for g in "gh" for n in range(4)]
LISTS = [{"states": ["a", "b", "end"], "actions": ["x", "y"], "rewards": [0, 1.5],
          "terminated": True, "log_probs": [-0.1, -0.2]}] * 2  # fmt: skip
ENDS = {"to": "b", "p": 0.5, "reward": 1}
MODEL = {"name": "m", "gamma": 0.5, "start": {"a": 0.5, "b": 0.5},
         "states": {"a": {"x": [ENDS, ENDS | {"to": "a"}], "y": {"to": "b"}}, "b": {}},
         "policy": {"a": {"x": 0.5, "y": 0.5}}}  # fmt: skip
LANGUAGE = {"environment": "language", "vocabulary": ["u", "w"], "end": "u", "prompts": ["p", "q"],
            "reward": {"regex": "w+u"}, "logits": {"w": {"u": 1.0}}, "horizon": 4,
            "separator": "-", "level": "token"}  # fmt: skip
ARRAYS = {"P": [[[0.5, 0.5], [0, 1]], [[1, 0], [0, 1]]], "R": [[1, 0], [2, 0]], "gamma": 0.9}
TRANSITIONS = [{"state": "a", "action": "x", "next_state": s, "probability": 0.5, "reward": 1}
               for s in "ab"]  # fmt: skip
OBJECTS: dict[str, Any] = {
    "steps": STEPS, "rollouts": ROLLOUTS, "lists": LISTS, "model": MODEL, "language": LANGUAGE,
    "arrays": ARRAYS, "transitions": TRANSITIONS,
    "gym": {"0": {"0": [[0.5, 1, 0, False], [0.5, 0, 1, True]]}, "1": {"0": [[1, 1, 0, True]]}},
    "document": {"gamma": 0.9, "trajectories": [["a", "x", 1, "b", "y", 2, "end"], [STEP]]},
    "policy": {"policy": {"a": {"x": 0.5, "y": 0.5}}},
    "logits": {"logits": {"a": {"x": 0.5, "y": -1}}},
    "rifle": {"environment": "rifle", "gun": "bad", "start": "aim", "gamma": 0.9},
    "cars": {"environment": "jacks-car-rental", "cars": 3, "moves": 1},
}  # fmt: skip


def write_corpus(folder: Path) -> None:
    """Write every file of the corpus into a folder, under a name with its kind."""
    from tests.readers.rollouts.test_dumps import DUMPS

    for name, document in OBJECTS.items():
        (folder / f"{name}.json").write_text(json.dumps(document))
    inputs = [*ROOT.glob("specs/*.yaml"), *ROOT.glob("tests/cases/*/*.*")]
    inputs += [*ROOT.glob("tests/readers/models/inputs/*.*")]
    for path in inputs:
        _copy(path, folder / path.name)
    for name, (_, write, _) in DUMPS.items():
        with TemporaryDirectory() as inside:
            written = write(Path(inside))
            for path in written.rglob("*") if written.is_dir() else [written]:
                _copy(path, folder / f"{name}+{path.name}")


def _copy(path: Path, target: Path) -> None:
    if path.is_file() and path.stat().st_size <= LARGEST:
        target.write_bytes(path.read_bytes())
