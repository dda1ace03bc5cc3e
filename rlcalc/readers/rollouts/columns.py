"""Layouts → what is read: expressions for tables, types for JSON, values of single records."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from shlex import quote
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from rlcalc.errors import InputError, listed, meant, shown
from rlcalc.numerics.arrays import Ints
from rlcalc.readers.label_encoder import as_text, canonical_texts
from rlcalc.readers.rollouts.dumps.layout import MEANINGS, TEXTS, Layout, finite
from rlcalc.readers.rollouts.origins import PROMPT, id_expressions, id_types
from rlcalc.readers.rollouts.request import NoRollouts
from rlcalc.readers.trajectories.step_table import as_flag, as_number

if TYPE_CHECKING:
    from rlcalc.readers.rollouts.request import RolloutRequest

REWARD = "reward:"
"""What the name of a column with rewards begins with, in frames of rollouts."""
NUMBERS = ("advantage", "length", "baseline")
IN_LISTS = (
    "prompt", "response", "step", "rollout", "advantage", "length", "truncated", "baseline",
    "answer",
)  # fmt: skip
"""What a row that is a group may hold in lists, beside the rewards."""
LAST_MESSAGE = rf'(?s).*"(?:content|text|value)": ?"((?:[^"\\]|\\.){{0,{PROMPT}}})'
"""How the last text begins in messages that are written as JSON."""
BEGINNING = 400
"""Characters of a prompt or a response that are kept where its beginning is shown."""
WHOLE = 2**53
"""Below this every whole number is one of float64."""
Schema = Mapping[str, pl.DataType]


def requested_layout(
    layout: Layout,
    names: Sequence[str],
    where: str,
    request: RolloutRequest,
    nested: Sequence[str] = (),
) -> Layout:
    """Return a layout with the columns that were asked for.

    Args:
        layout: of the usual columns of the format.
        names: of the columns.
        where: the file is.
        request: names columns.
        nested: the names of fields inside of columns, as far as they are known.

    Raises:
        InputError: a column that is needed or was asked for is not there.
    """
    chosen: dict[str, Any] = {**request.named()}
    chosen |= {m: None for m in ("step", "rollout") if getattr(request, m) == "none"}
    if request.reward:
        chosen["reward"] = request.reward
    every = [*names, *nested]
    there = f"there are {listed(every, most=30)}" if names else "there are no columns"
    fits = layout.reward and (layout.group or layout.prompt)
    for column in [one for columns in chosen.values() for one in _each(columns)]:
        if not _has_column(column, names, nested):
            inner = [name for name in nested if name.endswith(f".{column}")]
            guess = f"did you mean {shown(inner[0])}? " if inner else meant(column, every)
            raise (InputError if fits else NoRollouts)(
                f"there is no column {shown(column)}", where, guess + there
            )
    if request.group and request.group == layout.prompt and "prompt" in layout.derive:
        chosen |= {"group": None, "grouped": "prompt"}  # a chat: its prompt identifies the group
    elif request.group:
        chosen |= {"grouped": "id", "restart": False}
    kept = {meaning: derive for meaning, derive in layout.derive.items() if meaning not in chosen}
    kinds = {meaning: kind for meaning, kind in layout.kinds.items() if meaning not in chosen}
    layout = replace(layout, derive=kept, kinds=kinds, **chosen)
    group = None if request.group_size else layout.group or layout.prompt
    for column in (*layout.reward, *_each(group)):
        if not _has_column(column, names):
            fix = (
                f"perhaps it has another format: leave out --from, or name another format; {there}"
            )
            raise NoRollouts(f"there is no column {shown(column)}", where, fix)
    layout = _without_lacking(layout, names)
    if not layout.reward:
        raise NoRollouts("no column for the reward", where, f"name it: --reward COLUMN; {there}")
    if layout.group is None and layout.prompt is None and request.group_size is None:
        raise NoRollouts(
            "no column identifies the groups of the rollouts",
            where,
            f"name the column with --group COLUMN, or give --group-size N; {there}",
        )
    return layout


def _without_lacking(layout: Layout, names: Sequence[str]) -> Layout:
    """Return a layout without the columns that a table does not have, all of which it can spare."""
    columns = {meaning: getattr(layout, meaning) for meaning in MEANINGS}
    lacking = [m for m, column in columns.items() if column and not _has_column(column, names)]
    none: dict[str, Any] = dict.fromkeys(lacking)
    return replace(layout, **none)


def _each(columns: str | tuple[str, ...] | None) -> tuple[str, ...]:
    if columns is None:
        return ()
    return columns if isinstance(columns, tuple) else (columns,)


def _has_column(column: str, names: Sequence[str], nested: Sequence[str] = ()) -> bool:
    """Whether a column is there, by its name or as a field of one: metrics.correct."""
    head = column.partition(".")[0]
    fields = [name for name in nested if name.startswith(f"{head}.")]
    return column in names or ("." in column and head in names and column in (fields or [column]))


def nested_names(values: Mapping[str, Any], schema: Schema | None) -> list[str]:
    """Return the names of the fields of columns: rewards.total.

    Args:
        values: by column a value, which may be a mapping.
        schema: of a table.
    """
    fields = {
        name: [field.name for field in getattr((schema or {}).get(name), "fields", ())]
        or (list(value) if isinstance(value, dict) else [])
        for name, value in values.items()
    }
    return [f"{name}.{field}" for name, inner in fields.items() for field in inner]


def expressions(layout: Layout, schema: Schema, request: RolloutRequest) -> list[pl.Expr]:
    """Return what to read of a table; `bad:NAME` holds the values that are not numbers."""
    selected: list[pl.Expr] = []
    for column in layout.reward:
        selected += _number(layout, "reward", column, schema, REWARD + column)
    for meaning in NUMBERS:
        if (column := getattr(layout, meaning)) is not None:
            selected += _number(layout, meaning, column, schema, meaning)
    if layout.step is not None:
        selected += _whole(layout.step, schema)
    if layout.truncated is not None:
        selected += _flag(layout, layout.truncated, schema)
    if layout.failed is not None:
        selected.append(_source(layout.failed, schema)[0].is_not_null().alias("failed"))
    if layout.stopped_by is not None:
        selected.append(as_text(*_source(layout.stopped_by, schema)).alias("stopped_by"))
    return selected + _names(layout, schema, request)


def lists_of(layout: Layout, schema: Schema) -> list[str]:
    """Return the columns whose cells are lists, one entry a rollout: none unless rewards are."""
    if not any(isinstance(schema.get(column), pl.List) for column in layout.reward):
        return []
    columns = [*layout.reward, *(getattr(layout, meaning) for meaning in IN_LISTS)]
    kinds = {column: schema.get(column) for column in columns if column is not None}
    return [
        column
        for column, kind in kinds.items()
        if isinstance(kind, pl.List) and not isinstance(kind.inner, pl.Struct)
    ]


def one_row_each(
    frame: pl.DataFrame, lists: Sequence[str], place: Callable[[int], str]
) -> tuple[pl.DataFrame, Ints]:
    """Return a frame with the entries of its lists below each other, and the row of each.

    Raises:
        InputError: the lists of a row are of different lengths.
    """
    length = frame.select(pl.col(name).list.len().fill_null(0) for name in lists)
    first = length.to_series(0)
    for name in lists[1:]:
        wrong = (length[name] != first).arg_true()
        if len(wrong):
            row = int(wrong[0])
            raise InputError(
                f"there are {first[row]} {shown(lists[0])} and {length[name][row]} {shown(name)}",
                place(row),
                "lists in a row hold one entry for each rollout of the group",
            )
    full = frame.filter(first > 0) if (first == 0).any() else frame
    return full.explode(lists), np.repeat(np.arange(len(frame)), first.to_numpy())


def _source(column: str, schema: Schema) -> tuple[pl.Expr, pl.DataType]:
    if column in schema:
        return pl.col(column), schema[column]
    head, _, rest = column.partition(".")
    for field in getattr(schema[head], "fields", []):
        if field.name == rest:
            return pl.col(head).struct.field(rest), field.dtype
    return pl.lit(None, pl.Float64), pl.Float64()


def _number(layout: Layout, meaning: str, column: str, schema: Schema, name: str) -> list[pl.Expr]:
    value, kind = _source(column, schema)
    if derive := layout.derive.get(meaning):
        return [derive(value).cast(pl.Float64).alias(name)]
    if kind != pl.String and not kind.is_nested() and not kind.is_temporal():
        return [as_number(value, kind).alias(name)]
    if layout.kinds.get(meaning) == "list":
        return [value.list.len().cast(pl.Float64).alias(name)]
    text = as_text(value, kind)
    if layout.kinds.get(meaning) == "text":
        return [characters(text).alias(name)]
    number = as_number(text, pl.String())
    if meaning == "reward":
        number = text.map_batches(_reward_numbers, pl.Float64)
    blank = text.is_null() | text.str.strip_chars().str.to_lowercase().is_in(["", "nan"])
    bad = pl.when(~blank & number.is_null()).then(text)
    return [number.alias(name), bad.alias(f"bad:{name}")]


def _reward_numbers(texts: pl.Series) -> pl.Series:
    """Return texts as numbers, as JSON has them: true is 1, false is 0; null: neither."""
    frame = texts.to_frame("text")
    number = frame.select(as_number(pl.col("text"), pl.String())).to_series()
    if not number.null_count():
        return number
    word = pl.col("text").str.strip_chars().str.to_lowercase()
    flag = word.replace_strict(FLAGS, default=None, return_dtype=pl.Float64)
    return number.fill_null(frame.select(flag).to_series())


FLAGS = {"true": 1.0, "false": 0.0}


def _whole(column: str, schema: Schema) -> list[pl.Expr]:
    value, kind = _source(column, schema)
    if kind.is_integer():
        return [value.cast(pl.Int64).alias("step")]
    text, number = as_text(value, kind), as_number(as_text(value, kind), pl.String())
    whole = ((number == number.floor()) & (number.abs() < WHOLE)).fill_null(value=False)
    blank = text.is_null() | text.str.strip_chars().str.to_lowercase().is_in(["", "nan"])
    step = pl.when(whole).then(number).cast(pl.Int64, strict=False)
    return [step.alias("step"), pl.when(~blank & ~whole).then(text).alias("bad:step")]


def _flag(layout: Layout, column: str, schema: Schema) -> list[pl.Expr]:
    value, kind = _source(column, schema)
    if derive := layout.derive.get("truncated"):
        return [derive(value).alias("truncated")]
    flag = as_flag(value, kind)
    bad = pl.when(flag.is_null()).then(as_text(value, kind)).alias("bad:truncated")
    return [flag.alias("truncated"), *([bad] if kind != pl.Boolean else [])]


def _names(layout: Layout, schema: Schema, request: RolloutRequest) -> list[pl.Expr]:
    selected = []
    by_prompt = layout.prompt is not None and (layout.group is None or request.group_size)
    for meaning in ("rollout",) if by_prompt else ("group", "rollout"):
        if (column := getattr(layout, meaning)) is None:
            continue
        value, kind = _source(column, schema)
        name = as_text(value, kind)
        if derive := layout.derive.get(meaning):
            name = derive(name)
        elif kind.is_integer() and kind != pl.UInt64 and meaning == "group":
            name = value.cast(pl.Int64)
        else:
            name = name.map_batches(canonical_texts, pl.String)
        selected.append(name.alias(meaning))
    if by_prompt and layout.prompt is not None:
        selected.append(hashed(_text(layout, "prompt", schema)).alias("group"))
    if layout.prompt is not None and request.questions:
        prompt = _text(layout, "prompt", schema)
        selected.append(kept_of_prompt(prompt, request).alias("question"))
        selected += [hashed(prompt).alias("asked")] if request.prompts else []
    if layout.answer is not None:
        answer = as_text(*_source(layout.answer, schema))
        selected.append(hashed(answer.map_batches(canonical_texts, pl.String)).alias("answer"))
    if layout.response is not None and (request.texts or request.beginnings):
        text = _text(layout, "response", schema)
        selected += text_expressions(text, request, has_length=layout.length is not None)
    return selected + (id_expressions(layout, schema) if request.origins else [])


def _text(layout: Layout, meaning: str, schema: Schema) -> pl.Expr:
    text = as_text(*_source(getattr(layout, meaning), schema))
    derive = layout.derive.get(meaning)
    return derive(text) if derive else text


def hashed(text: pl.Expr) -> pl.Expr:
    """Return 64 bits that stand for a text."""
    return pl.when(text.is_not_null()).then(text.hash())


def text_expressions(text: pl.Expr, request: RolloutRequest, *, has_length: bool) -> list[pl.Expr]:
    """Return what is kept of responses, if anything."""
    selected = []
    if request.texts:
        selected.append(text.hash().alias("hash"))
        selected += [] if has_length else [characters(text).alias("length")]
    if request.beginnings:
        selected.append(kept_text(text, request).alias("beginning"))
    return selected


def characters(text: pl.Expr) -> pl.Expr:
    """Return the numbers of characters of texts; of messages in JSON, those of their contents."""
    return text.map_batches(_characters, pl.Float64)


def _characters(texts: pl.Series) -> pl.Series:
    lengths = texts.str.len_chars().cast(pl.Float64)
    chats = texts.str.starts_with("[{").arg_true()
    if not len(chats):
        return lengths
    contents = [_characters_of_messages(text) for text in texts.gather(chats)]
    return lengths.scatter(
        chats, [lengths[n] if c is None else c for n, c in zip(chats, contents, strict=True)]
    )


def _characters_of_messages(text: str) -> float | None:
    """Return the characters of the contents of messages; None: these are none."""
    try:
        messages = json.loads(text)
    except ValueError:
        return None
    if not all(isinstance(one, dict) and "content" in one for one in messages):
        return None
    return float(sum(len(as_plain_text(one["content"] or "")) for one in messages))


def length_kind(value: Any, *, is_response: bool) -> str | None:
    """Return `text` or `list` if a length is to be counted from a value, None if it is one.

    A response is a text, even if the first one is 42.
    """
    if isinstance(value, list):
        return "list" if all(map(finite, value)) else "text"
    if is_response and not finite(value):
        return "text"
    return "text" if isinstance(value, str) and not NUMBER.fullmatch(value) else None


def kept_text(text: pl.Expr, request: RolloutRequest) -> pl.Expr:
    """Return how a text begins, or all of it."""
    return text if request.whole else text.str.slice(0, BEGINNING)


def kept_of_prompt(text: pl.Expr, request: RolloutRequest) -> pl.Expr:
    """Return how a prompt begins, or all of it where responses are read too."""
    if request.whole or request.beginnings or not request.origins:
        return kept_text(text, request)
    if request.texts:
        return text
    is_chat = text.str.starts_with("[{")
    last = pl.when(is_chat).then(text).str.extract(LAST_MESSAGE)
    return pl.coalesce(last, text.str.slice(0, PROMPT))


def kept_questions(prompts: pl.Series, request: RolloutRequest) -> dict[str, pl.Series]:
    """Return the columns in which prompts are kept, and told apart, as far as is requested."""
    text = pl.col("prompt")
    kept = {"question": kept_of_prompt(text, request)} if request.questions else {}
    kept |= {"asked": hashed(text)} if request.prompts else {}
    frame = prompts.to_frame("prompt").select(**kept)
    return {name: frame[name] for name in kept}


def types_of(
    layout: Layout, first: Mapping[str, Any], request: RolloutRequest
) -> dict[str, pl.DataType]:
    """Return the types in which JSON's values are read, by source column."""
    columns = [("reward", column) for column in layout.reward]
    columns += [(m, getattr(layout, m)) for m in MEANINGS if getattr(layout, m) is not None]
    columns += [("length", column) for column in layout.beside]
    kinds: dict[str, pl.DataType] = {}
    fields: dict[str, dict[str, pl.DataType]] = {}
    in_lists = any(isinstance(first.get(column), list) for column in layout.reward)
    for meaning, column in columns:
        if meaning == "response" and not (request.texts or request.beginnings):
            continue
        by_id = layout.group is not None and not request.group_size
        if meaning == "prompt" and by_id and not request.questions:
            continue
        value = first.get(column)
        if in_lists and isinstance(value, list) and meaning in ("reward", *IN_LISTS):
            entry = next((entry for entry in value if entry is not None), None)
            kind = _kind(None, meaning, entry)
            kind = pl.Float64() if meaning == "step" else kind
            kind = kind if isinstance(entry, dict) else pl.List(kind)
        else:
            kind = _kind(layout.kinds.get(meaning), meaning, value)
        if column in first or "." not in column:
            kinds[column] = kind
        else:
            head, _, rest = column.partition(".")
            fields.setdefault(head, {})[rest] = kind
    ids = id_types(layout, first) if request.origins else {}
    return {**ids, **kinds, **{head: pl.Struct(inner) for head, inner in fields.items()}}


def _kind(kind_name: str | None, meaning: str, first: Any) -> pl.DataType:
    if kind_name == "list":
        return pl.List(pl.Int64)
    if meaning in TEXTS or kind_name == "text":
        return pl.String()
    if meaning == "truncated" or isinstance(first, bool):
        return pl.Boolean()
    return pl.Int64() if meaning == "step" else pl.Float64()


def values_of_types(
    record: Mapping[str, Any], kinds: Schema, where: str, options: Mapping[str, str]
) -> list[Any]:
    """Return the values of a record in the types that are read.

    Args:
        record: values by column.
        kinds: types by column.
        where: the record stands.
        options: by column the option that names another, as `options_of` returns them.

    Raises:
        InputError: a value is of another type.
    """
    for name, option in options.items():
        value = record.get(name)
        if isinstance(value, dict) and kinds.get(name) == pl.Float64():
            fields = [key for key, entry in value.items() if _as_number(entry) is not None]
            raise has_fields(name, option, fields, where)
    return [value_of_type(record.get(name), kind, name, where) for name, kind in kinds.items()]


def options_of(layout: Layout) -> dict[str, str]:
    """Return the columns of a layout that hold numbers, and the option that names each."""
    columns = dict.fromkeys(layout.reward, "reward")
    columns |= {getattr(layout, m): m for m in NUMBERS if getattr(layout, m) is not None}
    return {name: option for name, option in columns.items() if option not in layout.kinds}


def has_fields(name: str, option: str, fields: Sequence[str], where: str) -> InputError:
    """Return the error that a column holds mappings; its fix names their fields with numbers."""
    usable = [f"--{option} {quote(f'{name}.{field}')}" for field in fields if "," not in field]
    several = " or ".join(usable[:5])
    fix = f"name the number that counts: {several}" if usable else "correct this row"
    there = f" with {listed(fields, most=8)}" if fields else ""
    return InputError(f"{shown(name)} is a mapping{there}, expected a number", where, fix)


def refuse_mappings(layout: Layout, schema: Schema, where: str) -> None:
    """Refuse a table in which a number is a mapping (a struct).

    Raises:
        InputError: with the options that name a field of it.
    """
    for name, option in options_of(layout).items():
        if isinstance(kind := schema.get(name), pl.Struct):
            numbers = [f.name for f in kind.fields if f.dtype.is_numeric() or f.dtype == pl.Boolean]
            raise has_fields(name, option, numbers, where)


EXPECTED: dict[Any, str] = {
    pl.Int64: "a whole number",
    pl.Boolean: "true or false",
    pl.List: "a list",
}


def value_of_type(value: Any, kind: Any, name: str, where: str) -> Any:
    """Return a value of JSON in one of the types that are read.

    Raises:
        InputError: it is of another type.
    """
    if value is None or (type(value) is float and kind is pl.Float64):
        return value
    if isinstance(kind, pl.List) and isinstance(value, list):
        if kind.inner == pl.Int64():
            return [0] * len(value)  # only its length is asked for
        return [value_of_type(entry, kind.inner, name, where) for entry in value]
    if isinstance(kind, pl.Struct):
        fields = value if isinstance(value, dict) else {}
        return {
            field.name: value_of_type(
                fields.get(field.name), field.dtype, f"{name}.{field.name}", where
            )
            for field in kind.fields
        }
    if kind == pl.String:
        return as_plain_text(value)
    if kind == pl.Boolean and isinstance(value, bool | int | float):
        return bool(value)
    number = _as_number(value)
    if number is not None and kind == pl.Float64:
        return number
    if number is not None and kind == pl.Int64 and number.is_integer() and abs(number) < WHOLE:
        return int(number)
    expected = EXPECTED.get(type(kind), "a number")
    raise InputError(
        f"{shown(name)} is {shown(repr(value), 40)}, expected {expected}", where, "correct this row"
    )


NUMBER = re.compile(r"\s*[+-]?((\d+\.?\d*|\.\d+)(e[+-]?\d+)?|inf(inity)?|nan)\s*", re.I | re.A)
"""What text may say as a number: Python would take 1_0 too, and digits of every script."""


def _as_number(value: Any) -> float | None:
    if isinstance(value, str) and not NUMBER.fullmatch(value):
        return None
    try:
        return float(value) if finite(value) or isinstance(value, bool | str) else None
    except OverflowError:
        return None


def as_plain_text(value: Any) -> str:
    """Return a value of JSON as text, which it mostly is already."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
