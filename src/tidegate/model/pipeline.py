"""Pipeline: the environments in order, with their rules. What `tidegate.yaml` says, as values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import Enum

from tidegate.model.cluster_access import ClusterAccess
from tidegate.model.merge_request import PLAIN, MergeRequestOptions
from tidegate.model.patterns import PathPattern, TagPattern
from tidegate.model.registry_account import RegistryAccount


class Deploy(Enum):
    """Who moves an environment's version."""

    AUTO = "auto"
    """Flux's image automation, inside the range of an ImagePolicy."""
    MERGE_REQUEST = "merge-request"
    """A merge request, delivered by Tidegate."""


class Promote(Enum):
    """Who opens the merge request to an environment."""

    MANUAL = "manual"
    """A person, or a pipeline that runs `tidegate promote`."""
    AUTO = "auto"
    """The server, when the source environment has another release and the gates pass."""


class Rewrite(Enum):
    """When the merge request's manifest comes to name the target image."""

    ON_OPEN = "on-open"
    ON_APPROVAL = "on-approval"


class Ranges(Enum):
    """How the range of an automatic environment's ImagePolicy is changed."""

    COMMIT = "commit"
    """By a commit to the branch that Flux reads."""
    MERGE_REQUEST = "merge-request"
    """By a merge request."""


class Carry(Enum):
    """What a promotion takes along."""

    IMAGE = "image"
    """Only the image reference moves."""
    RELEASE = "release"
    """The whole file is copied; `keep` names what stays as the target has it."""


@dataclass(frozen=True, slots=True)
class ApprovalRule:
    """Whose approval a merge request needs.

    Args:
        count: how many approvals, from as many people.
        approvers: `user:NAME` and `group:PATH`; empty means anyone.
        not_author: the merge request's author does not count.
        not_committers: whoever committed to the branch does not count.
        code_owners: those who own the changed files must be among them, as the forge's CODEOWNERS rules say.
    """

    count: int = 0
    approvers: tuple[str, ...] = ()
    not_author: bool = False
    not_committers: bool = False
    code_owners: bool = False


@dataclass(frozen=True, slots=True)
class Gates:
    """Conditions besides approval.

    Args:
        soak: how long the release must have been in the source environment.
    """

    soak: timedelta = timedelta()


@dataclass(frozen=True, slots=True)
class Environment:
    """One stop on the way.

    Args:
        name: e.g. `staging`.
        source: the environment that releases come from; None for the first.
        registry: the account that its images are pulled from.
        repo: project path on the forge, e.g. `platform/gitops`.
        branch: the branch that Flux reads.
        path: folder of a service.
        tag: how its tags are written.
        deploy: who moves the version.
        rewrite: when the target image comes into the manifest.
        approvals: whose approval is needed.
        gates: what else is needed.
        ranges: how the range of its ImagePolicy is changed, with `deploy: auto`.
        merge_request: how its merge requests are opened and merged.
        promote: who opens them.
        cluster: where Flux deploys it; None where nobody looks.
    """

    name: str
    source: str | None
    registry: RegistryAccount
    repo: str
    path: PathPattern
    tag: TagPattern
    branch: str = "main"
    deploy: Deploy = Deploy.MERGE_REQUEST
    rewrite: Rewrite = Rewrite.ON_OPEN
    approvals: ApprovalRule = ApprovalRule()
    gates: Gates = Gates()
    ranges: Ranges = Ranges.COMMIT
    merge_request: MergeRequestOptions = PLAIN
    promote: Promote = Promote.MANUAL
    cluster: ClusterAccess | None = None


@dataclass(frozen=True, slots=True)
class Service:
    """What is deployed.

    Args:
        name: its key under `services:`.
        image: repository of its image in every account, e.g. `inventory` or `team/inventory`.
        carry: what a promotion takes along.
        keep: paths in the HelmRelease that stay as the target has them, with `carry: release`.
        source: project path or URL of the application's repository, for its version tags; None when unknown.
        version_tags: how the version is written as a git tag there, e.g. `v{version}` or `inventory/v{version}`.
        paths: its folders and files there, from the root; empty when all of the repository is its own.
    """

    name: str
    image: str
    carry: Carry = Carry.IMAGE
    keep: tuple[tuple[str, ...], ...] = ()
    source: str | None = None
    version_tags: str = "{version}"
    paths: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Pipeline:
    """The environments in order and the services that pass through them.

    Args:
        environments: in order of flow; a source stands before what flows from it.
        services: by name. With `discover`, those found in the repositories are added by the engine.
        registries: the accounts, by name.
        discover: services are whatever has a HelmRelease below an environment's path.
        ignored_rules: rules of `tidegate check` that are switched off: id → reason.
    """

    environments: tuple[Environment, ...]
    services: Mapping[str, Service]
    registries: Mapping[str, RegistryAccount]
    discover: bool = False
    ignored_rules: Mapping[str, str] = field(default_factory=dict)
    _by_name: Mapping[str, Environment] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_by_name", {environment.name: environment for environment in self.environments})

    def environment(self, name: str) -> Environment | None:
        """Return the environment called `name`, or None."""
        return self._by_name.get(name)

    def source_of(self, environment: Environment) -> Environment | None:
        """Return the environment that `environment`'s releases come from; None for the first."""
        return self._by_name.get(environment.source) if environment.source else None
