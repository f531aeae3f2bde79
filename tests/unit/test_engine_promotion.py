"""Promoting: what is planned from what is there, and that running it twice changes nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest

from support.engine_world import (
    GITOPS,
    INVENTORY,
    MARKER,
    STAGING,
    EngineWorld,
    helm_release,
    on_approval,
)
from tidegate.engine.plan import Plan
from tidegate.engine.promote import planned_promotion, promote
from tidegate.engine.steps import Comment, CommitFiles, OpenMergeRequest
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
from tidegate.model import Carry, MergeRequest, MergeRequestOptions
from tidegate.testing.remotes import Link

E2E_BRANCH = "tidegate/inventory/to-e2e"
STAGING_BRANCH = "tidegate/inventory/to-staging"
STAGING_FILE = "apps/inventory/release.yaml"


@pytest.fixture
def town() -> EngineWorld:
    return EngineWorld()


def kinds(plan: Plan) -> list[str]:
    return [step.kind for step in plan.steps]


def written(plan: Plan) -> bytes:
    (commit,) = (step for step in plan.steps if isinstance(step, CommitFiles))
    (data,) = commit.files.values()
    return data


def opened(town: EngineWorld, environment: str, version: str | None = None) -> MergeRequest:
    found = town.promote(environment, version).merge_request
    assert found is not None
    return found


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


def test_a_source_reference_that_somebody_merged_by_hand_is_put_right(town: EngineWorld) -> None:
    on_approval(town, "staging")
    town.bring("e2e")
    town.write(STAGING, {STAGING_FILE: helm_release("e2e.example/team/inventory:1.1.3-rc1")})
    assert written(town.plan("staging")) == helm_release("prd.example/team/inventory:1.1.3")


@pytest.mark.parametrize("mode", ["on-open", "on-approval"])
def test_promoting_twice_is_promoting_once(town: EngineWorld, mode: str) -> None:
    if mode == "on-approval":
        on_approval(town, "e2e")
    first = town.promote("e2e")
    state = dict(town.remotes.remote(GITOPS).branches)
    second = town.promote("e2e")
    assert second.plan.steps == ()
    assert second.merge_request == first.merge_request
    assert town.remotes.remote(GITOPS).branches == state
    assert len(town.forge.merge_requests(GITOPS)) == 1


def test_a_branch_that_was_pushed_before_a_kill_is_adopted(town: EngineWorld) -> None:
    whole = town.plan("e2e")
    (commit, _) = whole.steps
    assert isinstance(commit, CommitFiles)
    town.write(GITOPS, dict(commit.files), E2E_BRANCH, trailers=commit.trailers)
    assert kinds(town.plan("e2e")) == ["open-merge-request"]


def test_a_merge_request_with_old_words_gets_new_ones(town: EngineWorld) -> None:
    found = opened(town, "e2e")
    town.forge.describe(GITOPS, found.iid, title=found.title, description="edited")
    plan = town.promote("e2e").plan
    assert kinds(plan) == ["open-merge-request"]
    assert town.plan("e2e").steps == ()


def test_a_newer_release_updates_the_open_merge_request_and_tells_its_reviewers(town: EngineWorld) -> None:
    found = opened(town, "e2e")
    town.approve(found, "stella")
    town.build("1.1.4")
    plan = town.plan("e2e")
    assert kinds(plan) == ["commit-files", "comment", "open-merge-request"]
    assert plan.warnings == (f"{found.ref} loses the approvals of stella: its content changes",)
    again = opened(town, "e2e")
    assert (again.iid, again.title) == (found.iid, "Promote inventory 1.1.4-rc1 to e2e")
    (note,) = town.forge.merge_request(GITOPS, found.iid).comments
    assert note.text.startswith("`1.1.4-rc1` replaces `1.1.3-rc1`: digest `sha256:")
    assert town.commits(GITOPS, E2E_BRANCH) == town.commits(GITOPS) + 1


def test_a_version_may_have_a_merge_request_of_its_own(town: EngineWorld) -> None:
    found = opened(town, "e2e")
    town.build("1.1.4")
    world = town.world()
    service, target = world.service("inventory"), world.environment("e2e")
    for _ in range(2):
        separate = promote(town.world(), service, target, town.told, separate=True).merge_request
        assert separate is not None
        assert (separate.iid, separate.source_branch) == (found.iid + 1, "tidegate/inventory/1.1.4/to-e2e")
    first = town.forge.merge_request(GITOPS, found.iid)
    assert (first.title, first.head) == (found.title, found.head)
    assert planned_promotion(town.world(), service, target, separate=True).steps == ()
    again = promote(town.world(), service, target, town.told, "1.1.3", separate=True).merge_request
    assert again is not None
    assert again.source_branch == "tidegate/inventory/1.1.3/to-e2e"


def test_a_merge_request_is_opened_as_its_environment_wants_it(town: EngineWorld) -> None:
    wishes = MergeRequestOptions(labels=("promotion",), draft=True)
    town.change("e2e", merge_request=wishes)
    (step,) = (step for step in town.plan("e2e").steps if isinstance(step, OpenMergeRequest))
    assert (step.options, step.title) == (wishes, "Draft: Promote inventory 1.1.3-rc1 to e2e")
    found = opened(town, "e2e")
    assert found.draft
    town.forge.describe(GITOPS, found.iid, title="Promote inventory 1.1.3-rc1 to e2e", description=found.description)
    assert town.plan("e2e").steps == ()


def test_a_draft_stays_a_draft(town: EngineWorld) -> None:
    found = opened(town, "e2e")
    town.forge.describe(GITOPS, found.iid, title=f"Draft: {found.title}", description=found.description)
    assert town.plan("e2e").steps == ()
    town.build("1.1.4")
    again = opened(town, "e2e")
    assert (again.title, again.draft) == ("Draft: Promote inventory 1.1.4-rc1 to e2e", True)
    (note,) = town.forge.merge_request(GITOPS, found.iid).comments
    assert "replaces `1.1.3-rc1`" in note.text


def test_the_note_does_not_guess_from_a_title_of_somebodys_own(town: EngineWorld) -> None:
    found = opened(town, "e2e")
    town.forge.describe(GITOPS, found.iid, title="Ship it!", description=found.description)
    town.build("1.1.4")
    (note,) = (step for step in town.plan("e2e").steps if isinstance(step, Comment))
    assert note.text.startswith("This merge request brings `1.1.4-rc1` now: digest")


def test_a_persons_commit_on_the_branch_is_not_lost(town: EngineWorld) -> None:
    found = opened(town, "e2e")
    data = town.file(GITOPS, town.path("e2e"), E2E_BRANCH)
    assert data is not None
    town.write(GITOPS, {town.path("e2e"): data + b"# mine\n"}, E2E_BRANCH, author="bob", subject="Tune it")
    town.build("1.1.4")
    with pytest.raises(ManifestRefused, match="a commit by bob \\('Tune it'\\)"):
        town.promote("e2e")
    town.forge.close(GITOPS, found.iid, user="bob")
    assert opened(town, "e2e").iid == found.iid + 1


def test_a_branch_that_took_in_main_shows_only_its_own_commits(town: EngineWorld) -> None:
    town.write(GITOPS, {"README.md": b"older\n"}, author="bob")
    opened(town, "e2e")
    town.write(GITOPS, {"README.md": b"newer\n"}, author="bob")
    town.merge(GITOPS, "main", E2E_BRANCH, author="alice")
    town.build("1.1.4")
    with pytest.raises(ManifestRefused, match="a commit by alice \\('Merge main'\\)"):
        town.plan("e2e")


def test_main_moving_elsewhere_leaves_the_branch_and_its_approvals(town: EngineWorld) -> None:
    opened(town, "e2e")
    town.write(GITOPS, {"README.md": b"new\n"})
    assert town.plan("e2e").steps == ()


def test_main_moving_the_same_file_makes_the_branch_anew(town: EngineWorld) -> None:
    town.declare("e2e", "1.1.1-rc1")
    opened(town, "e2e")
    town.declare("e2e", "1.1.2-rc1")
    opened(town, "e2e")
    remote = town.remotes.remote(GITOPS)
    assert remote.stored(remote.branches[E2E_BRANCH]).commit.parents == (remote.branches["main"],)


def test_a_branch_that_was_merged_is_made_anew(town: EngineWorld) -> None:
    first = town.bring("e2e")
    assert E2E_BRANCH in town.remotes.remote(GITOPS).branches
    town.build("1.1.4")
    second = opened(town, "e2e")
    assert second.iid == first.iid + 1
    assert town.commits(GITOPS, E2E_BRANCH) == town.commits(GITOPS) + 1


def test_a_branch_that_a_delivery_has_rewritten_is_left_alone(town: EngineWorld) -> None:
    on_approval(town, "staging")
    town.bring("e2e")
    found = opened(town, "staging")
    town.approve(found, "stella")
    rewrite = next(step for step in town.look(found).plan.steps if isinstance(step, CommitFiles))  # type: ignore[union-attr]
    town.write(STAGING, dict(rewrite.files), STAGING_BRANCH, author="Tidegate", trailers=rewrite.trailers)
    assert town.plan("staging").steps == ()


def test_a_rebuilt_candidate_gets_the_next_number(town: EngineWorld) -> None:
    town.bring("e2e")
    town.push("dev", "1.1.3", "rebuilt")
    assert town.plan("e2e").summary == "inventory 1.1.3: dev 1.1.3 → e2e 1.1.3-rc2 (has 1.1.3-rc1)"


def test_another_digest_under_the_same_name_is_another_commit(town: EngineWorld) -> None:
    """Staging's 1.1.3 is spelled alike for both candidates: only the record tells which one was approved."""
    town.bring("e2e")
    found = opened(town, "staging")
    rebuilt = town.push("dev", "1.1.3", "rebuilt")
    town.bring("e2e")
    (commit, *_) = town.plan("staging").steps
    assert isinstance(commit, CommitFiles)
    assert commit.trailers["Tidegate-Digest"] == str(rebuilt)
    assert opened(town, "staging").iid == found.iid


def test_a_merge_request_of_another_release_is_not_told_as_the_result(town: EngineWorld) -> None:
    town.bring("e2e")
    town.build("1.1.4")
    opened(town, "e2e")
    town.declare("dev", "1.1.3")
    assert town.promote("e2e").merge_request is None


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


def test_another_image_of_the_sources_account_is_warned_of(town: EngineWorld) -> None:
    data = (
        helm_release("dev.example/team/inventory:1.1.3") + b"    worker:\n      image: dev.example/team/worker:1.0.0\n"
    )
    town.write(GITOPS, {town.path("dev"): data})
    (warning,) = town.plan("e2e").warnings
    assert "also names dev.example/team/worker:1.0.0, which is in another account" in warning


def test_a_tag_that_was_overwritten_after_it_was_tested_goes_no_further(town: EngineWorld) -> None:
    town.bring("e2e")
    town.push("e2e", "1.1.3-rc1", "overwritten")
    with pytest.raises(TagMoved, match="and e2e was given"):
        town.plan("staging")


def test_what_was_changed_beside_the_image_since_is_carried_too(town: EngineWorld) -> None:
    """Naming the version that the source has is the same as naming none."""
    town.declare("dev", "1.1.3", replicas=7)
    assert town.plan("e2e", "1.1.3").diff == town.plan("e2e").diff
    assert "replicaCount: 7" in town.plan("e2e", "1.1.3").diff


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


def test_a_merge_request_from_the_branch_to_another_branch_is_not_ours(town: EngineWorld) -> None:
    opened(town, "e2e")
    town.write(GITOPS, {"x": b"x"}, "other")
    plan = town.plan("e2e")
    town.change("e2e", branch="other")
    assert [type(step) for step in town.plan("e2e").steps][-1] is OpenMergeRequest
    assert plan.steps == ()
