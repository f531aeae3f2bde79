"""Bad input: each has a code, a place where there is one, a hint and an exit code; and nothing is written."""

from __future__ import annotations

import json
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.bad_input import (
    CONFIG_MAP,
    DELIVER,
    E2E_FILE,
    TO_STAGING,
    Row,
    after,
    bomb,
    check,
    declares,
    endpoint,
    holds,
    huge,
    promoted,
    run,
)
from support.docker_registry import DockerRegistry
from support.end_state import written
from support.git_server import GitServer
from support.git_worlds import git
from support.road_texts import DEV, HOSTS, STAGING, Settings, helm_release, image_of, image_policy
from support.road_world import RoadWorld, release_image, world_with_release

POLICY_FILE = "clusters/dev/inventory/policy.yaml"
TO_E2E = ("promote", "inventory", "--to", "e2e")


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> RoadWorld:
    """A world in which e2e has inventory 1.1.3."""
    return world_with_release(tmp_path_factory.mktemp("prepared") / "world", until="e2e")


@pytest.fixture
def world(prepared: RoadWorld, tmp_path: Path) -> RoadWorld:
    return prepared.copy(tmp_path / "world")


# What the source environment declares


def latest_exists(world: RoadWorld) -> None:
    world.push_image("e2e", "latest", release_image())
    world.declare("e2e", "latest")


SOURCE_ROWS = (
    Row(
        "not YAML",
        declares(b"kind: HelmRelease\nspec: [1, 2\n"),
        TO_STAGING,
        "manifest/not-yaml",
        2,
        f"{E2E_FILE}:3:1",
        "",
    ),
    Row("not a HelmRelease", declares(CONFIG_MAP), TO_STAGING, "manifest/not-helmrelease", 2, E2E_FILE, "HelmRelease"),
    Row(
        "no image of this service",
        declares(helm_release("e2e", "1.1.3-rc1", repository=f"{HOSTS['e2e']}/orders")),
        TO_STAGING,
        "manifest/image-not-found",
        2,
        E2E_FILE,
        "no image 'inventory'",
    ),
    Row(
        "an image from elsewhere",
        declares(helm_release("e2e", "1.1.3-rc1", repository="evil.example.com/inventory")),
        TO_STAGING,
        "release/foreign-image",
        11,
        f"{E2E_FILE}:17",
        "evil.example.com/inventory",
    ),
    Row(
        "a tag that does not exist",
        declares(helm_release("e2e", "1.1.9-rc1")),
        TO_STAGING,
        "release/source-tag-missing",
        11,
        f"{E2E_FILE}:17",
        "1.1.9-rc1 does not exist",
    ),
    Row(
        "no tag",
        declares(helm_release("e2e", '""')),
        TO_STAGING,
        "manifest/image-not-found",
        2,
        f"{E2E_FILE}:17",
        "does not name an image with a tag",
    ),
    Row(
        "a tag that is no candidate",
        latest_exists,
        TO_STAGING,
        "release/tag-unreadable",
        1,
        f"{E2E_FILE}:17",
        "latest",
    ),
    Row(
        "a path that is missing",
        declares(None),
        TO_STAGING,
        "release/nothing-declared",
        1,
        f"{DEV}: clusters/e2e/inventory/",
        "",
    ),
    Row(
        "a range that selects nothing",
        declares(image_policy("~2.0.0"), POLICY_FILE),
        TO_E2E,
        "release/lane-broken",
        1,
        f"{POLICY_FILE}:11",
        "selects nothing",
    ),
    Row(
        "a range that can't be parsed",
        declares(image_policy('">=one.two"'), POLICY_FILE),
        TO_E2E,
        "release/lane-broken",
        1,
        f"{POLICY_FILE}:11",
        ">=one.two",
    ),
    Row("a YAML alias bomb", declares(bomb()), TO_STAGING, "manifest/too-large", 2, f"{E2E_FILE}:27:8", "expand"),
    Row("a manifest of 100 MB", declares(huge()), TO_STAGING, "git/file-too-large", 1, E2E_FILE, "100,000"),
    Row(
        "control characters in a tag",
        declares(helm_release("e2e", '"1.1.3-rc1\\e[2J"')),
        TO_STAGING,
        "manifest/image-not-found",
        2,
        f"{E2E_FILE}:17",
        "does not name an image with a tag",
    ),
)


@pytest.mark.parametrize("row", SOURCE_ROWS, ids=lambda row: row.what)
def test_what_the_source_declares(world: RoadWorld, row: Row) -> None:
    check(world, row)


# What is wrong around it


def without_repository(world: RoadWorld) -> None:
    shutil.rmtree(world.repository(STAGING))


def without_branch(world: RoadWorld) -> None:
    git("branch", "-m", "main", "master", cwd=world.repository(STAGING))


def nothing(world: RoadWorld) -> None:
    """Leave the world as it is."""


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


CLOSED = f"http://127.0.0.1:{free_port()}"
"""Where nobody listens."""

AROUND_ROWS = (
    Row(
        "a repository that is missing",
        without_repository,
        TO_STAGING,
        "git/repository-missing",
        2,
        "./forge/platform/gitops-staging.git",
        "",
    ),
    Row(
        "a branch that is missing", without_branch, TO_STAGING, "git/branch-missing", 2, "environments.staging", "main"
    ),
    Row(
        "a registry that is down",
        endpoint("e2e", CLOSED),
        TO_STAGING,
        "registry/unreachable",
        1,
        CLOSED,
        "no connection",
    ),
    Row(
        "the target's registry is down",
        after(promoted, endpoint("prd", CLOSED)),
        DELIVER,
        "registry/unreachable",
        1,
        CLOSED,
        "no connection",
    ),
    Row(
        "an unknown service",
        nothing,
        ("promote", "inventary", "--to", "e2e"),
        "release/service-unknown",
        2,
        "",
        "inventary",
    ),
    Row(
        "an unknown environment",
        nothing,
        ("promote", "inventory", "--to", "prod"),
        "release/environment-unknown",
        2,
        "",
        "prod",
    ),
    Row("nothing before dev", nothing, ("promote", "inventory", "--to", "dev"), "release/no-source", 2, "", "dev"),
    Row(
        "a version that was skipped",
        nothing,
        (*TO_STAGING, "--version", "9.9.9"),
        "release/environment-skipped",
        11,
        f"{E2E_FILE}:17",
        "9.9.9",
    ),
    Row(
        "a target tag with another digest",
        holds("staging", "1.1.3"),
        TO_STAGING,
        "registry/tag-exists",
        1,
        image_of("staging", "1.1.3"),
        "another digest",
    ),
    Row(
        "a merge request that is missing",
        nothing,
        ("deliver", f"{STAGING}!99"),
        "forge/merge-request-missing",
        2,
        STAGING,
        "!99",
    ),
    Row("a project outside the forge", nothing, ("deliver", "../../elsewhere!1"), "forge/project-path", 2, "", ".."),
    Row("an absolute project", nothing, ("mr", "show", "/etc!1"), "forge/project-path", 2, "", "/etc"),
    Row(
        "control characters in a service's name",
        nothing,
        ("promote", "in\x1b[2Jventory", "--to", "e2e"),
        "release/service-unknown",
        2,
        "",
        "no service",
    ),
    Row(
        "control characters in a user's name",
        nothing,
        (*TO_E2E, "--as", "dana\x1b[2J"),
        "cli/person-unknown",
        2,
        "",
        "is not a user name",
    ),
)


@pytest.mark.parametrize("row", AROUND_ROWS, ids=lambda row: row.what)
def test_what_is_around(world: RoadWorld, row: Row) -> None:
    check(world, row)


@pytest.fixture(scope="module")
def locked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DockerRegistry]:
    with DockerRegistry(tmp_path_factory.mktemp("locked"), auth=True) as registry:
        yield registry


@pytest.mark.parametrize(
    "variables", [{}, {"USERNAME": "tidegate", "PASSWORD": "not-the-password"}], ids=["no", "wrong"]
)
def test_registry_credentials(world: RoadWorld, locked: DockerRegistry, variables: dict[str, str]) -> None:
    world.variables |= {f"TIDEGATE_REGISTRY_E2E_{name}": value for name, value in variables.items()}
    where = f"HEAD {locked.url}/v2/inventory/manifests/1.1.3-rc1"
    row = Row("", endpoint("e2e", locked.url), TO_STAGING, "registry/unauthorized", 4, where, "")
    check(world, row)
    assert "not-the-password" not in run(world, "--debug", *TO_STAGING).err


def test_git_credentials(world: RoadWorld) -> None:
    with GitServer(world.folder / "forge", credentials=("git", "a-secret")) as server:
        forge = Settings(forge=f"url: {server.url}")
        where = f"{server.url}/platform/gitops-staging.git"
        row = Row("", lambda world: world.configure(forge), TO_STAGING, "git/unauthorized", 4, where, "")
        check(world, row)


# What stands in tidegate.yaml

CONFIG_ROWS = {
    "two environments of one name": ("  e2e: {from", "  dev: {from", (12, 3), "twice"),
    "a circle": ("registry: dev, repo", "from: production, registry: dev, repo", (11, 15), "circle"),
    "a path upward": ('"clusters/dev/{service}"', '"../dev/{service}"', (11, 53), "relative"),
    "an absolute path": ('"clusters/dev/{service}"', '"/etc/{service}"', (11, 53), "relative"),
    "an absolute project": ("repo: platform/gitops,", "repo: /etc,", (11, 30), "project path"),
    "a project upward": ("repo: platform/gitops,", "repo: ../../etc,", (11, 30), "project path"),
    "control characters in a value": ("registry: e2e,", 'registry: "e2e\\e[2J",', (12, 30), "control character"),
    "control characters in a name": ("  inventory: {", '  "inven\\ttory": {', (27, 3), "control character"),
    "a URL that would run a command": ("path: ./forge", "url: 'ext::sh -c id'", (4, 8), "URL"),
}


@pytest.mark.parametrize(("right", "wrong", "place", "said"), CONFIG_ROWS.values(), ids=CONFIG_ROWS)
def test_configuration(world: RoadWorld, right: str, wrong: str, place: tuple[int, int], said: str) -> None:
    assert right in Settings().text
    world.configure(Settings().text.replace(right, wrong, 1))
    before = written(world)
    ended = run(world, *TO_E2E, "-o", "json")
    assert ended.code == 2
    error = json.loads(ended.err)["error"]
    assert error["code"] == "config/invalid"
    told = [each for each in error["findings"] if said in each["what"]]
    assert told, error["findings"]
    assert (told[0]["place"]["line"], told[0]["place"]["column"]) == place
    assert told[0]["hint"]
    for_people = run(world, *TO_E2E)
    assert "\x1b" not in for_people.err
    assert written(world) == before
