"""A board on which every environment has a cluster: one service for each thing that Flux may say."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from support.board_scene import ENVIRONMENTS, NOW, settled, waiting_for_approval
from tidegate.engine.live import Live, LiveState
from tidegate.engine.views.board import BoardCell
from tidegate.model import ImageRef, Version

_SAID = {
    LiveState.LIVE: ("UpgradeSucceeded", "Helm upgrade succeeded"),
    LiveState.NOT_APPLIED: ("UpgradeSucceeded", "Helm upgrade succeeded"),
    LiveState.ROLLING_OUT: ("Progressing", "Running 'upgrade' action with timeout of 5m0s"),
    LiveState.FAILED: ("UpgradeFailed", "context deadline exceeded"),
    LiveState.UNKNOWN: ("cluster/unreachable", "https://prd.example: no connection to the cluster's API"),
}


def lives(state: LiveState, tag: str | None, service: str = "inventory") -> Live:
    """Return what Flux says of a service whose HelmRelease names `tag`."""
    reason, message = _SAID.get(state, ("", ""))
    return Live(
        state=state,
        release=f"apps/{service}",
        image=ImageRef("prd.example", service, tag) if tag else None,
        version=Version.parse(tag.partition("-rc")[0]) if tag else None,
        since=NOW - timedelta(hours=3),
        reason=reason,
        message=message,
        chart="web 2.1.0",
    )


def with_live(cell: BoardCell, live: Live) -> BoardCell:
    """Return `cell` as the board has it when its cluster says `live`."""
    sentence = f"{cell.sentence}; {live.clause}" if live.clause else cell.sentence
    return replace(cell, live=live, sentence=sentence)


def live_cell(service: str, environment: str, state: LiveState, tag: str | None = "1.1.3") -> BoardCell:
    """Return a cell that declares 1.1.3."""
    return with_live(settled(service, environment, "1.1.3", timedelta(days=2)), lives(state, tag, service))


def live_scene() -> tuple[BoardCell, ...]:
    """Return a board of all that Flux may say."""
    dev, e2e, staging, production = ENVIRONMENTS
    return (
        live_cell("inventory", dev, LiveState.LIVE),
        live_cell("inventory", e2e, LiveState.NOT_APPLIED, "1.1.2"),
        live_cell("inventory", staging, LiveState.ROLLING_OUT),
        live_cell("inventory", production, LiveState.FAILED),
        live_cell("orders", dev, LiveState.LIVE),
        live_cell("orders", e2e, LiveState.SUSPENDED),
        live_cell("orders", staging, LiveState.MISSING, None),
        live_cell("orders", production, LiveState.UNKNOWN, None),
        settled("payments", dev, "1.1.3", timedelta(days=1)),
        live_cell("payments", e2e, LiveState.ROLLING_OUT, "1.1.4"),
        live_cell("payments", staging, LiveState.LIVE),
        with_live(waiting_for_approval("payments"), lives(LiveState.FAILED, "1.7.9", "payments")),
    )
