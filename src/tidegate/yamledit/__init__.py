"""Byte-exact YAML reading and editing; knows nothing of Flux."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tidegate.lazy_names import names_of

if TYPE_CHECKING:
    from tidegate.yamledit.edit import Edit, apply
    from tidegate.yamledit.grafting import Pair, graft
    from tidegate.yamledit.locate import only_document
    from tidegate.yamledit.node import Alias, Mapping, Node, Path, Scalar, Sequence, Style
    from tidegate.yamledit.paths import dotted, parse_path
    from tidegate.yamledit.stream import Stream, documents, parse
else:
    __getattr__ = names_of(
        __name__,
        {
            "edit": (
                "Edit",
                "apply",
            ),
            "grafting": (
                "Pair",
                "graft",
            ),
            "locate": ("only_document",),
            "node": (
                "Alias",
                "Mapping",
                "Node",
                "Path",
                "Scalar",
                "Sequence",
                "Style",
            ),
            "paths": (
                "dotted",
                "parse_path",
            ),
            "stream": (
                "Stream",
                "documents",
                "parse",
            ),
        },
    )

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
