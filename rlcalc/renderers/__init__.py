"""Renderers: from a result to text or bytes, without arithmetic; one file a format.

A file has write(result, form, stream, head).
"""

FORMATS = {
    "table": "table",
    "json": "json",
    "jsonl": "json",
    "csv": "csv",
    "tsv": "csv",
    "md": "markdown",
    "parquet": "parquet",
}
"""Each format, and the file of this folder that writes it."""

SUFFIXES = {"ndjson": "jsonl", "txt": "table", "markdown": "md"}
"""Suffixes of files that are not the name of their format."""
