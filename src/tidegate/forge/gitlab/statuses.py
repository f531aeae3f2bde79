"""The commit status `tidegate/deliver`: GitLab's way to show a state beside a pipeline's jobs.

GitLab keeps a status as a small state machine of the user who wrote it (`Ci::CreateCommitStatusService`). A pending or
running one can be moved on, but neither set to its own state again nor given other words in it: that answers 400.
After one that has ended, a new one is made, even of the same state. A status belongs to a pipeline; where the commit
has none, one is made for it.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Final

from tidegate.errors.forge import StatusUnchanged
from tidegate.forge.gitlab.client import GitLabClient
from tidegate.model.report import Report, ReportState

NAME: Final = "tidegate/deliver"
_LONGEST: Final = 255
"""Characters of a description or an address that GitLab takes."""
_ENDED: Final = "canceled"


def put_status(
    api: GitLabClient, me: Callable[[], str], report: Report, link: str | None, *, look_first: bool = False
) -> bool:
    """Have the report's commit show its state and summary; return whether anything was written.

    Args:
        api: calls with the project's token.
        me: tells the token's user.
        report: what to show.
        link: where a person reads more, or None.
        look_first: it is likely to be shown already.
    """
    text = _shortened(report.summary)
    # Of a state that ends one, such as failed, GitLab would make another each time.
    if (look_first or report.state is ReportState.REFUSED) and _shown(api, me, report) == (report.state.value, text):
        return False
    try:
        _post(api, report, report.state.value, text, link)
    except StatusUnchanged:
        if _shown(api, me, report) == (report.state.value, text):
            return False
        # The same state in other words: end it, and begin anew. Another run may do the same at this moment.
        with contextlib.suppress(StatusUnchanged):
            _post(api, report, _ENDED, text, link)
        with contextlib.suppress(StatusUnchanged):
            _post(api, report, report.state.value, text, link)
    return True


def _post(api: GitLabClient, report: Report, state: str, text: str, link: str | None) -> None:
    body = {"state": state, "name": NAME, "ref": report.branch, "description": text}
    if link is not None and len(link) <= _LONGEST:
        body["target_url"] = link
    api.send("POST", "projects", report.project, "statuses", report.head, body=body)


def _shown(api: GitLabClient, me: Callable[[], str], report: Report) -> tuple[str, str] | None:
    """Return state and words of our newest status of the commit, or None."""
    query = {"name": NAME, "ref": report.branch}
    rows = api.list("projects", report.project, "repository", "commits", report.head, "statuses", query=query)
    ours = [one for one in rows if one.text("name") == NAME and one.part("author").text("username") == me()]
    if not ours:
        return None
    newest = max(ours, key=lambda one: one.number("id"))
    return newest.text("status"), newest.optional_text("description") or ""


def _shortened(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
