"""Telling a rebase from any other push: the very same change, on a later commit of the target's branch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

from tidegate.engine.observe_promotion import LONGEST_BRANCH, commits_between
from tidegate.model import Commit
from tidegate.ports import GitOpsRepo

_Change: TypeAlias = Mapping[str, tuple[bytes | None, bytes | None]]
"""Path → its bytes before and after."""


def is_rebase(repo: GitOpsRepo, target_head: str, old: str, new: str) -> bool:
    """Return whether `new` is `old`, moved to a later commit of the target's branch, and nothing else.

    Told by what stands in git, not by who pushed: as many commits by the same authors with the same words, and the
    same files changed from the same bytes to the same bytes. What can't be told is no rebase.

    Args:
        repo: the repository.
        target_head: head of the target's branch.
        old: a head of the merge request.
        new: a later head of it.
    """
    if not repo.has(old):
        return False
    begun, now = repo.merge_base(target_head, old), repo.merge_base(target_head, new)
    if begun is None or now is None or begun == now or repo.merge_base(begun, now) != begun:
        return False
    before, after = commits_between(repo, begun, old), commits_between(repo, now, new)
    if len(before) >= LONGEST_BRANCH or list(map(_words, before)) != list(map(_words, after)):
        return False
    change = _change(repo, begun, old)
    return change is not None and change == _change(repo, now, new)


def _words(commit: Commit) -> tuple[object, ...]:
    return (len(commit.parents), commit.author, commit.email, commit.subject, dict(commit.trailers))


def _change(repo: GitOpsRepo, base: str, head: str) -> _Change | None:
    """Return what changed; None where something did that is no regular file on either side, such as a link."""
    paths = repo.changed_files(base, head)
    before, after = repo.read(base, paths), repo.read(head, paths)
    if not paths or any(path not in before and path not in after for path in paths):
        return None
    return {path: (before.get(path), after.get(path)) for path in paths}
