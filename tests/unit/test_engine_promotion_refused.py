"""What is not promoted: images, tags and files that forbid it."""

from __future__ import annotations

import pytest

from support.engine_world import (
    GITOPS,
    STAGING,
    STAGING_FILE,
    EngineWorld,
    helm_release,
)
from tidegate.errors.manifest import ImageNotFound, SymbolicLink
from tidegate.errors.registry import TagExists
from tidegate.errors.release import (
    EnvironmentSkipped,
    LaneBroken,
    ManifestRefused,
    NoSource,
    NothingDeclared,
    SourceForeign,
    SourceTagMissing,
    TagMoved,
    TagUnreadable,
    TargetImageGone,
)
from tidegate.testing.remotes import Link


@pytest.fixture
def town() -> EngineWorld:
    return EngineWorld()


@pytest.mark.parametrize(("environment", "tag"), [("e2e", "1.1.3-rc1"), ("staging", "1.1.3")])
def test_what_the_target_names_and_its_registry_lost_is_told(town: EngineWorld, environment: str, tag: str) -> None:
    """Nothing is left to promote, and Flux can't pull it: that must not end as "nothing to do"."""
    town.bring("e2e")
    if environment == "staging":
        town.bring("staging")
    town.images.delete(town.image(environment, tag))
    with pytest.raises(TargetImageGone, match="which does not exist") as caught:
        town.plan(environment)
    source = {"e2e": "dev.example/team/inventory:1.1.3", "staging": "e2e.example/team/inventory:1.1.3-rc1"}[environment]
    digest = town.held("dev", "1.1.3")
    assert caught.value.hint == (
        f"bring it back: `tidegate image copy {source}@{digest} {town.image(environment, tag)}`"
    )
    with pytest.raises(TargetImageGone):
        town.promote(environment)


def test_a_version_that_the_source_never_had_is_refused(town: EngineWorld) -> None:
    with pytest.raises(EnvironmentSkipped, match=r"dev never had inventory 1\.0\.0"):
        town.plan("e2e", "1.0.0")


def test_nothing_is_promoted_to_the_first_environment(town: EngineWorld) -> None:
    with pytest.raises(NoSource):
        town.plan("dev")


def test_a_source_without_the_service_is_an_error(town: EngineWorld) -> None:
    with pytest.raises(NothingDeclared):
        town.plan("staging")


def test_a_release_tag_with_another_digest_is_never_overwritten(town: EngineWorld) -> None:
    town.bring("e2e")
    held = town.push("staging", "1.1.3", "something else")
    with pytest.raises(TagExists):
        town.promote("staging")
    assert town.held("staging", "1.1.3") == held
    assert town.remotes.remote(STAGING).branches.keys() == {"main"}


def test_a_source_from_another_registry_is_refused(town: EngineWorld) -> None:
    town.write(GITOPS, {town.path("dev"): helm_release("evil.example/team/inventory:1.1.3")})
    with pytest.raises(SourceForeign):
        town.plan("e2e")


def test_a_source_that_is_pinned_to_what_its_tag_held_once_is_refused(town: EngineWorld) -> None:
    """Delivering would be refused for ever: promoting is the moment to say so."""
    held = town.held("dev", "1.1.3")
    data = helm_release("dev.example/team/inventory:1.1.3").replace(b"tag: 1.1.3", f"tag: 1.1.3@{held}".encode())
    town.write(GITOPS, {town.path("dev"): data})
    town.push("dev", "1.1.3", "built again")
    with pytest.raises(TagMoved, match="dev is pinned to"):
        town.plan("e2e")


def test_a_tag_that_was_overwritten_after_it_was_tested_goes_no_further(town: EngineWorld) -> None:
    town.bring("e2e")
    town.push("e2e", "1.1.3-rc1", "overwritten")
    with pytest.raises(TagMoved, match="and e2e was given"):
        town.plan("staging")


def test_a_source_tag_that_does_not_exist_is_refused(town: EngineWorld) -> None:
    town.declare("dev", "1.1.9")
    with pytest.raises(SourceTagMissing):
        town.plan("e2e")


def test_a_tag_that_is_no_version_is_an_error(town: EngineWorld) -> None:
    town.build("latest")
    with pytest.raises(TagUnreadable):
        town.plan("e2e")


def test_a_policy_that_selects_nothing_stops_the_promotion_but_not_a_named_version(town: EngineWorld) -> None:
    policy = town.file(GITOPS, "clusters/dev/inventory/policy.yaml") or b""
    town.write(GITOPS, {"clusters/dev/inventory/policy.yaml": policy.replace(b"1.1.x", b"2.0.x")})
    with pytest.raises(LaneBroken) as caught:
        town.plan("e2e")
    assert str(caught.value.where) == "clusters/dev/inventory/policy.yaml:8"
    assert town.plan("e2e", "1.1.3").steps


def test_another_file_of_that_name_is_not_overwritten(town: EngineWorld) -> None:
    town.bring("e2e")
    town.write(STAGING, {STAGING_FILE: b"kind: ConfigMap\napiVersion: v1\n"})
    with pytest.raises(ManifestRefused) as caught:
        town.plan("staging")
    assert str(caught.value.where) == STAGING_FILE


def test_a_symbolic_link_is_neither_read_nor_overwritten(town: EngineWorld) -> None:
    town.bring("e2e")
    town.write(STAGING, {"apps/inventory": Link(b"../base/inventory")})
    with pytest.raises(SymbolicLink, match=r"apps/inventory is a symbolic link to \.\./base/inventory"):
        town.plan("staging")
    town.write(GITOPS, {town.path("dev"): Link(b"../../base/release.yaml")})
    with pytest.raises(SymbolicLink) as caught:
        town.plan("e2e")
    assert str(caught.value.where) == "clusters/dev/inventory/release.yaml"


def test_a_helmrelease_of_something_else_in_the_folder_is_not_overwritten(town: EngineWorld) -> None:
    town.bring("e2e")
    town.write(STAGING, {STAGING_FILE: helm_release("prd.example/team/other:1.0.0")})
    with pytest.raises(ImageNotFound):
        town.plan("staging")
