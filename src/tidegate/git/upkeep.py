"""Upkeep: what many fetches and commits leave in a mirror is packed, while it is read and fetched into.

Nothing of it is needed for a right answer. git is made for this: who finds a pack gone looks for the new one
(gitformat-pack; git-gc, 'NOTES'). What no ref leads to stays for two weeks.
"""

from __future__ import annotations

import fcntl
import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Lock, Thread
from typing import Final, Protocol

from tidegate.errors import TidegateError
from tidegate.git.program import Git

_LOG: Final = logging.getLogger(__name__)
_FOLDERS: Final = 256
_ONE_OF_THEM: Final = "17"
"""Loose objects are spread evenly over as many folders; git itself counts those of this one (builtin/gc.c)."""
_COLLECTED: Final = "tidegate-collected"
_COLLECT_EVERY: Final = 7 * 24 * 3600.0
_COLLECT_SECONDS: Final = 3600.0
_PACK_SECONDS: Final = 600.0
_AT_THE_END_SECONDS: Final = 10.0
"""How long a short run may take longer for it. What is not done then is done by a later one."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What may lie about before it is packed; the numbers are git's own (gc.autoPackLimit, gc.auto).

    Args:
        packs: how many packs.
        loose: how many loose objects, about.
    """

    packs: int = 50
    loose: int = 6700

    def are_passed(self, folder: Path) -> bool:
        """Return whether more lies about in the git directory `folder`. It reads two folders."""
        packs = _count(folder / "objects" / "pack", ".pack")
        return packs > self.packs or _FOLDERS * _count(folder / "objects" / _ONE_OF_THEM) > self.loose


def _count(folder: Path, ending: str = "") -> int:
    try:
        return sum(each.name.endswith(ending) for each in folder.iterdir())
    except FileNotFoundError:
        return 0


class Packable(Protocol):
    """What upkeep needs to know of a mirror."""

    @property
    def folder(self) -> Path:
        """The git directory. It may be gone at any time."""
        ...

    def pack_refs(self) -> None:
        """Have all refs in one file."""
        ...

    def retire_reader(self) -> None:
        """Have a new program read from now on."""
        ...


class Upkeep:
    """Looks after the mirrors of one process.

    Args:
        git: the program.
        lasts: the process does: it is done beside everything else, and once a week what nobody can ask for is deleted.
            A short run does it at its end.
        limits: what may lie about.
    """

    def __init__(self, git: Git, *, lasts: bool = False, limits: Limits | None = None) -> None:
        self._git = git
        self._lasts = lasts
        self._limits = limits or Limits()
        self._lock = Lock()
        self._due: dict[Path, Packable] = {}
        self._thread: Thread | None = None

    def look(self, mirror: Packable) -> None:
        """See whether `mirror` is to be packed; called when something was fetched into it. Returns at once."""
        if not (self._limits.are_passed(mirror.folder) or self._is_to_be_collected(mirror.folder)):
            return
        with self._lock:
            self._due[mirror.folder] = mirror
            if self._lasts and self._thread is None:
                self._thread = Thread(target=self._work, name="upkeep", daemon=True)
                self._thread.start()

    def close(self) -> None:
        """Do what is due, in a short run; in one that lasts, leave what is being done to git."""
        if not self._lasts:
            while (mirror := self._next()) is not None:
                self._pack(mirror, _AT_THE_END_SECONDS)

    def _work(self) -> None:
        while (mirror := self._next()) is not None:
            self._pack(mirror, _PACK_SECONDS)

    def _next(self) -> Packable | None:
        with self._lock:
            if not self._due:
                self._thread = None
                return None
            return self._due.pop(next(iter(self._due)))

    def _pack(self, mirror: Packable, seconds: float) -> None:
        began = time.monotonic()
        try:
            with _alone(mirror.folder) as is_alone:
                if not is_alone:
                    return
                if self._is_to_be_collected(mirror.folder):
                    self._collect(mirror.folder)
                elif self._limits.are_passed(mirror.folder):
                    self._run(mirror.folder, "repack", "-d", "-l", "-q", "--geometric=2", seconds=seconds)
                else:
                    return  # somebody else did it
                mirror.pack_refs()
        except (TidegateError, OSError) as error:
            # It was made anew meanwhile, or time was short: whatever it is, nothing depends on it.
            _LOG.info("the cached mirror %s was not packed: %s", mirror.folder.name, error)
            return
        mirror.retire_reader()
        _LOG.info("the cached mirror %s was packed in %.1f s", mirror.folder.name, time.monotonic() - began)

    def _collect(self, folder: Path) -> None:
        self._run(folder, "gc", "--quiet", "--cruft", "--prune=2.weeks.ago", seconds=_COLLECT_SECONDS)
        with suppress(FileNotFoundError):  # made anew meanwhile
            (folder / _COLLECTED).touch()

    def _is_to_be_collected(self, folder: Path) -> bool:
        if not self._lasts:
            return False
        try:
            last = (folder / _COLLECTED).stat().st_mtime
        except FileNotFoundError:
            with suppress(FileNotFoundError):
                (folder / _COLLECTED).touch()
            return False
        return time.time() - last > _COLLECT_EVERY

    def _run(self, folder: Path, *arguments: str, seconds: float) -> None:
        self._git.run(*arguments, folder=folder, inside=True, seconds=seconds)


@contextmanager
def _alone(folder: Path) -> Iterator[bool]:
    """Give whether no other process looks after the mirror now; at the end another may."""
    with folder.with_suffix(".upkeep").open("ab") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield True
