"""Step: files are committed to a branch."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from tidegate.engine.steps.base import Outcome, Pushed, Run
from tidegate.engine.world import World
from tidegate.errors import TidegateError
from tidegate.model import Digest
from tidegate.model.json import Json
from tidegate.ports import BranchPush, Change


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

    def record(self) -> dict[str, Json]:
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
        """Commit and push, unless that was done ahead. A branch that holds the change already has no such step.

        Raises:
            LeaseLost: the branch moved since the plan was made.
        """
        head = run.pushed.get((self.project, self.branch))
        if head is None:
            push, repo = self.push, run.world.repos.repo(self.project)
            head = repo.push(push.branch, push.change, parent=push.parent, expected=push.expected)
        if isinstance(head, TidegateError):
            raise head
        run.heads[self.project, self.branch] = head
        return Outcome(f"{self.project} branch {self.branch} is at {head[:12]}", adopted=head == self.expected)

    @property
    def push(self) -> BranchPush:
        """What is pushed."""
        change = Change(dict(self.files), self.subject, self.body, dict(self.trailers), self.author)
        return BranchPush(self.branch, change, self.parent, self.expected)


def push_ahead(world: World, steps: Iterable[CommitFiles]) -> Pushed:
    """Do the pushes of steps, each of another plan, at once; return what their runs are to be given.

    What was not moved is left out: its own step tries it alone, and tells why.

    Args:
        steps: each of another branch.
    """
    of_project: dict[str, list[CommitFiles]] = {}
    for step in steps:
        of_project.setdefault(step.project, []).append(step)
    pushed: dict[tuple[str, str], str | TidegateError] = {}
    for project, some in of_project.items():
        try:
            heads = world.repos.repo(project).push_each([step.push for step in some])
        except TidegateError as error:  # none of them would fare better alone
            pushed |= {(project, step.branch): error for step in some}
            continue
        told = zip(some, heads, strict=True)
        pushed |= {(project, step.branch): head for step, head in told if not isinstance(head, TidegateError)}
    return pushed
