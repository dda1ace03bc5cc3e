"""rlcalc model: the model that a log shows."""

from __future__ import annotations

from rlcalc import options


def model(
    source: options.Source = None,
    *,
    log_model: options.LogModelOptions,
    settings: options.Settings = None,
    files: options.Files = None,
    reading: options.ReadOptions,
    output: options.TableOutputOptions,
) -> None:
    """The model that a log shows: P, rewards and randomness.

    rlcalc model log.parquet -o model.parquet

    rlcalc model student --policy uniform

    rlcalc simulate student -n 400 | rlcalc model - --csv | rlcalc solve -
    """
    from rlcalc import api
    from rlcalc.options import needs_source

    result = api.model(
        needs_source(source, files),
        settings=options.parse_set_option(settings),
        **vars(log_model),
        **reading.arguments(),
    )
    output.write(result)
