"""Running a plan, and doing it again when a race was lost."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Protocol, TypeVar

from tidegate.engine.plan import Plan
from tidegate.engine.steps import Outcome, Pushed, Run, Step
from tidegate.engine.world import World
from tidegate.errors.forge import HeadMoved, TargetMoved
from tidegate.errors.git import LeaseLost
from tidegate.errors.release import DecisionOutdated

_Result = TypeVar("_Result")
_ATTEMPTS: Final = 6
_LOST: Final = (LeaseLost, HeadMoved, TargetMoved, DecisionOutdated)


class Progress(Protocol):
    """Who is told while a plan runs."""

    def planned(self, plan: Plan) -> None:
        """Say what is about to run."""
        ...

    def began(self, step: Step) -> None:
        """Say that a step begins."""
        ...

    def ended(self, step: Step, outcome: Outcome) -> None:
        """Say what a step did."""
        ...

    def warned(self, what: str) -> None:
        """Say what could not be done, and that it stops nothing."""
        ...

    def lost_race(self, reason: str) -> None:
        """Say that someone else was faster, so that everything is read again."""
        ...


def run_plan(
    plan: Plan,
    world: World,
    progress: Progress,
    check: Callable[[Run, Step], None] | None = None,
    *,
    pushed: Pushed | None = None,
) -> Run:
    """Perform the steps of `plan` in order; return what they noted. The first error ends it.

    Args:
        check: asked before each step, with what the steps so far have noted; ends the plan by raising.
        pushed: what was pushed ahead; see `push_ahead`.
    """
    run = Run(world, pushed=pushed or {})
    progress.planned(plan)
    for step in plan.steps:
        if check is not None:
            check(run, step)
        progress.began(step)
        progress.ended(step, step.perform(run))
    return run


def until_settled(attempt: Callable[[], _Result], world: World, progress: Progress) -> _Result:
    """Return what `attempt` returns; when it loses a race, read, plan and try again, at most six times.

    Args:
        attempt: observes, plans and runs, from the start.

    Raises:
        LeaseLost, HeadMoved, TargetMoved, DecisionOutdated: the last race was lost, too.
    """
    for number in range(1, _ATTEMPTS):
        try:
            return attempt()
        except _LOST as lost:
            progress.lost_race(lost.what)
            world.clock.sleep(0.1 * number)
    return attempt()
