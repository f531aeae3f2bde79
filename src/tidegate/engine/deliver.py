"""Delivering: a merge request that may go gets its images, and is merged."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

from tidegate.engine.decide import decide
from tidegate.engine.hand_merge import merged_by_hand, require_images
from tidegate.engine.observations import MergeRequestSeen
from tidegate.engine.observe_delivery import observe_delivery
from tidegate.engine.plan import Plan
from tidegate.engine.plan_delivery import plan_delivery, stopping_plan
from tidegate.engine.reporting import failure_report, tell, verdict_report
from tidegate.engine.run import Progress, run_plan, until_settled
from tidegate.engine.steps import CopyImage, Run, Step, VerifyImage
from tidegate.engine.world import World
from tidegate.errors import Blocked, Pending, TidegateError
from tidegate.errors.forge import CodeOwnersUnknown, HeadMoved
from tidegate.errors.git import CommitMissing
from tidegate.errors.release import DecisionOutdated
from tidegate.model import Answer, MergeRequest, MergeRequestState, Verdict

_IN_TURN: Final = 10
_TURN_SECONDS: Final = 60


@dataclass(frozen=True, slots=True)
class Delivery:
    """What became of one merge request.

    Args:
        merge_request: as it was looked at.
        seen: what decided; None when it moves no image of any service, or is merged already.
        verdict: go, wait or no, with every reason; None likewise.
        plan: the plan that ran, or would run; None when the verdict is not go.
        error: what ended its delivery, where others went on.
        scheduled: the forge is to merge it by itself, and has not yet.
    """

    merge_request: MergeRequest
    seen: MergeRequestSeen | None = None
    verdict: Verdict | None = None
    plan: Plan | None = None
    error: TidegateError | None = None
    scheduled: bool = False

    @property
    def delivered(self) -> bool:
        """Whether the merge request is merged now, or was before."""
        ran = self.plan is not None and not self.scheduled
        return ran or self.merge_request.state is MergeRequestState.MERGED


def planned_delivery(world: World, project: str, iid: int, *, with_notes: bool = True) -> Delivery:
    """Return what `deliver_merge_request` would do with a merge request now: its verdict and, when it may go, the plan.

    Args:
        with_notes: as for `Forge.merge_request`.

    Raises:
        MergeRequestMissing: there is none of that number.
        HeadMoved: its head is not in the repository: somebody pushed another one just now.
    """
    found = world.forge.merge_request(project, iid, with_notes=with_notes)
    if found.state is MergeRequestState.MERGED:
        return Delivery(found)
    world.repos.repo(project).refresh()  # after the forge told the head, so that the head is there
    try:
        seen = observe_delivery(world, found)
    except CommitMissing as gone:
        raise HeadMoved(
            f"the repository has no commit {found.head[:12]}, the head of {found.source_branch}",
            where=found.ref,
            hint="somebody pushed another one just now, or it comes from a fork: look again",
        ) from gone
    if seen is None:
        again = world.forge.merge_request(project, iid)  # what was merged between the two looks moves nothing any more
        return Delivery(again if again.state is MergeRequestState.MERGED else found)
    if seen.target.approvals.code_owners and found.rules is None:
        raise CodeOwnersUnknown(
            f"{seen.target.name} asks for the approval of code owners, and the forge does not say who they are",
            where=found.ref,
            hint="GitLab Premium tells it; without, name the owners in `approvals.from` and delete `code_owners`",
        )
    verdict = decide(seen)
    if verdict.answer is not Answer.GO:
        return Delivery(found, seen, verdict)
    plan = plan_delivery(seen, world.actor, shown=verdict if world.reports else None)
    return Delivery(found, seen, verdict, plan)


def deliver_merge_request(
    world: World,
    project: str,
    iid: int,
    progress: Progress,
    *,
    later: bool = False,
    allow: Callable[[MergeRequestSeen], None] | None = None,
) -> Delivery:
    """Deliver one merge request if its verdict is go; return what became of it.

    A race that was lost is looked at, decided and planned again. Run twice, it finds its own work.

    Args:
        later: when it waits, what its page shows may be left to another run.
        allow: asked about what was looked at before anything is done with it; raises what it does not allow.

    Raises:
        TargetImageGone: it was merged before, and an image that it brought is not there.
        TidegateError: a step failed. What was done so far is adopted by the next run.
    """
    looked: list[Delivery] = []

    def attempt() -> Delivery:
        delivery = planned_delivery(world, project, iid)
        if allow is not None and delivery.seen is not None:
            allow(delivery.seen)
        looked.append(delivery)
        if delivery.plan is not None:
            run = run_plan(delivery.plan, world, progress, partial(_decide_again, delivery))
            return replace(delivery, scheduled=delivery.merge_request.ref in run.scheduled)
        if _is_to_be_stopped(delivery):
            run_plan(stopping_plan(delivery.merge_request), world, progress)
        return delivery

    try:
        settled = until_settled(attempt, world, progress)
    except TidegateError as error:
        if looked:
            _show_failure(world, looked[-1], error, progress)
        raise
    if settled.merge_request.state is MergeRequestState.MERGED:
        if merged_by_hand(world, settled.merge_request):
            commit = (settled.merge_request.merge_commit or "")[:12]
            progress.warned(f"{settled.merge_request.ref} was merged without a delivery, as {commit}")
        require_images(world, settled.merge_request)
    elif settled.plan is None:
        show_verdict(world, settled, progress, later=later)
    return settled


def _decide_again(delivery: Delivery, run: Run, step: Step) -> None:
    """Look and decide anew once the images are there: while they were copied, people and branches went on.

    Asked before the first step that writes more than images. An image that was copied in vain does no harm.

    Raises:
        DecisionOutdated: what is to be merged, or whose approvals count, is not what was decided on.
    """
    if not run.copied or isinstance(step, (CopyImage, VerifyImage)):
        return
    run.copied = False
    found = delivery.merge_request
    # Notes are read for recorded approvals alone, and none is recorded meanwhile.
    again = planned_delivery(run.world, found.project, found.iid, with_notes=bool(found.recorded))
    # The last step merges: it has head, bytes, approvals and the rest.
    if delivery.plan is None or again.plan is None or again.plan.steps[-1] != delivery.plan.steps[-1]:
        raise DecisionOutdated(
            f"{found.ref} changed while its images were copied",
            where=found.ref,
            hint="look at it again, and deliver again: what was copied stays",
        )


def _is_to_be_stopped(delivery: Delivery) -> bool:
    """Return whether the forge would merge by itself what may not go any more, such as when an approval was withdrawn.

    Only where the environment has merges scheduled: elsewhere a person asked for it.
    """
    seen = delivery.seen
    return seen is not None and delivery.merge_request.scheduled and seen.target.merge_request.scheduled


def show_verdicts(world: World, deliveries: Sequence[Delivery], progress: Progress) -> None:
    """Have the pages of those that wait show why: as many as one run tells, and others in the next minute."""
    start = int(world.clock.now().timestamp() // _TURN_SECONDS) * _IN_TURN % max(1, len(deliveries))
    for each in (*deliveries[start:], *deliveries[:start]):
        show_verdict(world, each, progress, later=True)


def show_verdict(world: World, delivery: Delivery, progress: Progress, *, later: bool) -> None:
    """Have the page of a merge request that is not delivered show why."""
    if delivery.seen is not None and delivery.verdict is not None:
        tell(world, verdict_report(delivery.seen, delivery.verdict), progress, later=later)


def show_promoted(world: World, found: MergeRequest, progress: Progress, *, is_new: bool) -> None:
    """Have the page of a merge request that was promoted just now show what it waits for.

    Args:
        found: as the promotion left it; nobody can have approved its head yet.
        is_new: it was opened by this promotion.
    """
    if world.reports is None:
        return
    try:
        seen = observe_delivery(world, replace(found, approvals=()))
    except TidegateError as error:
        # The promotion stands; what is in the way of its delivery is told by `deliver`, with its exit code.
        progress.warned(f"{found.ref} does not show its state: {error}")
        return
    if seen is not None:
        tell(world, replace(verdict_report(seen, decide(seen)), is_new=is_new), progress)


def _show_failure(world: World, delivery: Delivery, error: TidegateError, progress: Progress) -> None:
    """Have the page show what ended a delivery; what the forge itself waits for, it shows itself."""
    if isinstance(error, (Blocked, Pending)):
        return
    if delivery.seen is not None and delivery.verdict is not None and delivery.plan is not None:
        tell(world, failure_report(delivery.seen, delivery.verdict, error), progress)
