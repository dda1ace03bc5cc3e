"""A frame written in each of the formats of tables, for tests that compare them."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl

TABLES: dict[str, Callable[[pl.DataFrame, Path], Any]] = {
    "table.csv": lambda frame, path: frame.write_csv(path),
    "table.jsonl": lambda frame, path: frame.write_ndjson(path),
    "table.parquet": lambda frame, path: frame.write_parquet(path),
    "table.json": lambda frame, path: path.write_text(json.dumps(frame.to_dicts())),
}
"""The name of a file, and what writes a frame there."""
