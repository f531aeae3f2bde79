"""Repositories where somebody else may push just before we do."""

from __future__ import annotations

from collections.abc import Callable

from tidegate.ports import Change
from tidegate.testing.clock import FakeClock
from tidegate.testing.gitops import FakeRepo, FakeRepos
from tidegate.testing.remotes import FakeRemotes


class RacedRepo(FakeRepo):
    """A repository where somebody else may push just before we do."""

    events: list[Callable[[], object]]

    def push(self, branch: str, change: Change, *, parent: str, expected: str | None) -> str:
        if self.events:
            self.events.pop(0)()
        return super().push(branch, change, parent=parent, expected=expected)


class RacedRepos(FakeRepos):
    """Repositories whose pushes are preceded by events, one each."""

    def __init__(self, remotes: FakeRemotes, clock: FakeClock, events: list[Callable[[], object]]) -> None:
        super().__init__(remotes, clock)
        self._events = events

    def repo(self, project: str) -> FakeRepo:
        if project not in self._repos:
            repo = RacedRepo(self._remotes.remote(project), self._clock, self._name)
            repo.events = self._events
            repo.refresh()
            self._repos[project] = repo
        return self._repos[project]
