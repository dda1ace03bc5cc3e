"""Parquet of a server, of which only the columns are read that are needed, by ranges."""

from __future__ import annotations

import polars as pl

from rlcalc.readers.addresses import scan_options


def scanned(address: str) -> pl.LazyFrame | None:
    """Return an object as a frame that is not read yet; None: it must be copied to be read.

    Args:
        address: of an object that was opened, so that it is there and may be read.
    """
    options = scan_options(address)
    if options is None:
        return None
    lazy = pl.scan_parquet(address, glob=False, storage_options=options, credential_provider=None)
    try:
        lazy.collect_schema()
    except (pl.exceptions.PolarsError, OSError):  # such as a server without ranges from the end
        return None
    return lazy
