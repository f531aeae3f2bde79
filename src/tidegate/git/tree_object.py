"""Tree objects: what one folder holds (gitformat: a tree is `MODE NAME NUL ID`, again and again)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

_ID_BYTES: Final = 20
"""Mirrors are SHA-1 repositories; a SHA-256 remote is refused by git when it is fetched."""

_FOLDER: Final = "40000"
_LINK: Final = "120000"
_FILES: Final = frozenset({"100644", "100755", "100664"})


@dataclass(frozen=True, slots=True)
class TreeEntry:
    """One name in a folder.

    Args:
        name: a file name; bytes that are not UTF-8 are kept as surrogates.
        mode: git's mode in octal, e.g. `100644`.
        id: the object's id.
    """

    name: str
    mode: str
    id: str

    @property
    def is_folder(self) -> bool:
        """Whether it is a folder."""
        return self.mode == _FOLDER

    @property
    def is_file(self) -> bool:
        """Whether it is a regular file: no symbolic link, no submodule."""
        return self.mode in _FILES

    @property
    def is_link(self) -> bool:
        """Whether it is a symbolic link."""
        return self.mode == _LINK


Tree: TypeAlias = Mapping[str, TreeEntry]
"""Name → entry."""


def parse_tree(data: bytes) -> Iterator[TreeEntry]:
    """Yield the entries of a tree object, given its bytes."""
    position = 0
    while position < len(data):
        space = data.index(b" ", position)
        nul = data.index(b"\0", space)
        after = nul + 1 + _ID_BYTES
        name = data[space + 1 : nul].decode("utf-8", "surrogateescape")
        yield TreeEntry(name, data[position:space].decode("ascii"), data[nul + 1 : after].hex())
        position = after
