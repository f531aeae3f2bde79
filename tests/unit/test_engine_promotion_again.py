"""Promoting where a branch or a merge request is there already: what is adopted, renewed, or left alone."""

from __future__ import annotations

import pytest

from support.engine_world import (
    E2E_BRANCH,
    GITOPS,
    STAGING,
    STAGING_BRANCH,
    EngineWorld,
    on_approval,
)
from tidegate.engine.plan import Plan
from tidegate.engine.promote import planned_promotion, promote
from tidegate.engine.steps import Comment, CommitFiles, OpenMergeRequest
from tidegate.errors.release import (
    ManifestRefused,
)
from tidegate.model import MergeRequestOptions


@pytest.fixture
def town() -> EngineWorld:
    return EngineWorld()


def kinds(plan: Plan) -> list[str]:
    return [step.kind for step in plan.steps]


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
    found = town.opened("e2e")
    town.forge.describe(GITOPS, found.iid, title=found.title, description="edited")
    plan = town.promote("e2e").plan
    assert kinds(plan) == ["open-merge-request"]
    assert town.plan("e2e").steps == ()


def test_a_newer_release_updates_the_open_merge_request_and_tells_its_reviewers(town: EngineWorld) -> None:
    found = town.opened("e2e")
    town.approve(found, "stella")
    town.build("1.1.4")
    plan = town.plan("e2e")
    assert kinds(plan) == ["commit-files", "comment", "open-merge-request"]
    assert plan.warnings == (f"{found.ref} loses the approvals of stella: its content changes",)
    again = town.opened("e2e")
    assert (again.iid, again.title) == (found.iid, "Promote inventory 1.1.4-rc1 to e2e")
    (note,) = town.forge.merge_request(GITOPS, found.iid).comments
    assert note.text.startswith("`1.1.4-rc1` replaces `1.1.3-rc1`: digest `sha256:")
    assert town.commits(GITOPS, E2E_BRANCH) == town.commits(GITOPS) + 1


def test_a_version_may_have_a_merge_request_of_its_own(town: EngineWorld) -> None:
    found = town.opened("e2e")
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
    found = town.opened("e2e")
    assert found.draft
    town.forge.describe(GITOPS, found.iid, title="Promote inventory 1.1.3-rc1 to e2e", description=found.description)
    assert town.plan("e2e").steps == ()


def test_a_draft_stays_a_draft(town: EngineWorld) -> None:
    found = town.opened("e2e")
    town.forge.describe(GITOPS, found.iid, title=f"Draft: {found.title}", description=found.description)
    assert town.plan("e2e").steps == ()
    town.build("1.1.4")
    again = town.opened("e2e")
    assert (again.title, again.draft) == ("Draft: Promote inventory 1.1.4-rc1 to e2e", True)
    (note,) = town.forge.merge_request(GITOPS, found.iid).comments
    assert "replaces `1.1.3-rc1`" in note.text


def test_the_note_does_not_guess_from_a_title_of_somebodys_own(town: EngineWorld) -> None:
    found = town.opened("e2e")
    town.forge.describe(GITOPS, found.iid, title="Ship it!", description=found.description)
    town.build("1.1.4")
    (note,) = (step for step in town.plan("e2e").steps if isinstance(step, Comment))
    assert note.text.startswith("This merge request brings `1.1.4-rc1` now: digest")


def test_a_persons_commit_on_the_branch_is_not_lost(town: EngineWorld) -> None:
    found = town.opened("e2e")
    data = town.file(GITOPS, town.path("e2e"), E2E_BRANCH)
    assert data is not None
    town.write(GITOPS, {town.path("e2e"): data + b"# mine\n"}, E2E_BRANCH, author="bob", subject="Tune it")
    town.build("1.1.4")
    with pytest.raises(ManifestRefused, match="a commit by bob \\('Tune it'\\)"):
        town.promote("e2e")
    town.forge.close(GITOPS, found.iid, user="bob")
    assert town.opened("e2e").iid == found.iid + 1


def test_a_branch_that_took_in_main_shows_only_its_own_commits(town: EngineWorld) -> None:
    town.write(GITOPS, {"README.md": b"older\n"}, author="bob")
    town.opened("e2e")
    town.write(GITOPS, {"README.md": b"newer\n"}, author="bob")
    town.merge(GITOPS, "main", E2E_BRANCH, author="alice")
    town.build("1.1.4")
    with pytest.raises(ManifestRefused, match="a commit by alice \\('Merge main'\\)"):
        town.plan("e2e")


def test_main_moving_elsewhere_leaves_the_branch_and_its_approvals(town: EngineWorld) -> None:
    town.opened("e2e")
    town.write(GITOPS, {"README.md": b"new\n"})
    assert town.plan("e2e").steps == ()


def test_main_moving_the_same_file_makes_the_branch_anew(town: EngineWorld) -> None:
    town.declare("e2e", "1.1.1-rc1")
    town.opened("e2e")
    town.declare("e2e", "1.1.2-rc1")
    town.opened("e2e")
    remote = town.remotes.remote(GITOPS)
    assert remote.stored(remote.branches[E2E_BRANCH]).commit.parents == (remote.branches["main"],)


def test_a_branch_that_was_merged_is_made_anew(town: EngineWorld) -> None:
    first = town.bring("e2e")
    assert E2E_BRANCH in town.remotes.remote(GITOPS).branches
    town.build("1.1.4")
    second = town.opened("e2e")
    assert second.iid == first.iid + 1
    assert town.commits(GITOPS, E2E_BRANCH) == town.commits(GITOPS) + 1


def test_a_branch_that_a_delivery_has_rewritten_is_left_alone(town: EngineWorld) -> None:
    on_approval(town, "staging")
    town.bring("e2e")
    found = town.opened("staging")
    town.approve(found, "stella")
    rewrite = next(step for step in town.look(found).plan.steps if isinstance(step, CommitFiles))  # type: ignore[union-attr]
    town.write(STAGING, dict(rewrite.files), STAGING_BRANCH, author="Tidegate", trailers=rewrite.trailers)
    assert town.plan("staging").steps == ()


def test_another_digest_under_the_same_name_is_another_commit(town: EngineWorld) -> None:
    """Staging's 1.1.3 is spelled alike for both candidates: only the record tells which one was approved."""
    town.bring("e2e")
    found = town.opened("staging")
    rebuilt = town.push("dev", "1.1.3", "rebuilt")
    town.bring("e2e")
    (commit, *_) = town.plan("staging").steps
    assert isinstance(commit, CommitFiles)
    assert commit.trailers["Tidegate-Digest"] == str(rebuilt)
    assert town.opened("staging").iid == found.iid


def test_a_merge_request_of_another_release_is_not_told_as_the_result(town: EngineWorld) -> None:
    town.bring("e2e")
    town.build("1.1.4")
    town.opened("e2e")
    town.declare("dev", "1.1.3")
    assert town.promote("e2e").merge_request is None


def test_a_merge_request_from_the_branch_to_another_branch_is_not_ours(town: EngineWorld) -> None:
    town.opened("e2e")
    town.write(GITOPS, {"x": b"x"}, "other")
    plan = town.plan("e2e")
    town.change("e2e", branch="other")
    assert [type(step) for step in town.plan("e2e").steps][-1] is OpenMergeRequest
    assert plan.steps == ()
