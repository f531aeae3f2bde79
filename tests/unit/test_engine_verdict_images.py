"""The gates about images: where one comes from, what its tags hold, and what the target's tag holds."""

from __future__ import annotations

import pytest

from support.engine_world import E2E_IMAGE, GITOPS, PRD_IMAGE, STAGING, STAGING_FILE, EngineWorld, helm_release
from tidegate.model import Answer, Digest


@pytest.fixture
def town() -> EngineWorld:
    """E2e has 1.1.3-rc1."""
    town = EngineWorld()
    town.bring("e2e")
    return town


# --- origin


@pytest.mark.parametrize(
    ("image", "code", "text"),
    [
        (
            "evil.example/team/inventory:1.1.3",
            "release/foreign-image",
            "evil.example/team/inventory is not in the registry of e2e (e2e.example)",
        ),
        (
            "dev.example/team/inventory:1.1.3",
            "release/foreign-image",
            "dev.example/team/inventory is not in the registry of e2e (e2e.example)",
        ),
        (
            "prd.example/team/inventory:1.1.4",
            "release/environment-skipped",
            "inventory 1.1.4 was never in e2e",
        ),
        (
            "e2e.example/team/inventory:1.1.3-rc2",
            "release/environment-skipped",
            "inventory 1.1.3-rc2 was never in e2e",
        ),
        ("prd.example/team/inventory:01.1.3", "release/environment-skipped", "inventory 01.1.3 was never in e2e"),
        ("prd.example/team/inventory:v1.1.3", "release/environment-skipped", "inventory v1.1.3 was never in e2e"),
        ("prd.example/team/inventory:latest", "release/environment-skipped", "inventory latest was never in e2e"),
    ],
)
def test_what_was_not_in_the_source_environment_is_refused(town: EngineWorld, image: str, code: str, text: str) -> None:
    for host, tag in (("e2e", "1.1.3-rc2"), ("staging", "1.1.4"), ("dev", "1.1.3")):
        town.push(host, tag)
    reason = town.reason(town.open("staging", image), "origin")
    assert (reason.answer, reason.code, reason.text) == (Answer.NO, code, text)
    assert reason.evidence == f"{STAGING_FILE}:10"


def test_a_merge_request_cannot_bring_its_own_source(town: EngineWorld) -> None:
    """In one repository, the branch may change the source environment, too: only what is merged there counts."""
    town.push("dev", "6.6.6")
    town.write(GITOPS, {town.path("dev"): helm_release("dev.example/team/inventory:6.6.6")}, "by-hand")
    request = town.open("e2e", "e2e.example/team/inventory:6.6.6-rc1")
    assert town.reason(request, "origin").code == "release/environment-skipped"


def test_a_source_that_names_a_foreign_image_is_no_origin(town: EngineWorld) -> None:
    town.write(GITOPS, {town.path("e2e"): helm_release("evil.example/team/inventory:1.1.5-rc1")})
    request = town.open("staging", "prd.example/team/inventory:1.1.5")
    assert town.reason(request, "origin").code == "release/environment-skipped"


# --- source image


def test_a_source_tag_that_is_gone_is_refused(town: EngineWorld) -> None:
    town.images.delete(town.image("e2e", "1.1.3-rc1"))
    reason = town.reason(town.open("staging", PRD_IMAGE), "source image")
    assert (reason.answer, reason.code, reason.evidence) == (
        Answer.NO,
        "release/source-tag-missing",
        "clusters/e2e/inventory/release.yaml:10",
    )


def test_a_source_tag_that_moved_since_it_was_opened_is_refused(town: EngineWorld) -> None:
    request = town.opened("staging")
    moved = town.push("e2e", "1.1.3-rc1", "overwritten")
    reason = town.reason(request, "source image")
    assert (reason.answer, reason.code) == (Answer.NO, "release/tag-moved")
    assert f"holds {moved.short} now, and e2e was given 60e9906569bc" in reason.text


def test_a_source_tag_that_nobody_delivered_is_held_to_what_the_merge_request_was_opened_for(town: EngineWorld) -> None:
    town.declare("e2e", "1.1.4-rc1")
    town.push("e2e", "1.1.4-rc1")
    request = town.opened("staging")
    town.push("e2e", "1.1.4-rc1", "overwritten")
    reason = town.reason(request, "source image")
    assert (reason.answer, reason.code) == (Answer.NO, "release/tag-moved")
    assert "the merge request was opened for" in reason.text


def test_a_manifest_pinned_to_another_digest_is_refused(town: EngineWorld) -> None:
    reason = town.reason(town.open("staging", PRD_IMAGE, pin=f"@{Digest.of(b'x')}"), "source image")
    assert (reason.answer, reason.code) == (Answer.NO, "release/tag-moved")
    assert "pinned to 2d711642b726" in reason.text


def test_a_manifest_pinned_to_the_digest_goes(town: EngineWorld) -> None:
    request = town.open("staging", PRD_IMAGE, pin=f"@{town.held('e2e', '1.1.3-rc1')}")
    assert town.reason(request, "source image").answer is Answer.GO


def test_of_two_candidates_the_recorded_digest_tells_and_else_the_newest(town: EngineWorld) -> None:
    first = town.held("e2e", "1.1.3-rc1")
    promoted = town.opened("staging")
    second = town.push("dev", "1.1.3", "rebuilt")
    town.bring("e2e")
    by_hand = town.open("staging", PRD_IMAGE)
    digests = [
        each.target_image.digest
        for request in (promoted, by_hand)
        for seen in [town.look(request).seen]
        if seen is not None
        for each in seen.deliveries
        if each.target_image is not None
    ]
    assert digests == [first, second]


def test_what_main_recorded_long_ago_is_not_taken_for_the_branchs_record(town: EngineWorld) -> None:
    town.bring("staging")
    town.build("1.1.4")
    town.bring("e2e")
    request = town.open("staging", "prd.example/team/inventory:1.1.4")
    town.write(STAGING, {"README.md": b"new\n"})
    town.merge(STAGING, "main", "by-hand")
    assert town.reason(request, "source image").answer is Answer.GO


# --- target image


def test_a_target_tag_with_the_same_digest_is_adopted(town: EngineWorld) -> None:
    town.push("staging", "1.1.3")
    reason = town.reason(town.open("staging", PRD_IMAGE), "target image")
    assert (reason.answer, reason.text) == (Answer.GO, f"{PRD_IMAGE} holds 60e9906569bc")


@pytest.mark.parametrize("image", [PRD_IMAGE, E2E_IMAGE])
def test_a_target_tag_with_another_digest_is_never_overwritten(town: EngineWorld, image: str) -> None:
    town.push("staging", "1.1.3", "something else")
    reason = town.reason(town.open("staging", image), "target image")
    assert (reason.answer, reason.code, reason.evidence) == (Answer.NO, "registry/tag-exists", PRD_IMAGE)


@pytest.mark.parametrize(
    ("tag", "text"),
    [
        ("1.1.3-rc0", "1.1.3-rc0 is no candidate: they are counted from 1"),
        ("1.1.3-rc3", "60e9906569bc is 1.1.3-rc2 already, and not 1.1.3-rc3, too"),
    ],
)
def test_a_candidates_number_that_its_image_may_not_have_is_refused(tag: str, text: str) -> None:
    """By hand, where nobody is asked for an approval: e2e would test one image under two names."""
    town = EngineWorld()
    town.push("e2e", "1.1.3-rc1", "an older build")
    town.push("e2e", "1.1.3-rc2")
    request = town.open("e2e", f"e2e.example/team/inventory:{tag}")
    reason = town.reason(request, "target image")
    assert (reason.answer, reason.code, reason.text) == (Answer.NO, "release/candidate-misnumbered", text)
    assert reason.evidence == "clusters/e2e/inventory/release.yaml:10"
    assert reason.hint is not None
    assert reason.hint.startswith("write 1.1.3-rc2 in the manifest, or promote again")
    assert town.look(request).plan is None
    good = town.open("e2e", "e2e.example/team/inventory:1.1.3-rc2", "good")
    assert town.answer(good) is Answer.GO
