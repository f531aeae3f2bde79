"""What GitLab's refusals mean: one table, because GitLab tells many of them apart by their text only.

The bodies are those of GitLab's `lib/api`. The first rule that fits counts: what names a text or a call stands before
what names only a status. Nothing else in Tidegate decides by a text of GitLab's.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from tidegate.errors import TidegateError
from tidegate.errors.forge import (
    ForgeFailed,
    ForgeForbidden,
    ForgeRefused,
    ForgeThrottled,
    ForgeUnauthorized,
    HeadMoved,
    MergeBlocked,
    MergeRequestExists,
    ProjectMissing,
    StatusUnchanged,
)

_MERGE: Final = r"PUT .*/merge_requests/\d+/merge"
_REBASE: Final = r"PUT .*/merge_requests/\d+/rebase"
_TRAIN: Final = r"POST .*/merge_trains/merge_requests/\d+"
_CANCEL: Final = r"POST .*/merge_requests/\d+/cancel_merge_when_pipeline_succeeds"
_CREATE: Final = r"POST .*/merge_requests"
_STATUS: Final = r"POST .*/statuses/[0-9a-f]+"
_FRESH: Final = "look at it again, then repeat"
_ROLE: Final = "give the token's user a role that may (Developer or Maintainer), or use another token"


@dataclass(frozen=True, slots=True)
class Rule:
    """What one kind of refusal means.

    Args:
        call: which calls it is about: a pattern for `METHOD /path`, whole; "" for all.
        status: the answer's status.
        text: a pattern somewhere in GitLab's own words; "" for any words and none.
        kind: the error.
        what: one sentence for a person.
        hint: what to do.
    """

    call: str
    status: int
    text: str
    kind: type[TidegateError]
    what: str
    hint: str

    def fits(self, call: str, status: int, text: str) -> bool:
        """Return whether an answer is of this kind."""
        return (
            status == self.status
            and (not self.call or re.fullmatch(self.call, call) is not None)
            and re.search(self.text, text, re.IGNORECASE) is not None
        )


RULES: Final = (
    Rule(
        _STATUS,
        400,
        "Cannot transition status",
        StatusUnchanged,
        "the commit has a status in this very state already",
        "see the commit's pipelines",
    ),
    Rule(_STATUS, 409, "", ForgeFailed, "somebody else writes a status of this commit at this moment", "try again"),
    Rule(
        _MERGE,
        405,
        "",
        MergeBlocked,
        "GitLab does not merge it as it is now",
        "see what the merge request's page says is missing",
    ),
    Rule(
        _MERGE,
        422,
        "",
        MergeBlocked,
        "GitLab began to merge and did not: something changed at the same moment, or a hook refused",
        _FRESH,
    ),
    Rule(
        _MERGE,
        406,
        "",
        MergeBlocked,
        "GitLab (before 16) could not merge it: it has a conflict, or something changed",
        _FRESH,
    ),
    Rule(
        "",
        409,
        "SHA does not match HEAD",
        HeadMoved,
        "the source branch has another head by now",
        "look again: approvals of the older commit may not count",
    ),
    Rule(
        _MERGE,
        400,
        "SHA must be provided",
        ForgeRefused,
        "the group wants every merge to name the commit",
        "update Tidegate: it always does",
    ),
    Rule(
        _MERGE,
        401,
        "",
        ForgeForbidden,
        "this token may not push to the target branch, so it may not merge",
        "let the token's user merge into the protected branch, or use another token",
    ),
    Rule(
        r"POST .*/merge_requests/\d+/approve",
        401,
        "",
        ForgeForbidden,
        "GitLab does not let this user approve it (it is theirs, or they have approved it already)",
        "another person must approve",
    ),
    Rule(
        _CREATE,
        409,
        "already exists",
        MergeRequestExists,
        "an open merge request has this source branch already",
        "see the open merge requests",
    ),
    Rule(
        _CREATE, 422, "same project/branch", ForgeRefused, "source and target are the same branch", "name two branches"
    ),
    Rule(
        "",
        400,
        r"\b(is missing|is invalid|does not have a valid value|is empty|are missing)",
        ForgeRefused,
        "GitLab found a parameter that is missing or wrong",
        "is GitLab older than 15.6? Else report this as an error of Tidegate",
    ),
    Rule(_REBASE, 403, "", ForgeForbidden, "this token may not rebase the source branch, or the branch is gone", _ROLE),
    Rule(
        _TRAIN,
        403,
        "",
        ForgeForbidden,
        "the project has no merge trains, or this token may not use them",
        "enable them (Premium), delete merge_train from the configuration, or use another token",
    ),
    Rule(_TRAIN, 400, "", MergeBlocked, "GitLab does not take it on the merge train as it is now", _FRESH),
    Rule(_CANCEL, 401, "", MergeBlocked, "there is nothing to cancel, or this token may not", _FRESH),
    Rule(_CANCEL, 405, "", MergeBlocked, "it is not open any more", _FRESH),
    Rule(_CANCEL, 406, "", MergeBlocked, "GitLab is not to merge it by itself, so there is nothing to cancel", _FRESH),
    Rule(_REBASE, 409, "", ForgeFailed, "GitLab could not queue the rebase", "try again later"),
    Rule(
        "",
        404,
        "Project Not Found",
        ProjectMissing,
        "the forge has no such project, or this token can't see it",
        "check the path, and that the token's user is a member of the project",
    ),
    Rule(
        "",
        404,
        "^error: ",
        ForgeRefused,
        "this GitLab has no such call: it is of another edition or version",
        "is forge.url the address of GitLab itself, and is it 15.6 or later?",
    ),
    Rule(
        "",
        401,
        "invalid_token|revoked|expired",
        ForgeUnauthorized,
        "the token is revoked or has expired",
        "create a new one (scope api)",
    ),
    Rule(
        "",
        401,
        "",
        ForgeUnauthorized,
        "GitLab does not accept the token",
        "is it complete, of this GitLab, and not expired?",
    ),
    Rule(
        "",
        403,
        "insufficient_scope",
        ForgeForbidden,
        "the token's scope is too small",
        "create a token with scope api; read_api may only read",
    ),
    Rule("", 403, "", ForgeForbidden, "this token may not do this", _ROLE),
    Rule(
        "",
        429,
        "endpoint has been requested too many times",
        ForgeThrottled,
        "GitLab limits this kind of request, and there were too many",
        "try again later",
    ),
    Rule(
        "",
        429,
        "",
        ForgeThrottled,
        "GitLab asks for patience: too many requests",
        "try again later, or ask for a higher limit",
    ),
    Rule("", 408, "", ForgeFailed, "GitLab got no whole request in time", "try again"),
    Rule("", 409, "lock|try again", ForgeFailed, "GitLab is busy with this very thing", "try again"),
)
