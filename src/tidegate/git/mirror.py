"""Mirror: a bare copy of one remote in the cache. It may be deleted at any time; it is made again when needed."""

from __future__ import annotations

import fcntl
import math
import os
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Lock, RLock
from types import MappingProxyType
from typing import BinaryIO, Final, TypeVar

from tidegate.errors import TidegateError
from tidegate.errors.git import (
    CacheBroken,
    CacheUnusable,
    CommitMissing,
    GitUnauthorized,
    RemoteMoved,
    RemoteUnreachable,
    RemoteUntrusted,
    RepositoryMissing,
)
from tidegate.git.kept import Kept
from tidegate.git.lines import LINE, Lines
from tidegate.git.objects import ObjectReader
from tidegate.git.program import Finished, Git, end
from tidegate.git.push import Outcome, RefUpdate, push, push_each
from tidegate.git.remote import Remote
from tidegate.git.upkeep import Upkeep

_T = TypeVar("_T")

_REFS: Final = ("heads", "tags", "merge-requests", "tidegate")

_FETCH: Final = ("--quiet", "--no-tags", "--no-write-fetch-head", "--no-auto-maintenance")

_MOST_BASES: Final = 4_000

_OF_THE_REMOTE: Final = (RepositoryMissing, RemoteMoved, GitUnauthorized, RemoteUnreachable, RemoteUntrusted)
"""Failures that a new mirror would meet again."""


class Mirror:
    """One remote's mirror, with its full history. Safe for many threads, and for many processes at once.

    Args:
        git: the program.
        remote: what is mirrored.
        cache: folder of all mirrors; made when missing.
        upkeep: keeps it small, or None.
    """

    def __init__(self, git: Git, remote: Remote, cache: Path, upkeep: Upkeep | None = None) -> None:
        self._git = git
        self.remote = remote
        self._cache = cache
        self._folder = cache / f"{remote.name}.git"
        self._upkeep = upkeep
        self._thread_lock = RLock()
        self._fetching = Lock()
        self._fetched: tuple[float, Mapping[str, str]] = (-math.inf, {})  # when the last fetch began, what it found
        self.lines: Final = Lines(lambda tip: self.started(*LINE, tip, "--"))
        self.bases: Final[Kept[str | None]] = Kept(_MOST_BASES)
        """Two commits → their best common ancestor."""
        self._reader: ObjectReader | None = None
        self._reader_of: tuple[int, int] | None = None

    def refresh(self, since: float | None = None) -> Mapping[str, str]:
        """Return the remote's refs, as a fetch finds them: full name → id (of an annotated tag, the tag object's).

        Threads that ask at the same time share a fetch that began after they asked.

        Args:
            since: as `time.monotonic`; a fetch that began later is new enough. None: one that begins now.

        Raises:
            RepositoryMissing, GitUnauthorized, RemoteUnreachable, RemoteUntrusted: from `tidegate.errors.git`.
        """
        wanted = time.monotonic() if since is None else since
        with self._fetching:
            begun, refs = self._fetched
            if begun <= wanted:
                begun = time.monotonic()
                refs = self._refs_now()
                self._fetched = begun, refs
            return refs

    def _refs_now(self) -> Mapping[str, str]:
        with self._locked():
            if self._identity() is None:
                self._make()
            else:
                try:
                    self._fetch(self._folder)
                except _OF_THE_REMOTE:
                    raise
                except TidegateError:
                    # Whatever ails the cache (a lock left by a killed git, a torn object), a new one has not.
                    self._make()
            said = self._git.run("for-each-ref", "--format=%(objectname) %(refname)", folder=self._folder)
        if self._upkeep is not None:
            self._upkeep.look(self)
        pairs = (line.partition(" ") for line in said.text.splitlines())
        return MappingProxyType({ref: id_ for id_, _, ref in pairs})

    def ask(self, question: Callable[[ObjectReader], _T]) -> _T:
        """Return the answer to a question about objects; asked once more when the cache had to be made anew.

        Raises:
            CommitMissing: or whatever the question raises.
            CacheBroken: the mirror can't be read, even when made anew.
        """
        try:
            return question(self._current_reader())
        except (CacheBroken, CommitMissing) as error:
            unchanged = self._reader_of == self._identity()
            if unchanged and isinstance(error, CommitMissing):
                raise
            self._renew(broken=unchanged)
        return question(self._current_reader())

    def run(self, *arguments: str, data: bytes = b"", fine: frozenset[int] = frozenset({0})) -> Finished:
        """Run a local git command in the mirror; once more when the cache was gone or broken.

        Arguments as for `Git.run`.
        """
        try:
            return self._git.run(*arguments, folder=self._folder, data=data, fine=fine)
        except CacheBroken:
            self._renew(broken=True)
        except TidegateError:
            if self._identity() is not None:
                raise
            self.refresh()
        return self._git.run(*arguments, folder=self._folder, data=data, fine=fine)

    @contextmanager
    def started(self, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
        """Give a local git command that runs; at the end of the context it is ended."""
        process = self._git.start(*arguments, folder=self._folder)
        try:
            yield process
        finally:
            end(process)

    def obtain(self, commit: str) -> bool:
        """Return whether the mirror has a commit now; one that it has not is fetched by its id alone.

        Servers may give what no branch leads to any more (`uploadpack.allowAnySHA1InWant`; GitLab does), or refuse.

        Args:
            commit: 40 hexadecimal digits.

        Raises:
            RepositoryMissing, GitUnauthorized, RemoteUnreachable, RemoteUntrusted: from `tidegate.errors.git`.
        """
        if re.fullmatch(r"[0-9a-f]{40}", commit) is None:
            return False
        if self._holds(commit):
            return True
        with self._locked():
            try:
                options = (*_FETCH, "--", self.remote.url, commit)
                self._git.run("fetch", *options, folder=self._folder, remote=self.remote)
            except _OF_THE_REMOTE:
                raise
            except TidegateError:
                return False  # the remote does not give it
        return self._holds(commit)

    def _holds(self, commit: str) -> bool:
        told = self.run("cat-file", "-e", f"{commit}^{{commit}}", fine=frozenset({0, 1, 128}))
        return told.status == 0

    def push(self, updates: Sequence[RefUpdate]) -> tuple[Outcome, ...]:
        """Move refs on the remote; see `tidegate.git.push.push`.

        Raises:
            CacheBroken: the cache vanished, and what was to be pushed with it.
        """
        return self._pushed(push, updates)

    def push_each(self, updates: Sequence[RefUpdate]) -> tuple[Outcome | TidegateError, ...]:
        """Move refs on the remote, each by itself; see `tidegate.git.push.push_each`.

        Raises:
            CacheBroken: as `push`.
        """
        return self._pushed(push_each, updates)

    def _pushed(self, move: Callable[[Git, Path, Remote, Sequence[RefUpdate]], _T], updates: Sequence[RefUpdate]) -> _T:
        try:
            return move(self._git, self._folder, self.remote, updates)
        except TidegateError as error:
            if self._identity() is None:
                raise CacheBroken(
                    "the cached mirror vanished before its commits were pushed", hint="try again"
                ) from error
            raise
        finally:
            with self._fetching:
                self._fetched = (-math.inf, {})  # whoever looks now is to see what was pushed

    def close(self) -> None:
        """End the program that reads objects. The mirror can be used again."""
        with self._thread_lock:
            if self._reader is not None:
                self._reader.close()
            self._reader = None

    @property
    def folder(self) -> Path:
        """The git directory. It may be gone at any time."""
        return self._folder

    def retire_reader(self) -> None:
        """Have a new program read from now on; who is being answered still is, by the one before."""
        with self._thread_lock:
            self._reader = None

    def pack_refs(self) -> None:
        """Have all refs in one file: a fetch of thousands of merge requests makes a file of each."""
        with self._locked():
            self._git.run("pack-refs", "--all", "--prune", folder=self._folder)

    def _identity(self) -> tuple[int, int] | None:
        """Return what tells one incarnation of the mirror from the next; None when there is none."""
        try:
            status = (self._folder / "HEAD").stat()
        except OSError:
            return None
        return status.st_dev, status.st_ino

    def _current_reader(self) -> ObjectReader:
        with self._thread_lock:
            if self._reader is None:
                if self._identity() is None:
                    self.refresh()
                self._reader_of = self._identity()
                self._reader = ObjectReader(self._git, self._folder)
            return self._reader

    def _renew(self, *, broken: bool) -> None:
        with self._thread_lock:
            if broken:
                with self._locked():
                    self._make()
            self.close()

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Hold the mirror against other processes and threads. The lock file may be deleted under us: then again."""
        file = self._lock_file()
        try:
            yield
        finally:
            file.close()

    def _lock_file(self) -> BinaryIO:
        path = self._cache / f"{self.remote.name}.lock"
        while True:
            try:
                self._cache.mkdir(mode=0o700, parents=True, exist_ok=True)
                file = path.open("ab")
            except FileNotFoundError:
                continue  # deleted between the two lines
            except OSError as error:
                raise self._unusable(error) from error
            fcntl.flock(file, fcntl.LOCK_EX)
            if path.exists() and os.path.samestat(os.fstat(file.fileno()), path.stat()):
                return file
            file.close()

    def _unusable(self, error: OSError) -> CacheUnusable:
        return CacheUnusable(
            f"the cache folder can't be used: {error.strerror}",
            where=str(self._cache),
            hint="make it writable, or name another one",
        )

    def _make(self) -> None:
        """Make the mirror beside its place and move it there whole, so that nobody sees half of one."""
        prefix = f"{self.remote.name}.tmp-"
        for stale in self._cache.glob(f"{prefix}*"):
            shutil.rmtree(stale, ignore_errors=True)
        try:
            new = Path(tempfile.mkdtemp(prefix=prefix, dir=self._cache))
        except OSError as error:
            raise self._unusable(error) from error
        try:
            self._git.run("init", "--quiet", "--bare", "--template=", "--object-format=sha1", str(new / "new"))
            self._fetch(new / "new")
            if self._folder.exists():
                self._folder.rename(new / "old")
            (new / "new").rename(self._folder)
        finally:
            shutil.rmtree(new, ignore_errors=True)

    def _fetch(self, folder: Path) -> None:
        refspecs = [f"+refs/{kind}/*:refs/{kind}/*" for kind in _REFS]
        options = (*_FETCH, "--prune", "--force", "--", self.remote.url, *refspecs)
        self._git.run("fetch", *options, folder=folder, remote=self.remote)
