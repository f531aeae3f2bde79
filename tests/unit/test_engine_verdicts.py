"""What decides about a merge request: each gate with each of its reasons, seen and decided as `deliver` does."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from support.engine_world import (
    BILLING,
    E2E_IMAGE,
    GITOPS,
    INVENTORY,
    PRD,
    PRD_IMAGE,
    STAGING,
    STAGING_FILE,
    EngineWorld,
    helm_release,
    on_approval,
)
from tidegate.engine.decide import decide
from tidegate.engine.views.explanation import explain
from tidegate.model import Answer, Gates, ImageRef, TagPattern
from tidegate.testing.remotes import Link


@pytest.fixture
def town() -> EngineWorld:
    """E2e has 1.1.3-rc1."""
    town = EngineWorld()
    town.bring("e2e")
    return town


# --- everything is fine


def test_a_merge_request_that_may_go_has_a_reason_from_each_gate(town: EngineWorld) -> None:
    town.change("staging", gates=Gates(timedelta(hours=1)))
    town.clock.advance(timedelta(hours=2))
    request = town.open("staging", PRD_IMAGE)
    town.approve(request, "stella")
    verdict = town.look(request).verdict
    assert verdict is not None
    assert verdict.answer is Answer.GO
    assert [(reason.gate, reason.text) for reason in verdict.reasons] == [
        ("state", f"{request.ref} is open"),
        ("manifest", f"names {PRD_IMAGE}"),
        ("origin", "e2e had inventory 1.1.3-rc1"),
        ("source image", f"{E2E_IMAGE} holds 60e9906569bc"),
        ("target image", f"{PRD_IMAGE} is not there yet: it will be copied"),
        ("approvals", "approved by stella"),
        ("soak", "inventory 1.1.3-rc1 has been in e2e for 2 h; 1 h is needed"),
    ]


# --- state


def test_a_draft_waits(town: EngineWorld) -> None:
    opened = town.open("staging", PRD_IMAGE)
    town.forge.describe(STAGING, opened.iid, title="Draft: not yet", description="")
    reason = town.reason(opened, "state")
    assert (reason.answer, reason.hint) == (Answer.WAIT, "mark it as ready")


def test_a_closed_one_does_not_go(town: EngineWorld) -> None:
    request = town.open("staging", PRD_IMAGE)
    town.forge.close(STAGING, request.iid, user="alice")
    reason = town.reason(request, "state")
    assert (reason.answer, reason.code) == (Answer.NO, "forge/merge-request-not-open")


def test_one_whose_branch_was_deleted_does_not_go(town: EngineWorld) -> None:
    request = town.open("staging", PRD_IMAGE)
    town.approve(request, "stella")
    del town.remotes.remote(STAGING).branches["by-hand"]
    reason = town.reason(request, "state")
    assert (reason.answer, reason.code) == (Answer.NO, "release/branch-gone")
    assert reason.text == f"the branch of {request.ref}, by-hand, was deleted"
    town.deliver(request)
    assert town.held("staging", "1.1.3") is None
    assert "is refused: the branch of" in explain(town.world(), INVENTORY, town.environments["staging"]).sentence


def test_a_merged_one_is_delivered(town: EngineWorld) -> None:
    request = town.bring("staging")
    delivery = town.look(request)
    assert (delivery.delivered, delivery.verdict, delivery.plan) == (True, None, None)


def test_one_that_moves_no_image_is_none_of_ours(town: EngineWorld) -> None:
    town.write(STAGING, {"README.md": b"new\n"}, "docs")
    delivery = town.look(town.request(STAGING, "docs"))
    assert (delivery.delivered, delivery.seen, delivery.verdict) == (False, None, None)


# --- manifest


@pytest.mark.parametrize(
    ("data", "code", "where"),
    [
        (b"kind: HelmRelease\nspec: [\n", "manifest/not-yaml", f"{STAGING_FILE}:3:1"),
        (helm_release("prd.example/team/other:1.1.3"), "manifest/image-not-found", STAGING_FILE),
        (
            helm_release(PRD_IMAGE) + b"    job:\n      image: prd.example/team/inventory:1.1.2\n",
            "manifest/image-ambiguous",
            f"{STAGING_FILE}:14",
        ),
        (
            helm_release(PRD_IMAGE)
            + b"".join(b"    j%d: {image: prd.example/team/inventory:1.1.3}\n" % number for number in range(200)),
            "manifest/too-large",
            STAGING_FILE,
        ),
        (b"kind: HelmRelease #" + b"#" * (5 << 20), "git/file-too-large", STAGING_FILE),
    ],
)
def test_what_is_wrong_with_a_manifest_is_a_verdict(town: EngineWorld, data: bytes, code: str, where: str) -> None:
    town.write(STAGING, {STAGING_FILE: data}, "by-hand")
    reason = town.reason(town.request(STAGING, "by-hand"), "manifest")
    assert (reason.answer, reason.code, reason.evidence) == (Answer.NO, code, where)


def test_a_reference_that_cannot_be_rewritten_is_told_before_the_delivery(town: EngineWorld) -> None:
    data = helm_release(E2E_IMAGE).replace(b"tag: 1.1.3-rc1", b"tag: &tag 1.1.3-rc1\n    again: *tag")
    town.write(STAGING, {STAGING_FILE: data}, "by-hand")
    reason = town.reason(town.request(STAGING, "by-hand"), "manifest")
    assert (reason.answer, reason.code) == (Answer.NO, "manifest/unsafe-edit")


def test_another_image_of_an_account_that_the_target_does_not_use_is_refused(town: EngineWorld) -> None:
    """Only the service's own image is copied: the worker would be pulled from e2e's account, or not at all."""
    data = helm_release(PRD_IMAGE) + b"    worker:\n      image: e2e.example/team/worker:1.0.0\n"
    town.write(STAGING, {STAGING_FILE: data}, "by-hand")
    (_, reason) = town.reasons(town.request(STAGING, "by-hand"), "manifest")
    assert (reason.answer, reason.code, reason.evidence) == (
        Answer.NO,
        "release/manifest-refused",
        f"{STAGING_FILE}:14",
    )


@pytest.mark.parametrize("left", [None, b"kind: ConfigMap\napiVersion: v1\n"])
def test_taking_a_helmrelease_away_is_refused(town: EngineWorld, left: bytes | None) -> None:
    town.bring("staging")
    town.write(STAGING, {STAGING_FILE: left}, "by-hand")
    reason = town.reason(town.request(STAGING, "by-hand"), "manifest")
    assert reason.code == ("release/nothing-declared" if left is None else "manifest/not-helmrelease")


@pytest.mark.parametrize("until", ["e2e", "staging"])
def test_a_symbolic_link_in_place_of_a_helmrelease_is_refused(town: EngineWorld, until: str) -> None:
    if until == "staging":
        town.bring("staging")
    town.write(STAGING, {STAGING_FILE: Link(b"../../elsewhere/release.yaml")}, "by-hand")
    reason = town.reason(town.request(STAGING, "by-hand"), "manifest")
    assert (reason.answer, reason.code, reason.evidence) == (Answer.NO, "manifest/symbolic-link", STAGING_FILE)


def test_a_symbolic_link_beside_the_file_that_it_names_is_refused(town: EngineWorld) -> None:
    """What Flux deploys is what kustomize makes of the folder; a link there is one more name of something."""
    folder = STAGING_FILE.rpartition("/")[0]
    files = {f"{folder}/real.yaml": helm_release(E2E_IMAGE), STAGING_FILE: Link(b"real.yaml")}
    town.write(STAGING, files, "by-hand")
    request = town.request(STAGING, "by-hand")
    town.approve(request, "stella")
    reason = town.reason(request, "manifest")
    assert (reason.answer, reason.code, reason.evidence) == (Answer.NO, "manifest/symbolic-link", STAGING_FILE)


def test_another_image_than_the_services_may_be_an_attack(town: EngineWorld) -> None:
    town.bring("staging")
    town.write(STAGING, {STAGING_FILE: helm_release("prd.example/team/evil:1.1.3")}, "by-hand")
    reason = town.reason(town.request(STAGING, "by-hand"), "manifest")
    assert (reason.answer, reason.code) == (Answer.NO, "manifest/image-not-found")
    assert reason.hint == (
        "if this was not intended, close the merge request; "
        "else set `services.inventory.image` to the repository that the HelmRelease names"
    )


def test_a_link_that_was_there_before_is_none_of_a_merge_requests_business(town: EngineWorld) -> None:
    town.write(STAGING, {STAGING_FILE: Link(b"../../elsewhere/release.yaml")})
    town.write(STAGING, {"apps/inventory/notes.txt": b"x"}, "notes")
    assert town.look(town.request(STAGING, "notes")).seen is None
    town.write(STAGING, {STAGING_FILE: None}, "away")
    assert town.look(town.request(STAGING, "away")).seen is None


def test_a_broken_target_may_be_mended(town: EngineWorld) -> None:
    town.write(STAGING, {STAGING_FILE: b"kind: HelmRelease\nspec: [\n"})
    request = town.open("staging", PRD_IMAGE)
    assert town.reason(request, "manifest").answer is Answer.GO


# --- mergeable


def test_a_conflict_waits_for_a_person(town: EngineWorld) -> None:
    request = town.open("staging", PRD_IMAGE)
    town.write(STAGING, {STAGING_FILE: helm_release("prd.example/team/inventory:1.0.0")})
    reason = town.reason(request, "mergeable")
    assert (reason.answer, reason.code) == (Answer.WAIT, "forge/merge-conflict")


def test_a_file_that_main_changed_meanwhile_is_not_mixed_in(town: EngineWorld) -> None:
    """Git may merge two changes of one file cleanly (the fake forge never does): nobody approved the mixture."""
    town.bring("staging")
    town.write(STAGING, {STAGING_FILE: helm_release(E2E_IMAGE)}, "by-hand")
    request = town.request(STAGING, "by-hand")
    town.write(STAGING, {STAGING_FILE: helm_release(PRD_IMAGE) + b"# owned by the shop\n"})
    seen = town.look(request).seen
    assert seen is not None
    assert seen.overtaken == (STAGING_FILE,)
    clean = replace(seen, merge_request=replace(seen.merge_request, conflicts=False))
    (reason,) = (reason for reason in decide(clean).reasons if reason.gate == "mergeable")
    assert (reason.answer, reason.text) == (
        Answer.WAIT,
        f"main has changed {STAGING_FILE} since {request.ref} began",
    )


def test_a_source_that_breaks_later_is_a_verdict(town: EngineWorld) -> None:
    request = town.open("staging", PRD_IMAGE)
    town.write(GITOPS, {"clusters/e2e/inventory/release.yaml": b"kind: HelmRelease\n  broken: ["})
    reason = town.reason(request, "manifest")
    assert (reason.answer, reason.code) == (Answer.NO, "manifest/not-yaml")


# --- which services, which environment


def test_what_a_merge_request_does_not_change_it_does_not_move(town: EngineWorld) -> None:
    """A branch older than main, that changes a value beside the image: main's newer image stays."""
    town.bring("staging")
    town.write(STAGING, {STAGING_FILE: helm_release(PRD_IMAGE, replicas=5)}, "by-hand")
    town.write(STAGING, {STAGING_FILE: helm_release("prd.example/team/inventory:1.1.4")})
    assert town.look(town.request(STAGING, "by-hand")).seen is None


def test_two_services_move_together_and_one_no_stops_both(town: EngineWorld) -> None:
    billing = helm_release("prd.example/team/billing:2.0.0", service="billing")
    town.write(STAGING, {town.path("staging", "billing"): billing}, "by-hand")
    request = town.open("staging", PRD_IMAGE)
    town.approve(request, "stella")
    delivery = town.look(request)
    assert delivery.seen is not None
    assert [each.service for each in delivery.seen.deliveries] == [INVENTORY, BILLING]
    assert town.answer(request) is Answer.GO
    town.images.delete(town.image("e2e", "2.0.0-rc1", BILLING))
    assert [reason.answer for reason in town.reasons(request, "source image")] == [Answer.GO, Answer.NO]
    assert town.look(request).plan is None


@pytest.mark.parametrize(
    ("named", "is_source", "target_tag"),
    [("1.1.3", True, "1.1.3-rc1"), ("1.1.3-rc1", False, "1.1.3-rc1")],
)
def test_in_one_account_a_candidates_number_tells_source_from_target(
    named: str,
    is_source: bool,  # noqa: FBT001 - a parameter of the test
    target_tag: str,
) -> None:
    town = EngineWorld()
    town.change("e2e", registry=town.environments["dev"].registry)
    seen = town.look(town.open("e2e", f"dev.example/team/inventory:{named}")).seen
    assert seen is not None
    (each,) = seen.deliveries
    assert (each.names_source, each.target_image and each.target_image.tag) == (is_source, target_tag)
    assert each.origin is not None


def test_in_one_account_a_candidate_is_told_from_the_release_that_it_becomes(town: EngineWorld) -> None:
    town.change("staging", registry=town.environments["e2e"].registry)
    seen = town.look(town.open("staging", E2E_IMAGE)).seen
    assert seen is not None
    (each,) = seen.deliveries
    assert (each.names_source, str(each.target_image).partition("@")[0]) == (
        True,
        "e2e.example/team/inventory:1.1.3",
    )


def test_in_one_account_with_numbers_on_both_sides_nothing_is_rewritten(town: EngineWorld) -> None:
    town.change("staging", registry=town.environments["e2e"].registry, tag=TagPattern("{version}-rc{n}"))
    seen = town.look(town.open("staging", E2E_IMAGE)).seen
    assert seen is not None
    (each,) = seen.deliveries
    assert each.names_source is False
    assert each.target_image == town.image("e2e", "1.1.3-rc1").with_digest(town.push("e2e", "1.1.3-rc1"))


def test_in_one_account_with_one_pattern_nothing_is_rewritten(town: EngineWorld) -> None:
    town.bring("staging")
    seen = town.look(town.open("production", PRD_IMAGE)).seen
    assert seen is not None
    (each,) = seen.deliveries
    assert (each.names_source, each.target_image) == (
        False,
        ImageRef(PRD.host, "team/inventory", "1.1.3", town.held("staging", "1.1.3")),
    )


def test_a_rewrite_by_hand_gets_the_number_of_its_digest(town: EngineWorld) -> None:
    town.push("e2e", "1.1.4-rc1", "an older build")
    town.build("1.1.4")
    on_approval(town, "e2e")
    seen = town.look(town.open("e2e", "dev.example/team/inventory:1.1.4")).seen
    assert seen is not None
    (each,) = seen.deliveries
    assert each.target_image is not None
    assert each.target_image.tag == "1.1.4-rc2"


def test_numbers_may_be_written_in_another_way(town: EngineWorld) -> None:
    town.change("e2e", tag=TagPattern("{version}-rc.{n}"))
    request = town.open("staging", PRD_IMAGE)
    assert town.reason(request, "origin").code == "release/environment-skipped"
