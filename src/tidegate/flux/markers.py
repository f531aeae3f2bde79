"""Setter markers: the comments by which Flux's image automation finds the values that it may change.

A marker is a whole comment that is a JSON object of strings with the key `$imagepolicy`. It counts at the end of a
value's own line, on the header of a block scalar, or as the one comment line above a value (not above a key), as
kyaml `fieldmeta.go` reads the comments that go-yaml v3 gives to a scalar.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Final, NamedTuple

from tidegate.yamledit import Scalar, Stream

_KEY: Final = "$imagepolicy"
_PARTS: Final = frozenset({"tag", "name", "digest"})
_AFTER: Final = re.compile(r"(?:[ \t]*,)?(?P<gap>[ \t]+)(?P<comment>#[^\r\n]*)")
_HEADER: Final = re.compile(r"(?:[&!]\S*[ \t]+)*[|>][-+0-9]{0,2}(?P<gap>[ \t]+)(?P<comment>#[^\r\n]*)")
_COMMENT_LINE: Final = re.compile(r"[ \t]*(?P<comment>#[^\r\n]*)\r?")
_BEFORE_VALUE: Final = re.compile(r"[ \t]*(?:-[ \t]+)?")


@dataclass(frozen=True, slots=True)
class SetterMarker:
    """Which ImagePolicy sets a value.

    Args:
        namespace: the policy's namespace.
        name: the policy's name.
        field: which part of the image is set: `tag`, `name` or `digest`; None for the whole reference.
    """

    namespace: str
    name: str
    field: str | None = None

    def __str__(self) -> str:
        return ":".join(part for part in (self.namespace, self.name, self.field) if part)


class MarkerSpan(NamedTuple):
    """A marker and the characters to delete to be rid of it."""

    marker: SetterMarker
    start: int
    end: int


def marker_in(comment: str) -> SetterMarker | None:
    """Return the marker that a comment (with its `#`) is, or None."""
    if _KEY not in comment:
        return None
    try:
        content = json.loads(comment.lstrip("#"))
    except (ValueError, RecursionError):
        return None
    if not isinstance(content, dict) or not all(isinstance(value, str) for value in content.values()):
        return None
    namespace, _, rest = content.get(_KEY, "").partition(":")
    name, colon, field = rest.partition(":")
    if not namespace or not name or (colon and field not in _PARTS):
        return None
    return SetterMarker(namespace, name, field or None)


def marker_of(stream: Stream, scalar: Scalar) -> MarkerSpan | None:
    """Return the marker of a value (not of a key), or None.

    Args:
        stream: the file that `scalar` is in.
        scalar: a list item or the value of a mapping's entry.
    """
    if _KEY not in stream.text or scalar.start == scalar.end:
        return None  # go-yaml gives the comment beside an empty value to its key
    text = stream.text
    found = _HEADER.match(text, scalar.start) if scalar.style.is_block else _AFTER.match(text, scalar.end)
    if found:
        marker = marker_in(found["comment"])
        if marker:
            return MarkerSpan(marker, found.start("gap"), found.end())
    return _marker_above(text, scalar)


def _marker_above(text: str, scalar: Scalar) -> MarkerSpan | None:
    line = text.rfind("\n", 0, scalar.start) + 1
    if line == 0 or not _BEFORE_VALUE.fullmatch(text, line, scalar.start):
        return None
    above = text.rfind("\n", 0, line - 1) + 1
    found = _COMMENT_LINE.fullmatch(text, above, line - 1)
    marker = marker_in(found["comment"]) if found else None
    if marker is None:
        return None
    further = text.rfind("\n", 0, max(above - 1, 0)) + 1
    if above and _COMMENT_LINE.fullmatch(text, further, above - 1):
        return None
    return MarkerSpan(marker, above, line)
