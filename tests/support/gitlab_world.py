"""A fake GitLab that is served, and forges on it in the names of its users."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from support.git_worlds import TickingClock, bare_repository
from support.gitlab_openapi import strangers
from tidegate.forge.gitlab.forge import GitLabForge
from tidegate.forge.gitlab.tokens import Tokens
from tidegate.http import Client, Retry
from tidegate.model import MergeRequest, MergeRequestOptions, MergeRequestState
from tidegate.model.merge_request import PLAIN
from tidegate.ports import Clock, NewMergeRequest
from tidegate.ports.forge import Unreadable
from tidegate.testing.gitlab import FakeGitLab, serve

PROJECT = "platform/gitops"
FILES = {"a.yaml": b"a: 1\n", "b.yaml": b"b: 1\n"}


@dataclass
class GitLabWorld:
    """A served GitLab with one project, and who acts on it."""

    gitlab: FakeGitLab
    http: Client
    clock: Clock
    tokens: dict[str, str] = field(default_factory=dict)

    def forge(self, username: str = "robot", **environ: str) -> GitLabForge:
        """Return the forge with `username`'s token, or with the tokens of an environment."""
        if not environ:
            if username not in self.tokens:
                self.tokens[username] = self.gitlab.token(username)
            environ = {"GITLAB_TOKEN": self.tokens[username]}
        retry = Retry(sleep=self.clock.sleep, jitter=lambda: 0)
        return GitLabForge(self.gitlab.url, Tokens(environ), self.http, self.clock, retry=retry)

    @property
    def called(self) -> list[str]:
        """What was called, `METHOD TEMPLATE`."""
        return [f"{one.method} {one.template}" for one in self.gitlab.calls]


@contextmanager
def gitlab_world(root: Path, clock: Clock | None = None) -> Iterator[GitLabWorld]:
    """Serve a GitLab with PROJECT and its FILES."""
    clock = clock or TickingClock()
    bare_repository(root, PROJECT, FILES)
    gitlab = FakeGitLab(root, clock)
    gitlab.project(PROJECT)
    with serve(gitlab), Client("tests") as http:
        yield GitLabWorld(gitlab, http, clock)
    odd = strangers(gitlab)
    assert not odd, odd


@dataclass(frozen=True)
class Everybody:
    """A forge that acts with the token of whoever is named; fulfils the port `Forge`.

    On GitLab nobody acts for another. A name that no GitLab user can have is passed on with anybody's token.
    """

    forge: Callable[[str], GitLabForge]

    def _of(self, user: str) -> GitLabForge:
        return self.forge(user if user.strip() and user.isprintable() else "robot")

    def merge_requests(
        self,
        project: str,
        *,
        state: MergeRequestState | None = MergeRequestState.OPEN,
        source_branch: str | None = None,
        approved: bool = False,
        with_approvals: bool = False,
        unreadable: Unreadable | None = None,
    ) -> tuple[MergeRequest, ...]:
        return self._of("robot").merge_requests(
            project,
            state=state,
            source_branch=source_branch,
            approved=approved,
            with_approvals=with_approvals,
            unreadable=unreadable,
        )

    def merge_request(self, project: str, iid: int, *, with_notes: bool = True) -> MergeRequest:
        return self._of("robot").merge_request(project, iid, with_notes=with_notes)

    def open(self, project: str, new: NewMergeRequest) -> MergeRequest:
        return self._of(new.author).open(project, new)

    def describe(self, project: str, iid: int, *, title: str, description: str) -> MergeRequest:
        return self._of("robot").describe(project, iid, title=title, description=description)

    def comment(self, project: str, iid: int, *, user: str, text: str) -> bool:
        return self._of(user).comment(project, iid, user=user, text=text)

    def approve(self, project: str, iid: int, *, user: str) -> MergeRequest:
        return self._of(user).approve(project, iid, user=user)

    def unapprove(self, project: str, iid: int, *, user: str) -> MergeRequest:
        return self._of(user).unapprove(project, iid, user=user)

    def close(self, project: str, iid: int, *, user: str) -> MergeRequest:
        return self._of(user).close(project, iid, user=user)

    def merge(
        self,
        project: str,
        iid: int,
        *,
        head: str,
        message: str,
        user: str,
        options: MergeRequestOptions = PLAIN,
        files: Mapping[str, bytes] | None = None,
    ) -> MergeRequest:
        return self._of(user).merge(project, iid, head=head, message=message, user=user, options=options, files=files)

    def unschedule(self, project: str, iid: int) -> MergeRequest:
        return self._of("robot").unschedule(project, iid)

    def members(self, group: str) -> frozenset[str]:
        return self._of("robot").members(group)
