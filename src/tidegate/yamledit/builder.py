"""From libyaml's events to nodes, with bounds on depth and number."""

from __future__ import annotations

from typing import Final

from yaml import CBaseLoader
from yaml.events import (
    AliasEvent,
    CollectionEndEvent,
    CollectionStartEvent,
    DocumentStartEvent,
    Event,
    MappingStartEvent,
    ScalarEvent,
)

from tidegate.errors import Place
from tidegate.errors.manifest import InvalidYaml, YamlTooLarge
from tidegate.yamledit.lines import LineTable
from tidegate.yamledit.node import Alias, Mapping, Node, Scalar, Sequence, Style

MAX_DEPTH: Final = 100
MAX_NODES: Final = 300_000

_STYLES: Final[dict[str | None, Style]] = {None: Style.PLAIN, **{style.value: style for style in Style}}
_TOO_LARGE_HINT: Final = "keep generated or binary content out of manifests"


class Builder:
    """Turns events into nodes, with a stack of its own instead of recursion.

    Args:
        file: for errors.
        position: line table, when libyaml's own line numbers can't be used; None when they can.
    """

    def __init__(self, file: str, position: LineTable | None) -> None:
        self.roots: list[Node] = []
        self.shared: set[int] = set()
        self._file = file
        self._position = position
        self._anchors: dict[str, Node | None] = {}

    def run(self, parser: CBaseLoader) -> None:
        """Read all events into `roots`.

        Raises:
            InvalidYaml: an alias to no anchor, or to a node that holds the alias itself.
            YamlTooLarge: too deep, or too many nodes.
            yaml.MarkedYAMLError: libyaml's own complaint.
        """
        stack: list[tuple[CollectionStartEvent, list[Node]]] = []
        siblings = self.roots
        count = 0
        while (event := parser.get_event()) is not None:
            if isinstance(event, ScalarEvent):
                siblings.append(self._scalar(event))
            elif isinstance(event, CollectionStartEvent):
                if event.anchor is not None:
                    self._anchors[event.anchor] = None
                siblings = []
                stack.append((event, siblings))
                if len(stack) > MAX_DEPTH:
                    raise self._too_large(f"nested deeper than {MAX_DEPTH} levels", event)
            elif isinstance(event, CollectionEndEvent):
                start, children = stack.pop()
                siblings = stack[-1][1] if stack else self.roots
                siblings.append(self._collection(start, children, event))
            elif isinstance(event, AliasEvent):
                siblings.append(self._alias(event))
            elif isinstance(event, DocumentStartEvent):
                self._anchors.clear()
            count += 1
            if count > MAX_NODES:
                raise self._too_large(f"more than {MAX_NODES:,} values", event)

    def _scalar(self, event: ScalarEvent) -> Scalar:
        # Nine of ten nodes are made here: no calls that can be saved.
        first, last, anchor = event.start_mark, event.end_mark, event.anchor
        assert first is not None  # noqa: S101 - libyaml marks every event
        assert last is not None  # noqa: S101 - likewise
        style = _STYLES[event.style]
        if self._position is None:
            line, column = first.line + 1, first.column + 1
        else:
            line, column = self._position(first.index)
        node = Scalar(event.value, style, event.tag, anchor, first.index, last.index, line, column)
        if anchor is not None:
            self._anchors[anchor] = node
        return node

    def _collection(self, first: CollectionStartEvent, children: list[Node], last: Event) -> Node:
        start, line, column = self._start(first)
        flow, tag, end = bool(first.flow_style), first.tag, _end(last)
        node: Node
        if isinstance(first, MappingStartEvent):
            entries = tuple(zip(children[::2], children[1::2], strict=True))
            node = Mapping(entries, flow, tag, first.anchor, start, end, line, column)
        else:
            node = Sequence(tuple(children), flow, tag, first.anchor, start, end, line, column)
        if first.anchor is not None:
            self._anchors[first.anchor] = node
        return node

    def _alias(self, event: AliasEvent) -> Alias:
        start, line, column = self._start(event)
        name = event.anchor or ""
        target = self._anchors.get(name)
        if target is None:
            within = name in self._anchors
            why = f"*{name} stands inside the value that it repeats" if within else f"no anchor &{name} before *{name}"
            raise InvalidYaml(why, where=Place(self._file, line, column), hint="write the value out instead")
        self.shared.add(target.start)
        return Alias(name, target, start, _end(event), line, column)

    def _start(self, event: Event) -> tuple[int, int, int]:
        mark = event.start_mark
        assert mark is not None  # noqa: S101 - libyaml marks every event
        if self._position is None:
            return mark.index, mark.line + 1, mark.column + 1
        return mark.index, *self._position(mark.index)

    def _too_large(self, what: str, event: Event) -> YamlTooLarge:
        _, line, column = self._start(event)
        return YamlTooLarge(what, where=Place(self._file, line, column), hint=_TOO_LARGE_HINT)


def _end(event: Event) -> int:
    mark = event.end_mark
    assert mark is not None  # noqa: S101 - libyaml marks every event
    return mark.index
