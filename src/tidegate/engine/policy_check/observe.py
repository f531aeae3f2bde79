"""Gathers the scene of the policy check from repositories and registries."""

from __future__ import annotations

from dataclasses import replace

from tidegate.engine.declared import branch_head, read_declared
from tidegate.engine.policy.hold_end import why_over
from tidegate.engine.policy.lanes import Lane, find_lanes, find_repository
from tidegate.engine.policy.policy_files import PolicyFile, PolicyFiles
from tidegate.engine.policy_check.scene import Judged, Marked, MarkedImage, Scene, Unreadable
from tidegate.engine.versions.version_tags import Line, TaggedVersions, TagStyle
from tidegate.engine.world import World
from tidegate.errors import TidegateError
from tidegate.errors.manifest import InvalidHold, InvalidYaml, NotHelmRelease, YamlTooLarge
from tidegate.errors.model import InvalidImageRef
from tidegate.flux import Failure, ImagePolicy, find_images, select_tag
from tidegate.flux.find_markers import find_markers
from tidegate.flux.holds import read_hold
from tidegate.flux.imagerepository import ImageRepository
from tidegate.model import Deploy, Environment, ImageRef
from tidegate.yamledit import Path


def observe_scene(world: World, branch: str | None = None) -> Scene:
    """Return what the rules look at, as of the heads of the branches that Flux reads.

    Args:
        branch: look at this branch instead, in the repositories that have it: that of a merge request.
    """
    return _Observer(world, branch).scene()


class _Observer:
    def __init__(self, world: World, branch: str | None) -> None:
        self._world = world
        self._branch = branch
        self._files: dict[tuple[str, str], PolicyFiles] = {}
        self._tags: dict[tuple[str, str], tuple[str, ...]] = {}
        self._unreadable: list[Unreadable] = []
        self._lanes: dict[tuple[str, str, tuple[int, Path]], Lane] = {}

    def scene(self) -> Scene:
        """Look at everything."""
        for environment in self._world.pipeline.environments:
            repo = self._world.repo(environment)
            head = (repo.head(self._branch) if self._branch else None) or branch_head(repo, environment)
            files = self._files.setdefault((environment.repo, head), PolicyFiles(repo, head))
            files.below("")  # all at once, not folder by folder
            if environment.deploy is Deploy.AUTO:
                self._find_lanes(environment, files)
        policies, marked, images = [], [], []
        texts: dict[tuple[str, str], bytes] = {}
        for (project, _), files in self._files.items():
            for file in files.below(""):
                texts[project, file.path] = file.data
                policies += [self._judge(project, files, file, policy) for policy in file.policies]
            for path, data in files.data("").items():
                if b"$imagepolicy" in data:
                    texts[project, path] = data
                    marked += self._markers(project, path, data)
                    images += self._images(project, path, data)
            self._unreadable += [Unreadable(project, error) for error in files.broken.values()]
        pipeline = self._world.pipeline
        return Scene(pipeline, tuple(policies), tuple(marked), tuple(images), tuple(self._unreadable), texts)

    def _find_lanes(self, environment: Environment, files: PolicyFiles) -> None:
        repo = self._world.repo(environment)
        for service in self._world.pipeline.services.values():
            try:
                declared = read_declared(repo, files.commit, environment, service)
                lanes = find_lanes(files, environment, service, declared)
            except TidegateError as error:
                if all(error is not broken for broken in files.broken.values()):
                    self._unreadable.append(Unreadable(environment.repo, error))
                continue
            for lane in lanes if isinstance(lanes, tuple) else ():
                self._lanes.setdefault((environment.repo, lane.file, lane.policy.at), lane)

    def _judge(self, project: str, files: PolicyFiles, file: PolicyFile, policy: ImagePolicy) -> Judged:
        lane = self._lanes.get((project, file.path, policy.at))
        repository = find_repository(files, file.path, policy)
        image = self._image(lane, repository)
        tags = None if image is None else self._tags_of(image)
        excluded = repository.exclusion_list if repository else None
        judged = Judged(
            project=project,
            file=file.path,
            policy=policy,
            repository=repository,
            lane=lane,
            environment=lane.environment if lane else self._environment(project, file.path),
            image=image,
            tags=tags,
            selection=select_tag(policy.spec, tags or (), exclusion_list=excluded),
        )
        if judged.failure is Failure.NO_MATCH:
            judged = replace(judged, tagged=self._tagged(judged))
        return self._with_hold(judged, file.data)

    def _tagged(self, judged: Judged) -> frozenset[Line]:
        """Return the lines that git tags know of the service that the policy is for, told by its lane or its image."""
        services = [judged.lane.service] if judged.lane else self._world.pipeline.services.values()
        names = {judged.image.repository} if judged.image else set()
        service = next((each for each in services if judged.lane or each.image in names), None)
        if service is None or service.source is None:
            return frozenset()
        try:
            tagged = TaggedVersions.read(TagStyle(service.version_tags), self._world.version_tags(service).all())
        except TidegateError as error:
            self._unreadable.append(Unreadable(judged.project, error))
            return frozenset()
        return tagged.lines | {version.line for version in tagged.versions}

    def _with_hold(self, judged: Judged, data: bytes) -> Judged:
        try:
            held = read_hold(data, judged.policy, file=judged.file)
        except InvalidHold as error:
            return replace(judged, fault=error)
        if held is None:
            return judged
        over = None
        try:
            over = why_over(self._world, judged.lane, held.hold) if judged.lane else None
        except TidegateError as error:
            self._unreadable.append(Unreadable(judged.project, error))
        return replace(judged, held=held, over=over)

    def _image(self, lane: Lane | None, repository: ImageRepository | None) -> ImageRef | None:
        if repository is not None:
            try:
                image = ImageRef.parse(repository.image)
            except InvalidImageRef:
                return None  # a template, or a mistake that Flux reports at once
            hosts = {account.host for account in self._world.pipeline.registries.values()}
            return image if image.host in hosts else None
        return ImageRef(lane.environment.registry.host, lane.service.image) if lane else None

    def _tags_of(self, image: ImageRef) -> tuple[str, ...]:
        key = (image.host, image.repository)
        if key not in self._tags:
            self._tags[key] = self._world.images.tags(*key)
        return self._tags[key]

    def _environment(self, project: str, path: str) -> Environment | None:
        return next(
            (
                each
                for each in self._world.pipeline.environments
                if each.repo == project and each.path.read(path) is not None
            ),
            None,
        )

    def _markers(self, project: str, path: str, data: bytes) -> list[Marked]:
        try:
            return [Marked(project, path, value) for value in find_markers(data, file=path)]
        except (InvalidYaml, YamlTooLarge) as error:
            self._unreadable.append(Unreadable(project, error))
            return []

    def _images(self, project: str, path: str, data: bytes) -> list[MarkedImage]:
        try:
            return [MarkedImage(project, path, site) for site in find_images(data, file=path) if site.marker]
        except (NotHelmRelease, InvalidYaml, YamlTooLarge):
            return []  # other resources have markers, too; what is no YAML was told above
