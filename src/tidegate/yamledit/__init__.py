"""Byte-exact YAML reading and editing; knows nothing of Flux."""

from tidegate.yamledit.edit import Edit, apply
from tidegate.yamledit.graft import Pair, graft
from tidegate.yamledit.locate import only_document
from tidegate.yamledit.node import Alias, Mapping, Node, Path, Scalar, Sequence, Style
from tidegate.yamledit.paths import dotted, parse_path
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
    "dotted",
    "graft",
    "only_document",
    "parse",
    "parse_path",
]
