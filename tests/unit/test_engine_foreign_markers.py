"""A setter marker of an automatic environment does not go where merge requests decide (decision 3)."""

from __future__ import annotations

import pytest

from support.engine_world import E2E_IMAGE, GITOPS, MARKER, EngineWorld, helm_release
from tidegate.model import Answer, ApprovalRule, MergeRequest

FILE = "clusters/e2e/inventory/release.yaml"
DEV_IMAGE = "dev.example/team/inventory:1.1.3"
OWN = MARKER.replace(":inventory:", ":inventory-e2e:")


@pytest.fixture
def town() -> EngineWorld:
    return EngineWorld()


def by_hand(town: EngineWorld, image: str, marker: str = MARKER) -> MergeRequest:
    town.write(GITOPS, {FILE: helm_release(image, marker=marker)}, "by-hand")
    return town.request(GITOPS, "by-hand")


def test_a_plain_copy_is_rewritten_without_the_marker(town: EngineWorld) -> None:
    request = by_hand(town, DEV_IMAGE)
    assert town.deliver(request).delivered
    assert town.file(GITOPS, FILE) == helm_release(E2E_IMAGE)


def test_what_was_rewritten_before_a_kill_is_known_as_our_own(town: EngineWorld) -> None:
    town.change("e2e", approvals=ApprovalRule(1))
    request = by_hand(town, DEV_IMAGE)
    town.approve(request, "stella")
    delivery = town.look(request)
    assert delivery.plan is not None
    town.write(GITOPS, {FILE: helm_release(E2E_IMAGE)}, "by-hand", author="gate")
    again = town.look(town.forge.merge_request(GITOPS, request.iid))
    assert again.seen is not None
    assert again.seen.rewritten


def test_one_that_names_the_target_with_the_marker_is_refused(town: EngineWorld) -> None:
    """Nothing is rewritten there, and nobody approved that automation changes e2e."""
    town.change("e2e", approvals=ApprovalRule(1))
    request = by_hand(town, E2E_IMAGE)
    town.approve(request, "stella")
    reason = town.reason(request, "manifest")
    assert (reason.answer, reason.code, reason.evidence) == (Answer.NO, "release/manifest-refused", f"{FILE}:10")
    assert reason.text == "brings the setter marker flux-system:inventory:tag: automation would change e2e by itself"
    assert reason.hint == "delete the comment with $imagepolicy"


@pytest.mark.parametrize("image", [DEV_IMAGE.replace("1.1.3", "1.1.4"), E2E_IMAGE.replace("1.1.3", "1.1.4")])
def test_a_marker_that_the_target_has_stays(town: EngineWorld, image: str) -> None:
    town.write(GITOPS, {FILE: helm_release(E2E_IMAGE, marker=OWN)})
    town.push("e2e", "1.1.3-rc1")
    town.build("1.1.4")
    assert town.deliver(by_hand(town, image, OWN)).delivered
    assert town.file(GITOPS, FILE) == helm_release(E2E_IMAGE.replace("1.1.3", "1.1.4"), marker=OWN)
