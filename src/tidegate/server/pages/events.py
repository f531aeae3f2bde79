"""What an open board page is told. One change makes one cell anew."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from typing import Final
from zlib import crc32

from tidegate.engine.views.board import Board
from tidegate.model.key import ServiceKey
from tidegate.server.following import Told, event, follow
from tidegate.server.news import News
from tidegate.server.pages.board_view import Filter, look_of, shown_services
from tidegate.server.pages.rendering import Fragments
from tidegate.server.parts import Parts

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
        may_stay: whether who opened it may still see the board.
    """

    wanted: Filter
    mark: str
    rows: str
    may_stay: Callable[[], bool]


def board_events(parts: Parts, news: News, fragments: Fragments, page: OpenPage) -> AsyncIterator[str]:
    """Yield events, as `follow` does.

    `cells` has the HTML of the cells that are new, of the strip, and of what a screen reader is to say; `rows` says
    that other rows are to be shown, so that the page is to be asked for.

    Args:
        parts: the server's parts.
        news: what has changed.
        fragments: makes HTML.
        page: what it shows.
    """
    return follow(parts, news, page.may_stay, _Teller(parts, news, fragments, page))


class _Teller:
    """Tells one page what it does not show."""

    def __init__(self, parts: Parts, news: News, fragments: Fragments, page: OpenPage) -> None:
        self._parts = parts
        self._news = news
        self._fragments = fragments
        self._page = page
        self._known = news.revision(page.mark)

    def __call__(self) -> Told:
        wanted = self._page.wanted
        keys, newest = self._news.since(self._known) if self._known is not None else ([], 0)
        board = self._parts.board.snapshot.board  # at least as new as what was just heard of
        if self._known is None or fingerprint(board, wanted) != self._page.rows:
            # The page asks for itself, and for events of what it shows then.
            return Told((event("rows", "", self._page.mark),), is_last=True)
        self._known = newest
        if not keys:
            return Told()
        shown = [each for each in keys if wanted.admits(each.service, board.rows.get(each.service, {}))]
        return Told((event("cells", self._cells(board, shown), self._news.mark(newest)),))

    def _cells(self, board: Board, keys: Sequence[ServiceKey]) -> str:
        now = self._parts.clock.now()
        cells = "".join(self._fragments.cell(board, key, now, live=True) for key in keys)
        strip = self._fragments.strip(board, self._page.wanted, live=True)
        return f"{cells}{strip}{self._fragments.news(_spoken(board, keys))}"


def _spoken(board: Board, keys: Sequence[ServiceKey]) -> str:
    """Return what changed, in words; of many cells only their number."""
    if len(keys) > _MOST_SPOKEN:
        return f"{len(keys)} cells have changed"
    found = [cell for key in keys if (cell := board.cell(key)) is not None]
    return ". ".join(
        f"{cell.service} in {cell.environment}: {cell.tag or 'nothing'}, {look_of(cell).word}" for cell in found
    )
