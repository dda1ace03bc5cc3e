"""Readers of trajectories: one file a format, and how steps become trajectories.

A file has read(file, context), which yields batches of whole trajectories.
"""

FORMATS = {
    "yaml": "documents",
    "json": "documents",
    "jsonl": "jsonl",
    "csv": "csv",
    "tsv": "csv",
    "parquet": "parquet",
    "arrow": "parquet",
    "hdf5": "hdf5",
    "npz": "npz",
    "npy": "npy",
    "tfrecord": "parquet",
    "sqlite": "parquet",
    "duckdb": "parquet",
}
"""Each format, and the file of this folder that reads it."""
