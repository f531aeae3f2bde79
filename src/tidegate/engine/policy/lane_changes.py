"""Changes to lanes: their edits, what each selects before and after, and the steps that bring them to git."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

from tidegate.engine.manifests import manifest_diff
from tidegate.engine.policy.lanes import Lane, lane_tags, selection_of
from tidegate.engine.steps import CommitFiles, OpenMergeRequest, Step
from tidegate.engine.world import World
from tidegate.errors.manifest import RangeNotMovable
from tidegate.flux import ImagePolicy, Selection, image_policies, move_range, set_policy_range
from tidegate.flux.holds import Hold, with_hold, without_hold
from tidegate.model import MergeRequest, MergeRequestOptions, Ranges

_DRAFT: Final = "Draft: "

Branch = tuple[str, str]
"""Project and the branch that Flux reads."""


@dataclass(frozen=True, slots=True)
class LaneEdit:
    """What is done to one ImagePolicy, in this order.

    Args:
        lift: its hold is taken away.
        range: its new range; None keeps it.
        hold: the hold that begins; None: none.
    """

    lift: bool = False
    range: str | None = None
    hold: Hold | None = None

    def apply(self, data: bytes, policy: ImagePolicy, file: str) -> bytes:
        """Return `data` with the edit made to the ImagePolicy that stands where `policy` does.

        Raises:
            UnsafeEdit, InvalidHold: it can't be made.
        """
        if self.lift:
            data = without_hold(data, _there(data, policy, file), file=file)
        present = _there(data, policy, file)
        if self.range is not None and self.range != present.range:
            data = set_policy_range(data, present, self.range, file=file)
        if self.hold is not None:
            data = with_hold(data, _there(data, policy, file), self.hold, file=file)
        return data


def _there(data: bytes, policy: ImagePolicy, file: str) -> ImagePolicy:
    return next(each for each in image_policies(data, file=file) if each.at == policy.at)


@dataclass(frozen=True, slots=True)
class LaneChange:
    """What becomes of one lane.

    Args:
        lane: as it is.
        moved: as it will be; equal to `lane` when nothing changes.
        edit: what is done.
        before: what it selects now.
        after: what it will select of the tags that exist now.
        why: one clause, for people.
    """

    lane: Lane
    moved: Lane
    edit: LaneEdit
    before: Selection
    after: Selection
    why: str = ""

    @property
    def line(self) -> str:
        """The change in one line, for messages of commits."""
        hold = f", {self.edit.hold}" if self.edit.hold else ""
        return f"{self.lane.place}: {self.lane.policy.range} → {self.moved.policy.range}{hold}"


def changed_lane(world: World, lane: Lane, edit: LaneEdit, why: str = "") -> LaneChange:
    """Return what `edit` makes of `lane`, with the selections from the registry's tags."""
    data = edit.apply(lane.data, lane.policy, lane.file)
    moved = replace(lane, data=data, policy=_there(data, lane.policy, lane.file))
    tags = lane_tags(world.images, lane)
    return LaneChange(lane, moved, edit, selection_of(lane, tags), selection_of(moved, tags), why)


def moved_range(lane: Lane, text: str, line: tuple[int, int]) -> str:
    """Return the lane's range `text` moved to `line`.

    Raises:
        RangeNotMovable: with the place of the range, and in the hint the range to write.
    """
    try:
        return move_range(text, line)
    except RangeNotMovable as error:
        raise RangeNotMovable(error.what, where=lane.place, hint=error.hint) from error


def changed_files(changes: Iterable[LaneChange]) -> dict[str, bytes]:
    """Return path → bytes after all `changes`, which may meet in one file. They are of one repository and branch."""
    files: dict[str, bytes] = {}
    for change in changes:
        lane = change.lane
        files[lane.file] = change.edit.apply(files.get(lane.file, lane.data), lane.policy, lane.file)
    return files


def changes_diff(changes: Iterable[LaneChange]) -> str:
    """Return the unified diff of all `changes`."""
    changes = tuple(changes)
    diffs = []
    for group in by_branch(changes).values():
        before = {change.lane.file: change.lane.data for change in group}
        diffs += [manifest_diff(before[file], data, file) for file, data in changed_files(group).items()]
    return "".join(diffs)


def by_branch(changes: Iterable[LaneChange]) -> dict[Branch, list[LaneChange]]:
    """Return the changes that do change something, by the branch that they go to."""
    groups: dict[Branch, list[LaneChange]] = {}
    for change in changes:
        if change.moved != change.lane:
            environment = change.lane.environment
            groups.setdefault((environment.repo, environment.branch), []).append(change)
    return groups


def by_merge_request(changes: Iterable[LaneChange], asked: bool | None) -> bool:  # noqa: FBT001 - a three-way answer, not a switch
    """Return whether changes of one branch go by merge request: as asked (None: not), else as configured."""
    if asked is not None:
        return asked
    return any(change.lane.environment.ranges is Ranges.MERGE_REQUEST for change in changes)


@dataclass(frozen=True, slots=True)
class Proposed:
    """The branch of a merge request, as it is.

    Args:
        head: its head; None when it does not exist.
        files: path → bytes of the files that it changes.
        request: the merge request that is open from it, or None.
    """

    head: str | None
    files: Mapping[str, bytes | None]
    request: MergeRequest | None = None


def observe_proposed(world: World, changes: Iterable[LaneChange], name: str) -> dict[Branch, Proposed]:
    """Return what the branch `name` holds in every repository that `changes` go to."""
    proposed = {}
    for project, target in by_branch(changes):
        repo = world.repos.repo(project)
        head, base = repo.head(name), None
        if head is not None:
            base = repo.merge_base(head, repo.head(target) or head)
        paths = repo.changed_files(base, head) if head and base else ()
        held = repo.read(head, paths) if head else {}
        request = open_request(world, project, name, target) if head else None
        proposed[project, target] = Proposed(head, {path: held.get(path) for path in paths}, request)
    return proposed


def open_request(world: World, project: str, source: str, target: str | None = None) -> MergeRequest | None:
    """Return the open merge request from the branch `source` to `target` (None: to any), or None."""
    return next(
        (
            each
            for each in world.forge.merge_requests(project, source_branch=source)
            if target in {None, each.target_branch}
        ),
        None,
    )


def left_open(proposed: Proposed, *, by_merge_request: bool) -> Iterator[str]:
    """Yield a warning when the ranges change by commit, and a merge request that proposes them is open."""
    if proposed.request is not None and not by_merge_request:
        yield f"{proposed.request.ref} proposed this and stays open: close it"


@dataclass(frozen=True, slots=True)
class Message:
    """What commit and merge request say.

    Args:
        branch: the branch of the merge request.
        subject: one line.
        trailers: of the commit.
        actor: who is acting.
    """

    branch: str
    subject: str
    trailers: Mapping[str, str]
    actor: str


def change_steps(
    message: Message, changes: list[LaneChange], proposed: Proposed, *, by_merge_request: bool
) -> list[Step]:
    """Return the steps that bring `changes`, all of one branch, to it; what is done already is left out. Pure."""
    environment, head = changes[0].lane.environment, changes[0].lane.commit
    files = changed_files(changes)
    text = "\n".join(change.line for change in changes)
    commit = CommitFiles(
        project=environment.repo,
        branch=message.branch if by_merge_request else environment.branch,
        parent=head,
        expected=proposed.head if by_merge_request else head,
        files=files,
        subject=message.subject,
        body=text,
        trailers=message.trailers,
        author=message.actor,
    )
    if not by_merge_request:
        return [commit]
    reasons = "\n".join(f"- `{change.line}`{f': {change.why}' if change.why else ''}" for change in changes)
    request = proposed.request
    options = _options(changes)
    # Whoever made it a draft says when it is ready.
    draft = _DRAFT if (request.draft if request is not None else options.draft) else ""
    opening = OpenMergeRequest(
        environment.repo,
        message.branch,
        environment.branch,
        f"{draft}{message.subject}",
        f"{message.subject}.\n\n{reasons}",  # no line end: forges strip it, and would then have another text
        author=message.actor,
        known=request.iid if request else None,
        options=options,
    )
    return [opening] if dict(proposed.files) == files else [commit, opening]


def _options(changes: Iterable[LaneChange]) -> MergeRequestOptions:
    """Return how the merge request of `changes` is opened: as every environment wants it that it is for."""
    asked = [change.lane.environment.merge_request for change in changes]
    return MergeRequestOptions(
        labels=tuple(dict.fromkeys(each for one in asked for each in one.labels)),
        reviewers=tuple(dict.fromkeys(each for one in asked for each in one.reviewers)),
        assignees=tuple(dict.fromkeys(each for one in asked for each in one.assignees)),
        milestone=next((one.milestone for one in asked if one.milestone is not None), None),
        draft=any(one.draft for one in asked),
        squash=any(one.squash for one in asked),
        remove_source_branch=any(one.remove_source_branch for one in asked),
    )
