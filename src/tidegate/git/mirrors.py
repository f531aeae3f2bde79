"""Mirrors: the cache folder of all mirrors."""

from __future__ import annotations

from pathlib import Path
from threading import Lock
from types import TracebackType
from typing import Self

from tidegate.git.mirror import Mirror
from tidegate.git.program import Git
from tidegate.git.remote import Remote


class Mirrors:
    """Hands out one mirror per remote. A context manager: at its end, the programs that read objects are ended.

    Args:
        git: the program.
        cache: folder for the mirrors; made when first needed. It holds nothing that can't be fetched again.
    """

    def __init__(self, git: Git, cache: Path) -> None:
        self.git = git
        self._cache = cache
        self._mirrors: dict[Remote, Mirror] = {}
        self._lock = Lock()

    def mirror(self, remote: Remote) -> Mirror:
        """Return the mirror of `remote`, not refreshed; the same object for the same remote."""
        with self._lock:
            if remote not in self._mirrors:
                self._mirrors[remote] = Mirror(self.git, remote, self._cache)
            return self._mirrors[remote]

    def close(self) -> None:
        """End the programs that read objects."""
        with self._lock:
            for mirror in self._mirrors.values():
                mirror.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
