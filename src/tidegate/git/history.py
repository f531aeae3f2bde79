"""The commits between two commits, with their messages and files: `git log` and `git diff-tree`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from tidegate.git.names import check_commit
from tidegate.git.program import Git
from tidegate.ports.tags import HistoryCommit

_PLAIN: Final = ("--no-color", "--no-decorate", "--no-notes", "--no-show-signature", "--encoding=UTF-8", "--no-patch")
_PARTIAL: Final = r"^(extensions\.partialclone|remote\..*\.promisor)$"
_HEADER_LINES: Final = 2


def is_whole(git: Git, folder: Path, commits: Iterable[str]) -> bool:
    """Return whether a repository has `commits` with all of their ancestors, trees and files.

    A shallow clone has not, and a partial one has no trees where they were not needed yet.
    """
    if git.run("rev-parse", "--is-shallow-repository", folder=folder).text != "false":
        return False
    if git.run("config", "--get-regexp", _PARTIAL, folder=folder, fine=frozenset({0, 1})).status == 0:
        return False
    names = "".join(f"{check_commit(commit)}^{{commit}}\n" for commit in commits)
    said = git.run("cat-file", "--batch-check=%(objecttype)", folder=folder, data=names.encode())
    return all(line == "commit" for line in said.text.splitlines())


def commits_between(git: Git, folder: Path, since: str, until: str, *, files: bool) -> tuple[HistoryCommit, ...]:
    """Return every commit that `until` has and `since` has not, each before its parents.

    Args:
        git: the program.
        folder: the git directory; it must have the whole history of both.
        since: commit id.
        until: commit id.
        files: also tell which paths each commit changes, compared with its first parent.
    """
    between = (check_commit(until), f"^{check_commit(since)}")
    said = git.run("log", "-z", "--topo-order", *_PLAIN, "--format=%H%n%P%n%B", *between, "--", folder=folder)
    # A message can't hold NUL: git ends it there.
    records = [record for record in said.out.decode("utf-8", "replace").split("\0") if record]
    commits = tuple(_commit(record) for record in records)
    if not files:
        return commits
    changed = _files(git, folder, commits)
    return tuple(HistoryCommit(each.id, each.parents, each.message, changed.get(each.id, ())) for each in commits)


def _commit(record: str) -> HistoryCommit:
    id_, parents, message = record.split("\n", _HEADER_LINES)
    return HistoryCommit(id_, tuple(parents.split()), message)


def _files(git: Git, folder: Path, commits: Iterable[HistoryCommit]) -> Mapping[str, tuple[str, ...]]:
    """Return commit id → paths that differ from its first parent."""
    lines = "".join(f"{' '.join((each.id, *each.parents[:1]))}\n" for each in commits)
    options = ("-r", "-z", "--raw", "--root", "--no-renames", "--stdin")
    said = git.run("diff-tree", *options, folder=folder, data=lines.encode()).out.decode("utf-8", "surrogateescape")
    found: dict[str, list[str]] = {}
    names: list[str] = []
    tokens = iter(said.split("\0"))
    for token in tokens:
        if token.startswith(":"):
            names.append(next(tokens))
        elif token:
            names = found.setdefault(token.split()[0], [])
    return {commit: tuple(names) for commit, names in found.items()}
