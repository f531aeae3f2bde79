"""Promoting together: what was tested as a set moves as a set, by one merge request."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from tidegate.engine.declared import branch_head
from tidegate.engine.deliver import show_promoted
from tidegate.engine.observations import PromotionSeen
from tidegate.engine.observe_promotion import SharedBranch, observe_promotion
from tidegate.engine.open_requests import open_request
from tidegate.engine.plan import Plan
from tidegate.engine.plan_together import TogetherSeen, plan_together
from tidegate.engine.promote import Promoted, refresh_both
from tidegate.engine.run import Progress, run_plan, until_settled
from tidegate.engine.world import World
from tidegate.errors.release import NothingDeclared
from tidegate.model import Environment, Service


def together_branch(target: Environment) -> str:
    """Return the branch that promotions of several services to `target` use. No service's own can be called so."""
    return f"tidegate/to-{target.name}"


def observe_together(world: World, services: Sequence[Service], target: Environment) -> TogetherSeen:
    """Return what promoting `services` together to `target` is planned from.

    Args:
        services: which; none: all that the source has.

    Raises:
        NothingDeclared: the source has none of them.
        TidegateError: as `observe_promotion`, of any of them: a set moves whole.
    """
    name = together_branch(target)
    shared = SharedBranch(name, open_request(world, target, name))
    parts = tuple(_parts(world, services, target, shared))
    if not parts:
        source = world.source_of(target)
        raise NothingDeclared(f"{source.name} has no service", where=source.repo, hint="see `tidegate status`")
    repo = world.repo(target)
    head = parts[0].branch.head
    base = repo.merge_base(branch_head(repo, target), head) if head else None
    return TogetherSeen(parts, frozenset(repo.changed_files(base, head)) if base and head else frozenset())


def _parts(
    world: World, services: Sequence[Service], target: Environment, shared: SharedBranch
) -> Iterator[PromotionSeen]:
    for service in services or tuple(world.pipeline.services.values()):
        try:
            yield observe_promotion(world, service, target, None, shared=shared)
        except NothingDeclared:
            if services:
                raise


def planned_together(world: World, services: Sequence[Service], target: Environment) -> Plan:
    """Return the very plan that `promote_together` would run now. Nothing is written."""
    return plan_together(observe_together(world, services, target))


def promote_together(world: World, services: Sequence[Service], target: Environment, progress: Progress) -> Promoted:
    """Have one open merge request that brings the source's releases of `services` to `target`; return it.

    A race that was lost is read, planned and tried again. Run twice, it finds its own work.

    Raises:
        TidegateError: as `observe_together` and `plan_together`; nothing was written then.
    """

    def attempt() -> Promoted:
        refresh_both(world, target)
        seen = observe_together(world, services, target)
        plan = plan_together(seen)
        run = run_plan(plan, world, progress)
        first = seen.parts[0]
        key = (target.repo, first.branch.name)
        found = run.merge_requests.get(key, first.merge_request) if plan.diff else None
        if found is not None:
            pushed = run.heads.get(key, found.head)
            show_promoted(world, replace(found, head=pushed), progress, is_new=first.merge_request is None)
        return Promoted(plan, found)

    return until_settled(attempt, world, progress)
