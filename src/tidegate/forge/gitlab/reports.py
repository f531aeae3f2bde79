"""GitLabReports: the port `Reports` on GitLab: a commit status, and one note that is changed in place."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from threading import Lock
from typing import Final

from tidegate.errors import TidegateError
from tidegate.errors.forge import ForgeRefused
from tidegate.forge.gitlab.client import GitLabClient, merge_request_path
from tidegate.forge.gitlab.notes import StatusNotes, change_note, is_same, keep_note
from tidegate.forge.gitlab.people import TokenUsers
from tidegate.forge.gitlab.statuses import put_status
from tidegate.forge.gitlab.tokens import Tokens
from tidegate.forge.gitlab.told import Told
from tidegate.http import Retry, Sender
from tidegate.model.report import Report
from tidegate.ports.clock import Clock

_MOST_AT_ONCE: Final = 10
"""Of those that can be told later, so many are told in one run: a run's calls do not grow with what waits."""


class GitLabReports:
    """Shows how far deliveries are; fulfils the port `Reports`. Safe for use by many threads at once.

    Args:
        url: address of GitLab.
        tokens: which token is for which project.
        http: sends the requests.
        clock: for pauses, and for how old memories are.
        told: what was told before.
        retry: how often to try what has not been answered; None for the usual.
        notes: the kept notes, as the forge sees them in the same run; None for none.
    """

    def __init__(
        self,
        url: str,
        tokens: Tokens,
        http: Sender,
        clock: Clock,
        *,
        told: Told,
        retry: Retry | None = None,
        notes: StatusNotes | None = None,
    ) -> None:
        self._url = url
        self._tokens = tokens
        self._http = http
        self._told = told
        self._retry = retry or Retry(sleep=clock.sleep)
        self._lock = Lock()
        self._others = 0
        self._users = TokenUsers()
        self._notes = notes or StatusNotes()

    def tell(self, report: Report, *, later: bool = False) -> bool:
        """Show `report`; see the port."""
        if self._told.knows(report) or (later and not self._is_next()):
            return False
        api = GitLabClient(self._url, self._tokens.of(report.project), self._http, self._retry)
        me = partial(self._users.of, api)
        link, failed, written = report.web_url, None, False
        try:
            number, written = self._note(api, report, me)
            link = f"{link}#note_{number}" if link else None
        except TidegateError as error:
            failed = error  # the status is what holds a merge back: it is written all the same
        written = put_status(api, me, report, link, look_first=later and not written) or written
        if failed is not None:
            raise failed
        self._told.keep(report)
        return written

    def _note(self, api: GitLabClient, report: Report, me: Callable[[], str]) -> tuple[int, bool]:
        """Have the note, with no look at the others when this run has seen it; return its number, and if written."""
        path = merge_request_path(report.project, report.iid)
        known = self._notes.of(path)
        if known is not None and is_same(known[1], report.note):
            return known[0], False
        number, written = (known[0], True) if known is not None else (0, False)
        if known is None or not self._changed(api, path, number, report.note):
            number, written = keep_note(api, path, me, report.note, is_first=report.is_new)
        self._notes.keep(path, number, report.note)
        return number, written

    @staticmethod
    def _changed(api: GitLabClient, path: tuple[str, ...], number: int, text: str) -> bool:
        """Change the note of that number; return False when somebody has deleted it meanwhile."""
        try:
            change_note(api, path, number, text)
        except ForgeRefused:
            return False
        return True

    def _is_next(self) -> bool:
        with self._lock:
            self._others += 1
            return self._others <= _MOST_AT_ONCE
