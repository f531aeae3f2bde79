"""CellMemory: what a resync read of git last time, for as long as a service's folder stays the same."""

from __future__ import annotations

from dataclasses import dataclass, replace

from tidegate.engine.declared import branch_head
from tidegate.engine.views.status import Cell, look, with_live
from tidegate.engine.world import World
from tidegate.errors import TidegateError
from tidegate.model import Environment, Service
from tidegate.model.key import ServiceKey
from tidegate.ports import GitOpsRepo


@dataclass(frozen=True, slots=True)
class _Read:
    """A cell, and the head of the branch that it was read at."""

    head: str
    cell: Cell


class CellMemory:
    """Looks at cells. Registries are asked anew each time; git only where a folder has changed. Safe for many threads.

    A folder, its HelmRelease and its history take several questions to git and a process. What can't be read is not
    remembered. All of it can be forgotten at any time.
    """

    def __init__(self) -> None:
        self._read: dict[ServiceKey, _Read] = {}
        self._changed: dict[tuple[str, str, str], frozenset[str] | None] = {}

    def look(self, world: World, service: Service, environment: Environment) -> Cell:
        """Return what `engine.views.status.look` returns."""
        try:
            repo = world.repo(environment)
            head = branch_head(repo, environment)
        except TidegateError as fault:
            return Cell(service, environment, fault=fault)
        key = ServiceKey(service.name, environment.name)
        old = self._read.get(key)
        if old is not None and self._is_same(repo, old, head, service, environment):
            cell = with_live(world, _with_digest(world, old.cell))
        else:
            cell = look(world, service, environment)
        if cell.fault is None:
            self._read[key] = _Read(head, cell)
        else:
            self._read.pop(key, None)
        return cell

    def _is_same(self, repo: GitOpsRepo, old: _Read, head: str, service: Service, environment: Environment) -> bool:
        """Return whether the folder at `head` is the one that was read."""
        if (old.cell.service, old.cell.environment) != (service, environment):
            return False
        if old.head == head:
            return True
        paths = self._between(repo, (environment.repo, old.head, head))
        folder = environment.path.write(service.name)
        return paths is not None and not any(path.startswith(f"{folder}/") for path in paths)

    def _between(self, repo: GitOpsRepo, step: tuple[str, str, str]) -> frozenset[str] | None:
        """Return what has changed in a step (project, old head, new head); git is asked once for all services."""
        known = self._changed
        if step in known:
            return known[step]
        paths = _changed_files(repo, step[1], step[2])
        project, _, head = step
        self._changed = {each: found for each, found in known.items() if each[0] != project or each[2] == head}
        self._changed[step] = paths
        return paths


def _changed_files(repo: GitOpsRepo, old: str, new: str) -> frozenset[str] | None:
    """Return what has changed between two heads; None when that can't be told."""
    try:
        return frozenset(repo.changed_files(old, new))
    except TidegateError:  # the old head is gone
        return None


def _with_digest(world: World, cell: Cell) -> Cell:
    """Return `cell` with what its tag holds now."""
    if cell.image is None or cell.image.host != cell.environment.registry.host:
        return cell
    try:
        return replace(cell, digest=world.images.digest(cell.image))
    except TidegateError as unanswered:
        return replace(cell, digest=None, fault=unanswered)
