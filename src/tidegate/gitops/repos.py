"""MirroredRepo: the GitOps repository port over a cached mirror."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from threading import Lock
from typing import Final

from tidegate.errors import TidegateError
from tidegate.git.commits import read_commits
from tidegate.git.compare import changed_files, diff, history, merge_base
from tidegate.git.fast_import import NewCommit, write_commits
from tidegate.git.identity import Identity
from tidegate.git.message import compose
from tidegate.git.mirror import Mirror
from tidegate.git.mirrors import Mirrors
from tidegate.git.names import branch_ref
from tidegate.git.push import Outcome, RefUpdate
from tidegate.git.remote import ProjectRemotes
from tidegate.git.trees import read_files
from tidegate.git.walk import list_files, list_links
from tidegate.model.merge_request import Commit
from tidegate.ports.clock import Clock
from tidegate.ports.gitops import BranchPush, Change

_PUSHES_AT_ONCE: Final = 4


class MirroredRepo:
    """One repository; fulfils the port `GitOpsRepo`. Safe for many threads.

    Args:
        mirror: the cached mirror of the remote.
        identity: the committer, and the author where a change names none.
        clock: for the time of commits.
        branches_at_once: how many branches one push may move.
        require_writable: called before something is pushed.
    """

    def __init__(
        self,
        mirror: Mirror,
        identity: Identity,
        clock: Clock,
        *,
        branches_at_once: int = 1,
        require_writable: Callable[[], None] = lambda: None,
    ) -> None:
        self._branches_at_once = branches_at_once
        self._require_writable = require_writable
        self._mirror = mirror
        self._identity = identity
        self._clock = clock
        self._refs: Mapping[str, str] = {}

    def refresh(self, since: float | None = None) -> None:
        """Read the remote's branches anew, or as somebody did after `since`; see `Mirror.refresh`."""
        self._refs = self._mirror.refresh(since)

    def refs(self) -> tuple[str, ...]:
        """Return the full names of the branches and tags as of the last refresh, sorted."""
        return tuple(sorted(self._refs))

    def head(self, branch: str) -> str | None:
        """Return the commit id of `branch` as of the last refresh or the last own push."""
        return self._refs.get(branch_ref(branch))

    def files(self, commit: str, under: str) -> tuple[str, ...]:
        """Return the paths of the regular files below `under`, sorted; links and submodules are not listed."""
        return self._mirror.ask(lambda reader: list_files(reader, commit, under))

    def links(self, commit: str, under: str) -> Mapping[str, str]:
        """Return path → where it points, of the symbolic links below `under`, or of `under` or a folder above."""
        return self._mirror.ask(lambda reader: list_links(reader, commit, under))

    def read(self, commit: str, paths: Iterable[str]) -> Mapping[str, bytes]:
        """Return path → bytes; what does not exist, or is a link or a folder, is left out."""
        wanted = tuple(paths)
        return self._mirror.ask(lambda reader: read_files(reader, commit, wanted))

    def commit(self, commit: str) -> Commit:
        """Return one commit."""
        (found,) = self._mirror.ask(lambda reader: read_commits(reader, [commit]))
        return found

    def has(self, commit: str) -> bool:
        """Return whether there is such a commit; the remote is asked for one that the mirror has not."""
        return self._mirror.obtain(commit)

    def history(self, commit: str, path: str, limit: int) -> tuple[Commit, ...]:
        """Return the newest `limit` commits that changed `path`, first-parent, newest first."""
        return history(self._mirror, commit, path, limit)

    def merge_base(self, one: str, other: str) -> str | None:
        """Return the best common ancestor of two commits, or None."""
        return merge_base(self._mirror, one, other)

    def changed_files(self, base: str, head: str) -> tuple[str, ...]:
        """Return the paths that differ between two commits."""
        return changed_files(self._mirror, base, head)

    def diff(self, base: str, head: str, paths: Iterable[str]) -> str:
        """Return the unified diff between two commits, limited to `paths`."""
        return diff(self._mirror, base, head, paths)

    def push(self, branch: str, change: Change, *, parent: str, expected: str | None) -> str:
        """Write `change` on `parent` and make it the head of `branch`, if that is at `expected`.

        The same change at the same second makes the same commit: a run that was killed after its push is adopted.
        """
        (pushed,) = self.push_each([BranchPush(branch, change, parent, expected)])
        if isinstance(pushed, TidegateError):
            raise pushed
        return pushed

    def push_each(self, pushes: Sequence[BranchPush]) -> tuple[str | TidegateError, ...]:
        """Do for each what `push` does: one import for all, and few pushes."""
        self._require_writable()
        done: dict[str, str | TidegateError] = {}
        updates: list[RefUpdate] = []
        refs = [branch_ref(each.branch) for each in pushes]
        written = write_commits(self._mirror, [self._commit(each) for each in pushes])
        for ref, each, new in zip(refs, pushes, written, strict=True):
            done[ref] = new
            if not isinstance(new, TidegateError):
                updates.append(RefUpdate(ref, new, each.expected))
        for update, outcome in zip(updates, self._moved(updates), strict=True):
            if isinstance(outcome, TidegateError):
                done[update.ref] = outcome
            elif update.new is not None:
                self._refs = {**self._refs, update.ref: update.new}
        return tuple(done[ref] for ref in refs)

    def _moved(self, updates: Sequence[RefUpdate]) -> list[Outcome | TidegateError]:
        """Push branches, so many at a time; several such pushes are under way at once."""
        size = self._branches_at_once
        parts = [updates[start : start + size] for start in range(0, len(updates), size)]
        if len(parts) <= 1:
            return [each for part in parts for each in self._mirror.push_each(part)]
        from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415 - costs time, and hardly anybody pushes so much

        with ThreadPoolExecutor(_PUSHES_AT_ONCE) as pool:
            return [each for moved in pool.map(self._mirror.push_each, parts) for each in moved]

    def _commit(self, push: BranchPush) -> NewCommit:
        change = push.change
        author = self._identity.acting_for(change.author) if change.author else self._identity
        message = compose(change.subject, change.body, change.trailers or {})
        return NewCommit(push.parent, change.files, message, author, self._identity, self._clock.now())

    def delete(self, branch: str, *, expected: str) -> None:
        """Delete `branch` if its head is `expected`."""
        ref = branch_ref(branch)
        self._require_writable()
        self._mirror.push([RefUpdate(ref, None, expected)])
        self._refs = {name: head for name, head in self._refs.items() if name != ref}


class MirroredRepos:
    """The repositories of a forge; fulfils the port `GitOpsRepos`. What it gives is as new as itself, or newer.

    Args:
        remotes: where the projects are.
        mirrors: the cache.
        identity: the committer.
        clock: for the time of commits.
    """

    def __init__(self, remotes: ProjectRemotes, mirrors: Mirrors, identity: Identity, clock: Clock) -> None:
        self._remotes = remotes
        self._mirrors = mirrors
        self._identity = identity
        self._clock = clock
        self._made = time.monotonic()
        self._repos: dict[str, MirroredRepo] = {}
        self._locks: dict[str, Lock] = {}
        self._lock = Lock()

    def repo(self, project: str) -> MirroredRepo:
        """Return the repository of `project`, refreshed once; different projects may be opened at the same time.

        Raises:
            RepositoryMissing, GitUnauthorized, RemoteUnreachable: from `tidegate.errors.git`.
        """
        with self._lock:
            lock = self._locks.setdefault(project, Lock())
        with lock:
            if project not in self._repos:
                remote = self._remotes.remote(project)
                repo = MirroredRepo(
                    self._mirrors.mirror(remote),
                    self._identity,
                    self._clock,
                    branches_at_once=self._remotes.branches_at_once,
                    require_writable=partial(self._remotes.require_writable, project),
                )
                repo.refresh(self._made)
                self._repos[project] = repo
            return self._repos[project]
