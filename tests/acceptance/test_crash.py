"""Killed at any point and run again, a promotion or a delivery ends as if nothing had happened."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import product
from pathlib import Path

import pytest

from support.docker_registry import DockerRegistry
from support.end_state import EndState, end_state
from support.kill_points import install_hooks
from support.road_texts import DEV, STAGING, Settings
from support.road_world import RoadWorld, release_image, world_with_release
from support.stage import Call, Kill, Played, Stage

MOMENTS = {
    "git push": ("before", "received", "orphaned", "moved", "after"),
    "POST": ("after",),
    "PATCH": ("during", "after"),
    "PUT": ("during", "after"),
    "rename": ("after",),
    "git fast-import": ("after",),
    "git hash-object": ("after",),
}
"""When to die at an effect of a kind. Just before an effect is just after the one before it, save for the first."""


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with Stage(tmp_path_factory.mktemp("stage")) as stage:
        yield stage


class Theatre:
    """One scene, as often as it is wanted: the same prepared world, the same call.

    Args:
        stage: where it is played.
        world: prepared. It is kept aside; each play gets a copy of it at the very place, so that its cache holds.
        arguments: the call.
        reset: called before each play, for what is not in the world's folder.
    """

    def __init__(
        self, stage: Stage, world: RoadWorld, arguments: tuple[str, ...], reset: Callable[[], None] = lambda: None
    ) -> None:
        world.tidegate("status")  # fills the cache
        for project in (DEV, STAGING):
            install_hooks(world.repository(project))
        self._stage = stage
        self._world = world
        self._kept = world.folder.rename(world.folder.with_name("kept"))
        self._call = ("-C", str(world.folder), *arguments)
        self._reset = reset

    def begin(self) -> RoadWorld:
        """Return the prepared world anew."""
        shutil.rmtree(self._world.folder, ignore_errors=True)
        shutil.copytree(self._kept, self._world.folder)
        self._reset()
        return self._world

    def play(self, kill: Kill | None = None) -> Played:
        """Make the call."""
        (played,) = self._stage.play(Call(self._call, self._world.environ, kill=kill))
        return played

    def sweep(self) -> tuple[str, ...]:
        """Kill at each moment of each effect, run again, compare; return the kinds of effects of a whole run."""
        world = self.begin()
        whole = self.play()
        assert whole.code == 0, whole.out + whole.err
        expected = end_state(world)
        again = self.play()
        assert (again.code, end_state(world)) == (0, expected), "a second whole run changes something"
        self._survive(Kill(whole.effects[0], 1, "before"), expected)
        for kind, count in Counter(whole.effects).items():
            for number, moment in product(range(1, count + 1), MOMENTS[kind]):
                self._survive(Kill(kind, number, moment), expected)
        return whole.effects

    def _survive(self, kill: Kill, expected: EndState) -> None:
        world = self.begin()
        first = self.play(kill)
        told = f"killed {kill.moment} {kill.kind} number {kill.number}"
        # What threads do varies: a run may have had one rename less than the one that was counted.
        assert first.killed or first.effects.count(kill.kind) < kill.number, f"not {told}: {first}"
        second = self.play()
        assert second.code == 0, f"{told}; then: {second.out}{second.err}"
        assert end_state(world) == expected, told


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
