"""rlcalc advantage: the advantage of every step, from a critic."""

from __future__ import annotations

from rlcalc import options
from rlcalc.engines.threads import use_one_blas_thread


def advantage(
    source: options.Source = None,
    *,
    advantages: options.AdvantageOptions,
    reading: options.ReadOptions,
    output: options.TableOutputOptions,
) -> None:
    """The advantage of every step, from a critic.

    rlcalc advantage buffer.parquet -g 0.99 -l 0.95

    rlcalc advantage run.jsonl --method n-step:5 --value critic.csv

    rlcalc advantage log.parquet --method vtrace --policy target.yaml --clip-rho 2
    """
    use_one_blas_thread()
    from rlcalc import api
    from rlcalc.options import needs_source

    result = api.advantage(needs_source(source), **vars(advantages), **reading.arguments())
    output.write(result)
