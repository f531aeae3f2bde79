"""Forges with one repository each, for the suites that all of them pass."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from support.git_server import GitServer
from support.git_worlds import ROBOT, START, TickingClock, bare_repository, git
from support.gitlab_world import Everybody, gitlab_world
from tidegate.forge import LocalForge
from tidegate.git import Git, Mirrors, ProjectRemotes
from tidegate.gitops import MirroredRepos
from tidegate.model import MergeRequest
from tidegate.ports import Change, Forge, GitOpsRepo, NewMergeRequest
from tidegate.testing.forge import FakeForge
from tidegate.testing.gitops import FakeRepos
from tidegate.testing.remotes import FakeRemotes

PROJECT = "platform/gitops"
GROUPS = {"platform/sre": ("ada", "grace")}
FILES = {"a.yaml": b"a: 1\n", "b.yaml": b"b: 1\n"}
FORGES = ("path", "http", "gitlab", "fake")
"""The local forge on a path and over smart HTTP, GitLab as the fake GitLab has it, and the fake."""


@dataclass(frozen=True)
class ForgeWorld:
    """A forge, and a client of its one repository."""

    forge: Forge
    new_repo: Callable[[], GitOpsRepo]
    move_branch: Callable[[str, str], object]
    guards_files: bool = True

    def branch(self, name: str, path: str = "a.yaml", data: bytes = b"a: 2\n") -> str:
        """Put one more commit on a branch; a new one starts at main."""
        repo = self.new_repo()
        expected = repo.head(name)
        parent = expected or repo.head("main")
        assert parent is not None
        return repo.push(name, Change({path: data}, f"Change {path}"), parent=parent, expected=expected)

    def open(self, source: str = "promote", title: str = "Promote inventory") -> MergeRequest:
        """Open a merge request into main."""
        return self.forge.open(PROJECT, NewMergeRequest(source, "main", title, "**Why**\n\nso", "mallory"))


@contextmanager
def forge_world(kind: str, folder: Path) -> Iterator[ForgeWorld]:
    """Give a forge of a kind, with a repository of two files."""
    clock = TickingClock()
    if kind == "fake":
        fakes = FakeRemotes()
        remote = fakes.create(PROJECT, FILES, START)

        def move(branch: str, commit: str) -> None:
            name = branch.removeprefix("refs/heads/")
            remote.move(name, commit, remote.branches[name])

        yield ForgeWorld(FakeForge(fakes, clock, GROUPS), lambda: FakeRepos(fakes, clock).repo(PROJECT), move)
        return
    root = folder / "remotes"
    at = partial(git, "update-ref", cwd=root / f"{PROJECT}.git")
    if kind == "gitlab":
        with gitlab_world(root, clock) as served, Mirrors(Git.find(), folder / "cache") as mirrors:
            for group, users in GROUPS.items():
                served.gitlab.group(group, *users)
            here = ProjectRemotes(str(root))
            yield ForgeWorld(
                Everybody(served.forge),
                lambda: MirroredRepos(here, mirrors, ROBOT, clock).repo(PROJECT),
                at,
                guards_files=False,
            )
        return
    bare_repository(root, PROJECT, FILES)
    with ExitStack() as stack:
        base = str(root)
        if kind == "http":
            base = stack.enter_context(GitServer(root, ("robot", "secret"))).url_with_credentials
        mirrors = stack.enter_context(Mirrors(Git.find(), folder / "cache"))
        remotes = ProjectRemotes(base)
        yield ForgeWorld(
            LocalForge(remotes, mirrors, ROBOT, clock, GROUPS),
            lambda: MirroredRepos(remotes, mirrors, ROBOT, clock).repo(PROJECT),
            at,
        )
