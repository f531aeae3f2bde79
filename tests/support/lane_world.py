"""Lanes for tests of the engine: policies, ImageRepositories, tags, and the source that versions are tagged in."""

from __future__ import annotations

from dataclasses import replace

from support.engine_world import DEV, GITOPS, INVENTORY, EngineWorld
from tidegate.engine.policy.lanes import Lane, NoLane, observe_lanes
from tidegate.engine.versions.version_tags import TagStyle
from tidegate.engine.world import World
from tidegate.model import Deploy, Environment, PathPattern, Service, TagPattern, Version
from tidegate.testing.tags import FakeVersionTags

COMMIT = "c" * 40
DEV_POLICY = "clusters/dev/inventory/policy.yaml"
MAINT = Environment(
    "maint", None, DEV, GITOPS, PathPattern("clusters/maint/{service}"), TagPattern("{version}"), deploy=Deploy.AUTO
)


def policy(range_: str, name: str = "inventory", extra: str = "", namespace: str = "flux-system") -> bytes:
    """Return an ImagePolicy with a range, as it is written; `extra` is more of its spec."""
    return f"""\
apiVersion: image.toolkit.fluxcd.io/v1
kind: ImagePolicy
metadata:
  name: {name}
  namespace: {namespace}
spec:
  imageRepositoryRef:
    name: {name}
{extra}  policy:
    semver:
      range: {range_}
""".encode()


def repository(image: str, name: str = "inventory", extra: str = "") -> bytes:
    """Return an ImageRepository."""
    return f"""\
---
apiVersion: image.toolkit.fluxcd.io/v1
kind: ImageRepository
metadata: {{name: {name}, namespace: flux-system}}
spec:
  image: {image}
{extra}""".encode()


class LaneWorld(EngineWorld):
    """The engine's world with a source whose tags are versions. Dev's range is 1.1.x, and it has 1.1.3."""

    def __init__(self, services: tuple[Service, ...] = (INVENTORY,)) -> None:
        super().__init__(services)
        self.sources = {service.name: FakeVersionTags(COMMIT) for service in services}
        self.ignored: dict[str, str] = {}

    def world(self, actor: str = "alice") -> World:
        world = super().world(actor)
        pipeline = replace(world.pipeline, ignored_rules=self.ignored)
        return replace(world, pipeline=pipeline, version_tags=self._tags)

    def _tags(self, service: Service) -> FakeVersionTags:
        return self.sources[service.name]

    def released(self, *versions: str, service: Service = INVENTORY) -> None:
        """Tag versions in the service's source."""
        style = TagStyle(service.version_tags)
        for version in versions:
            assert self.sources[service.name].claim(style.write(Version.parse(version)), COMMIT, version)

    def push_all(self, *tags: str, environment: str = "dev") -> None:
        """Put images of inventory into an account."""
        for tag in tags:
            self.push(environment, tag)

    def policy(self, data: bytes, path: str = DEV_POLICY) -> None:
        """Write an ImagePolicy of dev."""
        self.write(GITOPS, {path: data})

    def policy_now(self, path: str = DEV_POLICY, branch: str = "main") -> bytes:
        """Return the policy's file."""
        found = self.file(GITOPS, path, branch)
        assert found is not None
        return found

    def lanes(self) -> tuple[Lane | NoLane, ...]:
        """Return the lanes of every service."""
        world = self.world()
        return observe_lanes(world, world.pipeline.services.values(), world.pipeline.environments)

    def lane(self) -> Lane:
        """Return the one lane."""
        (found,) = self.lanes()
        assert isinstance(found, Lane)
        return found
