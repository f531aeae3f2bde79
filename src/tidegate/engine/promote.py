"""Promoting: one release, one environment, one merge request."""

from __future__ import annotations

from dataclasses import dataclass, replace

from tidegate.engine.deliver import show_promoted
from tidegate.engine.observations import PromotionSeen
from tidegate.engine.observe_promotion import observe_promotion
from tidegate.engine.plan import Plan
from tidegate.engine.plan_promotion import plan_promotion
from tidegate.engine.run import Progress, run_plan, until_settled
from tidegate.engine.steps import Pushed
from tidegate.engine.world import World
from tidegate.model import Environment, MergeRequest, Service


@dataclass(frozen=True, slots=True)
class Promoted:
    """What a promotion came to.

    Args:
        plan: the plan that ran; without steps when there was nothing to do.
        merge_request: the open merge request, or None when the target has the release.
    """

    plan: Plan
    merge_request: MergeRequest | None


def planned_promotion(
    world: World, service: Service, target: Environment, version: str | None = None, *, separate: bool = False
) -> Plan:
    """Return the very plan that `promote` would run now. Nothing is written. Raises as `observe_promotion`."""
    return plan_promotion(observe_promotion(world, service, target, version, separate=separate))


def promote(
    world: World,
    service: Service,
    target: Environment,
    progress: Progress,
    version: str | None = None,
    *,
    separate: bool = False,
) -> Promoted:
    """Have an open merge request that brings the source's release to `target`; return it.

    A race that was lost is read, planned and tried again. Run twice, it finds its own work.

    Args:
        version: the version to promote; None: what the source has now.
        separate: with a merge request of its own, beside those of other versions.

    Raises:
        TidegateError: as `observe_promotion` and `plan_promotion`; nothing was written then.
    """

    def attempt() -> Promoted:
        refresh_both(world, target)
        seen = observe_promotion(world, service, target, version, separate=separate)
        return carried_out(world, seen, plan_promotion(seen), progress)

    return until_settled(attempt, world, progress)


def refresh_both(world: World, target: Environment) -> None:
    """Read the repositories of an environment and of the one before it anew."""
    for project in dict.fromkeys((target.repo, world.source_of(target).repo)):
        world.repos.repo(project).refresh()


def carried_out(
    world: World, seen: PromotionSeen, plan: Plan, progress: Progress, pushed: Pushed | None = None
) -> Promoted:
    """Run the plan of a promotion, and have the merge request's page show what it waits for.

    Args:
        pushed: as for `run_plan`.
    """
    run = run_plan(plan, world, progress, pushed=pushed)
    key = (seen.target.repo, seen.branch.name)
    found = run.merge_requests.get(key, seen.merge_request) if plan.diff else None
    if found is not None:
        head = run.heads.get(key, found.head)
        show_promoted(world, replace(found, head=head), progress, is_new=seen.merge_request is None)
    return Promoted(plan, found)
