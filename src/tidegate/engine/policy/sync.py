"""Policy sync: lanes that a release has passed by, and holds that are over, in one merge request per repository."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from tidegate.counted import counted
from tidegate.engine.plan import Plan
from tidegate.engine.policy.hold_end import why_over
from tidegate.engine.policy.lane_changes import (
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
from tidegate.engine.policy.lanes import Lane, LaneReader, NoLane, lane_selection
from tidegate.engine.policy.leading_lanes import first_lanes, has_range, lane_constraint, lane_range, leading_lanes
from tidegate.engine.policy.range_probe import has_line, reaches
from tidegate.engine.policy.releases import refresh_automatic
from tidegate.engine.run import Progress, run_plan, until_settled
from tidegate.engine.steps import Step
from tidegate.engine.versions.next_version import newest_release
from tidegate.engine.versions.version_tags import TaggedVersions, TagStyle
from tidegate.engine.world import World
from tidegate.errors import TidegateError, UsageError
from tidegate.errors.git import FileTooLarge
from tidegate.errors.manifest import ManifestError, RangeNotMovable
from tidegate.errors.model import InvalidVersion
from tidegate.flux import Outcome
from tidegate.model import Deploy, Environment, Service, Version

BRANCH = "tidegate/policy-sync"
_NOT_IN_THE_RUNNING = frozenset({Outcome.EXCLUDED, Outcome.FILTERED, Outcome.STALLED})


@dataclass(frozen=True, slots=True)
class Refused:
    """What a person must change before a lane can be kept up to date.

    Args:
        service: whose lane.
        environment: where.
        error: why, where, and what to write.
    """

    service: Service
    environment: Environment
    error: TidegateError


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
    reader = LaneReader(world)
    for service in services:
        sync = _ServiceSync(world, service, reader)
        changes += sync.changes
        refused += sync.refused
        notes += sync.notes
    proposed = observe_proposed(world, changes, BRANCH)
    notes += _stale(world, {project for project, _ in proposed})
    return SyncSeen(tuple(changes), tuple(refused), tuple(notes), proposed, world.actor)


class _ServiceSync:
    """What should change for one service."""

    def __init__(self, world: World, service: Service, reader: LaneReader) -> None:
        self.changes: list[LaneChange] = []
        self.refused: list[Refused] = []
        self.notes: list[str] = []
        self._world = world
        self._service = service
        automatic = [each for each in world.pipeline.environments if each.deploy is Deploy.AUTO]
        lanes = [lane for environment in automatic for lane in self._lanes(reader, environment)]
        moves = self._moves(service, lanes) if lanes else {}
        for index, lane in enumerate(lanes):
            self._look_at(lane, moves.get(index))

    def _lanes(self, reader: LaneReader, environment: Environment) -> Iterator[Lane]:
        """Yield the lanes with a range that can be read; what is wrong with others is refused."""
        try:
            found = reader.read(environment, self._service)
        except (ManifestError, FileTooLarge) as error:
            self._refuse(environment, error)
            return
        if isinstance(found, NoLane):
            if not found.absent:
                self._refuse(environment, found.error)
            return
        for lane in found:
            try:
                if has_range(lane):
                    lane_constraint(lane)
                    yield lane
                else:
                    self.notes.append(f"{lane.name} of {lane.service.name} has no semver range that could move")
            except UsageError as error:
                self._refuse(environment, error)

    def _refuse(self, environment: Environment, error: TidegateError) -> None:
        self.refused.append(Refused(self._service, environment, error))

    def _moves(self, service: Service, lanes: list[Lane]) -> dict[int, Version]:
        """Return the released version that a lane should go to, by the lane's index."""
        versions = _versions(self._world, service, lanes)
        newest = newest_release(versions)
        ranges = [lane_constraint(lane) for lane in first_lanes(lanes)]
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
            except RangeNotMovable as error:
                if not has_line(lane_constraint(lane), newest.line):
                    self._refuse(lane.environment, error)
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
    summary = f"{counted(count, 'lane')} should change" if count else "every lane is up to date"
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
