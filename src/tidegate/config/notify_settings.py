"""Whom the server tells, of what."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from fnmatch import fnmatchcase
from pathlib import Path

from tidegate.model.notice import Notice, NoticeEvent


@dataclass(frozen=True, slots=True)
class NotifyTarget:
    """One target of notifications.

    Args:
        name: what tidegate.yaml calls it.
        url_env: name of the variable that holds its address, or None.
        url_file: the file that does, absolute; or None.
        environments: names; None: all.
        services: patterns of names with `*`; none: all.
        events: which.
        every: it gets one message in that time at most.
    """

    name: str
    url_env: str | None = None
    url_file: Path | None = None
    environments: frozenset[str] | None = None
    services: tuple[str, ...] = ()
    events: frozenset[NoticeEvent] = frozenset(NoticeEvent)
    every: timedelta = timedelta(minutes=1)

    def concerns(self, notice: Notice) -> bool:
        """Return whether it is about a service in an environment that this target hears of, whatever the event."""
        if self.environments is not None and notice.environment not in self.environments:
            return False
        return not self.services or any(fnmatchcase(notice.service, pattern) for pattern in self.services)
