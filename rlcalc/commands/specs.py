"""rlcalc specs: the shipped examples, the environments, and the schema of documents."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rlcalc import options
from rlcalc.errors import InputError, nearest, shown

if TYPE_CHECKING:
    from rlcalc.result import Result


def specs(
    name: options.SpecName = None, schema: options.Schema = False, *, output: options.OutputOptions
) -> None:
    """The shipped specs and environments: list, or print one.

    rlcalc specs two-states > mine.yaml

    rlcalc specs jacks-car-rental
    """
    from rlcalc.environments import WORLDS, describe, registry
    from rlcalc.readers.shipped_specs import shipped_specs
    from rlcalc.renderers.output import open_output

    known = shipped_specs()
    if schema:
        content = _schema().encode()
    elif name is None:
        output.write(_listing())
        return
    elif name in known:
        content = known[name].read_bytes()
        if name in WORLDS:  # the spec is of the environment of the same name
            content += f"\n{describe.parameters_comment(name)}".encode()
    elif registry.is_environment_name(name):
        content = describe.example_document(name).encode()
    else:
        both = list(dict.fromkeys([*known, *WORLDS]))
        near = nearest(name, both) or next((one for one in both if one.startswith(name)), None)
        fix = f"did you mean {near}?" if near else f"there are {', '.join(both)} and gym:NAME"
        raise InputError(f"there is no spec or environment '{shown(name)}'", fix=fix)
    with open_output(output.output) as stream:
        stream.write(content)


def _listing() -> Result:
    from rlcalc.environments import describe
    from rlcalc.readers.shipped_specs import shipped_specs
    from rlcalc.result import Column, Result

    known, worlds = shipped_specs(), describe.environment_list()
    first_lines = [path.read_text().split("\n", 1)[0].lstrip("# ") for path in known.values()]
    kinds = ["spec"] * len(known) + ["environment"] * len(worlds)
    return Result(
        command="specs",
        title="Shipped specs and environments: each is a source by its name",
        columns={
            "name": Column([*known, *worlds], "key"),
            "kind": Column(kinds, "key"),
            "what": Column([*first_lines, *worlds.values()], "text"),
        },
        facts={},
    )


def _schema() -> str:
    import json

    from rlcalc.documents import schema
    from rlcalc.environments.registry import parameters_types

    return json.dumps(schema(parameters_types()), indent=2, ensure_ascii=False) + "\n"
