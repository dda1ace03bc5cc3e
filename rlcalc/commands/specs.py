"""rlcalc specs: the shipped examples, and the schema of documents."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from rlcalc.commands import answer
from rlcalc.errors import InputError, nearest
from rlcalc.vocabulary import Csv, FormatOption, Json, Output, Quiet

if TYPE_CHECKING:
    from rlcalc.result import Result


def specs(
    name: Annotated[
        str | None, typer.Argument(help="The spec to print; none: list them.", show_default=False)
    ] = None,
    schema: Annotated[
        bool, typer.Option("--schema", help="Print the JSON Schema of documents.")
    ] = False,
    format_: FormatOption = None,
    json: Json = False,
    csv: Csv = False,
    output: Output = None,
    quiet: Quiet = False,
) -> None:
    """The shipped specs: list them, or print one.

    rlcalc specs two-states > mine.yaml
    """
    from rlcalc.readers.sources import shipped_specs
    from rlcalc.renderers import settled_format, target

    known = shipped_specs()
    if schema:
        with target(output) as stream:
            stream.write(_schema().encode())
    elif name is None:
        form = settled_format(format_, json=json, csv=csv, output=output)
        answer(_listing(), form, output, head=None, quiet=quiet)
    elif name in known:
        with target(output) as stream:
            stream.write(known[name].read_bytes())
    else:
        near = nearest(name, known)
        fix = f"did you mean {near}?" if near else f"there are {', '.join(known)}"
        raise InputError(f"there is no spec {name!r}", fix=fix)


def _listing() -> Result:
    from rlcalc.readers.sources import shipped_specs
    from rlcalc.result import Column, Result

    known = shipped_specs()
    first_lines = [path.read_text().split("\n", 1)[0].lstrip("# ") for path in known.values()]
    return Result(
        command="specs",
        title="Shipped specs: each is a source by its name",
        columns={"name": Column(list(known), "key"), "what": Column(first_lines, "text")},
        facts={},
    )


def _schema() -> str:
    import json

    from rlcalc import environments
    from rlcalc.spec import schema

    return json.dumps(schema(environments.parameters()), indent=2, ensure_ascii=False) + "\n"
