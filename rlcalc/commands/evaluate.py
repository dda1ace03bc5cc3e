"""rlcalc evaluate: what another policy is worth, from a log."""

from __future__ import annotations

from rlcalc import options


def evaluate(
    source: options.Source = None,
    *,
    evaluation: options.EvaluateOptions,
    files: options.Files = None,
    reading: options.ReadOptions,
    output: options.TableOutputOptions,
) -> None:
    """What another policy is worth, from a log.

    Off-policy evaluation (OPE): the value of the policy π from episodes in which another policy b
    chose the actions, by several methods, with what their intervals need.

    rlcalc evaluate log.parquet --policy target.yaml

    rlcalc evaluate log.parquet --policy target.yaml --method ce,dr,wis --behaviour counts

    rlcalc evaluate clicks.csv --one-step --policy new.yaml --method dr,ips,switch:10

    rlcalc evaluate log.parquet --compare old.yaml,new.yaml --model student
    """
    from rlcalc import api
    from rlcalc.options import needs_source

    result = api.evaluate(needs_source(source, files), **vars(evaluation), **reading.arguments())
    output.write(result)
