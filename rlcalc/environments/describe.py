"""Describe environments: their first lines, parameters, and a document for each."""

from __future__ import annotations

import json

from pydantic.fields import FieldInfo

from rlcalc.environments.registry import environment_module, environment_names, parameters_type


def environment_list() -> dict[str, str]:
    """Return the first line of each environment's description, by its name."""
    return {name: _text(name).split("\n", 1)[0] for name in environment_names()}


def example_document(name: str) -> str:
    """Return a document that names an environment, with its description and parameters."""
    lines = _text(name).split("\n")
    comment = "".join(f"# {line}".rstrip() + "\n" for line in lines)
    return f"{comment}#\n{parameters_comment(name)}environment: {name}\n"


def parameters_comment(name: str) -> str:
    """Return the parameters of an environment as comments: name, default, meaning."""
    fields = parameters_type(name).model_fields
    shown = {field: info for field, info in fields.items() if field != "environment"}
    heads = [f"{field}: {_default(info)}" for field, info in shown.items()]
    width = max(map(len, heads))
    pairs = zip(heads, shown.values(), strict=True)
    rows = [f"#   {head:{width}}  {info.description or ''}".rstrip() for head, info in pairs]
    return "\n".join([f"# Parameters of {name}, with their defaults:", *rows, ""])


def _default(info: FieldInfo) -> str:
    if info.is_required():
        return "(required)"
    plain = isinstance(info.default, str) and info.default.isalpha()
    return info.default if plain else json.dumps(info.default)


def _text(name: str) -> str:
    return (environment_module(name).__doc__ or name).strip()
