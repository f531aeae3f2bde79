"""From a path to the one scalar that may be edited there, or the reason why none may."""

from __future__ import annotations

from typing import Final, NamedTuple

from tidegate.counted import counted
from tidegate.errors import Place
from tidegate.errors.manifest import UnsafeEdit
from tidegate.yamledit.node import Alias, Mapping, Node, Path, PathPart, Scalar, Sequence
from tidegate.yamledit.paths import dotted
from tidegate.yamledit.stream import Stream

MERGE_KEY: Final = "<<"


class Target(NamedTuple):
    """A scalar to edit; `flow` says whether it stands inside brackets, where more characters mean something."""

    scalar: Scalar
    flow: bool


def locate(stream: Stream, path: Path, document: int = 0) -> Target:
    """Return the scalar at `path` of the document with that index.

    Raises:
        UnsafeEdit: there is none, or a change there would show elsewhere or not have the effect that it seems to have.
    """
    node, flow = node_at(stream, path, document)
    if not isinstance(node, Scalar):
        kind = "a mapping" if isinstance(node, Mapping) else "a list"
        raise UnsafeEdit(
            f"{dotted(path)} is {kind}, not one value", where=stream.place(node), hint="name a value inside it"
        )
    return Target(node, flow)


def node_at(stream: Stream, path: Path, document: int = 0) -> tuple[Scalar | Sequence | Mapping, bool]:
    """Return the node at `path` of the document with that index, and whether it stands inside brackets.

    Raises:
        UnsafeEdit: as `locate`.
    """
    if not 0 <= document < len(stream.documents):
        count = len(stream.documents)
        what = f"no document {document}: the file has {count}, counted from 0"
        raise UnsafeEdit(what, where=Place(stream.file), hint="name one of the file's documents")
    node = _unshared(stream, stream.documents[document], ())
    flow = False
    for depth in range(1, len(path) + 1):
        flow = flow or (isinstance(node, Mapping | Sequence) and node.flow)
        node = _unshared(stream, _child(stream, node, path[:depth]), path[:depth])
    return node, flow


def _unshared(stream: Stream, node: Node, path: Path) -> Scalar | Sequence | Mapping:
    if isinstance(node, Alias):
        raise UnsafeEdit(
            f"{dotted(path)} is the alias *{node.name}: a change would have to be made where &{node.name} stands",
            where=stream.place(node),
            hint=f"write the value out at {dotted(path)}, or edit the anchored value by hand",
        )
    if node.anchor is not None and node.start in stream.shared:
        raise UnsafeEdit(
            f"{dotted(path)} is anchored as &{node.anchor} and used elsewhere: a change here would show there too",
            where=stream.place(node),
            hint=f"write the value out where *{node.anchor} is used, or edit it by hand",
        )
    return node


def _child(stream: Stream, parent: Node, path: Path) -> Node:
    part = path[-1]
    if isinstance(parent, Mapping):
        return _entry(stream, parent, path)
    if isinstance(parent, Sequence) and isinstance(part, int):
        if 0 <= part < len(parent.items):
            return parent.items[part]
        what = f"{dotted(path)} does not exist: the list has {counted(len(parent.items), 'item')}, the first is 0"
        raise UnsafeEdit(what, where=stream.place(parent), hint="name an item that the list has")
    kind = "a list, which has numbered items" if isinstance(parent, Sequence) else "one value, with nothing inside"
    raise UnsafeEdit(
        f"{dotted(path)} does not exist: {dotted(path[:-1])} is {kind}",
        where=stream.place(parent),
        hint="correct the path",
    )


def _entry(stream: Stream, parent: Mapping, path: Path) -> Node:
    key = str(path[-1])
    found = list(parent.named(key))
    if len(found) == 1:
        return found[0][1]
    if found:
        raise UnsafeEdit(
            f"the key {key!r} is written {len(found)} times in {dotted(path[:-1])}: readers disagree which one counts",
            where=stream.place(found[-1][0]),
            hint="delete all but one of them",
        )
    if parent.get(MERGE_KEY) is not None:
        raise UnsafeEdit(
            f"{dotted(path)} is not written here; it may come through the merge key <<",
            where=stream.place(parent),
            hint=f"write {key}: out in this mapping, where it wins over the merge key",
        )
    raise UnsafeEdit(f"{dotted(path)} does not exist", where=stream.place(parent), hint=_near(parent, path[-1]))


def _near(parent: Mapping, part: PathPart) -> str:
    keys = [name.text for name, _ in parent.entries if isinstance(name, Scalar)]
    if not keys:
        return f"add {part}: to the file first"
    return f"add {part}: to the file first, or use a key that is there: {', '.join(keys[:8])}"


def written_at(node: Node, path: Path) -> Node | None:
    """Return what is written at `path` itself, an alias not followed; None when nothing is."""
    for part in path:
        child = None
        if isinstance(node, Mapping):
            child = node.get(str(part))
        elif isinstance(node, Sequence) and isinstance(part, int) and 0 <= part < len(node.items):
            child = node.items[part]
        if child is None:
            return None
        node = child
    return node


def only_document(stream: Stream, path: Path) -> int:
    """Return the index of the one document that has something at `path`.

    Raises:
        UnsafeEdit: none has, or several have.
    """
    found = [index for index, root in enumerate(stream.documents) if written_at(root, path) is not None]
    if len(found) == 1 or len(stream.documents) == 1:
        return found[0] if found else 0
    if not found:
        what = f"{dotted(path)} is in none of the file's {len(stream.documents)} documents"
        raise UnsafeEdit(what, where=Place(stream.file), hint="correct the path")
    lines = " and ".join(str(stream.documents[index].line) for index in found)
    raise UnsafeEdit(
        f"{dotted(path)} is in {len(found)} documents of the file (lines {lines})",
        where=Place(stream.file),
        hint=f"say which one with --document N, counted from 0: {' or '.join(map(str, found))}",
    )
