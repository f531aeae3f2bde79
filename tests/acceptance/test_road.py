"""The whole road on three real registries and git over smart HTTP, through the command line; skopeo reads it back."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Final

import pytest
import yaml

from support.docker_registry import PASSWORD, USERNAME, DockerRegistry
from support.git_server import GitServer
from support.git_worlds import git
from support.road_texts import (
    ACCOUNT_OF,
    DEV,
    HOSTS,
    PRODUCTION,
    PROJECTS,
    STAGING,
    Settings,
    file_of,
    helm_release,
    image_of,
)
from support.road_world import RoadWorld, world_with_release
from tidegate.registry.layout.registry import LayoutRegistry
from tidegate.testing.images import build_index

GIT_USER, GIT_PASSWORD = "tidegate", "git-secret"
INVENTORY, ORDERS = "inventory", "orders"
SERVICES: Final = """\
  inventory: {image: inventory}
  orders: {image: orders, carry: release, keep: [spec.values.replicaCount, spec.values.ingress]}
"""


class Road:
    """The world of the road: three registries, a git server, and a world that knows them by their addresses."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.registries = {
            "dev": DockerRegistry(folder / "dev"),
            "e2e": DockerRegistry(folder / "e2e", auth=True),
            "prd": DockerRegistry(folder / "prd", auth=True),
        }
        for registry in self.registries.values():
            stack.enter_context(registry)
        self.world = RoadWorld.make(folder / "world")
        server = stack.enter_context(GitServer(self.world.folder / "forge", credentials=(GIT_USER, GIT_PASSWORD)))
        self._settings = {
            rewrite: Settings(
                forge=f"url: {server.url}",
                endpoints={account: registry.url for account, registry in self.registries.items()},
                rewrite=rewrite,
                services=SERVICES,
            )
            for rewrite in ("on-open", "on-approval")
        }
        self._give_credentials(server)
        self.layout = folder / "built"

    def rewrite(self, when: str) -> RoadWorld:
        """Return the world, with staging's `rewrite:` set."""
        self.world.configure(self._settings[when])
        return self.world

    def _give_credentials(self, server: GitServer) -> None:
        """Git's by its credential helper, e2e's by Docker's config file, prd's by variables."""
        home = self.world.folder / "home"
        (home / "git-credentials").write_text(server.url_with_credentials + "\n")
        (home / ".gitconfig").write_text(f"[credential]\n\thelper = store --file={home}/git-credentials\n")
        (home / ".docker").mkdir()
        basic = base64.b64encode(f"{USERNAME}:{PASSWORD}".encode()).decode()
        docker = {"auths": {self.registries["e2e"].host: {"auth": basic}}}
        (home / ".docker" / "config.json").write_text(json.dumps(docker))
        self.world.variables |= {
            "TIDEGATE_REGISTRY_PRD_USERNAME": USERNAME,
            "TIDEGATE_REGISTRY_PRD_PASSWORD": PASSWORD,
        }

    def build(self, service: str, version: str) -> str:
        """Build an index of two platforms, push it to the dev registry with skopeo, and return its digest."""
        image = build_index(f"{service} {version}", layers=2, layer_bytes=200_000)
        image.push(LayoutRegistry(self.layout), service, version)
        source, target = f"oci:{self.layout}/{service}:{version}", f"{self.registries['dev'].host}/{service}:{version}"
        skopeo("copy", "--all", "--dest-tls-verify=false", source, f"docker://{target}")
        return str(image.digest)

    def digest(self, environment: str, service: str, tag: str) -> str:
        """Return what skopeo says that an environment's registry holds under a tag."""
        return skopeo(
            "inspect", *self._login(environment), "--format", "{{.Digest}}", self._place(environment, service, tag)
        )

    def platforms(self, environment: str, service: str, tag: str) -> dict[str, int]:
        """Return, for each platform of an image, how many layers skopeo reads of it."""
        login, place = self._login(environment), self._place(environment, service, tag)
        found = {}
        for child in json.loads(skopeo("inspect", *login, "--raw", place))["manifests"]:
            system, architecture = child["platform"]["os"], child["platform"]["architecture"]
            override = ["--override-os", system, "--override-arch", architecture]
            image = json.loads(skopeo(*override, "inspect", *login, place))
            found[f"{image['Os']}/{image['Architecture']}"] = len(image["Layers"])
        return found

    def _login(self, environment: str) -> list[str]:
        locked = self.registries[ACCOUNT_OF[environment]].auth
        return ["--tls-verify=false", *(["--creds", f"{USERNAME}:{PASSWORD}"] if locked else [])]

    def _place(self, environment: str, service: str, tag: str) -> str:
        return f"docker://{self.registries[ACCOUNT_OF[environment]].host}/{service}:{tag}"

    def with_helper(self) -> RoadWorld:
        """Return the same world for someone who has prd's credentials in a credential helper."""
        folder = self.world.folder / "home"
        helper = folder / "bin" / "docker-credential-road"
        helper.parent.mkdir(exist_ok=True)
        answer = json.dumps({"Username": USERNAME, "Secret": PASSWORD})
        helper.write_text(f"#!/bin/sh\ncat >> {folder}/asked\ncat <<'EOF'\n{answer}\nEOF\n")
        helper.chmod(0o755)
        docker = json.loads((folder / ".docker" / "config.json").read_text())
        docker["credHelpers"] = {self.registries["prd"].host: "road"}
        (folder / "helped").mkdir(exist_ok=True)
        (folder / "helped" / "config.json").write_text(json.dumps(docker))
        variables = {"PATH": f"{helper.parent}:{os.environ['PATH']}", "DOCKER_CONFIG": str(folder / "helped")}
        return RoadWorld(self.world.folder, variables)


def skopeo(*arguments: str) -> str:
    done = subprocess.run(["skopeo", *arguments], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.fixture(scope="module")
def road(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Road]:
    with ExitStack() as stack:
        yield Road(tmp_path_factory.mktemp("road"), stack)


def approve(world: RoadWorld, merge_request: str, *users: str) -> None:
    for user in users:
        world.tidegate("mr", "approve", merge_request, "--as", user)


def waits(world: RoadWorld, merge_request: str) -> str:
    """Assert that a merge request is not delivered, and return why."""
    branches = ("for-each-ref", "refs/heads", "refs/tags")
    heads = git(*branches, cwd=world.repository(merge_request.partition("!")[0]))
    (delivery,) = world.json("deliver", merge_request, expect=11)["deliveries"]
    assert delivery["outcome"] == "waits"
    assert git(*branches, cwd=world.repository(merge_request.partition("!")[0])) == heads
    (reason,) = [each for each in delivery["verdict"]["reasons"] if each["answer"] != "go"]
    assert reason["gate"] == "approvals"
    text: str = reason["text"]
    return text


def delivered(world: RoadWorld, merge_request: str) -> None:
    (delivery,) = world.json("deliver", merge_request)["deliveries"]
    assert (delivery["mergeRequest"], delivery["outcome"]) == (merge_request, "delivered")


def test_rewritten_on_open(road: Road) -> None:
    world = road.rewrite("on-open")
    digest = road.build(INVENTORY, "1.1.3")
    world.declare("dev", "1.1.3")

    # e2e has no HelmRelease yet.
    promoted = world.json("promote", INVENTORY, "--to", "e2e")
    assert promoted["mergeRequest"] == f"{DEV}!1"
    assert world.json("promote", INVENTORY, "--to", "e2e")["mergeRequest"] == f"{DEV}!1"
    delivered(world, f"{DEV}!1")
    assert road.digest("e2e", INVENTORY, "1.1.3-rc1") == digest
    # Of the two images only the service's moved, and the marker of dev's lane stayed behind.
    expected = helm_release("dev", "1.1.3").replace(b' # {"$imagepolicy": "flux-system:inventory:tag"}', b"")
    expected = expected.replace(HOSTS["dev"].encode(), HOSTS["e2e"].encode()).replace(b"tag: 1.1.3", b"tag: 1.1.3-rc1")
    assert world.read(DEV, file_of("e2e")) == expected

    # staging: other people approve, and only what they saw.
    staging = world.json("promote", INVENTORY, "--to", "staging")["mergeRequest"]
    assert "needs 1 approval" in waits(world, staging)
    approve(world, staging, "bob")
    assert "bob's does not count: not in group:platform/staging-approvers" in waits(world, staging)
    approve(world, staging, "sam")
    branch = f"tidegate/{INVENTORY}/to-staging"
    seen = world.read(STAGING, file_of("staging"), branch)
    world.commit(STAGING, {file_of("staging"): seen + b"# one line more\n"}, branch, "One line more")
    assert "sam's does not count: given before the last push" in waits(world, staging)
    approve(world, staging, "sam")
    delivered(world, staging)
    assert world.read(STAGING, file_of("staging")).endswith(b"# one line more\n")
    assert HOSTS["prd"].encode() in world.read(STAGING, file_of("staging"))

    assert road.platforms("staging", INVENTORY, "1.1.3") == {"linux/amd64": 2, "linux/arm64": 2}

    # production: two approvals, none of them the author's; nothing is copied.
    plan = world.json("plan", INVENTORY, "--to", "production")
    assert [step["kind"] for step in plan["steps"]] == ["commit-files", "open-merge-request"]
    production = world.json("promote", INVENTORY, "--to", "production")["mergeRequest"]
    approve(world, production, "dana", "ann")
    assert "dana's does not count: the author" in waits(world, production)
    approve(world, production, "bob")
    dry = world.tidegate("deliver", production, "--dry-run").out
    assert "verify-image" in dry
    assert "copy-image" not in dry
    delivered(world, production)

    assert {
        road.digest(environment, INVENTORY, tag)
        for environment, tag in (("dev", "1.1.3"), ("e2e", "1.1.3-rc1"), ("staging", "1.1.3"), ("production", "1.1.3"))
    } == {digest}
    cells = world.json("status", INVENTORY)["cells"]
    assert [(cell["environment"], cell["tag"], cell["digest"], cell["mergeRequest"]) for cell in cells] == [
        ("dev", "1.1.3", digest, None),
        ("e2e", "1.1.3-rc1", digest, f"{DEV}!1"),
        ("staging", "1.1.3", digest, staging),
        ("production", "1.1.3", digest, production),
    ]
    assert all(each["settled"] for each in world.json("why", INVENTORY)["explanations"])
    assert world.tidegate("deliver", "--all").out == ""


def trailers(world: RoadWorld, project: str) -> list[dict[str, str]]:
    """Return the trailers of what Tidegate brought to main, newest first, as plain git tells them."""
    told = world.log(project, "%x01%(trailers:only,unfold)", "--grep=^Tidegate-To:").split("\1")
    return [dict(line.split(": ", 1) for line in each.strip().splitlines()) for each in told if each.strip()]


def test_rewritten_on_approval(road: Road) -> None:
    world = road.rewrite("on-approval")
    first, second = road.build(ORDERS, "2.0.0"), road.build(ORDERS, "2.0.1")
    world.declare("dev", "2.0.0", ORDERS)
    by_hand = helm_release("staging", "1.9.0", ORDERS, replicas=5)
    world.commit(STAGING, {file_of("staging", ORDERS): by_hand})
    delivered(world, world.json("promote", ORDERS, "--to", "e2e")["mergeRequest"])

    # By hand: a plain copy of e2e's HelmRelease, committed with git and opened by its author.
    copy = world.read(DEV, file_of("e2e", ORDERS))
    assert image_of("e2e", "2.0.0-rc1", ORDERS).partition(":")[0].encode() in copy
    world.commit(STAGING, {file_of("staging", ORDERS): copy}, "orders-2.0", "Orders 2.0.0")
    opened = world.json("mr", "open", STAGING, "--branch", "orders-2.0", "--title", "Orders 2.0.0", "--as", "pat")
    (ref,) = [each["ref"] for each in opened["mergeRequests"]]
    assert "needs 1 approval" in waits(world, ref)
    approve(world, ref, "sam")
    delivered(road.with_helper(), ref)
    assert (world.folder / "home" / "asked").read_text() == road.registries["prd"].host
    assert road.digest("staging", ORDERS, "2.0.0") == first == road.digest("e2e", ORDERS, "2.0.0-rc1")
    now = world.read(STAGING, file_of("staging", ORDERS))
    assert now == copy.replace(HOSTS["e2e"].encode(), HOSTS["prd"].encode()).replace(b"2.0.0-rc1", b"2.0.0")

    # By promote: the release is carried, and staging keeps what is its own.
    world.commit(STAGING, {file_of("staging", ORDERS): helm_release("staging", "2.0.0", ORDERS, replicas=5)})
    source = helm_release("dev", "2.0.1", ORDERS, replicas=2).replace(b"interval: 5m", b"interval: 7m")
    world.commit(DEV, {file_of("dev", ORDERS): source})
    delivered(world, world.json("promote", ORDERS, "--to", "e2e")["mergeRequest"])
    ref = world.json("promote", ORDERS, "--to", "staging")["mergeRequest"]
    approve(world, ref, "ann")
    delivered(world, ref)
    assert road.digest("staging", ORDERS, "2.0.1") == second
    kept = helm_release("staging", "2.0.1", ORDERS, replicas=5).replace(b"interval: 5m", b"interval: 7m")
    now = world.read(STAGING, file_of("staging", ORDERS))
    assert yaml.safe_load(now) == yaml.safe_load(kept)
    assert b"replicaCount: 5 # by hand" in now

    # History is read back from git alone.
    brought = [each for each in trailers(world, STAGING) if each["Tidegate-Service"] == ORDERS]
    assert [each["Tidegate-Version"] for each in brought] == ["2.0.1", "2.0.0"]
    head = git("rev-parse", "--short=12", "main^2^", cwd=world.repository(STAGING))
    assert brought[0] == {
        "Tidegate-Service": ORDERS,
        "Tidegate-From": "e2e",
        "Tidegate-To": "staging",
        "Tidegate-Version": "2.0.1",
        "Tidegate-Digest": second,
        "Tidegate-Merge-Request": ref,
        "Tidegate-Approved-By": f"ann at {head}",
    }


def test_a_mirror_of_the_repositories_is_a_backup_of_everything(tmp_path: Path) -> None:
    world = world_with_release(tmp_path / "world", until="e2e")
    world.tidegate("promote", INVENTORY, "--to", "staging")
    approve(world, f"{STAGING}!1", "sam")
    delivered(world, f"{STAGING}!1")
    world.tidegate("promote", INVENTORY, "--to", "production")
    approve(world, f"{PRODUCTION}!1", "bob")

    backup = RoadWorld(tmp_path / "backup")
    (backup.folder / "home").mkdir(parents=True)
    backup.configure(Settings())
    for project in PROJECTS:
        git(
            "clone",
            "--quiet",
            "--mirror",
            str(world.repository(project)),
            str(backup.repository(project)),
            cwd=tmp_path,
        )
    shutil.copytree(world.folder / "registries", backup.folder / "registries")
    for command in (
        ("mr", "list", "--state", "all"),
        ("mr", "show", f"{STAGING}!1"),
        ("mr", "show", f"{PRODUCTION}!1"),
        ("status",),
        ("why", INVENTORY),
    ):
        assert backup.json(*command) == world.json(*command), command
    # Life goes on where it was.
    assert "needs 1 more approval" in waits(backup, f"{PRODUCTION}!1")
    approve(backup, f"{PRODUCTION}!1", "ann")
    delivered(backup, f"{PRODUCTION}!1")
