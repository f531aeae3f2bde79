"""From pydantic's errors to findings in plain words, each with its place."""

from __future__ import annotations

import json
import re
from typing import Final

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from tidegate.config.section import CUSTOM
from tidegate.config.shape import field_at, keys_at
from tidegate.config.tree import Block, Path, dotted, key_place, node_at
from tidegate.errors.config import Finding
from tidegate.nearest import did_you_mean

_KEY: Final = "[key]"  # pydantic's mark for an error in a mapping's key
_KINDS: Final = {
    "string_type": "text",
    "int_type": "a whole number",
    "bool_type": "true or false",
    "list_type": "a list",
    "dict_type": "a mapping",
    "model_type": "a mapping",
    "greater_than_equal": "{ge} or more",
    "less_than_equal": "{le} or less",
}


def explain(error: ValidationError, tree: Block) -> tuple[Finding, ...]:
    """Return a finding for each of pydantic's errors about `tree`."""
    return tuple(_finding(detail, tree) for detail in error.errors(include_url=False))


def suggest(word: str, known: tuple[str, ...]) -> str | None:
    """Return `did you mean …?` for a misspelt word, or what is known when nothing is near; None when nothing is."""
    return did_you_mean(word, known) or (f"known here: {', '.join(known)}" if known else None)


def _finding(detail: ErrorDetails, tree: Block) -> Finding:
    path = tuple(part for part in detail["loc"] if part != _KEY)
    what, hint = _words(detail, path)
    node = node_at(tree, path)
    at_key = node is None or detail["type"] == "extra_forbidden" or _KEY in detail["loc"]
    place = key_place(tree, path) if at_key or node is None else node.place
    return Finding(place, dotted(path), what, hint)


def _words(detail: ErrorDetails, path: Path) -> tuple[str, str | None]:
    """Return what was expected, and what to write instead."""
    context = detail.get("ctx", {})
    got = _described(detail["input"])
    words: tuple[str, str | None]
    match detail["type"]:
        case kind if kind == CUSTOM:
            words = str(context["what"]), None if context["hint"] is None else str(context["hint"])
        case "missing":
            words = "this key is missing", _missing_hint(path)
        case "extra_forbidden":
            words = "there is no such key", suggest(str(path[-1]), keys_at(path[:-1]))
        case "literal_error":
            known = tuple(re.findall(r"'([^']*)'", str(context["expected"])))
            words = f"expected {' or '.join(known)}, got {got}", suggest(str(detail["input"]), known)
        case "too_short":
            words = "expected at least one entry, got none", _kind_hint("too_short", detail["input"], path)
        case kind if kind in _KINDS:
            words = f"expected {_KINDS[kind].format(**context)}, got {got}", _kind_hint(kind, detail["input"], path)
        case _:
            words = detail["msg"], None
    return words


def _kind_hint(kind: str, value: object, path: Path) -> str | None:
    """Return what to write when a value is of another kind than expected."""
    if kind == "string_type" and isinstance(value, int | float):
        return "put it in quotes"
    if kind == "int_type" and isinstance(value, str) and value.isdecimal():
        return "write it without quotes"
    if kind == "list_type":
        return "write [one, two], or one a line after a dash"
    known = keys_at(path)
    return f"its keys: {', '.join(known)}" if known else None


def _missing_hint(path: Path) -> str | None:
    """Return an example of the missing key, or else what it is."""
    field = field_at(path)
    if field is None:
        return None
    return f"e.g. {path[-1]}: {json.dumps(field.examples[0])}" if field.examples else field.description


def _described(value: object) -> str:
    match value:
        case None:
            return "nothing"
        case bool():
            return "true" if value else "false"
        case str():
            return f"the text {value[:80]!r}"
        case int() | float():
            return f"the number {value}"
        case list():
            return "a list"
        case _:
            return "a mapping"
