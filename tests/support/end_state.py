"""What a world looks like in the end, without the times and ids that differ from run to run."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from support.git_worlds import StandingClock, git
from support.road_texts import HOSTS, PROJECTS
from support.road_world import RoadWorld
from tidegate.bootstrap import open_world
from tidegate.config import load
from tidegate.engine.world import World
from tidegate.model import ImageRef, MergeRequest

_ID: Final = re.compile(r"\b(?:[0-9a-f]{40}|[0-9a-f]{12})\b(?!\.dkr)")


@dataclass(frozen=True)
class EndState:
    """Everything that people and Flux can see.

    Args:
        branches: `project branch` → its commits, newest first: parents, tree and message of each.
        events: `project ref` → what happened to the merge request, oldest first.
        merge_requests: each as the forge tells it, without ids and times.
        tags: `account repository:tag` → digest.
    """

    branches: dict[str, list[str]]
    events: dict[str, list[str]]
    merge_requests: list[str]
    tags: dict[str, str]


def end_state(world: RoadWorld, repositories: tuple[str, ...] = ("inventory",)) -> EndState:
    """Return what `world` looks like now: commits by plain git, merge requests and tags through the ports."""
    branches: dict[str, list[str]] = {}
    events: dict[str, list[str]] = {}
    for project in PROJECTS:
        graph = _Graph.of(world.repository(project))
        for ref in graph.refs:
            if ref.startswith("refs/heads/"):
                branches[f"{project} {ref}"] = [graph.told(each) for each in graph.reachable(ref)]
            if ref.startswith("refs/tidegate/"):
                told = [graph.event(each) for each in graph.reachable(ref)]
                # A push is recorded by whoever looks first: by its own delivery only when that was interrupted.
                events[f"{project} {ref}"] = [each for each in told if "Push to !" not in each]
    with _opened(world) as opened:
        names = {tuple(each.split()[:2]) for each in events}
        requests = [opened.forge.merge_request(name, int(ref.rpartition("/")[2])) for name, ref in sorted(names)]
        tags = dict(_tags(opened, repositories))
    return EndState(branches, events, [_told(each) for each in requests], tags)


def written(world: RoadWorld, repositories: tuple[str, ...] = ("inventory",)) -> dict[str, str]:
    """Return every ref of every repository and every tag of the image-layout folders, with what they point to."""
    folders = {project: world.repository(project) for project in PROJECTS}
    refs = {project: git("for-each-ref", cwd=folder) for project, folder in folders.items() if folder.exists()}
    tags = {
        f"{account} {repository}:{tag}": str(world.layout(account).resolve(repository, tag))
        for account in HOSTS
        for repository in repositories
        for tag in world.layout(account).tags(repository)
    }
    return refs | tags


@contextmanager
def _opened(world: RoadWorld) -> Iterator[World]:
    environ = world.environ
    configuration = load(world.folder, file=None, environ=environ)
    with open_world(configuration, environ, StandingClock(), "") as it:
        yield it


def _tags(world: World, repositories: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    for account, host in HOSTS.items():
        for repository in repositories:
            for tag in sorted(world.images.tags(host, repository)):
                yield f"{account} {repository}:{tag}", str(world.images.digest(ImageRef(host, repository, tag)))


@dataclass(frozen=True)
class _Graph:
    """All commits of a repository, by plain git.

    Args:
        refs: full name → commit.
        commits: id → parents, tree, author, message; the newest first.
    """

    refs: dict[str, str]
    commits: dict[str, tuple[list[str], str, str, str]]

    @classmethod
    def of(cls, folder: Path) -> _Graph:
        lines = git("for-each-ref", "--format=%(refname) %(objectname)", cwd=folder).splitlines()
        form = "%H%x01%P%x01%T%x01%an%x01%B"
        told = git("log", "-z", "--topo-order", "--all", f"--format={form}", cwd=folder).strip("\0").split("\0")
        commits = {}
        for each in told:
            commit, parents, tree, author, message = each.split("\1")
            commits[commit] = (parents.split(), tree, author, message)
        return cls(dict(line.split(" ") for line in lines), commits)

    def reachable(self, ref: str) -> list[str]:
        """Return the commits that are in `ref`, newest first."""
        wanted = {self.refs[ref]}
        found = []
        for commit in self.commits:
            if commit in wanted:
                found.append(commit)
                wanted.update(self.commits[commit][0])
        return found

    def told(self, commit: str) -> str:
        """Return a commit without its id and time."""
        parents, tree, author, message = self.commits[commit]
        return f"{len(parents)} parents, tree {tree}, by {author}: {_ID.sub('<id>', message)}"

    def event(self, commit: str) -> str:
        """Return who did what."""
        _, _, author, message = self.commits[commit]
        return f"{author}: {message}"


def _told(request: MergeRequest) -> str:
    lines = [
        f"{request.ref} {request.state.value} by {request.author}: {request.title}",
        f"{request.source_branch} -> {request.target_branch}",
        request.description,
        *(f"approved by {each.user}" for each in request.approvals),
        *(f"{each.user}: {each.text}" for each in request.comments),
    ]
    return _ID.sub("<id>", "\n".join(lines))
