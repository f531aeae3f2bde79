"""Webhooks on demand: what happened is told when a test says so, and as badly as it likes."""

from __future__ import annotations

import http.client
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Final
from urllib.parse import urlsplit

from tidegate.testing.gitlab.events import Event
from tidegate.testing.gitlab.fake import FakeGitLab

_PATIENCE_SECONDS: Final = 10.0


def deliver(
    gitlab: FakeGitLab, at: datetime, order: Callable[[list[Event]], Iterable[Event]] = lambda events: events
) -> list[int]:
    """Tell the projects' webhooks what happened since the last time; return the statuses that they answered.

    Args:
        gitlab: whose `events` are told, and then forgotten.
        at: the time of the signatures.
        order: what becomes of the events on their way, the oldest first: `lambda events: events[1:]` loses one,
            `lambda events: events * 2` doubles all, `reversed` turns them round.
    """
    with gitlab.lock:
        for project in gitlab.projects.values():
            gitlab.refresh(project)
        events, gitlab.events = gitlab.events, []
    return [_post(event, event.headers(gitlab.url, at)) for event in order(events)]


def _post(event: Event, headers: dict[str, str]) -> int:
    address = urlsplit(event.hook.url)
    connection = http.client.HTTPConnection(address.netloc, timeout=_PATIENCE_SECONDS)
    try:
        connection.request("POST", address.path, event.body, headers)
        return connection.getresponse().status
    finally:
        connection.close()
