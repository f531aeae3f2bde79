"""The road on GitLab: three projects, two groups of approvers, two tokens, through the command line."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from support.git_worlds import TickingClock, git
from support.road_texts import ACCOUNT_OF, DEV, HOSTS, PRODUCTION, PROJECT_OF, PROJECTS, STAGING, Settings, file_of
from support.road_world import RoadWorld, world_with_release
from tidegate.forge.gitlab.forge import GitLabForge
from tidegate.forge.gitlab.tokens import Tokens
from tidegate.http import Client
from tidegate.testing.clock import FakeClock
from tidegate.testing.gitlab import FakeGitLab, Fault, serve

_LOCAL = """\
  type: local
  path: ./forge
  groups: {platform/staging-approvers: [sam, ann], platform/sre: [ann, bob, dana]}
"""


@dataclass
class GitLabRoad:
    """The road's world with a GitLab in place of the local forge."""

    world: RoadWorld
    gitlab: FakeGitLab

    def declared(self, environment: str) -> tuple[str, str]:
        """Return tag and registry that an environment's main branch names."""
        document = yaml.safe_load(self.world.read(PROJECT_OF[environment], file_of(environment)))
        image = document["spec"]["values"]["image"]
        return image["tag"].partition("@")[0], image["repository"].partition("/")[0]

    def approve(self, project: str, user: str, iid: int = 1) -> None:
        """Approve as a person does: with their own token."""
        with Client("person") as http:
            tokens = Tokens({"GITLAB_TOKEN": self.gitlab.token(user)})
            GitLabForge(self.gitlab.url, tokens, http, FakeClock()).approve(project, iid, user=user)


@pytest.fixture(params=["on-open", "on-approval"])
def road(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[GitLabRoad]:
    world = world_with_release(tmp_path / "world", Settings(rewrite=request.param))
    gitlab = FakeGitLab(world.folder / "forge", TickingClock(), checks=2)
    for project in PROJECTS:
        gitlab.project(project)
    gitlab.group("platform")
    gitlab.group("platform/staging-approvers", "sam")
    gitlab.group("platform/sre", "ann", "bob")
    for bot in ("promoter", "staging_bot"):
        gitlab.user(bot, bot=True)
    gitlab.project(STAGING).protect("main", mergers={"staging_bot"})
    with serve(gitlab) as url:
        text = Settings(rewrite=request.param).text
        forge = f"  type: gitlab\n  url: {url}\n  tokens: {{{STAGING}: STAGING_TOKEN}}\n"
        assert _LOCAL in text
        world.configure(text.replace(_LOCAL, forge))
        world.variables |= {"GITLAB_TOKEN": gitlab.token("promoter"), "STAGING_TOKEN": gitlab.token("staging_bot")}
        yield GitLabRoad(world, gitlab)


def test_the_road_on_gitlab(road: GitLabRoad) -> None:
    world = road.world
    world.tidegate("promote", "inventory", "--to", "e2e")
    world.tidegate("deliver", f"{DEV}!1")
    assert road.declared("e2e") == ("1.1.3-rc1", HOSTS[ACCOUNT_OF["e2e"]])

    world.tidegate("promote", "inventory", "--to", "staging")
    waiting = world.tidegate("deliver", f"{STAGING}!1", expect=None)
    assert waiting.code == 11
    assert "needs 1 approval from group:platform/staging-approvers" in waiting.out + waiting.err
    road.approve(STAGING, "bob")
    refused = world.tidegate("deliver", f"{STAGING}!1", expect=11)
    assert "bob's does not count: not in group:platform/staging-approvers" in refused.out + refused.err
    road.approve(STAGING, "sam")
    world.tidegate("deliver", f"{STAGING}!1")
    assert road.declared("staging") == ("1.1.3", HOSTS[ACCOUNT_OF["staging"]])
    assert "Tidegate-Approved-By: sam" in git("log", "--all", "--format=%B", cwd=world.repository(STAGING))

    world.tidegate("promote", "inventory", "--to", "production")
    road.approve(PRODUCTION, "ann")
    road.approve(PRODUCTION, "bob")
    # The merge is done and its answer is lost: it is found, not repeated.
    merge = "/projects/{id}/merge_requests/{merge_request_iid}/merge"
    road.gitlab.faults.append(Fault("PUT", merge, None, done=True))
    world.tidegate("deliver", f"{PRODUCTION}!1")
    assert road.declared("production") == ("1.1.3", HOSTS[ACCOUNT_OF["production"]])
    assert world.tidegate("deliver", "--all").code == 0
    listed = world.json("mr", "list", "--state", "merged")
    assert len(listed["mergeRequests"]) == 3
