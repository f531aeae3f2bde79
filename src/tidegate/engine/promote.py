"""Promoting: one release, one environment, one merge request."""

from __future__ import annotations

from dataclasses import dataclass

from tidegate.engine.observe_promotion import observe_promotion, open_merge_request, promotion_branch
from tidegate.engine.plan import Plan
from tidegate.engine.plan_promotion import plan_promotion
from tidegate.engine.run import Progress, run_plan, until_settled
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


def planned_promotion(world: World, service: Service, target: Environment, version: str | None = None) -> Plan:
    """Return the very plan that `promote` would run now. Nothing is written. Raises as `observe_promotion`."""
    return plan_promotion(observe_promotion(world, service, target, version))


def promote(
    world: World, service: Service, target: Environment, progress: Progress, version: str | None = None
) -> Promoted:
    """Have an open merge request that brings the source's release to `target`; return it.

    A race that was lost is read, planned and tried again. Run twice, it finds its own work.

    Args:
        version: the version to promote; None: what the source has now.

    Raises:
        TidegateError: as `observe_promotion` and `plan_promotion`; nothing was written then.
    """

    def attempt() -> Promoted:
        for project in dict.fromkeys((target.repo, world.source_of(target).repo)):
            world.repos.repo(project).refresh()
        plan = planned_promotion(world, service, target, version)
        run_plan(plan, world, progress)
        found = open_merge_request(world, target, promotion_branch(service, target)) if plan.diff else None
        return Promoted(plan, found)

    return until_settled(attempt, world, progress)
