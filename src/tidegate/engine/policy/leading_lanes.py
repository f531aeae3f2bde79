"""Which lanes a release moves: those with a range that lead, and not those that are behind for maintenance."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from tidegate.engine.policy.lanes import Lane
from tidegate.engine.versions.version_tags import Line
from tidegate.errors.manifest import InvalidPolicy
from tidegate.errors.model import InvalidConstraint
from tidegate.model import Constraint, Version


def has_range(lane: Lane) -> bool:
    """Return whether a lane goes by a semver range; others have nothing that a release could move.

    Raises:
        InvalidPolicy: it should have a range, and what stands there is none.
    """
    policy = lane.policy.spec.get("policy")
    if isinstance(policy, Mapping) and "semver" in policy and not (lane.policy.range or "").strip():
        raise InvalidPolicy(
            f"the ImagePolicy {lane.policy.name} has no range that can be read",
            where=lane.place,
            hint="write one, e.g. range: 1.0.x",
        )
    return lane.policy.range is not None


def lane_range(lane: Lane) -> str:
    """Return the range of a lane that has one; while it is held, the one that comes back."""
    held = lane.held()
    return held.range if held else lane.policy.range or ""


def lane_constraint(lane: Lane) -> Constraint:
    """Return `lane_range` as a constraint.

    Raises:
        InvalidConstraint: it is none; names its place.
    """
    try:
        return Constraint.parse(lane_range(lane))
    except InvalidConstraint as error:
        raise InvalidConstraint(error.what, where=lane.place, hint=error.hint) from error


def first_lanes(lanes: Iterable[Lane]) -> tuple[Lane, ...]:
    """Return the lanes of environments that come before others: where builds arrive. Where there are none, all."""
    lanes = tuple(lanes)
    return tuple(lane for lane in lanes if lane.environment.source is None) or lanes


def leading_lanes(lanes: Iterable[Lane], versions: Iterable[Version], line: Line) -> tuple[Lane, ...]:
    """Return the lanes that a release of `line` moves, in their order.

    Of the lanes where builds arrive, those that have the newest release. When none has it, those that are at `line`
    already; else those with the newest release that any has. With no release at all, or none in any lane: every lane.
    A lane of an environment with a `from` goes along when it has what these have, or the newest release.

    Raises:
        InvalidConstraint, InvalidHold: a range can't be read.
    """
    ranges = [(lane, lane_constraint(lane)) for lane in lanes]
    releases = sorted({version for version in versions if not version.prerelease}, reverse=True)
    if not releases:
        return tuple(lane for lane, _ in ranges)
    first = first_lanes(lane for lane, _ in ranges)
    arriving = [constraint for lane, constraint in ranges if lane in first]
    for version in (releases[0], Version(*line, 0), *releases[1:]):
        if any(constraint.allows(version) for constraint in arriving):
            return tuple(
                lane
                for lane, constraint in ranges
                if constraint.allows(version) or (lane not in first and constraint.allows(releases[0]))
            )
    return tuple(lane for lane, _ in ranges)
