"""The GitOps repository port: read at a commit, write by a commit with a lease."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from tidegate.errors import TidegateError
from tidegate.model.merge_request import Commit


@dataclass(frozen=True, slots=True)
class Change:
    """What one commit writes.

    Args:
        files: path → new bytes, or None to delete the file.
        subject: first line of the message.
        body: the message's text below the subject, without trailers.
        trailers: name → value, in order, e.g. `Tidegate-Service: inventory`.
        author: name shown as the author; the committer is the configured identity. None means the identity.
    """

    files: Mapping[str, bytes | None]
    subject: str
    body: str = ""
    trailers: Mapping[str, str] | None = None
    author: str | None = None


@dataclass(frozen=True, slots=True)
class BranchPush:
    """One branch that a commit is to become the head of; as the arguments of `GitOpsRepo.push`."""

    branch: str
    change: Change
    parent: str
    expected: str | None


class GitOpsRepo(Protocol):
    """One git repository. Paths are POSIX, relative, without `..`."""

    def refresh(self) -> None:
        """Read the remote's branches anew; every later answer is at least as new as this call.

        Raises:
            RepositoryMissing, GitUnauthorized, RemoteUnreachable: from `tidegate.errors.git`.
        """
        ...

    def head(self, branch: str) -> str | None:
        """Return the commit id of `branch` as of the last refresh, or None when it does not exist."""
        ...

    def files(self, commit: str, under: str) -> tuple[str, ...]:
        """Return the paths of all files below folder `under` ("" for all) at `commit`, sorted; no symbolic links.

        Raises:
            TreeTooLarge: there are more than any repository of manifests has.
        """
        ...

    def links(self, commit: str, under: str) -> Mapping[str, str]:
        """Return path → where it points, of the symbolic links at `commit` that stand in the way of reading `under`.

        Those are the links below the folder; or, where the folder or one above is a link itself, that one.

        Raises:
            TreeTooLarge: there are more than any repository of manifests has.
        """
        ...

    def read(self, commit: str, paths: Iterable[str]) -> Mapping[str, bytes]:
        """Return path → bytes at `commit`; what does not exist is left out.

        Raises:
            FileTooLarge: a file is over 5 MiB.
            TreeTooLarge: they are too much to be read together.
        """
        ...

    def commit(self, commit: str) -> Commit:
        """Return one commit.

        Raises:
            CommitMissing: the repository has no such commit.
            TreeTooLarge: its message is longer than any.
        """
        ...

    def has(self, commit: str) -> bool:
        """Return whether there is such a commit, also one that no branch leads to any more.

        A remote need not give such a one: then it is as if it were not there.
        """
        ...

    def history(self, commit: str, path: str, limit: int) -> tuple[Commit, ...]:
        """Return the newest `limit` commits that changed `path` (file or folder), first-parent, newest first."""
        ...

    def merge_base(self, one: str, other: str) -> str | None:
        """Return the best common ancestor of two commits, or None."""
        ...

    def changed_files(self, base: str, head: str) -> tuple[str, ...]:
        """Return the paths that differ between two commits, sorted, renames as both paths.

        Raises:
            TreeTooLarge: there are more than any repository of manifests has.
        """
        ...

    def diff(self, base: str, head: str, paths: Iterable[str]) -> str:
        """Return the unified diff between two commits, limited to `paths`.

        What is too long for anybody to read may be left out; a last line says of how many files that is so.
        """
        ...

    def push(self, branch: str, change: Change, *, parent: str, expected: str | None) -> str:
        """Write `change` as a commit on `parent` and make it the head of `branch`; return its id.

        The push is a compare-and-swap: `expected` is the head that `branch` must have (None: it must not exist).
        A change that equals `parent`'s tree makes no commit: `parent` itself is pushed.

        Raises:
            LeaseLost: the branch was not at `expected`. Nothing was written.
        """
        ...

    def push_each(self, pushes: Sequence[BranchPush]) -> tuple[str | TidegateError, ...]:
        """Do for each what `push` does, with few processes and exchanges; each has its own lease, and stops no other.

        Args:
            pushes: each of another branch.

        Returns:
            In order, the branch's new head, or why it was not moved: what `push` raises. A remote may refuse several
            for what is wrong with one: what was not moved is worth an attempt by itself.

        Raises:
            GitUnauthorized, RemoteUnreachable: from `tidegate.errors.git`. Some may have been moved.
        """
        ...

    def delete(self, branch: str, *, expected: str) -> None:
        """Delete `branch` if its head is `expected`.

        Raises:
            LeaseLost: it was not.
        """
        ...


class GitOpsRepos(Protocol):
    """The repositories of the forge, by project path."""

    def repo(self, project: str) -> GitOpsRepo:
        """Return the repository of `project`, refreshed once; the same object for the same project."""
        ...
