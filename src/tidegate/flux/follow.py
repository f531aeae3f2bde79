"""Reading a document as it is meant: aliases followed, merge keys merged, with a bound on how much that may become."""

from __future__ import annotations

from collections import Counter
from typing import Final, NamedTuple, TypeAlias

from tidegate.errors import Place
from tidegate.errors.manifest import YamlTooLarge
from tidegate.yamledit import Alias, Mapping, Node, Path, Scalar, Sequence, Stream
from tidegate.yamledit.locate import MERGE_KEY

MAX_FOLLOWED: Final = 20_000
MAX_DEPTH: Final = 100

Field: TypeAlias = tuple[Node, str | None]
"""A value, and why it can't be edited at this path (None: it can)."""


class View(NamedTuple):
    """A node as seen at a path.

    Args:
        node: the node, never an alias.
        path: where a reader finds it, which for an alias is not where it is written.
        refusal: why an edit at this path would be refused, or None.
    """

    node: Scalar | Sequence | Mapping
    path: Path
    refusal: str | None


class _Count:
    """How many values have been followed so far."""

    __slots__ = ("value",)

    def __init__(self) -> None:
        self.value = 0


class Follower:
    """Follows one stream's aliases and merge keys.

    Args:
        stream: the file. What is followed is counted over the whole file: an alias bomb runs into the bound.
        count: the count to go on with; None starts at zero.
    """

    def __init__(self, stream: Stream, count: _Count | None = None) -> None:
        self._stream = stream
        self._followed = count or _Count()

    def within(self, stream: Stream) -> Follower:
        """Return a follower for a stream that was found inside this one; what both follow is counted together."""
        return Follower(stream, self._followed)

    def view(self, field: Field, path: Path) -> View:
        """Return `field` as seen at `path`.

        Raises:
            YamlTooLarge: aliases expand too far or too deep.
        """
        node, refusal = field
        if len(path) > MAX_DEPTH:
            raise self._too_large(node, f"aliases expand deeper than {MAX_DEPTH} levels")
        if isinstance(node, Alias):
            refusal = refusal or f"comes through the alias *{node.name}"
            node = node.target
        assert not isinstance(node, Alias)  # noqa: S101 - YAML has no anchor on an alias
        if refusal is None and node.anchor is not None and node.start in self._stream.shared:
            refusal = f"is anchored as &{node.anchor} and used elsewhere"
        if refusal is not None:
            self._count(node, 1)
        return View(node, path, refusal)

    def fields(self, view: View) -> dict[str, Field]:
        """Return the entries of a mapping by key; none for anything else. A key of its own wins over a merged one."""
        if not isinstance(view.node, Mapping):
            return {}
        if view.refusal is not None:
            self._count(view.node, len(view.node.entries))
        refusal = view.refusal
        found: dict[str, Field] = {
            key.text: (value, refusal) for key, value in view.node.entries if isinstance(key, Scalar)
        }
        if len(found) < len(view.node.entries):
            found |= self._twice(view.node, refusal)
        if MERGE_KEY not in found:
            return found
        for fields in self._merged(found.pop(MERGE_KEY), view.path):
            for name, field in fields.items():
                found.setdefault(name, field)
        return found

    @staticmethod
    def _twice(node: Mapping, refusal: str | None) -> dict[str, Field]:
        """Return the fields whose key is written more than once; the last one counts, as for most readers."""
        names = Counter(key.text for key, _ in node.entries if isinstance(key, Scalar))
        return {
            key.text: (value, refusal or f"has the key {key.text!r} twice")
            for key, value in node.entries
            if isinstance(key, Scalar) and names[key.text] > 1
        }

    def _merged(self, field: Field, path: Path) -> list[dict[str, Field]]:
        source = self.view((field[0], field[1] or "comes through a merge key"), (*path, MERGE_KEY))
        if isinstance(source.node, Sequence):
            return [
                self.fields(self.view((item, source.refusal), (*source.path, index)))
                for index, item in enumerate(source.node.items)
            ]
        return [self.fields(source)]

    def _count(self, node: Node, number: int) -> None:
        self._followed.value += number
        if self._followed.value > MAX_FOLLOWED:
            raise self._too_large(node, f"aliases expand to more than {MAX_FOLLOWED:,} values")

    def _too_large(self, node: Node, what: str) -> YamlTooLarge:
        place = Place(self._stream.file, node.line, node.column)
        return YamlTooLarge(what, where=place, hint="write the values out instead of nesting aliases")
