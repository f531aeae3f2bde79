"""Promoting: one release, one environment, one merge request."""

from __future__ import annotations

from dataclasses import dataclass, replace

from tidegate.engine.deliver import show_promoted
from tidegate.engine.observe_promotion import observe_promotion
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
    refresh: bool = True,
) -> Promoted:
    """Have an open merge request that brings the source's release to `target`; return it.

    A race that was lost is read, planned and tried again. Run twice, it finds its own work.

    Args:
        version: the version to promote; None: what the source has now.
        separate: with a merge request of its own, beside those of other versions.
        refresh: bring the repositories up to date first; not where another service was promoted a moment ago. What
            has moved since is a lost race: then they are.

    Raises:
        TidegateError: as `observe_promotion` and `plan_promotion`; nothing was written then.
    """
    outdated = refresh

    def attempt() -> Promoted:
        nonlocal outdated
        for project in dict.fromkeys((target.repo, world.source_of(target).repo)) if outdated else ():
            world.repos.repo(project).refresh()
        outdated = True
        seen = observe_promotion(world, service, target, version, separate=separate)
        plan = plan_promotion(seen)
        run = run_plan(plan, world, progress)
        found = run.merge_requests.get((target.repo, seen.branch.name), seen.merge_request) if plan.diff else None
        if found is not None:
            pushed = run.heads.get((target.repo, seen.branch.name), found.head)
            show_promoted(world, replace(found, head=pushed), progress, is_new=seen.merge_request is None)
        return Promoted(plan, found)

    return until_settled(attempt, world, progress)
