"""Go's regular expressions and their templates, as package `regexp` has them (`regexp.go`, `syntax/parse.go`)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, Protocol

import re2

from tidegate.errors.manifest import InvalidRegexp

_ESCAPE: Final = re.compile(r"\\Q.*?(?:\\E|\Z)|\\(.)", re.DOTALL)
_SHOWN: Final = 80
_NUMBER_STOPS: Final = 100_000_000
_MEMORY: Final = 32 << 20
"""Bytes an expression may take: RE2's own 8 MiB refuses a few large expressions that Go takes."""


class Match(Protocol):
    """Where an expression matched; group 0 is the whole."""

    def __getitem__(self, group: int) -> bytes | None: ...


class _Compiled(Protocol):
    groups: int
    groupindex: Mapping[bytes, int]

    def search(self, text: bytes) -> Match | None: ...


class GoRegexp:
    """An expression that matches what Go's `regexp` matches, in time linear in the text.

    Args:
        pattern: RE2 syntax.

    Raises:
        InvalidRegexp: Go does not take the pattern.
    """

    def __init__(self, pattern: str) -> None:
        self.pattern = pattern
        if any(escape[1] == "C" for escape in _ESCAPE.finditer(pattern)):
            raise _invalid(pattern, r"invalid escape sequence: `\C`")
        options = re2.Options()
        options.log_errors = False
        options.max_mem = _MEMORY
        try:
            self._compiled: _Compiled = re2.compile(pattern.encode(), options)
        except re2.error as error:
            raise _invalid(pattern, _reason(error)) from error
        except UnicodeEncodeError as error:
            raise _invalid(pattern, "invalid UTF-8") from error
        if not all(name.isascii() for name in self._compiled.groupindex):
            raise _invalid(pattern, "invalid named capture: a name is of ASCII letters, digits and _")

    def search(self, text: str) -> Match | None:
        """Return the leftmost match in `text`, or None."""
        return self._compiled.search(text.encode("utf-8", "surrogatepass"))

    def group(self, name: str) -> int | None:
        """Return the number of the group that a template means by `name`; None when there is none."""
        number = 0
        for digit in name:
            if not "0" <= digit <= "9" or number >= _NUMBER_STOPS:
                break
            number = number * 10 + int(digit)
        else:
            if name == "0" or not name.startswith("0"):
                return number if number <= self._compiled.groups else None
        return self._compiled.groupindex.get(name.encode(errors="surrogatepass"))


class Template:
    """Replacement text as `Regexp.Expand` reads it: `$name`, `${name}`, `$1`, `$$`.

    A name is as long as it can be: `$1x` is the group `1x`. A group that does not exist or did not match is empty;
    a `$` without a name stays.

    Args:
        text: the template.
        regexp: the expression whose groups it names.
    """

    def __init__(self, text: str, regexp: GoRegexp) -> None:
        self.text = text
        self._parts = _read_template(text, regexp)

    def expand(self, match: Match) -> str:
        """Return the text with the groups of `match` filled in."""
        parts = [
            (match[part] or b"").decode(errors="replace") if isinstance(part, int) else part for part in self._parts
        ]
        return "".join(parts)


def _read_template(text: str, regexp: GoRegexp) -> tuple[str | int, ...]:
    before, *pieces = text.split("$")
    parts: list[str | int] = [before]
    escaped = False
    for index, piece in enumerate(pieces):
        if escaped:
            escaped = False
            parts.append(piece)
        elif not piece and index + 1 < len(pieces):
            escaped = True  # `$$`
            parts.append("$")
        elif (end := _name_end(piece)) is None:
            parts.append("$" + piece)
        else:
            group = regexp.group(piece[:end].strip("{}"))
            parts += [piece[end:]] if group is None else [group, piece[end:]]
    return tuple(part for part in parts if part != "")


def _name_end(text: str) -> int | None:
    """Return where `name` or `{name}` at the start of `text` ends; None when it does not start with one."""
    start = end = 1 if text.startswith("{") else 0
    while end < len(text) and (text[end] == "_" or text[end].isalpha() or text[end].isdecimal()):
        end += 1
    if end == start or (start and text[end : end + 1] != "}"):
        return None
    return end + start


def _reason(error: Exception) -> str:
    reason = error.args[0] if error.args else ""
    return reason.decode(errors="replace") if isinstance(reason, bytes) else str(reason)


def _invalid(pattern: str, reason: str) -> InvalidRegexp:
    shown = f"{pattern[:_SHOWN]!r}{'…' if len(pattern) > _SHOWN else ''}"
    return InvalidRegexp(
        f"{shown} is not a regular expression that Go takes: {reason[:_SHOWN]}",
        hint="write RE2 syntax: no look-around, no back-references",
    )
