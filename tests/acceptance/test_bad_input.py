"""Bad input: each has a code, a place where there is one, a hint and an exit code; and nothing is written."""

from __future__ import annotations

import json
import shutil
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from support.cli import Ended, tidegate
from support.docker_registry import DockerRegistry
from support.end_state import written
from support.git_server import GitServer
from support.git_worlds import git
from support.golden import assert_golden
from support.road_texts import (
    DEV,
    HOSTS,
    PRODUCTION,
    STAGING,
    Settings,
    file_of,
    helm_release,
    image_of,
    image_policy,
)
from support.road_world import RoadWorld, release_image, world_with_release

E2E_FILE = file_of("e2e")
STAGING_FILE = file_of("staging")
POLICY_FILE = "clusters/dev/inventory/policy.yaml"
ESCAPE = b"\x1b"

TO_E2E = ("promote", "inventory", "--to", "e2e")
TO_STAGING = ("promote", "inventory", "--to", "staging")
DELIVER = ("deliver", f"{STAGING}!1")

Arrange = Callable[[RoadWorld], None]


@pytest.fixture(scope="module")
def prepared_staging(tmp_path_factory: pytest.TempPathFactory) -> RoadWorld:
    """A world in which staging has inventory 1.1.3, and e2e has 1.1.4 already."""
    world = world_with_release(tmp_path_factory.mktemp("prepared") / "world", until="staging")
    for environment, tag in (("dev", "1.1.4"), ("e2e", "1.1.4-rc1")):
        world.push_image(environment, tag, release_image("inventory 1.1.4"))
        world.declare(environment, tag)
    return world


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> RoadWorld:
    """A world in which e2e has inventory 1.1.3."""
    return world_with_release(tmp_path_factory.mktemp("prepared") / "world", until="e2e")


@pytest.fixture
def world(prepared: RoadWorld, tmp_path: Path) -> RoadWorld:
    return prepared.copy(tmp_path / "world")


@dataclass(frozen=True)
class Row:
    """One kind of bad input.

    Args:
        what: what is wrong, in a few words.
        arrange: makes it so.
        call: what is called then.
        code: the error's, or the reason's, code.
        exit_code: the exit code.
        where: the place that is named; "" when there is none to name.
        said: a part of the sentence.
    """

    what: str
    arrange: Arrange
    call: tuple[str, ...]
    code: str
    exit_code: int
    where: str
    said: str


def run(world: RoadWorld, *arguments: str) -> Ended:
    return tidegate("-C", world.folder, *arguments, environ=world.environ)


def check(world: RoadWorld, row: Row) -> None:
    """Arrange, call, and compare: the complaint, the exit code, and that nothing was written."""
    row.arrange(world)
    before = written(world)
    ended = run(world, "-q", *row.call, "-o", "json")
    assert ended.code == row.exit_code, ended.out + ended.err
    code, where, said, hint = complaint(ended, row.code)
    assert (code, where.replace(str(world.folder), ".")) == (row.code, row.where)
    assert row.said in said
    assert hint
    assert written(world) == before
    assert "\x1b" not in ended.out + ended.err
    for_people = run(world, *row.call)
    assert for_people.code == row.exit_code
    assert "\x1b" not in for_people.out + for_people.err
    assert row.said in for_people.out + for_people.err
    assert "bug in Tidegate" not in for_people.err


def complaint(ended: Ended, code: str) -> tuple[str, str, str, str]:
    """Return code, place, sentence and hint of an error, or of the reason of a verdict that has `code`."""
    if ended.err:
        error = json.loads(ended.err)["error"]
        assert error["exitCode"] == ended.code
        return error["code"], error["where"] or "", error["what"], error["hint"]
    (delivery,) = json.loads(ended.out)["deliveries"]
    assert delivery["outcome"] in {"refused", "waits"}
    reasons = delivery["verdict"]["reasons"]
    told = [reason for reason in reasons if reason["code"] == code]
    assert told, reasons
    return code, told[0]["evidence"] or "", told[0]["text"], told[0]["hint"]


# What the source environment declares


def declares(data: bytes | None, path: str = E2E_FILE) -> Arrange:
    """Let the main branch of the first repository hold `data` at `path`."""

    def arrange(world: RoadWorld) -> None:
        world.commit(DEV, {path: data})

    return arrange


CONFIG_MAP = b"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: inventory}\ndata: {HelmRelease: no}\n"
RIGHT = helm_release("e2e", "1.1.3-rc1")


def bomb(data: bytes = RIGHT) -> bytes:
    """Return a HelmRelease whose values expand to a billion."""
    lines = ["    a: &a [x, x, x, x, x, x, x, x, x]"]
    for before, name in zip("abcdefgh", "bcdefghi", strict=True):
        lines.append(f"    {name}: &{name} [{', '.join([f'*{before}'] * 9)}]")
    return data + "\n".join(lines).encode() + b"\n"


def huge(data: bytes = RIGHT) -> bytes:
    return data + b"# a comment of 100 MB\n" * (100_000_000 // 22 + 1)


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


# What a merge request proposes, made by hand as an attacker would


def proposes(
    data: bytes | None, path: str = STAGING_FILE, *, project: str = STAGING, also: dict[str, bytes | None] | None = None
) -> Arrange:
    """Let an approved merge request write `data` at `path`."""

    def arrange(world: RoadWorld) -> None:
        world.commit(project, {path: data, **(also or {})}, branch="by-hand")
        opened = run(world, "mr", "open", project, "--branch", "by-hand", "--title", "inventory", "--as", "mallory")
        assert opened.code == 0, opened.err
        for user in ("sam", "ann", "bob"):
            assert run(world, "mr", "approve", f"{project}!1", "--as", user).code == 0

    return arrange


def after(*arrangements: Arrange) -> Arrange:
    """Arrange one thing after the other."""

    def arrange(world: RoadWorld) -> None:
        for each in arrangements:
            each(world)

    return arrange


def promoted(world: RoadWorld) -> None:
    """Let `promote` have made the merge request, and let it be approved."""
    assert run(world, *TO_STAGING).code == 0
    assert run(world, "mr", "approve", f"{STAGING}!1", "--as", "sam").code == 0


def holds(environment: str, tag: str) -> Arrange:
    """Let a tag of an environment's account hold another image than anyone knows of."""
    return lambda world: world.push_image(environment, tag, release_image("something else"))


def staged(tag: str = "1.1.4", repository: str | None = None) -> bytes:
    return helm_release("staging", tag, repository=repository)


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


# What is wrong around it


def without_repository(world: RoadWorld) -> None:
    shutil.rmtree(world.repository(STAGING))


def without_branch(world: RoadWorld) -> None:
    git("branch", "-m", "main", "master", cwd=world.repository(STAGING))


def endpoint(account: str, url: str) -> Arrange:
    return lambda world: world.configure(Settings(endpoints={account: url}))


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
    row = Row("", endpoint("e2e", locked.url), TO_STAGING, "registry/unauthorized", 4, locked.url, "")
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


# How it looks


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
    assert_golden("bad_input.txt", "\n".join(told))
