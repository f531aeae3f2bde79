"""The road's world on a fake GitLab: three GitOps projects and an application's, inventory 1.1.3 in dev."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from support.git_worlds import TickingClock, bare_repository, commit_files, git
from support.gitlab_openapi import strangers
from support.gitlab_pipelines import PipelineCheckout
from support.road_texts import PROJECTS, Settings
from support.road_world import RoadWorld, world_with_release
from tidegate.forge.gitlab.forge import GitLabForge
from tidegate.forge.gitlab.tokens import Tokens
from tidegate.http import Client
from tidegate.testing.clock import FakeClock
from tidegate.testing.gitlab import FakeGitLab, serve

APPLICATION: Final = "platform/inventory"
_SERVICES: Final = f"  inventory: {{image: inventory, source: {APPLICATION}}}"
_LOCAL_FORGE: Final = """\
  type: local
  path: ./forge
  groups: {platform/staging-approvers: [sam, ann], platform/sre: [ann, bob, dana]}
"""


@dataclass
class Stand:
    """A world on a GitLab, with checkouts as runners make them."""

    world: RoadWorld
    gitlab: FakeGitLab

    def checkout(self, project: str) -> PipelineCheckout:
        """Return a new checkout of a project."""
        token = self.gitlab.token("runner")
        url = f"{self.gitlab.url.replace('//', f'//oauth2:{token}@')}/{project}.git"
        environ = {name: value for name, value in self.world.environ.items() if name != "PATH"}
        environ["TIDEGATE_CONFIG"] = str(self.world.folder / "tidegate.yaml")
        return PipelineCheckout.clone(url, self.world.folder / "builds" / project, environ)

    def merge_requests(self) -> list[Any]:
        """Return what `mr list` tells of the open merge requests."""
        requests: list[Any] = self.world.json("mr", "list")["mergeRequests"]
        return requests

    def approve(self, project: str, user: str, iid: int = 1) -> None:
        """Approve as a person does: with their own token."""
        with Client("person") as http:
            tokens = Tokens({"GITLAB_TOKEN": self.gitlab.token(user)})
            GitLabForge(self.gitlab.url, tokens, http, FakeClock()).approve(project, iid, user=user)


@contextmanager
def gitlab_stand(folder: Path, *, until: str = "dev", rewrite: str = "on-open", checks: int = 0) -> Iterator[Stand]:
    """Serve a GitLab with the road's world below `folder`, inventory 1.1.3 having come as far as `until`."""
    settings = Settings(services=_SERVICES, rewrite=rewrite)
    world = world_with_release(folder, settings, until=until)
    application = bare_repository(folder / "forge", APPLICATION, {"main.go": b"package main\n"})
    git("tag", "1.1.3", "main", cwd=application)
    commit_files(application, "main", {"main.go": b"package main // more\n"})
    gitlab = FakeGitLab(folder / "forge", TickingClock(), checks=checks)
    for project in (*PROJECTS, APPLICATION):
        gitlab.project(project)
    gitlab.group("platform/staging-approvers", "sam")
    gitlab.group("platform/sre", "ann", "bob")
    gitlab.user("promoter", bot=True)
    with serve(gitlab) as url:
        assert _LOCAL_FORGE in settings.text
        world.configure(settings.text.replace(_LOCAL_FORGE, f"  type: gitlab\n  url: {url}\n"))
        world.variables |= {"GITLAB_TOKEN": gitlab.token("promoter")}
        yield Stand(world, gitlab)
    odd = strangers(gitlab)
    assert not odd, odd
