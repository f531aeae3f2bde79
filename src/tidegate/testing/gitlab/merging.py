"""The fake's calls that merge: at once, when the pipeline has succeeded, on a merge train; and rebasing."""

from __future__ import annotations

from typing import Final

from tidegate.testing.gitlab import entities
from tidegate.testing.gitlab.fake import FakeGitLab
from tidegate.testing.gitlab.merge_requests import check_sha, found, shown
from tidegate.testing.gitlab.messages import Answer, Call, Json, no, not_allowed, unauthorized
from tidegate.testing.gitlab.state import MergeRequest, Project, Wish

MERGE_PARAMETERS: Final = frozenset(
    {
        "sha",
        "merge_commit_message",
        "squash_commit_message",
        "squash",
        "should_remove_source_branch",
        "auto_merge",
        "merge_when_pipeline_succeeds",
    }
)
TRAIN_PARAMETERS: Final = frozenset({"sha", "squash", "auto_merge", "when_pipeline_succeeds"})
_WAITING: Final = "ci_still_running"


def merge(gitlab: FakeGitLab, call: Call) -> Answer:
    """PUT merge_requests/:iid/merge. With auto-merge, what has no running pipeline is merged at once."""
    home, request = found(gitlab, call)
    if home.sha_required and not call.text("sha"):
        raise no(400, "SHA must be provided when merging")
    _check_rights(home, request, call)
    check_sha(call, request)
    wish = _wish(call, request)
    status = gitlab.status(home, request)
    if status == _WAITING and (call.flag("auto_merge") or call.flag("merge_when_pipeline_succeeds")):
        request.scheduled = wish
    elif status == "mergeable":
        gitlab.merge(home, request, wish)
        gitlab.unschedule(home, request)
    else:
        raise not_allowed()
    return Answer(body=shown(gitlab, home, request))


def cancel(gitlab: FakeGitLab, call: Call) -> Answer:
    """POST cancel_merge_when_pipeline_succeeds."""
    home, request = found(gitlab, call)
    if request.scheduled is None:
        raise unauthorized()
    gitlab.unschedule(home, request)
    return Answer(201, {"status": "success"})


def rebase(gitlab: FakeGitLab, call: Call) -> Answer:
    """PUT rebase: it is only begun here."""
    home, request = found(gitlab, call)
    heads = home.repository.heads()
    if request.source not in heads:
        raise no(403, "403 Forbidden - Source branch does not exist")
    if request.state != "opened":
        raise no(403, "403 Forbidden - Cannot rebase")
    if not home.may_push(request.source, call.access.user.username):
        raise no(403, "403 Forbidden - Cannot push to source branch")
    request.rebasing, request.rebased_by, request.error = max(1, home.rebase_looks), call.access.user, None
    return Answer(202, {"rebase_in_progress": True})


def join_train(gitlab: FakeGitLab, call: Call) -> Answer:
    """POST merge_trains/merge_requests/:iid. The answer is the whole train."""
    home, request = found(gitlab, call)
    if not home.merge_trains:
        raise no(403, "403 Forbidden")
    _check_rights(home, request, call)
    check_sha(call, request)
    status = gitlab.status(home, request)
    waits = status == _WAITING and (call.flag("auto_merge") or call.flag("when_pipeline_succeeds"))
    if request.scheduled is not None or not (waits or status == "mergeable"):
        raise no(400, "400 Bad request - Failed to merge")
    request.scheduled = _wish(call, request, train=True)
    home.train.append(request.iid)
    return Answer(202 if waits else 201, _train(gitlab, home))


def _train(gitlab: FakeGitLab, home: Project) -> list[Json]:
    return [entities.train_car(home, home.requests[iid], gitlab.url) for iid in home.train]


def _wish(call: Call, request: MergeRequest, *, train: bool = False) -> Wish:
    return Wish(
        user=call.access.user,
        sha=request.head,
        message=call.text("merge_commit_message"),
        squash=call.flag("squash"),
        squash_message=call.text("squash_commit_message"),
        remove_source=call.flag("should_remove_source_branch"),
        train=train,
    )


def _check_rights(home: Project, request: MergeRequest, call: Call) -> None:
    if not home.may_merge(request.target, call.access.user.username):
        raise unauthorized()
