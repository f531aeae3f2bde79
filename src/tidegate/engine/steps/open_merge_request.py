"""Step: a merge request is opened, or the open one is brought up to date."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from tidegate.engine.steps.base import Outcome, Run
from tidegate.model import MergeRequestOptions
from tidegate.model.json import Json
from tidegate.model.merge_request import PLAIN
from tidegate.ports import NewMergeRequest


@dataclass(frozen=True, slots=True)
class OpenMergeRequest:
    """Have exactly one open merge request from a branch, with this title and text.

    Args:
        project: project path on the forge.
        source_branch: the branch with the change.
        target_branch: where it goes.
        title: one line.
        description: Markdown.
        author: who is acting.
        known: the number of the one that was open when it was looked at; None: none was, or nobody looked.
        options: how it is opened.
        is_fresh: the branches were there, and nothing was open from one to the other, when it was planned.
    """

    kind: ClassVar[str] = "open-merge-request"

    project: str
    source_branch: str
    target_branch: str
    title: str
    description: str
    author: str
    known: int | None = None
    options: MergeRequestOptions = PLAIN
    is_fresh: bool = False

    def describe(self) -> str:
        """Return what it will do."""
        return f"merge request in {self.project}, {self.source_branch} → {self.target_branch}: {self.title}"

    def record(self) -> dict[str, Json]:
        """Return its data for JSON."""
        return {
            "project": self.project,
            "source_branch": self.source_branch,
            "target_branch": self.target_branch,
            "title": self.title,
            "description": self.description,
        }

    def perform(self, run: Run) -> Outcome:
        """Open, or adopt the open one and correct its text."""
        forge = run.world.forge
        new = NewMergeRequest(
            source_branch=self.source_branch,
            target_branch=self.target_branch,
            title=self.title,
            description=self.description,
            author=self.author,
            options=self.options,
            is_fresh=self.is_fresh,
        )
        found = forge.open(self.project, new)
        run.merge_requests[self.project, self.source_branch] = found
        if (found.title, found.description) == (self.title, self.description):
            return Outcome(f"{found.ref} is open: {self.title}", adopted=found.iid == self.known)
        found = forge.describe(self.project, found.iid, title=self.title, description=self.description)
        run.merge_requests[self.project, self.source_branch] = found
        return Outcome(f"{found.ref} was open; its text is now: {self.title}")
