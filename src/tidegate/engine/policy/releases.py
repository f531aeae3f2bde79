"""Minor and major releases: the next line of versions is opened, and the lanes move to it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from tidegate.engine.plan import Plan
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
    moved_range,
    observe_proposed,
)
from tidegate.engine.policy.lanes import Lane, NoLane, observe_lanes
from tidegate.engine.policy.leading_lanes import has_range, lane_constraint, lane_range, leading_lanes
from tidegate.engine.policy.range_probe import has_line
from tidegate.engine.run import Progress, run_plan, until_settled
from tidegate.engine.steps import ClaimLine, Step
from tidegate.engine.versions.next_version import Bump, next_line
from tidegate.engine.versions.version_tags import Line, TaggedVersions, TagStyle
from tidegate.engine.world import World
from tidegate.errors.manifest import RangeNotMovable
from tidegate.model import Deploy, Service


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
        stays: the lanes that stay as they are, each with why.
        missing: the automatic environments that have the service and no lane of it.
        proposed: what the branches of merge requests hold.
        actor: who is acting.
    """

    service: Service
    line: Line
    tag: str
    commit: str
    opened: bool
    moves: tuple[LaneChange, ...]
    stays: tuple[LaneChange, ...]
    missing: tuple[NoLane, ...]
    proposed: Mapping[Branch, Proposed]
    actor: str

    @property
    def name(self) -> str:
        """The line as people write it, e.g. `1.1`."""
        return f"{self.line[0]}.{self.line[1]}"

    @property
    def notes(self) -> tuple[str, ...]:
        """Which lanes stay, and where there are none; one sentence each."""
        stays = (f"{each.lane.name} stays{_at(each.lane)}: {each.why}" for each in self.stays)
        missing = (f"{each.environment.name} stays as it is: {each.why}; {each.hint}" for each in self.missing)
        return (*stays, *missing)


def _at(lane: Lane) -> str:
    return f" at {lane.policy.range}" if lane.policy.range else ""


def observe_release(world: World, service: Service, kind: Bump, to: Line | None = None) -> ReleaseSeen:
    """Return what opening the next line of `service` is planned from.

    The lanes that lead move; one that is behind them, for maintenance, stays. So does one that is held: it moves when
    the hold ends, by `policy sync`. And so does one that lets the whole line through as it is.

    Args:
        kind: MINOR or MAJOR.
        to: the line that is wanted; None for the next one.

    Raises:
        LineNotOpenable: `to` is behind the newest release, or not what `kind` says.
        PolicyMissing: there are automatic environments, and none has a lane of the service.
        RangeNotMovable: a range is written in a style that can't be moved; names the range to write.
        InvalidHold: a lane's hold is damaged.
    """
    tags, style = world.version_tags(service), TagStyle(service.version_tags)
    names = tags.all()
    tagged = TaggedVersions.read(style, names)
    line = next_line(tagged.versions, tagged.lines, kind, to)
    lanes, missing = _lanes(world, service)
    ranged = [lane for lane in lanes if has_range(lane)]
    leading = leading_lanes(ranged, tagged.versions, line)
    changes = [_change(world, lane, line, leads=lane in leading) for lane in lanes]
    moves = tuple(change for change in changes if change.edit.range is not None)
    return ReleaseSeen(
        service=service,
        line=line,
        tag=style.marker(line),
        commit=tags.target(),
        opened=style.marker(line) in names,
        moves=moves,
        stays=tuple(change for change in changes if change.edit.range is None),
        missing=tuple(each for each in missing if not each.absent),
        proposed=observe_proposed(world, moves, line_branch(service, line)),
        actor=world.actor,
    )


def _lanes(world: World, service: Service) -> tuple[list[Lane], list[NoLane]]:
    found = observe_lanes(world, (service,), world.pipeline.environments)
    lanes = [each for each in found if isinstance(each, Lane)]
    missing = [each for each in found if isinstance(each, NoLane)]
    if missing and not lanes:
        raise next((each for each in missing if not each.absent), missing[0]).error
    return lanes, missing


def _change(world: World, lane: Lane, line: Line, *, leads: bool) -> LaneChange:
    """Return the lane moved to `line`, or as it is with the reason why it stays."""
    held = lane.held()
    if not has_range(lane):
        return changed_lane(world, lane, LaneEdit(), "it has no semver range that could move")
    if not leads:
        return changed_lane(world, lane, LaneEdit(), "it is behind the newest release")
    if held is not None:
        why = f"it is {held.hold}; then its range {held.range} comes back, and `tidegate policy sync` moves it"
        return changed_lane(world, lane, LaneEdit(), why)
    try:
        return changed_lane(world, lane, LaneEdit(range=moved_range(lane, lane_range(lane), line)))
    except RangeNotMovable as error:
        if not has_line(lane_constraint(lane), line):
            raise
        why = f"it lets the line {line[0]}.{line[1]} through already; to leave others behind, {error.hint}"
        return changed_lane(world, lane, LaneEdit(), why)


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
    return Plan(summary, tuple(steps), changes_diff(seen.moves), (*seen.notes, *_warnings(seen.moves), *left))


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
