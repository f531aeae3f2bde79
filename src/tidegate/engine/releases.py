"""Minor and major releases: the next line of versions is opened, and the lanes move to it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from tidegate.engine.lanes import Lane, lane_selection, observe_lane
from tidegate.engine.manifests import manifest_diff
from tidegate.engine.plan import Plan
from tidegate.engine.run import Progress, run_plan, until_settled
from tidegate.engine.steps import ClaimLine, CommitFiles, OpenMergeRequest, Step
from tidegate.engine.version_tags import Line, TaggedVersions, TagStyle
from tidegate.engine.versions import Bump, next_line
from tidegate.engine.world import World
from tidegate.errors.manifest import RangeNotMovable
from tidegate.flux import Selection, image_policies, move_range, set_policy_range
from tidegate.model import Deploy, Service


@dataclass(frozen=True, slots=True)
class LaneMove:
    """What becomes of one lane.

    Args:
        lane: as it is.
        moved: as it will be; equal to `lane` when it is at the new line already.
        before: what it selects now.
        after: what it will select of the tags that exist now.
        branch_head: head of the branch that a merge request for this line uses, or None.
        proposed: that branch holds the moved range already.
    """

    lane: Lane
    moved: Lane
    before: Selection
    after: Selection
    branch_head: str | None
    proposed: bool


@dataclass(frozen=True, slots=True)
class ReleaseSeen:
    """What opening a line is planned from.

    Args:
        service: whose line.
        line: major and minor of the line that opens.
        tag: the tag that opens it.
        commit: where a new tag would point.
        opened: the tag exists already.
        moves: the lanes of the automatic environments.
        actor: who is acting.
    """

    service: Service
    line: Line
    tag: str
    commit: str
    opened: bool
    moves: tuple[LaneMove, ...]
    actor: str

    @property
    def name(self) -> str:
        """The line as people write it, e.g. `1.1`."""
        return f"{self.line[0]}.{self.line[1]}"


def observe_release(world: World, service: Service, kind: Bump, to: Line | None = None) -> ReleaseSeen:
    """Return what opening the next line of `service` is planned from.

    Args:
        kind: MINOR or MAJOR.
        to: the line that is wanted; None for the next one.

    Raises:
        LineNotOpenable: `to` is behind the newest release, or not what `kind` says.
        RangeNotMovable: a range is written in a style that can't be moved; names the range to write.
    """
    tags, style = world.version_tags(service), TagStyle(service.version_tags)
    names = tags.all()
    tagged = TaggedVersions.read(style, names)
    line = next_line(tagged.versions, tagged.lines, kind, to)
    lanes = (
        observe_lane(world, service, environment)
        for environment in world.pipeline.environments
        if environment.deploy is Deploy.AUTO
    )
    return ReleaseSeen(
        service=service,
        line=line,
        tag=style.marker(line),
        commit=tags.target(),
        opened=style.marker(line) in names,
        moves=tuple(
            _move(world, lane, line, line_branch(service, line))
            for lane in lanes
            if lane is not None and lane.policy.range is not None
        ),
        actor=world.actor,
    )


def line_branch(service: Service, line: Line) -> str:
    """Return the branch of the merge request that moves the lanes of `service` to `line`."""
    return f"tidegate/{service.name}/line-{line[0]}.{line[1]}"


def _move(world: World, lane: Lane, line: Line, branch: str) -> LaneMove:
    try:
        text = move_range(lane.policy.range or "", line)
    except RangeNotMovable as error:
        raise RangeNotMovable(error.what, where=lane.place, hint=error.hint) from error
    data = lane.data
    if text != lane.policy.range:
        data = set_policy_range(lane.data, lane.policy, text, file=lane.file)
    policy = next(each for each in image_policies(data, file=lane.file) if each.document == lane.policy.document)
    moved = replace(lane, data=data, policy=policy)
    repo = world.repo(lane.environment)
    head = repo.head(branch)
    return LaneMove(
        lane=lane,
        moved=moved,
        before=lane_selection(world.images, lane),
        after=lane_selection(world.images, moved),
        branch_head=head,
        proposed=head is not None and repo.read(head, [lane.file]).get(lane.file) == data,
    )


def plan_release(seen: ReleaseSeen, *, by_merge_request: bool) -> Plan:
    """Return the steps that open the line and move the lanes; those that are done already are left out. Pure."""
    steps: list[Step] = []
    if not seen.opened:
        steps.append(ClaimLine(seen.service.name, seen.tag, seen.commit))
    moves = [move for move in seen.moves if move.moved != move.lane]
    for place in dict.fromkeys((move.lane.environment.repo, move.lane.environment.branch) for move in moves):
        here = [move for move in moves if (move.lane.environment.repo, move.lane.environment.branch) == place]
        steps.extend(_move_steps(seen, here, by_merge_request=by_merge_request))
    summary = f"{seen.service.name}: line {seen.name} {'opens' if steps else 'is open already'}"
    diff = "".join(manifest_diff(move.lane.data, move.moved.data, move.lane.file) for move in moves)
    return Plan(summary, tuple(steps), diff, tuple(_warnings(seen.moves)))


def _move_steps(seen: ReleaseSeen, moves: list[LaneMove], *, by_merge_request: bool) -> list[Step]:
    environment, head = moves[0].lane.environment, moves[0].lane.commit
    names = " and ".join(move.lane.environment.name for move in moves)
    subject = f"Open the line {seen.name} of {seen.service.name} in {names}"
    changes = "\n".join(f"{move.lane.place}: {move.lane.policy.range} → {move.moved.policy.range}" for move in moves)
    branch = line_branch(seen.service, seen.line) if by_merge_request else environment.branch
    commit = CommitFiles(
        project=environment.repo,
        branch=branch,
        parent=head,
        expected=moves[0].branch_head if by_merge_request else head,
        files={move.lane.file: move.moved.data for move in moves},
        subject=subject,
        body=changes,
        trailers={"Tidegate-Service": seen.service.name, "Tidegate-Line": seen.name, "Tidegate-To": names},
        author=seen.actor,
    )
    if not by_merge_request:
        return [commit]
    text = f"{subject}.\n\n{changes}"
    opening = OpenMergeRequest(environment.repo, branch, environment.branch, subject, text, author=seen.actor)
    return [opening] if all(move.proposed for move in moves) else [commit, opening]


def _warnings(moves: Iterable[LaneMove]) -> Iterable[str]:
    for move in moves:
        name = f"{move.lane.environment.name} ({move.lane.policy.name})"
        if move.after.tag is None and move.before.tag is not None:
            yield f"{name} keeps {move.before.tag} until the first version of the line is pushed"


def release(
    world: World, service: Service, kind: Bump, to: Line | None, progress: Progress, *, by_merge_request: bool
) -> ReleaseSeen:
    """Open the next line of `service` and move its lanes there; return what was seen before.

    Run twice before the line has a version, it finds its own work. Raises as `observe_release`.
    """

    def attempt() -> ReleaseSeen:
        for environment in world.pipeline.environments:
            if environment.deploy is Deploy.AUTO:
                world.repo(environment).refresh()
        seen = observe_release(world, service, kind, to)
        run_plan(plan_release(seen, by_merge_request=by_merge_request), world, progress)
        return seen

    return until_settled(attempt, world, progress)
