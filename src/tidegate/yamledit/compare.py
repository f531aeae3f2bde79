"""Whether two parses say the same, but for the values that were meant to change."""

from __future__ import annotations

from collections.abc import Mapping as Dict
from typing import TypeAlias

from tidegate.yamledit.node import Alias, Mapping, Node, Path, PathPart, Scalar, Sequence
from tidegate.yamledit.strings import STRING_TAGS, reads_as_string

Wanted: TypeAlias = Dict[int, str]
"""`id` of a scalar of the first parse → what it shall say in the second."""


def first_difference(before: Node, after: Node, wanted: Wanted, path: Path = ()) -> Path | None:
    """Return the path of the first node that is not as it should be, or None when all are.

    Everything that YAML tells is compared: structure, text, style, tags, anchors, aliases. Not the place in the file.
    """
    value = wanted.get(id(before)) if wanted else None
    if value is not None:
        return None if _is_edited(before, after, value) else path
    if _head(before) != _head(after):
        return path
    if isinstance(before, Scalar):
        return None
    for (part, one), (_, other) in zip(_children(before), _children(after), strict=True):
        found = first_difference(one, other, wanted, (*path, part))
        if found is not None:
            return found
    return None


def _head(node: Node) -> tuple[object, ...]:
    if isinstance(node, Scalar):
        return node[:4]
    if isinstance(node, Alias):
        return (Alias, node.name)
    return (type(node), len(node[0]), *node[1:4])


def _children(node: Node) -> list[tuple[PathPart, Node]]:
    if isinstance(node, Sequence):
        return list(enumerate(node.items))
    children: list[tuple[PathPart, Node]] = []
    if isinstance(node, Mapping):
        for key, value in node.entries:
            part = key.text if isinstance(key, Scalar) else "?"
            children += [(part, key), (part, value)]
    return children


def _is_edited(before: Node, after: Node, value: str) -> bool:
    if not (isinstance(before, Scalar) and isinstance(after, Scalar)):
        return False
    tag_kept = after.tag == before.tag or (after.tag is None and before.tag not in STRING_TAGS)
    return after.text == value and after.anchor == before.anchor and tag_kept and reads_as_string(after)
