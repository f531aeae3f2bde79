"""What a merge request may change besides an image's reference: nothing elsewhere, and nothing that nobody looks at."""

from __future__ import annotations

import pytest

from support.engine_world import GITOPS, PRD_IMAGE, STAGING, EngineWorld, helm_release
from tidegate.model import Answer, PathPattern

ALIASED = b"""\
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: inventory}
spec:
  values:
    version: &version %s
    image: {repository: %s, tag: *version}
"""


@pytest.fixture
def town() -> EngineWorld:
    """E2e has 1.1.3-rc1."""
    town = EngineWorld()
    town.bring("e2e")
    return town


def test_a_file_elsewhere_does_not_ride_along(town: EngineWorld) -> None:
    town.write(STAGING, {".gitlab-ci.yml": b"evil: true\n", "apps/other/x.yaml": b"x: 1\n"}, "by-hand")
    reason = town.reason(town.open("staging", PRD_IMAGE), "scope")
    assert (reason.answer, reason.code) == (Answer.NO, "release/out-of-scope")
    assert reason.text.endswith("also changes .gitlab-ci.yml, apps/other/x.yaml")


def test_where_nobody_approves_only_an_image_moves(town: EngineWorld) -> None:
    """A sidecar from anywhere, with no person asked: that is for a person to merge."""
    town.build("1.1.4")
    plain = town.open("e2e", "e2e.example/team/inventory:1.1.4-rc1", "plain")
    assert town.answer(plain) is Answer.GO
    data = helm_release("e2e.example/team/inventory:1.1.4-rc1").replace(
        b"ghcr.io/mesh/proxy:2.0.1", b"evil.example/x:1"
    )
    town.write(GITOPS, {town.path("e2e"): data}, "sidecar")
    request = town.request(GITOPS, "sidecar")
    reason = town.reason(request, "scope")
    assert (reason.answer, reason.code) == (Answer.NO, "release/out-of-scope")
    assert reason.text == f"{request.ref} changes more in clusters/e2e/inventory/release.yaml than the move of an image"


def test_where_nobody_approves_a_manifest_that_cannot_be_rewritten_is_a_reason(town: EngineWorld) -> None:
    town.build("1.1.4")
    town.write(GITOPS, {town.path("e2e"): ALIASED % (b"1.1.4", b"dev.example/team/inventory")}, "by-hand")
    request = town.request(GITOPS, "by-hand")
    assert town.answer(request) is Answer.NO
    assert town.reason(request, "manifest").code == "manifest/unsafe-edit"
    assert town.reason(request, "scope").code == "release/out-of-scope"


def test_where_nobody_approves_what_the_target_had_may_be_what_no_edit_can_be_made_in(town: EngineWorld) -> None:
    town.write(GITOPS, {town.path("e2e"): ALIASED % (b"1.1.3-rc1", b"e2e.example/team/inventory")})
    town.build("1.1.4")
    assert town.answer(town.open("e2e", "e2e.example/team/inventory:1.1.4-rc1")) is Answer.GO


def test_another_environment_of_the_repository_does_not_ride_along(town: EngineWorld) -> None:
    """E2e needs no approval; an environment beside it that does must not be changed under e2e's rule."""
    town.change("staging", repo=GITOPS, path=PathPattern("clusters/staging/{service}"))
    town.build("1.1.4")
    files = {town.path("staging"): helm_release(PRD_IMAGE)}
    town.write(GITOPS, files, "by-hand")
    request = town.open("e2e", "e2e.example/team/inventory:1.1.4-rc1")
    assert town.answer(request) is Answer.NO
    assert town.reason(request, "scope").text.endswith("also changes clusters/staging/inventory/release.yaml")


def test_a_service_that_is_changed_but_not_moved_does_not_ride_along(town: EngineWorld) -> None:
    billing = helm_release("e2e.example/team/billing:2.0.0-rc1", service="billing", replicas=9)
    town.write(GITOPS, {town.path("e2e", "billing"): billing}, "by-hand")
    town.build("1.1.4")
    reason = town.reason(town.open("e2e", "e2e.example/team/inventory:1.1.4-rc1"), "scope")
    assert reason.text.endswith("also changes clusters/e2e/billing/release.yaml")


def test_a_branch_of_endless_commits_is_refused(town: EngineWorld) -> None:
    for number in range(50):
        town.write(STAGING, {"apps/inventory/notes.txt": b"%d" % number}, "by-hand")
    reason = town.reason(town.open("staging", PRD_IMAGE), "scope")
    assert (reason.answer, reason.hint) == (Answer.NO, "squash the commits of its branch into one")
