"""Promoting several services at once: one merge request each, and what is in the way of one stops no other.

The repositories and the list of merge requests are read once for all, and all branches are pushed at once. Each service
has its own plan, and its own lease on its own branch: who loses a race is read, planned and tried again alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tidegate.engine.observations import PromotionSeen
from tidegate.engine.observe_promotion import observe_promotion
from tidegate.engine.open_requests import OpenRequests
from tidegate.engine.plan import Plan
from tidegate.engine.plan_promotion import plan_promotion
from tidegate.engine.promote import Promoted, carried_out, refresh_both
from tidegate.engine.run import Progress, until_settled
from tidegate.engine.steps import CommitFiles, Pushed, push_ahead
from tidegate.engine.world import World
from tidegate.errors import TidegateError
from tidegate.model import Environment, Service


@dataclass(frozen=True, slots=True)
class _Wanted:
    """One service's promotion that is asked for."""

    world: World
    service: Service
    target: Environment
    separate: bool

    def look(self, requests: OpenRequests | None = None) -> _Planned:
        """Return what is there and what is to be done now."""
        seen = observe_promotion(self.world, self.service, self.target, None, separate=self.separate, requests=requests)
        return _Planned(seen, plan_promotion(seen))


@dataclass(frozen=True, slots=True)
class _Planned:
    """What a plan was made from, and the plan."""

    seen: PromotionSeen
    plan: Plan


def planned_each(
    world: World, services: Sequence[Service], target: Environment, *, separate: bool = False
) -> tuple[Plan | TidegateError, ...]:
    """Return the very plans that `promote_each` would run now, or why there is none. Nothing is written."""
    looked = _look(_wanted(world, services, target, separate=separate), OpenRequests(world, target))
    return tuple(each.plan if isinstance(each, _Planned) else each for each in looked)


def promote_each(
    world: World, services: Sequence[Service], target: Environment, progress: Progress, *, separate: bool = False
) -> tuple[Promoted | TidegateError, ...]:
    """Have an open merge request for each of `services`, as `promote` has one; return them in order.

    Run twice, it finds its own work. Killed between the pushes and the merge requests, too: then the branches hold
    what they are to hold.

    Args:
        separate: each with a merge request of its own, beside those of other versions.

    Returns:
        For each service what `promote` returns or raises.

    Raises:
        TidegateError: of all of them: a repository or the list of merge requests can't be read.
    """
    refresh_both(world, target)
    wanted = _wanted(world, services, target, separate=separate)
    looked = _look(wanted, OpenRequests(world, target))
    steps = (step for each in looked if isinstance(each, _Planned) for step in each.plan.steps)
    pushed = push_ahead(world, [step for step in steps if isinstance(step, CommitFiles)])
    return tuple(_settled(one, each, pushed, progress) for one, each in zip(wanted, looked, strict=True))


def _wanted(world: World, services: Sequence[Service], target: Environment, *, separate: bool) -> tuple[_Wanted, ...]:
    return tuple(_Wanted(world, service, target, separate) for service in services)


def _look(wanted: Sequence[_Wanted], requests: OpenRequests) -> tuple[_Planned | TidegateError, ...]:
    return tuple(_looked(one, requests) for one in wanted)


def _looked(wanted: _Wanted, requests: OpenRequests) -> _Planned | TidegateError:
    try:
        return wanted.look(requests)
    except TidegateError as error:
        return error


def _settled(
    wanted: _Wanted, looked: _Planned | TidegateError, pushed: Pushed, progress: Progress
) -> Promoted | TidegateError:
    """Carry out what is planned; after a lost race, what is planned then."""
    if isinstance(looked, TidegateError):
        return looked
    begun = [looked]

    def attempt() -> Promoted:
        if begun:
            first = begun.pop()
            return carried_out(wanted.world, first.seen, first.plan, progress, pushed)
        refresh_both(wanted.world, wanted.target)
        again = wanted.look()
        return carried_out(wanted.world, again.seen, again.plan, progress)

    try:
        return until_settled(attempt, wanted.world, progress)
    except TidegateError as error:
        return error
