"""The live version on the Board in a browser: every state, and a cell that follows its cluster."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from support.board_scene import store_of
from support.board_stand import board_stand
from support.browser import Console, chromium, faults, keep
from support.flux_stand import RELEASE, flux_stand
from support.live_scene import live_scene
from support.road_world import world_with_release
from support.server_process import ServerProcess


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


def test_every_state_of_flux_is_readable_in_light_and_dark(browser: Browser, tmp_path: Path) -> None:
    with board_stand(tmp_path, store_of(*live_scene())) as stand:
        page = browser.new_page(viewport={"width": 1280, "height": 760}, color_scheme="light")
        page.goto(stand.url)
        behind = page.locator('[id="cell/inventory/e2e"]')
        expect(behind).to_contain_text("1.1.2 (declared 1.1.3)")
        expect(behind).to_contain_text("Not applied yet")
        expect(page.locator('[id="cell/inventory/dev"]')).to_contain_text("Built · live")
        expect(page.locator('[id="cell/orders/production"]')).to_contain_text("live version unknown")
        assert faults(page) == []
        keep(page, "every-live-state")
        page.emulate_media(color_scheme="dark")
        assert faults(page) == []
        page.set_viewport_size({"width": 360, "height": 740})
        assert page.evaluate("document.documentElement.scrollWidth") <= 360
        page.close()


def test_a_cell_changes_when_its_cluster_does(browser: Browser, tmp_path: Path) -> None:
    world = world_with_release(tmp_path / "world", until="e2e")
    with flux_stand(world) as flux, ServerProcess(world) as server:
        server.ready()
        server.until(lambda: len(server.links) > 1)
        page = browser.new_page()
        console = Console(page)
        page.goto(server.links[-1])
        cell = page.locator('[id="cell/inventory/e2e"]')
        expect(cell).to_contain_text("Up to date · live")
        flux.apply("e2e", "1.1.3-rc1")
        flux.clusters["e2e"].failed(RELEASE, "context deadline exceeded")
        expect(cell).to_contain_text("Rollout failed")
        expect(cell).to_contain_text("(UpgradeFailed: context deadline exceeded)")
        cell.locator("a.open").click()
        drawer = page.locator("#drawer")
        expect(drawer).to_contain_text("In the cluster")
        expect(drawer).to_contain_text(RELEASE)
        assert faults(page) == []
        assert console.said == []
        page.close()
