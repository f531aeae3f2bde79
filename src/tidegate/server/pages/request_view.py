"""A cell's open merge request and its pipeline as the page shows them. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from tidegate.model import MergeRequest
from tidegate.server.pages.spans import age

_BEFORE: Final = ("◌", "has not begun", "wait")
_PIPELINES: Final[Mapping[str, tuple[str, str, str]]] = {
    "created": _BEFORE,
    "waiting_for_resource": _BEFORE,
    "waiting_for_callback": _BEFORE,
    "preparing": _BEFORE,
    "pending": _BEFORE,
    "scheduled": _BEFORE,
    "running": ("➔", "is running", "wait"),
    "manual": ("◐", "waits for a person", "wait"),
    "success": ("✓", "has passed", "go"),
    "failed": ("✕", "has failed", "no"),
    "canceling": ("✕", "is being cancelled", "no"),
    "canceled": ("✕", "was cancelled", "no"),
    "skipped": ("–", "was skipped", "skipped"),
}
"""GitLab's word for a pipeline → glyph, word and class. The set is open: another word is shown as it is."""


@dataclass(frozen=True, slots=True)
class PipelineView:
    """A pipeline: never by colour alone."""

    glyph: str
    word: str
    tone: str
    url: str | None


@dataclass(frozen=True, slots=True)
class RequestView:
    """An open merge request.

    Args:
        ref: `project!number`.
        title: one line.
        url: its page at the forge, or None.
        author: who opened it.
        opened: how long ago, in words.
        since: the same as ISO 8601.
        pipeline: its newest pipeline; None: there is none, or the forge has none.
    """

    ref: str
    title: str
    url: str | None
    author: str
    opened: str | None
    since: str
    pipeline: PipelineView | None


def request_view(found: MergeRequest, now: datetime) -> RequestView:
    """Return a merge request as the drawer shows it, as of `now` (UTC)."""
    return RequestView(
        found.ref,
        found.title,
        found.web_url,
        found.author,
        age(found.created_at, now),
        found.created_at.isoformat(),
        _pipeline(found),
    )


def _pipeline(found: MergeRequest) -> PipelineView | None:
    if found.pipeline is None:
        return None
    status = found.pipeline.status
    return PipelineView(*_PIPELINES.get(status, ("?", f"is {status}", "wait")), found.pipeline.web_url)
