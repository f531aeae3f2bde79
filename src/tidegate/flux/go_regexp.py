"""Go's regular expressions and their templates, as package `regexp` has them (`regexp.go`, `syntax/parse.go`)."""

from __future__ import annotations

import re
from typing import Final, Protocol

import re2

from tidegate.errors.manifest import InvalidRegexp

_CLASS_ITEM: Final = r"(?:\[:\^?\w+:\]|\\[pP](?:\{[^}]*\}|.)|\\[dDsSwW]|(?:\\.|[^\\])(?:-(?!\])(?:\\.|[^\\]))?)"
_TOKEN: Final = re.compile(
    rf"""
    \\Q .*? (?: \\E | \Z )
    | \\ (?: [xpP]\{{[^}}]*\}} | (?P<escaped>.) )
    | \[ \^? {_CLASS_ITEM} (?: (?!\]) {_CLASS_ITEM} )* \]
    | \(\? [imsU-]* (?P<flags>[:)])
    | (?P<open>\() (?: \?P?<(?P<name>[^>]*)> )?
    | (?P<close>\))
    | \{{ (?P<least>0|[1-9][0-9]*) (?: ,(?P<most>0|[1-9][0-9]*)? )? \}}
    """,
    re.DOTALL | re.VERBOSE,
)
"""What a well-formed expression has apart from plain characters; a `(`, `{` or name in quotes or a class is none."""
_REPEATED: Final = re.compile(r"[*+?]|\{(?:0|[1-9][0-9]*)(?:,(?:0|[1-9][0-9]*)?)?\}")
_MAX_REPEAT: Final = 1000
_MAX_NESTING: Final = 999
"""Go's `maxHeight` is 1000, and what the innermost group holds is one of them."""
_SHOWN: Final = 80
_NUMBER_STOPS: Final = 100_000_000
_MEMORY: Final = 32 << 20
"""Bytes an expression may take: RE2's own 8 MiB refuses a few large expressions that Go takes."""


class Match(Protocol):
    """Where an expression matched; group 0 is the whole."""

    def __getitem__(self, group: int) -> bytes | None: ...


class _Compiled(Protocol):
    groups: int

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
        options = re2.Options()
        options.log_errors = False
        options.max_mem = _MEMORY
        try:
            self._compiled: _Compiled = re2.compile(pattern.encode(), options)
        except re2.error as error:
            raise _invalid(pattern, _reason(error)) from error
        except UnicodeEncodeError as error:
            raise _invalid(pattern, "invalid UTF-8") from error
        self._named = _named_groups(pattern)

    def search(self, text: str) -> Match | None:
        """Return the leftmost match in `text`, or None."""
        return self._compiled.search(text.encode("utf-8", "surrogatepass"))

    def groups(self, name: str) -> tuple[int, ...]:
        """Return the numbers of the groups that a template means by `name`, leftmost first."""
        number = 0
        for digit in name:
            if not "0" <= digit <= "9" or number >= _NUMBER_STOPS:
                break
            number = number * 10 + int(digit)
        else:
            if name == "0" or not name.startswith("0"):
                return (number,) if number <= self._compiled.groups else ()
        return tuple(self._named.get(name, ()))


class Template:
    """Replacement text as `Regexp.Expand` reads it: `$name`, `${name}`, `$1`, `$$`.

    A name is as long as it can be: `$1x` is the group `1x`. A group that does not exist or did not match is empty;
    of groups of one name, the first that matched counts. A `$` without a name stays.

    Args:
        text: the template.
        regexp: the expression whose groups it names.
    """

    def __init__(self, text: str, regexp: GoRegexp) -> None:
        self.text = text
        self._parts = _read_template(text, regexp)

    def expand(self, match: Match) -> str:
        """Return the text with the groups of `match` filled in."""
        return "".join([part if isinstance(part, str) else _first_matched(match, part) for part in self._parts])


def _first_matched(match: Match, groups: tuple[int, ...]) -> str:
    for group in groups:
        if (found := match[group]) is not None:
            return found.decode(errors="replace")
    return ""


def _named_groups(pattern: str) -> dict[str, list[int]]:
    """Return the groups of each name in an expression that RE2 takes; raise when Go does not take it."""
    named: dict[str, list[int]] = {}
    count = 0
    nesting = _Nesting()
    for token in _TOKEN.finditer(pattern):
        if token["escaped"] == "C":
            raise _invalid(pattern, r"invalid escape sequence: `\C`")
        if token["open"]:
            count += 1
            if (name := token["name"]) is not None:
                if not name.isascii():
                    raise _invalid(pattern, "invalid named capture: a name is of ASCII letters, digits and _")
                named.setdefault(name, []).append(count)
        elif any(_is_over(times) for times in token.group("least", "most")):
            raise _invalid(pattern, f"invalid repeat count: {token[0]}")
        if nesting.after(token) > _MAX_NESTING:
            raise _invalid(pattern, "expression nests too deeply")
    return named


def _is_over(times: str | None) -> bool:
    return times is not None and (len(times) > len(str(_MAX_REPEAT)) or int(times) > _MAX_REPEAT)


class _Nesting:
    """How deep groups nest, as Go counts: one that only groups adds nothing, unless it is repeated."""

    def __init__(self) -> None:
        self._open: list[tuple[int, int]] = []
        self._deepest = 0

    def after(self, token: re.Match[str]) -> int:
        """Return the deepest nesting within the group that `token` is in or closes, that group included."""
        if token["open"] or token["flags"] == ":":
            self._open.append((self._deepest, 1 if token["open"] else 0))
            self._deepest = 0
        elif token["close"]:
            beside, own = self._open.pop()
            repeated = _REPEATED.match(token.string, token.end()) is not None
            self._deepest = max(beside, self._deepest + own + repeated)
        return self._deepest


def _read_template(text: str, regexp: GoRegexp) -> tuple[str | tuple[int, ...], ...]:
    before, *pieces = text.split("$")
    parts: list[str | tuple[int, ...]] = [before]
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
            parts += [regexp.groups(piece[:end].strip("{}")), piece[end:]]
    return tuple(part for part in parts if part)


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
