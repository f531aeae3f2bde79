"""`GET /api/v1/events`: what is new on the board, for programs."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from typing import Annotated, Final
from zlib import crc32

from fastapi import APIRouter, Header, Request
from fastapi.responses import StreamingResponse

from tidegate.model.key import ServiceKey
from tidegate.server.access.doorkeeper import stay_of
from tidegate.server.api.router import api_router
from tidegate.server.board_record import cell_record
from tidegate.server.following import Told, event, event_stream, follow
from tidegate.server.news import News
from tidegate.server.parts import Parts

_MOST_CELLS: Final = 500
"""Whoever has missed more had better read the whole board."""


def event_routes(parts: Parts, news: News) -> APIRouter:
    """Return the route."""
    router = api_router("board")

    @router.get("/events", response_class=StreamingResponse, responses=_DESCRIBED)
    async def events(
        request: Request, last_event_id: Annotated[str | None, Header(max_length=64)] = None
    ) -> StreamingResponse:
        """Tell what changes: `cell` has a cell that is new, `board` asks to read the whole board again."""
        return event_stream(parts, news, board_events(parts, news, last_event_id, stay_of(request, parts.access)))

    return router


_DESCRIBED: Final[dict[int | str, dict[str, object]]] = {
    200: {
        "description": "`cell`: {revision, cell}; `board`: {revision}.",
        "content": {"text/event-stream": {"schema": {"type": "string"}}},
    }
}


def board_events(parts: Parts, news: News, mark: str | None, may_stay: Callable[[], bool]) -> AsyncIterator[str]:
    """Yield events, as `follow` does.

    Args:
        parts: the server's parts.
        news: what has changed.
        mark: of the last event that the client has heard, or None.
        may_stay: whether it may still see the board.
    """
    rows, _, revision = (mark or "").partition(".")
    return follow(parts, news, may_stay, _Teller(parts, news, rows, news.revision(revision) or 0))


class _Teller:
    """Tells one client what it has not heard of.

    Args:
        parts: the server's parts.
        news: what has changed.
        rows: which environments and services it knows; "" for none.
        known: the revision that it knows.
    """

    def __init__(self, parts: Parts, news: News, rows: str, known: int) -> None:
        self._parts = parts
        self._news = news
        self._rows = rows
        self._known = known

    def __call__(self) -> Told:
        present = _names(self._parts)
        keys, newest = self._news.since(self._known)
        if self._rows != present or len(keys) > _MOST_CELLS:
            newest = max(newest, self._parts.board.snapshot.revision)
            self._rows, self._known = present, newest
            return Told((event("board", _data({"revision": newest}), self._mark()),))
        self._known = newest
        return Told(self._cells(keys))

    def _cells(self, keys: Sequence[ServiceKey]) -> Iterator[str]:
        board = self._parts.board.snapshot.board
        for key in reversed(keys):
            cell = board.cell(key)
            if cell is not None:
                yield event("cell", _data({"revision": self._known, "cell": cell_record(cell)}), self._mark())

    def _mark(self) -> str:
        return f"{self._rows}.{self._news.mark(self._known)}"


def _names(parts: Parts) -> str:
    """Return a short text that tells these environments and services from others."""
    board = parts.board.snapshot.board
    return f"{crc32(chr(10).join((*board.environments, '', *board.rows)).encode()):08x}"


def _data(document: dict[str, object]) -> str:
    return json.dumps(document, ensure_ascii=False)
