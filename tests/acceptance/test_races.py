"""Two at the same moment end as one."""

from __future__ import annotations

import random
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.end_state import EndState, end_state
from support.road_texts import STAGING, Settings
from support.road_world import RoadWorld, world_with_release
from support.stage import Call, Played, Stage

ROUNDS = 10
LATEST = 0.25
"""Seconds by which the second may begin later: about as long as a delivery takes."""

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

    alone, (whole,) = play(0)
    assert whole.code == 0, whole.err
    source = random.Random(seed)  # noqa: S311 - moments, not secrets
    for _ in range(ROUNDS):
        delay = source.choice([0, source.uniform(0, LATEST)])
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
