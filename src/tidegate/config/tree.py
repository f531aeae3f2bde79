"""The configuration as written: values with the place of each, before anything is known about their meaning."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from tidegate.errors import Place

Atom: TypeAlias = str | int | float | bool | None
Path: TypeAlias = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Leaf:
    """A single value and where it stands."""

    value: Atom
    place: Place


@dataclass(frozen=True, slots=True)
class Row:
    """A list and where it starts."""

    items: tuple[Node, ...]
    place: Place


@dataclass(frozen=True, slots=True)
class Block:
    """A mapping.

    Args:
        entries: key → value, in the order of the file.
        place: where its first key, or its brace, stands.
        keys: key → where the key stands.
    """

    entries: Mapping[str, Node]
    place: Place
    keys: Mapping[str, Place] = field(default_factory=dict)

    def block(self, key: str) -> Block | None:
        """Return the mapping at `key`, or None when there is none."""
        found = self.entries.get(key)
        return found if isinstance(found, Block) else None

    def text(self, key: str) -> Text | None:
        """Return the text at `key`, or None when there is none."""
        found = self.entries.get(key)
        return Text.of(found) if found is not None else None

    def texts(self, key: str) -> tuple[Text, ...]:
        """Return the texts of the list at `key`; what is no text is left out."""
        found = self.entries.get(key)
        items = found.items if isinstance(found, Row) else ()
        return tuple(text for text in map(Text.of, items) if text is not None)

    def blocks(self, key: str) -> Iterator[tuple[str, Block]]:
        """Yield name and mapping of each entry of the mapping at `key`; what is no mapping is left out."""
        found = self.block(key)
        for name, node in found.entries.items() if found else ():
            if isinstance(node, Block):
                yield name, node


Node: TypeAlias = Leaf | Row | Block


@dataclass(frozen=True, slots=True)
class Text:
    """A text and where it stands."""

    value: str
    place: Place

    @classmethod
    def of(cls, node: Node) -> Text | None:
        """Return the text that `node` is, or None when it is something else."""
        return cls(node.value, node.place) if isinstance(node, Leaf) and isinstance(node.value, str) else None


def plain(node: Node) -> object:
    """Return `node` as dicts, lists and atoms, without places."""
    match node:
        case Block():
            return {key: plain(value) for key, value in node.entries.items()}
        case Row():
            return [plain(item) for item in node.items]
        case Leaf():
            return node.value


def leaves(node: Node, path: Path) -> Iterator[tuple[Path, Leaf]]:
    """Yield every single value below `node`, which stands at `path`, with its own path."""
    match node:
        case Block():
            for key, value in node.entries.items():
                yield from leaves(value, (*path, key))
        case Row():
            for index, item in enumerate(node.items):
                yield from leaves(item, (*path, index))
        case Leaf():
            yield path, node


def node_at(root: Node, path: Path) -> Node | None:
    """Return the node at `path`, or None when the tree does not go there."""
    node: Node | None = root
    for part in path:
        if isinstance(node, Block) and isinstance(part, str):
            node = node.entries.get(part)
        elif isinstance(node, Row) and isinstance(part, int) and part < len(node.items):
            node = node.items[part]
        else:
            return None
    return node


def key_place(root: Node, path: Path) -> Place:
    """Return where the key of `path` stands; of the nearest existing one above when it is not written."""
    for length in range(len(path), 0, -1):
        parent, last = node_at(root, path[: length - 1]), path[length - 1]
        if isinstance(parent, Block) and isinstance(last, str) and last in parent.keys:
            return parent.keys[last]
        if isinstance(parent, Row) and isinstance(last, int) and last < len(parent.items):
            return parent.items[last].place
    return root.place


def dotted(path: Path) -> str:
    """Return `path` as people write it, e.g. `environments.e2e.from`; a part with a dot is quoted."""
    parts = (f"[{part}]" if isinstance(part, int) else f'."{part}"' if "." in part else f".{part}" for part in path)
    return "".join(parts).removeprefix(".")
