"""What a request to GitLab is about, in one of few words: names and numbers left out of its path."""

from __future__ import annotations

from typing import Final

from tidegate.http import Request
from tidegate.http.url import target

_BEFORE_A_NAME: Final = frozenset(
    {"branches", "commits", "groups", "merge_requests", "notes", "projects", "statuses", "users"}
)
_WORDS: Final = frozenset(
    {
        "all",
        "approval_state",
        "approvals",
        "approve",
        "cancel_merge_when_pipeline_succeeds",
        "compare",
        "members",
        "merge",
        "merge_trains",
        "milestones",
        "rebase",
        "repository",
        "unapprove",
        "user",
        "versions",
    }
)


def subject_of(request: Request) -> str:
    """Return e.g. `projects/merge_requests/notes` for a request below `/api/v4`."""
    _, _, path = target(request.url).partition("?")[0].partition("/api/v4/")
    words = []
    parts = iter(path.split("/"))
    for part in parts:
        if part not in _BEFORE_A_NAME and part not in _WORDS:
            return "other"
        words.append(part)
        if part in _BEFORE_A_NAME:
            next(parts, None)
    return "/".join(words)
