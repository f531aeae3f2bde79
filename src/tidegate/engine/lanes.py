"""Lanes: the ImagePolicy of an automatic environment, and what it selects from the registry's real tags."""

from __future__ import annotations

from dataclasses import dataclass

from tidegate.engine.declared import DeclaredRelease, branch_head, read_declared
from tidegate.engine.world import World
from tidegate.errors import Place
from tidegate.errors.model import InvalidVersion
from tidegate.errors.release import LaneBroken, PolicyMissing
from tidegate.flux import ImagePolicy, Outcome, Selection, TagOutcome, image_policies, select_tag
from tidegate.model import Environment, ImageRef, Service, Version
from tidegate.ports import GitOpsRepo, Images


@dataclass(frozen=True, slots=True)
class Lane:
    """An ImagePolicy and the file that it stands in.

    Args:
        environment: where.
        service: of which service.
        commit: the commit that it was read at.
        file: path in the repository.
        data: the file's bytes.
        policy: the policy.
    """

    environment: Environment
    service: Service
    commit: str
    file: str
    data: bytes
    policy: ImagePolicy

    @property
    def place(self) -> Place:
        """Where the range stands, else the policy."""
        return Place(self.file, self.policy.range_line or self.policy.line)


def read_lane(
    repo: GitOpsRepo, commit: str, environment: Environment, service: Service, declared: DeclaredRelease | None
) -> Lane | None:
    """Return the lane of `service` in `environment`, or None when there is no ImagePolicy for it.

    The setter marker beside the image says which policy it is. Without a marker it is the only policy in the
    service's folder. The policy is looked for in that folder, then in the folders above it.
    """
    marker = next((site.marker for site in declared.sites if site.marker), None) if declared else None
    parts = environment.path.write(service.name).split("/")
    for depth in range(len(parts), 0, -1):
        found = _policies(repo, commit, "/".join(parts[:depth]))
        if marker is not None:
            found = [
                each
                for each in found
                if each[2].name == marker.name and each[2].namespace in {marker.namespace, None, ""}
            ]
        if found and (marker is not None or depth == len(parts)):
            path, data, policy = found[0]
            return Lane(environment, service, commit, path, data, policy) if len(found) == 1 else None
    return None


def _policies(repo: GitOpsRepo, commit: str, folder: str) -> list[tuple[str, bytes, ImagePolicy]]:
    paths = [path for path in repo.files(commit, folder) if path.endswith((".yaml", ".yml"))]
    return [
        (path, data, policy)
        for path, data in sorted(repo.read(commit, paths).items())
        if b"ImagePolicy" in data
        for policy in image_policies(data, file=path)
    ]


def observe_lane(world: World, service: Service, environment: Environment) -> Lane | None:
    """Return the lane of `service` in an automatic environment as of its branch's head; None when it has none."""
    repo = world.repo(environment)
    head = branch_head(repo, environment)
    return read_lane(repo, head, environment, service, read_declared(repo, head, environment, service))


@dataclass(frozen=True, slots=True)
class LaneReport:
    """What a lane lets through.

    Args:
        lane: the lane.
        selection: what it selects now.
        outside: released versions that are newer than the selection and that the policy does not take, each with
            why, newest first.
        declared: the image that the environment declares, or None.
    """

    lane: Lane
    selection: Selection
    outside: tuple[TagOutcome, ...]
    declared: ImageRef | None


def report_lane(world: World, lane: Lane) -> LaneReport:
    """Return what `lane` selects from the registry's tags, and what is newer but outside."""
    selection = lane_selection(world.images, lane)
    versions = {outcome: _release(outcome.tag) for outcome in selection.explain()}
    selected = _release(selection.tag) if selection.tag else None
    newer = {
        outcome: version
        for outcome, version in versions.items()
        if version is not None and outcome.outcome is not Outcome.TAKEN and (selected is None or version > selected)
    }
    repo = world.repo(lane.environment)
    declared = read_declared(repo, lane.commit, lane.environment, lane.service)
    outside = tuple(sorted(newer, key=lambda outcome: newer[outcome], reverse=True))
    return LaneReport(lane, selection, outside, declared.image if declared else None)


def _release(tag: str) -> Version | None:
    try:
        version = Version.parse_flux(tag)
    except InvalidVersion:
        return None
    return None if version.prerelease else version


def require_lane(lane: Lane | None, environment: Environment, service: Service) -> Lane:
    """Return `lane`.

    Raises:
        PolicyMissing: it is None.
    """
    if lane is None:
        raise PolicyMissing(
            f"no ImagePolicy of {service.name} in {environment.name}",
            where=f"{environment.repo}: {environment.path.write(service.name)}/",
            hint="put it into the service's folder, or name it in a setter marker beside the image",
        )
    return lane


def lane_selection(images: Images, lane: Lane) -> Selection:
    """Return what the lane's policy selects from the tags in its environment's registry."""
    return select_tag(lane.policy.spec, images.tags(lane.environment.registry.host, lane.service.image))


def require_selection(lane: Lane, selection: Selection) -> str:
    """Return the selected tag.

    Raises:
        LaneBroken: the policy selects nothing, or Flux would not accept it.
    """
    if selection.tag is None:
        raise LaneBroken(
            f"the ImagePolicy of {lane.service.name} in {lane.environment.name} selects nothing: {selection.error}",
            where=lane.place,
            hint="push an image inside the range, correct the range, or name a version that the environment has "
            "with --version; `tidegate policy show` tells more",
        )
    return selection.tag
