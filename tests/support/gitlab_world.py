"""A fake GitLab that is served, and forges on it in the names of its users."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from support.git_worlds import TickingClock, bare_repository
from support.gitlab_openapi import strangers
from tidegate.forge.gitlab.forge import GitLabForge
from tidegate.forge.gitlab.tokens import Tokens
from tidegate.http import Client, Retry
from tidegate.ports import Clock, NewMergeRequest
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

    def __getattr__(self, verb: str) -> Callable[..., Any]:
        """Return what does, with the right token, what the port calls by this name."""

        def act(*arguments: object, user: str | None = None, **more: object) -> object:
            authors = [each.author for each in arguments if isinstance(each, NewMergeRequest)]
            name = user if user is not None else (*authors, "robot")[0]
            named = {} if user is None else {"user": user}
            forge = self.forge(name if name.strip() and name.isprintable() else "robot")
            return getattr(forge, verb)(*arguments, **named, **more)

        return act
