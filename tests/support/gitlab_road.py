"""The road on a GitLab, whichever it is: set up and looked at through python-gitlab, and done by Tidegate.

Nothing in here knows whether the GitLab is the fake one or a real one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final, Protocol

import gitlab
from gitlab.exceptions import GitlabGetError, GitlabMRApprovalError

from support.cli import Ended
from support.road_texts import HOSTS, file_of, helm_release, image_policy
from support.road_world import RoadWorld

VERSION: Final = "1.1.4"
CANDIDATE: Final = f"{VERSION}-rc1"
TAGS: Final = {"dev": VERSION, "e2e": CANDIDATE, "staging": VERSION, "production": VERSION}
PROJECTS: Final = {"dev": "gitops", "e2e": "gitops-e2e", "staging": "gitops-staging", "production": "gitops-production"}
APPLICATION: Final = "inventory"
TEAMS: Final = {"testers": ("sam",), "staging-approvers": ("sam",), "sre": ("ann", "bob")}
"""Groups of approvers, and who is in them."""
PEOPLE: Final = ("sam", "ann", "bob")
_DEVELOPER: Final = 30
_CONFIG: Final = """\
version: 1
forge: {{type: gitlab, url: "{url}"}}
registries:
  dev: {{host: {dev}, endpoint: "{dev_endpoint}"}}
  e2e: {{host: {e2e}, endpoint: "{e2e_endpoint}"}}
  prd: {{host: {prd}, endpoint: "{prd_endpoint}"}}
environments:
  dev: {{registry: dev, repo: {home}/gitops, path: "clusters/dev/{{service}}", deploy: auto}}
  e2e:
    from: dev
    registry: e2e
    repo: {home}/gitops-e2e
    path: "clusters/e2e/{{service}}"
    tag: "{{version}}-rc{{n}}"
    approvals: {{count: 1, from: ["group:{teams}/testers"]}}
  staging:
    from: e2e
    registry: prd
    repo: {home}/gitops-staging
    path: "apps/{{service}}"
    rewrite: {rewrite}
    approvals: {{count: 1, from: ["group:{teams}/staging-approvers"]}}
  production:
    from: staging
    registry: prd
    repo: {home}/gitops-production
    path: "apps/{{service}}"
    approvals: {{count: 2, from: ["group:{teams}/sre"], not_author: true}}
services:
  inventory: {{image: inventory, source: {home}/inventory}}
"""


class Images(Protocol):
    """Where images are, as somebody sees it who does not use Tidegate."""

    @property
    def endpoints(self) -> Mapping[str, str]:
        """Registry account → endpoint."""
        ...

    def build(self, version: str) -> str:
        """Have an image built and pushed to the dev account; return its digest."""
        ...

    def digest(self, environment: str, tag: str) -> str:
        """Return the digest that an environment's account holds under a tag."""
        ...


@dataclass(frozen=True)
class Site:
    """A GitLab with the projects and groups of the road.

    Args:
        url: its address.
        owner: the client of who owns everything.
        people: the clients of those in PEOPLE.
        home: path of the group that the projects are in.
        teams: path of the group that the approvers' groups are in.
    """

    url: str
    owner: gitlab.Gitlab
    people: Mapping[str, gitlab.Gitlab]
    home: str
    teams: str

    @classmethod
    def prepare(cls, owner: gitlab.Gitlab, people: Mapping[str, gitlab.Gitlab], name: str, within: str = "") -> Site:
        """Make a group `name` with everything in it, at the top or within a group that is there already."""
        parent = {"parent_id": owner.groups.get(within).id} if within else {}
        top = owner.groups.create({"name": name, "path": name, **parent})
        home = owner.groups.create({"name": "apps", "path": "apps", "parent_id": top.id})
        teams = owner.groups.create({"name": "teams", "path": "teams", "parent_id": top.id})
        numbers = {who: cls._number(client) for who, client in people.items()}
        for number in numbers.values():
            home.members.create({"user_id": number, "access_level": _DEVELOPER})
        for team, members in TEAMS.items():
            made = owner.groups.create({"name": team, "path": team, "parent_id": teams.id})
            for who in members:
                made.members.create({"user_id": numbers[who], "access_level": _DEVELOPER})
        for project in (*PROJECTS.values(), APPLICATION):
            wanted = {"name": project, "namespace_id": home.id, "default_branch": "main"}
            owner.projects.create({**wanted, "initialize_with_readme": True})
        path = f"{within}/{name}".strip("/")
        return cls(owner.url, owner, people, f"{path}/apps", f"{path}/teams")

    @staticmethod
    def _number(client: gitlab.Gitlab) -> int:
        client.auth()
        assert client.user is not None
        return int(client.user.id)

    def remove(self) -> None:
        """Delete everything."""
        self.owner.groups.delete(self.home.removesuffix("/apps"))


@dataclass(frozen=True)
class GitLabRoad:
    """The road on a site.

    Args:
        site: the GitLab.
        world: where `tidegate` is run.
        images: where images are.
        promote: how a promotion to an environment is run.
        deliver: how everything that is ready is delivered.
    """

    site: Site
    world: RoadWorld
    images: Images
    promote: Callable[[str], object]
    deliver: Callable[[], object]

    def configure(self, rewrite: str) -> None:
        """Write tidegate.yaml."""
        endpoints = {f"{account}_endpoint": endpoint for account, endpoint in self.images.endpoints.items()}
        site = {"url": self.site.url, "home": self.site.home, "teams": self.site.teams}
        self.world.configure(_CONFIG.format(**HOSTS, **endpoints, **site, rewrite=rewrite))

    def project(self, environment: str, who: str = "") -> Any:  # noqa: ANN401 - python-gitlab's own object
        """Return an environment's project as a person sees it; "": the owner."""
        client = self.site.people[who] if who else self.site.owner
        return client.projects.get(f"{self.site.home}/{PROJECTS[environment]}")

    def commit(self, environment: str, files: Mapping[str, bytes], branch: str = "main", who: str = "") -> str:
        """Commit through the API, as people do in the web page; a new branch starts at main."""
        project = self.project(environment, who)
        actions = []
        for path, data in files.items():
            there = self._there(project, path, branch)
            actions.append({"action": "update" if there else "create", "file_path": path, "content": data.decode()})
        names = {one.name for one in project.branches.list(get_all=True)}
        start = {} if branch in names else {"start_branch": "main"}
        made = project.commits.create({"branch": branch, "commit_message": "By hand", "actions": actions, **start})
        return str(made.id)

    @staticmethod
    def _there(project: Any, path: str, branch: str) -> bool:  # noqa: ANN401 - likewise
        for ref in (branch, "main"):
            with suppress(GitlabGetError):
                project.branches.get(ref)
                with suppress(GitlabGetError):
                    project.files.get(path, ref=ref)
                    return True
                return False
        return False

    def read(self, environment: str, ref: str = "main") -> bytes:
        """Return an environment's HelmRelease."""
        content: bytes = self.project(environment).files.get(file_of(environment), ref=ref).decode()
        return content

    def declare_dev(self, version: str) -> None:
        """Let dev have a version, as Flux writes it."""
        files = {file_of("dev"): helm_release("dev", version), "clusters/dev/inventory/policy.yaml": image_policy()}
        self.commit("dev", files)

    def opened(self, environment: str) -> Any:  # noqa: ANN401 - likewise
        """Return the one open merge request of an environment."""
        (found,) = self.project(environment).mergerequests.list(state="opened", get_all=True)
        return found

    def ref(self, environment: str) -> str:
        """Return it as Tidegate names it."""
        return f"{self.site.home}/{PROJECTS[environment]}!{self.opened(environment).iid}"

    def approve(self, environment: str, *people: str) -> None:
        """Let people approve what they see."""
        iid = self.opened(environment).iid
        for who in people:
            found = self.project(environment, who).mergerequests.get(iid)
            found.approve(found.sha)

    def waits(self, environment: str) -> str:
        """Assert that the merge request is not delivered, and return why."""
        (delivery,) = self.world.json("deliver", self.ref(environment), expect=11)["deliveries"]
        assert delivery["outcome"] == "waits"
        assert self.opened(environment).state == "opened"
        (reason,) = [each for each in delivery["verdict"]["reasons"] if each["answer"] != "go"]
        assert reason["gate"] == "approvals"
        return str(reason["text"])

    def two_runners(self) -> tuple[Ended, Ended]:
        """Run `deliver --all` twice at the same moment, each with a cache of its own."""

        def run(number: int) -> Ended:
            cache = {"TIDEGATE_CACHE": str(self.world.folder / f"cache-{number}")}
            return self.world.tidegate("deliver", "--all", expect=None, **cache)

        with ThreadPoolExecutor(2) as pool:
            first, second = pool.map(run, (1, 2))
        return first, second

    def has(self, environment: str, digest: str) -> None:
        """Assert that an environment names the release, and that its registry holds the very digest."""
        manifest, tag = self.read(environment), TAGS[environment]
        assert f"tag: {tag}\n".encode() in manifest or f'tag: "{tag}"\n'.encode() in manifest
        assert self.images.digest(environment, tag) == digest


def to_e2e(road: GitLabRoad, digest: str) -> None:
    """dev → e2e: a tester approves."""
    road.promote("e2e")
    assert "needs 1 approval" in road.waits("e2e")
    road.approve("e2e", "sam")
    road.deliver()
    road.has("e2e", digest)


def to_staging(road: GitLabRoad, digest: str) -> None:
    """e2e → staging: a non-member's approval, a push after an approval, two runners at once."""
    road.promote("staging")
    road.promote("staging")
    assert "needs 1 approval" in road.waits("staging")
    road.approve("staging", "bob")
    assert "bob's does not count: not in group:" in _named(road, road.waits("staging"))
    road.approve("staging", "sam")
    branch = road.opened("staging").source_branch
    more = road.read("staging", branch) + b"# one line more\n"
    road.commit("staging", {file_of("staging"): more}, branch, "ann")
    assert "sam's does not count: given before the last push" in _named(road, road.waits("staging"))
    seen = road.project("staging", "sam").mergerequests.get(road.opened("staging").iid)
    with suppress(GitlabMRApprovalError):  # where a push has reset approvals there is none to take back
        seen.unapprove()
    road.approve("staging", "sam")
    ended = road.two_runners()
    assert [each.code for each in ended] == [0, 0], [each.out + each.err for each in ended]
    road.has("staging", digest)
    assert road.read("staging").endswith(b"# one line more\n")
    merged = road.project("staging").mergerequests.list(state="merged", get_all=True)
    assert len(merged) == 1


def to_staging_by_hand(road: GitLabRoad, digest: str) -> None:
    """e2e → staging: somebody has copied e2e's HelmRelease in the web page; the delivery rewrites it."""
    copy = road.read("e2e")
    road.commit("staging", {file_of("staging"): copy}, "inventory-next", "ann")
    project = road.project("staging", "ann")
    wanted = {"source_branch": "inventory-next", "target_branch": "main", "title": "Inventory, next"}
    made = project.mergerequests.create(wanted)
    assert "needs 1 approval" in road.waits("staging")
    road.approve("staging", "bob")
    assert "bob's does not count: not in group:" in _named(road, road.waits("staging"))
    road.approve("staging", "sam")
    road.deliver()
    road.has("staging", digest)
    assert road.read("staging") == copy.replace(HOSTS["e2e"].encode(), HOSTS["prd"].encode()).replace(
        CANDIDATE.encode(), VERSION.encode()
    )
    merged = road.project("staging").mergerequests.get(made.iid)
    assert merged.state == "merged"
    text = road.project("staging").commits.get(merged.merge_commit_sha).message
    assert f"Tidegate-Approved-By: {_login(road, 'sam')} at {made.sha[:12]}" in text


def to_production(road: GitLabRoad, digest: str) -> None:
    """staging → production: two approvals of another group; nothing is copied."""
    road.promote("production")
    road.approve("production", "sam", "ann")
    assert "needs 1 more approval" in road.waits("production")
    road.approve("production", "bob")
    dry = road.world.tidegate("deliver", road.ref("production"), "--dry-run").out
    assert "verify-image" in dry
    assert "copy-image" not in dry
    road.deliver()
    road.has("production", digest)


def arrived(road: GitLabRoad, digest: str) -> None:
    """Assert that every environment has the same digest, and that there is nothing left to do."""
    assert {road.images.digest(environment, tag) for environment, tag in TAGS.items()} == {digest}
    cells = road.world.json("status", "inventory")["cells"]
    assert [(cell["environment"], cell["digest"]) for cell in cells] == [(name, digest) for name in TAGS]
    assert road.world.tidegate("deliver", "--all").out == ""


def _login(road: GitLabRoad, who: str) -> str:
    user = road.site.people[who].user
    assert user is not None
    return str(user.username)


def _named(road: GitLabRoad, text: str) -> str:
    """Return a text with people called as here, whatever their user names are."""
    for who in PEOPLE:
        text = text.replace(f"{_login(road, who)}'s", f"{who}'s")
    return text
