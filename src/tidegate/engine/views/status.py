"""Status: the matrix of services and environments. Reads only."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeAlias

from tidegate.engine.asked_once import AskedOnce
from tidegate.engine.declared import DeclaredRelease, branch_head, linked, past_releases, read_declared
from tidegate.engine.live import Live, ReleaseName, live_in
from tidegate.engine.opening import open_repos
from tidegate.engine.policy.lanes import LaneReader, NoLane, lane_selection, require_selection
from tidegate.engine.world import World
from tidegate.errors import TidegateError
from tidegate.errors.manifest import ManifestError
from tidegate.errors.release import LaneBroken
from tidegate.flux import helm_releases
from tidegate.model import Deploy, Digest, Environment, ImageRef, Service, Version


@dataclass(frozen=True, slots=True)
class Cell:
    """One service in one environment.

    Args:
        service: which service.
        environment: which environment.
        image: what is declared; None when nothing is.
        version: the release version, where the tag is written as the environment's pattern says.
        digest: what the registry holds under it; None when the tag does not exist.
        since: when it was declared (UTC).
        actor: who brought it.
        merge_request: the merge request that brought it, or None.
        fault: why it can't be told, or None.
        delivered: the digest that was delivered, where the history recorded one.
        lane: why an automatic environment gets nothing newer: its ImagePolicy selects nothing, or can't be read.
        release: what git calls its HelmRelease, where the environment has a cluster.
        live: how far Flux is with it; None where the environment has no cluster, or declares nothing.
    """

    service: Service
    environment: Environment
    image: ImageRef | None = None
    version: Version | None = None
    digest: Digest | None = None
    since: datetime | None = None
    actor: str | None = None
    merge_request: str | None = None
    fault: TidegateError | None = None
    delivered: Digest | None = None
    lane: TidegateError | None = None
    release: ReleaseName | None = None
    live: Live | None = None

    @property
    def overwritten(self) -> bool:
        """Whether the tag holds another digest than was delivered."""
        return None not in {self.digest, self.delivered} and self.digest != self.delivered

    @property
    def tag(self) -> str | None:
        """The declared tag."""
        return self.image.tag if self.image else None


def read_cell(world: World, service: Service, environment: Environment) -> Cell:
    """Return what `environment` has of `service`.

    What is wrong with its files, and a registry that does not answer, is told in the cell, so that one of them does
    not hide the others. A repository that does not answer is raised.
    """
    repo = world.repo(environment)
    head = branch_head(repo, environment)
    try:
        declared = read_declared(repo, head, environment, service)
    except TidegateError as wrong:
        if wrong.retryable:
            raise
        return Cell(service, environment, fault=wrong)
    if declared is None:
        return Cell(service, environment, fault=linked(repo, head, environment, service))
    present = next(past_releases(repo, declared), None)
    candidate = environment.tag.read(declared.image.tag or "")
    digest: Digest | None = None
    fault: TidegateError | None = None
    if declared.image.host == environment.registry.host:
        try:
            digest = world.images.digest(declared.image)
        except TidegateError as unanswered:
            fault = unanswered
    return Cell(
        service=service,
        environment=environment,
        image=declared.image,
        version=candidate.version if candidate else None,
        digest=digest,
        since=present.since if present else None,
        actor=present.actor if present else None,
        merge_request=present.merge_request if present else None,
        fault=fault,
        delivered=present.delivered if present else None,
        release=_release_name(declared) if environment.cluster is not None else None,
    )


def _release_name(declared: DeclaredRelease) -> ReleaseName:
    document = declared.sites[0].document
    found = next(each for each in helm_releases(declared.data, file=declared.file) if each.document == document)
    return ReleaseName(found.namespace, found.name)


def with_live(world: World, cell: Cell) -> Cell:
    """Return `cell` with what its cluster says now. A cluster that can't be read is told in it, and hides nothing."""
    seen = world.cluster(cell.environment)
    if seen is None or cell.release is None or cell.image is None:
        return cell
    return replace(cell, live=live_in(seen, cell.environment, cell.service, cell.release, cell.image))


def look(world: World, service: Service, environment: Environment) -> Cell:
    """Return what `read_cell` returns, with what runs; what it raises is told in the cell, too."""
    try:
        return with_live(world, read_cell(world, service, environment))
    except TidegateError as fault:
        return Cell(service, environment, fault=fault)


Look: TypeAlias = Callable[[World, Service, Environment], Cell]


def with_lanes(world: World) -> Look:
    """Return what looks at a cell as `look` does, and at its lane as `promote` would."""
    lanes = LaneReader(world)

    def look_at_both(world: World, service: Service, environment: Environment) -> Cell:
        cell = look(world, service, environment)
        if environment.deploy is not Deploy.AUTO or cell.image is None or cell.fault is not None:
            return cell
        try:
            found = lanes.read(environment, service)
            if not isinstance(found, NoLane):
                require_selection(found[0], lane_selection(world.images, found[0]))
        except (LaneBroken, ManifestError) as broken:
            return replace(cell, lane=broken)
        except TidegateError as fault:
            return replace(cell, fault=fault)
        return cell

    return look_at_both


def matrix(world: World, services: tuple[Service, ...], look: Look | None = None) -> Iterator[tuple[Cell, ...]]:
    """Yield, for each service, its cells in the order of the environments. What can't be read is told in its cells.

    Args:
        world: where they are read.
        services: which.
        look: reads one cell; it may remember what has not changed. None: each is read anew, its lane too.
    """
    world = replace(world, images=AskedOnce(world.images))
    look = look or with_lanes(world)
    world.look_at_clusters()
    # A repository that does not answer is asked once, not for each service.
    closed = open_repos(world, [each.repo for each in world.pipeline.environments])
    for service in services:
        yield tuple(
            Cell(service, each, fault=closed[each.repo]) if each.repo in closed else look(world, service, each)
            for each in world.pipeline.environments
        )
