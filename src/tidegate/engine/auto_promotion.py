"""Whether the server opens a merge request by itself: `promote: auto`."""

from __future__ import annotations

from tidegate.engine.declared import branch_head, past_releases, read_declared, recorded_digest
from tidegate.engine.observe_promotion import promotion_branch
from tidegate.engine.views.explanation import Explanation
from tidegate.engine.world import World
from tidegate.model import MergeRequestState, Promote


def is_due(world: World, explanation: Explanation) -> bool:
    """Return whether `explanation`'s environment is to get a merge request for what its source has, now.

    That is when the environment says `promote: auto`, a promotion is what it waits for and would not be refused, and
    the release has been in the source for as long as `gates.soak` asks for. What people have decided stands: a release
    whose merge request was closed is not promoted again, nor is one that the environment had and left.
    """
    source, target = explanation.source, explanation.target
    if target.environment.promote is not Promote.AUTO:
        return False
    if not explanation.wants_promotion or explanation.refusal is not None or source.since is None:
        return False
    if world.clock.now() - source.since < target.environment.gates.soak:
        return False
    return not _was_left(world, explanation) and not _was_closed(world, explanation)


def _was_left(world: World, explanation: Explanation) -> bool:
    """Return whether the target had the source's release before: somebody has rolled it back."""
    target, digest = explanation.target.environment, explanation.source.digest
    repo = world.repo(target)
    declared = read_declared(repo, branch_head(repo, target), target, explanation.target.service)
    if declared is None:
        return False
    for past in past_releases(repo, declared):
        candidate = target.tag.read(past.declared.image.tag or "")
        same_version = candidate is not None and candidate.version == explanation.source.version
        if past.delivered == digest or (past.delivered is None and same_version):
            return True
    return False


def _was_closed(world: World, explanation: Explanation) -> bool:
    """Return whether somebody has closed a merge request that brought this very image."""
    service, target = explanation.target.service, explanation.target.environment
    repo = world.repo(target)
    closed = world.forge.merge_requests(
        target.repo, state=MergeRequestState.CLOSED, source_branch=promotion_branch(service, target)
    )
    return any(
        repo.has(found.head) and recorded_digest(service, repo.commit(found.head)) == explanation.source.digest
        for found in closed
    )
