"""Every setter marker in a file, whatever the resource: Flux's automation changes any YAML below its path."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from tidegate.flux.markers import SetterMarker, marker_of
from tidegate.yamledit import Mapping, Node, Scalar, Sequence, parse

_KEY = b"$imagepolicy"


class MarkedValue(NamedTuple):
    """A value that an ImagePolicy sets.

    Args:
        marker: which policy.
        text: what stands there now.
        line: its line.
    """

    marker: SetterMarker
    text: str
    line: int


def find_markers(data: bytes, *, file: str = "<data>") -> list[MarkedValue]:
    """Return the values with a setter marker, in order.

    Raises:
        InvalidYaml, YamlTooLarge: as `tidegate.yamledit.documents`.
    """
    if _KEY not in data:
        return []
    stream = parse(data, file=file)
    values = [scalar for root in stream.documents for scalar in _values(root)]
    spans = ((scalar, marker_of(stream, scalar)) for scalar in values)
    return [MarkedValue(span.marker, scalar.text, scalar.line) for scalar, span in spans if span is not None]


def _values(node: Node) -> Iterator[Scalar]:
    """Yield the scalars at and below `node` that are no keys; aliases are not followed."""
    if isinstance(node, Scalar):
        yield node
    elif isinstance(node, Mapping):
        for _, value in node.entries:
            yield from _values(value)
    elif isinstance(node, Sequence):
        for item in node.items:
            yield from _values(item)
