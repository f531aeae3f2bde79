"""Killed at any point and run again, a promotion or a delivery ends as if nothing had happened."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.docker_registry import DockerRegistry
from support.end_state import end_state
from support.road_texts import STAGING, Settings
from support.road_world import RoadWorld, release_image, world_with_release
from support.stage import Stage
from support.theatre import Theatre


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with Stage(tmp_path_factory.mktemp("stage")) as stage:
        yield stage


def _opened(folder: Path, settings: Settings | None = None) -> RoadWorld:
    """Return a world with an approved merge request to staging."""
    world = world_with_release(folder, settings, until="e2e")
    world.tidegate("promote", "inventory", "--to", "staging")
    world.tidegate("mr", "approve", f"{STAGING}!1", "--as", "sam")
    return world


def test_promote(stage: Stage, tmp_path: Path) -> None:
    world = world_with_release(tmp_path / "world", until="e2e")
    effects = Theatre(stage, world, ("promote", "inventory", "--to", "staging")).sweep()
    assert effects.count("git push") == 2


def test_promote_several(stage: Stage, tmp_path: Path) -> None:
    names = ("inventory", "billing")
    services = "\n".join(f"  {name}: {{image: {name}}}" for name in names)
    world = world_with_release(tmp_path / "world", Settings(services=services), until="e2e")
    world.push_image("e2e", "2.0.0-rc1", release_image("billing 2.0.0"), "billing")
    world.declare("e2e", "2.0.0-rc1", "billing")
    call = ("promote", *names, "--to", "staging")
    effects = Theatre(stage, world, call, end=lambda world: end_state(world, names)).sweep()
    assert effects.count("git fast-import") == 3  # both branches at once, and each merge request's record
    assert effects.count("git push") == 3


def test_promote_into_the_open_merge_request(stage: Stage, tmp_path: Path) -> None:
    world = _opened(tmp_path / "world")
    world.push_image("e2e", "1.1.4-rc1", release_image("inventory 1.1.4"))
    world.declare("e2e", "1.1.4-rc1")
    effects = Theatre(stage, world, ("promote", "inventory", "--to", "staging")).sweep()
    assert effects.count("git push") == 3


def test_deliver_into_an_image_layout(stage: Stage, tmp_path: Path) -> None:
    world = world_with_release(tmp_path / "world")
    world.tidegate("promote", "inventory", "--to", "e2e")
    effects = Theatre(stage, world, ("deliver", "inventory", "--to", "e2e")).sweep()
    assert effects.count("git push") == 2
    assert "rename" in effects


def test_deliver_with_a_rewrite(stage: Stage, tmp_path: Path) -> None:
    world = _opened(tmp_path / "world", Settings(rewrite="on-approval"))
    effects = Theatre(stage, world, ("deliver", "inventory", "--to", "staging")).sweep()
    assert effects.count("git push") == 3


def test_deliver_into_a_registry(stage: Stage, tmp_path: Path) -> None:
    with DockerRegistry(tmp_path / "registry") as registry:

        def empty() -> None:
            registry.stop()
            shutil.rmtree(registry.folder / "storage", ignore_errors=True)
            registry.start()

        world = _opened(tmp_path / "world", Settings(endpoints={"prd": registry.url}))
        effects = Theatre(stage, world, ("deliver", "inventory", "--to", "staging"), empty).sweep()
    assert effects.count("git push") == 2
    assert {"POST", "PUT"} <= set(effects)
