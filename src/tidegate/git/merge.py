"""Merging two commits without a work tree."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from tidegate.errors.git import GitFailed
from tidegate.git.identity import Identity
from tidegate.git.message import plain
from tidegate.git.mirror import Mirror
from tidegate.git.names import as_text, check_commit

_CLEAN_OR_NOT: Final = frozenset({0, 1})


@dataclass(frozen=True, slots=True)
class MergedTree:
    """The outcome of a trial merge.

    Args:
        tree: id of the merged tree; with conflicts, it holds conflict markers.
        conflicts: paths that a person must merge.
    """

    tree: str
    conflicts: tuple[str, ...]


def merge_trees(mirror: Mirror, ours: str, theirs: str) -> MergedTree:
    """Merge two commits that have a common ancestor (git-merge-tree, `--write-tree`).

    Raises:
        CommitMissing: one of them does not exist.
        GitFailed: they have no common ancestor.
    """
    options = ("--write-tree", "--name-only", "--no-messages", "-z")
    finished = mirror.run("merge-tree", *options, check_commit(ours), check_commit(theirs), fine=_CLEAN_OR_NOT)
    tree, *conflicts = finished.text.split("\0")
    if not tree:
        raise GitFailed("git merge-tree named no tree", hint="see whether git is whole: git version")
    return MergedTree(tree, tuple(sorted({as_text(path) for path in conflicts if path})))


def write_merge(
    mirror: Mirror,
    tree: str,
    parents: tuple[str, str],
    message: str,
    *,
    author: Identity,
    committer: Identity,
    at: datetime,
) -> str:
    """Write a merge commit into the mirror and return its id. The same values make the same id.

    Args:
        mirror: where to.
        tree: id of the merged tree.
        parents: the branch that was merged into, then the one that was merged.
        message: the whole message.
        author: who merges.
        committer: who commits it.
        at: author's and committer's time.
    """
    lines = [
        f"tree {tree}",
        *(f"parent {check_commit(parent)}" for parent in parents),
        f"author {author.at(at)}",
        f"committer {committer.at(at)}",
        "",
        plain(message),
    ]
    data = ("\n".join(lines) + "\n").encode("utf-8", "replace")
    return check_commit(mirror.run("hash-object", "-t", "commit", "-w", "--stdin", data=data).text)
