"""The merge commit that the local forge makes, and what it is guarded by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from tidegate.errors.forge import MergeConflict, TargetMoved
from tidegate.git.compare import arrival, merge_base
from tidegate.git.identity import Identity
from tidegate.git.merge import merge_trees, write_merge
from tidegate.git.mirror import Mirror
from tidegate.git.names import branch_ref
from tidegate.git.push import RefUpdate
from tidegate.git.trees import read_files
from tidegate.model.merge_request import MergeRequest


@dataclass(frozen=True, slots=True)
class WantedMerge:
    """What a merge is to be.

    Args:
        message: the whole message.
        files: path → bytes that must come out.
        author: who merges.
        committer: who commits it.
        at: when.
    """

    message: str
    files: Mapping[str, bytes]
    author: Identity
    committer: Identity
    at: datetime


def merge_onto(
    mirror: Mirror, request: MergeRequest, target: str, wanted: WantedMerge
) -> tuple[str, tuple[RefUpdate, ...]]:
    """Return the commit by which a merge request's head is in the target branch, and what must move for that.

    Args:
        mirror: has both branches; the commit is written into it.
        request: what is merged.
        target: head of the target branch.
        wanted: the merge.

    Raises:
        MergeConflict: a person must merge.
        TargetMoved: other bytes would come out.
    """
    head = request.head
    if merge_base(mirror, target, head) == head:
        return arrival(mirror, head, target), ()
    in_conflict = conflicts(mirror, target, head)
    if in_conflict:
        raise MergeConflict(
            f"{request.source_branch} conflicts with {request.target_branch} in {', '.join(in_conflict)}",
            where=request.ref,
            hint=f"merge {request.target_branch} into {request.source_branch} by hand and push, or promote again",
        )
    tree = merge_trees(mirror, target, head).tree
    commit = write_merge(
        mirror, tree, (target, head), wanted.message, author=wanted.author, committer=wanted.committer, at=wanted.at
    )
    made = mirror.ask(lambda reader: read_files(reader, commit, wanted.files))
    moved = [path for path, data in wanted.files.items() if made.get(path) != data]
    if moved:
        raise TargetMoved(
            f"{request.target_branch} has changed, and a merge would make another {', '.join(moved)}",
            where=request.ref,
            hint="look at the merge request again: it began on an older file",
        )
    return commit, (RefUpdate(branch_ref(request.target_branch), commit, target),)


def conflicts(mirror: Mirror, target: str, head: str) -> tuple[str, ...]:
    """Return what a person would have to merge."""
    if merge_base(mirror, target, head) is None:
        return ("(all files: the branches have no common history)",)
    return merge_trees(mirror, target, head).conflicts
