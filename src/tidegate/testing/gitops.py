"""FakeRepo and FakeRepos: the GitOps repository ports in memory."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from tidegate.errors import Place, TidegateError
from tidegate.errors.git import CommitMissing, FileTooLarge, LeaseLost, UnsafePath
from tidegate.model.merge_request import Commit
from tidegate.ports.clock import Clock
from tidegate.ports.gitops import BranchPush, Change
from tidegate.testing.remotes import FakeRemote, FakeRemotes, Link

_LARGEST_FILE: Final = 5 * 1024 * 1024


class FakeRepo:
    """One client's view of a repository; fulfils the port `GitOpsRepo`.

    Args:
        remote: the repository, which other clients may share.
        clock: for the time of commits.
        name: the committer's name.
    """

    def __init__(self, remote: FakeRemote, clock: Clock, name: str) -> None:
        self._remote = remote
        self._clock = clock
        self._name = name
        self._branches: dict[str, str] = {}

    def refresh(self) -> None:
        """Read the branches anew."""
        self._branches = dict(self._remote.branches)

    def head(self, branch: str) -> str | None:
        """Return the head as of the last refresh or own push."""
        return self._branches.get(branch)

    def files(self, commit: str, under: str) -> tuple[str, ...]:
        """Return the paths below `under`."""
        files = self._remote.stored(commit).files
        return tuple(sorted(path for path, data in files.items() if _is_below(path, under) and not _is_link(data)))

    def links(self, commit: str, under: str) -> Mapping[str, str]:
        """Return path → where it points, of the links below `under`, or of `under` or a folder above."""
        links = {path: data.decode() for path, data in self._remote.stored(commit).files.items() if _is_link(data)}
        way = {path: target for path, target in links.items() if f"{under}/".startswith(f"{path}/")}
        return way or {path: target for path, target in links.items() if _is_below(path, under)}

    def read(self, commit: str, paths: Iterable[str]) -> Mapping[str, bytes]:
        """Return path → bytes; what does not exist is left out."""
        files = self._remote.stored(commit).files
        found = {path: files[path] for path in map(_checked, paths) if path in files and not _is_link(files[path])}
        for path, data in found.items():
            if len(data) > _LARGEST_FILE:
                raise FileTooLarge("the file is larger than any manifest", where=Place(path), hint="take it away")
        return found

    def commit(self, commit: str) -> Commit:
        """Return one commit."""
        return self._remote.stored(commit).commit

    def has(self, commit: str) -> bool:
        """Return whether there is such a commit."""
        return commit in self._remote.commits

    def history(self, commit: str, path: str, limit: int) -> tuple[Commit, ...]:
        """Return the newest `limit` first-parent commits that changed `path`."""
        found: list[Commit] = []
        one: str | None = commit
        while one is not None and len(found) < limit:
            stored = self._remote.stored(one)
            one = next(iter(stored.commit.parents), None)
            before = self._remote.stored(one).files if one else {}
            if not path or _below(stored.files, path) != _below(before, path):
                found.append(stored.commit)
        return tuple(found)

    def merge_base(self, one: str, other: str) -> str | None:
        """Return the best common ancestor, or None."""
        return self._remote.merge_base(one, other)

    def changed_files(self, base: str, head: str) -> tuple[str, ...]:
        """Return the paths that differ."""
        before, after = self._remote.stored(base).files, self._remote.stored(head).files
        return tuple(sorted(path for path in {*before, *after} if before.get(path) != after.get(path)))

    def diff(self, base: str, head: str, paths: Iterable[str]) -> str:
        """Return the unified diff, much as git writes it."""
        before, after = self._remote.stored(base).files, self._remote.stored(head).files
        wanted = tuple(map(_checked, paths))
        pieces: list[str] = []
        for path in self.changed_files(base, head):
            if any(path == one or path.startswith(f"{one}/") for one in wanted):
                pieces.append(f"diff --git a/{path} b/{path}\n")
                pieces += difflib.unified_diff(
                    _lines(before.get(path)),
                    _lines(after.get(path)),
                    f"a/{path}" if path in before else "/dev/null",
                    f"b/{path}" if path in after else "/dev/null",
                )
        return "".join(pieces)

    def push(self, branch: str, change: Change, *, parent: str, expected: str | None) -> str:
        """Write `change` on `parent` and move `branch` there, if it is at `expected`."""
        before = self._remote.stored(parent).files
        after = {**before, **{_checked(path): data for path, data in change.files.items()}}
        files = {path: data for path, data in after.items() if data is not None}
        new = parent
        if files != before:
            message = _message(change.subject, change.body, change.trailers or {})
            new = self._remote.add(files, (parent,), change.author or self._name, message, self._clock.now())
        self._remote.move(branch, new, expected)
        self._branches[branch] = new
        return new

    def push_each(self, pushes: Sequence[BranchPush]) -> tuple[str | TidegateError, ...]:
        """Do for each what `push` does."""
        return tuple(self._pushed(each) for each in pushes)

    def _pushed(self, push: BranchPush) -> str | TidegateError:
        try:
            return self.push(push.branch, push.change, parent=push.parent, expected=push.expected)
        except (CommitMissing, LeaseLost, UnsafePath) as error:
            return error

    def delete(self, branch: str, *, expected: str) -> None:
        """Delete `branch` if it is at `expected`."""
        self._remote.move(branch, None, expected)
        self._branches.pop(branch, None)


class FakeRepos:
    """The repositories of a forge in memory; fulfils the port `GitOpsRepos`.

    Args:
        remotes: the repositories, which other clients may share.
        clock: for the time of commits.
        name: the committer's name.
    """

    def __init__(self, remotes: FakeRemotes, clock: Clock, name: str = "Tidegate") -> None:
        self._remotes = remotes
        self._clock = clock
        self._name = name
        self._repos: dict[str, FakeRepo] = {}

    def repo(self, project: str) -> FakeRepo:
        """Return the repository of `project`, refreshed once."""
        if project not in self._repos:
            repo = FakeRepo(self._remotes.remote(project), self._clock, self._name)
            repo.refresh()
            self._repos[project] = repo
        return self._repos[project]


def _checked(path: str) -> str:
    if not path.isprintable() or "\\" in path or set(path.lower().split("/")) & {"", ".", "..", ".git"}:
        raise UnsafePath(f"{path!r} is not a path that may be read or written", hint="write a relative path")
    return path


def _is_below(path: str, under: str) -> bool:
    return not under or path.startswith(f"{_checked(under)}/")


def _is_link(data: bytes) -> bool:
    return isinstance(data, Link)


def _below(files: Mapping[str, bytes], path: str) -> dict[str, bytes]:
    return {name: data for name, data in files.items() if name == path or name.startswith(f"{path}/")}


def _lines(data: bytes | None) -> list[str]:
    return (data or b"").decode("utf-8", "replace").splitlines(keepends=True)


def _message(subject: str, body: str, trailers: Mapping[str, str]) -> str:
    lines = "\n".join(f"{name}: {' '.join(value.split())}" for name, value in trailers.items())
    return "\n\n".join(part for part in (" ".join(subject.split()), body.strip("\n"), lines) if part) + "\n"
