"""One entry of a mapping as text: where it begins and ends with its comments, and how it reads elsewhere."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from tidegate.yamledit.node import Alias, Mapping, Node, Scalar, Sequence

_COMMENT_LINE: Final = re.compile(r"([ \t]*)#[^\r\n]*\r?")
_BLANK_LINE: Final = re.compile(r"[ \t]*\r?")
_TO_LINE_END: Final = re.compile(r"(?:[ \t]+(?:#[^\r\n]*)?)?")
_KEEPS_BLANK_LINES: Final = re.compile(r"(?:[&!]\S*\s+)*[|>][1-9]?\+")


class Extent(NamedTuple):
    """The lines of one entry in a block mapping.

    Args:
        start: offset of the first character of its first line: of the comment above the key, or of the key's line.
        end: offset of the end of its last line, before the line end.
        column: spaces in front of the key.
    """

    start: int
    end: int
    column: int


def extent(text: str, key: Node, value: Node) -> Extent | None:
    """Return the lines of an entry; None when the key does not stand first on its line.

    The comment lines right above the key, at its indentation, belong to it; so do the deeper comment lines that
    follow its value.
    """
    start = text.rfind("\n", 0, key.start) + 1
    column = key.start - start
    if text[start : key.start].strip(" "):
        return None
    end = _last_line_end(text, content_end(text, value), column)
    while start:
        above = text.rfind("\n", 0, start - 1) + 1
        comment = _COMMENT_LINE.fullmatch(text, above, start - 1)
        if comment is None or comment.end(1) - above != column:
            break
        start = above
    return Extent(start, end, column)


def content_end(text: str, node: Node) -> int:
    """Return the offset after the last character of `node`; libyaml ends a block where the next token starts."""
    if isinstance(node, Alias):
        return node.end
    if isinstance(node, Scalar):
        if not node.style.is_block:
            return node.end
        body = text[node.start : node.end]
        if _KEEPS_BLANK_LINES.match(body):
            return node.end - (2 if body.endswith("\r\n") else 1 if body.endswith("\n") else 0)
        return node.start + len(body.rstrip())
    if node.flow:
        return node.end
    last = node.entries[-1][1] if isinstance(node, Mapping) else node.items[-1]
    return content_end(text, last)


def _last_line_end(text: str, end: int, column: int) -> int:
    found = _TO_LINE_END.match(text, end)
    last = end = found.end() if found else end
    while True:
        line = text.find("\n", end) + 1
        if not line:
            return last
        stop = text.find("\n", line)
        stop = len(text) if stop < 0 else stop
        comment = _COMMENT_LINE.fullmatch(text, line, stop)
        if comment is not None and comment.end(1) - line > column:
            last = stop - text[line:stop].endswith("\r")
        elif comment is not None or not _BLANK_LINE.fullmatch(text, line, stop):
            return last
        if stop == len(text):
            return last
        end = stop


def shifted(lines: str, by: int, line_end: str) -> str:
    """Return an entry's text with its indentation changed by `by` spaces and its lines ended by `line_end`."""
    result = []
    for line in lines.replace("\r\n", "\n").split("\n"):
        if by < 0:
            spaces = len(line) - len(line.lstrip(" "))
            result.append(line[min(spaces, -by) :])
        else:
            result.append(" " * by + line if line else line)
    return line_end.join(result)


def has_reference(node: Node) -> bool:
    """Return whether an anchor or an alias stands on or in `node`."""
    if isinstance(node, Alias) or node.anchor is not None:
        return True
    if isinstance(node, Mapping):
        return any(has_reference(key) or has_reference(value) for key, value in node.entries)
    return isinstance(node, Sequence) and any(has_reference(item) for item in node.items)
