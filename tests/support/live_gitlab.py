"""A real GitLab, named by environment variables. What is made on it is in one group, and is deleted again."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

import gitlab

from support.gitlab_road import PEOPLE, GitLabRoad, Site
from support.road_texts import ACCOUNT_OF
from support.road_world import RoadWorld, release_image

URL: Final = "TIDEGATE_LIVE_GITLAB_URL"
TOKEN: Final = "TIDEGATE_LIVE_GITLAB_TOKEN"
"""Of who owns the projects and runs Tidegate: scope `api`, allowed to make groups."""
APPROVERS: Final = "TIDEGATE_LIVE_GITLAB_APPROVER_TOKENS"
"""Of three other users, scope `api`, with commas between them."""
GROUP: Final = "TIDEGATE_LIVE_GITLAB_GROUP"
"""Path of a group in which everything is made; left out: at the top."""


class LayoutImages:
    """Images in image-layout folders of the world: a live GitLab is what is tested, no registry."""

    def __init__(self, world: RoadWorld) -> None:
        self._world = world

    @property
    def endpoints(self) -> Mapping[str, str]:
        return {account: f"oci-layout:./registries/{account}" for account in ACCOUNT_OF.values()}

    def build(self, version: str) -> str:
        image = release_image(f"inventory {version}")
        self._world.push_image("dev", version, image)
        return str(image.digest)

    def digest(self, environment: str, tag: str) -> str:
        return str(self._world.layout(ACCOUNT_OF[environment]).resolve("inventory", tag).digest)


@contextmanager
def live_road(folder: Path) -> Iterator[GitLabRoad]:
    """Make the projects of the road on the GitLab that the environment names, and delete them at the end."""
    url, token = os.environ[URL], os.environ[TOKEN]
    given = [one.strip() for one in os.environ.get(APPROVERS, "").split(",") if one.strip()]
    assert len(given) == len(PEOPLE), f"{APPROVERS} must have the tokens of {len(PEOPLE)} users, with commas"
    world = RoadWorld.empty(folder)
    world.variables |= {"GITLAB_TOKEN": token}
    with ExitStack() as stack:
        owner, *others = (stack.enter_context(gitlab.Gitlab(url, private_token=one)) for one in (token, *given))
        name = f"tidegate-test-{secrets.token_hex(4)}"
        site = Site.prepare(owner, dict(zip(PEOPLE, others, strict=True)), name, os.environ.get(GROUP, ""))
        stack.callback(site.remove)

        def promote(environment: str) -> None:
            world.tidegate("promote", "inventory", "--to", environment)

        def deliver() -> None:
            world.tidegate("deliver", "--all")

        yield GitLabRoad(site, world, LayoutImages(world), promote, deliver)
