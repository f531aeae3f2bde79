"""Every page in a browser: looked over by axe-core in light and dark, on a small telephone, and by keyboard alone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from support.board_scene import scene, settled, store_of
from support.board_stand import BoardStand, board_stand
from support.browser import Console, chromium, faults, keep
from tidegate.server.board_store import BoardStore

CELL = "/services/inventory/e2e"
PAGES = {
    "board": "/",
    "nothing-fits": "/?q=nothing-is-called-so",
    "first-environment": "/services/inventory/dev",
    "cell": CELL,
    "waiting-cell": "/services/inventory/staging",
    "plan": f"{CELL}/promote",
    "plan-refused": "/services/inventory/production/promote",
    "history": "/services/inventory",
    "history-of-nothing": "/services/billing",
    "no-service": "/services/nobody",
    "no-environment": "/services/inventory/moon",
    "no-page": "/no/such/page",
    "too-long": f"/?q={'x' * 300}",
    "sign-in": "/sign-in",
    "used-link": "/sign-in?link=used",
}
MOVING = "() => document.getAnimations().forEach((each) => each.finish())"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def stand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BoardStand]:
    """Serve a board of values; behind it, e2e wants a promotion, and staging has an open merge request."""
    with board_stand(tmp_path_factory.mktemp("pages"), store_of(*scene())) as stand:
        stand.town.bring("e2e")
        stand.town.promote("staging")
        stand.town.build("1.1.4")
        yield stand


@pytest.fixture(scope="module")
def signed_in(stand: BoardStand, browser: Browser) -> Iterator[BrowserContext]:
    """Give a browser in which dana is signed in."""
    context = browser.new_context(viewport={"width": 1280, "height": 720})
    page = context.new_page()
    page.goto(stand.links[-1])
    expect(page.locator(".who")).to_contain_text("dana")
    page.close()
    yield context
    context.close()


@pytest.mark.parametrize("name", PAGES)
def test_no_page_has_a_serious_fault(name: str, stand: BoardStand, signed_in: BrowserContext) -> None:
    page = signed_in.new_page()
    console = Console(page)
    for colours in ("light", "dark"):
        page.emulate_media(color_scheme=colours)  # type: ignore[arg-type]
        answer = page.goto(stand.url + PAGES[name])
        assert answer is not None
        page.evaluate(MOVING)
        assert faults(page) == []
        keep(page, f"page-{name}-{colours}")
    page.set_viewport_size({"width": 360, "height": 740})
    assert page.evaluate("() => document.documentElement.scrollWidth") <= 360
    assert answer.status < 500
    assert [said for said in console.said if "Failed to load resource" not in said] == []
    page.close()


def test_a_board_without_services_says_so(browser: Browser, tmp_path: Path) -> None:
    with board_stand(tmp_path, BoardStore()) as empty:
        page = browser.new_page()
        page.goto(empty.url)
        expect(page.get_by_text("There is no service yet")).to_be_visible()
        assert faults(page) == []
        page.close()


def tab_to(page: Page, name: str) -> None:
    """Press the tabulator until what has the focus is called `name`."""
    for _ in range(80):
        page.keyboard.press("Tab")
        if name in (page.evaluate("() => document.activeElement.textContent") or "").strip():
            return
    raise AssertionError(f"the tabulator does not lead to {name}")


def test_a_promotion_by_keyboard_alone(stand: BoardStand, signed_in: BrowserContext) -> None:
    page = signed_in.new_page()
    page.goto(stand.url)
    page.keyboard.press("/")
    page.keyboard.type("inventory")
    expect(page.locator("#board tbody th")).to_have_count(1)
    tab_to(page, "inventory in e2e")
    page.keyboard.press("Enter")
    drawer = page.locator("#drawer")
    expect(drawer.get_by_role("heading", level=1)).to_be_focused()

    tab_to(page, "Promote to e2e …")
    page.keyboard.press("Enter")
    expect(drawer.get_by_role("heading", name="Promote inventory to e2e")).to_be_focused()
    page.evaluate(MOVING)
    assert faults(page) == []
    assert stand.town.forge.merge_requests("platform/gitops") == (), "the plan is shown first"

    tab_to(page, "Open the merge request")
    page.keyboard.press("Enter")
    expect(drawer.get_by_role("heading", name="inventory in e2e")).to_be_focused()
    (opened,) = stand.town.forge.merge_requests("platform/gitops")
    assert opened.author == "dana"
    expect(drawer.locator("#h-request + p")).to_contain_text(opened.ref)
    assert page.url.endswith(CELL)
    assert faults(page) == []

    page.keyboard.press("Escape")
    expect(drawer).to_be_hidden()
    expect(page.get_by_role("link", name="inventory in e2e")).to_be_focused()
    assert page.url.endswith("/?q=inventory")
    page.close()


def test_a_cell_that_changes_shows_so_on_its_own_page(stand: BoardStand, signed_in: BrowserContext) -> None:
    page = signed_in.new_page()
    with page.expect_response(lambda answer: "/board/events" in answer.url):
        page.goto(f"{stand.url}/services/inventory/staging")
    expect(page.locator(".state").first).to_have_text("◐Waiting")
    expect(page.locator("#gate-approvals")).to_contain_text("needs 1 approval")
    (request,) = stand.town.forge.merge_requests("platform/gitops-staging")
    stand.town.approve(request, "stella")
    stand.store.renew([settled("inventory", "staging", "1.1.3", timedelta())], stand.store.look())
    expect(page.locator("#gate-approvals")).to_contain_text("approved by stella")
    expect(page.locator(".state").first).to_have_text("➔Moving")
    expect(page.get_by_role("button", name="Deliver")).to_be_enabled()
    page.close()


def test_signing_out_in_one_tab_ends_the_other(stand: BoardStand, browser: Browser) -> None:
    context = browser.new_context()
    watching, leaving = context.new_page(), context.new_page()
    watching.goto(stand.links[-1])
    with watching.expect_response(lambda answer: "/board/events" in answer.url):
        watching.goto(stand.url)
    leaving.goto(stand.url)
    leaving.get_by_role("button", name="Sign out").press("Enter")
    expect(leaving.get_by_role("heading", name="Sign in to Tidegate")).to_be_visible()
    expect(watching.locator("a.who")).to_have_text("Sign in")
    context.close()
