"""Desk: where the everyday commands ask and act. It is in this process, or at a server; both answer alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from tidegate.cli.document import Document

if TYPE_CHECKING:
    from tidegate.errors import TidegateError


@dataclass(frozen=True, slots=True)
class Told:
    """Documents, and what could not be read.

    Args:
        documents: in order.
        faults: why others are missing, or are told only in part.
    """

    documents: tuple[Document, ...]
    faults: tuple[TidegateError, ...]


class Desk(Protocol):
    """Answers questions and does what is asked. Raises the engine's errors, whoever runs the engine."""

    def status(self, services: Sequence[str]) -> Told:
        """Return what every environment has of services; of all, where none is named."""
        ...

    def why(self, service: str, target: str | None) -> Told:
        """Return why a version waits before an environment; before every one, where none is named."""
        ...

    def plan(self, service: str, target: str, version: str | None, *, separate: bool) -> Document:
        """Return what a promotion would do."""
        ...

    def promote(self, service: str, target: str, version: str | None, *, separate: bool) -> Document:
        """Have an open merge request that brings a release to an environment; return it."""
        ...

    def promote_each(
        self, services: Sequence[str], target: str, *, separate: bool, dry_run: bool
    ) -> tuple[Document | TidegateError, ...]:
        """Have an open merge request for each of several services; return them in order, or what is in the way.

        Args:
            services: at least one; none for all.
            target: the environment.
            separate: each beside those of other versions.
            dry_run: write nothing; return the plans instead.
        """
        ...

    def together(self, services: Sequence[str], target: str, *, dry_run: bool) -> Document:
        """Have one open merge request that brings several services' releases to an environment; return it.

        Args:
            services: at least one; none for all.
            target: the environment.
            dry_run: write nothing; return the plan instead.
        """
        ...

    def services(self) -> Sequence[str]:
        """Return the names of all services."""
        ...

    def moving(self, service: str, target: str) -> list[tuple[str, int]]:
        """Return project and number of the open merge requests that move a service to an environment."""
        ...

    def deliver(self, project: str, iid: int, *, dry_run: bool, alone: bool) -> Document:
        """Deliver a merge request if it may go; return what became of it.

        Args:
            dry_run: write nothing; the document has the plan that would run.
            alone: nothing else is delivered in this run.
        """
        ...

    def survey(self) -> Told:
        """Return every open merge request, seen from afar; `mayGo` where it is worth a delivery."""
        ...

    def show_waiting(self) -> None:
        """Have the pages of those that the last survey saw waiting show why."""
        ...
