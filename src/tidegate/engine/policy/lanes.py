"""Lanes: the ImagePolicies of an automatic environment, and what they select from the registry's real tags."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from tidegate.engine.declared import DeclaredRelease, branch_head, read_declared
from tidegate.engine.policy.policy_files import PolicyFile, PolicyFiles, upward
from tidegate.engine.world import World
from tidegate.errors import Place
from tidegate.errors.release import LaneBroken, PolicyMissing
from tidegate.flux import ImagePolicy, Selection, SetterMarker, select_tag
from tidegate.flux.holds import HeldRange, read_hold
from tidegate.flux.imagerepository import ImageRepository
from tidegate.model import Deploy, Environment, Service
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
        repository: the ImageRepository that it refers to, when it was found.
    """

    environment: Environment
    service: Service
    commit: str
    file: str
    data: bytes
    policy: ImagePolicy
    repository: ImageRepository | None = None

    @property
    def place(self) -> Place:
        """Where the range stands, else the policy."""
        return Place(self.file, self.policy.range_line or self.policy.line)

    @property
    def name(self) -> str:
        """Environment and policy, for people: an environment may have several lanes."""
        return f"{self.environment.name} ({self.policy.name})"

    def held(self) -> HeldRange | None:
        """Return the lane's hold, or None.

        Raises:
            InvalidHold: the annotation is damaged, or the range was changed since.
        """
        return read_hold(self.data, self.policy, file=self.file)


@dataclass(frozen=True, slots=True)
class NoLane:
    """An automatic environment where no lane of a service was found.

    Args:
        environment: where.
        service: of which service.
        why: one clause.
        hint: what to do.
        absent: the service is not there at all: neither a HelmRelease of it, nor a policy.
    """

    environment: Environment
    service: Service
    why: str
    hint: str
    absent: bool = False

    @property
    def error(self) -> PolicyMissing:
        """The same as an error, for whoever needs a lane there."""
        place = f"{self.environment.repo}: {self.environment.path.write(self.service.name)}/"
        return PolicyMissing(f"{self.service.name} in {self.environment.name}: {self.why}", where=place, hint=self.hint)


def find_lanes(
    files: PolicyFiles, environment: Environment, service: Service, declared: DeclaredRelease | None
) -> tuple[Lane, ...] | NoLane:
    """Return the lanes of `service` in `environment`, in the order of its setter markers; or why there are none.

    The setter markers beside the image say which policies they are. Without a marker it is the only policy in the
    service's folder, or the only one there that reads the service's image. A policy is looked for in that folder,
    then in the folders above it.

    Raises:
        InvalidYaml, YamlTooLarge, FileTooLarge: the file that may hold the policy can't be read.
    """
    folder = environment.path.write(service.name)
    markers = dict.fromkeys(
        (site.marker.namespace, site.marker.name) for site in (declared.sites if declared else ()) if site.marker
    )
    if not markers:
        return _unmarked(files, environment, service, folder, deployed=declared is not None)
    lanes = []
    for namespace, name in markers:
        found = next((each for each in _named(files, folder, namespace, name)), None)
        if found is None:
            if files.broken:
                raise next(iter(files.broken.values()))
            marker = SetterMarker(namespace, name)
            why = f"the setter marker names {marker}, and there is no such ImagePolicy"
            return NoLane(environment, service, why, "correct the marker, or add the policy to the repository")
        lanes.append(_lane(files, environment, service, *found))
    return tuple(lanes)


def _unmarked(
    files: PolicyFiles, environment: Environment, service: Service, folder: str, *, deployed: bool
) -> tuple[Lane, ...] | NoLane:
    lanes = [
        _lane(files, environment, service, file, policy) for file in files.below(folder) for policy in file.policies
    ]
    if len(lanes) > 1:
        lanes = [lane for lane in lanes if lane.repository and lane.repository.image.endswith(f"/{service.image}")]
        if len(lanes) != 1:
            why = "its folder holds several ImagePolicies, and no setter marker says which one counts"
            hint = 'add a marker beside the image, e.g. # {"$imagepolicy": "flux-system:NAME:tag"}'
            return NoLane(environment, service, why, hint)
    if not lanes:
        broken = next((error for path, error in files.broken.items() if path.startswith(f"{folder}/")), None)
        if broken is not None:
            raise broken
        hint = "put it into the service's folder, or name it in a setter marker beside the image"
        return NoLane(environment, service, f"there is no ImagePolicy in {folder}/", hint, absent=not deployed)
    return tuple(lanes)


def _named(files: PolicyFiles, folder: str, namespace: str, name: str) -> Iterator[tuple[PolicyFile, ImagePolicy]]:
    for around in upward(folder):
        for file in files.below(around):
            for policy in file.policies:
                if policy.name == name and policy.namespace in {namespace, None, ""}:
                    yield file, policy


def _lane(
    files: PolicyFiles, environment: Environment, service: Service, file: PolicyFile, policy: ImagePolicy
) -> Lane:
    repository = find_repository(files, file.path, policy)
    return Lane(environment, service, files.commit, file.path, file.data, policy, repository)


def find_repository(files: PolicyFiles, path: str, policy: ImagePolicy) -> ImageRepository | None:
    """Return the ImageRepository that `policy` (in the file `path`) refers to; None when it is not here.

    The nearest one upward from the policy's file.
    """
    reference = policy.spec.get("imageRepositoryRef")
    name = reference.get("name") if isinstance(reference, dict) else None
    wanted = (reference.get("namespace") if isinstance(reference, dict) else None) or policy.namespace
    if not name:
        return None
    for around in upward(path.rpartition("/")[0]):
        for file in files.below(around):
            for repository in file.repositories:
                if repository.name == name and (not wanted or repository.namespace in {wanted, None, ""}):
                    return repository
    return None


def read_lane(
    repo: GitOpsRepo, commit: str, environment: Environment, service: Service, declared: DeclaredRelease | None
) -> Lane | None:
    """Return the first lane of `service` in `environment`, or None when there is none. See `find_lanes`."""
    found = find_lanes(PolicyFiles(repo, commit), environment, service, declared)
    return None if isinstance(found, NoLane) else found[0]


class LaneReader:
    """Reads lanes as of the heads of the branches that Flux reads; each head's files are read and parsed once.

    Args:
        world: the ports.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._heads: dict[tuple[str, str], PolicyFiles] = {}

    def read(self, environment: Environment, service: Service) -> tuple[Lane, ...] | NoLane:
        """Return the lanes of `service` in an automatic environment. Raises as `find_lanes` and `read_declared`."""
        repo = self._world.repo(environment)
        head = branch_head(repo, environment)
        files = self._heads.setdefault((environment.repo, head), PolicyFiles(repo, head))
        return find_lanes(files, environment, service, read_declared(repo, head, environment, service))


def observe_lanes(
    world: World, services: Iterable[Service], environments: Iterable[Environment]
) -> tuple[Lane | NoLane, ...]:
    """Return the lanes of `services` in the automatic ones of `environments`, as of their branches' heads."""
    reader = LaneReader(world)
    found: list[Lane | NoLane] = []
    automatic = [environment for environment in environments if environment.deploy is Deploy.AUTO]
    for service in services:
        for environment in automatic:
            lanes = reader.read(environment, service)
            found += [lanes] if isinstance(lanes, NoLane) else lanes
    return tuple(found)


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


def lane_tags(images: Images, lane: Lane) -> tuple[str, ...]:
    """Return the tags of the service's image in the environment's registry."""
    return images.tags(lane.environment.registry.host, lane.service.image)


def lane_selection(images: Images, lane: Lane) -> Selection:
    """Return what the lane's policy selects from the tags in its environment's registry."""
    return selection_of(lane, lane_tags(images, lane))


def selection_of(lane: Lane, tags: Iterable[str]) -> Selection:
    """Return what the lane's policy selects from `tags`, as Flux does: with its ImageRepository's exclusion list."""
    return select_tag(
        lane.policy.spec, tags, exclusion_list=lane.repository.exclusion_list if lane.repository else None
    )


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
