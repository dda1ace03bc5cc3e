"""TRL's GRPO and RLOO trainers: completions_{step}.parquet, one completion a row.

A group is a run of equal prompts; every number that is no step and no advantage is the reward of a
function of that name. Also OpenRLHF's and TRL's wandb tables, once `wandb` has made rows of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rlcalc.readers.rollouts.dumps.layout import Layout

LOG_PROBABILITIES = (
    "in _compute_loss of the trainer, after old_per_token_logps: import polars as pl; "
    "pl.DataFrame({'log_probs': per_token_logps.tolist(), 'old_log_probs': "
    "old_per_token_logps.tolist(), 'advantages': advantages.tolist(), 'completion_mask': "
    "mask.tolist()}).write_parquet(f'tokens_{self.state.global_step}.parquet')"
)
"""The lines that dump the batch."""


def fits(record: Mapping[str, Any]) -> bool:
    """Return whether a record, or a table with these columns, is one of TRL."""
    return {"prompt", "completion", "advantage"} <= record.keys()


def layout(names: Sequence[str], numbers: Sequence[str]) -> Layout:
    """Return where the table has what.

    Args:
        names: of its columns.
        numbers: of those that hold numbers.
    """
    others = ("step", "prompt", "completion", "advantage")
    return Layout(
        reward=tuple(name for name in numbers if name not in others),
        prompt="prompt",
        response="completion",
        step="step" if "step" in names else None,
        advantage="advantage",
        grouped="runs",
        restart=True,
        nan_as_null=True,
    )
