"""Looking over all open merge requests of a project, with few questions to the forge, however many there are.

What a merge request changes is read from git. Of its approvals only one thing is asked, in one list for all: which
have any. Whatever can't go whoever approves it, or has no approval and needs one, is decided by that. Only what may go
is looked at by itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from tidegate.engine.decide import decide
from tidegate.engine.declared import branch_head
from tidegate.engine.deliver import Delivery
from tidegate.engine.observe_delivery import observe_delivery
from tidegate.engine.world import World
from tidegate.errors import TidegateError
from tidegate.errors.git import BranchMissing, CommitMissing
from tidegate.model import MergeRequest, Verdict
from tidegate.ports.forge import Unreadable

_OF_APPROVERS: Final = frozenset({"approvals", "forge-rules"})
"""The gates that people open: what they say is not known before the merge request is looked at by itself."""
_IN_TURN: Final = 10
"""Of those with approvals that wait for something else, so many are looked at in one run, in turn."""
_TURN_SECONDS: Final = 60


@dataclass(frozen=True, slots=True)
class Looked:
    """A merge request as the survey sees it.

    Args:
        delivery: what is known of it; nothing was done.
        may_go: it must be looked at by itself: it may go, or it is its turn.
        is_whole: whether every reason is known; else those about approvals are left out.
    """

    delivery: Delivery
    may_go: bool
    is_whole: bool = True


def survey(world: World, project: str, unreadable: Unreadable) -> tuple[Looked, ...]:
    """Return the open merge requests of a project, by number, each with what can be told of it from afar.

    Args:
        unreadable: told why a merge request can't be read, which is left out then, and of environments whose branch
            is not there: to those nobody can open one.
    """
    opened = world.forge.merge_requests(project, unreadable=unreadable)
    if opened:
        world.repos.repo(project).refresh()
    for missing in _missing_branches(world, project):
        unreadable(missing)
    deliveries = [_from_afar(world, found) for found in opened]
    approved: frozenset[int] = frozenset()
    if any(map(_waits_for_approvers, deliveries)):
        some = world.forge.merge_requests(project, approved=True, unreadable=unreadable)
        approved = frozenset(found.iid for found in some)
    # The verdict of one with approvals is not whole from afar. All of them would be too many to ask for in every run.
    partly = [each.merge_request.iid for each in deliveries if _is_told_in_part(each, approved)]
    chosen = _in_turn(partly, world.clock.now())
    return tuple(
        _without_approvals(each)
        if each.merge_request.iid in chosen ^ frozenset(partly)
        else Looked(each, _may_go(each, approved) or each.merge_request.iid in chosen)
        for each in deliveries
    )


def _missing_branches(world: World, project: str) -> Iterator[BranchMissing]:
    repo = world.repos.repo(project)
    for environment in world.pipeline.environments:
        if environment.repo == project and environment.source is not None:
            try:
                branch_head(repo, environment)
            except BranchMissing as missing:
                yield missing


def _without_approvals(delivery: Delivery) -> Looked:
    """Return what is told of a merge request that has approvals which nobody has looked at."""
    reasons = delivery.verdict.reasons if delivery.verdict else ()
    told = Verdict.of(reason for reason in reasons if reason.gate not in _OF_APPROVERS)
    return Looked(replace(delivery, verdict=told), may_go=False, is_whole=False)


def _from_afar(world: World, found: MergeRequest) -> Delivery:
    try:
        seen = observe_delivery(world, found)
    except TidegateError as error:
        return Delivery(found, error=error)
    return Delivery(found) if seen is None else Delivery(found, seen, decide(seen))


def _gates(delivery: Delivery) -> frozenset[str]:
    return frozenset(reason.gate for reason in delivery.verdict.obstacles) if delivery.verdict else frozenset()


def _waits_for_approvers(delivery: Delivery) -> bool:
    return bool(_gates(delivery) & _OF_APPROVERS)


def _may_go(delivery: Delivery, approved: frozenset[int]) -> bool:
    if delivery.verdict is None:
        return isinstance(delivery.error, CommitMissing)  # somebody pushed between the list and the look
    found = delivery.merge_request
    return found.scheduled or _gates(delivery) <= (_OF_APPROVERS if found.iid in approved else frozenset())


def _is_told_in_part(delivery: Delivery, approved: frozenset[int]) -> bool:
    return delivery.merge_request.iid in approved and _waits_for_approvers(delivery) and not _may_go(delivery, approved)


def _in_turn(iids: Sequence[int], now: datetime) -> frozenset[int]:
    """Return some of `iids`: others in the next minute, so that all get their turn with nothing remembered."""
    start = int(now.timestamp() // _TURN_SECONDS) * _IN_TURN % max(1, len(iids))
    return frozenset((*iids[start:], *iids[:start])[:_IN_TURN])
