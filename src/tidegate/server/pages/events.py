"""Server-sent events: what an open board page is told. One change makes one cell anew."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Final
from zlib import crc32

from tidegate.engine.board import Board
from tidegate.model.key import ServiceKey
from tidegate.server.pages.board_view import LOOKS, Filter, shown_services
from tidegate.server.pages.news import News
from tidegate.server.pages.rendering import Fragments
from tidegate.server.parts import Parts

_PAUSE: Final = 0.1
"""Seconds: changes that come so close together are told together."""
_LOOK: Final = 1.0
"""Seconds until it is seen that the process is to end."""
_ALIVE: Final = 15
"""After so many of them without news a comment is sent, so that proxies keep the connection."""
_MOST_SPOKEN: Final = 3


def fingerprint(board: Board, wanted: Filter) -> str:
    """Return a short text that tells the rows of one page from those of another."""
    names = "\n".join((*board.environments, "", *shown_services(board, wanted)))
    return f"{crc32(names.encode()):08x}"


@dataclass(frozen=True, slots=True)
class OpenPage:
    """A board page that is open.

    Args:
        wanted: what it shows.
        mark: the revision that it shows.
        rows: the fingerprint of the rows that it shows.
    """

    wanted: Filter
    mark: str
    rows: str


async def board_events(parts: Parts, news: News, fragments: Fragments, page: OpenPage) -> AsyncIterator[str]:
    """Yield events for as long as the page is open.

    `cells` has the HTML of the cells that are new, of the strip, and of what a screen reader is to say; `rows` says
    that other rows are to be shown, so that the page is to be asked for.

    Args:
        parts: the server's parts.
        news: what has changed.
        fragments: makes HTML.
        page: what it shows.
    """
    wanted = page.wanted
    changed = asyncio.Event()
    news.waken(changed)
    known = news.revision(page.mark)
    try:
        yield "retry: 2000\n\n"
        silent = 0
        while not parts.stopping.is_set():
            changed.clear()
            keys, newest = news.since(known) if known is not None else ([], 0)
            board = parts.board.snapshot.board  # at least as new as what was just heard of
            if known is None or fingerprint(board, wanted) != page.rows:
                yield _event("rows", "", page.mark)
                return  # the page asks for itself, and for events of what it shows then
            known = newest
            shown = [each for each in keys if wanted.admits(each.service, board.rows.get(each.service, {}))]
            if keys:
                yield _event("cells", _cells(parts, fragments, board, shown, wanted), news.mark(known))
                await asyncio.sleep(_PAUSE)
            silent = 0 if await _woken(changed) else silent + 1
            if silent >= _ALIVE:
                yield ": still here\n\n"
                silent = 0
    finally:
        news.forget(changed)


async def _woken(changed: asyncio.Event) -> bool:
    try:
        await asyncio.wait_for(changed.wait(), _LOOK)
    except TimeoutError:
        return False
    return True


def _cells(parts: Parts, fragments: Fragments, board: Board, keys: Sequence[ServiceKey], wanted: Filter) -> str:
    now = parts.clock.now()
    cells = "".join(fragments.cell(board, key, now, live=True) for key in keys)
    return f"{cells}{fragments.strip(board, wanted, live=True)}{fragments.news(_spoken(board, keys))}"


def _spoken(board: Board, keys: Sequence[ServiceKey]) -> str:
    """Return what changed, in words; of many cells only their number."""
    if len(keys) > _MOST_SPOKEN:
        return f"{len(keys)} cells have changed"
    found = [cell for key in keys if (cell := board.cell(key)) is not None]
    return ". ".join(
        f"{cell.service} in {cell.environment}: {cell.tag or 'nothing'}, {LOOKS[cell.state].word}" for cell in found
    )


def _event(name: str, data: str, mark: str) -> str:
    lines = "".join(f"data: {line}\n" for line in data.splitlines()) or "data:\n"
    return f"event: {name}\nid: {mark}\n{lines}\n"
