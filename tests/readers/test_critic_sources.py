"""Steps, a buffer, or tokens: what a source with values is."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from rlcalc.errors import InputError
from rlcalc.readers.critic_sources import kind_of, kind_of_frame

ANSWER = {"values": [0.1, 0.2], "rewards": 1.0}
PATH = {"values": [0.1, 0.2], "rewards": [0.0, 1.0]}


@pytest.mark.parametrize(
    ("record", "kind"),
    [
        (ANSWER, "tokens"),
        (PATH, "tokens"),
        (PATH | {"response_mask": [1, 0], "terminated": True}, "tokens"),
        (PATH | {"terminated": True}, "steps"),
        (PATH | {"states": ["a", "b"], "actions": ["x", "y"]}, "steps"),
        ({"state": "a", "action": "x", "reward": 1.0, "value": 0.5}, "steps"),
    ],
)
def test_lists_of_values_are_tokens_unless_they_are_a_path(
    tmp_path: Path, record: dict[str, Any], kind: str
) -> None:
    (tmp_path / "a.jsonl").write_text(json.dumps(record) + "\n")
    pl.DataFrame([record]).write_parquet(tmp_path / "a.parquet")
    (tmp_path / "a.json").write_text(json.dumps([record]))

    for name in ("a.jsonl", "a.parquet", "a.json"):
        assert kind_of([str(tmp_path / name)]) == kind
    assert kind_of_frame(pl.DataFrame([record])) == kind


def test_a_mask_makes_arrays_tokens(tmp_path: Path) -> None:
    path = str(tmp_path / "a.npz")
    table = np.ones((2, 3))
    np.savez(path, rewards=table, values=table, dones=table)

    assert kind_of([path]) == "buffer"
    np.savez(path, rewards=table, values=table, response_mask=table)

    assert kind_of([path]) == "tokens"


def test_pickled_arrays_are_refused(tmp_path: Path) -> None:
    path = str(tmp_path / "a.npz")
    np.savez(path, rewards=np.array([{}, None], dtype=object), values=np.ones(2))

    with pytest.raises(InputError, match="never does"):
        kind_of([path])
    (tmp_path / "a.npz").write_bytes(b"PK\x03\x04 but not whole")
    with pytest.raises(InputError):
        kind_of([path])
