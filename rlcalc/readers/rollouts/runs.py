"""Runs of evaluations: whose ids the groups are, and how runs and their answers ended."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping
from typing import Any

import polars as pl

OWNERS = ("task", "run")
"""The columns that say whose the ids of an evaluation are."""


def owners_of(frame: pl.DataFrame) -> list[str]:
    """Return the columns that tell groups of one id apart: there are several tasks, or runs."""
    return [name for name in OWNERS if name in frame.columns and frame[name].n_unique() > 1]


def names_of_groups(heads: pl.DataFrame, owners: list[str]) -> Any:
    """Return the names of groups; those of several tasks or runs say whose they are, briefly."""
    names = heads["group"]
    if not owners:
        return names.to_numpy() if names.dtype.is_integer() else names
    if "task" in owners and heads["task"].n_unique() == heads.select(owners).n_unique():
        owners = ["task"]
    parts = [
        *(without_shared_folder(heads[name]) for name in owners),
        pl.col("group").cast(pl.String),
    ]
    return heads.select(pl.concat_str(parts, separator="/").alias("group")).to_series()


def without_shared_folder(names: pl.Series) -> pl.Series:
    """Return paths, or other names, without the folders that all of them begin with."""
    known = names.drop_nulls().unique().to_list()
    shared = os.path.commonprefix(known)  # noqa: RUF071  of its characters, up to the last /
    return names.fill_null("").str.slice(len(shared[: shared.rfind("/") + 1]))


def how_runs_ended(frame: pl.DataFrame, status: Mapping[str, str]) -> dict[str, Any]:
    """Return the facts of how rollouts and runs ended, where the format has them.

    Args:
        frame: perhaps with the columns `failed` and `stopped_by`.
        status: of the run that each file logs.
    """
    facts: dict[str, Any] = {}
    if "failed" in frame.columns:
        facts["errors"] = int(frame["failed"].sum())
    if "stopped_by" in frame.columns:
        reasons = frame["stopped_by"].drop_nulls()
        counts = reasons.value_counts().sort(["count", "stopped_by"], descending=[True, False])
        facts["stopped_by"] = dict(counts.iter_rows())
    if set(status.values()) - {"success"}:
        facts["run_status"] = dict(Counter(status.values()))
    return facts
