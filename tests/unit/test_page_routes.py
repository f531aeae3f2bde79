"""The pages over HTTP: what a browser without a script gets."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from html.parser import HTMLParser
from pathlib import Path

import pytest
from fastapi import FastAPI

from support.asgi import ask
from support.board_scene import scene, settled, store_of
from support.board_stand import board_parts
from support.engine_world import EngineWorld
from support.golden import assert_golden
from tidegate.server.app import make_app
from tidegate.server.following import event
from tidegate.server.news import News
from tidegate.server.pages.board_view import Filter
from tidegate.server.pages.events import OpenPage, board_events, fingerprint
from tidegate.server.pages.rendering import Fragments, make_templates, static_files
from tidegate.server.parts import Parts
from tidegate.testing.gitops import FakeRepo


def stays() -> bool:
    return True


NEW = settled("search", "production", "9.9.9", timedelta(minutes=1))


@pytest.fixture
def town() -> EngineWorld:
    return EngineWorld()


@pytest.fixture
def parts(tmp_path: Path, town: EngineWorld) -> Parts:
    return board_parts(tmp_path, store_of(*scene()), town)


@pytest.fixture
def app(parts: Parts) -> FastAPI:
    return make_app(parts)


def page(app: FastAPI, path: str) -> str:
    answer = ask(app, "GET", path)
    assert answer.status == 200, answer.body
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    return answer.body.decode()


def test_half_a_character_takes_no_page_down(tmp_path: Path, town: EngineWorld) -> None:
    odd = replace(NEW, tag="also \ud800")
    parts = board_parts(tmp_path, store_of(*scene(), odd), town)
    assert "also ?" in page(make_app(parts), "/")
    assert event("cells", "also \ud800", "7").encode().endswith(b"data: also ?\n\n")


def test_half_a_character_takes_no_drawer_down(
    app: FastAPI, town: EngineWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    town.bring("e2e")
    town.promote("staging")
    changed = FakeRepo.changed_files
    monkeypatch.setattr(FakeRepo, "changed_files", lambda repo, *heads: (*changed(repo, *heads), "caf\udce9"))
    assert "also changes caf?" in page(app, "/services/inventory/staging")


class Outline(HTMLParser):
    """What is to be found in a page: elements by id, links, texts of an element."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.inline: list[str] = []
        self.headings: list[int] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given = dict(attributes)
        if given.get("id"):
            self.ids.append(given["id"] or "")
        if "style" in given or tag == "style" or any(name.startswith(("on", "hx-on")) for name in given):
            self.inline.append(tag)
        if tag == "script" and not given.get("src"):
            self.inline.append(tag)
        if re.fullmatch("h[1-6]", tag):
            self.headings.append(int(tag[1]))


def test_the_board_is_as_it_was_looked_over(app: FastAPI) -> None:
    text = re.sub(r"\?v=[0-9a-f]{12}", "?v=…", page(app, "/"))
    assert_golden("pages/board.html", re.sub(r"since=[0-9a-f]{8}-", "since=…-", text))


@pytest.mark.parametrize(
    "path",
    ["/", "/?state=waiting", "/services/inventory", "/services/inventory/e2e", "/services/inventory/e2e/promote"],
)
def test_a_page_has_no_inline_script_or_style_and_its_headings_are_in_order(app: FastAPI, path: str) -> None:
    outline = Outline(page(app, path))
    assert outline.inline == []
    assert len(outline.ids) == len(set(outline.ids))
    assert outline.headings[0] == 1
    assert outline.headings.count(1) == 1
    assert all(after <= before + 1 for before, after in zip(outline.headings, outline.headings[1:], strict=False))


def test_the_filter_in_the_url_needs_no_script(app: FastAPI) -> None:
    text = page(app, "/?state=waiting&q=CHECK")
    assert re.findall(r'<th role="rowheader" scope="row"><a href="[^"]*">([^<]*)', text) == ["checkout"]
    assert 'value="CHECK"' in text
    assert '<input type="hidden" name="state" value="waiting">' in text


def test_what_a_service_is_called_is_never_taken_for_html(parts: Parts) -> None:
    parts.board.arrange(("dev",), ["<b>x"], parts.board.look())
    parts.board.renew([settled("<b>x", "dev", "<i>1", timedelta())], parts.board.look())
    text = page(make_app(parts), "/?q=%22%3E%3Cscript%3E")
    assert "<script>" not in text
    text = page(make_app(parts), "/")
    assert "<b>x" not in text
    assert "&lt;b&gt;x" in text
    assert "<i>1" not in text


def test_a_cell_that_wants_a_promotion_shows_diff_buttons_and_commands(app: FastAPI) -> None:
    text = page(app, "/services/inventory/e2e")
    assert "tidegate why inventory --in e2e" in text
    assert "tidegate promote inventory --to e2e" in text
    assert '<span class="add">+      tag: 1.1.3-rc1' in text
    assert "sign in first" in text, "nobody is signed in: the button says so"


def test_markers_stay_in_the_diff(town: EngineWorld, app: FastAPI) -> None:
    town.bring("e2e")
    town.write("platform/gitops", {town.path("e2e"): town.file("platform/gitops", town.path("e2e")) + b"# ours\n"})  # type: ignore[operator]
    town.build("1.1.4")
    town.promote("e2e")
    text = page(app, "/services/inventory/e2e")
    assert '<span class="remove">-      tag: 1.1.3-rc1' in text
    assert '<span class="keep"> # ours' in text


def test_an_open_merge_request_shows_gates_with_evidence_and_its_buttons(town: EngineWorld, app: FastAPI) -> None:
    town.bring("e2e")
    town.promote("staging")
    text = page(app, "/services/inventory/staging")
    assert 'id="gate-approvals"' in text
    assert "needs 1 approval from group:platform/testers" in text
    assert "tidegate mr approve &#39;platform/gitops-staging!1&#39;" in text
    assert "tidegate deliver &#39;platform/gitops-staging!1&#39;" in text


def test_the_first_environment_has_a_page_without_buttons(app: FastAPI) -> None:
    text = page(app, "/services/inventory/dev")
    assert "dev has inventory 1.1.3" in text
    assert "<button" not in text.partition("<main")[2]


def test_a_plan_is_shown_before_it_runs_and_nothing_is_written(town: EngineWorld, app: FastAPI) -> None:
    before = town.commits("platform/gitops")
    text = page(app, "/services/inventory/e2e/promote")
    assert "What will happen" in text
    assert "<li>merge request in platform/gitops, tidegate/inventory/to-e2e → main" in text
    assert "<button" in text
    assert town.commits("platform/gitops") == before
    assert town.forge.merge_requests("platform/gitops") == ()


def test_what_would_be_refused_says_so_instead_of_a_plan(app: FastAPI) -> None:
    text = page(app, "/services/inventory/staging/promote")
    assert "e2e has no HelmRelease of inventory" in text
    assert "disabled" in text


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [
        ("/services/nobody", 404, "there is no service"),
        ("/services/inventory/moon", 404, "there is no environment"),
        ("/services/nobody/e2e/promote", 404, "there is no service"),
    ],
)
def test_what_there_is_not_is_told_by_a_page(app: FastAPI, path: str, status: int, words: str) -> None:
    answer = ask(app, "GET", path)
    assert answer.status == status
    assert words in answer.body.decode()
    assert b"<h1" in answer.body


@pytest.mark.parametrize("action", ["promote", "approve", "deliver"])
def test_who_has_not_signed_in_changes_nothing(town: EngineWorld, app: FastAPI, action: str) -> None:
    form = b"merge-request=platform/gitops!1"
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = ask(app, "POST", f"/services/inventory/e2e/{action}", [form], headers)
    assert answer.status == 401
    assert town.forge.merge_requests("platform/gitops") == ()


@pytest.mark.parametrize(
    ("referer", "there"),
    [
        ("http://localhost:8080/?state=waiting&q=a", "/?state=waiting&q=a"),
        ("http://localhost:8080/services/a%20b/dev", "/services/a%20b/dev"),
        ("http://elsewhere.example/x", "/"),
        ("http://localhost:8080//elsewhere.example", "/"),
        ("http://[", "/"),
        ("", "/"),
    ],
)
def test_choosing_colours_leads_back_and_nowhere_else(app: FastAPI, referer: str, there: str) -> None:
    answer = ask(app, "GET", "/theme/dark", headers={"Referer": referer, "Host": "localhost:8080"})
    assert (answer.status, answer.headers["location"]) == (303, there)
    assert answer.headers["set-cookie"].startswith("tidegate-theme=dark;")
    assert 'data-theme="dark"' in ask(app, "GET", "/", headers={"Cookie": "tidegate-theme=dark"}).body.decode()


def test_files_are_kept_for_ever_by_their_version_and_others_are_not_there(app: FastAPI) -> None:
    version = static_files()["board.css"].version
    kept = ask(app, "GET", f"/static/board.css?v={version}")
    assert (kept.status, kept.headers["cache-control"]) == (200, "public, max-age=31536000, immutable")
    assert "immutable" not in ask(app, "GET", "/static/board.css?v=older").headers["cache-control"]
    for path in ("/static/../routes.py", "/static/vendor/README.md", "/static/", "/static/nothing.css"):
        assert ask(app, "GET", path).status == 404


# --- events


@pytest.fixture
def news(parts: Parts) -> Iterator[News]:
    news = News(parts.board)
    yield news
    news.close()


async def _first(events: AsyncIterator[str], number: int, then: Callable[[], object]) -> list[str]:
    found: list[str] = []
    async for each in events:
        found.append(each)
        if len(found) == 1:
            then()
        if len(found) == number:
            break
    return found


def told(parts: Parts, news: News, wanted: Filter, then: Callable[[], object], mark: str | None = None) -> str:
    """Return the first event that a page is told which was made just now."""
    fragments = Fragments(make_templates(static_files()))
    snapshot = parts.board.snapshot
    shown = OpenPage(wanted, mark or news.mark(snapshot.revision), fingerprint(snapshot.board, wanted), stays)
    return asyncio.run(_first(board_events(parts, news, fragments, shown), 2, then))[1]


def renew(parts: Parts) -> None:
    parts.board.renew([NEW], parts.board.look())


def test_one_change_makes_one_cell_anew_and_is_spoken(parts: Parts, news: News) -> None:
    event = told(parts, news, Filter(), lambda: renew(parts))
    assert event.startswith("event: cells\nid: ")
    assert re.findall(r'id="(cell/[^"]*)" hx-swap-oob="true"', event) == ["cell/search/production"]
    assert 'id="strip"' in event
    assert "search in production: 9.9.9, Up to date" in event
    assert all(line.startswith(("event: ", "id: ", "data: ")) for line in event.strip().splitlines())


def test_a_cell_that_a_filter_keeps_away_is_not_sent_but_the_counts_are(parts: Parts, news: News) -> None:
    event = told(parts, news, Filter.of(None, "orders"), lambda: renew(parts))
    assert "cell/search" not in event
    assert 'id="strip"' in event


def test_a_row_that_comes_or_goes_has_the_page_asked_for(parts: Parts, news: News) -> None:
    blocked = next(cell for cell in scene() if cell.state.value == "blocked")
    wanted = Filter.of("blocked", None)
    event = told(
        parts, news, wanted, lambda: parts.board.renew([replace(blocked, state=NEW.state)], parts.board.look())
    )
    assert event.startswith("event: rows\n")


@pytest.mark.parametrize("mark", ["0badcafe-3", "nonsense", "0badcafe-²"])
def test_what_another_process_had_shown_is_asked_for_anew(parts: Parts, news: News, mark: str) -> None:
    assert told(parts, news, Filter(), lambda: None, mark).startswith("event: rows\n")


@pytest.mark.parametrize("number", ["", "²", "-1", "9" * 5000])
def test_a_mark_that_was_never_given_is_asked_for_anew(parts: Parts, news: News, number: str) -> None:
    mark = f"{news.mark(1).partition('-')[0]}-{number}"
    assert told(parts, news, Filter(), lambda: None, mark).startswith("event: rows\n")


def test_changes_between_page_and_connection_are_not_lost(parts: Parts, news: News) -> None:
    mark = news.mark(parts.board.snapshot.revision)
    renew(parts)
    assert "cell/search/production" in told(parts, news, Filter(), lambda: None, mark)


def test_a_change_is_told_once_and_the_next_one_after_it(parts: Parts, news: News) -> None:
    async def three() -> list[str]:
        fragments = Fragments(make_templates(static_files()))
        board = parts.board.snapshot.board
        shown = OpenPage(Filter(), news.mark(parts.board.snapshot.revision), fingerprint(board, Filter()), stays)
        events = board_events(parts, news, fragments, shown)
        found = [await anext(events)]
        for change in (NEW, settled("checkout", "dev", "10.0.0", timedelta())):
            parts.board.renew([change], parts.board.look())
            found.append(await anext(events))
        parts.stopping.set()
        return [*found, *[event async for event in events]]

    _, first, second = asyncio.run(three())
    assert ("9.9.9" in first, "10.0.0" in first) == (True, False)
    assert ("9.9.9" in second, "10.0.0" in second) == (False, True)
    assert second.count("hx-swap-oob") == 3, "the cell, the strip, what is spoken"


def test_what_is_kept_of_a_cell_is_not_shown_when_it_has_changed(parts: Parts) -> None:
    fragments = Fragments(make_templates(static_files()))
    key, now = NEW.key, parts.clock.now()
    assert "Not looked at yet" in fragments.cell(parts.board.snapshot.board, key, now)
    renew(parts)
    assert "1 min" in fragments.cell(parts.board.snapshot.board, key, now)
    assert "2 h" in fragments.cell(parts.board.snapshot.board, key, now + timedelta(hours=2))


def test_a_row_is_made_when_it_has_changed_and_once_a_minute(parts: Parts) -> None:
    fragments = Fragments(make_templates(static_files()))
    service, now = NEW.service, parts.clock.now().replace(second=10)

    def row(later: int = 0) -> str:
        return fragments.row(parts.board.snapshot.board, service, now + timedelta(seconds=later))

    first = row()
    assert row(20) is first
    assert row(60) is not first
    before = row(60)
    renew(parts)
    assert "9.9.9" not in before
    assert "9.9.9" in row(60)


def test_events_end_when_the_process_is_to_end(parts: Parts, news: News) -> None:
    async def whole() -> list[str]:
        fragments = Fragments(make_templates(static_files()))
        shown = OpenPage(
            Filter(), news.mark(parts.board.snapshot.revision), fingerprint(parts.board.snapshot.board, Filter()), stays
        )
        asyncio.get_running_loop().call_later(0.05, parts.stopping.set)
        return [event async for event in board_events(parts, news, fragments, shown)]

    assert asyncio.run(whole()) == ["retry: 2000\n\n"]
