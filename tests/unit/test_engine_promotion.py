"""Promoting: what is planned from what is there."""

from __future__ import annotations

from dataclasses import replace

import pytest

from support.engine_world import (
    GITOPS,
    INVENTORY,
    MARKER,
    STAGING,
    STAGING_FILE,
    EngineWorld,
    helm_release,
    on_approval,
)
from tidegate.engine.plan import Plan
from tidegate.engine.steps import CommitFiles
from tidegate.model import Carry


@pytest.fixture
def town() -> EngineWorld:
    return EngineWorld()


def kinds(plan: Plan) -> list[str]:
    return [step.kind for step in plan.steps]


def written(plan: Plan) -> bytes:
    (commit,) = (step for step in plan.steps if isinstance(step, CommitFiles))
    (data,) = commit.files.values()
    return data


def test_a_first_promotion_copies_the_manifest_without_the_marker(town: EngineWorld) -> None:
    plan = town.plan("e2e")
    assert kinds(plan) == ["commit-files", "open-merge-request"]
    assert written(plan) == helm_release("e2e.example/team/inventory:1.1.3-rc1")
    assert plan.summary == "inventory 1.1.3: dev 1.1.3 → e2e 1.1.3-rc1 (first promotion)"
    assert plan.diff.startswith("--- /dev/null\n+++ b/clusters/e2e/inventory/release.yaml\n")


def test_planning_writes_nothing(town: EngineWorld) -> None:
    before = town.commits(GITOPS)
    town.plan("e2e")
    assert town.remotes.remote(GITOPS).branches.keys() == {"main"}
    assert town.commits(GITOPS) == before
    assert not [call for call in town.images.calls if call.startswith("copy")]


def test_carry_image_moves_the_reference_and_nothing_else(town: EngineWorld) -> None:
    marked = helm_release("e2e.example/team/inventory:1.1.2-rc4", replicas=3, marker=MARKER)
    town.write(GITOPS, {town.path("e2e"): marked})
    plan = town.plan("e2e")
    assert written(plan) == marked.replace(b"1.1.2-rc4", b"1.1.3-rc1")


def test_carry_release_copies_the_file_and_keeps_what_is_named(town: EngineWorld) -> None:
    town.services["inventory"] = replace(INVENTORY, carry=Carry.RELEASE, keep=(("spec", "values", "replicaCount"),))
    target = helm_release("e2e.example/team/inventory:1.1.2-rc4", replicas=3).replace(b"proxy:2.0.1", b"proxy:1.0.0")
    town.write(GITOPS, {town.path("e2e"): target})
    assert written(town.plan("e2e")) == helm_release("e2e.example/team/inventory:1.1.3-rc1", replicas=3)


def test_on_approval_names_the_source_image(town: EngineWorld) -> None:
    on_approval(town, "staging")
    town.bring("e2e")
    assert written(town.plan("staging")) == helm_release("e2e.example/team/inventory:1.1.3-rc1")


@pytest.mark.parametrize("mode", ["on-open", "on-approval"])
def test_what_the_target_has_is_not_promoted_again(town: EngineWorld, mode: str) -> None:
    if mode == "on-approval":
        on_approval(town, "staging")
    town.bring("e2e")
    town.bring("staging")
    promoted = town.promote("staging")
    assert promoted.plan.steps == ()
    assert promoted.plan.summary == "staging has inventory 1.1.3 already"
    assert promoted.merge_request is None


def test_a_source_reference_that_somebody_merged_by_hand_is_put_right(town: EngineWorld) -> None:
    on_approval(town, "staging")
    town.bring("e2e")
    town.write(STAGING, {STAGING_FILE: helm_release("e2e.example/team/inventory:1.1.3-rc1")})
    assert written(town.plan("staging")) == helm_release("prd.example/team/inventory:1.1.3")


def test_a_rebuilt_candidate_gets_the_next_number(town: EngineWorld) -> None:
    town.bring("e2e")
    town.push("dev", "1.1.3", "rebuilt")
    assert town.plan("e2e").summary == "inventory 1.1.3: dev 1.1.3 → e2e 1.1.3-rc2 (has 1.1.3-rc1)"


def test_going_back_is_warned_of(town: EngineWorld) -> None:
    town.build("1.1.4")
    town.bring("e2e")
    plan = town.plan("e2e", "1.1.3")
    assert plan.warnings == ("e2e goes back from 1.1.4-rc1 to 1.1.3-rc1",)


@pytest.mark.parametrize("version", ["1.1.3", "1.1.3-rc1"])
def test_a_version_that_the_source_had_can_be_named(town: EngineWorld, version: str) -> None:
    town.bring("e2e")
    town.build("1.1.4")
    town.bring("e2e")
    assert town.plan("staging", version).summary.startswith("inventory 1.1.3: e2e 1.1.3-rc1 → staging 1.1.3")


def test_another_image_of_the_sources_account_is_warned_of(town: EngineWorld) -> None:
    data = (
        helm_release("dev.example/team/inventory:1.1.3") + b"    worker:\n      image: dev.example/team/worker:1.0.0\n"
    )
    town.write(GITOPS, {town.path("dev"): data})
    (warning,) = town.plan("e2e").warnings
    assert "also names dev.example/team/worker:1.0.0, which is in another account" in warning


def test_what_was_changed_beside_the_image_since_is_carried_too(town: EngineWorld) -> None:
    """Naming the version that the source has is the same as naming none."""
    town.declare("dev", "1.1.3", replicas=7)
    assert town.plan("e2e", "1.1.3").diff == town.plan("e2e").diff
    assert "replicaCount: 7" in town.plan("e2e", "1.1.3").diff
