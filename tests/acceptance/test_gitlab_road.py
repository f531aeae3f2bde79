"""The whole road on GitLab: five projects, three groups of approvers, three real registries, the components' jobs."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

import gitlab
import pytest

from support.docker_registry import PASSWORD, USERNAME, DockerRegistry
from support.git_worlds import TickingClock, git
from support.gitlab_openapi import strangers
from support.gitlab_pipelines import ROOT, SCHEDULE, included
from support.gitlab_road import (
    APPLICATION,
    PEOPLE,
    VERSION,
    GitLabRoad,
    Site,
    arrived,
    to_e2e,
    to_production,
    to_staging,
    to_staging_by_hand,
)
from support.gitlab_stand import Stand
from support.road_texts import ACCOUNT_OF
from support.road_world import RoadWorld
from tidegate.registry.layout.registry import LayoutRegistry
from tidegate.testing.gitlab import FakeGitLab, Fault, serve
from tidegate.testing.images import build_index

MERGE = "/projects/{id}/merge_requests/{merge_request_iid}/merge"
FLUX = """\
import os, sys
from pathlib import Path
sys.path[:0] = [{tests!r}]
from support.git_worlds import commit_files
from support.road_texts import file_of, helm_release, image_policy
version = os.environ["TIDEGATE_VERSION"]
files = {{file_of("dev"): helm_release("dev", version), "clusters/dev/inventory/policy.yaml": image_policy()}}
commit_files(Path({repository!r}), "main", files)
"""


class RealImages:
    """Three docker-registry processes, two of which want a password; read back with skopeo."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.layout = folder / "built"
        self.registries = {
            account: stack.enter_context(DockerRegistry(folder / account, auth=account != "dev"))
            for account in ("dev", "e2e", "prd")
        }

    @property
    def endpoints(self) -> Mapping[str, str]:
        return {account: registry.url for account, registry in self.registries.items()}

    def build(self, version: str) -> str:
        image = build_index(f"inventory {version}", layers=2, layer_bytes=100_000)
        image.push(LayoutRegistry(self.layout), "inventory", version)
        return str(image.digest)

    def push_command(self) -> str:
        """Return what a build's job runs: the image is there, and gets its version."""
        target = f"docker://{self.registries['dev'].host}/inventory:$TIDEGATE_VERSION"
        return f"skopeo copy --quiet --all --dest-tls-verify=false oci:{self.layout}/inventory:{VERSION} {target}"

    def digest(self, environment: str, tag: str) -> str:
        registry = self.registries[ACCOUNT_OF[environment]]
        login = ["--creds", f"{USERNAME}:{PASSWORD}"] if registry.auth else []
        place = f"docker://{registry.host}/inventory:{tag}"
        words = ["skopeo", "inspect", "--tls-verify=false", *login, "--format", "{{.Digest}}", place]
        return subprocess.run(words, capture_output=True, text=True, check=True).stdout.strip()


class Works:
    """The site on the fake, and the pipelines of its projects."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.fake = FakeGitLab(folder / "world" / "forge", TickingClock(), checks=2)
        stack.enter_context(serve(self.fake))
        self.images = RealImages(folder, stack)
        self.world = RoadWorld(folder / "world")
        (self.world.folder / "home").mkdir(parents=True)
        self.fake.user("promoter", bot=True)
        self.world.variables |= {
            "GITLAB_TOKEN": self.fake.token("promoter"),
            **{f"TIDEGATE_REGISTRY_{name}_USERNAME": USERNAME for name in ("E2E", "PRD")},
            **{f"TIDEGATE_REGISTRY_{name}_PASSWORD": PASSWORD for name in ("E2E", "PRD")},
        }
        clients = {name: self._client(name, stack) for name in ("owner", *PEOPLE)}
        self.site = Site.prepare(clients.pop("owner"), clients, "shop")
        self.stand = Stand(self.world, self.fake)
        self.road = GitLabRoad(self.site, self.world, self.images, self.promote, self.deliver)

    def _client(self, name: str, stack: ExitStack) -> gitlab.Gitlab:
        return stack.enter_context(gitlab.Gitlab(self.fake.url, private_token=self.fake.token(name)))

    def build(self) -> str:
        """Run the application's pipeline: a version is claimed, the image pushed, the merge request for e2e opened."""
        digest = self.images.build(VERSION)
        git("tag", "1.1.3", "main", cwd=self.world.repository(f"{self.site.home}/{APPLICATION}"))
        self.road.project("dev")  # it is there
        application = self.site.owner.projects.get(f"{self.site.home}/{APPLICATION}")
        action = {"action": "create", "file_path": "main.go", "content": "package main\n"}
        application.commits.create({"branch": "main", "commit_message": "More", "actions": [action]})
        script = self.world.folder / "flux.py"
        repository = str(self.world.repository(f"{self.site.home}/gitops"))
        script.write_text(FLUX.format(tests=str(ROOT / "tests"), repository=repository))
        self.pipeline = self.stand.checkout(f"{self.site.home}/{APPLICATION}")
        self.pipeline.configure(
            {
                "include": [
                    included("version", service="inventory"),
                    included("promote", service="inventory", timeout="30s"),
                ],
                "build": {
                    "stage": "build",
                    "rules": [{"if": "$CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH"}],
                    "script": [self.images.push_command(), f"{sys.executable} {script}"],
                },
            }
        )
        return digest

    def promote(self, environment: str) -> None:
        """To e2e by the application's pipeline; later by whoever is responsible, at their machine."""
        if environment != "e2e":
            self.world.tidegate("promote", "inventory", "--to", environment)
            return
        ended = self.pipeline.run()
        assert ended.code == 0, ended.out + ended.err

    def deliver(self) -> None:
        """Run the scheduled pipeline. A merge's answer is lost on the way: it is found, not asked for again."""
        if not hasattr(self, "schedule"):
            self.schedule = self.stand.checkout(f"{self.site.home}/gitops")
            self.schedule.configure({"include": [included("deliver")]})
        self.fake.faults.append(Fault("PUT", MERGE, None, done=True))
        ended = self.schedule.run(variables=SCHEDULE)
        assert ended.code == 0, ended.out + ended.err


@pytest.fixture
def works(tmp_path: Path) -> Iterator[Works]:
    with ExitStack() as stack:
        works = Works(tmp_path, stack)
        yield works
        odd = strangers(works.fake)
        assert not odd, odd


@pytest.mark.parametrize("rewrite", ["on-open", "on-approval"])
def test_the_whole_road(works: Works, rewrite: str) -> None:
    road = works.road
    road.configure(rewrite)
    digest = works.build()
    to_e2e(road, digest)
    if rewrite == "on-open":
        to_staging(road, digest)
    else:
        to_staging_by_hand(road, digest)
    to_production(road, digest)
    arrived(road, digest)
    listed = json.loads(road.world.tidegate("mr", "list", "--state", "merged", "-o", "json").out)
    assert len(listed["mergeRequests"]) == 3
    assert "\npipeline success: " in road.world.tidegate("mr", "show", listed["mergeRequests"][-1]["ref"]).out
