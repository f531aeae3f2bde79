"""An entry put into a mapping, and taken out again so that every byte is as it was before.

In a block mapping it stands on a line of its own behind the last entry; in brackets, behind the last one, too.
"""

from __future__ import annotations

import re
from typing import Final, TypeAlias

from tidegate.errors.manifest import UnsafeEdit
from tidegate.yamledit.compare import Wanted, first_difference
from tidegate.yamledit.entry import content_end, extent
from tidegate.yamledit.locate import MERGE_KEY, locate, node_at
from tidegate.yamledit.node import Mapping, Node, Path, Scalar, Sequence, Style
from tidegate.yamledit.paths import dotted
from tidegate.yamledit.scalar import content_start
from tidegate.yamledit.splice import Splice
from tidegate.yamledit.stream import Stream

KeyPath: TypeAlias = tuple[str, ...]

_STEP: Final = 2
_NULL: Final = frozenset({"", "~", "null", "Null", "NULL"})
_COMMA_AFTER: Final = re.compile(r"[ \t]*,[ \t]?")


def written_span(stream: Stream, path: Path, document: int = 0) -> tuple[int, int]:
    """Return where the text of the scalar at `path` starts and ends, quotes included, anchor and tag not.

    Of a block scalar it is the header and the lines up to the last one that is not blank.

    Raises:
        UnsafeEdit: as `locate`; or there is nothing written.
    """
    target = locate(stream, path, document)
    start = content_start(stream, target, path)
    end = start + len(stream.text[start : target.scalar.end].rstrip())
    if start == end:
        raise UnsafeEdit(f"{dotted(path)} is empty", where=stream.place(target.scalar), hint="write a value first")
    return start, end


def insertion(stream: Stream, parent: Path, keys: KeyPath, value: str, document: int = 0) -> Splice:
    """Return the splice that puts `keys` (one inside the other) with `value` into the mapping at `parent`.

    Args:
        parent: a mapping, or a key without a value.
        keys: must not be there; keys that are plain text in YAML.
        value: YAML on one line that reads alike inside and outside of brackets, such as a quoted string.

    Raises:
        UnsafeEdit: `parent` is something else, is shared by an alias, or does not stand on lines of its own.
    """
    node, _ = node_at(stream, parent, document)
    if isinstance(node, Scalar) and node.start == node.end and node.style is Style.PLAIN:
        return _below_key(stream, parent, keys, value, document)
    if not isinstance(node, Mapping):
        raise UnsafeEdit(
            f"{dotted(parent)} is not a mapping that an entry can be added to",
            where=stream.place(node),
            hint="write it as a mapping, or delete it",
        )
    if node.get(MERGE_KEY) is not None:
        raise UnsafeEdit(
            f"{dotted((*parent, keys[0]))} may come through the merge key <<",
            where=stream.place(node),
            hint="write it out in this mapping, or delete the merge key",
        )
    if node.flow:
        return _in_brackets(stream, node, keys, value)
    last = extent(stream.text, *node.entries[-1])
    if last is None:
        raise _unusual(stream, parent, node)
    return _lines(stream, last.end, last.column, keys, value)


def _below_key(stream: Stream, parent: Path, keys: KeyPath, value: str, document: int) -> Splice:
    above, flow = node_at(stream, parent[:-1], document)
    key = next(above.named(str(parent[-1])))[0] if isinstance(above, Mapping) else above
    line = stream.text.rfind("\n", 0, key.start) + 1
    if flow or (isinstance(above, Mapping) and above.flow) or stream.text[line : key.start].strip(" "):
        raise _unusual(stream, parent, key)
    end = stream.text.find("\n", key.end)
    end = len(stream.text) if end < 0 else end - stream.text[:end].endswith("\r")
    return _lines(stream, end, key.start - line + _STEP, keys, value)


def _lines(stream: Stream, at: int, column: int, keys: KeyPath, value: str) -> Splice:
    line_end = "\r\n" if "\r\n" in (stream.text[at : at + 2] or stream.text) else "\n"
    lines = [f"{' ' * (column + _STEP * depth)}{key}:" for depth, key in enumerate(keys)]
    return Splice(at, at, line_end + line_end.join(lines) + f" {value}")


def _in_brackets(stream: Stream, mapping: Mapping, keys: KeyPath, value: str) -> Splice:
    *outer, inner = keys
    entry = f"{inner}: {value}"
    for key in reversed(outer):
        entry = f"{key}: {{{entry}}}"
    if mapping.entries:
        end = content_end(stream.text, mapping.entries[-1][1])
        return Splice(end, end, f", {entry}")
    start = stream.text.index("{", mapping.start) + 1
    return Splice(start, start, entry)


def removal(stream: Stream, path: Path, document: int = 0) -> list[Splice]:
    """Return the splices that take out the entry at `path`, which stands as `insertion` writes it.

    An entry whose value is a mapping must be the only thing that `insertion` put there: its lines go one by one.

    Raises:
        UnsafeEdit: it is not there, or stands otherwise.
    """
    value, _ = node_at(stream, path, document)
    parent, _ = node_at(stream, path[:-1], document)
    if not isinstance(parent, Mapping):
        raise _unusual(stream, path, parent)
    number = next(index for index, entry in enumerate(parent.entries) if entry[1] is value)
    key = parent.entries[number][0]
    if parent.flow:
        end = content_end(stream.text, value)
        if number:
            return [Splice(content_end(stream.text, parent.entries[number - 1][1]), end, "")]
        comma = _COMMA_AFTER.match(stream.text, end)
        return [Splice(key.start, comma.end() if comma else end, "")]
    inner = [name for name, _ in value.entries] if isinstance(value, Mapping) and not value.flow else []
    return [_whole_line(stream, path, each) for each in (key, *inner)]


def _whole_line(stream: Stream, path: Path, key: Node) -> Splice:
    text = stream.text
    start = text.rfind("\n", 0, key.start)
    end = text.find("\n", key.start)
    end = len(text) if end < 0 else end - text[:end].endswith("\r")
    if start < 0 or text[start + 1 : key.start].strip(" "):
        raise _unusual(stream, path, key)
    return Splice(start - text[:start].endswith("\r"), end, "")


def _unusual(stream: Stream, path: Path, node: Node) -> UnsafeEdit:
    return UnsafeEdit(
        f"{dotted(path)} does not stand on lines of its own",
        where=stream.place(node),
        hint="write the mapping over several lines, one key each",
    )


def difference_but_for(before: Stream, after: Stream, document: int, path: Path, wanted: Wanted) -> Path | None:
    """Return where `after` differs from `before` in anything but the entry at `path` and the `wanted` values.

    Args:
        before: without the entry.
        after: with it.
        path: the entry that only `after` has; what stands above it may be missing in `before`, or null.
        wanted: as for `first_difference`.

    Returns:
        The path of the first difference; None when there is none.
    """
    if len(before.documents) != len(after.documents):
        return ()
    for number, (one, other) in enumerate(zip(before.documents, after.documents, strict=True)):
        stripped = _without(one, other, path) if number == document else other
        found = first_difference(one, stripped, wanted)
        if found is not None:
            return found
    return None


def _without(before: Node | None, after: Node, path: Path) -> Node:
    """Return `after` without the entry at `path`; what `before` lacks above the entry goes, too."""
    if isinstance(after, Sequence) and isinstance(before, Sequence) and path:
        pairs = enumerate(zip(before.items, after.items, strict=False))
        items = [_without(one, other, path[1:]) if number == path[0] else other for number, (one, other) in pairs]
        return after._replace(items=(*items, *after.items[len(items) :]))
    if not isinstance(after, Mapping) or not path:
        return after
    there = before.get(str(path[0])) if isinstance(before, Mapping) else None
    entries = []
    for key, value in after.entries:
        if not (isinstance(key, Scalar) and key.text == path[0]):
            entries.append((key, value))
        elif there is not None:
            entries.append((key, _without(there, value, path[1:])))
    if not entries and isinstance(before, Scalar) and before.style is Style.PLAIN and before.text in _NULL:
        return before
    return after._replace(entries=tuple(entries))
