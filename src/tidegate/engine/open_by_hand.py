"""Opening a merge request for a branch that was made by hand."""

from __future__ import annotations

from dataclasses import dataclass

from tidegate.engine.world import World
from tidegate.errors.forge import NothingToMerge
from tidegate.model import MergeRequest
from tidegate.ports import NewMergeRequest


@dataclass(frozen=True, slots=True)
class OpenedByHand:
    """What came of it.

    Args:
        merge_request: from the branch to its target.
        is_new: it was opened now; else somebody had opened it before, with their own title and text.
    """

    merge_request: MergeRequest
    is_new: bool


def open_by_hand(world: World, project: str, new: NewMergeRequest) -> OpenedByHand:
    """Open a merge request, or return the open one that has these branches.

    Raises:
        NothingToMerge: the target branch has all of the branch already.
        BranchMissing: a branch does not exist.
    """
    for known in world.forge.merge_requests(project, source_branch=new.source_branch):
        if known.target_branch == new.target_branch:
            return OpenedByHand(known, is_new=False)
    repo = world.repos.repo(project)
    repo.refresh()
    head, target = repo.head(new.source_branch), repo.head(new.target_branch)
    if new.source_branch != new.target_branch and head and target and repo.merge_base(head, target) == head:
        raise NothingToMerge(
            f"{new.target_branch} has all of {new.source_branch} already",
            where=project,
            hint=f"it was merged, or has no commit yet: push one to {new.source_branch} first",
        )
    return OpenedByHand(world.forge.open(project, new), is_new=True)
