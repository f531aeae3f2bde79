"""Pages as HTML: what each one shows is read, viewed and rendered here."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import urlencode

from fastapi import Request
from fastapi.responses import HTMLResponse

from tidegate.config import ForgeSettings, LocalForge
from tidegate.engine.promote import planned_promotion
from tidegate.engine.views.cell_detail import read_detail
from tidegate.engine.views.timeline import read_timeline
from tidegate.engine.world import World
from tidegate.errors import TidegateError
from tidegate.model.key import ServiceKey
from tidegate.server.access.doorkeeper import visitor_of
from tidegate.server.access.masks import masked
from tidegate.server.access.permissions import Permission
from tidegate.server.access.visitor import Proof, Visitor
from tidegate.server.board_store import Snapshot
from tidegate.server.news import News
from tidegate.server.pages.board_view import Column, Filter, cell_id, cell_view, row_url, shown_services
from tidegate.server.pages.clauses import cell_url
from tidegate.server.pages.detail_view import detail_view, diff_lines
from tidegate.server.pages.events import fingerprint
from tidegate.server.pages.rendering import Fragments, make_templates, static_files
from tidegate.server.pages.timeline_view import timeline_view
from tidegate.server.parts import Parts
from tidegate.server.plain_page import encoded, theme_of
from tidegate.server.problems import status_of

_BUFFERED: Final = 40


@dataclass(frozen=True, slots=True)
class Page:
    """What every page has.

    Args:
        user: who is signed in, or "".
        csrf: what forms prove themselves with, masked anew for each page, or "".
        people: whom this person can go on as, on a local forge.
        theme: `light` or `dark` where somebody chose; None: as the system has it.
    """

    user: str
    csrf: str
    people: tuple[str, ...]
    theme: str | None

    @classmethod
    def of(cls, request: Request, forge: ForgeSettings) -> Page:
        """Return what `request` says; a local forge says who the people are."""
        visitor = visitor_of(request)
        groups = forge.groups.values() if isinstance(forge, LocalForge) and visitor.proof is Proof.LOCAL else ()
        people = tuple(sorted(frozenset[str]().union(*groups) - {visitor.user}))
        csrf = masked(visitor.csrf) if visitor.csrf else ""
        return cls(visitor.user, csrf, people, theme_of(request.cookies))


class Pages:
    """Makes pages.

    Args:
        parts: the server's parts.
        news: what changes on the board.
    """

    def __init__(self, parts: Parts, news: News) -> None:
        self.files: Final = static_files()
        self._parts = parts
        self._templates = make_templates(self.files)
        self.fragments: Final = Fragments(self._templates)
        self._news = news

    def board(self, request: Request, wanted: Filter) -> Iterator[str]:
        """Yield the board's page in pieces: a browser shows the first rows while the others are made."""
        snapshot, now = self._parts.board.snapshot, self._parts.clock.now()
        board = snapshot.board
        shown = shown_services(board, wanted)
        stream = self._templates.get_template("board.html").stream(
            page=Page.of(request, self._parts.configuration.forge),
            wanted=wanted,
            columns=[Column(each, self._source(each)) for each in board.environments],
            shown=shown,
            total=len(board.rows),
            ready=self._parts.resynced.is_set(),
            strip=self.fragments.strip(board, wanted),
            rows=(self.fragments.row(board, name, now) for name in shown),
            events=self._events(wanted, snapshot),
        )
        stream.enable_buffering(_BUFFERED)
        return iter(stream)

    def detail(self, request: Request, service: str, environment: str) -> str:
        """Return a cell's page."""
        world = self.world(visitor_of(request))
        asked, target = world.service(service), world.environment(environment)
        now, snapshot = self._parts.clock.now(), self._parts.board.snapshot
        forge = self._parts.configuration.forge
        detail = read_detail(world, asked, target, with_commits=isinstance(forge, LocalForge))
        known = snapshot.board.cell(ServiceKey(service, environment))
        here = detail.on_board(known.failure if known else None)
        return self._templates.get_template("detail.html").render(
            page=Page.of(request, forge),
            view=detail_view(detail, visitor_of(request), forge, now),
            cell=cell_view(here, now, is_first=target.source is None),
            hint=here.failure.hint if here.failure else None,
            history_url=row_url(service),
            events=self._events(Filter.of(None, service), snapshot),
        )

    def plan(self, request: Request, service: str, environment: str) -> str:
        """Return the page that shows what a promotion would do, with the button that does it."""
        visitor = visitor_of(request)
        world = self.world(visitor)
        asked, target = world.service(service), world.environment(environment)
        plan, refusal, hint = None, None, None
        try:
            plan = planned_promotion(world, asked, target)
        except TidegateError as error:
            refusal, hint = str(error), error.hint
        not_now = refusal or visitor.refusal(Permission.PROMOTE, environment)
        if plan is not None and not plan.steps:
            not_now = not_now or "nothing is left to do"
        return self._templates.get_template("promote.html").render(
            page=Page.of(request, self._parts.configuration.forge),
            service=service,
            environment=environment,
            url=cell_url(service, environment),
            cell_id=cell_id(service, environment),
            plan=plan,
            diff=tuple(diff_lines(plan.diff)) if plan else (),
            refusal=refusal,
            hint=hint,
            not_now=not_now,
        )

    def history(self, request: Request, service: str) -> str:
        """Return a service's history."""
        world = self.world(visitor_of(request))
        forge, now = self._parts.configuration.forge, self._parts.clock.now()
        view = timeline_view(read_timeline(world, world.service(service)), forge, now)
        return self._templates.get_template("history.html").render(page=Page.of(request, forge), view=view)

    def problem(self, request: Request, error: TidegateError, back: str) -> HTMLResponse:
        """Return the page that tells an error."""
        text = self._templates.get_template("problem.html").render(
            page=Page.of(request, self._parts.configuration.forge),
            title="That did not work",
            what=str(error),
            hint=error.hint,
            code=error.code,
            back=back,
        )
        return HTMLResponse(encoded(text), status_of(error))

    def world(self, visitor: Visitor) -> World:
        """Return a world of this request's own, in which the visitor acts."""
        return replace(self._parts.new_world(), actor=visitor.user)

    def _events(self, wanted: Filter, snapshot: Snapshot) -> str:
        """Return what a page listens to that shows `snapshot` through a filter."""
        rows = fingerprint(snapshot.board, wanted)
        query = urlencode({"since": self._news.mark(snapshot.revision), "rows": rows})
        return wanted.url("/board/events") + ("?" if wanted.is_open else "&") + query

    def _source(self, environment: str) -> str | None:
        found = self._parts.pipeline().environment(environment)
        return found.source if found else None
