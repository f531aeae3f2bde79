"""Delivering: a merge request that may go gets its images, and is merged."""

from __future__ import annotations

from dataclasses import dataclass

from tidegate.engine.decide import decide
from tidegate.engine.observations import MergeRequestSeen
from tidegate.engine.observe_delivery import observe_delivery
from tidegate.engine.plan import Plan
from tidegate.engine.plan_delivery import plan_delivery
from tidegate.engine.run import Progress, run_plan, until_settled
from tidegate.engine.world import World
from tidegate.errors import TidegateError
from tidegate.model import Answer, MergeRequest, MergeRequestState, Verdict


@dataclass(frozen=True, slots=True)
class Delivery:
    """What became of one merge request.

    Args:
        merge_request: as it was looked at.
        seen: what decided; None when it moves no image of any service, or is merged already.
        verdict: go, wait or no, with every reason; None likewise.
        plan: the plan that ran, or would run; None when the verdict is not go.
        error: what ended its delivery, where others went on.
    """

    merge_request: MergeRequest
    seen: MergeRequestSeen | None = None
    verdict: Verdict | None = None
    plan: Plan | None = None
    error: TidegateError | None = None

    @property
    def delivered(self) -> bool:
        """Whether the merge request is merged now, or was before."""
        return self.plan is not None or self.merge_request.state is MergeRequestState.MERGED


def planned_delivery(world: World, project: str, iid: int) -> Delivery:
    """Return what `deliver_merge_request` would do with a merge request now: its verdict and, when it may go, the plan.

    Raises:
        MergeRequestMissing: there is none of that number.
    """
    found = world.forge.merge_request(project, iid)
    if found.state is MergeRequestState.MERGED:
        return Delivery(found)
    seen = observe_delivery(world, found)
    if seen is None:
        return Delivery(found)
    verdict = decide(seen)
    plan = plan_delivery(seen, world.actor) if verdict.answer is Answer.GO else None
    return Delivery(found, seen, verdict, plan)


def deliver_merge_request(world: World, project: str, iid: int, progress: Progress) -> Delivery:
    """Deliver one merge request if its verdict is go; return what became of it.

    A race that was lost is looked at, decided and planned again. Run twice, it finds its own work.

    Raises:
        TidegateError: a step failed. What was done so far is adopted by the next run.
    """

    def attempt() -> Delivery:
        world.repos.repo(project).refresh()
        delivery = planned_delivery(world, project, iid)
        if delivery.plan is not None:
            run_plan(delivery.plan, world, progress)
        return delivery

    return until_settled(attempt, world, progress)
