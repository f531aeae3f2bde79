"""What the rules look at: every ImagePolicy, marker and lane of the pipeline's repositories, as plain values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tidegate.engine.policy.lanes import Lane
from tidegate.engine.versions.version_tags import Line
from tidegate.errors import Place, TidegateError
from tidegate.errors.manifest import InvalidHold
from tidegate.flux import Failure, ImagePolicy, ImageSite, Outcome, Selection, TagOutcome
from tidegate.flux.find_markers import MarkedValue
from tidegate.flux.holds import HeldRange
from tidegate.flux.imagerepository import ImageRepository
from tidegate.model import Constraint, Environment, ImageRef, Pipeline

_OUT_OF_THE_RUNNING = frozenset({Outcome.EXCLUDED, Outcome.FILTERED})


@dataclass(frozen=True, slots=True)
class Judged:
    """An ImagePolicy, with what it makes of the tags that it reads.

    Args:
        project: the repository.
        file: path in it.
        policy: the policy.
        repository: the ImageRepository that it refers to, when it is there.
        lane: the lane that it is; None when no automatic environment uses it.
        environment: whose it is: of the lane, else whose folder it stands in; None: not known.
        image: the image whose tags it reads; None when that is not known, or lies in no configured account.
        tags: the image's tags; None when they can't be read.
        selection: what it selects of them.
        held: its hold, or None.
        fault: what is wrong with its hold, or None.
        over: why the hold is over; None while it goes on.
        tagged: the lines that git tags of its service opened or have versions of; asked only where it selects nothing.
    """

    project: str
    file: str
    policy: ImagePolicy
    repository: ImageRepository | None
    lane: Lane | None
    environment: Environment | None
    image: ImageRef | None
    tags: tuple[str, ...] | None
    selection: Selection
    held: HeldRange | None = None
    fault: InvalidHold | None = None
    over: str | None = None
    tagged: frozenset[Line] = frozenset()

    @property
    def place(self) -> Place:
        """Where the range stands, else the policy."""
        return Place(self.file, self.policy.range_line or self.policy.line)

    @property
    def name(self) -> str:
        """The policy, and whose lane it is."""
        where = f", the lane of {self.lane.service.name} in {self.lane.environment.name}" if self.lane else ""
        return f"{self.policy.name}{where}"

    @property
    def failure(self) -> Failure | None:
        """Why it selects nothing; None when it selects something or its tags are not known."""
        error = self.selection.error
        if error is None:
            return None
        invalid = {Failure.INVALID_POLICY, Failure.INVALID_EXCLUSION, Failure.INVALID_FILTER}
        return error.failure if self.tags is not None or error.failure in invalid else None

    @property
    def range(self) -> Constraint | None:
        """Its range; None when it has none, or none that Flux takes, or is held at one version."""
        if self.policy.range is None or self.held is not None or self.failure is Failure.INVALID_POLICY:
            return None
        return Constraint.parse(self.policy.range)

    @property
    def filters(self) -> bool:
        """Whether it has filterTags."""
        return self.policy.spec.get("filterTags") is not None

    def running(self) -> tuple[TagOutcome, ...]:
        """Return the tags that neither the exclusion list nor the filter leaves out."""
        return tuple(each for each in self.selection.explain() if each.outcome not in _OUT_OF_THE_RUNNING)


@dataclass(frozen=True, slots=True)
class Marked:
    """A value with a setter marker, and where it stands."""

    project: str
    file: str
    value: MarkedValue


@dataclass(frozen=True, slots=True)
class MarkedImage:
    """An image in a HelmRelease with a setter marker, and where it stands."""

    project: str
    file: str
    site: ImageSite


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Something that could not be looked at."""

    project: str
    error: TidegateError


@dataclass(frozen=True, slots=True)
class Scene:
    """Everything that the rules look at.

    Args:
        pipeline: environments and services.
        policies: every ImagePolicy of the repositories.
        marked: every value with a setter marker.
        images: every image with a setter marker.
        unreadable: what could not be looked at.
        texts: (project, file) → bytes of the files that hold any of these.
    """

    pipeline: Pipeline
    policies: tuple[Judged, ...]
    marked: tuple[Marked, ...]
    images: tuple[MarkedImage, ...]
    unreadable: tuple[Unreadable, ...]
    texts: Mapping[tuple[str, str], bytes]

    def policy(self, namespace: str, name: str) -> Judged | None:
        """Return the policy of that name; one without a namespace may come into any."""
        return next(
            (
                each
                for each in self.policies
                if each.policy.name == name and each.policy.namespace in {namespace, None, ""}
            ),
            None,
        )
