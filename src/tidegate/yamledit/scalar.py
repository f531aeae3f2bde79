"""The splice that gives one scalar another value."""

from __future__ import annotations

import re
from typing import Final

from tidegate.errors.manifest import UnsafeEdit
from tidegate.yamledit.locate import Target
from tidegate.yamledit.node import Path
from tidegate.yamledit.paths import dotted
from tidegate.yamledit.splice import Splice
from tidegate.yamledit.stream import Stream
from tidegate.yamledit.strings import STRING_TAGS, reads_as_string
from tidegate.yamledit.write import block_lines, written

_TYPE_TAGS: Final = frozenset(f"tag:yaml.org,2002:{name}" for name in ("int", "float", "bool", "null", "timestamp"))
_PROPERTY: Final = re.compile(r"(?:&[0-9A-Za-z_-]+|!<[^>\s]*>|![^\s,\[\]{}]*)[ \t\r\n]*")
_BLOCK: Final = re.compile(r"[|>](?P<chomping>-?)[ \t]*(?:#[^\r\n]*)?(?P<end>\r?\n)(?:[ \t]*\r?\n)*(?P<indent> +)")


def scalar_splice(stream: Stream, target: Target, path: Path, value: str) -> Splice | None:
    """Return the splice after which the scalar reads as the string `value`; None when it does already.

    A tag such as `!!int`, which Flux's setter is known to write, goes: what is written is a string.

    Raises:
        UnsafeEdit: the scalar is written in a way that can't be kept.
    """
    scalar = target.scalar
    if scalar.text == value and reads_as_string(scalar):
        return None
    try:
        value.encode("utf-8")
    except UnicodeEncodeError as error:
        what = f"the new value of {dotted(path)} is not Unicode text"
        raise UnsafeEdit(what, where=stream.place(scalar), hint="write the value in UTF-8") from error
    if scalar.tag is not None and scalar.tag not in STRING_TAGS | _TYPE_TAGS:
        raise _refused(stream, target, path, f"has the tag {scalar.tag}, whose meaning is not known here")
    content = content_start(stream, target, path)
    if scalar.style.is_block:
        return _block_splice(stream, target, path, content, value)
    tagged = scalar.tag in STRING_TAGS
    text = written(value, scalar.style, flow=target.flow, tagged=tagged)
    if scalar.tag is not None and not tagged:
        anchor = f"&{scalar.anchor} " if scalar.anchor is not None else ""
        return Splice(scalar.start, scalar.end, anchor + text)
    before = stream.text[content - 1 : content]
    gap = " " if content == scalar.end and before.strip() else ""
    return Splice(content, scalar.end, gap + text)


def content_start(stream: Stream, target: Target, path: Path) -> int:
    """Return the offset after the scalar's anchor and tag; raises `UnsafeEdit` when a comment stands there."""
    scalar = target.scalar
    position = scalar.start
    while position < scalar.end and stream.text[position] in "&!":
        found = _PROPERTY.match(stream.text, position, scalar.end)
        if found is None:
            break
        position = found.end()
    if stream.text[position : position + 1] == "#":
        raise _refused(stream, target, path, "has a comment between its anchor or tag and its text")
    return position


def _block_splice(stream: Stream, target: Target, path: Path, content: int, value: str) -> Splice:
    scalar = target.scalar
    header = _BLOCK.match(stream.text, content, scalar.end)
    if header is None:
        raise _refused(stream, target, path, f"is a block scalar ({scalar.style.value}) with an unusual header or body")
    lines = block_lines(value, scalar.style, line_feed=scalar.text.endswith("\n"))
    if lines is None:
        raise _refused(stream, target, path, f"is a block scalar ({scalar.style.value}) that can't hold the new value")
    start = header.start("indent")
    end = start + len(stream.text[start : scalar.end].rstrip(" \t\r\n"))
    joined = header["end"].join(header["indent"] + line if line else "" for line in lines)
    return Splice(start, end, joined)


def _refused(stream: Stream, target: Target, path: Path, why: str) -> UnsafeEdit:
    return UnsafeEdit(
        f"{dotted(path)} {why}",
        where=stream.place(target.scalar),
        hint="write the value on one line, then edit it",
    )
