"""Replacing pieces of a text, and reading the result again."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from tidegate.errors import Place
from tidegate.errors.manifest import InvalidYaml, UnsafeEdit
from tidegate.yamledit.compare import Wanted, first_difference
from tidegate.yamledit.paths import dotted
from tidegate.yamledit.stream import BOM, Stream, parse_text


class Splice(NamedTuple):
    """The characters from `start` up to `end` become `text`."""

    start: int
    end: int
    text: str


def reparse(stream: Stream, splices: Iterable[Splice]) -> Stream:
    """Return what `stream` reads as after `splices`, which must not overlap; at one place, the first comes first.

    Raises:
        UnsafeEdit: the result is not YAML.
    """
    pieces = []
    position = 0
    for start, end, text in sorted(splices, key=lambda splice: splice[:2]):
        pieces += [stream.text[position:start], text]
        position = end
    pieces.append(stream.text[position:])
    try:
        return parse_text("".join(pieces), bom=stream.bom, file=stream.file)
    except InvalidYaml as error:
        raise unexpected(stream, "the file would not be YAML afterwards") from error


def verify(before: Stream, after: Stream, wanted: Wanted) -> None:
    """Check that `after` says what `before` says, but for the `wanted` values.

    Raises:
        UnsafeEdit: it does not.
    """
    if len(before.documents) != len(after.documents):
        raise unexpected(before, "the number of documents would change")
    for one, other in zip(before.documents, after.documents, strict=True):
        path = first_difference(one, other, wanted)
        if path is not None:
            raise unexpected(before, f"{dotted(path)} would not read as it should afterwards")


def unexpected(stream: Stream, why: str) -> UnsafeEdit:
    """Return the error for a splice whose result reads otherwise than it should."""
    return UnsafeEdit(f"the edit can't be made: {why}", where=Place(stream.file), hint="make this change by hand")


def encoded(stream: Stream) -> bytes:
    """Return the bytes of `stream`; for an unchanged stream, the very bytes that it was read from."""
    text = BOM + stream.text if stream.bom else stream.text
    return text.encode("utf-8")
