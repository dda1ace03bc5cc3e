"""Formats: those in which a source is read, and those in which a result is written."""

from __future__ import annotations

from enum import StrEnum


class Format(StrEnum):
    """The forms in which a result is written."""

    table = "table"
    json = "json"
    jsonl = "jsonl"
    csv = "csv"
    tsv = "tsv"
    md = "md"
    parquet = "parquet"


class Kind(StrEnum):
    """The forms in which a source is read."""

    yaml = "yaml"
    json = "json"
    jsonl = "jsonl"
    csv = "csv"
    tsv = "tsv"
    parquet = "parquet"
    arrow = "arrow"
    npz = "npz"
