"""The served GitLab with a branch to merge, and what can go wrong with it; the fixture `town`."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from support.git_worlds import START, commit_files
from support.gitlab_world import PROJECT, GitLabWorld, gitlab_world
from tidegate.model import MergeRequest, MergeRequestOptions
from tidegate.model.merge_request import PLAIN
from tidegate.ports import NewMergeRequest
from tidegate.testing.clock import FakeClock
from tidegate.testing.gitlab import Answer, Fault

REQUESTS = "/projects/{id}/merge_requests"
REQUEST = f"{REQUESTS}/{{merge_request_iid}}"
MERGE = f"PUT {REQUEST}/merge"
NEW = NewMergeRequest("promote", "main", "Promote", "why", "robot")


class Town(GitLabWorld):
    """The served world, with a branch to merge."""

    @property
    def standing(self) -> FakeClock:
        assert isinstance(self.clock, FakeClock)
        return self.clock

    @property
    def repository(self) -> Path:
        return self.gitlab.root / f"{PROJECT}.git"

    def push(self, text: str = "a: 2\n", branch: str = "promote") -> str:
        self.standing.advance(timedelta(minutes=1))
        return commit_files(self.repository, branch, {"a.yaml": text.encode()})

    def opened(self) -> MergeRequest:
        self.push()
        return self.forge().open(PROJECT, NEW)

    def later(self) -> None:
        self.standing.advance(timedelta(minutes=1))

    def fail(self, line: str, answer: Answer | None = None, *, done: bool = False, times: int = 1) -> None:
        method, _, template = line.partition(" ")
        self.gitlab.faults.append(Fault(method, template, answer, done=done, times=times))

    def merge(self, head: str, options: MergeRequestOptions = PLAIN) -> MergeRequest:
        return self.forge().merge(PROJECT, 1, head=head, message="Merge it\n", user="robot", options=options)


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    with gitlab_world(tmp_path / "remotes", FakeClock(START)) as served:
        yield Town(served.gitlab, served.http, served.clock)
