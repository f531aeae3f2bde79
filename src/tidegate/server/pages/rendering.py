"""Rendering: templates, static files, and the cells' HTML, which is made anew only when it changes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from importlib import resources
from importlib.resources.abc import Traversable
from threading import Lock
from typing import Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from tidegate.engine.views.board import Board, BoardCell, BoardState
from tidegate.model.key import ServiceKey
from tidegate.server.pages.board_view import CellView, Filter, cell_id, cell_view, counts_of, row_url, strip
from tidegate.server.pages.coded import coded

_TYPES: Final = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
THEMES: Final = (("auto", "As the system has it", "◑"), ("light", "Light", "☼"), ("dark", "Dark", "☾"))


@dataclass(frozen=True, slots=True)
class StaticFile:
    """A file that is the same for all.

    Args:
        data: its bytes.
        media_type: what it is.
        version: the beginning of its sha256.
    """

    data: bytes
    media_type: str
    version: str


def static_files() -> Mapping[str, StaticFile]:
    """Return path below `static/` → file; what is neither script, style nor picture is left out."""
    return dict(_files(resources.files("tidegate.server") / "static", ""))


def _files(folder: Traversable, prefix: str) -> Iterator[tuple[str, StaticFile]]:
    for each in folder.iterdir():
        if each.is_dir():
            yield from _files(each, f"{prefix}{each.name}/")
        elif (kind := _TYPES.get(f".{each.name.rpartition('.')[2]}")) is not None:
            data = each.read_bytes()
            yield f"{prefix}{each.name}", StaticFile(data, kind, sha256(data).hexdigest()[:12])


def make_templates(files: Mapping[str, StaticFile]) -> Environment:
    """Return the templates. What they print is escaped; a name that they were not given is an error.

    Args:
        files: what `asset('board.css')` links to, with a version, so that browsers may keep them for ever.
    """
    templates = Environment(
        loader=PackageLoader("tidegate.server.pages"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    templates.globals["asset"] = lambda path: f"/static/{path}?v={files[path].version}"
    templates.globals["themes"] = THEMES
    templates.filters["coded"] = coded
    return templates


class Fragments:
    """The board's parts as HTML. Safe for many threads; of each cell the newest HTML is kept.

    Args:
        templates: the templates.
    """

    def __init__(self, templates: Environment) -> None:
        self._cell = templates.get_template("cell.html")
        self._row = templates.get_template("row.html")
        self._strip = templates.get_template("strip.html")
        self._news = templates.get_template("news.html")
        self._lock = Lock()
        self._kept: dict[tuple[str, bool], tuple[CellView, Markup]] = {}
        self._rows: dict[str, tuple[tuple[Mapping[str, BoardCell] | None, tuple[str, ...], float], Markup]] = {}
        self._counted: tuple[Board, Mapping[BoardState, int]] | None = None

    def row(self, board: Board, service: str, now: datetime) -> Markup:
        """Return one row of the table; made anew when it has changed, and once a minute, for its ages."""
        made_of = board.rows.get(service), board.environments, now.timestamp() // 60
        kept = self._rows.get(service)
        if kept is not None and kept[0][0] is made_of[0] and kept[0][1:] == made_of[1:]:
            return kept[1]
        made = self._row_now(board, service, now)
        self._rows[service] = made_of, made
        return made

    def _row_now(self, board: Board, service: str, now: datetime) -> Markup:
        found = [self.cell(board, ServiceKey(service, each), now) for each in board.environments]
        row = {"service": service, "url": row_url(service)}
        return Markup(self._row.render(row=row, cells=found, names=board.environments))  # noqa: S704 - ours, escaped

    def cell(self, board: Board, key: ServiceKey, now: datetime, *, live: bool = False) -> Markup:
        """Return one cell.

        Args:
            board: where it is.
            key: which.
            now: what time it is (UTC).
            live: it takes the place of the one that a page shows.
        """
        cell = board.cell(key)
        if cell is None:
            return Markup(self._cell.render(cell=None, id=cell_id(key.service, key.environment), oob=live))  # noqa: S704
        view = cell_view(cell, now, is_first=board.environments[:1] == (key.environment,))
        with self._lock:
            kept = self._kept.get((view.id, live))
        if kept is not None and kept[0] == view:
            return kept[1]
        made = Markup(self._cell.render(cell=view, oob=live))  # noqa: S704 - our template escapes what it prints
        with self._lock:
            self._kept[view.id, live] = view, made
        return made

    def strip(self, board: Board, wanted: Filter, *, live: bool = False) -> Markup:
        """Return the strip."""
        entries = strip(self._counts(board), wanted)
        return Markup(self._strip.render(strip=entries, total=len(board.rows), oob=live))  # noqa: S704 - likewise

    def news(self, text: str) -> Markup:
        """Return what a screen reader is to say."""
        return Markup(self._news.render(text=text))  # noqa: S704 - likewise

    def _counts(self, board: Board) -> Mapping[BoardState, int]:
        """Return the counts; they are the same for all who look at one board."""
        counted = self._counted
        if counted is None or counted[0] is not board:
            counted = self._counted = board, counts_of(board)
        return counted[1]
