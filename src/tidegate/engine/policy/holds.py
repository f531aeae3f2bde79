"""Holding a lane at one version, and letting it go on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date

from tidegate.engine.plan import Plan
from tidegate.engine.policy.hold_end import following, version_in
from tidegate.engine.policy.lane_changes import (
    Branch,
    LaneChange,
    LaneEdit,
    Message,
    Proposed,
    by_branch,
    by_merge_request,
    change_steps,
    changed_lane,
    changes_diff,
    left_open,
    observe_proposed,
)
from tidegate.engine.policy.lanes import Lane, NoLane, observe_lanes
from tidegate.engine.policy.releases import refresh_automatic
from tidegate.engine.run import Progress, run_plan, until_settled
from tidegate.engine.steps import Step
from tidegate.engine.world import World
from tidegate.errors.manifest import InvalidHold
from tidegate.errors.policy import LaneHeld, NotHoldable
from tidegate.flux import Outcome, image_policies
from tidegate.flux.holds import Hold, read_hold
from tidegate.model import Deploy, Environment, Service, Version


@dataclass(frozen=True, slots=True)
class HoldAsked:
    """A hold that somebody asks for.

    Args:
        version: the one version that is let through.
        reason: one line.
        until: the last day; None: no day.
        until_promoted: it ends when the next environment gets the version or a newer one.
    """

    version: Version
    reason: str
    until: date | None = None
    until_promoted: bool = False


@dataclass(frozen=True, slots=True)
class HoldSeen:
    """What holding or resuming is planned from.

    Args:
        service: whose lanes.
        environment: where.
        hold: the version that is held; None: the lanes go on.
        changes: what becomes of the lanes.
        proposed: what the branches of merge requests hold.
        actor: who is acting.
    """

    service: Service
    environment: Environment
    hold: Version | None
    changes: tuple[LaneChange, ...]
    proposed: Mapping[Branch, Proposed]
    actor: str


def observe_hold(world: World, service: Service, environment: Environment, asked: HoldAsked) -> HoldSeen:
    """Return what holding `service` in `environment` is planned from.

    A lane that is held just so stays as it is; one that is held at that version gets the new reason and end, and
    remembers the same range.

    Raises:
        LaneHeld: a lane is held at another version; says by whom, why and until when.
        NotHoldable: there is no range, no tag is that version, or it can't be promoted any more.
        PolicyMissing: there is no ImagePolicy.
    """
    if asked.until_promoted:
        _require_promotable(world, service, environment, asked.version)
    version = asked.version.without_metadata
    hold = Hold(version, world.actor, world.clock.now(), asked.reason, asked.until, asked.until_promoted)
    branch = _branch(service, environment, asked.version)
    changes = tuple(_held(world, lane, hold, branch) for lane in _lanes(world, service, environment))
    return _seen(world, service, environment, asked.version, changes)


def _require_promotable(world: World, service: Service, environment: Environment, version: Version) -> None:
    targets = following(world, environment)
    having = next((each for each in targets if version_in(world, each, service)[0] == version), None)
    if not targets or having is not None:
        raise NotHoldable(
            f"{having.name} has {version} already" if having else f"nothing is promoted from {environment.name}",
            where=f"environments.{environment.name}",
            hint="give a day with --until, or leave both out",
        )


def observe_resume(world: World, service: Service, environment: Environment) -> HoldSeen:
    """Return what ending the holds of `service` in `environment` is planned from.

    Raises:
        InvalidHold: a hold is damaged, or somebody changed the range since.
        PolicyMissing: there is no ImagePolicy.
    """
    lanes = _lanes(world, service, environment)
    changes = tuple(changed_lane(world, lane, LaneEdit(lift=lane.held() is not None)) for lane in lanes)
    return _seen(world, service, environment, None, changes)


def _lanes(world: World, service: Service, environment: Environment) -> tuple[Lane, ...]:
    if environment.deploy is not Deploy.AUTO:
        raise NotHoldable(
            f"{environment.name} is moved by merge requests: it has no range",
            where=f"environments.{environment.name}",
            hint="leave its merge requests unmerged, or give `tidegate promote` the version that it shall have",
        )
    found = observe_lanes(world, (service,), (environment,))
    for each in found:
        if isinstance(each, NoLane):
            raise each.error
    lanes = tuple(each for each in found if isinstance(each, Lane))
    for lane in lanes:
        if lane.policy.range is None:
            raise NotHoldable(
                f"the ImagePolicy {lane.policy.name} has no semver range",
                where=lane.place,
                hint="only a range can be held: write the tag into the HelmRelease and take its setter marker away",
            )
    return lanes


def _same(one: Hold, other: Hold) -> bool:
    """Return whether two holds are the same, whoever asked and when."""
    return replace(one, by=other.by, since=other.since) == other


def _proposed_hold(world: World, lane: Lane, branch: str) -> Hold | None:
    """Return the hold of `lane` that a merge request proposes already, so that it is adopted with its time."""
    repo = world.repo(lane.environment)
    head = repo.head(branch)
    data = repo.read(head, [lane.file]).get(lane.file) if head else None
    for policy in image_policies(data, file=lane.file) if data else ():
        if policy.at == lane.policy.at:
            try:
                held = read_hold(data or b"", policy, file=lane.file)
            except InvalidHold:
                return None  # somebody wrote into the branch: it is written anew
            return held.hold if held else None
    return None


def _held(world: World, lane: Lane, hold: Hold, branch: str) -> LaneChange:
    """Return the lane held; one that is held at that version already gets the new reason and end."""
    held = lane.held()
    if held is not None and _same(held.hold, hold):
        return changed_lane(world, lane, LaneEdit())
    if held is not None and held.hold.version != hold.version:
        raise LaneHeld(
            f"{lane.name} is {held.hold}",
            where=lane.place,
            hint=f"`tidegate policy resume {lane.service.name} --in {lane.environment.name}` first",
        )
    proposed = _proposed_hold(world, lane, branch)
    if proposed is not None and _same(proposed, hold):
        hold = proposed
    elif held is not None and (held.hold.until_promoted or not hold.until_promoted):
        hold = replace(hold, since=held.hold.since)
    was = f"it was {held.hold.end}: {held.hold.reason}" if held else ""
    change = changed_lane(world, lane, LaneEdit(lift=held is not None, hold=hold), was)
    if change.after.tag is None:
        values = [each.tag for each in change.before.explain() if each.outcome in {Outcome.TAKEN, Outcome.LOWER}]
        raise NotHoldable(
            f"no tag of {lane.service.image} in {lane.environment.registry.host} is {hold.version}",
            where=lane.place,
            hint=f"the range has {', '.join(values[:5])}" if values else "push that version first",
        )
    return change


def _seen(
    world: World, service: Service, environment: Environment, hold: Version | None, changes: tuple[LaneChange, ...]
) -> HoldSeen:
    proposed = observe_proposed(world, changes, _branch(service, environment, hold))
    return HoldSeen(service, environment, hold, changes, proposed, world.actor)


def _branch(service: Service, environment: Environment, hold: Version | None) -> str:
    return f"tidegate/{service.name}/{'hold' if hold else 'resume'}-{environment.name}"


def plan_hold(seen: HoldSeen, *, merge_request: bool | None = None) -> Plan:
    """Return the steps that hold the lanes or let them go on. Pure.

    Args:
        merge_request: whether the range changes by merge request; None: as the environment's `ranges:` says.
    """
    name, where = seen.service.name, seen.environment.name
    subject = f"Hold {name} in {where} at {seen.hold}" if seen.hold else f"Resume {name} in {where}"
    trailers = {"Tidegate-Service": name, "Tidegate-To": where}
    if seen.hold:
        trailers["Tidegate-Hold"] = str(seen.hold)
    message = Message(_branch(seen.service, seen.environment, seen.hold), subject, trailers, seen.actor)
    steps: list[Step] = []
    left: list[str] = []
    for place, changes in by_branch(seen.changes).items():
        by_request = by_merge_request(changes, merge_request)
        steps += change_steps(message, changes, seen.proposed[place], by_merge_request=by_request)
        left += left_open(seen.proposed[place], by_merge_request=by_request)
    done = "is held already" if seen.hold else "is not held"
    summary = subject if steps else f"{name} in {where} {done}"
    return Plan(summary, tuple(steps), changes_diff(seen.changes), tuple(left))


def hold_lanes(
    world: World,
    service: Service,
    environment: Environment,
    asked: HoldAsked | None,
    progress: Progress,
    *,
    merge_request: bool | None = None,
) -> HoldSeen:
    """Hold the lanes of `service` in `environment` as `asked`, or resume them (None); return what was seen before."""

    def attempt() -> HoldSeen:
        refresh_automatic(world)
        seen = (
            observe_hold(world, service, environment, asked) if asked else observe_resume(world, service, environment)
        )
        run_plan(plan_hold(seen, merge_request=merge_request), world, progress)
        return seen

    return until_settled(attempt, world, progress)
