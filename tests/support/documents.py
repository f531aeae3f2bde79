"""What documentation shows, compared with what programs print."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

LEFT_OUT: Final = "…"

_CHANGING: Final = (
    (re.compile(r"\b[0-9a-f]{64}\b|\b[0-9a-f]{12}\b"), "HEX"),
    (re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d \([^)]*\)"), "SINCE"),
    (re.compile(r"\d+\.\d s\b"), "SECONDS"),
    (re.compile(r"\s+"), " "),  # columns are as wide as what changes
)


@dataclass(frozen=True, slots=True)
class Shown:
    """A command line in a document, and what it is said to print."""

    command: str
    lines: tuple[str, ...]


def blocks(text: str, language: str) -> list[str]:
    """Return the fenced blocks of a Markdown text that are marked as `language`."""
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def commands(block: str) -> Iterator[Shown]:
    """Yield the command lines of a console block."""
    for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
        command, *lines = part.splitlines()
        yield Shown(command, tuple(lines))


def steady(line: str) -> str:
    """Return `line` without what differs from run to run."""
    for pattern, word in _CHANGING:
        line = pattern.sub(word, line)
    return line.strip()


def first_missing(shown: list[str] | tuple[str, ...], printed: str) -> str | None:
    """Return the first of the shown lines that `printed` does not have after the one before it; None: all are there."""
    rest = iter(steady(line) for line in printed.splitlines())
    for line in shown:
        if line.strip() and line.strip() != LEFT_OUT and steady(line) not in rest:
            return line
    return None
