"""Mirrors: the cache folder of all mirrors."""

from __future__ import annotations

from pathlib import Path
from threading import Lock
from types import TracebackType
from typing import Self

from tidegate.git.mirror import Mirror
from tidegate.git.program import Git
from tidegate.git.remote import Remote
from tidegate.git.upkeep import Limits, Upkeep


class Mirrors:
    """Hands out one mirror per remote. A context manager: at its end, the programs that read objects are ended.

    Where nothing was raised, what upkeep is due is done then.

    Args:
        git: the program.
        cache: folder for the mirrors; made when first needed. It holds nothing that can't be fetched again.
        lasts: the process does; see `Upkeep`.
        limits: what may lie about in a mirror before it is packed; None for as much as git's own.
    """

    def __init__(self, git: Git, cache: Path, *, lasts: bool = False, limits: Limits | None = None) -> None:
        self.git = git
        self._upkeep = Upkeep(git, lasts=lasts, limits=limits)
        self._cache = cache
        self._mirrors: dict[Remote, Mirror] = {}
        self._lock = Lock()

    def mirror(self, remote: Remote) -> Mirror:
        """Return the mirror of `remote`, not refreshed; the same object for the same remote."""
        with self._lock:
            if remote not in self._mirrors:
                self._mirrors[remote] = Mirror(self.git, remote, self._cache, self._upkeep)
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
        if kind is None:  # whoever has failed, or was interrupted, does not wait for it
            self._upkeep.close()
