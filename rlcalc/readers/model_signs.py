"""Signs of models that other programs write as text: how their files begin, and the way out.

What is read has its format here; what is not is refused with the way to convert it.
"""

from __future__ import annotations

import re

from rlcalc.errors import InputError

DRN = re.compile(rb"(?://[^\n]*\n|\s)*@(?:type|model|parameters|value_type|nr_states|reward_)")
TRA = re.compile(
    rb"(?:#[^\n]*\n|\s)*"
    rb"(?:(?i:ctmc|ctmdp|dtmc|mdp|ma)|[0-9]+[ \t]+[0-9]+(?:[ \t]+[0-9]+)?)[ \t\r]*\n"
    rb"(?:[ \t\r]*\n)*[ \t]*[0-9]+(?:[ \t]+[0-9]+){1,2}[ \t]+[-+.0-9eE/]+[ \t\r]*"
    rb"(?:[^\s,;]+[ \t\r]*)?(?:\n|\Z)"
)
PRISM = re.compile(rb"^\s*(?:module\s+\w+|endmodule)\b", re.MULTILINE)
CASSANDRA = re.compile(
    rb"\A(?=[\s\S]*^discount[ \t]*:)(?=[\s\S]*^values[ \t]*:[ \t]*(?:reward|cost))", re.MULTILINE
)
JANI = re.compile(rb'"jani-version"\s*:')
EXPORT = "export what it builds: storm {} MODEL --exportbuild model.drn, and give model.drn"
FOREIGN_MODELS = {
    "a PRISM program": (PRISM, EXPORT.format("--prism")),
    "a JANI model": (JANI, EXPORT.format("--jani")),
    "a file of Cassandra's POMDP format": (
        CASSANDRA,
        "write the model as a table with the columns state, action, next_state, probability and "
        "reward; observations are not read",
    ),
}
"""What is refused, how it is known, and the way to convert it."""


def model_kind(text: bytes) -> str | None:
    r"""Return the format of the beginning of a text that holds a model; None: it is another.

    >>> model_kind(b"// by storm\n@type: MDP\n"), model_kind(b"2 2\n0 1 1\n")
    ('drn', 'tra')
    """
    if DRN.match(text):
        return "drn"
    return "tra" if TRA.match(text) else None


def refuse_foreign_model(text: bytes, where: str) -> None:
    """Refuse a model in the language of another program.

    Args:
        text: how the file begins; of JSON only JANI is known.
        where: the file.

    Raises:
        InputError: with the way to convert it.
    """
    is_json = text[:1] in (b"{", b"[")
    for what, (sign, fix) in FOREIGN_MODELS.items():
        if (sign is JANI) == is_json and sign.search(text):
            raise InputError(f"this is {what}, which rlcalc does not read", where, fix)
