"""A partial as a file: what is written is what is read."""

import io
from pathlib import Path

import polars as pl

import rlcalc
from rlcalc.readers.partial_files import read_partial
from rlcalc.renderers.partials import write


def test_a_file_is_one_row_of_arrow() -> None:
    stream = io.BytesIO()
    write(rlcalc.partial("check", "two-states"), stream)
    frame = pl.read_ipc(io.BytesIO(stream.getvalue()))

    assert len(frame) == 1
    assert frame["rlcalc"][0] == "rlcalc partial 1"
    assert '"command": "check"' in frame["head"][0]


def test_what_is_written_is_read(tmp_path: Path) -> None:
    from rlcalc.api.shards import _classes

    partial = rlcalc.partial("estimate", "two-states")
    with open(tmp_path / "a.partial", "wb") as stream:
        write(partial, stream)
    again = read_partial(str(tmp_path / "a.partial"), _classes())

    assert dict(again.question) == dict(partial.question)
    assert list(again.shards) == list(partial.shards)
    assert again.total is None
    assert list(rlcalc.merge(again).rows()) == list(rlcalc.merge(partial).rows())
