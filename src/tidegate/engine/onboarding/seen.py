"""What repositories show, and what people say: the two things that a tidegate.yaml is written from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from tidegate.model import ApprovalRule, ImageRef, PathPattern


@dataclass(frozen=True, slots=True)
class SeenImage:
    """An image in a HelmRelease.

    Args:
        image: what it names.
        marked: whether Flux's image automation moves it (a setter marker).
    """

    image: ImageRef
    marked: bool = False


@dataclass(frozen=True, slots=True)
class SeenRelease:
    """A file that holds HelmReleases.

    Args:
        path: in its repository.
        names: `metadata.name` of each.
        images: every image with a tag or a digest, in order.
    """

    path: str
    names: tuple[str, ...]
    images: tuple[SeenImage, ...]


@dataclass(frozen=True, slots=True)
class SeenBranch:
    """A branch of a repository that holds HelmReleases, or might.

    Args:
        name: of the branch.
        releases: by path.
        policies: how many ImagePolicies it holds.
        unreadable: why files that may hold either can't be read, each with its place.
    """

    name: str
    releases: tuple[SeenRelease, ...]
    policies: int = 0
    unreadable: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SeenProject:
    """A repository.

    Args:
        base: where its forge is: `https://host`, or the folder that holds the bare repositories.
        path: its path on the forge, e.g. `platform/gitops`.
        branches: the default branch first.
        tags: its git tags.
    """

    base: str
    path: str
    branches: tuple[SeenBranch, ...]
    tags: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The last part of its path."""
        return self.path.rpartition("/")[2]


@dataclass(frozen=True, slots=True)
class Spot:
    """Where an environment is: a folder pattern in a branch of a repository."""

    project: str
    branch: str
    path: PathPattern

    def __str__(self) -> str:
        branch = "" if self.branch == "main" else f"@{self.branch}"
        return f"{self.project}{branch}:{self.path.text}"


@dataclass(frozen=True, slots=True)
class Answers:
    """What people said, where the repositories don't tell.

    Args:
        environments: name → where it is, in order; empty to take what is seen.
        names: spot → name of an environment that is seen.
        approvals: environment → whose approval it needs.
        registries: host → name of the account.
        registry_of: environment → host, where no image tells it.
        endpoints: name of an account → where its bytes are.
    """

    environments: Mapping[str, Spot] = field(default_factory=dict)
    names: Mapping[Spot, str] = field(default_factory=dict)
    approvals: Mapping[str, ApprovalRule] = field(default_factory=dict)
    registries: Mapping[str, str] = field(default_factory=dict)
    registry_of: Mapping[str, str] = field(default_factory=dict)
    endpoints: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Question:
    """Something that the repositories don't show.

    Args:
        text: for a person.
        option: the option that answers it, up to the answer, e.g. `--approvals staging=`.
        suggestion: what is likely; None when nothing is.
    """

    text: str
    option: str
    suggestion: str | None
