"""The engine's world in memory: repositories, forge, registries, clock, and a pipeline of four environments."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Self

from support.raced_repos import RacedRepos
from tidegate.engine.deliver import Delivery, deliver_merge_request, planned_delivery
from tidegate.engine.plan import Plan
from tidegate.engine.promote import Promoted, planned_promotion, promote
from tidegate.engine.steps import Outcome, Step
from tidegate.engine.views.explanation import explain
from tidegate.engine.views.status import Cell, read_cell
from tidegate.engine.world import World
from tidegate.errors.release import SourceUnknown
from tidegate.model import (
    Answer,
    ApprovalRule,
    Carry,
    Deploy,
    Digest,
    Environment,
    Gates,
    ImageRef,
    MergeRequest,
    PathPattern,
    Pipeline,
    Reason,
    RegistryAccount,
    Rewrite,
    Service,
    TagPattern,
)
from tidegate.ports import Change, NewMergeRequest, VersionTags
from tidegate.ports.cluster import Cluster
from tidegate.testing.clock import START, FakeClock
from tidegate.testing.forge import FakeForge
from tidegate.testing.gitops import FakeRepos
from tidegate.testing.images_port import FakeImages
from tidegate.testing.remotes import FakeRemotes
from tidegate.testing.reports import FakeReports

DEV, E2E, PRD = (RegistryAccount(name, f"{name}.example") for name in ("dev", "e2e", "prd"))
GITOPS, STAGING, PRODUCTION = "platform/gitops", "platform/gitops-staging", "platform/gitops-production"
STAGING_FILE = "apps/inventory/release.yaml"
E2E_IMAGE, PRD_IMAGE = "e2e.example/team/inventory:1.1.3-rc1", "prd.example/team/inventory:1.1.3"
E2E_BRANCH, STAGING_BRANCH = "tidegate/inventory/to-e2e", "tidegate/inventory/to-staging"
GROUPS = {"platform/testers": ("stella", "steve"), "platform/sre": ("rita", "ralf", "alice")}

ENVIRONMENTS = (
    Environment(
        "dev", None, DEV, GITOPS, PathPattern("clusters/dev/{service}"), TagPattern("{version}"), deploy=Deploy.AUTO
    ),
    Environment("e2e", "dev", E2E, GITOPS, PathPattern("clusters/e2e/{service}"), TagPattern("{version}-rc{n}")),
    Environment(
        "staging",
        "e2e",
        PRD,
        STAGING,
        PathPattern("apps/{service}"),
        TagPattern("{version}"),
        approvals=ApprovalRule(1, ("group:platform/testers",)),
    ),
    Environment(
        "production",
        "staging",
        PRD,
        PRODUCTION,
        PathPattern("apps/{service}"),
        TagPattern("{version}"),
        approvals=ApprovalRule(2, ("group:platform/sre",), not_author=True),
        gates=Gates(timedelta(hours=24)),
    ),
)
INVENTORY = Service("inventory", "team/inventory")
BILLING = Service("billing", "team/billing")

MARKER = ' # {"$imagepolicy": "flux-system:inventory:tag"}'
POLICY = b"""\
apiVersion: image.toolkit.fluxcd.io/v1
kind: ImagePolicy
metadata: {name: inventory, namespace: flux-system}
spec:
  imageRepositoryRef: {name: inventory}
  policy:
    semver:
      range: 1.1.x
"""


def helm_release(image: str, *, service: str = "inventory", replicas: int = 1, marker: str = "") -> bytes:
    """Return a HelmRelease that names `image` (host/repository:tag), and an image of somebody else's beside it."""
    name, _, tag = image.rpartition(":")
    return f"""\
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata:
  name: {service}
spec:
  values:
    replicaCount: {replicas}
    image:
      repository: {name}
      tag: {tag}{marker}
    sidecar:
      image: ghcr.io/mesh/proxy:2.0.1
""".encode()


class Told:
    """Keeps what a run told; fulfils `Progress`."""

    def __init__(self) -> None:
        self.plans: list[Plan] = []
        self.outcomes: list[tuple[str, bool]] = []
        self.races: list[str] = []
        self.warnings: list[str] = []
        self.failures: list[str] = []

    def planned(self, plan: Plan) -> None:
        self.plans.append(plan)

    def began(self, step: Step) -> None:
        """A step that begins is told again when it ends."""

    def ended(self, step: Step, outcome: Outcome) -> None:
        self.outcomes.append((step.kind, outcome.adopted))
        if outcome.failed:
            self.failures.append(outcome.text)

    def warned(self, what: str) -> None:
        self.warnings.append(what)

    def lost_race(self, reason: str) -> None:
        self.races.append(reason)


def no_source(service: Service) -> VersionTags:
    """Fail as for a service without a source."""
    raise SourceUnknown(f"nothing says where the source of {service.name} is")


class EngineWorld:
    """A pipeline and all that it stands on. Each call of `world` is a new process with nothing in its memory.

    Dev has inventory 1.1.3, and e2e has billing 2.0.0-rc1; the other environments are empty.
    """

    def __init__(self, services: tuple[Service, ...] = (INVENTORY, BILLING)) -> None:
        self.clock = FakeClock(START)
        self.remotes = FakeRemotes()
        self.forge = FakeForge(self.remotes, self.clock, GROUPS)
        self.images = FakeImages(account.host for account in (DEV, E2E, PRD))
        self.environments = {environment.name: environment for environment in ENVIRONMENTS}
        self.services = {service.name: service for service in services}
        self.before_push: list[Callable[[], object]] = []
        self.told = Told()
        self.reports: FakeReports | None = None
        self.clusters: dict[str, Cluster] = {}
        files = {
            "clusters/dev/inventory/release.yaml": helm_release("dev.example/team/inventory:1.1.3", marker=MARKER),
            "clusters/dev/inventory/policy.yaml": POLICY,
            "clusters/e2e/billing/release.yaml": helm_release("e2e.example/team/billing:2.0.0-rc1", service="billing"),
        }
        self.remotes.create(GITOPS, files, START)
        self.remotes.create(STAGING, {"README.md": b"# Staging\n"}, START)
        self.remotes.create(PRODUCTION, {"README.md": b"# Production\n"}, START)
        self.push("dev", "1.1.3")
        self.push("e2e", "2.0.0-rc1", service=BILLING)

    @classmethod
    def staged(cls) -> Self:
        """Return a world whose e2e has 1.1.3-rc1, told to nobody."""
        town = cls()
        town.bring("e2e")
        town.told = Told()
        town.images.calls.clear()
        return town

    def change(self, environment: str, **changes: object) -> None:
        """Configure an environment otherwise."""
        self.environments[environment] = replace(self.environments[environment], **changes)  # type: ignore[arg-type]

    def world(self, actor: str = "alice") -> World:
        """Return the world as a new process sees it."""
        pipeline = Pipeline(
            tuple(self.environments.values()),
            self.services,
            {account.name: account for account in (DEV, E2E, PRD)},
        )
        repos = RacedRepos(self.remotes, self.clock, self.before_push)
        return World(
            pipeline,
            self.images,
            repos,
            self.forge,
            self.clock,
            actor,
            no_source,
            reports=self.reports,
            clusters=self.clusters,
        )

    def image(self, environment: str, tag: str, service: Service = INVENTORY) -> ImageRef:
        """Return a service's image in an environment's account."""
        return ImageRef(self.environments[environment].registry.host, service.image, tag)

    def push(self, environment: str, tag: str, content: str | None = None, service: Service = INVENTORY) -> Digest:
        """Put an image into an environment's account; without other content, the same version has the same digest."""
        version = tag.partition("-rc")[0]
        return self.images.push(self.image(environment, tag, service), content or f"{service.name} {version}")

    def held(self, environment: str, tag: str) -> Digest | None:
        """Return what the tag of inventory holds."""
        return self.images.digest(self.image(environment, tag))

    def path(self, environment: str, service: str = "inventory", name: str = "release.yaml") -> str:
        """Return the path of a service's file."""
        return f"{self.environments[environment].path.write(service)}/{name}"

    def write(
        self,
        project: str,
        files: Mapping[str, bytes | None],
        branch: str = "main",
        *,
        author: str = "petra",
        subject: str = "Change",
        trailers: Mapping[str, str] | None = None,
    ) -> str:
        """Commit as a person would, with plain git; a new branch starts at main. Return the commit."""
        repo = FakeRepos(self.remotes, self.clock).repo(project)
        head = repo.head(branch)
        change = Change(files, subject, "", trailers, author)
        return repo.push(branch, change, parent=head or repo.head("main") or "", expected=head)

    def merge(self, project: str, source: str, target: str, author: str = "petra") -> str:
        """Merge branch `source` into `target` as a person would, with plain git."""
        remote = self.remotes.remote(project)
        ours, theirs = remote.branches[target], remote.branches[source]
        files, conflicts = remote.merge(ours, theirs)
        assert not conflicts
        remote.branches[target] = remote.add(files, (ours, theirs), author, f"Merge {source}\n", self.clock.now())
        return remote.branches[target]

    def declare(self, environment: str, tag: str, **shape: int) -> str:
        """Have an environment declare inventory at `tag`, whoever brought it; return the commit."""
        data = helm_release(str(self.image(environment, tag)), replicas=shape.get("replicas", 1))
        return self.write(
            self.environments[environment].repo, {self.path(environment): data}, subject=f"{environment} {tag}"
        )

    def build(self, version: str) -> None:
        """Dev's registry gets `version`, and dev's branch names it, as Flux's automation does."""
        self.push("dev", version)
        self.declare("dev", version)

    def retune(self) -> None:
        """After e2e has what dev has, dev gets another number of replicas, which the service carries along."""
        self.services["inventory"] = replace(INVENTORY, carry=Carry.RELEASE)
        self.bring("e2e")
        self.declare("dev", "1.1.3", replicas=5)

    def file(self, project: str, path: str, branch: str = "main") -> bytes | None:
        """Return a file at a branch's head."""
        remote = self.remotes.remote(project)
        return remote.stored(remote.branches[branch]).files.get(path)

    def commits(self, project: str, branch: str = "main") -> int:
        """Return how many commits a branch has."""
        remote = self.remotes.remote(project)
        return len(remote.ancestors(remote.branches[branch]))

    def open(
        self, environment: str, image: str, branch: str = "by-hand", *, author: str = "alice", pin: str = ""
    ) -> MergeRequest:
        """Open a merge request by hand: a plain copy of a HelmRelease that names `image`."""
        project = self.environments[environment].repo
        self.write(project, {self.path(environment): helm_release(image + pin)}, branch, author=author)
        return self.request(project, branch, author)

    def request(self, project: str, branch: str, author: str = "alice", title: str = "By hand") -> MergeRequest:
        """Open a merge request from a branch that is there."""
        return self.forge.open(project, NewMergeRequest(branch, "main", title, "", author))

    def plan(self, environment: str, version: str | None = None, actor: str = "alice") -> Plan:
        """Return what `promote` would do."""
        world = self.world(actor)
        return planned_promotion(world, world.service("inventory"), world.environment(environment), version)

    def promote(self, environment: str, version: str | None = None, actor: str = "alice") -> Promoted:
        """Promote inventory."""
        world = self.world(actor)
        return promote(world, world.service("inventory"), world.environment(environment), self.told, version)

    def opened(self, environment: str, version: str | None = None) -> MergeRequest:
        """Promote, and return the merge request that there is then."""
        found = self.promote(environment, version).merge_request
        assert found is not None
        return found

    def ready(self) -> MergeRequest:
        """Return an approved merge request to staging."""
        request = self.opened("staging")
        self.approve(request, "stella")
        return request

    def cell(self, environment: str) -> Cell:
        """Return what `environment` has of the first service."""
        world = self.world()
        return read_cell(world, world.service("inventory"), world.environment(environment))

    def sentence(self, environment: str) -> str:
        """Return why the first service's version waits, as `why` says it."""
        world = self.world()
        return explain(world, world.service("inventory"), world.environment(environment)).sentence

    def look(self, request: MergeRequest) -> Delivery:
        """Return what `deliver` would do."""
        return planned_delivery(self.world("gate"), request.project, request.iid)

    def reasons(self, request: MergeRequest, gate: str) -> list[Reason]:
        """Return what a gate says of a merge request."""
        verdict = self.look(request).verdict
        assert verdict is not None
        return [reason for reason in verdict.reasons if reason.gate == gate]

    def reason(self, request: MergeRequest, gate: str) -> Reason:
        """Return the one thing that a gate says of a merge request."""
        (reason,) = self.reasons(request, gate)
        return reason

    def answer(self, request: MergeRequest) -> Answer:
        """Return the verdict's answer."""
        verdict = self.look(request).verdict
        assert verdict is not None
        return verdict.answer

    def deliver(self, request: MergeRequest) -> Delivery:
        """Deliver a merge request."""
        return deliver_merge_request(self.world("gate"), request.project, request.iid, self.told)

    def approve(self, request: MergeRequest, *users: str) -> None:
        """Approve as each of `users`."""
        for user in users:
            self.forge.approve(request.project, request.iid, user=user)

    def bring(self, environment: str, version: str | None = None) -> MergeRequest:
        """Promote to `environment` and deliver, whatever approvals and soaking it takes."""
        opened = self.promote(environment, version).merge_request
        assert opened is not None
        group = {"staging": "platform/testers", "production": "platform/sre"}.get(environment)
        self.approve(opened, *(user for user in (GROUPS[group] if group else ()) if user != "alice"))
        self.clock.advance(self.environments[environment].gates.soak)
        delivery = self.deliver(opened)
        assert delivery.delivered, delivery.verdict
        return opened


def on_approval(town: EngineWorld, environment: str) -> None:
    """Have an environment's merge requests name the source image until they are approved."""
    town.change(environment, rewrite=Rewrite.ON_APPROVAL)
