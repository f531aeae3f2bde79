"""Step: files are committed to a branch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from tidegate.engine.steps.base import Outcome, Run
from tidegate.model import Digest
from tidegate.ports import Change


@dataclass(frozen=True, slots=True)
class CommitFiles:
    """Commit files on `parent` and make the commit the head of `branch`, by compare-and-swap.

    Args:
        project: project path on the forge.
        branch: the branch.
        parent: the commit below.
        expected: the head that the branch must have; None: it must not exist.
        files: path → bytes.
        subject: first line of the message.
        body: text of the message.
        trailers: name → value.
        author: who is acting.
    """

    kind: ClassVar[str] = "commit-files"

    project: str
    branch: str
    parent: str
    expected: str | None
    files: Mapping[str, bytes]
    subject: str
    body: str
    trailers: Mapping[str, str] = field(default_factory=dict)
    author: str | None = None

    def describe(self) -> str:
        """Return what it will do."""
        return f"commit {', '.join(self.files)} to {self.project} branch {self.branch}: {self.subject}"

    def record(self) -> dict[str, object]:
        """Return its data for JSON."""
        return {
            "project": self.project,
            "branch": self.branch,
            "parent": self.parent,
            "expected": self.expected,
            "files": {path: str(Digest.of(data)) for path, data in self.files.items()},
            "subject": self.subject,
            "trailers": dict(self.trailers),
        }

    def perform(self, run: Run) -> Outcome:
        """Commit and push. The plan leaves the step out where the branch holds the change already.

        Raises:
            LeaseLost: the branch moved since the plan was made.
        """
        change = Change(dict(self.files), self.subject, self.body, dict(self.trailers), self.author)
        repo = run.world.repos.repo(self.project)
        head = repo.push(self.branch, change, parent=self.parent, expected=self.expected)
        run.heads[self.project, self.branch] = head
        return Outcome(f"{self.project} branch {self.branch} is at {head[:12]}", adopted=head == self.expected)
