"""Grafting: a file's bytes with some entries as another file has them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from tidegate.errors import Place
from tidegate.errors.manifest import UnsafeEdit
from tidegate.yamledit.compare import first_difference
from tidegate.yamledit.entry import has_reference
from tidegate.yamledit.graft_text import Entry, KeyPath, Swap, graft_splices
from tidegate.yamledit.locate import MERGE_KEY
from tidegate.yamledit.node import Alias, Mapping, Node, Path, Scalar
from tidegate.yamledit.paths import dotted
from tidegate.yamledit.splice import encoded, reparse, unexpected
from tidegate.yamledit.stream import Stream


class Pair(NamedTuple):
    """Which document of the source takes entries from which document of the target."""

    source: int
    target: int


def graft(source: Stream, target: Stream, pairs: Iterable[Pair], paths: Iterable[KeyPath]) -> bytes:
    """Return the source's bytes with the entries at `paths` as the target has them.

    An entry that both have is replaced, one that only the target has is added at the end of its mapping, one that
    only the source has is removed. Comments on and in an entry go with it. Indentation follows the source.

    Raises:
        UnsafeEdit: an alias, anchor, merge key or key that is written twice is on the way; the source lacks the
            mapping that an entry belongs into; brackets hold what can't be moved in or out.
    """
    paths = _outermost(paths)
    swaps: dict[int, list[Swap]] = {}
    for pair in pairs:
        found = (_swap(source, target, pair, path) for path in paths)
        swaps[pair.source] = [swap for swap in found if swap is not None]
    splices = [splice for each in swaps.values() for splice in graft_splices(source, target, each)]
    if not splices:
        return encoded(source)
    after = reparse(source, splices)
    _verify(source, after, swaps)
    return encoded(after)


def _outermost(paths: Iterable[KeyPath]) -> tuple[KeyPath, ...]:
    """Return the paths without repetitions and without those that stand inside another."""
    unique = dict.fromkeys(path for path in paths if path)
    return tuple(path for path in unique if not any(path[:end] in unique for end in range(1, len(path))))


def _swap(source: Stream, target: Stream, pair: Pair, path: KeyPath) -> Swap | None:
    theirs = _mapping_at(target, pair.target, path[:-1])
    ours = _mapping_at(source, pair.source, path[:-1])
    new = _entry(target, theirs, path) if theirs is not None else None
    old = _entry(source, ours, path) if ours is not None else None
    if new is None and old is None:
        return None
    if ours is None:
        raise UnsafeEdit(
            f"{dotted(path)} can't be kept: {dotted(path[:-1])} is not a mapping in the file that is carried",
            where=Place(source.file),
            hint=f"keep {dotted(path[:-1])} as a whole, or add it to the source",
        )
    if new is not None and has_reference(new.value):
        raise _entangled(target, new, path)
    if old is not None and _is_shared(source, old.value):
        raise _entangled(source, old, path)
    return Swap(path, ours, old, new)


def _entangled(stream: Stream, entry: Entry, path: KeyPath) -> UnsafeEdit:
    return UnsafeEdit(
        f"{dotted(path)} can't be moved: anchors and aliases in it would mean something else in another file",
        where=stream.place(entry.key),
        hint="write the values out",
    )


def _mapping_at(stream: Stream, document: int, path: KeyPath) -> Mapping | None:
    node = stream.documents[document]
    for depth, part in enumerate(path):
        _refuse_alias(stream, node, path[:depth])
        entry = _entry(stream, node, (*path[:depth], part)) if isinstance(node, Mapping) else None
        if entry is None:
            return None
        node = entry.value
    _refuse_alias(stream, node, path)
    return node if isinstance(node, Mapping) else None


def _refuse_alias(stream: Stream, node: Node, path: KeyPath) -> None:
    if isinstance(node, Alias) or (node.anchor is not None and node.start in stream.shared):
        raise UnsafeEdit(
            f"{dotted(path)} is shared by an anchor: a change inside it would show elsewhere",
            where=stream.place(node),
            hint="write the values out",
        )


def _entry(stream: Stream, parent: Mapping, path: KeyPath) -> Entry | None:
    found = list(parent.named(path[-1]))
    if len(found) > 1:
        raise UnsafeEdit(
            f"{dotted(path)} is written {len(found)} times: readers disagree which one counts",
            where=stream.place(found[-1][0]),
            hint="delete all but one of them",
        )
    if not found and parent.get(MERGE_KEY) is not None:
        raise UnsafeEdit(
            f"{dotted(path)} may come through the merge key <<",
            where=stream.place(parent),
            hint="write it out in this mapping, or delete the merge key",
        )
    return Entry(parent, *found[0]) if found else None


def _is_shared(stream: Stream, node: Node) -> bool:
    """Return whether an alias refers to `node` or to something in it."""
    if isinstance(node, Alias):
        return False
    return any(node.start <= anchor < node.end for anchor in stream.shared)


def _verify(before: Stream, after: Stream, swaps: dict[int, list[Swap]]) -> None:
    if len(before.documents) != len(after.documents):
        raise unexpected(before, "the number of documents would change")
    for index, (one, other) in enumerate(zip(before.documents, after.documents, strict=True)):
        path = _deviation(one, other, {swap.path: swap for swap in swaps.get(index, ())}, ())
        if path is not None:
            raise unexpected(before, f"{dotted(path)} would not read as it should afterwards")


def _deviation(before: Node, after: Node, swaps: dict[KeyPath, Swap], path: KeyPath) -> Path | None:
    """Return the path of the first node of `after` that is not as planned, or None."""
    if not isinstance(before, Mapping) or not any(each[: len(path)] == path for each in swaps):
        return first_difference(before, after, {}, path)
    planned = _planned(before, swaps, path)
    if not isinstance(after, Mapping) or len(after.entries) != len(planned):
        return path
    if planned and first_difference(before._replace(entries=()), after._replace(entries=()), {}) is not None:
        return path
    for (key, value, is_new), (other_key, other_value) in zip(planned, after.entries, strict=True):
        here = (*path, key.text if isinstance(key, Scalar) else "?")
        found = first_difference(key, other_key, {}, here)
        if found is None:
            rest = {} if is_new else swaps
            found = _deviation(value, other_value, rest, here)
        if found is not None:
            return found
    return None


def _planned(before: Mapping, swaps: dict[KeyPath, Swap], path: KeyPath) -> list[tuple[Node, Node, bool]]:
    """Return the entries that a mapping shall have: key, value, and whether they are the target's."""
    planned: list[tuple[Node, Node, bool]] = []
    for key, value in before.entries:
        swap = swaps.get((*path, key.text)) if isinstance(key, Scalar) else None
        if swap is None:
            planned.append((key, value, False))
        elif swap.new is not None:
            planned.append((swap.new.key, swap.new.value, True))
    added = [swap.new for swap in swaps.values() if swap.old is None and swap.path[:-1] == path]
    return planned + [(entry.key, entry.value, True) for entry in added if entry is not None]
