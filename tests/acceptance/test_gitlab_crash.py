"""Killed at any point on GitLab and run again, a promotion or a delivery ends as if nothing had happened."""

from __future__ import annotations

import copy
import os
import re
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from support.end_state import written
from support.git_worlds import git
from support.gitlab_stand import Stand, gitlab_stand
from support.kill_points import KILLED
from support.road_texts import STAGING
from support.road_world import RoadWorld, release_image
from support.stage import Stage
from support.theatre import Theatre
from tidegate.testing.gitlab.messages import Request
from tidegate.testing.gitlab.state import MergeRequest, Project

MOMENTS = {
    "git push": ("before", "orphaned", "moved", "after"),
    "POST": ("during", "after"),
    "PUT": ("during", "after"),
    "rename": ("after",),
    "git fast-import": ("after",),
    "git hash-object": ("after",),
}
"""When to die. A remote over HTTP that has everything moves its refs, whoever has died since."""
ID = re.compile(r"\b(?:[0-9a-f]{40}|[0-9a-f]{12})\b(?!\.dkr)|(?<=note_)[0-9]+")

ROW = re.compile(r"^(\| . go \| [a-z ]+ \|).*$", re.MULTILINE)
"""A row of the verdict table: what a second run sees is more than what the first saw, and the answer is the same."""


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with Stage(tmp_path_factory.mktemp("stage")) as stage:
        yield stage


def kill(moment: str, request: Request) -> None:
    """Kill who pushes, when that was asked for: once the push has come, or once its refs are moved."""
    told = request.headers.get("user-agent", "")
    if not told.startswith(KILLED):
        return
    when, pid = told.removeprefix(KILLED).split()
    if (when, moment) in {("orphaned", "received"), ("moved", "moved")}:
        os.killpg(int(pid), signal.SIGKILL)
        if when == "orphaned":
            time.sleep(0.3)  # the next run begins meanwhile


class Memory:
    """What the GitLab knew at the beginning of a scene: it is put back for each play."""

    def __init__(self, stand: Stand) -> None:
        self._gitlab = stand.gitlab
        self._kept = self._copy()

    def _copy(self) -> tuple[object, ...]:
        fake = self._gitlab
        return copy.deepcopy((fake.users, fake.groups, fake.projects, fake.tokens))

    def reset(self) -> None:
        fake = self._gitlab
        fake.users, fake.groups, fake.projects, fake.tokens = copy.deepcopy(self._kept)  # type: ignore[assignment]

    def end(self, world: RoadWorld) -> tuple[object, ...]:
        """Return what people and Flux can see, without ids and times."""
        with self._gitlab.lock:
            for project in self._gitlab.projects.values():
                self._gitlab.refresh(project)
            requests = [told(home, one) for home in self._gitlab.projects.values() for one in home.requests.values()]
        refs = written(world)
        tags = {name: digest for name, digest in refs.items() if ":" in name}
        log = ("log", "--all", "--format=%an%n%B%n%T", "--topo-order")
        commits = [
            ID.sub("<id>", git(*log, cwd=world.repository(project))) for project in sorted(set(refs) - set(tags))
        ]
        return (requests, tags, commits)


def told(home: Project, one: MergeRequest) -> list[str]:
    """Return a merge request without ids and times."""
    states = {each.name: (each.state, each.description) for each in home.statuses if each.sha == one.head}
    notes = [f"{note.author.username}: {note.body}" for note in one.notes if not note.system]
    approvals = sorted(user.username for user, _ in one.approvals.values())
    lines = [home.path, one.state, one.title, one.description, one.source, str(states), str(approvals), *notes]
    return ROW.sub(r"\1 …", ID.sub("<id>", "\n".join(lines))).splitlines()


@contextmanager
def opened(folder: Path, rewrite: str) -> Iterator[Stand]:
    with gitlab_stand(folder, until="e2e", rewrite=rewrite) as stand:
        stand.gitlab.around_push = kill
        yield stand


def sweep(stage: Stage, stand: Stand, *arguments: str) -> tuple[str, ...]:
    memory = Memory(stand)
    return Theatre(stage, stand.world, arguments, memory.reset, end=memory.end, moments=MOMENTS).sweep()


def test_promote(stage: Stage, tmp_path: Path) -> None:
    with opened(tmp_path / "world", "on-open") as stand:
        effects = sweep(stage, stand, "promote", "inventory", "--to", "staging")
    assert effects.count("git push") == 1
    assert effects.count("POST") >= 1


def test_promote_several(stage: Stage, tmp_path: Path) -> None:
    with opened(tmp_path / "world", "on-open") as stand:
        text = (stand.world.folder / "tidegate.yaml").read_text()
        stand.world.configure(text.replace("\nservices:\n", "\nservices:\n  billing: {}\n"))
        stand.world.push_image("e2e", "2.0.0-rc1", release_image("billing 2.0.0"), "billing")
        stand.world.declare("e2e", "2.0.0-rc1", "billing")
        effects = sweep(stage, stand, "promote", "--all", "--to", "staging")
    assert (effects.count("git push"), effects.count("git fast-import")) == (1, 1)
    assert effects.count("POST") >= 2


@pytest.mark.parametrize("rewrite", ["on-open", "on-approval"])
def test_deliver(stage: Stage, tmp_path: Path, rewrite: str) -> None:
    with opened(tmp_path / "world", rewrite) as stand:
        stand.world.tidegate("promote", "inventory", "--to", "staging")
        stand.approve(STAGING, "sam")
        effects = sweep(stage, stand, "deliver", "inventory", "--to", "staging")
    assert effects.count("git push") == (1 if rewrite == "on-approval" else 0)
    assert {"PUT", "rename"} <= set(effects)
