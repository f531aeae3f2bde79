"""The road on GitLab where it does not merge at once: rebases, auto-merge, merge trains; several versions at once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from support.git_worlds import commit_files, git
from support.gitlab_stand import Stand, gitlab_stand
from support.road_texts import DEV, STAGING, file_of, helm_release, image_of
from support.road_world import release_image
from tidegate.testing.gitlab import Answer, Fault
from tidegate.testing.gitlab.state import MergeRequest, Protection

DELIVER = ("deliver", f"{STAGING}!1")
TAGS = {"staging": "1.1.3", "e2e": "1.1.3-rc1"}
MERGE = "/projects/{id}/merge_requests/{merge_request_iid}/merge"


@pytest.fixture(params=["on-open", "on-approval"])
def both(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Stand]:
    with gitlab_stand(tmp_path / "world", until="e2e", rewrite=request.param) as stand:
        yield stand


@pytest.fixture
def stand(tmp_path: Path) -> Iterator[Stand]:
    with gitlab_stand(tmp_path / "world", until="e2e") as stand:
        yield stand


def configure(stand: Stand, options: str) -> None:
    text = (stand.world.folder / "tidegate.yaml").read_text()
    stand.world.configure(text.replace("\nregistries:", f"\n  merge_request: {{{options}}}\nregistries:", 1))


def declared(stand: Stand) -> str:
    document = yaml.safe_load(stand.world.read(STAGING, file_of("staging")))
    tag: str = document["spec"]["values"]["image"]["tag"]
    return tag.partition("@")[0]


def elsewhere(stand: Stand, text: bytes = b"# More\n") -> None:
    """Let the target branch move on, in another file."""
    commit_files(stand.world.repository(STAGING), "main", {"README.md": text})


@pytest.mark.parametrize("method", ["rebase_merge", "ff"])
def test_what_is_behind_is_rebased_and_delivered_with_the_approvals_it_has(both: Stand, method: str) -> None:
    both.gitlab.projects[STAGING].merge_method = method
    both.world.tidegate("promote", "inventory", "--to", "staging")
    both.approve(STAGING, "sam")
    elsewhere(both)
    told = both.world.tidegate(*DELIVER)
    assert "was rebased onto main" in told.err
    assert declared(both) == "1.1.3"
    request = both.gitlab.projects[STAGING].requests[1]
    assert request.state == "merged"
    assert len({version.head for version in request.versions}) >= 2


def test_a_rebase_outlives_the_run_and_the_runner_that_made_it(both: Stand) -> None:
    """Killed after the rebase; the next runner has no mirror, and fetches what was approved by its id alone."""
    both.gitlab.projects[STAGING].merge_method = "ff"
    both.world.tidegate("promote", "inventory", "--to", "staging")
    both.approve(STAGING, "sam")
    elsewhere(both)
    both.gitlab.faults.append(Fault("PUT", MERGE, Answer(403, {"message": "403 Forbidden"})))
    both.world.tidegate(*DELIVER, expect=4)
    assert both.gitlab.projects[STAGING].requests[1].state == "opened"
    both.world.tidegate(*DELIVER, TIDEGATE_CACHE=str(both.world.folder / "another-cache"))
    assert declared(both) == "1.1.3"


def test_a_push_that_is_no_rebase_still_needs_approval(stand: Stand) -> None:
    stand.gitlab.projects[STAGING].merge_method = "ff"
    stand.world.tidegate("promote", "inventory", "--to", "staging")
    stand.approve(STAGING, "sam")
    elsewhere(stand)
    request = stand.gitlab.projects[STAGING].requests[1]
    commit_files(stand.world.repository(STAGING), request.source, {"apps/inventory/more.yaml": b"more: 1\n"})
    told = stand.world.tidegate(*DELIVER, expect=11)
    assert "given before the last push" in told.out + told.err


def test_without_the_wish_what_is_behind_waits_for_a_person(stand: Stand) -> None:
    configure(stand, "rebase: false")
    stand.gitlab.projects[STAGING].merge_method = "ff"
    stand.world.tidegate("promote", "inventory", "--to", "staging")
    stand.approve(STAGING, "sam")
    elsewhere(stand)
    told = stand.world.tidegate(*DELIVER, expect=11)
    assert "must be rebased first" in told.out + told.err


def test_auto_merge_is_scheduled_and_stopped_when_an_approval_is_withdrawn(stand: Stand) -> None:
    configure(stand, "auto_merge: true")
    project = stand.gitlab.projects[STAGING]
    stand.world.tidegate("promote", "inventory", "--to", "staging")
    stand.approve(STAGING, "sam")
    project.blocked_by = "ci_still_running"
    told = stand.world.tidegate(*DELIVER, expect=8)
    assert "scheduled" in told.out
    request = project.requests[1]
    assert request.scheduled is not None
    assert stand.world.json("deliver", "--all")["deliveries"][0]["outcome"] == "scheduled"

    request.approvals.clear()
    told = stand.world.tidegate("deliver", "--all")
    assert "waits" in told.out
    assert request.scheduled is None

    stand.approve(STAGING, "sam")
    stand.world.tidegate(*DELIVER, expect=8)
    project.blocked_by = ""
    assert stand.world.json(*DELIVER)["deliveries"][0]["outcome"] == "merged"
    assert declared(stand) == "1.1.3"


def test_a_merge_train_is_joined_once(stand: Stand) -> None:
    configure(stand, "merge_train: true, squash: true")
    project = stand.gitlab.projects[STAGING]
    stand.gitlab.premium, project.merge_trains = True, True
    stand.world.tidegate("promote", "inventory", "--to", "staging")
    stand.approve(STAGING, "sam")
    for _ in range(2):
        stand.world.tidegate(*DELIVER, expect=8)
    assert project.train == [1]
    stand.gitlab.depart(project)
    stand.world.tidegate(*DELIVER)
    assert declared(stand) == "1.1.3"


def newer(stand: Stand, version: str = "1.1.4") -> None:
    stand.world.push_image("e2e", f"{version}-rc1", release_image(f"inventory {version}"))
    stand.world.declare("e2e", f"{version}-rc1")


def test_a_newer_release_updates_the_open_one_and_loses_no_comment(stand: Stand) -> None:
    stand.world.tidegate("promote", "inventory", "--to", "staging")
    request = stand.gitlab.projects[STAGING].requests[1]
    stand.gitlab.note(request, stand.gitlab.user("sam"), "Is this the one with the fix?")
    request.labels = ["by hand"]
    newer(stand)
    for _ in range(2):
        stand.world.tidegate("promote", "inventory", "--to", "staging")
    assert list(stand.gitlab.projects[STAGING].requests) == [1]
    assert request.title == "Promote inventory 1.1.4 to staging"
    notes = [one.body for one in request.notes if not one.system]
    assert "Is this the one with the fix?" in notes
    assert len([one for one in notes if one.startswith("`1.1.4` replaces `1.1.3`: digest `sha256:")]) == 1
    assert request.labels == ["by hand"]


def test_one_merge_request_per_version_where_that_is_asked_for(stand: Stand) -> None:
    stand.world.tidegate("promote", "inventory", "--to", "staging")
    newer(stand)
    for _ in range(2):
        stand.world.tidegate("promote", "inventory", "--to", "staging", "--separate")
    requests = stand.gitlab.projects[STAGING].requests
    assert [one.source for one in requests.values()] == [
        "tidegate/inventory/to-staging",
        "tidegate/inventory/1.1.4/to-staging",
    ]
    assert [one.title for one in requests.values()] == [
        "Promote inventory 1.1.3 to staging",
        "Promote inventory 1.1.4 to staging",
    ]
    stand.world.tidegate("deliver", "inventory", "--to", "staging", expect=2)
    stand.approve(STAGING, "sam", 2)
    stand.world.tidegate("deliver", f"{STAGING}!2")
    assert declared(stand) == "1.1.4"
    told = stand.world.tidegate("deliver", f"{STAGING}!1", expect=11)
    assert f"{STAGING}!1 conflicts with main" in told.out + told.err


def test_drafts_wait_until_a_person_marks_them_as_ready(stand: Stand) -> None:
    configure(stand, "draft: true")
    stand.world.tidegate("promote", "inventory", "--to", "staging")
    request = stand.gitlab.projects[STAGING].requests[1]
    assert request.title == "Draft: Promote inventory 1.1.3 to staging"
    stand.approve(STAGING, "sam")
    stand.world.tidegate(*DELIVER, expect=11)
    request.title = request.title.removeprefix("Draft: ")
    stand.world.tidegate(*DELIVER)


def test_a_merge_request_that_moves_a_range_has_the_environments_options(stand: Stand) -> None:
    stand.gitlab.user("sam")
    configure(stand, "labels: [lanes], reviewers: [sam], squash: true, remove_source_branch: true")
    stand.world.tidegate(
        "policy",
        "hold",
        "inventory",
        "--in",
        "dev",
        "--at",
        "1.1.3",
        "--reason",
        "1.1.4 loses orders",
        "--merge-request",
    )
    (made,) = stand.gitlab.projects[DEV].requests.values()
    assert (made.labels, [one.username for one in made.reviewers]) == (["lanes"], ["sam"])
    assert made.squash
    assert made.remove_source


@pytest.mark.parametrize("scope", ["job", "api"])
@pytest.mark.parametrize("services", ["inventory", "--all"])
def test_with_a_job_s_token_alone_nothing_is_begun(stand: Stand, scope: str, services: str) -> None:
    """Whatever GitLab lets such a token read, and push: what is pushed could never be opened."""
    del stand.world.variables["GITLAB_TOKEN"]
    stand.world.variables["CI_JOB_TOKEN"] = stand.gitlab.token("runner", scope=scope)
    ended = stand.world.tidegate("promote", services, "--to", "staging", expect=4)
    assert "forge/job-token-reads-only" in ended.err
    assert "create a project or group access token" in ended.err
    assert stand.gitlab.pushes == 0


def test_a_push_that_gitlab_declines_for_one_branch_is_that_one_s_alone(stand: Stand) -> None:
    names = ("billing", "orders")
    text = (stand.world.folder / "tidegate.yaml").read_text()
    stand.world.configure(text.replace("\nservices:\n", "\nservices:\n  billing: {}\n  orders: {}\n"))
    for name in names:
        stand.world.push_image("e2e", "2.0.0-rc1", release_image(name), name)
        stand.world.declare("e2e", "2.0.0-rc1", name)
    project = stand.gitlab.projects[STAGING]
    project.protected["tidegate/orders/to-staging"] = Protection(1, "orders", frozenset())
    ended = stand.world.tidegate("promote", "inventory", *names, "--to", "staging", expect=1)
    assert {one.source for one in project.requests.values()} == {
        "tidegate/inventory/to-staging",
        "tidegate/billing/to-staging",
    }
    assert "refused to move tidegate/orders/to-staging" in ended.err
    assert "refused to move tidegate/billing" not in ended.err
    assert stand.gitlab.pushes == 2  # those that were taken: all three at once were not


def from_fork(stand: Stand, branch: str, named: str) -> MergeRequest:
    """Open a merge request from a fork's branch that names an environment's image; there is its head, and no branch."""
    project, repository = stand.gitlab.projects[STAGING], stand.world.repository(STAGING)
    image, _, tag = image_of(named, TAGS[named]).rpartition(":")
    head = commit_files(repository, "elsewhere", {file_of("staging"): helm_release("staging", tag, repository=image)})
    iid, now = len(project.requests) + 1, stand.gitlab.now()
    git("update-ref", f"refs/merge-requests/{iid}/head", head, cwd=repository)
    git("update-ref", "-d", "refs/heads/elsewhere", cwd=repository)
    dana = stand.gitlab.user("dana")
    made = MergeRequest(9000 + iid, iid, dana, branch, "main", "From my fork", "mine", now, now, fork=4711)
    return stand.gitlab.open(project, made, head)


def test_a_fork_s_branch_of_the_same_name_is_not_taken_for_our_own(stand: Stand) -> None:
    theirs = from_fork(stand, "tidegate/inventory/to-staging", "staging")
    assert stand.world.json("promote", "inventory", "--to", "staging")["mergeRequest"] == f"{STAGING}!2"
    for call in (("inventory",), ("--all",)):
        again = stand.world.tidegate("promote", *call, "--to", "staging")
        assert f"{STAGING}!2 is open" in again.err
    assert (theirs.title, theirs.description, theirs.notes) == ("From my fork", "mine", [])


@pytest.mark.parametrize("named", ["staging", "e2e"])
def test_what_comes_from_a_fork_is_delivered_unless_it_must_be_rewritten(stand: Stand, named: str) -> None:
    theirs = from_fork(stand, "main", named)
    stand.approve(STAGING, "sam")
    heads = git("for-each-ref", "refs/heads", cwd=stand.world.repository(STAGING))
    ended = stand.world.tidegate(*DELIVER, expect=0 if named == "staging" else 11)
    if named == "staging":
        assert (theirs.state, declared(stand)) == ("merged", TAGS[named])
    else:
        assert "comes from a fork, where Tidegate can't write the image" in ended.out
        assert git("for-each-ref", "refs/heads", cwd=stand.world.repository(STAGING)) == heads
        assert tuple(stand.world.layout("prd").tags("inventory")) == ()
