"""The history of a service as a picture and a table. Pure: numbers for an SVG, nothing of HTML."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from tidegate.config import ForgeSettings
from tidegate.engine.views.timeline import LeadTime, Stay, Timeline
from tidegate.server.pages.forge_pages import merge_request_url
from tidegate.server.pages.spans import span

WIDTH: Final = 960
LEFT: Final = 110
LANE: Final = 44
TOP: Final = 8
_BAR: Final = 30
_NARROWEST: Final = 2.0
_CHARACTER: Final = 7.5
_HUES: Final = 8
_TICKS: Final = 5


@dataclass(frozen=True, slots=True)
class Bar:
    """One stay: its place in the picture, what it says, and which of eight colours its version has."""

    x: float
    y: float
    width: float
    height: float
    hue: int
    label: str
    title: str


@dataclass(frozen=True, slots=True)
class Lane:
    """One environment's name and the middle of its lane."""

    name: str
    y: float


@dataclass(frozen=True, slots=True)
class Tick:
    """A moment on the axis."""

    x: float
    label: str


@dataclass(frozen=True, slots=True)
class StayLine:
    """One line of the table."""

    version: str
    tag: str
    environment: str
    since: str
    until: str | None
    lasted: str
    actor: str
    merge_request: str | None
    url: str | None
    """Of the merge request's page at the forge."""


@dataclass(frozen=True, slots=True)
class LeadLine:
    """How long releases take to an environment, in words; None where none came."""

    environment: str
    releases: int
    newest: str | None
    typical: str | None


@dataclass(frozen=True, slots=True)
class TimelineView:
    """The history view of a service."""

    service: str
    width: int
    height: int
    lanes: tuple[Lane, ...]
    bars: tuple[Bar, ...]
    ticks: tuple[Tick, ...]
    lines: tuple[StayLine, ...]
    leads: tuple[LeadLine, ...]
    faults: tuple[tuple[str, str], ...]


def timeline_view(timeline: Timeline, forge: ForgeSettings, now: datetime) -> TimelineView:
    """Return picture and table of `timeline` as of `now` (UTC); `forge` has the merge requests' pages."""
    stays = sorted((each for many in timeline.stays.values() for each in reversed(many)), key=lambda each: each.since)
    start = stays[0].since if stays else now
    scale = _Scale(start, max(now, start + timedelta(seconds=1)))
    hues = {version: number % _HUES for number, version in enumerate(dict.fromkeys(each.version for each in stays))}
    rows = {name: number for number, name in enumerate(timeline.environments)}
    bottom = TOP + LANE * len(rows)
    return TimelineView(
        service=timeline.service,
        width=WIDTH,
        height=bottom + 28,
        lanes=tuple(Lane(name, TOP + LANE * row + LANE / 2) for name, row in rows.items()),
        bars=tuple(_bar(each, scale, rows[each.environment], hues[each.version], now) for each in stays),
        ticks=tuple(scale.ticks()) if stays else (),
        lines=tuple(_line(each, forge, now) for each in reversed(stays)),
        leads=tuple(_lead(each) for each in timeline.lead_times()),
        faults=tuple((name, str(fault)) for name, fault in timeline.faults.items()),
    )


@dataclass(frozen=True, slots=True)
class _Scale:
    start: datetime
    end: datetime

    def x(self, at: datetime) -> float:
        part = (at - self.start) / (self.end - self.start)
        return round(LEFT + part * (WIDTH - LEFT), 1)

    def ticks(self) -> Iterator[Tick]:
        length = self.end - self.start
        form = (
            "%Y-%m-%d" if length > timedelta(days=2) else "%m-%d %H:%M" if length > timedelta(hours=1) else "%H:%M:%S"
        )
        said = None
        for number in range(_TICKS):
            at = self.start + length * number / _TICKS
            label = at.strftime(form)
            if label != said:
                yield Tick(self.x(at), label)
            said = label


def _bar(stay: Stay, scale: _Scale, row: int, hue: int, now: datetime) -> Bar:
    x = scale.x(stay.since)
    width = max(_NARROWEST, round(scale.x(stay.until or now) - x, 1))
    lasted = span((stay.until or now) - stay.since)
    words = f"{stay.tag} in {stay.environment} since {_moment(stay.since)}, for {lasted}, by {stay.actor}"
    label = stay.tag if len(stay.tag) * _CHARACTER < width - 8 else ""
    return Bar(x, TOP + LANE * row + (LANE - _BAR) / 2, width, _BAR, hue, label, words)


def _line(stay: Stay, forge: ForgeSettings, now: datetime) -> StayLine:
    return StayLine(
        stay.version,
        stay.tag,
        stay.environment,
        _moment(stay.since),
        _moment(stay.until) if stay.until else None,
        span((stay.until or now) - stay.since),
        stay.actor,
        stay.merge_request,
        merge_request_url(forge, stay.merge_request),
    )


def _lead(lead: LeadTime) -> LeadLine:
    return LeadLine(
        lead.environment,
        lead.releases,
        span(lead.newest) if lead.newest is not None else None,
        span(lead.typical) if lead.typical is not None else None,
    )


def _moment(at: datetime) -> str:
    return at.strftime("%Y-%m-%d %H:%M:%S")
