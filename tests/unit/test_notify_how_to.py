"""The how-to page on notifications: its configuration, its addresses and its figures hold."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from support.configs import SMALL, load_text
from support.documents import blocks
from tidegate.model.notice import NoticeEvent
from tidegate.notify.target import AppriseTarget
from tidegate.server.notices.claims import QUIET
from tidegate.server.notices.sender import Pace

PAGE = (Path(__file__).parents[2] / "docs/how-to/notify.md").read_text(encoding="utf-8")
ADDRESSES = re.findall(r"`((?:slack|mailtos|jsons)://[^`]+)`", PAGE)


def test_the_configuration_is_whole(tmp_path: Path) -> None:
    (text,) = blocks(PAGE, "yaml")
    names = SMALL.replace("live:", "production:").replace("  inventory:", "  pay-in: {}\n  inventory:")
    sre, releases = load_text(tmp_path, names + text).server.notify
    assert (sre.url_env, sre.environments) == ("SRE_NOTIFY_URL", {"production"})
    assert releases.services == ("inventory", "pay-*")


@pytest.mark.parametrize("address", ADDRESSES)
def test_an_address_is_one_that_apprise_knows(address: str) -> None:
    AppriseTarget.of("sre", address)


def test_every_event_is_explained() -> None:
    assert len(ADDRESSES) == 3
    assert re.findall(r"^\| `(opened|waiting|delivered|failed)` ", PAGE, re.MULTILINE) == [
        "opened",
        "waiting",
        "delivered",
        "failed",
    ]
    assert {each.value for each in NoticeEvent} == {"opened", "waiting", "delivered", "failed"}


def test_its_figures_are_those_of_the_program() -> None:
    pace = Pace()
    assert f"waits {pace.gather:g} seconds for others" in PAGE
    assert f"more than {pace.most:,} news" in PAGE
    assert pace.attempts == 10
    assert "ten times" in PAGE
    assert f"told twice in {QUIET.total_seconds() / 60:g} minutes" in PAGE
