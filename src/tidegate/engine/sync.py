"""Policy sync: lanes that a release has passed by, and holds that are over, in one merge request per repository."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from tidegate.engine.hold_end import why_over
from tidegate.engine.lane_changes import (
    Branch,
    LaneChange,
    LaneEdit,
    Message,
    Proposed,
    by_branch,
    change_steps,
    changed_lane,
    changes_diff,
    moved_range,
    observe_proposed,
    open_request,
)
from tidegate.engine.lanes import Lane, lane_selection
from tidegate.engine.plan import Plan
from tidegate.engine.range_probe import reaches
from tidegate.engine.releases import lane_constraint, lane_range, leading_lanes, ranged_lanes, refresh_automatic
from tidegate.engine.run import Progress, run_plan, until_settled
from tidegate.engine.steps import Step
from tidegate.engine.version_tags import TaggedVersions, TagStyle
from tidegate.engine.versions import newest_release
from tidegate.engine.world import World
from tidegate.errors import UsageError
from tidegate.errors.model import InvalidVersion
from tidegate.flux import Outcome
from tidegate.model import Deploy, Service, Version

BRANCH = "tidegate/policy-sync"
_NOT_IN_THE_RUNNING = frozenset({Outcome.EXCLUDED, Outcome.FILTERED, Outcome.STALLED})


@dataclass(frozen=True, slots=True)
class Refused:
    """A lane that a person must change.

    Args:
        lane: the lane.
        error: why, where, and what to write.
    """

    lane: Lane
    error: UsageError


@dataclass(frozen=True, slots=True)
class SyncSeen:
    """What a sync is planned from.

    Args:
        changes: the lanes that change.
        refused: those that a person must change.
        notes: what else a person should know.
        proposed: what the branches of merge requests hold.
        actor: who is acting.
    """

    changes: tuple[LaneChange, ...]
    refused: tuple[Refused, ...]
    notes: tuple[str, ...]
    proposed: Mapping[Branch, Proposed]
    actor: str


def observe_sync(world: World, services: Iterable[Service]) -> SyncSeen:
    """Return which lanes of `services` should change.

    The newest released line is that of the newest version in the git tags of the service's source, or in the
    registry where no source is configured. When it lies outside every lane, the leading lanes move there. A hold
    that is over is lifted.
    """
    changes: list[LaneChange] = []
    refused: list[Refused] = []
    notes: list[str] = []
    services = tuple(services)
    lanes = ranged_lanes(world, services)
    for service in services:
        sync = _ServiceSync(world, service, [lane for lane in lanes if lane.service == service])
        changes += sync.changes
        refused += sync.refused
        notes += sync.notes
    proposed = observe_proposed(world, changes, BRANCH)
    notes += _stale(world, {project for project, _ in proposed})
    return SyncSeen(tuple(changes), tuple(refused), tuple(notes), proposed, world.actor)


class _ServiceSync:
    """What should change for one service."""

    def __init__(self, world: World, service: Service, found: Iterable[Lane]) -> None:
        self.changes: list[LaneChange] = []
        self.refused: list[Refused] = []
        self.notes: list[str] = []
        self._world = world
        lanes = [lane for lane in found if self._readable(lane)]
        moves = self._moves(service, lanes) if lanes else {}
        for index, lane in enumerate(lanes):
            self._look_at(lane, moves.get(index))

    def _readable(self, lane: Lane) -> bool:
        try:
            lane_constraint(lane)
        except UsageError as error:
            self.refused.append(Refused(lane, error))
            return False
        return True

    def _moves(self, service: Service, lanes: list[Lane]) -> dict[int, Version]:
        """Return the released version that a lane should go to, by the lane's index."""
        versions = _versions(self._world, service, lanes)
        newest = newest_release(versions)
        ranges = [lane_constraint(lane) for lane in lanes]
        if newest is None or any(reaches(each, newest.line) for each in ranges):
            return {}
        if any(each.allows(newest) for each in ranges):
            return {}
        leading = leading_lanes(lanes, versions, newest.line)
        return {index: newest for index, lane in enumerate(lanes) if lane in leading}

    def _look_at(self, lane: Lane, newest: Version | None) -> None:
        held = lane.held()
        over = why_over(self._world, lane, held.hold) if held else None
        if held and over is None:
            if newest is not None:
                self.notes.append(f"{newest} of {lane.service.name} is released; {lane.name} is {held.hold}")
            return
        reasons = [f"the hold at {held.hold.version} is over: {over}"] if held else []
        text: str | None = None
        if newest is not None:
            try:
                text = moved_range(lane, lane_range(lane), newest.line)
            except UsageError as error:
                self.refused.append(Refused(lane, error))
            else:
                reasons.append(f"{newest} is released, and no lane has its line")
        if reasons:
            edit = LaneEdit(lift=held is not None, range=text)
            self.changes.append(changed_lane(self._world, lane, edit, "; ".join(reasons)))


def _versions(world: World, service: Service, lanes: Iterable[Lane]) -> frozenset[Version]:
    if service.source is not None:
        return TaggedVersions.read(TagStyle(service.version_tags), world.version_tags(service).all()).versions
    found = set()
    for lane in lanes:
        for outcome in lane_selection(world.images, lane).explain():
            if outcome.outcome not in _NOT_IN_THE_RUNNING:
                try:
                    found.add(Version.parse_flux(outcome.value))
                except InvalidVersion:
                    continue
    return frozenset(found)


def _stale(world: World, proposing: set[str]) -> Iterable[str]:
    """Yield a note for each open merge request of an earlier sync that has nothing to propose any more."""
    for project in sorted(
        {each.repo for each in world.pipeline.environments if each.deploy is Deploy.AUTO} - proposing
    ):
        request = open_request(world, project, BRANCH)
        if request is not None:
            yield f"{request.ref} is open and has nothing to propose any more: close it"


def plan_sync(seen: SyncSeen) -> Plan:
    """Return the steps that propose all changes, one merge request per repository. Pure."""
    steps: list[Step] = []
    for place, changes in by_branch(seen.changes).items():
        services = ", ".join(dict.fromkeys(change.lane.service.name for change in changes))
        message = Message(BRANCH, f"Policy sync: {services}", {"Tidegate-Service": services}, seen.actor)
        steps += change_steps(message, changes, seen.proposed[place], by_merge_request=True)
    count = len(seen.changes)
    summary = f"{count} lane{'s' if count != 1 else ''} should change" if count else "every lane is up to date"
    return Plan(summary, tuple(steps), changes_diff(seen.changes), seen.notes)


def sync(world: World, services: Iterable[Service], progress: Progress) -> SyncSeen:
    """Propose what should change; return what was seen before. Run twice, it adopts its own merge request."""
    services = tuple(services)

    def attempt() -> SyncSeen:
        refresh_automatic(world)
        seen = observe_sync(world, services)
        run_plan(plan_sync(seen), world, progress)
        return seen

    return until_settled(attempt, world, progress)
