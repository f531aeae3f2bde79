"""The open merge requests of a promotion's branches: asked for one by one, or listed once for many."""

from __future__ import annotations

from tidegate.engine.world import World
from tidegate.model import Environment, MergeRequest


def open_request(world: World, target: Environment, branch: str) -> MergeRequest | None:
    """Return the open merge request from `branch` to the branch that Flux reads, with its approvals; or None."""
    return next(
        (
            found
            for found in world.forge.merge_requests(target.repo, source_branch=branch, with_approvals=True)
            if found.target_branch == target.branch
        ),
        None,
    )


class OpenRequests:
    """Those of one environment, listed once, however many branches are asked for.

    Args:
        world: the ports.
        target: the environment.
    """

    def __init__(self, world: World, target: Environment) -> None:
        self._world = world
        self._target = target
        opened = world.forge.merge_requests(target.repo)
        found = [each for each in reversed(opened) if each.target_branch == target.branch and not each.from_fork]
        self._of_branch = {each.source_branch: each for each in found}
        approved = world.forge.merge_requests(target.repo, approved=True) if found else ()
        self._approved = frozenset(each.iid for each in approved)

    def find(self, branch: str) -> MergeRequest | None:
        """Return what `open_request` returns; approvals are only asked for where there are any."""
        found = self._of_branch.get(branch)
        return open_request(self._world, self._target, branch) if found and found.iid in self._approved else found
