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
    "svg": "pictures.images",
    "png": "pictures.images",
    "pdf": "pictures.images",
    "html": "pictures.page",
    "plot": "pictures.blocks",
}
"""Each format, and the file of this folder that writes it."""

PICTURES = ("svg", "png", "pdf", "html", "plot")
"""The formats that show the charts of an answer, not its rows."""

BINARY = ("parquet", "png", "pdf")
"""The formats that are not text."""

SUFFIXES = {"ndjson": "jsonl", "txt": "table", "markdown": "md"}
"""Suffixes of files that are not the name of their format."""
