"""Report: what a merge request's page is to show of its delivery."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class ReportState(Enum):
    """How far a delivery is, in the words of commit statuses."""

    WAITING = "pending"
    """Time or a person can change it."""
    DELIVERING = "running"
    """Images are being copied."""
    AVAILABLE = "success"
    """The images are there: it may be merged."""
    REFUSED = "failed"
    """Refused, or the delivery failed."""


@dataclass(frozen=True, slots=True)
class Report:
    """What people see on a merge request.

    Args:
        project: project path on the forge.
        iid: the merge request.
        branch: its source branch.
        head: the commit that this is about.
        state: how far it is.
        summary: one clause of any length, e.g. `needs 1 approval from platform/staging-approvers`.
        note: Markdown: the verdict with every reason.
        web_url: the merge request's page, or None.
        is_new: the merge request was opened just now, so that nothing was told of it yet.
    """

    project: str
    iid: int
    branch: str
    head: str
    state: ReportState
    summary: str
    note: str
    web_url: str | None = None
    is_new: bool = False
