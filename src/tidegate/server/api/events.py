"""`GET /api/v1/events`: what is new on the board, as server-sent events (WHATWG HTML, section 9.2)."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Annotated, Final
from zlib import crc32

from fastapi import APIRouter, Header
from fastapi.responses import StreamingResponse

from tidegate.errors.server import Busy
from tidegate.server.api.router import api_router
from tidegate.server.board_record import cell_record
from tidegate.server.pages.news import News
from tidegate.server.parts import Parts

MOST_CLIENTS: Final = 1000
_MOST_CELLS: Final = 500
"""Whoever has missed more had better read the whole board."""
_PAUSE: Final = 0.1
"""Seconds: changes that come so close together are told together."""
_LOOK: Final = 1.0
"""Seconds until it is seen that the process is to end."""
_ALIVE: Final = 15
"""After so many of them without news a comment is sent, so that proxies keep the connection."""
_LONGEST: Final = 600
"""Seconds after which a client is sent away. It comes again, and must still be allowed to."""


def event_routes(parts: Parts) -> APIRouter:
    """Return the route."""
    router = api_router("board")
    news = News(parts.board)
    clients: set[object] = set()

    @router.get("/events", response_class=StreamingResponse, responses=_DESCRIBED)
    async def events(last_event_id: Annotated[str | None, Header(max_length=64)] = None) -> StreamingResponse:
        """Tell what changes: `cell` has a cell that is new, `board` asks to read the whole board again."""
        if len(clients) >= MOST_CLIENTS:
            raise Busy(f"{MOST_CLIENTS} clients follow the board", hint="read /api/v1/board now and again")
        return StreamingResponse(
            _counted(clients, board_events(parts, news, last_event_id)),
            media_type="text/event-stream",
            headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
        )

    return router


_DESCRIBED: Final[dict[int | str, dict[str, object]]] = {
    200: {
        "description": "`cell`: {revision, cell}; `board`: {revision}.",
        "content": {"text/event-stream": {"schema": {"type": "string"}}},
    }
}


async def _counted(clients: set[object], events: AsyncIterator[str]) -> AsyncIterator[str]:
    client = object()
    clients.add(client)
    try:
        async for each in events:
            yield each
    finally:
        clients.discard(client)


async def board_events(parts: Parts, news: News, mark: str | None) -> AsyncIterator[str]:
    """Yield events until the client goes, has stayed for long, or the process is to end.

    Nothing is kept for a client but the revision that it has heard of: one that is slow hears of the newest state of
    each cell when it listens again, however often that changed meanwhile.

    Args:
        parts: the server's parts.
        news: what has changed.
        mark: of the last event that the client has heard, or None.
    """
    changed = asyncio.Event()
    news.waken(changed)
    try:
        rows, _, revision = (mark or "").partition(".")
        known = news.revision(revision) or 0
        yield "retry: 2000\n\n"
        silent = 0
        end = asyncio.get_running_loop().time() + _LONGEST
        while asyncio.get_running_loop().time() < end and not parts.stopping.is_set():
            changed.clear()
            present = _names(parts)
            keys, newest = news.since(known)
            if rows != present or len(keys) > _MOST_CELLS:
                newest = max(newest, parts.board.snapshot.revision)
                yield _event("board", {"revision": newest}, f"{present}.{news.mark(newest)}")
                keys, rows = [], present
            board = parts.board.snapshot.board
            found = [cell for key in reversed(keys) if (cell := board.cell(key)) is not None]
            for cell in found:
                yield _event("cell", {"revision": newest, "cell": cell_record(cell)}, f"{rows}.{news.mark(newest)}")
            known = newest
            if found:
                await asyncio.sleep(_PAUSE)
            silent = 0 if await _woken(changed) else silent + 1
            if silent >= _ALIVE:
                yield ": still here\n\n"
                silent = 0
    finally:
        news.forget(changed)


def _names(parts: Parts) -> str:
    """Return a short text that tells these environments and services from others."""
    board = parts.board.snapshot.board
    return f"{crc32(chr(10).join((*board.environments, '', *board.rows)).encode()):08x}"


async def _woken(changed: asyncio.Event) -> bool:
    try:
        await asyncio.wait_for(changed.wait(), _LOOK)
    except TimeoutError:
        return False
    return True


def _event(name: str, data: dict[str, object], mark: str) -> str:
    return f"event: {name}\nid: {mark}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n"
