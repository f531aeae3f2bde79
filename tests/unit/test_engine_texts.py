"""What people read in merge requests, notes and commits; each text is a golden file."""

from __future__ import annotations

import pytest

from support.engine_world import (
    BILLING,
    GITOPS,
    INVENTORY,
    STAGING,
    STAGING_FILE,
    EngineWorld,
    helm_release,
    on_approval,
)
from support.golden import assert_golden
from tidegate.engine.description import approvals_wanted
from tidegate.engine.manifests import manifest_diff
from tidegate.engine.plan import Plan
from tidegate.engine.steps import Comment, CommitFiles, Merge, OpenMergeRequest
from tidegate.engine.together import planned_together
from tidegate.engine.world import World
from tidegate.errors.release import ManifestRefused
from tidegate.model import ApprovalRule, MergeRequest, PathPattern


@pytest.fixture
def town() -> EngineWorld:
    """Staging has 1.1.2, and e2e has 1.1.3-rc1."""
    town = EngineWorld()
    town.push("staging", "1.1.2")
    town.declare("staging", "1.1.2")
    town.bring("e2e")
    return town


def described(town: EngineWorld, environment: str) -> str:
    """Return what the plan of a promotion writes: the merge request, and the commit."""
    return written(town.plan(environment))


def written(plan: Plan) -> str:
    parts = []
    for step in plan.steps:
        if isinstance(step, CommitFiles):
            trailers = "\n".join(f"{name}: {value}" for name, value in step.trailers.items())
            parts.append(f"{step.subject}\n\n{step.body}\n\n{trailers}")
        if isinstance(step, OpenMergeRequest):
            parts.append(f"{step.title}\n\n{step.description}")
    return "\n\n--------\n\n".join(parts) + "\n"


def test_on_open(town: EngineWorld) -> None:
    assert_golden("merge_request_on_open.md", described(town, "staging"))


def test_on_approval(town: EngineWorld) -> None:
    on_approval(town, "staging")
    assert_golden("merge_request_on_approval.md", described(town, "staging"))


def test_a_first_promotion() -> None:
    assert_golden("merge_request_first.md", described(EngineWorld(), "e2e"))


def test_in_one_account(town: EngineWorld) -> None:
    town.bring("staging")
    assert_golden("merge_request_in_place.md", described(town, "production"))


def test_together(town: EngineWorld) -> None:
    world = with_billing(town)
    plan = planned_together(world, [INVENTORY, BILLING], world.environment("staging"))
    assert_golden("merge_request_together.md", written(plan))


def with_billing(town: EngineWorld) -> World:
    """Let e2e have billing 2.0.0-rc1, too."""
    town.push("e2e", "2.0.0-rc1", service=BILLING)
    image = str(town.image("e2e", "2.0.0-rc1", BILLING))
    town.write(GITOPS, {town.path("e2e", "billing"): helm_release(image, service="billing")})
    return town.world()


def test_two_services_in_one_file_are_not_promoted_together(town: EngineWorld) -> None:
    one_folder = PathPattern("apps")
    town.change("staging", path=one_folder)
    both = helm_release(str(town.image("staging", "1.1.2"))) + b"---\n"
    both += helm_release(str(town.image("staging", "1.0.0", BILLING)), service="billing")
    town.write(STAGING, {STAGING_FILE: None, "apps/all.yaml": both})
    world = with_billing(town)
    with pytest.raises(ManifestRefused, match="inventory and billing are in one file"):
        planned_together(world, [INVENTORY, BILLING], world.environment("staging"))


def delivered(town: EngineWorld, request: MergeRequest) -> str:
    """Return what a delivery writes: its commit, its note, the merge commit."""
    plan = town.look(request).plan
    assert plan is not None
    parts = []
    for step in plan.steps:
        if isinstance(step, CommitFiles):
            trailers = "\n".join(f"{name}: {value}" for name, value in step.trailers.items())
            parts.append(f"{step.subject}\n\n{step.body}\n\n{trailers}\n")
        if isinstance(step, Comment):
            parts.append(f"{step.text}\n")
        if isinstance(step, Merge):
            parts.append(step.message)
    return "\n--------\n\n".join(parts)


def test_a_delivery(town: EngineWorld) -> None:
    on_approval(town, "staging")
    request = town.opened("staging")
    town.approve(request, "stella", "mallory")
    text = delivered(town, request)
    head = town.forge.merge_request(STAGING, request.iid).head
    assert_golden("delivery.txt", text.replace(head[:12], "0123456789ab"))


def test_a_title_cannot_write_a_trailer(town: EngineWorld) -> None:
    request = town.open("staging", "prd.example/team/inventory:1.1.3")
    title = "x\n\nTidegate-Version: 6.6.6\u2028\x1b[31m"
    town.forge.describe(STAGING, request.iid, title=title, description="")
    town.approve(request, "stella")
    town.deliver(request)
    remote = town.remotes.remote(STAGING)
    trailers = remote.stored(remote.branches["main"]).commit.trailers
    assert trailers["Tidegate-Version"] == "1.1.3"
    assert "x Tidegate-Version: 6.6.6 [31m" in delivered_message(town)


def delivered_message(town: EngineWorld) -> str:
    (merge,) = (step for plan in town.told.plans[-1:] for step in plan.steps if isinstance(step, Merge))
    return merge.message


@pytest.mark.parametrize("fence", ["```", "`````"])
def test_a_fence_in_the_manifest_does_not_end_the_diff(fence: str) -> None:
    town = EngineWorld()
    data = helm_release("dev.example/team/inventory:1.1.3") + f"    notes: |\n      {fence}\n      evil\n".encode()
    town.write(GITOPS, {town.path("dev"): data})
    text = described(town, "e2e")
    opening = f"{fence}`diff"
    assert f"\n{opening}\n" in text
    body = text.partition(f"\n{opening}\n")[2].partition(f"\n{fence}`\n")[0]
    assert body.endswith("evil")


def test_a_manifest_with_crlf_is_told_with_the_line_ends_that_a_forge_keeps() -> None:
    town = EngineWorld()
    data = helm_release("dev.example/team/inventory:1.1.3").replace(b"\n", b"\r\n")
    town.write(GITOPS, {town.path("dev"): data})
    (opening,) = (step for step in town.plan("e2e").steps if isinstance(step, OpenMergeRequest))
    assert "\r" not in opening.description
    assert opening.description == opening.description.strip("\n")


def test_a_very_long_diff_is_cut_at_a_line() -> None:
    town = EngineWorld()
    data = helm_release("dev.example/team/inventory:1.1.3")
    data += b"    long:\n" + b"".join(b"      - line %d of the list\n" % number for number in range(5000))
    town.write(GITOPS, {town.path("dev"): data})
    (opening,) = (step for step in town.plan("e2e").steps if isinstance(step, OpenMergeRequest))
    assert len(opening.description) < 52_000
    assert " of the list\n(… the rest is in the merge request's changes)\n```\n" in opening.description


@pytest.mark.parametrize(
    ("rule", "sentence"),
    [
        (ApprovalRule(), "No approval is needed."),
        (ApprovalRule(1), "Needs 1 approval from anyone."),
        (
            ApprovalRule(2, ("group:a/b", "user:zoe"), not_author=True, not_committers=True),
            "Needs 2 approvals from group:a/b or user:zoe (not the author or those who committed to it).",
        ),
    ],
)
def test_whose_approval_is_wanted(rule: ApprovalRule, sentence: str) -> None:
    assert approvals_wanted(rule) == sentence


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (b"a\n", b"a\n", ""),
        (None, b"a\n", "--- /dev/null\n+++ b/f\n@@ -0,0 +1 @@\n+a\n"),
        (
            b"a",
            b"b\n",
            "--- a/f\n+++ b/f\n@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+b\n",
        ),
        (b"a\r\nb\r\n", b"a\r\nc\r\n", "--- a/f\n+++ b/f\n@@ -1,2 +1,2 @@\n a\r\n-b\r\n+c\r\n"),
        (
            "a\u2028b\n".encode(),
            "a\u2028c\n".encode(),
            "--- a/f\n+++ b/f\n@@ -1 +1 @@\n-a\u2028b\n+a\u2028c\n",
        ),
    ],
)
def test_a_diff_is_gits(before: bytes | None, after: bytes, expected: str) -> None:
    assert manifest_diff(before, after, "f") == expected
