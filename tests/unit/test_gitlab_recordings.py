"""The parsers read what GitLab and its documentation say, as others recorded it."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from support.engine_world import EngineWorld
from support.gitlab_contract import needs_contract, recorded, recordings
from tidegate.errors.forge import ForgeUnreadable
from tidegate.forge.gitlab.fields import Fields
from tidegate.forge.gitlab.parse import Seen, account, approvals, compared_paths, member, merge_request, note, version
from tidegate.forge.gitlab.rules import rules_in
from tidegate.model import ForgeRule, MergeRequestState, PathPattern, Pipeline
from tidegate.model.key import MergeRequestKey, ServiceKey
from tidegate.server.webhooks.gitlab import keys_of_gitlab


def seen(document: object) -> Seen:
    return merge_request("a/b", Fields(document, "here"))


@needs_contract
def test_a_mergeable_one() -> None:
    found = seen(recorded("glab/mergeableMr.json"))
    request = found.request
    assert (request.iid, request.author, request.source_branch, request.target_branch) == (
        123,
        "OWNER",
        "1-issue-20",
        "main",
    )
    assert (request.head, request.state) == ("ec1bf369429add869b418aac80f27ba5e173d72e", MergeRequestState.OPEN)
    assert request.created_at == datetime(2022, 11, 24, 5, 28, 39, 378000, UTC)
    assert request.web_url == "https://gitlab.com/OWNER/REPO/-/merge_requests/123"
    assert (found.status, found.conflicts, found.source_project, found.error) == ("mergeable", False, 37777023, "")


@needs_contract
@pytest.mark.parametrize(
    ("name", "status", "merged"),
    [
        ("glab/mergedMr.json", "not_open", "e3918a3c8688918075b6f2531b8a8759c3fce841"),
        ("atlantis/merge-success.json", "mergeable", "c9b336f1c71d3e64810b8cfa2abcfab232d6bff6"),
        ("atlantis/detailed-merge-status-need-rebase.json", "need_rebase", None),
        ("atlantis/detailed-merge-status-ci-must-pass.json", "ci_must_pass", None),
        ("atlantis/gitlab-get-merge-request.json", "mergeable", None),  # before 15.6: merge_status only
    ],
)
def test_states(name: str, status: str, merged: str | None) -> None:
    found = seen(recorded(name))
    assert (found.status, found.request.merge_commit) == (status, merged)
    assert found.request.state is (MergeRequestState.MERGED if merged else MergeRequestState.OPEN)


@needs_contract
def test_what_danger_js_recorded_of_gitlab_com() -> None:
    (info,) = recorded("danger-js/getMergeRequestInfo.json")
    assert seen(info["response"]).request.merge_commit == "58d4099c1469dba9ff850733ba29da11f6eeb158"
    (given,) = recorded("danger-js/getMergeRequestApprovals.json")
    found = approvals(Fields(given["response"], "here"))
    assert [(one.by.name, one.at) for one in found] == [("reprazent", None), ("dbalexandre", None)]


@needs_contract
def test_approval_rules_of_premium() -> None:
    (rule,) = rules_in(Fields(recorded("glab/approvalState.json"), "here"))
    assert rule == ForgeRule(
        "All Members",
        required=1,
        approved=True,
        approved_by=frozenset({"foo_reviewer"}),
        eligible=frozenset({"approver_1", "approver_2"}),
        overwritten=True,
    )


@pytest.mark.parametrize(
    ("rule_type", "code_owner", "is_of_owners"),
    [("code_owner", False, True), ("regular", True, True), (None, False, False), ("any_approver", False, False)],
)
def test_rules_of_code_owners_are_told_by_either_field(
    rule_type: str | None,
    code_owner: bool,  # noqa: FBT001 - a parameter
    is_of_owners: bool,  # noqa: FBT001 - likewise
) -> None:
    row = {"name": "*", "rule_type": rule_type, "code_owner": code_owner, "approvals_required": None}
    (rule,) = rules_in(Fields({"rules": [row]}, "here"))
    assert (rule.code_owners, rule.required, rule.approved, rule.overwritten) == (is_of_owners, 0, False, False)


@needs_contract
def test_a_comparison() -> None:
    found = compared_paths(Fields(recorded("gitlab4j/compare-results.json"), "here"))
    assert found == {"files/js/application.js"}


WHOLE = {
    "iid": 1,
    "title": "t",
    "description": None,
    "state": "opened",
    "created_at": "2024-05-01T12:00:00.000+02:00",
    "author": {"id": 7, "username": "ada", "state": "active"},
    "source_branch": "b",
    "target_branch": "main",
    "sha": None,
}


def test_what_may_be_missing_or_null() -> None:
    found = seen(WHOLE)
    assert (found.request.description, found.request.head, found.request.draft) == ("", "", False)
    assert (found.status, found.source_project) == ("checking", 0)
    assert found.request.created_at == datetime(2024, 5, 1, 10, tzinfo=UTC)


def test_a_fast_forward_has_no_merge_commit_of_its_own() -> None:
    merged = {**WHOLE, "state": "merged", "sha": "a" * 40, "merge_commit_sha": None, "squash_commit_sha": None}
    assert seen(merged).request.merge_commit == "a" * 40
    assert seen({**merged, "squash_commit_sha": "b" * 40}).request.merge_commit == "b" * 40


def test_one_that_is_being_merged_is_not_settled() -> None:
    assert seen({**WHOLE, "state": "locked", "detailed_merge_status": "not_open"}).status == "checking"


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"iid": "1"}, "iid is not a number"),
        ({"iid": True}, "iid is not a number"),
        ({"state": "odd"}, "state is 'odd'"),
        ({"created_at": "2024-05-01T12:00:00"}, "created_at has no time zone"),
        ({"created_at": "soon"}, "created_at is not a time"),
        ({"author": None}, "author is not an object"),
        ({"author": {"id": 1}}, "username is missing"),
        ({"draft": "yes"}, "draft is not true or false"),
        ({"sha": 1}, "sha is not a text"),
    ],
)
def test_what_is_no_merge_request_is_told_by_its_field(change: dict[str, object], told: str) -> None:
    with pytest.raises(ForgeUnreadable, match=told):
        seen({**WHOLE, **change})


@pytest.mark.parametrize("value", [None, [], "text", 1])
def test_what_is_no_object(value: object) -> None:
    with pytest.raises(ForgeUnreadable):
        seen(value)
    with pytest.raises(ForgeUnreadable, match="a list was expected"):
        approvals(Fields({"approved_by": {}}, "here"))


READ = {
    "argo-cd/gitlab-merge-request-approval-event.json": {MergeRequestKey("group/name", 1)},
    "atlantis/gitlab-merge-request-event-update-new-commit.json": {MergeRequestKey("quan.hoang/atlantis-example", 3)},
    "go-scm/webhooks-branch_delete.json": set(),
    "go-scm/webhooks-push.json": set(),
    "woodpecker/HookPullRequestApproved.json": {MergeRequestKey("anbraten/woodpecker", 3)},
    "woodpecker/HookPullRequestMerged.json": {MergeRequestKey("anbraten/woodpecker-test", 4)},
    "woodpecker/HookPullRequestOpened.json": {MergeRequestKey("demoaccount2-commits-group/test_ci_tmp", 3)},
    "woodpecker/HookPush.json": {ServiceKey("cli", "dev")},
}
"""Recorded webhooks, and the keys that they come to where their project is ours."""


@needs_contract
@pytest.mark.parametrize("name", sorted(READ))
def test_recorded_webhooks(name: str) -> None:
    document = recorded(name)
    home = document["project"]
    known = EngineWorld().world().pipeline
    branch = "main" if name == "woodpecker/HookPush.json" else home["default_branch"]
    path = PathPattern("cmd/{service}")
    dev = replace(known.environments[0], repo=home["path_with_namespace"], branch=branch, path=path)
    pipeline = Pipeline((dev,), {}, {})
    assert keys_of_gitlab(json.dumps(document).encode(), pipeline) == READ[name]


NOT_OURS = {
    "danger-js/getFileContents.json",
    "gitlab4j/protected-branch.json",
    "gitlab4j/tree.json",
    "go-scm/error-400-content_update.json",
}
"""Answers to calls that Tidegate never makes: it reads and writes files by git. The fake's are measured by them."""
READ_ABOVE = {
    "atlantis/detailed-merge-status-ci-must-pass.json",
    "atlantis/detailed-merge-status-need-rebase.json",
    "atlantis/gitlab-get-merge-request.json",
    "atlantis/merge-success.json",
    "danger-js/getMergeRequestApprovals.json",
    "danger-js/getMergeRequestInfo.json",
    "gitlab4j/compare-results.json",
    "glab/approvalState.json",
    "glab/mergeableMr.json",
    "glab/mergedMr.json",
}


@needs_contract
def test_every_recording_is_read() -> None:
    assert set(recordings()) == READ_ABOVE | set(READ) | NOT_OURS


def test_an_account_whose_page_has_no_address_is_known_by_its_name() -> None:
    who = {"id": 7, "username": "ada", "name": "Ada", "web_url": "https://[gitlab/ada"}
    assert account(Fields(who, "here")).known_as == {"ada"}


def test_smaller_things() -> None:
    who = {"id": 7, "username": "ada", "state": "blocked"}
    found = member(Fields({**who, "expires_at": "2024-05-02", "access_level": 30}, "here"))
    assert (found.account.state, str(found.expires), found.membership) == ("blocked", "2024-05-02", "active")
    written = note(Fields({"id": 1, "author": who, "created_at": "2024-05-01T12:00:00Z", "body": "b"}, "here"))
    assert (written.by, written.text, written.is_system) == ("ada", "b", False)
    known = version(Fields({"id": 3, "head_commit_sha": "h", "created_at": "2024-05-01T12:00:00Z"}, "here"))
    assert (known.id, known.head) == (3, "h")
