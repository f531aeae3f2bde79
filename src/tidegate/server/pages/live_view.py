"""How far Flux is, as the pages show it: never by colour alone. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from tidegate.engine.live import Live, LiveState
from tidegate.server.pages.spans import age


@dataclass(frozen=True, slots=True)
class LiveMark:
    """How far Flux is with a cell.

    Args:
        name: of the state.
        tone: in class names: the board's state that waits for the same.
        glyph: one character, for the eye.
        word: for everybody.
    """

    name: str
    tone: str
    glyph: str
    word: str


MARKS: Final[Mapping[LiveState, LiveMark]] = {
    LiveState.LIVE: LiveMark("live", "settled", "✓", "live"),
    LiveState.NOT_APPLIED: LiveMark("not-applied", "moving", "➔", "not applied yet"),
    LiveState.ROLLING_OUT: LiveMark("rolling-out", "moving", "➔", "rolling out"),
    LiveState.FAILED: LiveMark("failed", "blocked", "✕", "rollout failed"),
    LiveState.SUSPENDED: LiveMark("suspended", "waiting", "◐", "suspended"),
    LiveState.MISSING: LiveMark("missing", "blocked", "✕", "not in the cluster"),
    LiveState.UNKNOWN: LiveMark("unknown", "untold", "?", "live version unknown"),
}


@dataclass(frozen=True, slots=True)
class LiveView:
    """What runs, as a cell's drawer shows it.

    Args:
        mark: how far Flux is.
        release: the HelmRelease, as `namespace/name`.
        image: what it names in the cluster, or None.
        since: since when Flux says so, as ISO 8601, or None.
        ago: the same in words.
        said: Flux's own word and sentence, or what was in the way; "" for nothing.
        hint: what to do, or None.
        chart: what Helm has deployed, or None.
    """

    mark: LiveMark
    release: str
    image: str | None
    since: str | None
    ago: str | None
    said: str
    hint: str | None
    chart: str | None


def live_view(live: Live, now: datetime) -> LiveView:
    """Return what runs, as a cell's drawer shows it; `now` is what time it is (UTC)."""
    return LiveView(
        mark=MARKS[live.state],
        release=live.release,
        image=str(live.image) if live.image else None,
        since=live.since.isoformat() if live.since else None,
        ago=age(live.since, now),
        said=": ".join(each for each in (live.reason, live.message) if each),
        hint=live.hint,
        chart=live.chart,
    )
