"""The board as the page shows it: rows, cells and the strip of a snapshot. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final
from urllib.parse import quote, urlencode

from tidegate.counted import counted
from tidegate.engine.live import LiveState
from tidegate.engine.views.board import Board, BoardCell, BoardState
from tidegate.server.pages.clauses import Piece, cell_url, pieces
from tidegate.server.pages.live_view import MARKS, LiveMark
from tidegate.server.pages.spans import age


@dataclass(frozen=True, slots=True)
class Look:
    """How a state is shown: never by colour alone.

    Args:
        name: in class names and in the URL.
        glyph: one character, for the eye.
        word: for everybody.
    """

    name: str
    glyph: str
    word: str


LOOKS: Final[Mapping[BoardState, Look]] = {
    BoardState.SETTLED: Look("settled", "✓", "Up to date"),
    BoardState.WAITING: Look("waiting", "◐", "Waiting"),
    BoardState.BLOCKED: Look("blocked", "✕", "Blocked"),
    BoardState.MOVING: Look("moving", "➔", "Moving"),
    BoardState.DRIFTED: Look("drifted", "≠", "Drifted"),
    BoardState.UNKNOWN: Look("unknown", "?", "Unreadable"),
}
EMPTY: Final = Look("empty", "○", "Nothing yet")
LEADING: Final = Look("leading", "●", "Built")
"""The first environment: nothing is promoted to it."""
STRIP: Final = {
    BoardState.WAITING: "Waiting for a person",
    BoardState.BLOCKED: "Blocked",
    BoardState.MOVING: "Moving",
    BoardState.DRIFTED: "Drifted",
    BoardState.UNKNOWN: "Unreadable",
}
"""State → what the strip calls it. The last is shown only when there are such cells."""


@dataclass(frozen=True, slots=True)
class Filter:
    """What a person asked to see.

    Args:
        state: only services with a cell in this state; None: all.
        text: only services whose name has this in it, in any case.
    """

    state: BoardState | None = None
    text: str = ""

    @classmethod
    def of(cls, state: str | None, text: str | None) -> Filter:
        """Return the filter that a URL asks for; a state that there is not is none."""
        known = next((each for each in STRIP if each.value == state), None)
        return cls(known, (text or "").strip()[:100])

    @property
    def is_open(self) -> bool:
        """Whether it keeps nothing away."""
        return self.state is None and not self.text

    def admits(self, service: str, cells: Mapping[str, BoardCell]) -> bool:
        """Return whether a service is to be shown."""
        if self.text.casefold() not in service.casefold():
            return False
        return self.state is None or any(cell.shown is self.state for cell in cells.values())

    def url(self, path: str = "/") -> str:
        """Return `path` with the filter in its query."""
        asked = {"state": self.state.value if self.state else "", "q": self.text}
        query = urlencode({name: value for name, value in asked.items() if value})
        return f"{path}?{query}" if query else path


@dataclass(frozen=True, slots=True)
class CellView:
    """One cell.

    Args:
        id: of its element.
        url: of its own page.
        service: its name.
        environment: its name.
        look: its state.
        tag: what runs, or what is declared where that is not known; None when nothing.
        declared: what is declared where something else runs.
        live: how far Flux is, where its state does not say it already; None too where nobody looks.
        version: the release version where the tag does not have it in it.
        moving: the tag that is on its way, where it is another one.
        age: since when, in words.
        since: the same as ISO 8601.
        behind: how far it is behind the environment before, such as `+3 versions · 2 d`.
        pieces: why, where there is something to say.
        failure: why the last attempt to deliver or promote failed; None: it did not, or it only has to wait.
    """

    id: str
    url: str
    service: str
    environment: str
    look: Look
    tag: str | None = None
    declared: str | None = None
    live: LiveMark | None = None
    version: str | None = None
    moving: str | None = None
    age: str | None = None
    since: str | None = None
    behind: str | None = None
    pieces: tuple[Piece, ...] = ()
    failure: str | None = None


@dataclass(frozen=True, slots=True)
class StripEntry:
    """One filter with its count.

    Args:
        look: the state.
        label: what it is called.
        count: how many cells are in it.
        url: of the board with this filter, or without it where it is on.
        is_on: whether it is on.
    """

    look: Look
    label: str
    count: int
    url: str
    is_on: bool


@dataclass(frozen=True, slots=True)
class Column:
    """An environment: its name, and where its releases come from."""

    name: str
    source: str | None


def row_url(service: str) -> str:
    """Return the path of a service's history."""
    return f"/services/{quote(service, safe='')}"


def shown_services(board: Board, wanted: Filter) -> tuple[str, ...]:
    """Return the services that the filter admits, in order."""
    return tuple(name for name, cells in board.rows.items() if wanted.admits(name, cells))


def cell_view(cell: BoardCell, now: datetime, *, is_first: bool) -> CellView:
    """Return one cell.

    Args:
        cell: as the board has it.
        now: what time it is (UTC).
        is_first: it is the first environment's, to which nothing is promoted.
    """
    look, live = look_of(cell, is_first=is_first), cell.live
    running = live.running if live else None
    tag, since, version = cell.tag, cell.since, cell.version
    if live is not None and running is not None:
        tag, since, version = running.tag, live.since, str(live.version) if live.version else None
    return CellView(
        id=cell_id(cell.service, cell.environment),
        url=cell_url(cell.service, cell.environment),
        service=cell.service,
        environment=cell.environment,
        look=look,
        tag=tag,
        declared=cell.tag if cell.tag != tag else None,
        live=_mark(cell) if not _is_flux_s_turn(cell) else None,
        version=version if version and version not in (tag or "") else None,
        moving=cell.moving if cell.moving != cell.tag else None,
        age=age(since, now),
        since=since.isoformat() if since else None,
        behind=_behind(cell, now),
        pieces=pieces(cell) if cell.shown is not BoardState.SETTLED else (),
        failure=cell.failure.what if cell.failure and not cell.failure.waits else None,
    )


def look_of(cell: BoardCell, *, is_first: bool = False) -> Look:
    """Return how the state of a cell is shown; where promotion has done its part, how far Flux is."""
    mark = _mark(cell)
    if mark is not None and _is_flux_s_turn(cell):
        return Look(cell.shown.value, mark.glyph, mark.word.capitalize())
    if cell.state is not BoardState.SETTLED:
        return LOOKS[cell.state]
    return EMPTY if cell.tag is None else LEADING if is_first else LOOKS[cell.state]


def _is_flux_s_turn(cell: BoardCell) -> bool:
    return cell.shown is not cell.state


def _mark(cell: BoardCell) -> LiveMark | None:
    """Return how far Flux is, with the tag that it is at where git declares another."""
    if cell.live is None:
        return None
    mark, image = MARKS[cell.live.state], cell.live.image
    is_at_another = image is not None and image.tag != cell.tag and cell.live.running is None
    if not is_at_another or image is None or cell.live.state is LiveState.SUSPENDED:
        return mark
    return replace(mark, word=f"{mark.word}: {image.tag}")


def cell_id(service: str, environment: str) -> str:
    """Return the id of a cell's element."""
    return f"cell/{service}/{environment}"


def counts_of(board: Board) -> Mapping[BoardState, int]:
    """Return how many cells are in each state, over all services."""
    return Counter(cell.shown for cells in board.rows.values() for cell in cells.values())


def strip(counts: Mapping[BoardState, int], wanted: Filter) -> tuple[StripEntry, ...]:
    """Return the strip: each state with its count, and where it leads."""
    return tuple(
        StripEntry(
            LOOKS[state],
            label,
            counts.get(state, 0),
            Filter(None if wanted.state is state else state, wanted.text).url(),
            wanted.state is state,
        )
        for state, label in STRIP.items()
        if state is not BoardState.UNKNOWN or counts.get(state) or wanted.state is state
    )


def _behind(cell: BoardCell, now: datetime) -> str | None:
    if cell.gap is None:
        return None
    return f"+{counted(cell.gap.versions, 'version')} · {age(cell.gap.since, now)}"
