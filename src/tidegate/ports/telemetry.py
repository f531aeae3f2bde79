"""The telemetry port: who wants to know what is done, and how it ends. It decides nothing, and changes nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Protocol, TypeAlias

Details: TypeAlias = Mapping[str, str | int]
"""What is so of this one alone: never in figures. Names are OpenTelemetry's; values hold no query and no secret."""


class Kind(Enum):
    """What is done."""

    FORGE = "forge"
    """A request to the forge."""
    REGISTRY = "registry"
    """A request to a registry, or for a token to it."""
    GIT = "git"
    """A git command."""
    KEY = "key"
    """A key of the queue is handled."""
    REQUEST = "request"
    """Somebody's request is answered."""


@dataclass(frozen=True, slots=True)
class Operation:
    """Something that begins.

    Args:
        kind: what is done.
        name: one of few: `GET manifests`, `fetch`.
        account: of a registry, its name in the configuration; else "".
        details: what is so of this one alone.
        parent: what it is a part of elsewhere, as `traceparent` has it (W3C Trace Context, 3.2); "" for nothing.
    """

    kind: Kind
    name: str
    account: str = ""
    details: Details = field(default_factory=dict)
    parent: str = ""


@dataclass(frozen=True, slots=True)
class Ending:
    """How it ended.

    Args:
        outcome: one of few: a class of statuses, an error's code.
        failed: whether it is something to look at.
        name: a better name, known only now; None: as it began.
        details: what became known of this one.
    """

    outcome: str
    failed: bool = False
    name: str | None = None
    details: Details = field(default_factory=dict)


End: TypeAlias = Callable[[Ending], None]
"""To be called once, by the thread or the task in which it began. It raises nothing."""


class Telemetry(Protocol):
    """Is told. Safe for many threads."""

    def begin(self, operation: Operation) -> End:
        """Hear that `operation` begins; return what hears how it ends. It raises nothing."""
        ...
