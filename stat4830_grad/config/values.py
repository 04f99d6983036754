"""How values may be written, such as 1e3 for 1000, and how Hydra reads them back."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from typing import Any

from msgspec import inspect

from .schema import Config
from .torch_options import list_options

PLAIN = re.compile(r"(?!(?:null|true|false|nan|inf)$)[A-Za-z_/.][\w/.:@%+-]*", re.ASCII | re.I)
"""Text that Hydra reads as text without quotes."""


def types(
    kind: inspect.Type, key: str = "", *, entries: bool = True
) -> Iterator[tuple[str, inspect.Type]]:
    """(dotted key, type) of everything in a schema; a list's entries have the list's key."""
    match kind:
        case inspect.Metadata():
            yield from types(kind.type, key, entries=entries)
        case inspect.UnionType():
            for one in kind.types:
                yield from types(one, key, entries=entries)
        case inspect.StructType():
            for field in kind.fields:
                yield from types(
                    field.type, f"{key}.{field.encode_name}".lstrip("."), entries=entries
                )
        case _:
            yield key, kind
            if entries and isinstance(kind, inspect.ListType):
                yield from types(kind.item_type, key)


@cache
def of_type(kind: type[inspect.Type], *, entries: bool = True) -> dict[str, inspect.Type]:
    """The keys of a run that may hold a value of this type, or if `entries` a list of them."""
    found = types(inspect.type_info(Config), entries=entries)
    return {key: one for key, one in found if isinstance(one, kind)}


def choices(key: str) -> list[str]:
    """The words that a key takes, [] where it takes other values."""
    literal = of_type(inspect.LiteralType).get(key)
    return [str(one) for one in literal.values] if isinstance(literal, inspect.LiteralType) else []


def list_keys() -> set[str]:
    """Keys whose one value is a list and nothing else; a list of lists sweeps them."""
    ours = set(of_type(inspect.ListType)) - set(of_type(inspect.StrType, entries=False))
    return ours | list_options()


def canonical(tree: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """`tree` with 1000 for 1e3 where whole numbers are meant, and [64] for 64 where a list is."""
    return {
        str(name): canonical(value, f"{prefix}{name}.")
        if isinstance(value, dict)
        else canonical_value(f"{prefix}{name}", value)
        for name, value in tree.items()
    }


def canonical_value(key: str, value: Any) -> Any:
    """The same for the value of one dotted key."""
    integers, lists, texts = kinds()
    if key in integers:
        value = whole(value)
    if key in texts:
        return as_texts(value)
    return as_list(value) if key in lists else value


@cache
def kinds() -> tuple[frozenset[str], frozenset[str], frozenset[str]]:
    """The keys of whole numbers, of lists, and of lists of texts."""
    lists = list_keys()
    texts = lists & {*of_type(inspect.StrType), *of_type(inspect.LiteralType)}
    return frozenset(of_type(inspect.IntType)), frozenset(lists), frozenset(texts)


def whole(value: Any) -> Any:
    """Whole numbers as such, in lists as well; anything else as it is."""
    if isinstance(value, list):
        return [whole(one) for one in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def as_list(value: Any) -> Any:
    """A number as a list of one, also beside other lists of a sweep."""
    if isinstance(value, list):
        nested = any(isinstance(one, list) for one in value)
        return [as_list(one) for one in value] if nested else value
    return [value] if isinstance(value, int | float) and not isinstance(value, bool) else value


def as_texts(value: Any) -> Any:
    """A text as a list of one; numbers as the texts that Hydra took for numbers."""
    if isinstance(value, list):
        nested = any(isinstance(one, list) for one in value)
        return [as_texts(one) if nested else as_text(one) for one in value]
    return value if value is None or isinstance(value, dict) else [as_text(value)]


def as_text(value: Any) -> Any:
    """A name of digits as text."""
    return written(value) if isinstance(value, int | float) else value


def leaves(tree: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """(dotted key, value) of everything in nested dicts that is not itself a dict with keys."""
    for key, value in tree.items():
        if isinstance(value, dict) and value:
            yield from leaves(value, f"{prefix}{key}.")
        else:
            yield prefix + key, value


def written(value: object) -> str:
    """A value as Hydra reads it back: floats exactly, text quoted where it must be."""
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    if isinstance(value, list):
        return f"[{','.join(written(item) for item in value)}]"
    if isinstance(value, dict):
        return f"{{{','.join(f'{key}:{written(item)}' for key, item in value.items())}}}"
    if isinstance(value, str) and not PLAIN.fullmatch(value):
        # A backslash stands for itself, but takes two before a quotation mark or at the end.
        text = re.sub(r'(\\*)"', r'\1\1\\"', value)
        return '"' + re.sub(r"(\\+)$", r"\1\1", text) + '"'
    return str(value)
