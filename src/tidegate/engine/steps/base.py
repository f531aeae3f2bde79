"""What a step is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Protocol, TypeAlias

from tidegate.engine.world import World
from tidegate.errors import TidegateError
from tidegate.model import MergeRequest
from tidegate.model.json import Json


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a step did.

    Args:
        text: one line for a person.
        adopted: the result was there already: nothing was written.
        failed: it could not be done, and nothing depends on it.
    """

    text: str
    adopted: bool = False
    failed: bool = False


Pushed: TypeAlias = Mapping[tuple[str, str], str | TidegateError]


@dataclass(slots=True)
class Run:
    """What later steps need of earlier ones in one run.

    Args:
        world: the ports.
        heads: (project, branch) → the head that this run pushed.
        merge_requests: (project, branch) → the merge request that this run opened or found.
        scheduled: merge requests (`project!iid`) that the forge is to merge by itself.
        copied: an image was copied since the merge request was last looked at, which may have taken minutes.
        pushed: (project, branch) → the head that it was pushed to ahead of this run, or why none was.
    """

    world: World
    heads: dict[tuple[str, str], str] = field(default_factory=dict)
    merge_requests: dict[tuple[str, str], MergeRequest] = field(default_factory=dict)
    scheduled: set[str] = field(default_factory=set)
    copied: bool = False
    pushed: Pushed = field(default_factory=dict)


class Step(Protocol):
    """One effect. Frozen data, so that a plan can be printed, compared and serialised."""

    kind: ClassVar[str]
    """The step's name in a serialised plan, e.g. `copy-image`."""

    def describe(self) -> str:
        """Return what it will do, in one line."""
        ...

    def record(self) -> dict[str, Json]:
        """Return its data for JSON; bytes are told by path and digest."""
        ...

    def perform(self, run: Run) -> Outcome:
        """Do it, or adopt what an earlier run did."""
        ...
