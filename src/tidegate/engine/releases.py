"""Minor and major releases: the next line of versions is opened, and the lanes move to it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from tidegate.engine.lane_changes import (
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
    moved_range,
    observe_proposed,
)
from tidegate.engine.lanes import Lane, observe_lanes
from tidegate.engine.plan import Plan
from tidegate.engine.run import Progress, run_plan, until_settled
from tidegate.engine.steps import ClaimLine, Step
from tidegate.engine.version_tags import Line, TaggedVersions, TagStyle
from tidegate.engine.versions import Bump, next_line
from tidegate.engine.world import World
from tidegate.errors.manifest import InvalidPolicy
from tidegate.errors.model import InvalidConstraint
from tidegate.model import Constraint, Deploy, Service, Version


@dataclass(frozen=True, slots=True)
class ReleaseSeen:
    """What opening a line is planned from.

    Args:
        service: whose line.
        line: major and minor of the line that opens.
        tag: the tag that opens it.
        commit: where a new tag would point.
        opened: the tag exists already.
        moves: the lanes that move.
        stay: why lanes with a range do not move, one sentence each.
        proposed: what the branches of merge requests hold.
        actor: who is acting.
    """

    service: Service
    line: Line
    tag: str
    commit: str
    opened: bool
    moves: tuple[LaneChange, ...]
    stay: tuple[str, ...]
    proposed: Mapping[Branch, Proposed]
    actor: str

    @property
    def name(self) -> str:
        """The line as people write it, e.g. `1.1`."""
        return f"{self.line[0]}.{self.line[1]}"


def observe_release(world: World, service: Service, kind: Bump, to: Line | None = None) -> ReleaseSeen:
    """Return what opening the next line of `service` is planned from.

    The lanes that have the newest release move; one that is behind them, for maintenance, stays. So does one that is
    held: it moves when the hold ends, by `policy sync`.

    Args:
        kind: MINOR or MAJOR.
        to: the line that is wanted; None for the next one.

    Raises:
        LineNotOpenable: `to` is behind the newest release, or not what `kind` says.
        RangeNotMovable: a range is written in a style that can't be moved; names the range to write.
        InvalidHold: a lane's hold is damaged.
    """
    tags, style = world.version_tags(service), TagStyle(service.version_tags)
    names = tags.all()
    tagged = TaggedVersions.read(style, names)
    line = next_line(tagged.versions, tagged.lines, kind, to)
    lanes = ranged_lanes(world, (service,))
    leading = leading_lanes(lanes, tagged.versions, line)
    moving = [lane for lane in leading if lane.held() is None]
    moves = tuple(
        changed_lane(world, lane, LaneEdit(range=moved_range(lane, lane_range(lane), line))) for lane in moving
    )
    return ReleaseSeen(
        service=service,
        line=line,
        tag=style.marker(line),
        commit=tags.target(),
        opened=style.marker(line) in names,
        moves=moves,
        stay=tuple(_staying(lanes, leading)),
        proposed=observe_proposed(world, moves, line_branch(service, line)),
        actor=world.actor,
    )


def ranged_lanes(world: World, services: Iterable[Service]) -> tuple[Lane, ...]:
    """Return the lanes of `services` that have a semver range."""
    found = [lane for lane in observe_lanes(world, services, world.pipeline.environments) if isinstance(lane, Lane)]
    for lane in found:
        _require_readable(lane)
    return tuple(lane for lane in found if lane.policy.range is not None)


def _require_readable(lane: Lane) -> None:
    policy = lane.policy.spec.get("policy")
    if isinstance(policy, Mapping) and "semver" in policy and not (lane.policy.range or "").strip():
        raise InvalidPolicy(
            f"the ImagePolicy {lane.policy.name} has no range that can be read",
            where=lane.place,
            hint="write one, e.g. range: 1.0.x",
        )


def lane_range(lane: Lane) -> str:
    """Return the range of a lane that has one; while it is held, the one that comes back."""
    held = lane.held()
    return held.range if held else lane.policy.range or ""


def leading_lanes(lanes: Iterable[Lane], versions: Iterable[Version], line: Line) -> tuple[Lane, ...]:
    """Return the lanes that a release of `line` moves: those that have the newest release.

    When none has it, those that are at `line` already; else those with the newest release that any has; with no
    release at all, every lane.
    """
    ranges = [(lane, lane_constraint(lane)) for lane in lanes]
    releases = sorted({version for version in versions if not version.prerelease}, reverse=True)
    every = tuple(lane for lane, _ in ranges)
    if not releases:
        return every
    for version in (releases[0], Version(*line, 0), *releases[1:]):
        found = tuple(lane for lane, constraint in ranges if constraint.allows(version))
        if found:
            return found
    return every


def lane_constraint(lane: Lane) -> Constraint:
    """Return `lane_range` as a constraint.

    Raises:
        InvalidConstraint: it is none; names its place.
    """
    try:
        return Constraint.parse(lane_range(lane))
    except InvalidConstraint as error:
        raise InvalidConstraint(error.what, where=lane.place, hint=error.hint) from error


def _staying(lanes: Iterable[Lane], leading: Iterable[Lane]) -> Iterator[str]:
    leading = tuple(leading)
    for lane in lanes:
        held = lane.held()
        if lane not in leading:
            yield f"{lane.name} stays at {lane_range(lane)}: it is behind the newest release"
        elif held is not None:
            yield f"{lane.name} is {held.hold}; its range {held.range} stays until then, see `tidegate policy sync`"


def line_branch(service: Service, line: Line) -> str:
    """Return the branch of the merge request that moves the lanes of `service` to `line`."""
    return f"tidegate/{service.name}/line-{line[0]}.{line[1]}"


def plan_release(seen: ReleaseSeen, *, merge_request: bool | None = None) -> Plan:
    """Return the steps that open the line and move the lanes; those that are done already are left out. Pure.

    Args:
        merge_request: whether the ranges move by merge request; None: as each environment's `ranges:` says.
    """
    steps: list[Step] = []
    left: list[str] = []
    if not seen.opened:
        steps.append(ClaimLine(seen.service.name, seen.tag, seen.commit))
    for place, changes in by_branch(seen.moves).items():
        names = " and ".join(dict.fromkeys(change.lane.environment.name for change in changes))
        message = Message(
            branch=line_branch(seen.service, seen.line),
            subject=f"Open the line {seen.name} of {seen.service.name} in {names}",
            trailers={"Tidegate-Service": seen.service.name, "Tidegate-Line": seen.name, "Tidegate-To": names},
            actor=seen.actor,
        )
        by_request = by_merge_request(changes, merge_request)
        steps += change_steps(message, changes, seen.proposed[place], by_merge_request=by_request)
        left += left_open(seen.proposed[place], by_merge_request=by_request)
    summary = f"{seen.service.name}: line {seen.name} {'opens' if steps else 'is open already'}"
    return Plan(summary, tuple(steps), changes_diff(seen.moves), (*seen.stay, *_warnings(seen.moves), *left))


def _warnings(moves: Iterable[LaneChange]) -> Iterator[str]:
    for move in moves:
        if move.after.tag is None and move.before.tag is not None:
            yield (
                f"{move.lane.name} keeps {move.before.tag} until the first version of the line is pushed; "
                "until then promote with --version"
            )


def release(
    world: World,
    service: Service,
    kind: Bump,
    to: Line | None,
    progress: Progress,
    *,
    merge_request: bool | None = None,
) -> ReleaseSeen:
    """Open the next line of `service` and move its lanes there; return what was seen before.

    Run twice before the line has a version, it finds its own work. Raises as `observe_release`.
    """

    def attempt() -> ReleaseSeen:
        refresh_automatic(world)
        seen = observe_release(world, service, kind, to)
        run_plan(plan_release(seen, merge_request=merge_request), world, progress)
        return seen

    return until_settled(attempt, world, progress)


def refresh_automatic(world: World) -> None:
    """Read the repositories of the automatic environments anew."""
    for project in {each.repo for each in world.pipeline.environments if each.deploy is Deploy.AUTO}:
        world.repos.repo(project).refresh()
