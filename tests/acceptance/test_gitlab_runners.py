"""Several runners call `deliver --all` on GitLab at the same moment, again and again, as a schedule may."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.gitlab_stand import Stand, gitlab_stand
from support.road_texts import DEV, STAGING, file_of
from support.road_world import release_image
from support.stage import Call, Played, Stage

RUNNERS = 4
ROUNDS = 3


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with Stage(tmp_path_factory.mktemp("stage")) as stage:
        yield stage


def deliver_at_once(stage: Stage, stand: Stand, source: random.Random) -> tuple[Played, ...]:
    """Let each runner deliver everything, each with a cache of its own, at moments that differ a little."""
    environ = stand.world.environ
    return stage.play(
        *(
            Call(
                ("-C", str(stand.world.folder), "deliver", "--all"),
                {**environ, "TIDEGATE_CACHE": str(stand.world.folder / f"cache-{number}")},
                delay=source.uniform(0, 0.5),
            )
            for number in range(RUNNERS)
        )
    )


@pytest.mark.parametrize("rewrite", ["on-open", "on-approval"])
def test_every_runner_ends_well_and_what_is_ready_is_delivered_once(stage: Stage, tmp_path: Path, rewrite: str) -> None:
    source = random.Random(rewrite)  # noqa: S311 - moments, not secrets
    for number in range(ROUNDS):
        with gitlab_stand(tmp_path / str(number), until="e2e", rewrite=rewrite, checks=2) as stand:
            world = stand.world
            image = release_image("inventory 1.1.4")
            world.push_image("dev", "1.1.4", image)
            world.declare("dev", "1.1.4")
            world.tidegate("promote", "inventory", "--to", "e2e")
            world.tidegate("promote", "inventory", "--to", "staging")
            stand.approve(STAGING, "sam")
            before = {project: len(world.log(project, "%H").split()) for project in (DEV, STAGING)}

            first = deliver_at_once(stage, stand, source)
            second = deliver_at_once(stage, stand, source)
            told = "\n---\n".join(each.err + each.out for each in (*first, *second))
            assert [each.code for each in (*first, *second)] == [0] * 2 * RUNNERS, told
            assert b"tag: 1.1.4-rc1" in world.read(DEV, file_of("e2e")), told
            assert b"tag: 1.1.3" in world.read(STAGING, file_of("staging")), told
            assert world.layout("e2e").resolve("inventory", "1.1.4-rc1").digest == image.digest
            assert world.layout("prd").resolve("inventory", "1.1.3").digest == release_image().digest
            assert stand.merge_requests() == [], told
            after = {project: len(world.log(project, "%H").split()) for project in before}
            assert after == {project: count + 1 for project, count in before.items()}, told
            notes = [note.body for each in stand.gitlab.projects[STAGING].requests.values() for note in each.notes]
            assert len(notes) == len(set(notes)), notes
