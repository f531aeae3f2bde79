"""What runs, on the pages: the view models; pure."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from support.board_scene import NOW, settled, store_of, waiting_for_approval
from support.live_scene import live_cell, live_scene, lives, with_live
from tidegate.engine.live import LiveState
from tidegate.engine.views.board import BoardState
from tidegate.model import ImageRef
from tidegate.server.board_record import cell_record
from tidegate.server.pages.board_view import Filter, cell_view, counts_of, look_of, shown_services
from tidegate.server.pages.live_view import live_view


@pytest.mark.parametrize(
    ("state", "tag", "expected"),
    [
        (LiveState.LIVE, "1.1.3", ("1.1.3", None, "Up to date", "settled", "3 h")),
        (LiveState.NOT_APPLIED, "1.1.2", ("1.1.2", "1.1.3", "Not applied yet", "moving", "3 h")),
        (LiveState.ROLLING_OUT, "1.1.3", ("1.1.3", None, "Rolling out", "moving", "2 d")),
        (LiveState.ROLLING_OUT, "1.1.4", ("1.1.3", None, "Rolling out: 1.1.4", "moving", "2 d")),
        (LiveState.FAILED, "1.1.3", ("1.1.3", None, "Rollout failed", "blocked", "2 d")),
        (LiveState.SUSPENDED, "1.1.2", ("1.1.3", None, "Suspended", "waiting", "2 d")),
        (LiveState.MISSING, None, ("1.1.3", None, "Not in the cluster", "blocked", "2 d")),
        (LiveState.UNKNOWN, None, ("1.1.3", None, "Up to date", "settled", "2 d")),
    ],
)
def test_a_cell_shows_what_runs_with_its_age_and_what_is_declared(
    state: LiveState, tag: str | None, expected: tuple[str, str | None, str, str, str]
) -> None:
    cell = live_cell("inventory", "e2e", state, tag)
    view = cell_view(cell, NOW, is_first=False)
    assert (view.tag, view.declared, view.look.word, view.look.name, view.age) == expected
    assert "".join(piece.text for piece in view.pieces) == (cell.sentence if view.look.name != "settled" else "")


def test_a_cell_that_waits_says_beside_it_how_far_flux_is() -> None:
    waiting = waiting_for_approval()
    for state, word in ((LiveState.FAILED, "rollout failed"), (LiveState.LIVE, "live")):
        view = cell_view(with_live(waiting, lives(state, "1.7.9")), NOW, is_first=False)
        assert view.live is not None
        assert (view.look.word, view.live.word, view.moving) == ("Waiting", word, "1.8.2")
    assert cell_view(waiting, NOW, is_first=False).live is None


def test_what_can_t_be_told_is_said_and_alarms_nobody() -> None:
    cell = live_cell("inventory", "e2e", LiveState.UNKNOWN, None)
    view = cell_view(cell, NOW, is_first=False)
    assert view.live is not None
    assert (view.live.word, view.live.tone, view.pieces) == ("live version unknown", "untold", ())
    assert cell.shown is BoardState.SETTLED


def test_the_first_environment_is_built_and_live() -> None:
    view = cell_view(live_cell("inventory", "dev", LiveState.LIVE), NOW, is_first=True)
    assert view.live is not None
    assert (view.look.word, view.live.word) == ("Built", "live")
    assert look_of(live_cell("inventory", "dev", LiveState.FAILED), is_first=True).word == "Rollout failed"


def test_a_version_that_is_not_in_the_tag_is_the_running_one_s() -> None:
    cell = live_cell("inventory", "e2e", LiveState.NOT_APPLIED, "1.1.2")
    assert cell.live is not None
    named = replace(cell.live, image=ImageRef("prd.example", "inventory", "build-7"))
    assert cell_view(replace(cell, live=named), NOW, is_first=False).version == "1.1.2"


def test_the_strip_counts_and_filters_what_waits_for_flux() -> None:
    board = store_of(*live_scene()).snapshot.board
    counts = counts_of(board)
    told = {state.value: counts[state] for state in counts}
    assert told == {"settled": 5, "moving": 3, "blocked": 2, "waiting": 2}
    assert shown_services(board, Filter.of("blocked", "")) == ("inventory", "orders")


def test_the_drawer_tells_the_release() -> None:
    view = live_view(lives(LiveState.FAILED, "1.1.3"), NOW)
    assert (view.mark.word, view.release, view.image) == (
        "rollout failed",
        "apps/inventory",
        "prd.example/inventory:1.1.3",
    )
    assert (view.said, view.chart, view.ago) == ("UpgradeFailed: context deadline exceeded", "web 2.1.0", "3 h")
    missing = live_view(lives(LiveState.MISSING, None), NOW)
    assert (missing.image, missing.said) == (None, "")


def test_the_api_keeps_promotion_and_rollout_apart() -> None:
    record = cell_record(live_cell("inventory", "e2e", LiveState.NOT_APPLIED, "1.1.2"))
    assert (record["state"], record["tag"]) == ("settled", "1.1.3")
    live = record["live"]
    assert isinstance(live, dict)
    assert (live["state"], live["tag"], live["running"]) == ("not-applied", "1.1.2", "prd.example/inventory:1.1.2")
    assert cell_record(settled("inventory", "e2e", "1.1.3", timedelta()))["live"] is None
