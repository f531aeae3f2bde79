"""From an answer that says no to the error that it stands for."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import Final

from tidegate.errors import TidegateError
from tidegate.errors.forge import ForgeFailed, ForgeRefused
from tidegate.errors.http import ServerBusy
from tidegate.forge.gitlab.refusals import RULES, Rule

_LONGEST_TEXT: Final = 300
_DEEPEST: Final = 8
"""Lists and objects in one another. What a proxy or a broken server nests without end is nobody's word."""
_ONLY_ERROR: Final = "error: "
"""What stands before the words of a body that has `error` and no `message`: GitLab's router and its parameter check."""


def failure(call: str, where: str, status: int, body: bytes, retry_after: float | None = None) -> TidegateError:
    """Return the error that an answer stands for.

    Args:
        call: `METHOD /path`, decoded, without a query.
        where: the request, for people.
        status: the answer's status, 400 or more.
        body: the answer's body; JSON, text or a page.
        retry_after: seconds that it asks to wait, or None.
    """
    text = said(body)
    rule = next((one for one in RULES if one.fits(call, status, text)), None)
    if rule is None:
        rule = _otherwise(call, status)
    shown = text.removeprefix(_ONLY_ERROR).removeprefix(str(status)).strip()
    words = f" (GitLab: {f'{status} {shown}'.strip()})"
    if issubclass(rule.kind, ServerBusy):
        return rule.kind(rule.what + words, where=where, hint=rule.hint, retry_after=retry_after)
    return rule.kind(rule.what + words, where=where, hint=rule.hint)


def said(body: bytes) -> str:
    """Return GitLab's own words in one line: `message` or `error: …`, whatever their shape; "" for a page of HTML."""
    try:
        document: object = json.loads(body)
    except (ValueError, RecursionError):
        text = body.decode(errors="replace").strip()
        return "" if text.startswith("<") else _printable(text)
    if not isinstance(document, dict):
        return ""
    parts = [_flat(document.get(name)) for name in ("message", "error", "error_description")]
    return _printable(("" if parts[0] else _ONLY_ERROR) + ": ".join(filter(None, parts)))


def _flat(value: object, levels: int = _DEEPEST) -> str:
    match value:
        case str():
            return value
        case list() if levels:
            return ", ".join(_flat(one, levels - 1) for one in value)
        case dict() if levels:
            words = ((name, _flat(one, levels - 1)) for name, one in value.items())
            return ", ".join(text if name in {"error", "base"} else f"{name} {text}" for name, text in words)
        case _:
            return ""


def _otherwise(call: str, status: int) -> Rule:
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return Rule(call, status, "", ForgeFailed, "GitLab failed inside", "try again; if it stays, ask who runs it")
    return Rule(call, status, "", ForgeRefused, "GitLab refuses this", "GitLab's own words say why")


def _printable(text: str) -> str:
    return "".join(letter for letter in " ".join(text.split()) if letter.isprintable())[:_LONGEST_TEXT]
