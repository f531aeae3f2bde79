"""What a registry asks for when it answers 401. Follows RFC 9110, section 11.6.1, and distribution's token spec."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

_WORD: Final = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_PARAMETER: Final = re.compile(rf'({_WORD})\s*=\s*(?:"((?:[^"\\]|\\.)*)"|({_WORD})(?=\s*(?:,|$)))')
_SCHEME: Final = re.compile(rf"({_WORD})(?=\s|,|$)")
_SEPARATOR: Final = re.compile(r"[\s,]*")
_LONGEST: Final = 8192


@dataclass(frozen=True, slots=True)
class Challenge:
    """One way to prove who we are.

    Args:
        scheme: lower-case, e.g. `bearer`.
        parameters: lower-case name → value.
    """

    scheme: str
    parameters: Mapping[str, str]


def parse_challenges(fields: Iterable[str]) -> tuple[Challenge, ...]:
    """Return the challenges of all WWW-Authenticate `fields`; what can't be read is left out."""
    found: list[tuple[str, dict[str, str]]] = []
    for field in fields:
        _parse(field[:_LONGEST], found)
    return tuple(Challenge(scheme, parameters) for scheme, parameters in found)


def _parse(text: str, found: list[tuple[str, dict[str, str]]]) -> None:
    position = 0
    while True:
        separator = _SEPARATOR.match(text, position)
        position = separator.end() if separator else position
        if position >= len(text):
            return
        if parameter := _PARAMETER.match(text, position):
            name, quoted, plain = parameter.groups()
            if found:
                found[-1][1].setdefault(name.lower(), plain or re.sub(r"\\(.)", r"\1", quoted or ""))
            position = parameter.end()
        elif scheme := _SCHEME.match(text, position):
            found.append((scheme[1].lower(), {}))
            position = scheme.end()
        else:
            comma = text.find(",", position)
            position = len(text) if comma < 0 else comma
