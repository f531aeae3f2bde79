"""Bad merge requests, as an attacker would make them: refused with a reason, and nothing is written."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from support.bad_input import (
    CONFIG_MAP,
    DELIVER,
    E2E_FILE,
    STAGING_FILE,
    TO_STAGING,
    Row,
    after,
    bomb,
    check,
    declares,
    holds,
    huge,
    promoted,
    proposes,
    run,
    staged,
)
from support.golden import assert_golden
from support.road_texts import HOSTS, PRODUCTION, STAGING, file_of, helm_release, image_of
from support.road_world import RoadWorld, release_image, world_with_release


@pytest.fixture(scope="module")
def prepared_staging(tmp_path_factory: pytest.TempPathFactory) -> RoadWorld:
    """A world in which staging has inventory 1.1.3, and e2e has 1.1.4 already."""
    world = world_with_release(tmp_path_factory.mktemp("prepared") / "world", until="staging")
    for environment, tag in (("dev", "1.1.4"), ("e2e", "1.1.4-rc1")):
        world.push_image(environment, tag, release_image("inventory 1.1.4"))
        world.declare(environment, tag)
    return world


TO_PRODUCTION_BY_HAND = ("deliver", f"{PRODUCTION}!1")

MERGE_REQUEST_ROWS = (
    Row(
        "not YAML",
        proposes(b"kind: HelmRelease\nspec: [1, 2\n"),
        DELIVER,
        "manifest/not-yaml",
        11,
        f"{STAGING_FILE}:3:1",
        "",
    ),
    Row(
        "not a HelmRelease", proposes(CONFIG_MAP), DELIVER, "manifest/not-helmrelease", 11, STAGING_FILE, "HelmRelease"
    ),
    Row(
        "the HelmRelease deleted",
        proposes(None),
        DELIVER,
        "release/nothing-declared",
        11,
        f"{STAGING}: apps/inventory/",
        "no HelmRelease",
    ),
    Row(
        "no image of this service",
        proposes(staged(repository=f"{HOSTS['prd']}/orders")),
        DELIVER,
        "manifest/image-not-found",
        11,
        STAGING_FILE,
        "no image 'inventory'",
    ),
    Row(
        "an attacker's registry",
        proposes(staged(repository="evil.example.com/inventory")),
        DELIVER,
        "release/foreign-image",
        11,
        f"{STAGING_FILE}:17",
        "evil.example.com/inventory",
    ),
    Row(
        "the registry of an environment before the source",
        proposes(staged(repository=f"{HOSTS['dev']}/inventory")),
        DELIVER,
        "release/foreign-image",
        11,
        f"{STAGING_FILE}:17",
        HOSTS["dev"],
    ),
    Row(
        "a version that the source never had",
        proposes(staged("2.0.0")),
        DELIVER,
        "release/environment-skipped",
        11,
        f"{STAGING_FILE}:17",
        "never in e2e",
    ),
    Row(
        "a candidate that the source never had",
        after(holds("e2e", "1.1.4-rc7"), proposes(helm_release("e2e", "1.1.4-rc7"))),
        DELIVER,
        "release/environment-skipped",
        11,
        f"{STAGING_FILE}:17",
        "never in e2e",
    ),
    Row(
        "an environment is skipped",
        proposes(helm_release("production", "1.1.4"), file_of("production"), project=PRODUCTION),
        TO_PRODUCTION_BY_HAND,
        "release/environment-skipped",
        11,
        f"{file_of('production')}:17",
        "never in staging",
    ),
    Row(
        "a tag that does not exist",
        after(declares(helm_release("e2e", "1.1.5-rc1")), proposes(staged("1.1.5"))),
        DELIVER,
        "release/source-tag-missing",
        11,
        f"{E2E_FILE}:17",
        "1.1.5-rc1 does not exist",
    ),
    Row(
        "a tag that moved since the merge request was opened",
        after(promoted, holds("e2e", "1.1.4-rc1")),
        DELIVER,
        "release/tag-moved",
        11,
        image_of("e2e", "1.1.4-rc1"),
        "was opened for",
    ),
    Row(
        "a target tag with another digest",
        after(promoted, holds("staging", "1.1.4")),
        DELIVER,
        "registry/tag-exists",
        11,
        image_of("staging", "1.1.4"),
        "another digest",
    ),
    Row(
        "a change of something else",
        proposes(staged(), also={"apps/orders/release.yaml": b"kind: HelmRelease\n"}),
        DELIVER,
        "release/out-of-scope",
        11,
        f"{STAGING}!1",
        "apps/orders/release.yaml",
    ),
    Row("a YAML alias bomb", proposes(bomb(staged())), DELIVER, "manifest/too-large", 11, f"{STAGING_FILE}:27:8", ""),
    Row("a manifest of 100 MB", proposes(huge(staged())), DELIVER, "git/file-too-large", 11, STAGING_FILE, "100,000"),
    Row(
        "control characters in a tag",
        proposes(staged('"1.1.4\\e[2J"')),
        DELIVER,
        "manifest/image-not-found",
        11,
        f"{STAGING_FILE}:17",
        "does not name an image with a tag",
    ),
    Row(
        "control characters in a file's name",
        proposes(staged(), also={"apps/inventory/\x1b[2J.yaml": b"a: b\n"}),
        DELIVER,
        "git/unsafe-path",
        11,
        f"{STAGING}!1",
        "",
    ),
    Row(
        "an image that is named twice, differently",
        proposes(staged() + b"    sidecar:\n      image: %b\n" % image_of("staging", "1.1.3").encode()),
        DELIVER,
        "manifest/image-ambiguous",
        11,
        f"{STAGING_FILE}:27",
        "1.1.3",
    ),
    Row(
        "a conflict",
        after(proposes(staged()), lambda world: world.declare("staging", "1.1.2")),
        DELIVER,
        "forge/merge-conflict",
        11,
        f"{STAGING}!1",
        "conflicts with main",
    ),
)


@pytest.mark.parametrize("row", MERGE_REQUEST_ROWS, ids=lambda row: row.what)
def test_what_a_merge_request_proposes(prepared_staging: RoadWorld, tmp_path: Path, row: Row) -> None:
    check(prepared_staging.copy(tmp_path / "world"), row)


def test_bad_merge_requests_do_not_keep_a_good_one(prepared_staging: RoadWorld, tmp_path: Path) -> None:
    world = prepared_staging.copy(tmp_path / "world")
    bad = {
        "bomb": {STAGING_FILE: bomb(staged())},
        "foreign": {STAGING_FILE: staged(repository="evil.example.com/inventory")},
        "strange": {STAGING_FILE: staged(), "apps/inventory/\x1b[2J.yaml": b"a: b\n"},
        "huge": {STAGING_FILE: huge(staged())},
    }
    for branch, files in bad.items():
        world.commit(STAGING, files, branch)
        assert run(world, "mr", "open", STAGING, "--branch", branch, "--title", branch).code == 0
    assert run(world, *TO_STAGING).code == 0
    good, *others = (f"{STAGING}!{number}" for number in (5, 1, 2, 3, 4))
    for name in (good, *others):
        assert run(world, "mr", "approve", name, "--as", "sam").code == 0
    assert run(world, "why", "inventory", "--in", "staging").code == 0
    ended = run(world, "-q", "deliver", "--all", "-o", "json")
    outcomes = {each["mergeRequest"]: each["outcome"] for each in json.loads(ended.out)["deliveries"]}
    assert outcomes == {good: "delivered", **dict.fromkeys(others, "refused")}
    assert ended.code == 0
    assert world.read(STAGING, STAGING_FILE) == staged()


def test_what_people_see(prepared_staging: RoadWorld, tmp_path: Path) -> None:
    """Goldens of one error of each kind: at the source, in a merge request."""
    world = prepared_staging.copy(tmp_path / "world")
    proposes(staged(repository="evil.example.com/inventory"))(world)
    declares(b"kind: HelmRelease\nspec: [1, 2\n")(world)
    calls = (TO_STAGING, DELIVER, ("why", "inventory", "--in", "staging"))
    told = []
    for call in calls:
        ended = run(world, *call)
        told.append(f"$ tidegate {' '.join(call)}\n{ended.out}{ended.err}exit code {ended.code}\n")
    assert_golden("bad_merge_request.txt", "\n".join(told))
