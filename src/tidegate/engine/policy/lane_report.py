"""What a lane lets through now, and what is newer but outside."""

from __future__ import annotations

from dataclasses import dataclass

from tidegate.engine.declared import read_declared
from tidegate.engine.policy.lanes import Lane, lane_selection
from tidegate.engine.world import World
from tidegate.errors.manifest import InvalidHold
from tidegate.errors.model import InvalidVersion
from tidegate.flux import Outcome, Selection, TagOutcome
from tidegate.flux.holds import Hold
from tidegate.model import ImageRef, Version


@dataclass(frozen=True, slots=True)
class LaneReport:
    """What a lane lets through.

    Args:
        lane: the lane.
        selection: what it selects now.
        outside: versions that are newer than the selection and that the policy does not take, each with why, newest
            first. Of a policy that does not order by version: none, for there is no newer.
        declared: the image that the environment declares, or None.
        hold: why the lane stands still, or None.
        fault: what is wrong with its hold, or None.
    """

    lane: Lane
    selection: Selection
    outside: tuple[TagOutcome, ...]
    declared: ImageRef | None
    hold: Hold | None = None
    fault: InvalidHold | None = None


def report_lane(world: World, lane: Lane) -> LaneReport:
    """Return what `lane` selects from the registry's tags, and what is newer but outside."""
    selection = lane_selection(world.images, lane)
    declared = read_declared(world.repo(lane.environment), lane.commit, lane.environment, lane.service)
    hold, fault = None, None
    try:
        held = lane.held()
        hold = held.hold if held else None
    except InvalidHold as error:
        fault = error
    outside = _newer(selection) if lane.policy.range is not None else ()
    return LaneReport(lane, selection, outside, declared.image if declared else None, hold, fault)


def _newer(selection: Selection) -> tuple[TagOutcome, ...]:
    outcomes = tuple(selection.explain())
    selected = next((_version(each.value) for each in outcomes if each.outcome is Outcome.TAKEN), None)
    versions = {
        outcome: version
        for outcome in outcomes
        if outcome.outcome is not Outcome.TAKEN
        and (version := _version(outcome.value)) is not None
        and (selected is None or version > selected)
    }
    return tuple(sorted(versions, key=lambda outcome: versions[outcome], reverse=True))


def _version(text: str) -> Version | None:
    try:
        return Version.parse_flux(text)
    except InvalidVersion:
        return None
