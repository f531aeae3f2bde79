"""Approvals on GitLab by the command line: what takes them away, forged records, pipelines that must succeed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from support.gitlab_stand import Stand, gitlab_stand
from support.road_texts import STAGING, file_of
from tidegate.errors.forge import MergeBlocked
from tidegate.forge.gitlab.client import GitLabClient
from tidegate.forge.gitlab.forge import GitLabForge
from tidegate.forge.gitlab.statuses import NAME
from tidegate.forge.gitlab.tokens import Tokens
from tidegate.http import Client, Retry
from tidegate.model.approval_record import MARK, first_line, recorded
from tidegate.ports import NewMergeRequest
from tidegate.testing.clock import FakeClock
from tidegate.testing.gitlab import Answer, Fault
from tidegate.testing.gitlab.state import ApprovalRule, Note

REQUEST = "/projects/{id}/merge_requests/{merge_request_iid}"
MERGE = f"{REQUEST}/merge"
STATUS = "/projects/{id}/statuses/{sha}"
DELIVER = ("deliver", f"{STAGING}!1")


class Road:
    """A merge request to staging, opened and not yet approved."""

    def __init__(self, stand: Stand) -> None:
        self.stand, self.world, self.gitlab = stand, stand.world, stand.gitlab
        self.project = stand.gitlab.projects[STAGING]
        self.world.tidegate("promote", "inventory", "--to", "staging")
        self.request = self.project.requests[1]

    def deliver(self, code: int | None = 0) -> str:
        """Deliver it; return all that was said."""
        ended = self.world.tidegate(*DELIVER, expect=code)
        return ended.out + ended.err

    def fail(self, method: str, template: str, answer: Answer | None, *, times: int = 1) -> None:
        self.gitlab.faults.append(Fault(method, template, answer, times=times))

    def kill_before_merging(self) -> None:
        """Deliver, and have GitLab fail for good when it is to merge: the rewrite has been pushed by then."""
        before = self.project.repository.heads()[self.request.source]
        self.fail("PUT", MERGE, Answer(403, {"message": "403 Forbidden"}))
        self.deliver(code=4)
        self.gitlab.faults.clear()
        assert self.project.repository.heads()[self.request.source] != before
        assert self.request.state == "opened"

    def note(self, user: str, text: str) -> None:
        self.gitlab.note(self.request, self.gitlab.user(user), text)

    @property
    def shown(self) -> list[tuple[str, str | None]]:
        """States and words at the merge request's head."""
        statuses = self.project.statuses
        return [(one.state, one.description) for one in statuses if one.name == NAME and one.sha == self.request.head]

    @property
    def status_note(self) -> Note:
        (note,) = (one for one in self.request.notes if one.body.startswith(MARK) and one.author.username == "promoter")
        return note

    @property
    def declared(self) -> str:
        """The image that staging's main names."""
        document = yaml.safe_load(self.world.read(STAGING, file_of("staging")))
        image = document["spec"]["values"]["image"]
        return f"{image['repository']}:{image['tag']}"


@pytest.fixture
def on_open(tmp_path: Path) -> Iterator[Road]:
    with gitlab_stand(tmp_path / "world", until="e2e") as stand:
        yield Road(stand)


@pytest.fixture
def on_approval(tmp_path: Path) -> Iterator[Road]:
    """GitLab Premium, which takes approvals away when it sees a push."""
    with gitlab_stand(tmp_path / "world", until="e2e", rewrite="on-approval") as stand:
        stand.gitlab.premium = True
        road = Road(stand)
        road.project.reset_approvals_on_push = True
        yield road


# --- what is shown


def test_a_merge_request_shows_what_it_waits_for_until_it_is_delivered(on_open: Road) -> None:
    road = on_open
    assert road.shown == [("pending", "needs 1 approval from platform/staging-approvers")]
    before = len(road.gitlab.calls)
    road.deliver(code=11)
    assert all(one.method == "GET" for one in road.gitlab.calls[before:]), "it was shown already"
    road.stand.approve(STAGING, "bob")
    road.deliver(code=11)
    assert road.shown[-1] == (
        "pending",
        "needs 1 approval from platform/staging-approvers (bob's does not count: not in platform/staging-approvers)",
    )
    assert "| … wait | approvals |" in road.status_note.body
    road.stand.approve(STAGING, "sam")
    road.deliver()
    state, words = road.shown[-1]
    assert state == "success"
    assert (words or "").endswith("/inventory:1.1.3 is available")
    assert "Approvals seen: sam at " in road.status_note.body
    assert len([one for one in road.request.notes if not one.system]) == 1


def test_pipelines_must_succeed_blocks_a_merge_by_hand_until_the_image_is_there(on_open: Road) -> None:
    road = on_open
    road.project.pipelines_must_succeed = True
    road.project.pipeline_lag = 4
    road.stand.approve(STAGING, "sam")
    body = {"sha": road.request.head}
    with Client("person") as http:
        token = Tokens({"GITLAB_TOKEN": road.gitlab.token("sam")}).of(None)
        person = GitLabClient(road.gitlab.url, token, http, Retry())
        with pytest.raises(MergeBlocked):
            person.send("PUT", "projects", STAGING, "merge_requests", "1", "merge", body=body)
    road.deliver()
    assert road.request.state == "merged"
    assert road.declared.endswith("/inventory:1.1.3")


def test_a_status_that_cannot_be_written_stops_no_delivery_and_is_told(on_open: Road) -> None:
    road = on_open
    road.stand.approve(STAGING, "sam")
    road.fail("POST", STATUS, Answer(403, {"message": "403 Forbidden"}), times=100)
    said = road.deliver()
    assert "warning: platform/gitops-staging!1 does not show its state" in said
    assert road.request.state == "merged"


def test_a_scheduled_delivery_writes_nothing_that_it_has_shown(on_open: Road) -> None:
    road = on_open
    before = len(road.gitlab.calls)
    for _ in range(2):
        road.world.tidegate("deliver", "--all")
    assert all(one.method == "GET" for one in road.gitlab.calls[before:])


def test_one_that_was_made_by_hand_is_shown_by_a_scheduled_delivery(on_open: Road) -> None:
    road = on_open
    data = road.world.read(STAGING, file_of("staging"), road.request.source)
    road.world.commit(STAGING, {file_of("staging"): data}, "by-hand", subject="By hand")
    with Client("person") as http:
        tokens = Tokens({"GITLAB_TOKEN": road.gitlab.token("dana")})
        person = GitLabForge(road.gitlab.url, tokens, http, FakeClock())
        person.open(STAGING, NewMergeRequest("by-hand", "main", "By hand", "", "dana"))
    before = len(road.gitlab.calls)
    road.world.tidegate("deliver", "--all", "--dry-run")
    assert all(one.method == "GET" for one in road.gitlab.calls[before:])
    road.world.tidegate("deliver", "--all")
    shown = [(one.ref, one.state, one.description) for one in road.project.statuses if one.ref == "by-hand"]
    assert shown == [("by-hand", "pending", "needs 1 approval from platform/staging-approvers")]
    assert len([one for one in road.project.requests[2].notes if one.body.startswith(MARK)]) == 1


# --- GitLab's own rules


def test_gitlab_s_own_rules_are_told_before_anything_is_copied(on_open: Road) -> None:
    road = on_open
    road.gitlab.premium = True
    road.project.rules.append(ApprovalRule("Security", 1, ("olga",)))
    road.stand.approve(STAGING, "sam")
    said = road.deliver(code=11)
    assert "needs 1 more approval from Security, as the forge's rule says" in said
    assert list(road.world.layout("prd").tags("inventory")) == []
    road.stand.approve(STAGING, "olga")
    road.deliver()


def test_code_owners(on_open: Road) -> None:
    road = on_open
    text = (road.world.folder / "tidegate.yaml").read_text()
    wanted = 'approvals: {count: 1, from: ["group:platform/staging-approvers"]'
    assert wanted in text
    road.world.configure(text.replace(wanted, f"{wanted}, code_owners: true"))
    road.stand.approve(STAGING, "sam")
    free = road.deliver(code=2)
    assert "the forge does not say who they are" in free
    road.gitlab.premium = True
    road.project.rules.append(ApprovalRule("/apps/inventory/", 1, ("olga",), code_owner=True))
    assert "code owners of /apps/inventory/" in road.deliver(code=11)
    road.stand.approve(STAGING, "olga")
    road.deliver()


# --- Tidegate's own push


def test_after_its_own_push_a_killed_delivery_goes_on_by_its_record(on_approval: Road) -> None:
    road = on_approval
    reviewed = road.request.head
    road.stand.approve(STAGING, "sam")
    road.kill_before_merging()
    assert road.request.approvals == {}
    assert [(one.user, one.head) for one in recorded(road.status_note.body)] == [("sam", reviewed)]
    road.deliver()
    assert road.request.state == "merged"
    log = road.world.log(STAGING, "%B")
    assert f"Tidegate-Approved-By: sam at {reviewed[:12]}" in log


def test_the_record_stays_while_something_else_is_waited_for(on_approval: Road) -> None:
    road = on_approval
    road.stand.approve(STAGING, "sam")
    road.kill_before_merging()
    road.request.title = f"Draft: {road.request.title}"
    for _ in range(2):
        road.deliver(code=11)
    road.request.title = road.request.title.removeprefix("Draft: ")
    road.deliver()


def test_an_approval_that_was_withdrawn_is_not_brought_back_by_the_record(on_approval: Road) -> None:
    road = on_approval
    road.stand.approve(STAGING, "sam")
    road.kill_before_merging()
    road.stand.approve(STAGING, "sam")
    del road.request.approvals[road.gitlab.user("sam").id]
    road.gitlab.note(road.request, road.gitlab.user("sam"), "unapproved this merge request", system=True)
    assert "needs 1 approval" in road.deliver(code=11)


@pytest.mark.parametrize("gone", ["blocked", "left", "kept"])
def test_who_approved_is_asked_again(on_approval: Road, gone: str) -> None:
    """Blocked since; out of the group since; or GitLab keeps approvals, so that what it does not tell was withdrawn."""
    road = on_approval
    road.stand.approve(STAGING, "sam")
    road.kill_before_merging()
    if gone == "blocked":
        road.gitlab.leave("sam")
    elif gone == "left":
        road.gitlab.groups["platform/staging-approvers"].members.clear()
    else:
        road.project.reset_approvals_on_push = False
    assert "needs 1 approval" in road.deliver(code=11)


def forged(road: Road, replicas: int | None = None) -> str:
    """Push what Tidegate would push, or something more, with the trailers that it would write."""
    reviewed = road.request.head
    data = road.world.read(STAGING, file_of("staging"), road.request.source).decode()
    for account in ("111111111111", "222222222222"):
        data = data.replace(account, "333333333333")
    data = data.replace("1.1.3-rc1", "1.1.3")
    if replicas is not None:
        data = data.replace("spec:\n", f"spec:\n  maxHistory: {replicas}\n", 1)
    road.world.commit(
        STAGING,
        {file_of("staging"): data.encode()},
        road.request.source,
        subject=f"Name the staging image of inventory\n\nTidegate-Approved-By: sam at {reviewed[:12]}",
    )
    return reviewed


def test_somebody_else_s_record_and_trailers_count_for_nothing(on_approval: Road) -> None:
    road = on_approval
    approval = "{}={}@2026-05-01T12:00:00+00:00"
    reviewed = forged(road)
    line = first_line(()).replace(" -->", f" {approval.format('sam', reviewed)} -->")
    assert [(one.user, one.head) for one in recorded(line)] == [("sam", reviewed)]
    road.note("mallory", f"{line}\n**Tidegate**: fine\n")
    road.note("sam", f"{line}\n**Tidegate**: fine\n")
    assert "needs 1 approval" in road.deliver(code=11)
    assert road.request.state == "opened"


def test_a_commit_that_is_more_than_the_rewrite_inherits_no_recorded_approval(on_approval: Road) -> None:
    road = on_approval
    reviewed = forged(road, replicas=9)
    line = first_line(()).replace(" -->", f" sam={reviewed}@2026-05-01T12:00:00+00:00 -->")
    road.note("promoter", f"{line}\n")  # as if Tidegate had seen sam's approval of the parent
    assert "needs 1 approval" in road.deliver(code=11)
    assert road.request.state == "opened"


def test_a_commit_on_top_of_the_rewrite_inherits_no_recorded_approval(on_approval: Road) -> None:
    road = on_approval
    road.stand.approve(STAGING, "sam")
    road.kill_before_merging()
    road.world.commit(STAGING, {"apps/inventory/more.yaml": b"x: 1\n"}, road.request.source, subject="More")
    assert "needs 1 approval" in road.deliver(code=11)


def test_where_gitlab_wants_the_approval_again_it_is_said(on_approval: Road) -> None:
    road = on_approval
    road.project.approvals_required = 1
    road.stand.approve(STAGING, "sam")
    road.deliver(code=None)
    said = road.deliver(code=11)
    assert "rewrite: on-open" in said
    road.stand.approve(STAGING, "sam")
    road.deliver()
    assert road.request.state == "merged"
