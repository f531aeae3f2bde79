"""The splices of a graft: how entries leave, enter and change in the text of the source."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple, TypeAlias

from tidegate.errors.manifest import UnsafeEdit
from tidegate.yamledit.entry import Extent, extent, shifted
from tidegate.yamledit.node import Alias, Mapping, Node, Scalar
from tidegate.yamledit.paths import dotted
from tidegate.yamledit.splice import Splice
from tidegate.yamledit.stream import Stream

KeyPath: TypeAlias = tuple[str, ...]


class Entry(NamedTuple):
    """One entry of a mapping."""

    parent: Mapping
    key: Node
    value: Node


class Swap(NamedTuple):
    """One entry that changes.

    Args:
        path: where.
        parent: the mapping in the source that has it, or shall have it.
        old: the source's entry, or None.
        new: the target's entry, or None; never both None.
    """

    path: KeyPath
    parent: Mapping
    old: Entry | None
    new: Entry | None


def graft_splices(source: Stream, target: Stream, swaps: Iterable[Swap]) -> list[Splice]:
    """Return the splices that carry out `swaps` on the source's text; raises `UnsafeEdit`.

    Where two mappings end at the same place, what is added to the inner one comes first.
    """
    groups: dict[int, list[Swap]] = {}
    for swap in sorted(swaps, key=lambda swap: -len(swap.path)):
        groups.setdefault(id(swap.parent), []).append(swap)
    splices: list[Splice] = []
    for group in groups.values():
        if group[0].parent.flow:
            splices += [_in_brackets(source, target, swap) for swap in group]
        else:
            splices += _Block(source, target, group).splices()
    return splices


def _in_brackets(source: Stream, target: Stream, swap: Swap) -> Splice:
    new = _one_line(target, swap.new.value) if swap.new is not None else None
    if swap.old is None or new is None:
        raise UnsafeEdit(
            f"{dotted(swap.path)} can't be kept: {dotted(swap.path[:-1])} is written in brackets",
            where=source.place(swap.parent),
            hint="write the mapping over several lines, without brackets",
        )
    start, end = swap.old.value.start, swap.old.value.end
    gap = "" if start < end or source.text[start - 1].isspace() else " "
    return Splice(start, end, gap + new)


def _one_line(stream: Stream, node: Node) -> str | None:
    """Return a value's text when it can stand in brackets."""
    text = stream.text[node.start : node.end]
    is_block = node.style.is_block if isinstance(node, Scalar) else isinstance(node, Alias) or not node.flow
    return None if is_block or "\n" in text else text


class _Block:
    """The changes to one block mapping."""

    def __init__(self, source: Stream, target: Stream, swaps: list[Swap]) -> None:
        self._source = source
        self._target = target
        self._parent = swaps[0].parent
        self._swaps = swaps
        self._line_end = "\r\n" if "\r\n" in source.text else "\n"
        key, value = self._parent.entries[-1]
        self._last = self._extent(Entry(self._parent, key, value), swaps[0].path)

    def splices(self) -> list[Splice]:
        """Return the splices, replacements before additions at the same place."""
        splices = []
        removed = []
        for swap in self._swaps:
            if swap.old is None:
                continue
            old = self._extent(swap.old, swap.path)
            if swap.new is None:
                removed.append(old)
            else:
                splices.append(Splice(old.start, old.end, self._text(swap.new, swap.path)))
        new = [(swap.new, swap.path) for swap in self._swaps if swap.old is None and swap.new is not None]
        added = self._line_end.join(self._text(entry, path) for entry, path in new)
        if added and self._last in removed:
            removed.remove(self._last)
            splices.append(Splice(self._last.start, self._last.end, added))
        elif added:
            splices.append(Splice(self._last.end, self._last.end, self._line_end + added))
        elif len(removed) == len(self._parent.entries):
            start = min(old.start for old in removed)
            return [Splice(start, self._last.end, " " * self._last.column + "{}")]
        return splices + [self._removal(old) for old in removed]

    def _removal(self, old: Extent) -> Splice:
        text = self._source.text
        if old.start == 0:
            after = text.find("\n", old.end) + 1
            return Splice(0, after or len(text), "")
        start = old.start - (2 if text[: old.start].endswith("\r\n") else 1)
        return Splice(start, old.end, "")

    def _text(self, entry: Entry, path: KeyPath) -> str:
        text = self._target.text
        found = extent(text, entry.key, entry.value) if not entry.parent.flow else None
        if found is not None:
            return shifted(text[found.start : found.end], self._last.column - found.column, self._line_end)
        line = text[entry.key.start : entry.value.end]
        if not entry.parent.flow or "\n" in line:
            raise _unusual(self._target, entry, path)
        return " " * self._last.column + line

    def _extent(self, entry: Entry, path: KeyPath) -> Extent:
        found = extent(self._source.text, entry.key, entry.value)
        if found is None:
            raise _unusual(self._source, entry, path)
        return found


def _unusual(stream: Stream, entry: Entry, path: KeyPath) -> UnsafeEdit:
    return UnsafeEdit(
        f"{dotted(path)} can't be moved: it does not stand on lines of its own",
        where=stream.place(entry.key),
        hint="write the mapping over several lines, one key each",
    )
