"""Two at the same moment end as one."""

from __future__ import annotations

import random
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.end_state import EndState, end_state
from support.road_texts import STAGING, Settings, file_of
from support.road_world import RoadWorld, release_image, world_with_release
from support.stage import Call, Played, Stage

ROUNDS = 10

PROMOTE = ("promote", "inventory", "--to", "staging")
DELIVER = ("deliver", f"{STAGING}!1")


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with Stage(tmp_path_factory.mktemp("stage")) as stage:
        yield stage


def opened(world: RoadWorld) -> RoadWorld:
    world.tidegate(*PROMOTE)
    world.tidegate("mr", "approve", f"{STAGING}!1", "--as", "sam")
    return world


def one_or_two(stage: Stage, prepared: RoadWorld, arguments: tuple[str, ...], seed: str) -> None:
    """Compare what one call comes to with what two at once come to, at moments that `seed` decides."""
    place = prepared.folder.with_name("play")

    def play(*delays: float) -> tuple[EndState, tuple[Played, ...]]:
        shutil.rmtree(place, ignore_errors=True)
        world = prepared.copy(place)
        # Each has a cache of its own, as on two machines.
        calls = [
            Call(
                ("-C", str(place), *arguments),
                {**world.environ, "TIDEGATE_CACHE": str(place / f"cache-{number}")},
                delay,
            )
            for number, delay in enumerate(delays)
        ]
        played = stage.play(*calls)
        return end_state(world), played

    began = time.monotonic()
    alone, (whole,) = play(0)
    length = time.monotonic() - began
    assert whole.code == 0, whole.err
    source = random.Random(seed)  # noqa: S311 - moments, not secrets
    for _ in range(ROUNDS):
        delay = source.choice([0, source.uniform(0, length / 2)])
        together, both = play(0, delay)
        told = f"{delay:.3f} s apart:\n{both[0].err}{both[0].out}---\n{both[1].err}{both[1].out}"
        assert [each.code for each in both] == [0, 0], told
        assert together == alone, told


def test_promote(stage: Stage, tmp_path: Path) -> None:
    one_or_two(stage, world_with_release(tmp_path / "world", until="e2e"), PROMOTE, "promote")


@pytest.mark.parametrize("rewrite", ["on-open", "on-approval"])
def test_deliver(stage: Stage, tmp_path: Path, rewrite: str) -> None:
    prepared = opened(world_with_release(tmp_path / "world", Settings(rewrite=rewrite), until="e2e"))
    one_or_two(stage, prepared, DELIVER, rewrite)


def test_promote_into_a_merge_request_that_is_being_delivered(stage: Stage, tmp_path: Path) -> None:
    """What was not approved is never merged; whoever was faster, the road goes on."""
    prepared = opened(world_with_release(tmp_path / "world", until="e2e"))
    prepared.push_image("e2e", "1.1.4-rc1", release_image("inventory 1.1.4"))
    prepared.declare("e2e", "1.1.4-rc1")
    place = prepared.folder.with_name("play")

    def play(world: RoadWorld, *verb: str) -> Played:
        (played,) = stage.play(Call(("-C", str(place), *verb), world.environ))
        return played

    def anew() -> RoadWorld:
        shutil.rmtree(place, ignore_errors=True)
        return prepared.copy(place)

    world, began = anew(), time.monotonic()
    assert play(world, *DELIVER).code == 0
    length = time.monotonic() - began
    for number in range(ROUNDS):
        world = anew()
        delivered, promoted = stage.play(
            Call(("-C", str(place), *DELIVER), world.environ),
            Call(("-C", str(place), *PROMOTE), world.environ, delay=length * number / ROUNDS),
        )
        told = f"{delivered.err}{delivered.out}---\n{promoted.err}{promoted.out}"
        assert (delivered.code, promoted.code) in {(0, 0), (11, 0)}, told
        tags = end_state(world).tags
        assert "prd inventory:1.1.4" not in tags, told
        assert delivered.code == 11 or b"tag: 1.1.3\n" in world.read(STAGING, file_of("staging")), told

        again = play(world, *PROMOTE)
        assert again.code == 0, told + again.err
        (name,) = [each["ref"] for each in world.json("mr", "list", "--repo", STAGING)["mergeRequests"]]
        for verb in (("mr", "approve", name, "--as", "ann"), ("deliver", name)):
            ended = play(world, *verb)
            assert ended.code == 0, told + ended.out
        assert b"tag: 1.1.4\n" in world.read(STAGING, file_of("staging"))
