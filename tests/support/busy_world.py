"""A road's world in which many merge requests to staging are open."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from support.cli import tidegate
from support.road_texts import DEV, STAGING, Settings, file_of, helm_release
from support.road_world import RoadWorld, release_image

PROOF = {"X-Gitlab-Token": "hook-t0ken", "X-Gitlab-Event": "Merge Request Hook"}
_HOOKS = "server: {webhooks: {gitlab_token_env: HOOK_TOKEN}}\n"


def busy_world(folder: Path, services: int) -> RoadWorld:
    """Return a world of so many services, `app00` and so on, each with an open merge request to staging."""
    names = names_of(services)
    settings = Settings(services="\n".join(f"  {name}: {{image: {name}}}" for name in names))
    world = RoadWorld.make(folder)
    world.configure(settings.text + _HOOKS)
    world.variables["HOOK_TOKEN"] = PROOF["X-Gitlab-Token"]
    files: dict[str, bytes | None] = {}
    for name in names:
        image = release_image(f"{name} 1.1.3")
        world.push_image("dev", "1.1.3", image, name)
        world.push_image("e2e", "1.1.3-rc1", image, name)
        files[file_of("dev", name)] = helm_release("dev", "1.1.3", name)
        files[file_of("e2e", name)] = helm_release("e2e", "1.1.3-rc1", name)
    world.commit(DEV, files)
    for name in names:
        _call(world, "promote", name, "--to", "staging")
    return world


def approve(world: RoadWorld, numbers: Iterable[int]) -> None:
    """Approve merge requests; that of `app00` is number 1."""
    for number in numbers:
        _call(world, "mr", "approve", f"{STAGING}!{number}", "--as", "sam")


def approval(number: int) -> dict[str, object]:
    """Return GitLab's event of an approval."""
    return {
        "object_kind": "merge_request",
        "project": {"path_with_namespace": STAGING},
        "object_attributes": {"iid": number, "action": "approved"},
    }


def names_of(services: int) -> list[str]:
    """Return the services' names."""
    return [f"app{number:02}" for number in range(services)]


def undelivered(world: RoadWorld, services: int) -> list[str]:
    """Return the services that staging's main branch does not have."""
    there = set(re.findall(r"apps/(app\d\d)/", world.log(STAGING, "", "--name-only", "--diff-merges=first-parent")))
    return [name for name in names_of(services) if name not in there]


def assert_delivered_once(world: RoadWorld, services: int) -> None:
    """Each merge request has brought one commit, and one tag with the image's own digest."""
    log = world.log(STAGING, "", "--name-only", "--diff-merges=first-parent")
    assert Counter(re.findall(r"apps/(app\d\d)/", log)) == dict.fromkeys(names_of(services), 1)
    for name in names_of(services):
        registry = world.layout("prd")
        assert list(registry.tags(name)) == ["1.1.3"], name
        assert registry.manifest(name, "1.1.3").digest == release_image(f"{name} 1.1.3").digest


def _call(world: RoadWorld, *arguments: str) -> None:
    ended = tidegate("-C", world.folder, *arguments, environ=world.environ)
    assert ended.code == 0, ended.err
