"""What GitLab's `detailed_merge_status` says to a person. The set of words is open: it grows with GitLab."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

PASSING: Final = frozenset(
    {
        "preparing",
        "unchecked",
        "checking",
        "approvals_syncing",
        "cannot_be_merged_rechecking",
        "cannot_be_merged_recheck",
    }
)
"""Words that pass by themselves within seconds: GitLab works it out in the background."""
FINE: Final = "mergeable"
CONFLICT: Final = "conflict"
NO_BRANCH: Final = "commits_status"
"""The source branch was deleted, or has no commits that the target has not."""
OF_PIPELINES: Final = frozenset({"ci_must_pass", "ci_still_running"})
NEED_REBASE: Final = "need_rebase"

_WORDS: Final[Mapping[str, tuple[str, str]]] = {
    "ci_must_pass": ("its pipeline must succeed first", "see its pipeline; run it again when it failed"),
    "ci_still_running": ("its pipeline is still running", "wait for it, then deliver again"),
    NO_BRANCH: ("its source branch has no commits, or is gone", "push the branch again, or promote again"),
    "discussions_not_resolved": ("it has threads that nobody has resolved", "resolve them on its page"),
    "draft_status": ("it is a draft", "mark it as ready"),
    "jira_association_missing": ("its title or description names no Jira issue", "name one"),
    "locked_lfs_files": ("it changes LFS files that somebody has locked", "unlock them"),
    "locked_paths": ("it changes paths that somebody has locked", "unlock them"),
    "merge_request_blocked": ("another merge request must be merged first", "see its dependencies"),
    "merge_time": ("it may not be merged before its time", "wait, or change `merge after`"),
    "need_rebase": ("its target has moved on, and it must be rebased first", "rebase it, or set merge_request.rebase"),
    "not_approved": ("GitLab's own approval rules are not fulfilled", "see who must approve on its page"),
    "not_open": ("it is not open", "promote again to get a new one"),
    "requested_changes": ("a reviewer has requested changes", "ask the reviewer to look again"),
    "security_policy_pipeline_check": ("a security policy's pipeline must succeed first", "see its pipeline"),
    "security_policy_violations": ("it violates a security policy", "see its page"),
    "status_checks_must_pass": ("external status checks must pass first", "see its page"),
    "title_regex": ("its title does not have the form that the project wants", "change the title"),
}  # fmt: skip


def obstacle(status: str, error: str) -> tuple[str, str]:
    """Return what stands in the way of a merge and what to do about it, in a person's words.

    Args:
        status: `detailed_merge_status`.
        error: `merge_error`, or "".
    """
    what, hint = _WORDS.get(status, (f"GitLab says {status!r} of it", "see its page in GitLab"))
    return (f"{what} ({error})" if error else what), hint
