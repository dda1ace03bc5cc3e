"""Parquet: every row; a missing answer is null."""

from __future__ import annotations

import io
from typing import BinaryIO

from rlcalc.result import Result


def write(result: Result, form: str, stream: BinaryIO, head: int | None) -> None:
    """Write the rows as one Parquet file."""
    whole = io.BytesIO()  # Polars wants to seek, and a pipe may close
    result.to_polars().write_parquet(whole)
    stream.write(whole.getbuffer())
