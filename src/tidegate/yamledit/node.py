"""The nodes of a YAML document: what each says, and where it stands in the text.

Nodes are tuples, not data classes: ten thousand manifests make two million of them, and a tuple costs a fifth.
Offsets count characters of `Stream.text`, lines and columns count from 1 as editors do (only a line feed ends a line).
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum
from typing import NamedTuple, TypeAlias

PathPart: TypeAlias = str | int
Path: TypeAlias = tuple[PathPart, ...]


class Style(Enum):
    """How a scalar is written; the value is what YAML writes in front of it."""

    PLAIN = ""
    SINGLE = "'"
    DOUBLE = '"'
    LITERAL = "|"
    FOLDED = ">"

    @property
    def is_block(self) -> bool:
        """Whether the text stands on lines of its own, below a header."""
        return self is Style.LITERAL or self is Style.FOLDED


class Scalar(NamedTuple):
    """One value.

    Args:
        text: what it says, unescaped; what type that is, is left to the reader (`reads_as_string`).
        style: how it is written.
        tag: explicit tag such as `tag:yaml.org,2002:int` or `!`, or None.
        anchor: name after `&`, or None.
        start: offset of its first character, anchor and tag included.
        end: offset after its last character.
        line: line of `start`.
        column: column of `start`.
    """

    text: str
    style: Style
    tag: str | None
    anchor: str | None
    start: int
    end: int
    line: int
    column: int


class Sequence(NamedTuple):
    """A list; `flow` says whether it is written in brackets. The other fields are as in `Scalar`."""

    items: tuple[Node, ...]
    flow: bool
    tag: str | None
    anchor: str | None
    start: int
    end: int
    line: int
    column: int


class Mapping(NamedTuple):
    """Keys and values in the order of the file, duplicates included. The other fields are as in `Sequence`."""

    entries: tuple[tuple[Node, Node], ...]
    flow: bool
    tag: str | None
    anchor: str | None
    start: int
    end: int
    line: int
    column: int

    def named(self, key: str) -> Iterator[tuple[Scalar, Node]]:
        """Yield the entries whose key reads `key`: none, one, or more when the key is written twice."""
        for name, value in self.entries:
            if isinstance(name, Scalar) and name.text == key:
                yield name, value

    def get(self, key: str) -> Node | None:
        """Return the value at `key` (the last one of duplicates, as most readers do), or None."""
        found = None
        for _, value in self.named(key):
            found = value
        return found


class Alias(NamedTuple):
    """A reference to an anchored node.

    Args:
        name: name after `*`.
        target: the node that it stands for. Following it may expand without end in size: count what you follow.
        start: offset of the `*`.
        end: offset after the name.
        line: line of `start`.
        column: column of `start`.
    """

    name: str
    target: Node
    start: int
    end: int
    line: int
    column: int

    def __repr__(self) -> str:
        return f"Alias(*{self.name})"  # never the target: it may be an alias bomb


Node: TypeAlias = Scalar | Sequence | Mapping | Alias
