"""Holds: an ImagePolicy's range is one version for a while, and an annotation remembers the range byte for byte.

The annotation's value is a JSON object on one line: `version`, `written` (the old range as it stands in the file,
quotes included), `by`, `since`, `reason`, and where they apply `until` and `annotations`: `added`, or the null, such as
`~`, that stood there.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Final

from tidegate.errors import Place
from tidegate.errors.manifest import InvalidHold, InvalidYaml, UnsafeEdit, YamlTooLarge
from tidegate.errors.model import InvalidVersion
from tidegate.flux.follow import Follower
from tidegate.flux.helmrelease import resources_in, view_at
from tidegate.flux.imagepolicy import ImagePolicy
from tidegate.flux.shapes import NULL
from tidegate.model import Version
from tidegate.yamledit import Mapping, Node, Scalar, Sequence, Stream, Style, parse
from tidegate.yamledit.insertion import difference_but_for, insertion, removal, written_span
from tidegate.yamledit.locate import locate, node_at
from tidegate.yamledit.paths import dotted
from tidegate.yamledit.splice import Splice, encoded, reparse
from tidegate.yamledit.write import written

ANNOTATION: Final = "tidegate.dev/hold"

_METADATA: Final = ("metadata",)
_ANNOTATIONS: Final = (*_METADATA, "annotations")
_HOLD: Final = (*_ANNOTATIONS, ANNOTATION)
_PROMOTED: Final = "promoted"
_ADDED: Final = "added"


@dataclass(frozen=True, slots=True)
class Hold:
    """Why a lane stands still.

    Args:
        version: the one version that the range lets through.
        by: who holds.
        since: when it began (UTC).
        reason: one line.
        until: the last day; None: no day.
        until_promoted: it ends when the next environment gets the version or a newer one.
    """

    version: str
    by: str
    since: datetime
    reason: str
    until: date | None = None
    until_promoted: bool = False

    @property
    def end(self) -> str:
        """When it ends, in a person's words."""
        if self.until_promoted:
            return "until it is promoted"
        return f"until {self.until}" if self.until else "until it is resumed"

    def __str__(self) -> str:
        return f"held at {self.version} by {self.by} since {self.since:%Y-%m-%d} {self.end}: {self.reason}"


@dataclass(frozen=True, slots=True)
class HeldRange:
    """A hold as it stands in a file.

    Args:
        hold: the hold.
        range: the range that comes back.
        written: the same as it was written, with its quotes.
        line: line of the annotation.
    """

    hold: Hold
    range: str
    written: str
    line: int


def read_hold(data: bytes, policy: ImagePolicy, *, file: str = "<data>") -> HeldRange | None:
    """Return the hold of `policy` (from `image_policies(data)`), or None when it is not held.

    Raises:
        InvalidHold: the annotation is damaged, or the range is another one than the hold's.
    """
    if ANNOTATION.encode() not in data:
        return None
    stream = parse(data, file=file)
    follower = Follower(stream)
    resource = next(each for each in resources_in(stream, follower) if (each.document, each.path) == policy.at)
    found = view_at(follower, resource.view, *_HOLD)
    if found is None or not isinstance(found.node, Scalar):
        return None
    place = Place(file, found.node.line)
    held = _read(found.node.text, place)
    if policy.range != held.hold.version:
        raise InvalidHold(
            f"the range is {policy.range or 'missing'}, and the hold's is {held.hold.version}: somebody changed it",
            where=Place(file, policy.range_line or policy.line),
            hint=f"delete the annotation {ANNOTATION}, or write {held.hold.version} back and resume",
        )
    return held


def with_hold(data: bytes, policy: ImagePolicy, hold: Hold, *, file: str = "<data>") -> bytes:
    """Return `data` with the range of `policy` at the held version, and the annotation that remembers the range.

    Every other byte stays. `without_hold` gives the very bytes back: that is tried before this returns.

    Raises:
        UnsafeEdit: the policy has no range; or metadata or range are written in a way that can't be restored.
    """
    stream = parse(data, file=file)
    start, end = written_span(stream, policy.range_path, policy.document)
    scalar, flow = locate(stream, policy.range_path, policy.document)
    metadata, _ = node_at(stream, (*policy.path, *_METADATA), policy.document)
    there = metadata.get(_ANNOTATIONS[-1]) if isinstance(metadata, Mapping) else None
    null = _written_null(there)
    note = _note(hold, stream.text[start:end], annotations=_ADDED if there is None else null)
    text = written(note, Style.SINGLE, flow=True)
    if there is not None and null:
        entry = Splice(there.start, there.end, f"{{{ANNOTATION}: {text}}}")
    else:
        parent, keys = (_METADATA, _HOLD[1:]) if there is None else (_ANNOTATIONS, _HOLD[2:])
        entry = insertion(stream, (*policy.path, *parent), keys, text, policy.document)
    style = Style.PLAIN if scalar.style.is_block else scalar.style
    splices = [entry, Splice(start, end, written(hold.version, style, flow=flow))]
    after = reparse(stream, splices)
    _verify(stream, after, policy, hold.version, error=stream)
    result = encoded(after)
    if without_hold(result, policy, file=file) != data:
        raise UnsafeEdit(
            "the hold could not be taken back byte for byte",
            where=Place(file, policy.line),
            hint="write metadata and range in plain lines, one key each",
        )
    return result


def without_hold(data: bytes, policy: ImagePolicy, *, file: str = "<data>") -> bytes:
    """Return `data` with the range that the hold of `policy` remembers, and without the annotation.

    Raises:
        InvalidHold: there is no hold, it is damaged, or the range is another one since.
        UnsafeEdit: the annotation stands otherwise than `with_hold` writes it.
    """
    stream = parse(data, file=file)
    note, _ = locate(stream, (*policy.path, *_HOLD), policy.document)
    place = stream.place(note)
    held = _read(note.text, place)
    start, end = written_span(stream, policy.range_path, policy.document)
    annotations, _ = node_at(stream, (*policy.path, *_ANNOTATIONS), policy.document)
    alone = isinstance(annotations, Mapping) and len(annotations.entries) == 1
    stood = _fields(note.text, place).get("annotations", "") if alone else ""
    if stood in NULL and stood and isinstance(annotations, Mapping) and annotations.flow:
        entry = [Splice(annotations.start, annotations.end, stood)]
    else:
        path = _ANNOTATIONS if stood == _ADDED else _HOLD
        entry = removal(stream, (*policy.path, *path), policy.document)
    before = reparse(stream, [Splice(start, end, held.written), *entry])
    _verify(before, stream, policy, held.hold.version, error=stream)
    return encoded(before)


def _verify(before: Stream, after: Stream, policy: ImagePolicy, version: str, *, error: Stream) -> None:
    """Check that `after` is `before` with the hold, and nothing else."""
    scalar, _ = locate(before, policy.range_path, policy.document)
    hold = (*policy.path, *_HOLD)
    path = difference_but_for(before, after, policy.document, hold, {id(scalar): version})
    if path is not None:
        raise UnsafeEdit(
            f"{dotted(path)} would not read as it should afterwards",
            where=Place(error.file),
            hint="make this change by hand",
        )


def _written_null(node: Node | None) -> str:
    """Return how a value says that there is nothing, e.g. `~`; "" when it says something, or is not written."""
    plain = isinstance(node, Scalar) and node.style is Style.PLAIN and node.tag is None and node.anchor is None
    return node.text if isinstance(node, Scalar) and plain and node.text in NULL else ""


def _note(hold: Hold, raw: str, *, annotations: str) -> str:
    fields = {
        "version": hold.version,
        "written": raw,
        "by": hold.by,
        "since": hold.since.astimezone(UTC).isoformat(timespec="seconds"),
        "reason": hold.reason,
    }
    if hold.until_promoted or hold.until:
        fields["until"] = _PROMOTED if hold.until_promoted else str(hold.until)
    if annotations:
        fields["annotations"] = annotations
    return json.dumps(fields)


def _read(text: str, place: Place) -> HeldRange:
    fields = _fields(text, place)
    try:
        until = fields.get("until")
        hold = Hold(
            version=str(Version.parse(fields["version"])),
            by=fields["by"],
            since=datetime.fromisoformat(fields["since"]),
            reason=fields["reason"],
            until=None if until in {None, _PROMOTED} else date.fromisoformat(until or ""),
            until_promoted=until == _PROMOTED,
        )
        range_ = _value(fields["written"], place)
        if hold.since.tzinfo is None:
            raise _damaged(place)
    except (KeyError, ValueError, InvalidVersion, InvalidYaml, YamlTooLarge) as error:
        raise _damaged(place) from error
    return HeldRange(hold, range_, fields["written"], place.line or 1)


def _fields(text: str, place: Place) -> dict[str, str]:
    try:
        content: object = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _damaged(place) from error
    if not isinstance(content, dict) or not all(isinstance(value, str) for value in content.values()):
        raise _damaged(place)
    return content


def _value(raw: str, place: Place) -> str:
    """Return what a scalar says that is written as `raw`."""
    root = parse(f"- {raw}".encode()).documents[0]
    if isinstance(root, Sequence) and len(root.items) == 1 and isinstance(root.items[0], Scalar):
        return root.items[0].text
    raise _damaged(place)


def _damaged(place: Place) -> InvalidHold:
    return InvalidHold(
        f"the annotation {ANNOTATION} is damaged",
        where=place,
        hint="delete it and write the range by hand; `git log -p` shows what both were",
    )
