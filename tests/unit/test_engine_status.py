"""Status, and services that are found."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from support.engine_world import (
    BILLING,
    GITOPS,
    INVENTORY,
    POLICY,
    EngineWorld,
    helm_release,
    no_source,
)
from tidegate.engine.discovery import Known, with_discovered_services
from tidegate.engine.views.status import matrix
from tidegate.errors.git import BranchMissing, RepositoryMissing
from tidegate.errors.registry import RegistryUnreachable
from tidegate.errors.release import EnvironmentUnknown, ServiceUnknown, SourceUnknown
from tidegate.model import ImageRef, Pipeline, Service
from tidegate.testing.clock import START
from tidegate.testing.images_port import FakeImages
from tidegate.testing.remotes import Link

HOUR = timedelta(hours=1)


@pytest.fixture
def town() -> EngineWorld:
    return EngineWorld()


# --- status


def test_a_cell_tells_what_when_who_and_by_which_merge_request(town: EngineWorld) -> None:
    town.clock.advance(HOUR)
    request = town.bring("e2e")
    town.clock.advance(HOUR)
    found = town.cell("e2e")
    assert (found.tag, str(found.version), found.digest) == ("1.1.3-rc1", "1.1.3", town.held("dev", "1.1.3"))
    assert (found.since, found.actor, found.merge_request) == (START + HOUR, "gate", request.ref)


def test_an_environment_without_the_service_is_empty(town: EngineWorld) -> None:
    found = town.cell("production")
    assert (found.image, found.tag, found.fault) == (None, None, None)


def test_a_tag_that_is_gone_has_no_digest_and_a_foreign_host_is_not_asked(town: EngineWorld) -> None:
    town.declare("e2e", "1.1.9-rc1")
    assert town.cell("e2e").digest is None
    town.write(GITOPS, {town.path("e2e"): helm_release("evil.example/team/inventory:1.1.3-rc1")})
    town.images.calls.clear()
    assert town.cell("e2e").digest is None
    assert town.images.calls == []


def test_a_tag_of_another_pattern_has_no_version(town: EngineWorld) -> None:
    town.declare("e2e", "latest")
    assert (town.cell("e2e").tag, town.cell("e2e").version) == ("latest", None)


def test_a_broken_manifest_is_told_in_its_cell(town: EngineWorld) -> None:
    town.write(GITOPS, {town.path("e2e"): b"kind: HelmRelease\nspec: [\n"})
    fault = town.cell("e2e").fault
    assert fault is not None
    assert fault.code == "manifest/not-yaml"
    (row,) = matrix(town.world(), (INVENTORY,))
    assert [bool(each.fault) for each in row] == [False, True, False, False]


def test_a_symbolic_link_is_told_in_its_cell(town: EngineWorld) -> None:
    town.write(GITOPS, {town.path("e2e"): Link(b"../../base/release.yaml")})
    fault = town.cell("e2e").fault
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
    found = town.cell("dev")
    assert (found.tag, found.digest, found.fault and found.fault.code) == ("1.1.3", None, "registry/unreachable")


def test_a_tag_that_was_overwritten_is_told(town: EngineWorld) -> None:
    town.bring("e2e")
    assert not town.cell("e2e").overwritten
    town.push("e2e", "1.1.3-rc1", "overwritten")
    assert town.cell("e2e").overwritten
    assert town.sentence("staging").startswith("e2e's inventory 1.1.3-rc1 holds ")


def test_a_branch_that_is_missing_is_an_error(town: EngineWorld) -> None:
    town.change("e2e", branch="nowhere")
    with pytest.raises(BranchMissing) as caught:
        town.cell("e2e")
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
        town.world().service("shop")
    assert service.value.hint == "services in the configuration: billing, inventory"
    with pytest.raises(EnvironmentUnknown) as environment:
        town.world().environment("qa")
    assert environment.value.hint == "environments in order: dev, e2e, staging, production"
    with pytest.raises(SourceUnknown):
        no_source(INVENTORY)


def test_of_a_misspelt_name_the_nearest_is_told(town: EngineWorld) -> None:
    with pytest.raises(ServiceUnknown) as service:
        town.world().service("invntory")
    assert service.value.hint == "did you mean inventory?"
    with pytest.raises(EnvironmentUnknown) as environment:
        town.world().environment("stagin")
    assert environment.value.hint == "did you mean staging?"


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
