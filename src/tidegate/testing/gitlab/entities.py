"""JSON as GitLab has it: `API::Entities`, with the fields of its OpenAPI file and of recorded answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from tidegate.testing.gitlab.messages import Json
from tidegate.testing.gitlab.repository_entities import moment, pipeline, user_basic
from tidegate.testing.gitlab.state import (
    ApprovalRule,
    CommitStatus,
    Membership,
    MergeRequest,
    Milestone,
    Note,
    Project,
    User,
    Version,
)

_OLD_STATUSES: Final[Mapping[str, str]] = {
    "checking": "checking",
    "preparing": "preparing",
    "conflict": "cannot_be_merged",
}


def user_public(user: User, url: str) -> dict[str, Json]:
    """User: what everybody may see of one."""
    return {**user_basic(user, url), "bot": user.bot, "bio": "", "created_at": None, "followers": 0}


def member(one: Membership, url: str) -> dict[str, Json]:
    """Member of a group."""
    return {
        **user_basic(one.user, url),
        "access_level": one.level,
        "expires_at": one.expires.isoformat() if one.expires else None,
        "membership_state": "active",
    }


def merge_request_basic(project: Project, one: MergeRequest, status: str, url: str) -> dict[str, Json]:
    """MergeRequestBasic: what lists have."""
    full = f"{project.path}!{one.iid}"
    assignees: list[Json] = [user_basic(user, url) for user in one.assignees]
    reviewers: list[Json] = [user_basic(user, url) for user in one.reviewers]
    labels: list[Json] = list(one.labels)
    merged_by = user_basic(one.merged_by, url) if one.merged_by else None
    return {
        "id": one.id,
        "iid": one.iid,
        "project_id": project.id,
        "title": one.title,
        "description": one.description,
        "state": one.state,
        "created_at": moment(one.created),
        "updated_at": moment(one.updated),
        "merged_by": merged_by,
        "merge_user": merged_by,
        "merged_at": moment(one.merged_at),
        "closed_by": None,
        "closed_at": moment(one.closed_at),
        "target_branch": one.target,
        "source_branch": one.source,
        "user_notes_count": len([note for note in one.notes if not note.system]),
        "upvotes": 0,
        "downvotes": 0,
        "author": user_basic(one.author, url),
        "assignees": assignees,
        "assignee": assignees[0] if assignees else None,
        "reviewers": reviewers,
        "source_project_id": one.fork or project.id,
        "target_project_id": project.id,
        "labels": labels,
        "draft": one.draft,
        "work_in_progress": one.draft,
        "milestone": milestone(one.milestone, project) if one.milestone else None,
        "merge_when_pipeline_succeeds": one.scheduled is not None,
        "merge_status": _OLD_STATUSES.get(status, "can_be_merged"),
        "detailed_merge_status": status,
        "sha": one.head,
        "merge_commit_sha": one.merge_commit,
        "squash_commit_sha": one.squash_commit,
        "discussion_locked": None,
        "should_remove_source_branch": None,
        "force_remove_source_branch": one.remove_source,
        "prepared_at": moment(one.prepared),
        "reference": f"!{one.iid}",
        "references": {"short": f"!{one.iid}", "relative": f"!{one.iid}", "full": full},
        "web_url": f"{url}/{project.path}/-/merge_requests/{one.iid}",
        "squash": one.squash,
        "task_completion_status": {"count": 0, "completed_count": 0},
        "has_conflicts": status == "conflict",
        "blocking_discussions_resolved": True,
    }


def merge_request(project: Project, one: MergeRequest, status: str, url: str) -> dict[str, Json]:
    """MergeRequest."""
    last, head = one.versions[-1], project.head_pipeline(one)
    return {
        **merge_request_basic(project, one, status, url),
        "subscribed": True,
        "changes_count": "1",
        "head_pipeline": pipeline(head, project, url, detail=True) if head else None,
        "diff_refs": {"base_sha": last.base, "head_sha": last.head, "start_sha": last.start},
        "merge_error": one.error,
        "first_contribution": False,
        "user": {"can_merge": True},
    }


def milestone(one: Milestone, project: Project) -> dict[str, Json]:
    """Milestone."""
    return {"id": one.id, "iid": 1, "project_id": project.id, "title": one.title, "state": "active"}


def train_car(project: Project, one: MergeRequest, url: str) -> dict[str, Json]:
    """MergeTrains::Car, as GitLab documents it."""
    return {
        "id": one.id,
        "merge_request": {"id": one.id, "iid": one.iid, "project_id": project.id, "title": one.title},
        "user": user_basic(one.scheduled.user, url) if one.scheduled else None,
        "pipeline": None,
        "created_at": moment(one.updated),
        "updated_at": moment(one.updated),
        "target_branch": one.target,
        "status": "idle",
        "merged_at": None,
        "duration": None,
    }


def approvals(one: MergeRequest, viewer: User, required: int | None, url: str) -> dict[str, Json]:
    """MergeRequestApprovals as on Free; with what Premium adds, `required` approvals."""
    body: dict[str, Json] = {
        "user_has_approved": viewer.id in one.approvals,
        "user_can_approve": viewer.id not in one.approvals,
        "approved": len(one.approvals) >= max(required or 0, 1),
        "approved_by": [
            {"user": user_basic(user, url), "approved_at": moment(at)} for user, at in one.approvals.values()
        ],
    }
    if required is not None:
        body |= {"approvals_required": required, "approvals_left": max(0, required - len(one.approvals))}
    return body


def approval_state(one: MergeRequest, project: Project, url: str) -> dict[str, Json]:
    """MergeRequestApprovalState of Premium: the rule for anybody, and the project's others."""
    anybody = ApprovalRule("All Members", project.approvals_required)
    rules: list[Json] = [
        _rule(number, rule, one, url) for number, rule in enumerate((anybody, *project.rules), start=1)
    ]
    return {"approval_rules_overwritten": one.rules_overwritten, "rules": rules}


def _rule(number: int, rule: ApprovalRule, one: MergeRequest, url: str) -> dict[str, Json]:
    by: list[Json] = [user_basic(user, url) for user in rule.approvers(one)]
    kind = "code_owner" if rule.code_owner else "regular" if rule.eligible else "any_approver"
    return {
        "id": number,
        "name": rule.name,
        "rule_type": kind,
        "eligible_approvers": [],
        "approvals_required": rule.required,
        "users": [],
        "groups": [],
        "contains_hidden_groups": False,
        "section": "codeowners" if rule.code_owner else None,
        "source_rule": None,
        "overridden": False,
        "code_owner": rule.code_owner,
        "approved_by": by,
        "approved": len(by) >= rule.required,
    }


def commit_status(one: CommitStatus, url: str) -> dict[str, Json]:
    """CommitStatus."""
    return {
        "id": one.id,
        "sha": one.sha,
        "ref": one.ref,
        "status": one.state,
        "name": one.name,
        "target_url": one.target_url,
        "description": one.description,
        "created_at": moment(one.at),
        "started_at": None,
        "finished_at": None,
        "allow_failure": False,
        "coverage": None,
        "pipeline_id": one.pipeline,
        "author": user_basic(one.user, url),
    }


def version(one: Version, request: MergeRequest) -> dict[str, Json]:
    """MergeRequestDiff: a diff version."""
    return {
        "id": one.id,
        "head_commit_sha": one.head,
        "base_commit_sha": one.base,
        "start_commit_sha": one.start,
        "created_at": moment(one.at),
        "merge_request_id": request.id,
        "state": "collected",
        "real_size": "1",
        "patch_id_sha": None,
    }


def note(one: Note, request: MergeRequest, project: Project, url: str) -> dict[str, Json]:
    """Note."""
    return {
        "id": one.id,
        "type": None,
        "body": one.body,
        "author": user_basic(one.author, url),
        "created_at": moment(one.at),
        "updated_at": moment(one.at),
        "system": one.system,
        "noteable_id": request.id,
        "noteable_type": "MergeRequest",
        "noteable_iid": request.iid,
        "project_id": project.id,
        "resolvable": False,
        "confidential": False,
        "internal": False,
    }
