"""Following the board by server-sent events (WHATWG HTML, section 9.2): what pages and API clients have in common."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass
from typing import Final

from fastapi.responses import StreamingResponse

from tidegate.counted import counted
from tidegate.errors.server import Busy
from tidegate.server.news import News
from tidegate.server.parts import Parts
from tidegate.server.plain_page import encoded

_LINE_END: Final = re.compile(r"\r\n|\r|\n")
"""Of an event stream, and no other: what Python and Unicode know besides stands in JSON as it is."""


@dataclass(frozen=True, slots=True)
class Told:
    """What a follower is to be told now.

    Args:
        events: as texts.
        is_last: nothing follows: the follower knows what to do.
    """

    events: Iterable[str] = ()
    is_last: bool = False


def event(name: str, data: str, mark: str) -> str:
    """Return an event as it is written.

    Args:
        name: what its listeners listen for.
        data: any text.
        mark: what the follower says when it comes again.
    """
    lines = "".join(f"data: {line}\n" for line in _LINE_END.split(data.rstrip("\r\n")))
    return encoded(f"event: {name}\nid: {mark}\n{lines}\n").decode()


def event_stream(parts: Parts, news: News, events: AsyncIterator[str]) -> StreamingResponse:
    """Return the answer that tells `events` as they come.

    Raises:
        Busy: as many follow as there may.
    """
    most = parts.following.most
    if news.followers >= most:
        raise Busy(
            f"{counted(most, 'client follows', 'clients follow')} the board", hint="read /api/v1/board now and again"
        )
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(events, media_type="text/event-stream", headers=headers)


async def follow(
    parts: Parts, news: News, may_stay: Callable[[], bool], tell: Callable[[], Told]
) -> AsyncIterator[str]:
    """Yield events until the follower goes, may not stay, has stayed for long, or the process is to end.

    Nothing is kept for a follower but what `tell` keeps: one that is slow hears of the newest state of each cell when
    it listens again, however often that changed meanwhile.

    Args:
        parts: the server's parts.
        news: what wakes it.
        may_stay: whether who asked may still see the board; asked about once in a second.
        tell: what is new since it was called before; called at the beginning, and when something may have changed.
    """
    pace, changed = parts.following, asyncio.Event()
    news.waken(changed)
    now = asyncio.get_running_loop().time
    try:
        yield "retry: 2000\n\n"
        silent, end, look = 0, now() + pace.longest, now() + pace.look
        while now() < end and not parts.stopping.is_set():
            if now() >= look:
                if not may_stay():
                    return
                look = now() + pace.look
            changed.clear()
            told, is_new = tell(), False
            for each in told.events:
                is_new = True
                yield each
            if told.is_last:
                return
            if is_new:
                await asyncio.sleep(pace.pause)
            silent = 0 if await _woken(changed, pace.look) else silent + 1
            if silent >= pace.alive:
                yield ": still here\n\n"
                silent = 0
    finally:
        news.forget(changed)


async def _woken(changed: asyncio.Event, seconds: float) -> bool:
    try:
        await asyncio.wait_for(changed.wait(), seconds)
    except TimeoutError:
        return False
    return True
