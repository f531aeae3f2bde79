"""Commit messages with trailers at their end (git-interpret-trailers), written and read back."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

_TRAILER: Final = re.compile(r"(?P<name>[A-Za-z0-9][A-Za-z0-9-]*)[ \t]*:(?!//)[ \t]*(?P<value>.*)")
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]*")
_NOT_IN_A_LINE: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")


def one_line(text: str) -> str:
    """Return `text` with everything that could end a line, or is no character, turned into a space."""
    return _NOT_IN_A_LINE.sub(" ", text).strip()


def compose(subject: str, body: str, trailers: Mapping[str, str]) -> str:
    """Return a whole commit message.

    Args:
        subject: the first line; line ends in it become spaces.
        body: text below it; may be empty.
        trailers: name → value, written last, in order. A value can't start another line.

    Raises:
        ValueError: a trailer's name is not letters, digits and dashes.
    """
    parts = [one_line(subject) or "(no subject)"]
    text = plain(body)
    if text:
        parts.append(text)
    if trailers:
        parts.append("\n".join(_line(name, value) for name, value in trailers.items()))
    return "\n\n".join(parts) + "\n"


def plain(text: str) -> str:
    """Return `text` without NUL and surrogates, with LF line ends, and without blank lines around it."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "")
    return lines.encode("utf-8", "ignore").decode().strip("\n")


def _line(name: str, value: str) -> str:
    if not _NAME.fullmatch(name):
        raise ValueError(f"{name!r} can't be a trailer's name")
    return f"{name}: {one_line(value)}".rstrip()


def subject_of(message: str) -> str:
    """Return a message's first line."""
    return message.lstrip("\n").partition("\n")[0].strip()


def trailers_of(message: str) -> dict[str, str]:
    """Return the trailers at the end of a message; of a repeated one, the last.

    Only a last paragraph of which every line is a trailer, or goes on with one (indented), counts, and never the
    first paragraph. That is narrower than git: a sentence with a colon in it does not become a trailer.
    """
    paragraphs = re.split(r"\n[ \t]*\n+", message.strip("\n"))
    if len(paragraphs) == 1:
        return {}
    found: dict[str, list[str]] = {}
    value: list[str] | None = None
    for line in paragraphs[-1].split("\n"):
        match = _TRAILER.fullmatch(line)
        if match is not None:
            found[match["name"]] = value = [match["value"].strip()]
        elif value is not None and line[:1] in {" ", "\t"} and line.strip():
            value.append(line.strip())  # joined at the end: a message may have any length, and so many lines
        else:
            return {}
    return {name: " ".join(lines) for name, lines in found.items()}
