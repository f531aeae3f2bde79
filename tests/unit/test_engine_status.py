"""Status, the reason why a version waits, waiting for it, and services that are found."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from support.engine_world import (
    BILLING,
    GITOPS,
    INVENTORY,
    POLICY,
    STAGING,
    EngineWorld,
    helm_release,
    no_source,
)
from tidegate.engine.discovery import Known, with_discovered_services
from tidegate.engine.explanation import explain
from tidegate.engine.status import Cell, matrix, read_cell
from tidegate.engine.wait import wait_for
from tidegate.errors.forge import ForgeUnreachable
from tidegate.errors.git import BranchMissing, RepositoryMissing
from tidegate.errors.model import InvalidVersion
from tidegate.errors.registry import RegistryUnreachable
from tidegate.errors.release import EnvironmentUnknown, LaneBroken, ServiceUnknown, SourceUnknown, StillWaiting
from tidegate.model import Carry, ImageRef, MergeRequest, Pipeline, Service
from tidegate.testing.clock import START
from tidegate.testing.forge import FakeForge
from tidegate.testing.images_port import FakeImages
from tidegate.testing.remotes import Link

HOUR = timedelta(hours=1)
PRD_IMAGE = "prd.example/team/inventory:1.1.3"


@pytest.fixture
def town() -> EngineWorld:
    return EngineWorld()


def cell(town: EngineWorld, environment: str) -> Cell:
    world = town.world()
    return read_cell(world, world.service("inventory"), world.environment(environment))


def newer(town: EngineWorld) -> None:
    town.push("dev", "1.1.4")
    town.declare("dev", "1.1.4")


# --- status


def test_a_cell_tells_what_when_who_and_by_which_merge_request(town: EngineWorld) -> None:
    town.clock.advance(HOUR)
    request = town.bring("e2e")
    town.clock.advance(HOUR)
    found = cell(town, "e2e")
    assert (found.tag, str(found.version), found.digest) == ("1.1.3-rc1", "1.1.3", town.held("dev", "1.1.3"))
    assert (found.since, found.actor, found.merge_request) == (START + HOUR, "gate", request.ref)


def test_an_environment_without_the_service_is_empty(town: EngineWorld) -> None:
    found = cell(town, "production")
    assert (found.image, found.tag, found.fault) == (None, None, None)


def test_a_tag_that_is_gone_has_no_digest_and_a_foreign_host_is_not_asked(town: EngineWorld) -> None:
    town.declare("e2e", "1.1.9-rc1")
    assert cell(town, "e2e").digest is None
    town.write(GITOPS, {town.path("e2e"): helm_release("evil.example/team/inventory:1.1.3-rc1")})
    town.images.calls.clear()
    assert cell(town, "e2e").digest is None
    assert town.images.calls == []


def test_a_tag_of_another_pattern_has_no_version(town: EngineWorld) -> None:
    town.declare("e2e", "latest")
    assert (cell(town, "e2e").tag, cell(town, "e2e").version) == ("latest", None)


def test_a_broken_manifest_is_told_in_its_cell(town: EngineWorld) -> None:
    town.write(GITOPS, {town.path("e2e"): b"kind: HelmRelease\nspec: [\n"})
    fault = cell(town, "e2e").fault
    assert fault is not None
    assert fault.code == "manifest/not-yaml"
    (row,) = matrix(town.world(), (INVENTORY,))
    assert [bool(each.fault) for each in row] == [False, True, False, False]


def test_a_symbolic_link_is_told_in_its_cell(town: EngineWorld) -> None:
    town.write(GITOPS, {town.path("e2e"): Link(b"../../base/release.yaml")})
    fault = cell(town, "e2e").fault
    assert fault is not None
    assert str(fault) == (
        "clusters/e2e/inventory/release.yaml: clusters/e2e/inventory/release.yaml is a symbolic link to "
        "../../base/release.yaml, and links are not followed"
    )
    assert "put the HelmRelease itself there" in (fault.hint or "")


def test_a_registry_that_does_not_answer_is_told_in_its_cell(
    town: EngineWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unanswered(_images: FakeImages, _image: ImageRef) -> None:
        raise RegistryUnreachable("no connection")

    monkeypatch.setattr(FakeImages, "digest", unanswered)
    found = cell(town, "dev")
    assert (found.tag, found.digest, found.fault and found.fault.code) == ("1.1.3", None, "registry/unreachable")


def test_a_tag_that_was_overwritten_is_told(town: EngineWorld) -> None:
    town.bring("e2e")
    assert not cell(town, "e2e").overwritten
    town.push("e2e", "1.1.3-rc1", "overwritten")
    assert cell(town, "e2e").overwritten
    assert sentence(town, "staging").startswith("e2e's inventory 1.1.3-rc1 holds ")


def test_a_branch_that_is_missing_is_an_error(town: EngineWorld) -> None:
    town.change("e2e", branch="nowhere")
    with pytest.raises(BranchMissing) as caught:
        cell(town, "e2e")
    assert str(caught.value.where) == "environments.e2e"


@pytest.mark.parametrize(
    ("policy", "told"),
    [
        (POLICY.replace(b"1.1.x", b"9.x"), "selects nothing: no tag is a version in the range 9.x"),
        (b"kind: ImagePolicy\nspec: [\n", "InvalidYaml"),
        (POLICY, None),
        (None, None),
    ],
)
def test_a_lane_that_brings_nothing_is_told(town: EngineWorld, policy: bytes | None, told: str | None) -> None:
    town.write(GITOPS, {town.path("dev"): helm_release("dev.example/team/inventory:1.1.3")})
    town.write(GITOPS, {town.path("dev", name="policy.yaml"): policy})
    world = town.world()
    ((dev, *others),) = matrix(world, (world.service("inventory"),))
    assert (dev.tag, dev.fault, [each.lane for each in others]) == ("1.1.3", None, [None] * 3)
    said = dev.lane and (dev.lane.what.partition(" in dev ")[2] or type(dev.lane).__name__)
    assert said == told


def test_a_registry_that_does_not_answer_is_told_once(town: EngineWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    def silent(*_: object) -> None:
        raise RegistryUnreachable("no answer")

    monkeypatch.setattr(FakeImages, "digest", silent)
    monkeypatch.setattr(FakeImages, "tags", silent)
    world = town.world()
    ((dev, *_),) = matrix(world, (world.service("inventory"),))
    assert (str(dev.fault), dev.lane) == ("no answer", None)


def test_a_repository_that_is_missing_hides_no_other_cell(town: EngineWorld) -> None:
    town.change("production", repo="platform/gone")
    town.change("e2e", branch="nowhere")
    rows = list(matrix(town.world(), (INVENTORY, BILLING)))
    assert [[each.fault and each.fault.code for each in row] for row in rows] == [
        [None, "git/branch-missing", None, "git/repository-missing"]
    ] * 2
    assert [row[0].tag for row in rows] == ["1.1.3", None]


def test_unknown_names_are_told_with_the_known_ones(town: EngineWorld) -> None:
    with pytest.raises(ServiceUnknown) as service:
        town.world().service("inventori")
    assert service.value.hint == "services in the configuration: billing, inventory"
    with pytest.raises(EnvironmentUnknown) as environment:
        town.world().environment("stagin")
    assert environment.value.hint == "environments in order: dev, e2e, staging, production"
    with pytest.raises(SourceUnknown):
        no_source(INVENTORY)


def test_a_service_that_may_be_where_nobody_could_look_is_not_called_unknown(town: EngineWorld) -> None:
    town.change("production", repo="platform/gone")
    world = town.world()
    world = replace(world, pipeline=replace(world.pipeline, services={}))
    with pytest.raises(RepositoryMissing):
        with_discovered_services(world)
    found = with_discovered_services(world, partial=True)
    assert set(found.pipeline.services) == {"inventory", "billing"}
    assert [fault.code for fault in found.undiscovered] == ["git/repository-missing"]
    with pytest.raises(RepositoryMissing):
        found.service("shop")


# --- why


def sentence(town: EngineWorld, environment: str) -> str:
    world = town.world()
    return explain(world, world.service("inventory"), world.environment(environment)).sentence


def _nothing(_: EngineWorld) -> None:
    """Dev has 1.1.3."""


def _promoted(town: EngineWorld) -> None:
    town.promote("e2e")


def _outdated(town: EngineWorld) -> None:
    town.promote("e2e")
    newer(town)


def _blocked(town: EngineWorld) -> None:
    town.promote("e2e")
    town.push("e2e", "1.1.3-rc1", "in the way")


def _taken(town: EngineWorld) -> None:
    """A hand-made file stands where the HelmRelease would go."""
    town.write(GITOPS, {town.path("e2e"): b"kind: ConfigMap\n"})


def _edited(town: EngineWorld) -> None:
    """Somebody's own commit on the branch would be lost."""
    town.promote("e2e")
    town.write(
        GITOPS, {"clusters/e2e/inventory/x.txt": b"x"}, "tidegate/inventory/to-e2e", author="bob", subject="Mine"
    )
    newer(town)


def _gone(town: EngineWorld) -> None:
    town.bring("e2e")
    town.images.delete(town.image("e2e", "1.1.3-rc1"))


def _settled(town: EngineWorld) -> None:
    town.bring("e2e")


def _rebuilt(town: EngineWorld) -> None:
    town.bring("e2e")
    town.push("dev", "1.1.3", "rebuilt")


def _missing(town: EngineWorld) -> None:
    town.declare("dev", "1.1.9")


def _broken(town: EngineWorld) -> None:
    town.write(GITOPS, {town.path("dev"): b"kind: HelmRelease\nspec: [\n"})


def _empty(town: EngineWorld) -> None:
    town.write(GITOPS, {town.path("dev"): None})


@pytest.mark.parametrize(
    ("happened", "expected"),
    [
        (_nothing, "1.1.3 waits: no merge request; open one with `tidegate promote inventory --to e2e`"),
        (_promoted, "1.1.3 is ready: `tidegate deliver inventory --to e2e` delivers platform/gitops!1"),
        (
            _outdated,
            "1.1.4 waits: platform/gitops!1 brings 1.1.3-rc1; update it with `tidegate promote inventory --to e2e`",
        ),
        (
            _blocked,
            (
                "1.1.3 is refused: e2e.example/team/inventory:1.1.3-rc1 exists with another digest: "
                "it holds 0e365a207a70, the release is 60e9906569bc"
            ),
        ),
        (
            _taken,
            (
                "1.1.3 waits: no merge request; `tidegate promote inventory --to e2e` would be refused: "
                "clusters/e2e/inventory/release.yaml: clusters/e2e/inventory/release.yaml would be overwritten: "
                "it is there, and is no HelmRelease of inventory"
            ),
        ),
        (
            _edited,
            (
                "1.1.4 waits: platform/gitops!1 brings 1.1.3-rc1; "
                "`tidegate promote inventory --to e2e` would be refused: "
                "platform/gitops branch tidegate/inventory/to-e2e: platform/gitops!1 has a commit by bob ('Mine') "
                "that would be lost"
            ),
        ),
        (
            _gone,
            (
                "1.1.3 waits: no merge request; `tidegate promote inventory --to e2e` would be refused: "
                "platform/gitops: clusters/e2e/inventory/release.yaml:10: e2e names "
                "e2e.example/team/inventory:1.1.3-rc1, which does not exist"
            ),
        ),
        (_settled, "e2e has inventory 1.1.3-rc1, the newest of dev"),
        (_rebuilt, "1.1.3 waits: no merge request; open one with `tidegate promote inventory --to e2e`"),
        (_missing, "dev.example/team/inventory:1.1.9 does not exist in the registry of dev"),
        (_empty, "dev has no inventory yet"),
    ],
)
def test_why_is_one_sentence(town: EngineWorld, happened: Callable[[EngineWorld], None], expected: str) -> None:
    happened(town)
    assert sentence(town, "e2e") == expected


def _narrowed(town: EngineWorld) -> None:
    """Somebody moved dev's range to where there is no image yet."""
    town.bring("e2e")
    town.write(GITOPS, {town.path("dev", name="policy.yaml"): POLICY.replace(b"1.1.x", b"9.x")})


def _retuned(town: EngineWorld) -> None:
    """Dev gets another number of replicas, which `carry: release` brings to e2e."""
    town.services["inventory"] = replace(INVENTORY, carry=Carry.RELEASE)
    town.bring("e2e")
    town.declare("dev", "1.1.3", replicas=5)


def test_why_says_what_promote_says_of_a_broken_lane(town: EngineWorld) -> None:
    _narrowed(town)
    with pytest.raises(LaneBroken) as refused:
        town.plan("e2e")
    command = "`tidegate promote inventory --to e2e` would be refused"
    assert sentence(town, "e2e") == f"e2e has inventory 1.1.3-rc1; {command}: {refused.value}"
    world = town.world()
    assert not explain(world, INVENTORY, world.environment("e2e")).settled


def test_the_same_image_with_another_manifest_is_not_settled(town: EngineWorld) -> None:
    _retuned(town)
    assert town.plan("e2e").diff
    told = sentence(town, "e2e")
    assert told.startswith("1.1.3's changed manifest waits: no merge request; open one with `tidegate promote")
    town.bring("e2e")
    assert sentence(town, "e2e") == "e2e has inventory 1.1.3-rc1, the newest of dev"


def test_why_tells_of_a_source_that_cannot_be_read(town: EngineWorld) -> None:
    _broken(town)
    assert sentence(town, "e2e").startswith("dev's inventory can't be read: clusters/dev/inventory/release.yaml:3:1: ")


def test_why_tells_every_reason_strictest_first(town: EngineWorld) -> None:
    town.bring("e2e")
    request = town.promote("staging").merge_request
    assert request is not None
    town.push("staging", "1.1.3", "in the way")
    told = sentence(town, "staging")
    assert told.startswith("1.1.3 is refused: prd.example/team/inventory:1.1.3 exists with another digest")
    assert told.endswith(f"; {request.ref} needs 1 approval from group:platform/testers")


def test_of_several_merge_requests_tidegates_own_is_explained(town: EngineWorld) -> None:
    town.bring("e2e")
    town.open("staging", PRD_IMAGE, "a-by-hand")
    own = town.promote("staging").merge_request
    assert own is not None
    world = town.world()
    assert explain(world, INVENTORY, world.environment("staging")).merge_request == town.forge.merge_request(
        STAGING, own.iid
    )


def test_merge_requests_of_other_services_and_environments_are_not_explained(town: EngineWorld) -> None:
    billing = helm_release("prd.example/team/billing:2.0.0", service="billing")
    town.write(STAGING, {town.path("staging", "billing"): billing}, "billing")
    town.request(STAGING, "billing")
    town.promote("e2e")
    world = town.world()
    assert explain(world, INVENTORY, world.environment("staging")).merge_request is None


def test_a_repository_that_is_missing_is_told_where_it_matters_only(town: EngineWorld) -> None:
    town.change("production", repo="platform/gone")
    assert sentence(town, "e2e").startswith("1.1.3 waits")
    town.bring("e2e")
    town.bring("staging")
    told = sentence(town, "production")
    assert told.startswith("production's inventory can't be read: ")
    town.change("staging", repo="platform/gone")
    world = town.world()
    found = explain(world, INVENTORY, world.environment("production"))
    assert found.sentence.startswith("staging's inventory can't be read: ")
    assert [fault.code for fault in found.faults] == [
        "git/repository-missing",
        "git/repository-missing",
        "forge/project-missing",
    ]


def test_merge_requests_that_cannot_be_read_are_told(town: EngineWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    def unanswered(_forge: FakeForge, _project: str, **_how: object) -> None:
        raise ForgeUnreachable("no connection")

    monkeypatch.setattr(FakeForge, "merge_requests", unanswered)
    assert sentence(town, "e2e") == "1.1.3 waits, and not every merge request can be read: no connection"


# --- wait


def wait(town: EngineWorld, environment: str, version: str | None = None, minutes: int = 10) -> tuple[Cell, list[str]]:
    reasons: list[str] = []
    world = town.world()
    found = wait_for(
        world,
        world.service("inventory"),
        world.environment(environment),
        version=version,
        timeout=timedelta(minutes=minutes),
        interval=timedelta(minutes=1),
        report=reasons.append,
    )
    return found, reasons


def test_what_is_there_is_not_waited_for(town: EngineWorld) -> None:
    town.bring("e2e")
    found, reasons = wait(town, "e2e")
    assert (found.tag, reasons, town.clock.sleeps) == ("1.1.3-rc1", [], [])


def test_waiting_tells_each_new_reason_and_ends_with_the_release(town: EngineWorld) -> None:
    town.clock.events.extend(
        [lambda: None, lambda: town.promote("e2e"), lambda: town.deliver(town.forge.merge_requests(GITOPS)[0])]
    )
    found, reasons = wait(town, "e2e", "1.1.3")
    assert found.tag == "1.1.3-rc1"
    assert [reason[:15] for reason in reasons] == ["1.1.3 waits: no", "1.1.3 is ready:"]
    assert town.clock.sleeps == [60.0] * 3


def test_waiting_ends_when_the_time_is_over(town: EngineWorld) -> None:
    with pytest.raises(StillWaiting, match=r"e2e does not have inventory 1\.1\.3 yet") as caught:
        wait(town, "e2e", minutes=3)
    assert (caught.value.exit_code, caught.value.where) == (8, None)  # the reason was told as it came
    assert town.clock.sleeps == [60.0] * 3


def test_another_manifest_of_the_same_image_is_waited_for(town: EngineWorld) -> None:
    _retuned(town)
    town.clock.events.append(lambda: town.bring("e2e"))
    found, reasons = wait(town, "e2e")
    assert (found.tag, len(reasons), town.clock.sleeps) == ("1.1.3-rc1", 1, [60.0])


def test_a_version_that_the_source_never_had_is_told_so(town: EngineWorld) -> None:
    """Not the reasons of another version, which will never do."""
    town.bring("e2e")
    town.promote("staging")
    town.clock.events.extend([lambda: None, lambda: town.declare("staging", "9.9.0")])
    _, reasons = wait(town, "staging", "9.9.0")
    assert reasons == ["e2e never had inventory 9.9.0: it has 1.1.3-rc1; promote it to e2e first"]


def test_the_same_version_with_another_digest_is_waited_for(town: EngineWorld) -> None:
    town.bring("e2e")
    town.push("dev", "1.1.3", "rebuilt")
    town.clock.events.append(lambda: town.bring("e2e"))
    assert wait(town, "e2e")[0].tag == "1.1.3-rc2"


def test_what_the_source_had_at_the_beginning_is_waited_for(town: EngineWorld) -> None:
    town.clock.events.extend([lambda: town.bring("e2e")])
    assert wait(town, "e2e")[0].tag == "1.1.3-rc1"


def test_the_first_environment_can_be_waited_for_by_version(town: EngineWorld) -> None:
    town.clock.events.append(lambda: newer(town))
    found, reasons = wait(town, "dev", "1.1.4")
    assert (found.tag, reasons) == ("1.1.4", ["dev has inventory 1.1.3"])


@pytest.mark.parametrize("version", ["x", "", "latest", "1.1.x", "~1.1"])
def test_what_is_no_version_is_not_waited_for(town: EngineWorld, version: str) -> None:
    with pytest.raises(InvalidVersion) as caught:
        wait(town, "staging", version)
    assert caught.value.exit_code == 2
    assert town.clock.sleeps == []


@pytest.mark.parametrize("version", ["1.1.3", "1.1.3-rc1"])
def test_a_version_or_a_tag_is_waited_for(town: EngineWorld, version: str) -> None:
    town.bring("e2e")
    assert wait(town, "e2e", version)[0].tag == "1.1.3-rc1"


def test_an_empty_source_has_nothing_to_wait_for(town: EngineWorld) -> None:
    with pytest.raises(StillWaiting, match="e2e has no inventory to wait for"):
        wait(town, "staging")


# --- discovery


def test_services_are_found_by_their_folders(town: EngineWorld) -> None:
    files = {
        "clusters/dev/shop/release.yml": helm_release("dev.example/team/shop:1.0.0", service="shop"),
        "clusters/dev/two/release.yaml": helm_release("dev.example/a:1")
        + b"    job:\n      image: dev.example/team/b:1\n",
        "clusters/dev/foreign/release.yaml": helm_release("ghcr.io/team/foreign:1"),
        "clusters/dev/broken/release.yaml": b"kind: HelmRelease\nspec: [\n",
        "clusters/dev/Upper/release.yaml": helm_release("dev.example/team/upper:1"),
        "clusters/dev/notes/release.txt": helm_release("dev.example/team/notes:1"),
        "clusters/dev/release.yaml": helm_release("dev.example/team/none:1"),
    }
    town.write(GITOPS, files)
    world = town.world()
    configured = Service("inventory", "team/inventory", source="shop/inventory")
    pipeline: Pipeline = replace(world.pipeline, services={"inventory": configured}, discover=True)
    known: Known = {}
    found = with_discovered_services(replace(world, pipeline=pipeline), known=known).pipeline.services
    assert set(known) == {each.name for each in pipeline.environments}

    known["dev"] = known["dev"][0], (Service("known", "known"),)
    again = with_discovered_services(replace(world, pipeline=pipeline), known=known).pipeline.services
    assert "known" in again, "a branch that has not moved is not looked through again"
    assert dict(found) == {
        "billing": Service("billing", "team/billing"),
        "inventory": configured,
        "shop": Service("shop", "team/shop"),
    }


def test_the_forge_is_asked_in_full_only_for_merge_requests_that_move_the_service(
    town: EngineWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    town.bring("e2e")
    opened = town.promote("staging").merge_request
    assert opened is not None
    for number in range(3):
        town.write(STAGING, {f"notes-{number}.md": b"nothing\n"}, f"notes-{number}")
        town.request(STAGING, f"notes-{number}")
    asked: list[int] = []
    whole = town.forge.merge_request

    def merge_request(project: str, iid: int) -> MergeRequest:
        asked.append(iid)
        return whole(project, iid)

    monkeypatch.setattr(town.forge, "merge_request", merge_request)
    world = town.world()
    explanation = explain(world, INVENTORY, world.environment("staging"))
    assert explanation.merge_request is not None
    assert asked == [opened.iid]
