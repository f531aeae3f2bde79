"""Byte-exact YAML reading and editing; knows nothing of Flux."""

from tidegate.yamledit.edit import Edit, apply
from tidegate.yamledit.graft import Pair, graft
from tidegate.yamledit.node import Alias, Mapping, Node, Path, Scalar, Sequence, Style
from tidegate.yamledit.stream import Stream, documents, parse

__all__ = [
    "Alias",
    "Edit",
    "Mapping",
    "Node",
    "Pair",
    "Path",
    "Scalar",
    "Sequence",
    "Stream",
    "Style",
    "apply",
    "documents",
    "graft",
    "parse",
]
