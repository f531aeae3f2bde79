"""Everything that can be told of one service in one environment. Reads only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final

from tidegate.engine.declared import branch_head
from tidegate.engine.plan import Plan
from tidegate.engine.promote import planned_promotion
from tidegate.engine.views.board import BoardCell, Fault, Gap, board_cell, first_cell
from tidegate.engine.views.explanation import Explanation, explain
from tidegate.engine.views.gap import read_gap
from tidegate.engine.views.image_tags import TagsSeen, read_tags
from tidegate.engine.views.status import Cell, look
from tidegate.engine.views.timeline import Stay, read_stays
from tidegate.engine.world import World
from tidegate.errors import TidegateError
from tidegate.model import Environment, ImageRef, MergeRequest, Service
from tidegate.model.image_node import ImageNode
from tidegate.ports import HistoryCommit

REVISION: Final = "org.opencontainers.image.revision"
"""The label with the commit that an image was built from (OCI image-spec `annotations.md`)."""
_MOST_STAYS: Final = 20


@dataclass(frozen=True, slots=True)
class ImageSeen:
    """An image that matters to a cell.

    Args:
        role: `has`, `source` or `moving`; `both` where the source has the very image that the environment has.
        image: with its digest.
        node: what it consists of; None when that can't be read.
        fault: why not.
        tags: which tags hold it, and which stand beside it; None when that can't be read.
        untold: why not.
    """

    role: str
    image: ImageRef
    node: ImageNode | None = None
    fault: TidegateError | None = None
    tags: TagsSeen | None = None
    untold: TidegateError | None = None


@dataclass(frozen=True, slots=True)
class Commits:
    """What lies between the image that an environment has and the one that is to come.

    Args:
        since: the commit that the one was built from.
        until: the commit that the other was built from.
        found: the commits between them, each before its parents; empty where they can't be read.
        fault: why not.
    """

    since: str
    until: str
    found: tuple[HistoryCommit, ...] = ()
    fault: TidegateError | None = None


@dataclass(frozen=True, slots=True)
class CellDetail:
    """One service in one environment, with its evidence.

    Args:
        cell: what the environment has.
        explanation: why; None of the first environment, to which nothing is promoted.
        gap: how far it is behind.
        plan: what promoting would do now; None where it would be refused or nothing wants it.
        diff: the manifest change, of the open merge request or of the plan; "" when there is none.
        images: those that matter, without those that can't be named.
        commits: what would come; None where the images don't tell what they were built from.
        stays: what the environment has and had, newest first.
        approvers: whose approval of the open merge request counts; None: anybody's, or that can't be told.
        faults: what could not be read.
    """

    cell: Cell
    explanation: Explanation | None = None
    gap: Gap | None = None
    plan: Plan | None = None
    diff: str = ""
    images: tuple[ImageSeen, ...] = ()
    commits: Commits | None = None
    stays: tuple[Stay, ...] = ()
    approvers: frozenset[str] | None = None
    faults: tuple[TidegateError, ...] = ()

    def on_board(self, failure: Fault | None) -> BoardCell:
        """Return the cell as the board has it after a look like this one.

        Args:
            failure: why the last delivery or promotion failed, or None.
        """
        return board_cell(self.explanation, self.gap, failure) if self.explanation else first_cell(self.cell)

    @property
    def merge_request(self) -> MergeRequest | None:
        """The open merge request that would move it."""
        return self.explanation.merge_request if self.explanation else None


def read_detail(world: World, service: Service, environment: Environment, *, with_commits: bool) -> CellDetail:
    """Return everything about `service` in `environment`. What can't be read is told in it.

    Args:
        with_commits: also list the commits between the images. It takes the history of the service's source, which a
            forge that can show them has at hand, and we have not.
    """
    faults: list[TidegateError] = []
    stays = _stays(world, service, environment, faults)
    if environment.source is None:
        cell = look(world, service, environment)
        images = _images(world, [("has", environment, _pinned(cell))])
        return CellDetail(cell, images=images, stays=stays, faults=_all(faults, cell))
    explanation = explain(world, service, environment)
    plan, diff, gap, approvers = None, "", None, None
    try:
        if explanation.wants_promotion and explanation.refusal is None:
            plan = planned_promotion(world, service, environment)
        if explanation.merge_request is not None:
            diff = _diff(world, environment, explanation.merge_request)
            approvers = _approvers(world, environment)
        gap = read_gap(world, explanation)
    except TidegateError as fault:
        faults.append(fault)
    source = world.source_of(environment)
    has, came_from = _pinned(explanation.target), _pinned(explanation.source)
    named = [("has", environment, has), ("source", source, came_from)]
    if has is not None and has == came_from:
        named = [("both", environment, has)]
    images = _images(world, [*named, ("moving", environment, explanation.moving)])
    return CellDetail(
        cell=explanation.target,
        explanation=explanation,
        gap=gap,
        plan=plan,
        diff=diff or (plan.diff if plan else ""),
        images=images,
        commits=_commits(world, service, images, with_commits=with_commits),
        stays=stays,
        approvers=approvers,
        faults=(*faults, *(each for each in explanation.faults if each not in faults)),
    )


def _all(faults: Sequence[TidegateError], cell: Cell) -> tuple[TidegateError, ...]:
    """Return each fault once: the same file may have been read for two reasons."""
    known = {str(each) for each in faults}
    return (*faults, *((cell.fault,) if cell.fault and str(cell.fault) not in known else ()))


def _stays(world: World, service: Service, environment: Environment, faults: list[TidegateError]) -> tuple[Stay, ...]:
    try:
        return tuple(islice(read_stays(world, service, environment), _MOST_STAYS))
    except TidegateError as fault:
        faults.append(fault)
        return ()


def _pinned(cell: Cell) -> ImageRef | None:
    """Return what a cell has, by its digest; None where there is no such image."""
    return cell.image.with_digest(cell.digest) if cell.image and cell.digest else None


def _images(world: World, named: Sequence[tuple[str, Environment, ImageRef | None]]) -> tuple[ImageSeen, ...]:
    return tuple(_image(world, role, home, image) for role, home, image in named if image is not None)


def _image(world: World, role: str, home: Environment, image: ImageRef) -> ImageSeen:
    if world.inspect is None or image.digest is None:
        return ImageSeen(role, image)
    try:
        node = world.inspect(image)
    except TidegateError as fault:
        return ImageSeen(role, image, fault=fault)
    try:
        tags = read_tags(world.images, image, home.tag, node.label(REVISION))
    except TidegateError as untold:
        return ImageSeen(role, image, node, untold=untold)
    return ImageSeen(role, image, node, tags=tags)


def _diff(world: World, target: Environment, request: MergeRequest) -> str:
    """Return what an open merge request changes, as git shows it."""
    repo = world.repo(target)
    base = repo.merge_base(branch_head(repo, target), request.head)
    if base is None:
        return ""
    return repo.diff(base, request.head, repo.changed_files(base, request.head))


def _approvers(world: World, target: Environment) -> frozenset[str] | None:
    """Return whose approval counts in `target`; None: anybody's."""
    if not target.approvals.approvers:
        return None
    found: set[str] = set()
    for each in target.approvals.approvers:
        kind, _, name = each.partition(":")
        found |= world.members(name) if kind == "group" else {name}
    return frozenset(found)


def _commits(world: World, service: Service, images: Sequence[ImageSeen], *, with_commits: bool) -> Commits | None:
    built = {each.role: each.node.label(REVISION) for each in images if each.node is not None}
    since, until = built.get("has"), built.get("source")
    if since is None or until is None or since == until:
        return None
    if not with_commits:
        return Commits(since, until)
    try:
        return Commits(since, until, world.version_tags(service).history(since, until, files=False))
    except TidegateError as fault:
        return Commits(since, until, fault=fault)
