"""Branches of a bare repository, read from git's own files (gitrepository-layout, `refs` and `packed-refs`).

A call to the fake looks at them several times, and a process for each look would be most of what the fake costs.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

_RECENT: Final = 100_000_000
"""Nanoseconds. What changed so short a time ago may change again with no later time told: it is read again."""


@dataclass(frozen=True, slots=True)
class _Folder:
    """What was read of a folder: which one, and when it had changed; the folders in it, and name → commit."""

    state: tuple[int, int]
    folders: tuple[str, ...]
    heads: dict[str, str]


@dataclass(slots=True)
class Branches:
    """What is known of branches. Git replaces a file by another, so that a folder tells whether it has changed."""

    _folders: dict[str, _Folder] = field(default_factory=dict)

    def heads(self, repository: Path) -> dict[str, str]:
        """Return branch → commit id of a bare repository.

        Loose ones are read first: git packs one before it takes its file away.
        """
        loose = dict(self._below(str(repository / "refs/heads"), ""))
        return dict(sorted((_packed(repository) | loose).items()))

    def _below(self, folder: str, prefix: str) -> Iterator[tuple[str, str]]:
        try:
            found = self._read(folder)
        except (FileNotFoundError, NotADirectoryError):
            return  # git takes empty folders away
        for name, commit in found.heads.items():
            yield prefix + name, commit
        for name in found.folders:
            yield from self._below(f"{folder}/{name}", f"{prefix}{name}/")

    def _read(self, folder: str) -> _Folder:
        seen = Path(folder).stat()
        state = (seen.st_ino, seen.st_mtime_ns)
        known = self._folders.get(folder)
        if known is not None and known.state == state:
            return known
        begun = time.time_ns()
        folders, heads = [], {}
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.is_dir():
                    folders.append(entry.name)
                elif not entry.name.endswith(".lock"):
                    with suppress(FileNotFoundError):  # deleted or packed meanwhile
                        heads[entry.name] = Path(entry.path).read_text().strip()
        found = _Folder(state, tuple(folders), heads)
        if begun - seen.st_mtime_ns > _RECENT:
            self._folders[folder] = found
        return found


def _packed(repository: Path) -> dict[str, str]:
    try:
        lines = (repository / "packed-refs").read_text().splitlines()
    except FileNotFoundError:
        return {}
    refs = (line.partition(" ")[::2] for line in lines if not line.startswith(("#", "^")))
    return {name.removeprefix("refs/heads/"): commit for commit, name in refs if name.startswith("refs/heads/")}
