"""Paths as people write them: `spec.values.containers[0].image`."""

from __future__ import annotations

import re
from typing import Final

from tidegate.errors.manifest import InvalidPath
from tidegate.yamledit.node import Path

_ESCAPED: Final = re.compile(r"[\\.\[\]]")
_PART: Final = re.compile(r"\[(?P<index>[0-9]{1,9})\]|(?P<dot>\.?)(?P<key>(?:\\[\\.\[\]]|[^\\.\[\]])+)")
_INDEX: Final = re.compile(r"0|[1-9][0-9]{0,8}")


def dotted(path: Path) -> str:
    r"""Return `path` as text; a dot or bracket in a key gets a `\` in front."""
    text = "".join(
        f"[{part}]" if isinstance(part, int) else "." + _ESCAPED.sub(lambda mark: "\\" + mark[0], part) for part in path
    )
    return text.removeprefix(".") or "the document"


def parse_path(text: str) -> Path:
    r"""Return the path that `text` spells: keys between dots, list items as `[0]` or `.0`, `\.` for a dot in a key.

    Raises:
        InvalidPath: an empty key, a bracket without its other half, or a backslash before anything else.
    """
    parts: list[str | int] = []
    position = 0
    while position < len(text) or not parts:
        found = _PART.match(text, position)
        if found is None or (found["key"] is not None and bool(found["dot"]) is not bool(parts)):
            raise InvalidPath(
                f"{text!r} is not a path (character {position + 1})",
                hint=r"keys between dots, list items as [0], e.g. spec.values.list[0].tag; \. is a dot in a key",
            )
        if found["key"] is None:
            parts.append(int(found["index"]))
        else:
            key = re.sub(r"\\(.)", r"\1", found["key"])
            parts.append(int(key) if _INDEX.fullmatch(key) else key)
        position = found.end()
    return tuple(parts)
