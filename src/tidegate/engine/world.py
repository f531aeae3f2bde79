"""World: everything that the use-cases work with, handed in by the composition root."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tidegate.engine.live import Seen, read_cluster, read_clusters
from tidegate.errors import TidegateError
from tidegate.errors.release import EnvironmentUnknown, NoSource, ServiceUnknown
from tidegate.model import Environment, ImageRef, Pipeline, Service
from tidegate.nearest import did_you_mean
from tidegate.ports import Clock, Forge, GitOpsRepo, GitOpsRepos, Images, Reports, VersionTags
from tidegate.ports.cluster import Cluster

if TYPE_CHECKING:
    from tidegate.model.image_node import ImageNode


@dataclass(frozen=True, slots=True)
class World:
    """The ports, the pipeline, and who is acting.

    Args:
        pipeline: environments and services.
        images: the registry accounts.
        repos: the GitOps repositories.
        forge: where merge requests are.
        clock: what time it is.
        actor: the acting person's user name on the forge.
        version_tags: gives the version tags of a service's application repository.
        undiscovered: why environments were not looked through for services, where the command goes on without.
        reports: shows on merge requests how far they are; None where the forge has no way to.
        inspect: returns what an image consists of; None where nobody asks.
        clusters: environment → its cluster, where one is configured.
        known_members: what was asked about groups; for `members` alone.
        known_clusters: what was read of clusters; for `cluster` alone.
    """

    pipeline: Pipeline
    images: Images
    repos: GitOpsRepos
    forge: Forge
    clock: Clock
    actor: str
    version_tags: Callable[[Service], VersionTags]
    undiscovered: tuple[TidegateError, ...] = ()
    reports: Reports | None = None
    inspect: Callable[[ImageRef], ImageNode] | None = None
    clusters: Mapping[str, Cluster] = field(default_factory=dict)
    known_members: dict[str, frozenset[str]] = field(default_factory=dict, repr=False, compare=False)
    known_clusters: dict[Cluster, Seen] = field(default_factory=dict, repr=False, compare=False)

    def members(self, group: str) -> frozenset[str]:
        """Return the user names in `group`, asked once in a run, however many merge requests wait for them.

        Raises:
            GroupMissing: the forge knows no such group.
        """
        if group not in self.known_members:
            self.known_members[group] = self.forge.members(group)
        return self.known_members[group]

    def cluster(self, environment: Environment) -> Seen | None:
        """Return what the cluster of `environment` has, read once in a run, or why not; None: none is configured."""
        cluster = self.clusters.get(environment.name)
        if cluster is None:
            return None
        if cluster not in self.known_clusters:
            self.known_clusters[cluster] = read_cluster(cluster)
        return self.known_clusters[cluster]

    def look_at_clusters(self) -> None:
        """Read every cluster now, all at the same time; for those who are to ask for most of them."""
        self.known_clusters.update(read_clusters(self.clusters.values()))

    def repo(self, environment: Environment) -> GitOpsRepo:
        """Return the repository that `environment` is deployed from."""
        return self.repos.repo(environment.repo)

    def service(self, name: str) -> Service:
        """Return the service called `name`.

        Raises:
            ServiceUnknown: there is none.
            TidegateError: it was not found, and an environment could not be looked through.
        """
        service = self.pipeline.services.get(name)
        if service is None:
            if self.undiscovered:
                raise self.undiscovered[0]
            known = sorted(self.pipeline.services)
            hint = did_you_mean(name, known) or f"services in the configuration: {', '.join(known) or 'none'}"
            raise ServiceUnknown(f"there is no service {name!r}", hint=hint)
        return service

    def environment(self, name: str) -> Environment:
        """Return the environment called `name`.

        Raises:
            EnvironmentUnknown: there is none.
        """
        environment = self.pipeline.environment(name)
        if environment is None:
            known = [each.name for each in self.pipeline.environments]
            hint = did_you_mean(name, known) or f"environments in order: {', '.join(known)}"
            raise EnvironmentUnknown(f"there is no environment {name!r}", hint=hint)
        return environment

    def source_of(self, target: Environment) -> Environment:
        """Return the environment that releases for `target` come from.

        Raises:
            NoSource: `target` is the first environment.
        """
        source = self.pipeline.source_of(target)
        if source is None:
            raise NoSource(
                f"{target.name} is the first environment: nothing is promoted to it",
                hint=f"Flux moves it inside its ImagePolicy's range: see `tidegate policy show --in {target.name}`",
            )
        return source
