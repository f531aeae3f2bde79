"""What a look at a hundred services in four environments asks of git and of the registries, and how often it parses."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from support.counting_git import CountingGit
from support.engine_world import ENVIRONMENTS, EngineWorld, helm_release
from support.git_worlds import ROBOT, TickingClock, bare_repository, commit_files
from tidegate.engine.views.board import BoardState
from tidegate.engine.views.status import Cell, matrix
from tidegate.engine.world import World
from tidegate.flux import images
from tidegate.git import Mirrors, ProjectRemotes
from tidegate.gitops import MirroredRepos
from tidegate.model import Digest, ImageRef, Service
from tidegate.model.key import ServiceKey
from tidegate.server.board_store import BoardStore
from tidegate.server.cell_memory import CellMemory
from tidegate.server.resync import resync
from tidegate.testing.images_port import FakeImages
from tidegate.yamledit import Stream

SERVICES = tuple(Service(f"app{number:03}", f"team/app{number:03}") for number in range(100))
TAGS = {"dev": "1.1.3", "e2e": "1.1.3-rc1", "staging": "1.1.3", "production": "1.1.3"}
CELLS = len(SERVICES) * len(ENVIRONMENTS)
PROJECTS = {each.repo for each in ENVIRONMENTS}


class CountingImages(FakeImages):
    """Every tag is there, and all are one image; counts what is asked."""

    def __init__(self) -> None:
        super().__init__([each.registry.host for each in ENVIRONMENTS])
        self.asked: Counter[ImageRef] = Counter()

    def digest(self, image: ImageRef) -> Digest | None:
        self.asked[image] += 1
        return Digest.of(image.repository.encode())


@dataclass
class Town:
    """Many services in real repositories, and what was asked."""

    root: Path
    mirrors: Mirrors
    git: CountingGit
    images: CountingImages
    parses: list[str]

    def world(self) -> World:
        base = EngineWorld().world()
        repos = MirroredRepos(ProjectRemotes(str(self.root)), self.mirrors, ROBOT, TickingClock())
        pipeline = replace(base.pipeline, services={each.name: each for each in SERVICES})
        return replace(base, pipeline=pipeline, repos=repos, images=self.images)

    def commit(self, *cells: tuple[str, Service, str]) -> None:
        """Declare tags: (environment, service, tag), one commit for each repository."""
        files: dict[str, dict[str, bytes | None]] = {}
        for name, service, tag in cells:
            environment = next(each for each in ENVIRONMENTS if each.name == name)
            data = helm_release(f"{environment.registry.host}/{service.image}:{tag}", service=service.name)
            files.setdefault(environment.repo, {})[f"{environment.path.write(service.name)}/release.yaml"] = data
        for project, changed in files.items():
            commit_files(self.root / f"{project}.git", "main", changed)

    def forget_counts(self) -> None:
        self.git.started.clear()
        self.images.asked.clear()
        self.parses.clear()


@pytest.fixture
def town(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Town]:
    parses: list[str] = []
    parse: Callable[..., Stream] = images.parse

    def counted(data: bytes, *, file: str) -> Stream:
        parses.append(file)
        return parse(data, file=file)

    monkeypatch.setattr(images, "parse", counted)
    counting = CountingGit.find()
    with Mirrors(counting, tmp_path / "cache") as mirrors:
        town = Town(tmp_path / "forge", mirrors, counting, CountingImages(), parses)
        for project in PROJECTS:
            bare_repository(town.root, project, {"README": b""})
        town.commit(*((each.name, service, "1.1.2") for each in ENVIRONMENTS for service in SERVICES))
        town.commit(*((each.name, service, TAGS[each.name]) for each in ENVIRONMENTS for service in SERVICES))
        yield town


def shown(board: BoardStore) -> Counter[tuple[str, BoardState]]:
    rows = board.snapshot.board.rows.values()
    return Counter((cell.tag or "", cell.state) for row in rows for cell in row.values())


def test_the_first_look_asks_git_a_little_for_all_and_parses_each_file_once(town: Town) -> None:
    board = BoardStore()
    world = town.world()
    board.arrange([each.name for each in ENVIRONMENTS], world.pipeline.services, board.look())
    resync(world, board, board.look(), CellMemory())
    assert shown(board) == {("1.1.3", BoardState.SETTLED): 300, ("1.1.3-rc1", BoardState.SETTLED): 100}
    assert town.git.started["fetch"] == len(PROJECTS)
    assert town.git.started["cat-file"] == len(PROJECTS), "one that lasts, for each repository"
    assert town.git.started["log"] == len(PROJECTS), "the history of all files at once"
    assert town.git.started.total() <= 16 * len(PROJECTS)
    assert len(town.parses) == 2 * CELLS, "what is there, and what was there before"
    assert set(town.images.asked.values()) == {1}
    assert len(town.images.asked) == CELLS - len(SERVICES), "staging and production have one account"


def test_the_next_look_reads_what_has_changed(town: Town) -> None:
    board, memory = BoardStore(), CellMemory()
    first = town.world()
    board.arrange([each.name for each in ENVIRONMENTS], first.pipeline.services, board.look())
    resync(first, board, board.look(), memory)
    town.forget_counts()
    town.commit(("dev", SERVICES[0], "1.1.4"))
    resync(town.world(), board, board.look(), memory)
    cell = board.snapshot.board.cell(ServiceKey(SERVICES[0].name, "dev"))
    assert cell is not None
    assert cell.tag == "1.1.4"
    assert town.git.started["fetch"] == len(PROJECTS)
    assert town.git.started["log"] == 1, "of one branch, down to where it was read before"
    assert town.git.started["rev-list"] == 0
    assert len(town.parses) <= 12
    assert set(town.images.asked.values()) == {1}


def test_status_of_all_costs_the_same(town: Town) -> None:
    rows: list[tuple[Cell, ...]] = list(matrix(town.world(), SERVICES))
    assert {cell.tag for row in rows for cell in row} == {"1.1.3", "1.1.3-rc1"}
    assert town.git.started.total() <= 16 * len(PROJECTS)
    assert set(town.images.asked.values()) == {1}
