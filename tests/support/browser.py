"""Debian's Chromium, driven by playwright: pages of our own servers, looked over by axe-core."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, expect, sync_playwright

from support.until import PATIENCE

_TESTS = Path(__file__).parent.parent
SCREENSHOTS = _TESTS / "screenshots"
"""What the pages looked like in the last run; kept for people, not by git."""
_AXE = _TESTS / "support/node/node_modules/axe-core/axe.min.js"
_SERIOUS = {"serious", "critical"}


@contextmanager
def chromium() -> Iterator[Browser]:
    """Give a browser; where tests run as root, as in a container, Chromium can't have its sandbox.

    What is expected of its pages may take as long as the machine takes.
    """
    program = shutil.which("chromium")
    assert program is not None, "there is no chromium: make test installs it"
    expect.set_options(timeout=PATIENCE * 1000)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-dev-shm-usage"])
        try:
            yield browser
        finally:
            browser.close()


def keep(page: Page, name: str, *, full: bool = False) -> None:
    """Keep a screenshot of what is seen now."""
    SCREENSHOTS.mkdir(exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"{name}.png", full_page=full)


def faults(page: Page) -> list[str]:
    """Return what axe-core finds to be a serious or critical fault of accessibility, one line each."""
    page.evaluate(_AXE.read_text(encoding="utf-8"))
    found = page.evaluate("async () => (await axe.run()).violations")
    return [
        f"{each['id']}: {each['help']}: {node['html'][:160]} {node['failureSummary']}"
        for each in found
        if each["impact"] in _SERIOUS
        for node in each["nodes"]
    ]


class Console:
    """What a page complains of: errors of scripts, and what the Content-Security-Policy refused.

    Args:
        page: listened to from now on.
    """

    def __init__(self, page: Page) -> None:
        self.said: list[str] = []
        page.on("console", lambda message: self.said.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: self.said.append(str(error)))
