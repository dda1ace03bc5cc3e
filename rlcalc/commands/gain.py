"""rlcalc gain: the discounted sum of the rewards that follow each step."""

from __future__ import annotations

from rlcalc import options


def gain(
    source: options.Source = None,
    gamma: options.Gamma = None,
    k: options.Steps = None,
    truncated: options.Truncated = "keep",
    rows: options.GainRows = "steps",
    *,
    files: options.Files = None,
    reading: options.ReadOptions,
    output: options.TableOutputOptions,
) -> None:
    """The gain of every step: G_t = r_t + γ G_{t+1}.

    rlcalc gain three-steps --gamma 0.5

    rlcalc gain run.jsonl -k 10 -o gains.parquet

    rlcalc gain run.jsonl --rows episodes --sort gain:desc --head 5
    """
    from rlcalc import api
    from rlcalc.options import needs_source

    result = api.gain(
        needs_source(source, files),
        gamma=gamma,
        k=k,
        truncated=truncated,
        rows=rows,
        **reading.arguments(),
    )
    output.write(result)
