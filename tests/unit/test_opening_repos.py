"""Repositories are opened at the same time; one that can't be opened hides no other."""

from __future__ import annotations

from dataclasses import replace
from threading import Barrier, Lock

from support.engine_world import EngineWorld
from support.until import PATIENCE
from tidegate.engine.discovery import with_discovered_services
from tidegate.engine.opening import open_repos
from tidegate.engine.views.status import matrix
from tidegate.errors.git import RemoteUnreachable
from tidegate.ports import GitOpsRepo, GitOpsRepos


class SlowRepos:
    """Opens a repository when the others are asked for, too."""

    def __init__(self, repos: GitOpsRepos, count: int, *lost: str) -> None:
        self._repos = repos
        self._all_are_asked = Barrier(count)
        self._lost = lost
        self._lock = Lock()
        self.opened: list[str] = []

    def repo(self, project: str) -> GitOpsRepo:
        with self._lock:
            is_first = project not in self.opened
            self.opened.append(project)
        if is_first:
            self._all_are_asked.wait(PATIENCE)
        if project in self._lost:
            raise RemoteUnreachable("it does not answer", where=project)
        return self._repos.repo(project)


def test_all_are_opened_at_the_same_time() -> None:
    world = EngineWorld().world()
    projects = list(dict.fromkeys(each.repo for each in world.pipeline.environments))
    assert len(projects) > 1
    repos = SlowRepos(world.repos, len(projects))
    assert open_repos(replace(world, repos=repos), projects * 2) == {}
    assert sorted(repos.opened) == sorted(projects)


def test_none_are_opened_where_there_are_none() -> None:
    assert open_repos(EngineWorld().world(), []) == {}


def test_one_that_does_not_answer_is_asked_once_and_hides_no_other() -> None:
    world = EngineWorld().world()
    projects = list(dict.fromkeys(each.repo for each in world.pipeline.environments))
    repos = SlowRepos(world.repos, len(projects), projects[0])
    services = tuple(world.pipeline.services.values())
    (row,) = matrix(replace(world, repos=repos), services[:1])
    lost = {cell.environment.name for cell in row if isinstance(cell.fault, RemoteUnreachable)}
    assert lost == {each.name for each in world.pipeline.environments if each.repo == projects[0]}
    assert repos.opened.count(projects[0]) == 1


def test_services_are_looked_for_in_those_that_answer() -> None:
    world = EngineWorld().world()
    projects = list(dict.fromkeys(each.repo for each in world.pipeline.environments))
    repos = SlowRepos(world.repos, len(projects), projects[0])
    found = with_discovered_services(replace(world, repos=repos), partial=True)
    lost = [each for each in world.pipeline.environments if each.repo == projects[0]]
    assert [fault.where for fault in found.undiscovered] == [projects[0]] * len(lost)
    assert repos.opened.count(projects[0]) == 1
