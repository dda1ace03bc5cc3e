"""rlcalc model: the model that a log shows."""

from __future__ import annotations

from rlcalc import options
from rlcalc.engines.threads import use_one_blas_thread


def model(
    source: options.Source = None,
    *,
    log_model: options.LogModelOptions,
    reading: options.ReadOptions,
    output: options.TableOutputOptions,
) -> None:
    """The model that a log shows: P, rewards and randomness.

    rlcalc model log.parquet -o model.parquet

    rlcalc simulate student -n 400 | rlcalc model - --csv | rlcalc solve -
    """
    use_one_blas_thread()
    from rlcalc import api
    from rlcalc.options import needs_source

    output.write(api.model(needs_source(source), **vars(log_model), **reading.arguments()))
