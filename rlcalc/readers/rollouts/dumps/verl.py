"""verl: {step}.jsonl, one rollout a line, in training and in validation.

v1 names them `{prompt}_{session}_{output}`, and the outputs of one session are one rollout. The
classic trainer writes no id and mixes the rows, so there a group is all that have one prompt.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rlcalc.readers.rollouts.dumps.layout import Layout

if TYPE_CHECKING:
    import polars as pl

LOG_PROBABILITIES = (
    "after compute_advantage in ray_trainer.py: import polars as pl; names = ('old_log_probs', "
    "'ref_log_prob', 'rollout_log_probs', 'advantages', 'response_mask'); pl.DataFrame({n: "
    "batch.batch[n].tolist() for n in names if n in batch.batch} | {'uid': "
    "list(batch.non_tensor_batch['uid'])}).write_parquet(f'tokens_{self.global_steps}.parquet')"
)
"""The lines that dump the batch."""


def fits(record: Mapping[str, Any]) -> bool:
    """Return whether a record, or a table with these columns, is one of verl."""
    return {"input", "output", "score"} <= record.keys()


def layout(names: Sequence[str], numbers: Sequence[str]) -> Layout:
    """Return where the table has what; see `trl.layout`."""
    step = "step" if "step" in names else None
    if "uid" not in names:
        return Layout(("score",), prompt="input", response="output", step=step, grouped="prompt")
    return Layout(
        reward=("score",),
        group="uid",
        rollout="uid",
        prompt="input",
        response="output",
        step=step,
        derive={"group": _prompt, "rollout": _session},
    )


def _prompt(uid: pl.Expr) -> pl.Expr:
    return uid.str.replace(r"_\d+_\d+$", "")


def _session(uid: pl.Expr) -> pl.Expr:
    return uid.str.replace(r"(_\d+)_\d+$", "$1")
